//! A filter: payloads in, one JSON line each, and the policy's answers out, line for line.
//!
//! ```text
//! verdicts policy.wasm < payloads.jsonl > answers.jsonl
//! ```
//!
//! The differential test against Prometheus' own code runs the policy through it.

use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::{Context, Result};
use env_isolation_check::engine::Policy;
use serde_json::Value;

fn main() -> Result<()> {
    let path = std::env::args()
        .nth(1)
        .context("usage: verdicts POLICY.wasm")?;
    let policy = Policy::load(Path::new(&path))?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer: Value = policy.call("validate", line?.as_bytes())?;
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
