//! Values, and the paths in them: a key for each mapping, an index for each list. A path is shown as `--set` has it.

use serde_json::{Map, Value};

use crate::fix;
use crate::input::Input;
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::ops::Range;

/// Where a value is in the values.
pub type Path = Vec<String>;

/// New contents of values, by their paths.
pub type Edits = BTreeMap<Path, Value>;

/// The path as `--set` has it: dots in a key are escaped, an index is in brackets.
#[must_use]
pub fn shown(path: &[String], values: &Value) -> String {
    let mut text = String::new();
    for (depth, segment) in path.iter().enumerate() {
        if at(values, &path[..depth]).is_some_and(Value::is_array) {
            text.extend(["[", segment, "]"]);
            continue;
        }
        if depth > 0 {
            text.push('.');
        }
        text.push_str(&segment.replace('.', "\\."));
    }
    text
}

/// What stands at a path.
#[must_use]
pub fn at<'v>(values: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(values, |value, segment| match value {
        Value::Object(members) => members.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Whether nothing stands here, as charts write it: they have no null for a list that may be given.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Whether something can be put at a path: around it are mappings, or nothing.
#[must_use]
pub fn has_room(values: &Value, path: &[String]) -> bool {
    let mut value = values;
    for segment in path {
        value = match value {
            Value::Object(members) => match members.get(segment) {
                Some(member) => member,
                None => return true,
            },
            Value::Array(items) => match segment.parse::<usize>().ok().and_then(|it| items.get(it))
            {
                Some(item) => item,
                None => return false,
            },
            Value::Null => return true,
            _ => return false,
        };
    }
    true
}

/// Puts something at a path. The mappings that are missing around it are made.
pub fn put(values: &mut Value, path: &[String], content: Value) {
    let Some((segment, rest)) = path.split_first() else {
        *values = content;
        return;
    };
    if let Value::Array(items) = values {
        let index = segment.parse::<usize>().ok();
        if let Some(item) = index.and_then(|index| items.get_mut(index)) {
            put(item, rest, content);
        }
        return;
    }
    if !values.is_object() {
        *values = Value::Object(Map::new());
    }
    if let Value::Object(members) = values {
        put(
            members.entry(segment.clone()).or_insert(Value::Null),
            rest,
            content,
        );
    }
}

/// An edit as a values file can have it: a list is replaced as a whole, so the edit of one of its items is one of the list.
#[must_use]
pub fn lifted(values: &Value, path: &[String], content: Value) -> (Path, Value) {
    let is_list = |depth: &usize| at(values, &path[..*depth]).is_some_and(Value::is_array);
    let Some(depth) = (0..path.len()).find(is_list) else {
        return (path.to_vec(), content);
    };
    let mut list = at(values, &path[..depth]).cloned().unwrap_or_default();
    put(&mut list, &path[depth..], content);
    (path[..depth].to_vec(), list)
}

/// What a values file has: nothing where it is empty.
#[must_use]
pub fn read(text: &str) -> Option<Value> {
    match document(text) {
        None => Some(Value::Object(Map::new())),
        Some(range) => {
            let value = Node::read(&text[range.clone()], range.start).ok()?.value();
            Some(if value.is_null() {
                Value::Object(Map::new())
            } else {
                value
            })
        }
    }
}

/// The document that Helm reads: the first one.
fn document(text: &str) -> Option<Range<usize>> {
    yaml::documents(text).into_iter().next()
}

/// The text of a values file with these edits: its comments and its order stay. Nothing where it is written in a way that
/// cannot be edited without changing something else.
#[must_use]
pub fn edited(text: &str, edits: &Edits) -> Option<String> {
    let mut new = read(text)?;
    for (path, content) in edits {
        put(&mut new, path, content.clone());
    }
    let Some(range) = document(text) else {
        let mut start = text.to_owned();
        if !start.is_empty() && !start.ends_with('\n') {
            start.push('\n');
        }
        return Some(start + &yaml_of(&new));
    };
    let old = &text[range.clone()];
    let edited = fix::rewritten(old, &new)
        .or_else(|| fix::with_members(old, edits.iter(), &new))
        .or_else(|| appended(old, edits, &new))?;
    Some([&text[..range.start], &edited, &text[range.end..]].concat())
}

/// The document with new keys at its end, where none of the edits is about one that it has already.
fn appended(document: &str, edits: &Edits, expected: &Value) -> Option<String> {
    let mut added = Value::Object(Map::new());
    for (path, content) in edits {
        put(&mut added, path, content.clone());
    }
    let end = if document.ends_with('\n') { "" } else { "\n" };
    let text = [document, end, &yaml_of(&added)].concat();
    let node = Node::read(&text, 0).ok()?;
    (node.repeated().is_empty() && node.value() == *expected).then_some(text)
}

/// The values as YAML.
#[must_use]
pub fn yaml_of(values: &Value) -> String {
    let text = fix::rewritten("x: 1\n", &serde_json::json!({"x": values.clone()}));
    let text = text.unwrap_or_default();
    // What stands below the key `x`, without its indentation.
    let lines = text.lines().skip(1);
    let line = |line: &str| format!("{}\n", line.strip_prefix("  ").unwrap_or(line));
    lines.map(line).collect()
}

/// The bytes of the key at a path, or of the innermost one around it that the file has; where it has none, of the end, where
/// the key would stand.
#[must_use]
pub fn place(input: &Input, path: &[String]) -> Range<usize> {
    place_in(input, document(&input.text), path)
}

/// The same in this document.
#[must_use]
pub fn place_in(input: &Input, document: Option<Range<usize>>, path: &[String]) -> Range<usize> {
    let end = input.text.trim_end().len();
    let nowhere = end..end;
    let Some(range) = document else {
        return nowhere;
    };
    let Ok(root) = Node::read(&input.text[range.clone()], range.start) else {
        return nowhere;
    };
    let mut found = nowhere;
    for depth in 1..=path.len() {
        let parent = root.at(&path[..depth - 1]);
        let Some(key) = parent.and_then(|parent| parent.key_of(&path[depth - 1])) else {
            break;
        };
        found = key;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn path(text: &str) -> Path {
        text.split('/').map(str::to_owned).collect()
    }

    #[rstest]
    #[case("a/b", json!({"a": {}}), "a.b")]
    #[case("a/0/b", json!({"a": [{}]}), "a[0].b")]
    #[case("a/0", json!({"a": {}}), "a.0")]
    #[case("labels/example.com/x", json!({}), "labels.example\\.com.x")]
    fn a_path_is_shown_as_set_has_it(#[case] of: &str, #[case] values: Value, #[case] shown: &str) {
        assert_eq!(super::shown(&path(of), &values), shown);
    }

    #[rstest]
    #[case(json!({}), "a/b", json!({"a": {"b": 1}}))]
    #[case(json!({"a": null}), "a/b", json!({"a": {"b": 1}}))]
    #[case(json!({"a": {"c": 2}}), "a/b", json!({"a": {"b": 1, "c": 2}}))]
    #[case(json!({"a": [{"c": 2}]}), "a/0/b", json!({"a": [{"b": 1, "c": 2}]}))]
    fn what_is_missing_around_a_value_is_made(
        #[case] mut values: Value,
        #[case] at: &str,
        #[case] expected: Value,
    ) {
        assert!(has_room(&values, &path(at)));
        put(&mut values, &path(at), 1.into());
        assert_eq!(values, expected);
    }

    #[rstest]
    #[case(json!({"a": "text"}), "a/b")]
    #[case(json!({"a": []}), "a/0/b")]
    #[case(json!({"a": false}), "a/b")]
    fn there_is_no_room_in_what_is_no_mapping(#[case] values: Value, #[case] at: &str) {
        assert!(!has_room(&values, &path(at)));
    }

    #[test]
    fn the_edit_of_an_item_is_one_of_the_list() {
        let values = json!({"a": {"b": [{"c": 1}, {"d": 2}]}});
        let lifted = lifted(&values, &path("a/b/1/e"), 3.into());
        assert_eq!(lifted, (path("a/b"), json!([{"c": 1}, {"d": 2, "e": 3}])));
    }

    #[rstest]
    #[case("", "x:\n  y: 1\n")]
    #[case("# c\n", "# c\nx:\n  y: 1\n")]
    #[case("a: 1 # c\n", "a: 1 # c\nx:\n  y: 1\n")]
    #[case("x: # c\n  z: 2\n", "x: # c\n  z: 2\n  y: 1\n")]
    #[case("x: {z: 2}\n---\nx: other\n", "x: {z: 2, y: 1}\n---\nx: other\n")]
    fn comments_and_order_stay(#[case] text: &str, #[case] expected: &str) {
        let edits = Edits::from([(path("x/y"), 1.into())]);
        assert_eq!(edited(text, &edits).as_deref(), Some(expected));
    }

    #[rstest]
    #[case::an_alias("z: &l [a]\nx:\n  y: *l # c\n", json!(["b", "a"]))]
    #[case::of_a_mapping("z: &l {a: b}\nx:\n  y: *l\n", json!({"a": "c"}))]
    #[case::an_anchor("x:\n  y: &l [a]\nz: *l\n", json!(["b", "a"]))]
    fn what_an_alias_shares_stays(#[case] text: &str, #[case] content: Value) {
        let edits = Edits::from([(path("x/y"), content.clone())]);
        let Some(new) = edited(text, &edits) else {
            // The anchor would go with its list.
            assert!(text.starts_with("x:\n  y: &l"), "{text}");
            return;
        };
        let (old, new) = (read(text).expect("values"), read(&new).expect("values"));
        assert_eq!((&new["x"]["y"], &new["z"]), (&content, &old["z"]));
    }

    #[rstest]
    #[case("x/y", "z: 1\nx:\n  y: 2\n", "y")]
    #[case("x/w", "z: 1\nx:\n  y: 2\n", "x")]
    #[case("v/w", "z: 1\nx:\n  y: 2\n", "")]
    #[case("v", "", "")]
    fn the_innermost_key_that_stands_there_is_shown(
        #[case] at: &str,
        #[case] text: &str,
        #[case] key: &str,
    ) {
        let input = Input::new(None, text.to_owned());
        assert_eq!(&text[place(&input, &path(at))], key);
    }
}
