//! The report as workflow commands of GitHub Actions ("Workflow commands for GitHub Actions" in
//! GitHub's documentation): one line per finding, which GitHub shows beside the line of the file.

use std::io::{Result, Write};

use super::{Report, subject, told};

pub(super) fn write(report: &Report<'_>, out: &mut impl Write) -> Result<()> {
    for outcome in report.outcomes {
        for finding in &outcome.findings {
            let (start, end) = report.places(outcome, finding);
            let command = if finding.kind.is_warning() {
                "warning"
            } else {
                "error"
            };
            let title = subject(outcome, finding);
            write!(
                out,
                "::{command} file={},line={},endLine={},col={}",
                property(&report.input(outcome).name()),
                start.line,
                end.line,
                start.column,
            )?;
            if !title.is_empty() {
                write!(out, ",title={}", property(&title))?;
            }
            writeln!(out, "::{}", data(&told(finding)))?;
        }
    }
    Ok(())
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
