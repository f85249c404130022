//! The report as workflow commands of GitHub Actions ("Workflow commands for GitHub Actions" in
//! GitHub's documentation): one line per finding, which GitHub shows beside the line of the file.

use std::io::{Result, Write};

use crate::judge::Level;

use super::{Counts, Form, Part, subject, template_file, told, value_file};

/// The form.
pub(super) struct Github;

impl Form for Github {
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()> {
        for (outcome, finding) in part.findings() {
            if finding.kind.is_harmless() {
                continue;
            }
            let command = match finding.kind.level() {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note => "notice",
            };
            let mut properties = Vec::new();
            // What comes from a pipe has no line in the repository; it is shown with the run.
            if let Some((value, file)) = value_file(finding) {
                let place = file.place(value.range.start);
                let (line, column) = (place.line, place.column);
                properties.push(format!(
                    "file={},line={line},col={column}",
                    property(&file.name())
                ));
            } else if part.input(outcome).path.is_some() {
                let (start, end) = part.places(outcome, finding);
                properties.push(format!(
                    "file={},line={},endLine={},col={}",
                    property(&part.input(outcome).name()),
                    start.line,
                    end.line,
                    start.column,
                ));
            } else if let Some(file) = template_file(part, outcome) {
                properties.push(format!("file={}", property(&file.display().to_string())));
            }
            let title = match (&outcome.template, &part.input(outcome).path) {
                (Some(template), None) => format!("{template}: {}", subject(outcome, finding)),
                _ => subject(outcome, finding),
            };
            if !title.is_empty() {
                properties.push(format!("title={}", property(&title)));
            }
            let properties = properties.join(",");
            writeln!(out, "::{command} {properties}::{}", data(&told(finding)))?;
        }
        Ok(())
    }

    fn end(&mut self, _: Counts, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

/// Text as the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
