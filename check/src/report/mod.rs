//! What is reported of a run, in the format that is asked for.

mod github;
mod json;
mod sarif;
mod text;

use std::io::{Result, Write};

use prometheus_env_isolation_policy::rule::verdict::Fix;
use prometheus_env_isolation_policy::settings::Settings;

use crate::input::{Input, Place};
use crate::judge::{Finding, FindingKind, Outcome, Verdict};

pub use text::Style;

/// A run: what was read, and what became of it.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was read.
    pub inputs: &'a [Input],
    /// What became of each object, in order.
    pub outcomes: &'a [Outcome],
    /// The settings that were judged with.
    pub settings: &'a Settings,
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Excerpts of the manifests, for people.
    Text(Style),
    /// One JSON object.
    Json,
    /// SARIF 2.1.0 (OASIS), which code scanners show.
    Sarif,
    /// Workflow commands, which GitHub Actions shows beside the changed lines.
    Github,
}

/// How many of each there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects that the policy was asked about.
    pub objects: usize,
    /// Those of them that were rejected.
    pub rejected: usize,
    /// Violations, and refusals to read an object.
    pub violations: usize,
    /// Violations that have a fix.
    pub fixable: usize,
    /// Warnings.
    pub warnings: usize,
    /// Files, documents and objects that cannot be read.
    pub unreadable: usize,
}

impl Report<'_> {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    pub fn write(&self, format: Format, out: &mut impl Write) -> Result<()> {
        match format {
            Format::Text(style) => text::write(self, style, out),
            Format::Json => json::write(self, out),
            Format::Sarif => sarif::write(self, out),
            Format::Github => github::write(self, out),
        }
    }

    /// How many of each there were.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in self.outcomes {
            match outcome.verdict {
                Verdict::Accepted => {}
                Verdict::Rejected => counts.rejected += 1,
                Verdict::Unreadable => {
                    counts.unreadable += 1;
                    continue;
                }
            }
            counts.objects += 1;
            let warnings = outcome
                .findings
                .iter()
                .filter(|one| one.kind.is_warning())
                .count();
            counts.warnings += warnings;
            counts.violations += outcome.findings.len() - warnings;
            counts.fixable += outcome.fixes().count();
        }
        counts
    }

    fn input(&self, outcome: &Outcome) -> &Input {
        &self.inputs[outcome.input]
    }

    /// Where a finding begins and ends.
    fn places(&self, outcome: &Outcome, finding: &Finding) -> (Place, Place) {
        let input = self.input(outcome);
        (
            input.place(finding.range.start),
            input.place(finding.range.end),
        )
    }
}

/// What a finding is about: the object and the field, as far as there are any.
fn subject(outcome: &Outcome, finding: &Finding) -> String {
    let object = outcome.name.as_ref().map(ToString::to_string);
    let field = match &finding.kind {
        FindingKind::Violation(violation) => Some(violation.field.clone()),
        _ => None,
    };
    let parts: Vec<String> = object.into_iter().chain(field).collect();
    parts.join(": ")
}

/// The message of a finding and, where there is one, its fix.
fn told(finding: &Finding) -> String {
    match fix_yaml(finding) {
        Some(yaml) => format!("{}\nFix:\n{yaml}", finding.message),
        None => finding.message.clone(),
    }
}

/// The YAML of a finding's fix, ready to paste.
fn fix_yaml(finding: &Finding) -> Option<String> {
    let FindingKind::Violation(violation) = &finding.kind else {
        return None;
    };
    let patch = violation.fix.as_ref()?.get(0)?;
    let segments = patch.get("path")?.as_str()?.split('/').skip(1);
    let segment = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
    let fix = Fix {
        pointer: segments.map(segment).collect(),
        value: patch.get("value")?.clone(),
        missing: 0,
    };
    Some(fix.yaml().trim_end().to_owned())
}
