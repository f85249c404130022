//! The policy's WebAssembly module in the engine that policy-server uses (wasmtime, through waPC).
//!
//! The module is compiled once. Each evaluation gets a fresh instance, as in policy-server.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

/// The module that was there when this was built; empty if none was.
const EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));

/// What the policy server passes.
#[derive(Serialize)]
struct Payload<'a> {
    request: &'a Value,
    settings: &'a Value,
}

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
    /// The labels of a target, and those that its exporter exposes, with which it comes through.
    pub example: Option<Value>,
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
    /// Compiles the module of a file.
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
        Self::compile(&bytes).with_context(|| path.display().to_string())
    }

    /// Compiles the module that was there when this was built.
    ///
    /// # Errors
    ///
    /// If there was none.
    pub fn embedded() -> Result<Self> {
        if EMBEDDED.is_empty() {
            bail!("this program was built without the policy in it; give one with --policy FILE");
        }
        Self::compile(EMBEDDED)
    }

    fn compile(bytes: &[u8]) -> Result<Self> {
        let module = WasmtimeEngineProviderBuilder::new()
            .module_bytes(bytes)
            .build_pre()
            .map_err(|error| anyhow!("no policy: {error}"))?;
        Ok(Self { module })
    }

    /// Evaluates a request under these settings.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else than a verdict.
    pub fn evaluate(&self, request: &Value, settings: &Value) -> Result<Answer> {
        self.call("validate", &payload(request, settings)?)
    }

    /// Validates settings.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else than a verdict.
    pub fn validate_settings(&self, settings: &Value) -> Result<SettingsAnswer> {
        self.call("validate_settings", settings.to_string().as_bytes())
    }

    /// Calls a function of the policy with any payload, in a fresh instance.
    ///
    /// # Errors
    ///
    /// If the module traps or answers something else.
    pub fn call<T: for<'de> Deserialize<'de>>(&self, function: &str, payload: &[u8]) -> Result<T> {
        let answer = self.instance()?.call(function, payload)?;
        serde_json::from_slice(&answer)
            .with_context(|| format!("the policy's answer to {function}"))
    }

    /// A fresh instance of the module.
    ///
    /// # Errors
    ///
    /// If the module cannot be instantiated.
    pub fn instance(&self) -> Result<Instance> {
        let instance = self.module.rehydrate(None)?;
        Ok(Instance(WapcHost::new(Box::new(instance), None)?))
    }
}

/// An instance of a policy's module.
#[expect(missing_debug_implementations, reason = "the engine has none")]
pub struct Instance(WapcHost);

impl Instance {
    /// Calls a function with this payload.
    ///
    /// # Errors
    ///
    /// If the module traps, or has no such function.
    pub fn call(&self, function: &str, payload: &[u8]) -> Result<Vec<u8>> {
        Ok(self.0.call(function, payload)?)
    }
}

/// What the policy server passes to the function `validate`.
///
/// # Errors
///
/// Never, in practice: JSON values are written as JSON.
pub fn payload(request: &Value, settings: &Value) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Payload { request, settings })?)
}
