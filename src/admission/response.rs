//! What the policy answers: the verdict as text for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::prove::leak::Witness;
use crate::rule::verdict::{Fix, Verdict, Violation, cut};

use super::fix::Operation;

/// How many violations are told in full.
const TOLD_IN_FULL: usize = 20;

/// The longest warning that the API server passes on untouched, in bytes
/// (`AdmissionResponse.warnings` in Kubernetes' `admission.k8s.io/v1`).
const MAX_WARNING: usize = 256;

/// The longest message of a violation, in bytes.
const MAX_MESSAGE: usize = 4096;

/// The most that the fixes of an object have to say, in bytes before anything is escaped.
const MAX_FIXES: usize = 128 * 1024;

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
