//! The policy's WebAssembly module in the engine that policy-server uses (wasmtime, through waPC).
//!
//! The module is compiled once. Each evaluation gets a fresh instance, as in policy-server.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde_json::{Value, json};
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

/// A compiled policy.
#[expect(missing_debug_implementations, reason = "the engine has none")]
pub struct Policy {
    module: WasmtimeEngineProviderPre,
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

/// What the policy says of its settings.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct SettingsAnswer {
    /// Whether they are valid.
    pub valid: bool,
    /// Why not.
    pub message: Option<String>,
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
    /// What mends it: a JSON Patch.
    pub fix: Option<Value>,
}

impl Answer {
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

impl Policy {
    /// Compiles a module.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no WebAssembly module.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| {
            format!(
                "cannot read {}; `make policy.wasm` makes it",
                path.display()
            )
        })?;
        let module = WasmtimeEngineProviderBuilder::new()
            .module_bytes(&bytes)
            .build_pre()
            .map_err(|error| anyhow!("{}: {error}", path.display()))?;
        Ok(Self { module })
    }

    /// Evaluates a request under these settings.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else than a verdict.
    pub fn evaluate(&self, request: &Value, settings: &Value) -> Result<Answer> {
        let payload = json!({"request": request, "settings": settings}).to_string();
        self.call("validate", payload.as_bytes())
    }

    /// Validates settings.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else than a verdict.
    pub fn validate_settings(&self, settings: &Value) -> Result<SettingsAnswer> {
        self.call("validate_settings", settings.to_string().as_bytes())
    }

    /// Calls a function of the policy with any payload.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else.
    pub fn call<T: for<'de> Deserialize<'de>>(&self, function: &str, payload: &[u8]) -> Result<T> {
        let instance = self.module.rehydrate(None)?;
        let host = WapcHost::new(Box::new(instance), None)?;
        let answer = host.call(function, payload)?;
        serde_json::from_slice(&answer)
            .with_context(|| format!("the policy's answer to {function}"))
    }
}
