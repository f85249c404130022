//! What is reported of a run, in the format that is asked for, part by part: what was judged is
//! written and forgotten, so that a run of any size needs little memory.

mod exceptions;
mod github;
mod json;
mod sarif;
mod text;

use std::io::{Result, Write};
use std::ops::AddAssign;
use std::path::PathBuf;

use prometheus_env_isolation_policy::rule::verdict::Fix;
use prometheus_env_isolation_policy::settings::Settings;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::input::{Input, Place};
use crate::judge::{Finding, FindingKind, NewValue, Outcome, Remedy, Verdict};

pub use text::{Style, excerpt};

/// A part of a run: what was read, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What was read.
    pub inputs: &'a [Input],
    /// What became of each object, in order.
    pub outcomes: &'a [Outcome],
    /// The settings that were judged with.
    pub settings: &'a Settings,
    /// What the part is called, where it stands by itself in a report for people.
    pub title: Option<&'a str>,
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
    /// The exceptions only.
    Exceptions,
    /// Nothing but the counts.
    Nothing,
}

/// A report that is being written.
#[expect(missing_debug_implementations, reason = "a form may hold anything")]
pub struct Report<W> {
    form: Box<dyn Form>,
    counts: Counts,
    out: W,
}

/// How a report is written.
trait Form {
    /// Writes a part, or keeps what of it is written later.
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()>;

    /// Writes what comes last.
    fn end(&mut self, counts: Counts, out: &mut dyn Write) -> Result<()>;
}

struct Nothing;

impl Form for Nothing {
    fn part(&mut self, _: &Part<'_>, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, _: Counts, _: &mut dyn Write) -> Result<()> {
        Ok(())
    }
}

impl<W: Write> Report<W> {
    /// A report that goes to `out`.
    pub fn new(format: Format, out: W) -> Self {
        let form: Box<dyn Form> = match format {
            Format::Text(style) => Box::new(text::Text::new(style)),
            Format::Json => Box::new(json::Json::default()),
            Format::Sarif => Box::new(sarif::Sarif::default()),
            Format::Github => Box::new(github::Github),
            Format::Exceptions => Box::new(exceptions::Exceptions::default()),
            Format::Nothing => Box::new(Nothing),
        };
        Self {
            form,
            counts: Counts::default(),
            out,
        }
    }

    /// Adds a part.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    pub fn add(&mut self, part: &Part<'_>) -> Result<()> {
        self.counts += part.counts();
        self.form.part(part, &mut self.out)
    }

    /// Ends the report; how many of each there were.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    pub fn end(mut self) -> Result<Counts> {
        self.form.end(self.counts, &mut self.out)?;
        self.out.flush()?;
        Ok(self.counts)
    }
}

/// How many of each there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects that the policy was asked about.
    pub objects: usize,
    /// Those of them that were rejected.
    pub rejected: usize,
    /// Those that are rejected for nothing but what the baseline has.
    pub known: usize,
    /// Violations, and refusals to read an object.
    pub violations: usize,
    /// Violations that have a fix.
    pub fixable: usize,
    /// Violations that values of a chart mend.
    pub by_values: usize,
    /// Warnings.
    pub warnings: usize,
    /// Files, documents and objects that cannot be read.
    pub unreadable: usize,
    /// What was passed over, though something that the policy is about may come of it.
    pub unjudged: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.rejected += other.rejected;
        self.known += other.known;
        self.violations += other.violations;
        self.fixable += other.fixable;
        self.by_values += other.by_values;
        self.warnings += other.warnings;
        self.unreadable += other.unreadable;
        self.unjudged += other.unjudged;
    }
}

impl<'a> Part<'a> {
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in self.outcomes {
            match outcome.verdict {
                Verdict::Accepted => {}
                Verdict::Rejected => counts.rejected += 1,
                Verdict::Known => counts.known += 1,
                Verdict::Unreadable => {
                    counts.unreadable += 1;
                    continue;
                }
                Verdict::Unjudged => {
                    let told = outcome.findings.iter().any(|one| !one.kind.is_harmless());
                    counts.unjudged += usize::from(told);
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
            let remedies = outcome.findings.iter();
            let remedies: Vec<_> = remedies.filter_map(|one| one.remedy.as_deref()).collect();
            if remedies.is_empty() {
                counts.fixable += outcome.fixes().count();
            }
            let is_by_values = |one: &&&Remedy| matches!(one, Remedy::Values { .. });
            counts.by_values += remedies.iter().filter(is_by_values).count();
        }
        counts
    }

    /// Each finding, with the outcome that it is of.
    fn findings(&self) -> impl Iterator<Item = (&'a Outcome, &'a Finding)> {
        self.outcomes.iter().flat_map(|outcome| {
            outcome
                .findings
                .iter()
                .map(move |finding| (outcome, finding))
        })
    }

    fn input(&self, outcome: &Outcome) -> &'a Input {
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

/// The file of the chart's template that an object was rendered from, if it is there.
fn template_file(part: &Part<'_>, outcome: &Outcome) -> Option<PathBuf> {
    let chart = part.input(outcome).chart.as_ref()?;
    chart.file(outcome.template.as_deref()?)
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
    match finding.remedy.as_deref() {
        Some(Remedy::Values { yaml, .. }) => return Some(yaml.trim_end().to_owned()),
        Some(Remedy::Elsewhere { patch, .. }) => return patch.clone(),
        None => {}
    }
    let (pointer, value) = fix(finding)?;
    Some(yaml(&pointer, value))
}

/// The value that mends a finding, and the file that has it.
fn value_file(finding: &Finding) -> Option<(&NewValue, &Input)> {
    match finding.remedy.as_deref()? {
        Remedy::Values { values, .. } => {
            let value = values.first()?;
            Some((value, value.file.as_deref()?))
        }
        Remedy::Elsewhere { .. } => None,
    }
}

/// The same for people: where the field has lines already, those that go and come are marked.
fn marked_fix(finding: &Finding) -> Option<String> {
    if finding.remedy.is_some() {
        return fix_yaml(finding);
    }
    let (pointer, value) = fix(finding)?;
    let new = yaml(&pointer, value);
    let is_long = new.lines().count() > 1;
    let before = finding
        .before
        .as_ref()
        .filter(|it| is_long && !it.is_null());
    let Some(before) = before else {
        return Some(new);
    };
    // A last line is the same as one that others follow.
    let (old, new) = (yaml(&pointer, before.clone()) + "\n", new + "\n");
    let diff = TextDiff::from_lines(old.as_str(), new.as_str());
    let lines = diff.iter_all_changes().map(|change| {
        let mark = match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Insert => '+',
            ChangeTag::Delete => '-',
        };
        format!("{mark} {}\n", change.value().trim_end_matches('\n'))
    });
    Some(lines.collect::<String>().trim_end().to_owned())
}

/// The field of a finding's fix, as the segments of a JSON Pointer, and its new value.
fn fix(finding: &Finding) -> Option<(Vec<String>, Value)> {
    let patch = finding.kind.fix()?.get(0)?;
    let segments = crate::judge::segments(patch.get("path")?.as_str()?);
    Some((segments, patch.get("value")?.clone()))
}

fn yaml(pointer: &[String], value: Value) -> String {
    let fix = Fix {
        pointer: pointer.to_vec(),
        value,
        missing: 0,
    };
    fix.yaml().trim_end().to_owned()
}
