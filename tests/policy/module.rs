//! A policy's WebAssembly module in the engine that policy-server uses (wasmtime, through waPC).
//!
//! The module is compiled once. Each evaluation gets a fresh instance, as in policy-server. The
//! tests, the benchmark and the example `verdicts` share this.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

/// A compiled module.
pub(crate) struct Module(WasmtimeEngineProviderPre);

/// A fresh instance of a module.
pub(crate) struct Instance(WapcHost);

impl Module {
    /// Compiles the module of a file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let bytes = std::fs::read(path).with_context(name)?;
        let module = WasmtimeEngineProviderBuilder::new()
            .module_bytes(&bytes)
            .build_pre()
            .map_err(|error| anyhow!("no policy: {error}"))
            .with_context(name)?;
        Ok(Self(module))
    }

    /// Makes an instance.
    pub(crate) fn instance(&self) -> Result<Instance> {
        let instance = self.0.rehydrate(None)?;
        Ok(Instance(WapcHost::new(Box::new(instance), None)?))
    }
}

impl Instance {
    /// Calls a function with this payload.
    pub(crate) fn call(&self, function: &str, payload: &[u8]) -> Result<Vec<u8>> {
        Ok(self.0.call(function, payload)?)
    }
}
