//! The report for people: each finding with an excerpt of the manifest, as compilers do it.

use std::fmt::Write as _;
use std::io::{Result, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use prometheus_env_isolation_policy::settings::Membership;

use super::{Counts, Report, fix_yaml, subject};
use crate::judge::{Finding, Outcome, Verdict};

/// How the text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether it has colours.
    pub colored: bool,
    /// Whether objects without a finding are listed, too.
    pub verbose: bool,
}

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> Result<()> {
    let renderer = if style.colored {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    for outcome in report.outcomes {
        for finding in &outcome.findings {
            let excerpt = excerpt(report, outcome, finding);
            writeln!(out, "{}\n", renderer.render(&[excerpt]))?;
        }
    }
    if style.verbose {
        list(report, out)?;
    }
    writeln!(out, "{}", summary(report.counts()))
}

fn excerpt<'a>(report: &'a Report<'_>, outcome: &'a Outcome, finding: &'a Finding) -> Group<'a> {
    let input = report.input(outcome);
    let level = if finding.kind.is_warning() {
        Level::WARNING
    } else {
        Level::ERROR
    };
    let document = &outcome.document;
    let text = &input.text[document.clone()];
    let span = within(text, &finding.range, document.start);
    let label = subject(outcome, finding);
    let primary = AnnotationKind::Primary.span(span);
    let snippet = Snippet::source(text)
        .line_start(input.place(document.start).line)
        .path(input.name())
        .annotation(if label.is_empty() {
            primary
        } else {
            primary.label(label)
        });
    let mut title = level.primary_title(finding.message.as_str());
    if !finding.kind.is_warning() {
        title = title.id(finding.kind.rule());
    }
    let mut group = title.element(snippet);
    if let Some(template) = &outcome.template {
        group = group.element(Level::NOTE.message(format!("rendered by Helm from {template}")));
    }
    if let Some(yaml) = fix_yaml(finding) {
        group = group.element(Level::HELP.message(format!("write\n{yaml}")));
    }
    group
}

/// A range of the input within a document, at least one character if there is one.
fn within(text: &str, range: &Range<usize>, start: usize) -> Range<usize> {
    let from = text.floor_char_boundary(range.start.saturating_sub(start));
    let to = text.ceil_char_boundary(range.end.saturating_sub(start));
    let next = text[from..].chars().next().map_or(0, char::len_utf8);
    from..to.max(from + next)
}

fn list(report: &Report<'_>, out: &mut impl Write) -> Result<()> {
    for outcome in report.outcomes {
        let Some(name) = &outcome.name else { continue };
        let verdict = match outcome.verdict {
            Verdict::Accepted => "accepted",
            Verdict::Rejected => "REJECTED",
            Verdict::Unreadable => "unreadable",
        };
        let environment = match report.settings.environment_of(&name.namespace) {
            Membership::Of(environment) => format!("environment {}", environment.name),
            Membership::Shared => "shared".to_owned(),
            Membership::None => "no environment".to_owned(),
        };
        let input = report.input(outcome);
        let line = input.place(outcome.start.start).line;
        writeln!(
            out,
            "{verdict:10} {name} ({environment}) {}:{line}",
            input.name()
        )?;
    }
    if !report.outcomes.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn summary(counts: Counts) -> String {
    let of = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let Counts {
        objects,
        rejected,
        violations,
        fixable,
        warnings,
        unreadable,
    } = counts;
    let mut text = if objects == 0 {
        "no object that the policy is about".to_owned()
    } else {
        let accepted = objects - rejected;
        format!(
            "{}: {accepted} accepted, {rejected} rejected",
            of(objects, "object")
        )
    };
    if violations > 0 {
        let _ = write!(text, " for {}", of(violations, "violation"));
    }
    if fixable > 0 {
        let _ = write!(text, " ({fixable} with a fix: see --fix and --write)");
    }
    if warnings > 0 {
        let _ = write!(text, "; {}", of(warnings, "warning"));
    }
    if unreadable > 0 {
        let _ = write!(text, "; {unreadable} cannot be read");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Counts::default(), "no object that the policy is about")]
    #[case(Counts { objects: 1, ..Counts::default() }, "1 object: 1 accepted, 0 rejected")]
    #[case(
        Counts { objects: 3, rejected: 2, violations: 4, fixable: 3, warnings: 1, unreadable: 1 },
        "3 objects: 1 accepted, 2 rejected for 4 violations (3 with a fix: see --fix and --write); \
         1 warning; 1 cannot be read"
    )]
    fn the_summary_is_a_sentence(#[case] counts: Counts, #[case] expected: &str) {
        assert_eq!(summary(counts), expected);
    }

    #[rstest]
    #[case(10..11, 0..1)]
    #[case(11..12, 1..3)]
    #[case(13..14, 3..3)]
    #[case(90..91, 3..3)]
    fn a_span_has_whole_characters(#[case] range: Range<usize>, #[case] expected: Range<usize>) {
        assert_eq!(within("aé", &range, 10), expected);
    }
}
