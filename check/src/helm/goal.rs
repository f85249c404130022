//! What a violation's fix changes, field by field. The fields are what values are looked for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::render::{Document, Id};
use super::values::Path;
use crate::input::Input;
use crate::judge::{self, Finding, FindingKind, Outcome};
use crate::yaml::Node;

/// What a violation is known by in the next rendering.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The object.
    pub object: String,
    /// The rule.
    pub rule: String,
    /// The field, as messages have it.
    pub field: String,
}

/// A violation, and what the policy wants changed.
#[derive(Clone, Debug)]
pub struct Goal {
    /// The violation.
    pub key: Key,
    /// The document that has the object.
    pub id: Id,
    /// The fields that change. Each has to.
    pub changes: Vec<Change>,
}

/// A field that gets another content.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it is in its document: the segments of a JSON Pointer.
    pub pointer: Path,
    /// What stands there now, if anything.
    pub before: Option<Value>,
    /// What is to stand there; nothing, if it has to go.
    pub after: Value,
}

/// What a finding about this object is known by, if it is a violation.
#[must_use]
pub fn key(object: &str, finding: &Finding) -> Option<Key> {
    let FindingKind::Violation(violation) = &finding.kind else {
        return None;
    };
    Some(Key {
        object: object.to_owned(),
        rule: violation.rule.clone(),
        field: violation.field.clone(),
    })
}

/// The violations of a rendering, each with its outcome and its index among the findings there.
pub fn keys(outcomes: &[Outcome]) -> impl Iterator<Item = (Key, &Outcome, usize)> {
    outcomes.iter().flat_map(|outcome| {
        let object = outcome.name.as_ref().map(ToString::to_string);
        let object = object.unwrap_or_default();
        let findings = outcome.findings.iter().enumerate();
        findings.filter_map(move |(index, finding)| Some((key(&object, finding)?, outcome, index)))
    })
}

/// What has to change, for each violation that the policy has a fix for.
#[must_use]
pub fn goals(rendered: &Input, documents: &[Document], outcomes: &[Outcome]) -> Vec<Goal> {
    let goal = |(key, outcome, index): (Key, &Outcome, usize)| {
        let fix = outcome.findings[index].kind.fix()?;
        let document = documents.iter().find(|it| it.range == outcome.document)?;
        let node = Node::read(&rendered.text[outcome.document.clone()], 0).ok()?;
        let mut changes = Vec::new();
        for operation in fix.as_array()? {
            let pointer = outcome.pointer.clone() + operation["path"].as_str()?;
            let mut path = judge::segments(&pointer);
            let old = node.at(&path).map(Node::value);
            compare(
                &mut path,
                old.as_ref(),
                Some(&operation["value"]),
                &mut changes,
            );
        }
        Some(Goal {
            key,
            id: document.id.clone(),
            changes,
        })
    };
    keys(outcomes).filter_map(goal).collect()
}

/// The fields in which two values differ. Mappings are looked into, lists are not.
fn compare(path: &mut Path, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let (before, after) = (members(old), members(new).filter(|it| !it.is_empty()));
    let Some(after) = after.filter(|_| before.is_some() || old.is_none_or(Value::is_null)) else {
        return changes.push(Change {
            pointer: path.clone(),
            before: old.cloned(),
            after: new.cloned().unwrap_or_default(),
        });
    };
    let before = before.unwrap_or_default();
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        path.push(key.clone());
        compare(path, before.get(key), after.get(key), changes);
        path.pop();
    }
}

impl Change {
    /// The same filter in the other list of an endpoint's relabel configs, for where no value reaches this one; if it adds one.
    #[must_use]
    pub fn equivalent(&self) -> Option<Self> {
        let (name, parent) = self.pointer.split_last()?;
        let other = match name.as_str() {
            "relabelings" => "metricRelabelings",
            "metricRelabelings" => "relabelings",
            _ => return None,
        };
        let added = added(self.before.as_ref(), &self.after);
        Some(Self {
            pointer: parent
                .iter()
                .map(String::as_str)
                .chain([other])
                .map(str::to_owned)
                .collect(),
            before: None,
            after: added.into(),
        })
    }

    /// What the value has to be that reaches this field, where it is `now`: what the chart adds itself is left out.
    #[must_use]
    pub fn content(&self, now: Option<&Value>) -> Value {
        let (Value::Array(after), now) = (&self.after, now.and_then(Value::as_array)) else {
            return self.after.clone();
        };
        let empty = Vec::new();
        let before = self
            .before
            .as_ref()
            .and_then(Value::as_array)
            .unwrap_or(&empty);
        let now = now.unwrap_or(&empty);
        if now == before {
            return self.after.clone();
        }
        // The value is a part of the list, or is written with templates in it.
        let added = added(self.before.as_ref(), &self.after);
        let mut added: Vec<Value> = added.into_iter().filter(|it| !now.contains(it)).collect();
        let gone = |item: &&Value| !after.contains(item) && before.contains(item);
        added.extend(now.iter().filter(|item| !gone(item)).cloned());
        added.into()
    }
}

/// The items of a list that were not in it.
fn added(before: Option<&Value>, after: &Value) -> Vec<Value> {
    let before = before.and_then(Value::as_array);
    let is_new = |item: &&Value| before.is_none_or(|before| !before.contains(item));
    let items = after.as_array().into_iter().flatten();
    items.filter(is_new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn keep() -> Value {
        json!({"action": "keep"})
    }

    fn drop() -> Value {
        json!({"action": "drop"})
    }

    /// What the chart adds itself, before or after the value, stays out of the value.
    #[rstest]
    #[case::nothing(json!([]), json!([]), json!([keep()]))]
    #[case::all_of_it(json!([drop()]), json!([drop()]), json!([keep(), drop()]))]
    #[case::the_charts_own(json!([{"own": 1}, drop()]), json!([drop()]), json!([keep(), drop()]))]
    #[case::with_a_template_in_it(json!([{"regex": "shop"}]), json!([{"regex": "{{ .Release.Name }}"}]),
        json!([keep(), {"regex": "{{ .Release.Name }}"}]))]
    #[case::given_already(json!([]), json!([keep()]), json!([keep()]))]
    fn a_value_gets_what_the_fix_adds(
        #[case] before: Value,
        #[case] now: Value,
        #[case] expected: Value,
    ) {
        let rest = before.as_array().cloned().unwrap_or_default();
        let change = Change {
            pointer: Path::new(),
            before: Some(before),
            after: std::iter::once(keep()).chain(rest).collect(),
        };
        assert_eq!(change.content(Some(&now)), expected);
    }

    #[rstest]
    #[case(json!({"b": 1}), json!({"b": 2}), &["a/b"])]
    #[case(json!({"b": {"c": 1}, "d": 1}), json!({"b": {"c": 1, "e": 2}}), &["a/b/e", "a/d"])]
    #[case(json!([1]), json!([2, 1]), &["a"])]
    #[case(json!({}), json!({"b": {"c": 1}}), &["a/b/c"])]
    #[case(json!({"b": 1}), json!({}), &["a"])]
    fn mappings_are_compared_field_by_field(
        #[case] old: Value,
        #[case] new: Value,
        #[case] expected: &[&str],
    ) {
        let mut changes = Vec::new();
        compare(
            &mut vec!["a".to_owned()],
            Some(&old),
            Some(&new),
            &mut changes,
        );
        let found = changes.iter().map(|change| change.pointer.join("/"));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_filter_of_targets_may_be_one_of_samples() {
        let change = Change {
            pointer: judge::segments("/spec/endpoints/0/relabelings"),
            before: Some(json!([drop()])),
            after: json!([keep(), drop()]),
        };
        let other = change.equivalent().expect("a list of relabel configs");
        assert_eq!(
            other.pointer,
            judge::segments("/spec/endpoints/0/metricRelabelings")
        );
        assert_eq!(
            other.content(Some(&json!([drop()]))),
            json!([keep(), drop()])
        );
    }
}
