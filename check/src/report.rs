//! The outcome as a table that people read.

use std::io::{Result, Write};
use std::time::Duration;

use prometheus_env_isolation_policy::settings::{Membership, Settings};

use crate::engine::Answer;

/// An object and its verdict.
#[derive(Debug)]
pub struct Line {
    /// The kind of the object.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What the policy answered.
    pub answer: Answer,
    /// How long it took.
    pub time: Duration,
}

/// Prints the lines under a title, each rejection's message below it.
///
/// # Errors
///
/// If nothing can be written.
pub fn table(title: &str, lines: &[Line], settings: &Settings, out: &mut impl Write) -> Result<()> {
    let rows: Vec<[String; 3]> = lines.iter().map(|line| row(line, settings)).collect();
    let header = ["OBJECT", "ENVIRONMENT", "VERDICT"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows
            .iter()
            .chain([&header])
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    writeln!(out, "{title}\n")?;
    for (index, row) in [&header].into_iter().chain(&rows).enumerate() {
        let [object, environment, verdict] = row;
        writeln!(out, "  {object:first$}  {environment:second$}  {verdict}")?;
        let Some(line) = index.checked_sub(1).map(|index| &lines[index]) else {
            continue;
        };
        for text in line.answer.message.iter().chain(&line.answer.warnings) {
            writeln!(out)?;
            for line in text.lines() {
                let line = format!("      {line}");
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        if line.answer.message.is_some() || !line.answer.warnings.is_empty() {
            writeln!(out)?;
        }
    }
    writeln!(out)
}

fn row(line: &Line, settings: &Settings) -> [String; 3] {
    let environment = match settings.environment_of(&line.namespace) {
        Membership::Of(environment) => environment.name.clone(),
        Membership::Shared => "(shared)".to_owned(),
        Membership::None => "(none)".to_owned(),
    };
    let verdict = match (line.answer.accepted, line.answer.warnings.is_empty()) {
        (true, true) => "accepted",
        (true, false) => "accepted, with a warning",
        (false, _) => "REJECTED",
    };
    let object = format!("{} {}/{}", line.kind, line.namespace, line.name);
    [object, environment, verdict.to_owned()]
}

/// Prints how many objects were accepted and rejected, and the median time of an evaluation.
///
/// # Errors
///
/// If nothing can be written.
pub fn summary(lines: &[Line], out: &mut impl Write) -> Result<()> {
    let rejected = lines.iter().filter(|line| !line.answer.accepted).count();
    let mut times: Vec<Duration> = lines.iter().map(|line| line.time).collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    writeln!(
        out,
        "{} objects: {} accepted, {rejected} rejected; {:.2} ms per evaluation (median, each in a \
         fresh instance)",
        lines.len(),
        lines.len() - rejected,
        median.as_secs_f64() * 1000.0
    )
}
