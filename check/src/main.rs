//! `env-isolation-check`: manifests in, verdicts out.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;
use env_isolation_check::engine::Policy;
use env_isolation_check::manifest;
use env_isolation_check::report::{Line, summary, table};
use prometheus_env_isolation_policy::settings::Settings;
use serde_json::Value;

/// Gives the verdicts of the prometheus-env-isolation-policy over manifests, as the cluster would.
///
/// Exits with 0 if all objects are accepted, 1 if one is rejected, 2 if something cannot be read.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The policy to evaluate.
    #[arg(long, value_name = "FILE", default_value = "policy.wasm")]
    policy: PathBuf,
    /// The policy's settings, in YAML or JSON; the defaults unless given.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The namespace of objects that name none.
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Manifests: files, folders, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("env-isolation-check: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let settings = match &arguments.settings {
        Some(path) => serde_saphyr::from_str(&read(path)?)
            .with_context(|| format!("{} is not YAML", path.display()))?,
        None => Value::Null,
    };
    progress("compiling the policy …");
    let policy = Policy::load(&arguments.policy)?;
    let answer = policy.validate_settings(&settings)?;
    if !answer.valid {
        bail!(
            "the settings are not valid: {}",
            answer.message.unwrap_or_default()
        );
    }
    let text = settings.to_string();
    let known = Settings::read(Some(serde_json::from_str(&text)?)).map_err(anyhow::Error::msg)?;
    let mut out = std::io::stdout().lock();
    let mut all = Vec::new();
    for path in &arguments.paths {
        let mut lines = Vec::new();
        for file in manifest::files(path)? {
            progress(&format!("judging {} …", file.display()));
            let text = read(&file)?;
            let objects = manifest::objects(&text)
                .with_context(|| format!("{} is not YAML", file.display()))?;
            for object in objects {
                let request = manifest::request(&object, arguments.namespace.as_deref())
                    .with_context(|| file.display().to_string())?;
                if let Some(request) = request {
                    lines.push(line(&policy, &request, &settings)?);
                }
            }
        }
        progress("");
        table(&path.display().to_string(), &lines, &known, &mut out)?;
        all.extend(lines);
    }
    summary(&all, &mut out)?;
    Ok(all.iter().all(|line| line.answer.accepted))
}

fn line(policy: &Policy, request: &Value, settings: &Value) -> Result<Line> {
    let start = Instant::now();
    let answer = policy.evaluate(request, settings)?;
    let time = start.elapsed();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Line {
        kind: text(&request["kind"]["kind"]),
        namespace: text(&request["namespace"]),
        name: text(&request["name"]),
        answer,
        time,
    })
}

fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Says what is being done, on a terminal, in a line that the next one replaces.
fn progress(what: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _ = write!(err, "\r\x1b[K{what}");
        let _ = err.flush();
    }
}
