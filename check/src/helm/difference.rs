//! What is rendered differently: the fields of each object that are not the same any more.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::render::{Id, documents};
use crate::yaml::Node;

/// An object that is rendered differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its kind and name.
    pub object: String,
    /// Its fields; none where the whole object came or went.
    pub fields: Vec<String>,
    /// Whether it came or went.
    pub whole: Option<&'static str>,
}

/// How two renderings differ, object by object.
#[must_use]
pub fn between(before: &str, after: &str) -> Vec<Changed> {
    let of = |text: &str| -> BTreeMap<Id, String> {
        let documents = documents(text).into_iter();
        documents
            .map(|one| (one.id, text[one.range].trim_end().to_owned()))
            .collect()
    };
    let (before, after) = (of(before), of(after));
    let ids: BTreeSet<&Id> = before.keys().chain(after.keys()).collect();
    let changed = |id: &Id| {
        let (old, new) = (before.get(id), after.get(id));
        if old == new {
            return None;
        }
        let value = |text: &String| Node::read(text, 0).ok().map(|node| node.value());
        let (old, new) = (old.and_then(value), new.and_then(value));
        let name = |value: &Value| {
            value["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let object = new
            .as_ref()
            .or(old.as_ref())
            .map(|value| format!("{} {}", id.kind, name(value)));
        let mut changed = Changed {
            object: object?,
            fields: Vec::new(),
            whole: match (&old, &new) {
                (None, _) => Some("is new"),
                (_, None) => Some("is gone"),
                _ => None,
            },
        };
        if let (Some(old), Some(new)) = (&old, &new) {
            compare(String::new(), old, new, &mut changed.fields);
            if changed.fields.is_empty() {
                return None;
            }
        }
        Some(changed)
    };
    let ids: Vec<&Id> = ids.into_iter().collect();
    ids.into_par_iter().filter_map(changed).collect()
}

fn compare(path: String, old: &Value, new: &Value, fields: &mut Vec<String>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{key}");
                let (old, new) = (old.get(key), new.get(key));
                compare(
                    path,
                    old.unwrap_or(&Value::Null),
                    new.unwrap_or(&Value::Null),
                    fields,
                );
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(format!("{path}[{index}]"), old, new, fields);
            }
        }
        _ => fields.push(path),
    }
}
