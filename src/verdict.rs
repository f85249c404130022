//! What the policy answers: violations, their text for people and for machines, and the response.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

/// How many violations are told in full.
const TOLD_IN_FULL: usize = 20;

/// The longest warning that the API server passes on untouched, in bytes
/// (`AdmissionResponse.warnings` in Kubernetes' `admission.k8s.io/v1`).
const MAX_WARNING: usize = 256;

/// The longest message of a violation, in bytes.
const MAX_MESSAGE: usize = 4096;

/// The most that the fixes of an object have to say, in bytes before anything is escaped.
const MAX_FIXES: usize = 128 * 1024;

/// Something that keeps an object out.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The rule that is violated.
    pub rule: &'static str,
    /// The path of the field.
    pub field: String,
    /// What is wrong, in one sentence without its full stop.
    pub message: String,
    /// A namespace that leaks, where one can be named.
    pub witness: Option<Witness>,
    /// What mends it, where no person has to decide.
    pub fix: Option<Fix>,
}

/// A namespace that leaks, and an example of how: labels and their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The namespace.
    pub namespace: String,
    /// Labels that service discovery gives a target.
    pub target: Vec<(String, String)>,
    /// Labels that the exporter exposes; an empty one is exposed empty.
    pub exposed: Vec<(String, String)>,
}

impl Witness {
    /// Whether it comes through whatever the labels are.
    fn is_bare(&self) -> bool {
        self.target.is_empty() && self.exposed.is_empty()
    }
}

/// A field and its whole new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Where the field is, as the segments of a JSON Pointer (RFC 6901).
    pub pointer: Vec<String>,
    /// Its new value.
    pub value: Value,
    /// How many of the last segments do not exist yet, beyond the field itself.
    pub missing: usize,
}

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

/// The answer about an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What keeps it out.
    pub violations: Vec<Violation>,
    /// What its author should know, even if it comes in.
    pub warnings: Vec<String>,
    /// What the proofs cost, in the unit of [`crate::language::budget::BUDGET`].
    pub spent: u64,
}

/// What a policy returns (`ValidationResponse` in kubewarden-policy-sdk, without its randomly
/// seeded map).
#[derive(Debug, Serialize)]
pub struct Response {
    /// Whether the object comes in.
    pub accepted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_annotations: Option<BTreeMap<&'static str, String>>,
    /// What its author should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the proofs cost, in the unit of [`crate::language::budget::BUDGET`]: for tests and
    /// benchmarks, no part of the answer.
    #[serde(skip)]
    pub spent: u64,
}

impl Response {
    /// The request is accepted without a word.
    #[must_use]
    pub const fn accepted() -> Self {
        Self {
            accepted: true,
            message: None,
            audit_annotations: None,
            warnings: Vec::new(),
            spent: 0,
        }
    }

    /// The request is rejected because it cannot be understood.
    #[must_use]
    pub const fn rejected(message: String) -> Self {
        Self {
            accepted: false,
            message: Some(message),
            audit_annotations: None,
            warnings: Vec::new(),
            spent: 0,
        }
    }
}

impl Verdict {
    /// The response for an object that messages call `subject`.
    #[must_use]
    pub fn response(mut self, subject: &str) -> Response {
        self.bound();
        let accepted = self.violations.is_empty();
        Response {
            accepted,
            message: (!accepted).then(|| self.message(subject)),
            audit_annotations: (!accepted)
                .then(|| BTreeMap::from([("violations", self.annotation())])),
            warnings: told(self.warnings),
            spent: self.spent,
        }
    }

    /// Cuts what is too long to be told: what somebody wrote may be long, and stand in many places.
    fn bound(&mut self) {
        let mut left = MAX_FIXES;
        for violation in &mut self.violations {
            let message = std::mem::take(&mut violation.message);
            violation.message = cut(message, MAX_MESSAGE);
            let field = std::mem::take(&mut violation.field);
            violation.field = cut(field, MAX_MESSAGE);
            let size = violation.fix.as_ref().map_or(0, |fix| size(&fix.value));
            if size <= left {
                left -= size;
            } else {
                violation.fix = None;
            }
            violation.witness = violation.witness.take().map(|witness| Witness {
                target: bounded(witness.target),
                exposed: bounded(witness.exposed),
                ..witness
            });
        }
    }

    fn message(&self, subject: &str) -> String {
        let count = self.violations.len();
        let noun = if count == 1 {
            "violation"
        } else {
            "violations"
        };
        let mut message = format!("{subject}: {count} {noun} of environment isolation");
        for (index, violation) in self.violations.iter().take(TOLD_IN_FULL).enumerate() {
            let _ = write!(
                message,
                "\n\n{}. {}: {}.",
                index + 1,
                violation.field,
                violation.message
            );
            if let Some(fix) = &violation.fix {
                message.push_str("\n   Fix:");
                for line in fix.yaml().lines() {
                    let _ = write!(message, "\n     {line}");
                }
            }
        }
        if count > TOLD_IN_FULL {
            let _ = write!(message, "\n\n… and {} more", count - TOLD_IN_FULL);
        }
        message
    }

    fn annotation(&self) -> String {
        let told: Vec<Told<'_>> = self.violations.iter().map(Told::of).collect();
        // What it is made of is always JSON.
        serde_json::to_string(&told).unwrap_or_default()
    }
}

/// The warnings as the API server passes them on; of many, some and a count.
fn told(mut warnings: Vec<String>) -> Vec<String> {
    let more = warnings.len().saturating_sub(TOLD_IN_FULL);
    warnings.truncate(TOLD_IN_FULL);
    let more = (more > 0).then(|| format!("… and {more} more warnings"));
    warnings.into_iter().chain(more).map(shortened).collect()
}

/// A violation, as machines are told of it.
#[derive(Serialize)]
struct Told<'a> {
    rule: &'static str,
    field: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Example<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<[Operation<'a>; 1]>,
}

#[derive(Serialize)]
struct Example<'a> {
    target: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    exposed: BTreeMap<&'a str, &'a str>,
}

impl<'a> Told<'a> {
    fn of(violation: &'a Violation) -> Self {
        let labels = |labels: &'a [(String, String)]| {
            let label = |(name, value): &'a (String, String)| (name.as_str(), value.as_str());
            labels.iter().map(label).collect()
        };
        let witness = violation.witness.as_ref();
        Self {
            rule: violation.rule,
            field: &violation.field,
            message: &violation.message,
            witness: witness.map(|witness| witness.namespace.as_str()),
            example: witness
                .filter(|witness| !witness.is_bare())
                .map(|witness| Example {
                    target: labels(&witness.target),
                    exposed: labels(&witness.exposed),
                }),
            fix: violation.fix.as_ref().map(Fix::patch),
        }
    }
}

fn shortened(warning: String) -> String {
    cut(warning, MAX_WARNING)
}

/// How much of what somebody wrote is told in a message, in bytes.
const EXCERPT: usize = 256;

/// As much of a text as is told in a message.
pub(crate) fn excerpt(text: &str) -> String {
    cut(text.to_owned(), EXCERPT)
}

/// The text, or as much of it as fits into so many bytes.
fn cut(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut end = most - "…".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// How long a value is, about, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 8 + size(item)).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, it)| 8 + key.len() + size(it))
            .sum(),
        Value::String(text) => text.len(),
        _ => 8,
    }
}

/// The labels of an example, as long as they are short enough to be told.
fn bounded(labels: Vec<(String, String)>) -> Vec<(String, String)> {
    let labels = labels.into_iter();
    labels
        .map(|(name, value)| (name, cut(value, MAX_MESSAGE)))
        .collect()
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

    #[test]
    fn many_violations_are_counted() {
        let violation = |index: usize| Violation {
            rule: "release-label",
            field: format!("field{index}"),
            message: "is wrong".to_owned(),
            witness: None,
            fix: None,
        };
        let verdict = Verdict {
            violations: (1..=23).map(violation).collect(),
            ..Verdict::default()
        };
        let message = verdict.message("ServiceMonitor a/b");
        assert!(message.starts_with("ServiceMonitor a/b: 23 violations of environment isolation"));
        assert!(message.contains("\n\n20. field20: is wrong."));
        assert!(!message.contains("field21"));
        assert!(message.ends_with("… and 3 more"));
    }

    #[test]
    fn a_warning_fits_the_api_servers_limit() {
        let warning = shortened("é".repeat(200));
        assert!(warning.len() <= MAX_WARNING && warning.ends_with('…'));
    }
}
