//! A filter: payloads in, one JSON line each, and the policy's answers out, line for line.
//!
//! ```text
//! verdicts policy.wasm < payloads.jsonl > answers.jsonl
//! ```
//!
//! The differential test against Prometheus' own code runs the policy through it.

#[path = "../policy/module.rs"]
mod module;

use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::{Context, Result};

use module::Module;

fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .context("usage: verdicts POLICY.wasm")?;
    let policy = Module::load(Path::new(&path))?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let mut answer = policy.instance()?.call("validate", line?.as_bytes())?;
        answer.push(b'\n');
        out.write_all(&answer)?;
        out.flush()?;
    }
    Ok(())
}
