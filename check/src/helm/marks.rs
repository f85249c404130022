//! Marks: texts that are put into values, and looked for in what is rendered. Renderings are never compared, for
//! certificates and passwords in them are random.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::render::{Id, contents};
use super::values::{self, Path};

/// What a mark begins with. A number of four digits follows, so that none is the beginning of another.
const NAME: &str = "isolation";

/// The annotation of what is a hook.
const HOOK: &str = "helm.sh/hook";

/// How many values are marked at once.
pub const MAX_MARKS: usize = 10_000;

/// What a value is marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A list of relabel configs: the mark is a first one.
    List,
    /// A mapping: the mark is a key and its value.
    Map,
    /// The mark itself.
    Text,
}

/// A value that may reach a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Where it is in the values.
    pub path: Path,
    /// What it is marked as.
    pub shape: Shape,
}

/// A value that was found in what is rendered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// The value.
    pub candidate: Candidate,
    /// The document.
    pub id: Id,
    /// Where its content stands in the document: the segments of a JSON Pointer.
    pub pointer: Path,
    /// Whether it stands there as it is, and not as a part of a text.
    pub is_whole: bool,
    /// Whether the API server lets nobody change the field once the object is there.
    pub is_immutable: bool,
}

/// The mark of the candidate at this index.
#[must_use]
pub fn mark(index: usize) -> String {
    format!("{NAME}{index:04}")
}

/// The values with each of the candidates marked.
#[must_use]
pub fn marked(values: &Value, candidates: &[Candidate]) -> Value {
    let mut marked = values.clone();
    for (index, candidate) in candidates.iter().enumerate() {
        let mark = mark(index);
        let now = values::at(&marked, &candidate.path);
        let content = match candidate.shape {
            Shape::Text => mark.into(),
            Shape::List => {
                let rule = json!({"action": "drop", "regex": mark, "sourceLabels": ["__name__"]});
                let rest = now.and_then(Value::as_array).cloned().unwrap_or_default();
                std::iter::once(rule).chain(rest).collect()
            }
            Shape::Map => {
                let mut members = now.and_then(Value::as_object).cloned().unwrap_or_default();
                members.insert(mark.clone(), mark.into());
                members.into()
            }
        };
        values::put(&mut marked, &candidate.path, content);
    }
    marked
}

/// The candidates that are seen in what is rendered of marked values.
#[must_use]
pub fn seen(rendered: &str, candidates: &[Candidate]) -> Vec<Sighting> {
    let mut found = Vec::new();
    for (id, value) in contents(rendered, NAME) {
        // Helm makes a hook anew each time.
        let is_hook = value["metadata"]["annotations"].get(HOOK).is_some();
        look(&mut Vec::new(), &value, &mut |pointer, text, is_key| {
            for (index, is_whole) in marks_in(text) {
                let Some(candidate) = candidates.get(index) else {
                    continue;
                };
                let (depth, fits) = match candidate.shape {
                    Shape::Text => (pointer.len(), !is_key),
                    Shape::List => {
                        let is_regex = pointer.last().is_some_and(|it| it == "regex");
                        (pointer.len().saturating_sub(2), is_regex && !is_key)
                    }
                    Shape::Map => {
                        let is_its = pointer.last().is_some_and(|it| it == text);
                        (pointer.len().saturating_sub(1), is_its && !is_key)
                    }
                };
                let is_whole = is_whole && fits;
                found.push(Sighting {
                    candidate: candidate.clone(),
                    id: id.clone(),
                    pointer: if is_whole {
                        pointer[..depth].to_vec()
                    } else {
                        pointer.clone()
                    },
                    is_whole,
                    is_immutable: !is_hook && is_immutable(&id.kind, pointer),
                });
            }
        });
    }
    found.sort();
    found.dedup();
    // A key is seen with its value.
    let whole: BTreeSet<_> = found.iter().filter(|one| one.is_whole).cloned().collect();
    found.retain(|one| {
        let is_key_of = |depth: usize| {
            let seen = Sighting {
                pointer: one.pointer[..depth].to_vec(),
                is_whole: true,
                ..one.clone()
            };
            whole.contains(&seen)
        };
        one.is_whole || one.pointer.is_empty() || !is_key_of(one.pointer.len() - 1)
    });
    found
}

/// The indices of the marks in a text, each with whether it is all of the text.
fn marks_in(text: &str) -> impl Iterator<Item = (usize, bool)> {
    text.match_indices(NAME).filter_map(|(start, _)| {
        let digits = text.get(start + NAME.len()..start + NAME.len() + 4)?;
        let index = digits.parse().ok()?;
        Some((index, text.len() == NAME.len() + 4))
    })
}

/// Shows each text in a value, keys as well, with where it is.
fn look(pointer: &mut Path, value: &Value, show: &mut impl FnMut(&Path, &str, bool)) {
    match value {
        Value::String(text) => show(pointer, text, false),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push(index.to_string());
                look(pointer, item, show);
                pointer.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push(key.clone());
                show(pointer, key, true);
                look(pointer, member, show);
                pointer.pop();
            }
        }
        _ => {}
    }
}

/// Whether the API server lets nobody change this field of an object that is there.
fn is_immutable(kind: &str, pointer: &[String]) -> bool {
    let is_at = |fields: &[&str]| {
        pointer.len() >= fields.len() && pointer.iter().zip(fields).all(|(one, other)| one == other)
    };
    match kind {
        "Deployment" | "DaemonSet" | "ReplicaSet" => is_at(&["spec", "selector"]),
        "StatefulSet" => {
            is_at(&["spec", "selector"])
                || is_at(&["spec", "volumeClaimTemplates"])
                || is_at(&["spec", "serviceName"])
        }
        "Job" => is_at(&["spec", "selector"]) || is_at(&["spec", "template"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn candidate(path: &str, shape: Shape) -> Candidate {
        let path = path.split('/').map(str::to_owned).collect();
        Candidate { path, shape }
    }

    /// A template that prints the marked values in its way; where each of them is seen.
    #[rstest]
    #[case::a_list("a: MONITOR\n", Shape::List, "- {regex: isolation0000, action: drop}", &[("a", true)])]
    #[case::a_mapping("a: MONITOR\n", Shape::Map, "{isolation0000: isolation0000, b: c}", &[("a", true)])]
    #[case::a_text("a: MONITOR\n", Shape::Text, "isolation0000", &[("a", true)])]
    #[case::a_part_of_a_text("a: MONITOR\n", Shape::Text, "x-isolation0000", &[("a", false)])]
    #[case::in_a_text("a: |\n  b: MONITOR\n", Shape::Map, "{isolation0000: isolation0000}", &[("a", false)])]
    #[case::as_a_key("MONITOR: 1\n", Shape::Text, "isolation0000", &[("isolation0000", false)])]
    #[case::another_mark("a: MONITOR\n", Shape::Text, "isolation0001", &[])]
    fn a_mark_is_seen_where_it_stands(
        #[case] template: &str,
        #[case] shape: Shape,
        #[case] content: &str,
        #[case] expected: &[(&str, bool)],
    ) {
        let text = template
            .replace("MONITOR", content)
            .replace("a: - ", "a:\n- ");
        let text = format!("---\n# Source: shop/templates/a.yaml\nkind: A\n{text}");
        let seen = seen(&text, &[candidate("v", shape)]);
        let seen: Vec<_> = seen
            .iter()
            .map(|one| (one.pointer.join("/"), one.is_whole))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, whole)| ((*at).to_owned(), *whole))
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_mark_keeps_what_is_there() {
        let values = json!({"l": [{"regex": "x"}], "m": {"a": 1}, "t": "x"});
        let candidates = [
            candidate("l", Shape::List),
            candidate("m", Shape::Map),
            candidate("t", Shape::Text),
            candidate("new/l", Shape::List),
        ];
        let marked = marked(&values, &candidates);
        assert_eq!(marked["l"][1], values["l"][0]);
        assert_eq!(
            marked["m"],
            json!({"a": 1, "isolation0001": "isolation0001"})
        );
        assert_eq!(marked["t"], "isolation0002");
        assert_eq!(marked["new"]["l"][0]["regex"], "isolation0003");
    }

    #[rstest]
    #[case("Deployment", "spec/selector/matchLabels/a", true)]
    #[case("Deployment", "spec/template/metadata/labels/a", false)]
    #[case("StatefulSet", "spec/volumeClaimTemplates/0/metadata/labels/a", true)]
    #[case("Service", "spec/selector/a", false)]
    fn some_fields_can_never_change(#[case] kind: &str, #[case] at: &str, #[case] expected: bool) {
        let pointer: Path = at.split('/').map(str::to_owned).collect();
        assert_eq!(is_immutable(kind, &pointer), expected);
    }
}
