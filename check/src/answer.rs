//! What the policy answers to a request. It is asked natively, as the library that its module is
//! made of; the module's own answers have the same form.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use prometheus_env_isolation_policy::admission;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the policy server passes.
#[derive(Serialize)]
struct Payload<'a> {
    request: &'a Value,
    settings: &'a Value,
}

/// What the policy server passes to the policy, in JSON.
#[must_use]
pub fn payload(request: &Value, settings: &Value) -> Vec<u8> {
    let payload = Payload { request, settings };
    // JSON values are always written as JSON.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// What the policy answers to a request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Answer {
    /// Whether the object comes in.
    pub accepted: bool,
    /// Why not.
    pub message: Option<String>,
    /// The same for machines.
    pub audit_annotations: BTreeMap<String, String>,
    /// What the author should know.
    pub warnings: Vec<String>,
}

/// A violation, as the annotation `violations` has it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Violation {
    /// The rule that is violated.
    pub rule: String,
    /// The path of the field.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// A namespace that leaks.
    pub witness: Option<String>,
    /// The labels of a target, and those that its exporter exposes, with which it comes through.
    pub example: Option<Value>,
    /// What mends it: a JSON Patch.
    pub fix: Option<Value>,
}

impl Answer {
    /// The answer to a request under these settings.
    #[must_use]
    pub fn to(request: &Value, settings: &Value) -> Self {
        let response = admission::validate(&payload(request, settings));
        let annotations = response.audit_annotations.into_iter().flatten();
        Self {
            accepted: response.accepted,
            message: response.message,
            audit_annotations: annotations
                .map(|(key, text)| (key.to_owned(), text))
                .collect(),
            warnings: response.warnings,
        }
    }

    /// The violations; none where the request itself could not be read.
    ///
    /// # Errors
    ///
    /// If the annotation is not what the policy writes.
    pub fn violations(&self) -> Result<Vec<Violation>> {
        match self.audit_annotations.get("violations") {
            Some(text) => serde_json::from_str(text).context("the annotation `violations`"),
            None => Ok(Vec::new()),
        }
    }
}
