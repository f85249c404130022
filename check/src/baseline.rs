//! What was wrong when the checker was adopted: it does not fail, what is new does, and what is gone
//! is told.
//!
//! A finding is known by its rule, its object and its field, not by its line, so that a manifest may
//! move. The file is JSON, sorted, one finding a line, so that its changes can be reviewed.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::judge::{Finding, FindingKind, Level, Outcome, Verdict};

/// What a finding is known by.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its rule.
    pub rule: String,
    /// Its object: kind, namespace and name.
    pub object: String,
    /// Its field; empty where the object as a whole cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// The findings of a baseline, and which of them were found again.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    known: BTreeSet<Known>,
    found: BTreeSet<Known>,
    /// The objects that were judged: of the others nothing is known, for a run may have some files only.
    judged: BTreeSet<String>,
}

impl Known {
    /// What keeps an object out is known by this; nothing else is ever known.
    fn of(outcome: &Outcome, finding: &Finding) -> Option<Self> {
        let is_rejection =
            outcome.verdict == Verdict::Rejected && finding.kind.level() == Level::Error;
        let object = outcome.name.as_ref().filter(|_| is_rejection)?;
        Some(Self {
            rule: finding.kind.rule().to_owned(),
            object: object.to_string(),
            field: match &finding.kind {
                FindingKind::Violation(violation) => violation.field.clone(),
                _ => String::new(),
            },
        })
    }
}

impl Baseline {
    /// Reads a file that [`Baseline::write`] wrote.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self> {
        let name = || format!("cannot read the baseline {}", path.display());
        let text = std::fs::read_to_string(path).with_context(name)?;
        let Ok(known) = serde_json::from_str(&text) else {
            bail!(
                "{} is no baseline; --write-baseline writes one",
                path.display()
            );
        };
        Ok(Self {
            known,
            ..Self::default()
        })
    }

    /// Takes the findings that are known out of the outcomes. An object that nothing else keeps out
    /// is [`Verdict::Known`] then.
    pub fn subtract(&mut self, outcomes: &mut [Outcome]) {
        for outcome in outcomes {
            self.judged
                .extend(outcome.name.as_ref().map(ToString::to_string));
            let is_known: Vec<bool> = outcome
                .findings
                .iter()
                .map(|finding| {
                    let known = Known::of(outcome, finding);
                    known.is_some_and(|known| self.finds(known))
                })
                .collect();
            if !is_known.contains(&true) {
                continue;
            }
            let mut is_known = is_known.into_iter();
            outcome
                .findings
                .retain(|_| !is_known.next().unwrap_or_default());
            let is_error = |finding: &Finding| finding.kind.level() == Level::Error;
            if !outcome.findings.iter().any(is_error) {
                outcome.verdict = Verdict::Known;
            }
        }
    }

    /// Whether a finding is known, which then was found again.
    fn finds(&mut self, known: Known) -> bool {
        let is_known = self.known.contains(&known);
        if is_known {
            self.found.insert(known);
        }
        is_known
    }

    /// What was not found any more, of objects that were judged.
    pub fn gone(&self) -> impl Iterator<Item = &Known> {
        let left = self.known.difference(&self.found);
        left.filter(|known| self.judged.contains(&known.object))
    }

    /// Takes up what keeps objects out.
    pub fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let findings = outcome.findings.iter();
            self.known
                .extend(findings.filter_map(|finding| Known::of(outcome, finding)));
        }
    }

    /// Writes the findings.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let lines: Result<Vec<String>, _> = self.known.iter().map(serde_json::to_string).collect();
        let text = match lines?.join(",\n") {
            none if none.is_empty() => "[]\n".to_owned(),
            lines => format!("[\n{lines}\n]\n"),
        };
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
