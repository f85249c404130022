//! The fixes of violations, written into the text of manifests.
//!
//! A fix is a JSON Patch that gives a field its whole new value. What is written is only what that
//! changes: the object before and after it is compared, and each [`Edit`] is made in the text, so
//! that comments, order and style stay as they are. The outcome is read again and must be exactly
//! the patched document; if not, the text is left alone.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use yaml_edit::{Document, Mapping, ScalarValue, Sequence, YamlNode, YamlValue};

use crate::input::Input;
use crate::judge::Outcome;
use crate::yaml::{Content, Node};

/// A text with its fixes.
#[derive(Debug)]
pub struct Fixed {
    /// The whole new text.
    pub text: String,
    /// How many violations are mended in it.
    pub mended: usize,
    /// The documents that were left alone, as their outcomes, and why.
    pub left: Vec<(usize, Left)>,
}

/// Why a document is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is written in a way that cannot be edited without changing something else.
    Uneditable,
}

impl fmt::Display for Left {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Uneditable => "it cannot be edited without changing something else",
        })
    }
}

/// One change of a document; paths are the segments of a JSON Pointer.
#[derive(Clone, Debug, PartialEq)]
enum Edit {
    /// The member of the mapping at this path gets this value.
    Set(Vec<String>, String, Value),
    /// The member of the mapping at this path goes.
    Remove(Vec<String>, String),
    /// The item of the list at this path gets this value.
    Replace(Vec<String>, usize, Value),
    /// The list at this path gets this item before the one at the index.
    Insert(Vec<String>, usize, Value),
}

/// The text of an input with all fixes of its outcomes, which are given in their order.
#[must_use]
pub fn fixed(input: &Input, outcomes: &[Outcome]) -> Fixed {
    let mut fixed = Fixed {
        text: String::new(),
        mended: 0,
        left: Vec::new(),
    };
    let mut end = 0;
    let mut index = 0;
    for of_document in outcomes.chunk_by(|one, other| one.document == other.document) {
        let mended: usize = of_document.iter().map(|one| one.fixes().count()).sum();
        if mended > 0 {
            let range = of_document[0].document.clone();
            fixed.text.push_str(&input.text[end..range.start]);
            end = range.end;
            let document = &input.text[range];
            let patches = of_document
                .iter()
                .flat_map(|one| one.fixes().map(|fix| (one.pointer.as_str(), fix)));
            match mend(document, patches) {
                Ok(text) => {
                    fixed.text.push_str(&text);
                    fixed.mended += mended;
                }
                Err(left) => {
                    fixed.text.push_str(document);
                    let first = of_document
                        .iter()
                        .position(|one| one.fixes().next().is_some());
                    fixed.left.push((index + first.unwrap_or_default(), left));
                }
            }
        }
        index += of_document.len();
    }
    fixed.text.push_str(&input.text[end..]);
    fixed
}

/// What a fix changes in the text of its input: whole lines by their bytes, and what stands there
/// then; none where the document cannot be edited.
#[must_use]
pub fn replacement(
    input: &Input,
    outcome: &Outcome,
    fix: &Value,
) -> Option<(Range<usize>, String)> {
    let old = &input.text[outcome.document.clone()];
    let new = mend(old, std::iter::once((outcome.pointer.as_str(), fix))).ok()?;
    let lines = |text| str::split_inclusive(text, '\n');
    let pairs = lines(old).zip(lines(&new));
    let start = length_of_equal(pairs);
    let pairs = lines(&old[start..]).rev().zip(lines(&new[start..]).rev());
    let end = length_of_equal(pairs);
    let document = outcome.document.start;
    let range = document + start..document + old.len() - end;
    Some((range, new[start..new.len() - end].to_owned()))
}

/// The document with these members set, each as a whole: nothing is written into what an alias shares. None if it does not
/// have this content then.
#[must_use]
pub fn with_members<'a>(
    document: &str,
    members: impl Iterator<Item = (&'a Vec<String>, &'a Value)>,
    new: &Value,
) -> Option<String> {
    let mut text = document.to_owned();
    for (path, content) in members {
        let root = Node::read(&text, 0).ok()?;
        let is_mapping = |depth: &usize| {
            let node = root.at(&path[..*depth]);
            node.is_some_and(
                |node| matches!(&node.content, Content::Mapping(members) if !members.is_empty()),
            )
        };
        // What is missing around the member is set with it.
        let depth = (0..path.len()).rev().find(is_mapping)?;
        let around = path[depth + 1..].iter().rev();
        let content = around.fold(content.clone(), |inner, key| {
            Value::Object([(key.clone(), inner)].into_iter().collect())
        });
        text = Edit::Set(path[..depth].to_vec(), path[depth].clone(), content).apply(&text)?;
    }
    (value(&text).as_ref() == Some(new)).then_some(text)
}

/// How long the first lines are that are the same, in bytes.
fn length_of_equal<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
    let equal = pairs.take_while(|(one, other)| one == other);
    equal.map(|(line, _)| line.len()).sum()
}

/// The document with these fixes, each of the object at a JSON Pointer.
fn mend<'a>(
    document: &str,
    fixes: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Result<String, Left> {
    let mut new = value(document).ok_or(Left::Uneditable)?;
    for (pointer, fix) in fixes {
        let object = new.pointer_mut(pointer).ok_or(Left::Uneditable)?;
        patch(object, fix).ok_or(Left::Uneditable)?;
    }
    rewritten(document, &new).ok_or(Left::Uneditable)
}

/// The document with this content: only what differs is written. None if it cannot be edited without changing something
/// else.
#[must_use]
pub fn rewritten(document: &str, new: &Value) -> Option<String> {
    let old = value(document)?;
    let mut edits = Vec::new();
    compare(&mut Vec::new(), &old, new, &mut edits);
    let mut text = document.to_owned();
    for edit in &edits {
        text = edit.apply(&text)?;
    }
    (value(&text).as_ref() == Some(new)).then_some(text)
}

/// Applies the fix of a violation: a JSON Patch whose operations all add a member to an object, which
/// replaces the one that is there (RFC 6902, section 4.1).
fn patch(object: &mut Value, fix: &Value) -> Option<()> {
    for operation in fix.as_array()? {
        let (parent, name) = operation["path"].as_str()?.rsplit_once('/')?;
        let name = name.replace("~1", "/").replace("~0", "~");
        let members = object.pointer_mut(parent)?.as_object_mut()?;
        members.insert(name, operation["value"].clone());
    }
    Some(())
}

fn value(document: &str) -> Option<Value> {
    Node::read(document, 0).ok().map(|root| root.value())
}

/// The edits that make `new` of `old`. In a list the last ones come first, so that the indices of
/// the others stay.
fn compare(path: &mut Vec<String>, old: &Value, new: &Value, edits: &mut Vec<Edit>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                edits.push(Edit::Remove(path.clone(), key.clone()));
            }
            for (key, value) in new {
                match old.get(key) {
                    Some(before) if before == value => {}
                    Some(before) if is_alike(before, value) => {
                        path.push(key.clone());
                        compare(path, before, value, edits);
                        path.pop();
                    }
                    _ => edits.push(Edit::Set(path.clone(), key.clone(), value.clone())),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let texts = |items: &[Value]| items.iter().map(Value::to_string).collect::<Vec<_>>();
            let changes = capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new));
            for change in changes.into_iter().rev() {
                let (from, to) = (change.old_range(), change.new_range());
                if matches!(change, DiffOp::Equal { .. }) {
                    continue;
                }
                // What is both taken and given is the same rule, changed; the new ones are the first.
                let kept = from.len().min(to.len());
                let added = to.len() - kept;
                for index in (0..kept).rev() {
                    let (before, after) =
                        (&old[from.start + index], &new[to.start + added + index]);
                    if is_alike(before, after) {
                        path.push((from.start + index).to_string());
                        compare(path, before, after, edits);
                        path.pop();
                    } else {
                        let index = from.start + index;
                        edits.push(Edit::Replace(path.clone(), index, after.clone()));
                    }
                }
                for item in new[to.start..to.start + added].iter().rev() {
                    edits.push(Edit::Insert(path.clone(), from.start, item.clone()));
                }
            }
        }
        _ => {}
    }
}

/// Whether the change from one value to the other can be made within.
fn is_alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(_), Value::Object(_)) => true,
        // An empty list may stand for one that was never written.
        (Value::Array(one), Value::Array(_)) => !one.is_empty(),
        _ => false,
    }
}

impl Edit {
    /// The document with this edit; none if it cannot be made.
    fn apply(&self, text: &str) -> Option<String> {
        let document = Document::from_str(text).ok()?;
        let root = match document.as_mapping() {
            Some(mapping) => YamlNode::Mapping(mapping),
            None => YamlNode::Sequence(document.as_sequence()?),
        };
        match self {
            Self::Set(path, key, value) => {
                mapping(&root, path)?.set(key.as_str(), yaml(value));
                Some(document.to_string())
            }
            Self::Remove(path, key) => {
                mapping(&root, path)?.remove(key.as_str())?;
                Some(document.to_string())
            }
            Self::Replace(path, index, value) => {
                sequence(&root, path)?.set(*index, yaml(value));
                Some(document.to_string())
            }
            Self::Insert(path, index, item) => {
                sequence(&root, path)?.insert(*index, yaml(item));
                Some(above_comments(document.to_string(), path, *index))
            }
        }
    }
}

fn node(root: &YamlNode, path: &[String]) -> Option<YamlNode> {
    path.iter()
        .try_fold(root.clone(), |node, segment| match node {
            YamlNode::Mapping(mapping) => mapping.get(segment.as_str()),
            YamlNode::Sequence(sequence) => sequence.get(segment.parse().ok()?),
            _ => None,
        })
}

fn mapping(root: &YamlNode, path: &[String]) -> Option<Mapping> {
    node(root, path)?.as_mapping().cloned()
}

fn sequence(root: &YamlNode, path: &[String]) -> Option<Sequence> {
    node(root, path)?.as_sequence().cloned()
}

fn yaml(value: &Value) -> YamlValue {
    match value {
        Value::Null => YamlValue::Scalar(ScalarValue::null()),
        Value::Bool(value) => YamlValue::from(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => YamlValue::from(number),
            (None, number) => YamlValue::from(number.unwrap_or_default()),
        },
        Value::String(text) => YamlValue::from(text.as_str()),
        Value::Array(items) => YamlValue::Sequence(items.iter().map(yaml).collect()),
        Value::Object(members) => {
            let members = members.iter();
            YamlValue::Mapping(
                members
                    .map(|(key, value)| (key.clone(), yaml(value)))
                    .collect(),
            )
        }
    }
}

/// The text with an item that was inserted between another one and its comments, moved above these.
fn above_comments(text: String, list: &[String], index: usize) -> String {
    let Ok(root) = Node::read(&text, 0) else {
        return text;
    };
    let line = |index| {
        let start = root.at(list)?.item(index)?.first().start;
        Some(text[..start].rfind('\n').map_or(0, |end| end + 1))
    };
    let (Some(item), Some(next)) = (line(index), line(index + 1)) else {
        return text;
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_comment =
        |line: &&str| line.trim_start().starts_with('#') && indent(line) == indent(&text[item..]);
    let lines = text[..item].split_inclusive('\n').rev();
    let comments: usize = lines.take_while(is_comment).map(str::len).sum();
    if next <= item || !text[item..].trim_start().starts_with('-') {
        return text;
    }
    let start = item - comments;
    [
        &text[..start],
        &text[item..next],
        &text[start..item],
        &text[next..],
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn edited(old: &str, change: impl Fn(&mut Value)) -> String {
        let before = value(old).expect("valid YAML");
        let mut after = before.clone();
        change(&mut after);
        let mut edits = Vec::new();
        compare(&mut Vec::new(), &before, &after, &mut edits);
        let apply = |text: String, edit: &Edit| edit.apply(&text).expect("an edit");
        let new = edits.iter().fold(old.to_owned(), apply);
        assert_eq!(value(&new), Some(after), "{new}");
        new
    }

    fn keep() -> Value {
        json!({"action": "keep", "regex": "dev|.*-dev", "sourceLabels": ["namespace"]})
    }

    #[rstest]
    #[case::a_new_list(
        "# top\nspec:\n  endpoints:\n    # first\n    - port: a  # web\n    - port: b\n  x: 1\n",
        "# top\nspec:\n  endpoints:\n    # first\n    - port: a  # web\n      metricRelabelings:\n        \
         - action: keep\n          regex: 'dev|.*-dev'\n          sourceLabels:\n            \
         - namespace\n    - port: b\n  x: 1\n"
    )]
    #[case::before_a_rule_with_its_comment(
        "spec:\n  endpoints:\n  - metricRelabelings:\n    # why\n    # so\n    - action: drop # x\n    \
         # and then\n    - action: labeldrop\n",
        "spec:\n  endpoints:\n  - metricRelabelings:\n    - action: keep\n      regex: 'dev|.*-dev'\n      \
         sourceLabels:\n        - namespace\n    # why\n    # so\n    - action: drop # x\n    \
         # and then\n    - action: labeldrop\n"
    )]
    #[case::an_empty_list(
        "spec:\n  endpoints:\n  - metricRelabelings: []\n    port: a\n",
        "spec:\n  endpoints:\n  - metricRelabelings:\n      - action: keep\n        \
         regex: 'dev|.*-dev'\n        sourceLabels:\n          - namespace\n    port: a\n"
    )]
    #[case::flow(
        "spec: {endpoints: [{metricRelabelings: [{action: drop}]}]} # end\n",
        "spec: {endpoints: [{metricRelabelings: [{action: keep, regex: 'dev|.*-dev', \
         sourceLabels: [namespace]}, {action: drop}]}]} # end\n"
    )]
    #[case::json(
        "{\"spec\": {\"endpoints\": [{\"port\": \"a\"}]}}",
        "{\"spec\": {\"endpoints\": [{\"port\": \"a\", \"metricRelabelings\": [{\"action\": \"keep\", \
         \"regex\": \"dev|.*-dev\", \"sourceLabels\": [\"namespace\"]}]}]}}"
    )]
    fn a_rule_is_put_first(#[case] old: &str, #[case] new: &str) {
        let change = |value: &mut Value| {
            let endpoint = &mut value["spec"]["endpoints"][0];
            let mut list = vec![keep()];
            list.extend(
                endpoint["metricRelabelings"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            endpoint["metricRelabelings"] = list.into();
        };
        assert_eq!(edited(old, change), new);
    }

    /// A selector by expressions becomes one by a label.
    #[rstest]
    #[case::block(
        "spec: # s\n  selector:\n    # why\n    matchExpressions:\n    - key: release\n      operator: Exists\n  x: 1\n"
    )]
    #[case::flow(
        "spec: {selector: {matchExpressions: [{key: release, operator: Exists}]}, x: 1} # end\n"
    )]
    #[case::json(
        "{\"spec\": {\"selector\": {\"matchExpressions\": [{\"key\": \"release\"}]}, \"x\": 1}}"
    )]
    fn a_key_goes(#[case] old: &str) {
        let new = edited(old, |value| {
            value["spec"]["selector"] = json!({"matchLabels": {"release": "monitoring-dev"}});
        });
        assert!(!new.contains("matchExpressions"), "{new}");
        assert_eq!(new.contains("# end"), old.contains("# end"));
    }

    #[test]
    fn a_narrowed_rule_keeps_its_comments_and_its_neighbours() {
        let old = "a:\n- sourceLabels: [x] # s\n  regex: old # r\n# last\n- action: drop\n";
        let new = edited(old, |value| value["a"][0]["regex"] = ".*-dev".into());
        assert_eq!(new, old.replace("old", "'.*-dev'"));
    }

    #[test]
    fn rules_are_put_before_and_after_one_that_is_narrowed() {
        let new = edited("a:\n- regex: x\n  action: keep # c\n- b: 1\n", |value| {
            let rest = json!({"regex": "z", "action": "keep"});
            value["a"] = json!([{"n": 1}, rest, {"b": 1}, {"n": 2}]);
        });
        let expected = "a:\n- n: 1\n- regex: z\n  action: keep # c\n- b: 1\n- n: 2\n";
        assert_eq!(new, expected);
    }

    #[test]
    fn lines_end_as_they_did() {
        let new = edited("a:\r\n  b: c\r\n", |value| value["a"]["d"] = "e".into());
        assert_eq!(new, "a:\r\n  b: c\r\n  d: e\r\n");
    }
}
