//! A fix for machines, as a JSON Patch, and for people, as YAML.

use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::rule::verdict::Fix;

impl Fix {
    /// The fix as a JSON Patch (RFC 6902): one operation.
    #[must_use]
    pub fn patch(&self) -> [Operation<'_>; 1] {
        let (there, missing) = self.pointer.split_at(self.pointer.len() - self.missing);
        let mut path = String::new();
        for segment in there {
            path.push('/');
            path.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        }
        let value = Nested {
            missing,
            value: &self.value,
        };
        [Operation {
            op: "add",
            path,
            value,
        }]
    }

    /// The fix as YAML: the field and its new value.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut yaml = String::new();
        if let Some(name) = self.pointer.last() {
            push_text(name, &mut yaml);
            yaml.push(':');
            write_nested(&self.value, 2, &mut yaml);
        }
        yaml
    }
}

/// An operation of a JSON Patch.
#[derive(Debug, Serialize)]
pub struct Operation<'a> {
    op: &'static str,
    path: String,
    value: Nested<'a>,
}

/// A value inside of the objects that do not exist yet.
#[derive(Debug)]
struct Nested<'a> {
    missing: &'a [String],
    value: &'a Value,
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((key, missing)) = self.missing.split_first() else {
            return self.value.serialize(serializer);
        };
        let value = self.value;
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry(key, &Nested { missing, value })?;
        object.end()
    }
}

/// Block YAML of objects, lists and scalars, each line with its end.
fn write_yaml(value: &Value, indent: usize, yaml: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    push_indent(indent, yaml);
                }
                push_text(key, yaml);
                yaml.push(':');
                write_nested(value, indent + 2, yaml);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    push_indent(indent, yaml);
                }
                yaml.push_str("- ");
                write_yaml(item, indent + 2, yaml);
            }
        }
        Value::String(text) => {
            push_text(text, yaml);
            yaml.push('\n');
        }
        // What is left is written in YAML as it is in JSON.
        other => {
            let _ = writeln!(yaml, "{other}");
        }
    }
}

fn write_nested(value: &Value, indent: usize, yaml: &mut String) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        yaml.push('\n');
        push_indent(indent, yaml);
    } else {
        yaml.push(' ');
    }
    write_yaml(value, indent, yaml);
}

fn push_indent(indent: usize, yaml: &mut String) {
    yaml.extend(std::iter::repeat_n(' ', indent));
}

/// Text as a YAML scalar that every version of YAML reads as that text.
fn push_text(text: &str, yaml: &mut String) {
    const RESERVED: [&str; 12] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "e",
    ];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        yaml.push_str(text);
    } else if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        let _ = write!(yaml, "'{}'", text.replace('\'', "''"));
    } else {
        yaml.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => yaml.extend(['\\', character]),
                ' '..='~' => yaml.push(character),
                _ => {
                    let _ = write!(yaml, "\\U{:08X}", u32::from(character));
                }
            }
        }
        yaml.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[test]
    fn a_list_of_rules_is_block_yaml() {
        let fix = Fix {
            pointer: ["spec", "endpoints", "0", "metricRelabelings"]
                .map(str::to_owned)
                .to_vec(),
            value: json!([
                {"action": "keep", "regex": "dev|.*-dev", "sourceLabels": ["namespace"]},
                {"action": "labeldrop", "regex": "", "sourceLabels": []},
            ]),
            missing: 0,
        };
        let yaml = "metricRelabelings:\n  - action: keep\n    regex: 'dev|.*-dev'\n    \
                    sourceLabels:\n      - namespace\n  - action: labeldrop\n    regex: ''\n    \
                    sourceLabels: []\n";
        assert_eq!(fix.yaml(), yaml);
    }

    #[rstest]
    #[case("monitoring-dev")]
    #[case("it's")]
    #[case("yes")]
    #[case("0x10")]
    #[case("1e3")]
    #[case(".5")]
    #[case("~")]
    #[case("- a")]
    #[case("a: b")]
    #[case("a #b")]
    #[case("")]
    #[case("line\nbreak\t\"é\u{7f}")]
    #[case("null")]
    fn a_text_stays_that_text(#[case] text: &str) {
        let mut yaml = String::new();
        write_yaml(&json!({ "key": text }), 0, &mut yaml);
        let read: Value = serde_saphyr::from_str(&yaml).expect("valid YAML");
        assert_eq!(read, json!({ "key": text }));
    }

    #[test]
    fn a_patch_makes_the_objects_that_are_missing() {
        let fix = Fix {
            pointer: ["metadata", "labels", "a/b~c"].map(str::to_owned).to_vec(),
            value: json!("x"),
            missing: 1,
        };
        let expected = json!([{"op": "add", "path": "/metadata/labels", "value": {"a/b~c": "x"}}]);
        assert_eq!(json!(fix.patch()), expected);
    }
}
