//! What the input repeats, somebody pays for: objects as large as the API server takes, each list and each
//! map of the operator's types long, alone and together with another one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cases;
use super::costs::{Counted, module};
use super::fields::{Field, is_left_out, object};
use super::harness::{lines, proven};

/// The largest object that the API server stores (etcd's limit for a request), in bytes.
const LARGEST: usize = 1_500_000;

/// The most instructions of one of them. A hundred milliseconds, about: 5 instructions a nanosecond, as
/// measured with the slowest in 2026.
const MOST: u64 = 600_000_000;

/// A list or a map of a kind.
struct Family<'a> {
    field: &'a Field,
    /// The fields of its items that are read.
    children: Vec<&'a Field>,
}

impl Family<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.field.kind, self.field.path)
    }

    /// Values with as many members as fit into so many bytes, distinct ones or equal ones; with each of the
    /// fields of its items by itself.
    fn long(&self, bytes: usize, distinct: bool) -> Box<dyn Iterator<Item = Value> + '_> {
        let text = move |index: usize| format!("a{}", if distinct { index } else { 0 });
        let many = move |item: &dyn Fn(usize) -> Value| -> Value {
            let count = bytes / (item(100_000).to_string().len() + 1);
            (0..count).map(item).collect()
        };
        if self.field.r#type == "object" {
            // The keys of a map are distinct; its values are short or long.
            let value = if distinct {
                String::new()
            } else {
                "a".repeat(1386)
            };
            let count = bytes / (value.len() + 14);
            let members = (0..count).map(|index| (format!("a{index}"), json!(value)));
            return Box::new(std::iter::once(Value::Object(members.collect())));
        }
        if self.children.is_empty() {
            return Box::new(std::iter::once(many(&|index| json!(text(index)))));
        }
        let with = move |child: &&Field| {
            let name = child.path.rsplit('.').next().unwrap_or_default();
            let value = |index: usize| match child.r#type.as_str() {
                "string" | "any" => json!(text(index)),
                "array" => json!([text(index)]),
                "object" => json!({}),
                "boolean" => json!(true),
                _ => json!(1),
            };
            many(&|index| json!({ name: value(index) }))
        };
        let empty = (!distinct).then(|| many(&|_| json!({})));
        Box::new(empty.into_iter().chain(self.children.iter().map(with)))
    }

    /// An object in which it takes half of the room.
    fn half(&self) -> Value {
        let value = self.long(LARGEST / 2, true).last();
        object(self.field, &value.unwrap_or_default())
    }
}

/// The object whose field has this value, and another one's field another value.
fn both(one: &Value, other: &Value) -> Value {
    let mut both = one.clone();
    merge(&mut both["spec"], &other["spec"]);
    both
}

fn merge(one: &mut Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in other {
                merge(one.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == 1 && other.len() == 1 => {
            merge(&mut one[0], &other[0]);
        }
        (one @ Value::Null, other) => *one = other.clone(),
        _ => {}
    }
}

#[test]
fn the_largest_objects_take_a_tenth_of_a_second_at_most() {
    let policy = Counted::load(&module("policy.wasm"));
    let fields: Vec<Field> = lines("fields.jsonl");
    let mut worst = (0, String::new());
    let mut count = |name: String, object: Value| {
        let cost = policy.validate_within(MOST, &cases::request(object), &proven());
        let instructions = cost.map_or(u64::MAX, |cost| cost.instructions);
        if instructions > worst.0 {
            worst = (instructions, name);
        }
    };
    let mut read: BTreeMap<&str, Vec<Family<'_>>> = BTreeMap::new();
    let is_long = |field: &&Field| matches!(field.r#type.as_str(), "array" | "object");
    for (index, field) in fields
        .iter()
        .enumerate()
        .filter(|(_, field)| is_long(field))
    {
        let end = if field.r#type == "array" { "[]." } else { "." };
        let start = format!("{}{end}", field.path);
        let is_child = |other: &&Field| {
            let rest = other.path.strip_prefix(&start);
            other.kind == field.kind && rest.is_some_and(|rest| !rest.contains('.'))
        };
        let children: Vec<&Field> = fields.iter().filter(is_child).collect();
        let is_read = !is_left_out(field);
        // What is not read is passed over, whatever it is.
        let is_passed_over = !is_read && index % 10 != 0;
        if is_passed_over || field.r#type == "object" && !children.is_empty() {
            continue;
        }
        let is_looked_at = |child: &&Field| is_read && !is_left_out(child);
        let children = children.into_iter().filter(is_looked_at).collect();
        let family = Family { field, children };
        for distinct in [false, true] {
            for (index, value) in family.long(LARGEST, distinct).enumerate() {
                count(
                    format!("{} ({distinct}, {index})", family.name()),
                    object(field, &value),
                );
            }
        }
        if is_read {
            read.entry(&field.kind).or_default().push(family);
        }
    }
    let rules = json!([
        {"action": "labelmap", "regex": "__meta_(.+)"},
        {"sourceLabels": ["a1", "job", "namespace"], "targetLabel": "a2"},
    ]);
    let rules = json!({"relabelings": rules, "metricRelabelings": rules});
    for kind in ["ServiceMonitor", "ScrapeConfig"] {
        let all = &read[kind];
        for (index, family) in all.iter().enumerate() {
            let one = family.half();
            for other in &all[index + 1..] {
                count(
                    format!("{} and {}", family.name(), other.name()),
                    both(&one, &other.half()),
                );
            }
            let mut mapped = one;
            merge(&mut mapped["spec"], &rules);
            merge(&mut mapped["spec"]["endpoints"], &json!([rules]));
            count(format!("{} and a labelmap", family.name()), mapped);
        }
    }
    let (most, name) = worst;
    assert!(most <= MOST, "{name}: {most} instructions");
}
