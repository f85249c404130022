//! The report for people: each finding with an excerpt of the manifest, as compilers do it. What was
//! said before is not said again: where else it holds comes at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Result, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Origin, Renderer, Snippet};
use prometheus_env_isolation_policy::settings::Membership;

use super::{Counts, Form, Part, marked_fix, subject, value_file};
use crate::input::Input;
use crate::judge::{Finding, Level, Outcome, Remedy, Verdict};

/// How many places are listed where the same holds.
const PLACES: usize = 10;

/// From how many lines a fix is worth to be named instead of shown once more.
const LONG_FIX: usize = 3;

/// How the text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether it has colours.
    pub colored: bool,
    /// Whether objects without a finding are listed, too.
    pub verbose: bool,
    /// How many characters a line of a message may have, if there is a limit.
    pub width: Option<usize>,
    /// How many findings are shown.
    pub most: usize,
}

/// The form.
pub(super) struct Text {
    style: Style,
    renderer: Renderer,
    /// What was said, by all that is the same of it.
    said: BTreeMap<(String, String, Option<String>), Said>,
    /// How much was said in the parts before that stand by themselves.
    shown: usize,
    /// Where each fix was shown first.
    fixes: BTreeMap<String, String>,
    hidden: usize,
    /// The objects with their verdicts.
    list: String,
}

/// What was said once, and where else it holds.
struct Said {
    first: String,
    more: usize,
    places: Vec<String>,
}

impl Text {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            renderer: if style.colored {
                Renderer::styled()
            } else {
                Renderer::plain()
            },
            said: BTreeMap::new(),
            shown: 0,
            fixes: BTreeMap::new(),
            hidden: 0,
            list: String::new(),
        }
    }

    fn finding(
        &mut self,
        part: &Part<'_>,
        outcome: &Outcome,
        finding: &Finding,
        out: &mut dyn Write,
    ) -> Result<()> {
        let fix = marked_fix(finding);
        let place = Source::of(part, outcome, finding).place();
        let rule = finding.kind.rule().to_owned();
        let key = (rule, finding.message.clone(), fix.clone());
        if let Some(said) = self.said.get_mut(&key) {
            said.more += 1;
            if said.places.len() < PLACES {
                let place = format!("{place}  {}", subject(outcome, finding));
                said.places.push(place.trim_end().to_owned());
            }
            return Ok(());
        }
        if self.shown + self.said.len() >= self.style.most {
            self.hidden += 1;
            return Ok(());
        }
        self.said.insert(
            key,
            Said {
                first: place.clone(),
                more: 0,
                places: Vec::new(),
            },
        );
        if finding.kind.level() == Level::Note {
            return self.note(outcome, finding, &place, out);
        }
        let help = fix.map(|fix| match self.fixes.get(&fix) {
            Some(first) if fix.lines().count() >= LONG_FIX => {
                format!("write the same as at {first}")
            }
            _ => {
                let help = format!("{}\n{fix}", verb(finding));
                self.fixes.insert(fix, place);
                help
            }
        });
        let title = self.wrapped(&finding.message, heading(finding).len());
        let source = Source::of(part, outcome, finding);
        let excerpt = group(&source, outcome, finding, &title, help.as_deref());
        writeln!(out, "{}\n", self.renderer.render(&[excerpt]))
    }

    fn note(
        &self,
        outcome: &Outcome,
        finding: &Finding,
        place: &str,
        out: &mut dyn Write,
    ) -> Result<()> {
        let name = outcome.name.as_ref().map(|name| format!("{name}: "));
        let name = name.unwrap_or_default();
        let text = format!("note: {place}: {name}{}", finding.message);
        writeln!(out, "{}\n", self.wrapped(&text, 0))
    }

    /// Tells where else holds what was said.
    fn tell_more(&mut self, out: &mut dyn Write) -> Result<()> {
        for ((rule, ..), said) in &self.said {
            if said.more == 0 {
                continue;
            }
            writeln!(out, "{rule} as at {}, {} more:", said.first, said.more)?;
            for place in &said.places {
                writeln!(out, "  {place}")?;
            }
            if said.more > said.places.len() {
                writeln!(out, "  … and {} more", said.more - said.places.len())?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The text in lines that fit, indented by so many characters.
    fn wrapped(&self, text: &str, indent: usize) -> String {
        let Some(width) = self.style.width else {
            return text.to_owned();
        };
        let width = width.saturating_sub(indent);
        let mut wrapped = String::new();
        let mut length = 0;
        for word in text.split(' ') {
            let size = word.chars().count();
            if length > 0 && length + 1 + size > width {
                wrapped.push('\n');
                length = 0;
            } else if !wrapped.is_empty() {
                wrapped.push(' ');
                length += 1;
            }
            wrapped.push_str(word);
            length += size;
        }
        wrapped
    }
}

impl Form for Text {
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()> {
        if let Some(title) = part.title {
            writeln!(out, "{title}\n")?;
        }
        for (outcome, finding) in part.findings() {
            if self.style.verbose || !finding.kind.is_harmless() {
                self.finding(part, outcome, finding, out)?;
            }
        }
        if part.title.is_some() {
            self.tell_more(out)?;
            self.shown += self.said.len();
            self.said.clear();
            self.fixes.clear();
            writeln!(out, "{}\n", summary(part.counts()))?;
        }
        if self.style.verbose {
            list(part, &mut self.list);
        }
        Ok(())
    }

    fn end(&mut self, counts: Counts, out: &mut dyn Write) -> Result<()> {
        self.tell_more(out)?;
        if self.hidden > 0 {
            writeln!(
                out,
                "… and {} more, of which --max-findings shows as many as wanted\n",
                self.hidden
            )?;
        }
        if !self.list.is_empty() {
            writeln!(out, "{}", self.list)?;
        }
        writeln!(out, "{}", summary(counts))
    }
}

/// What is wrong at a place of a text, with an excerpt.
#[must_use]
pub fn excerpt(input: &Input, range: &Range<usize>, message: &str) -> String {
    let source = Source::at(input, range);
    let snippet = Snippet::source(source.lines)
        .line_start(source.number)
        .path(source.path.as_str())
        .annotation(AnnotationKind::Primary.span(source.span.clone()));
    let title = annotate_snippets::Level::ERROR.primary_title(message);
    Renderer::plain().render(&[title.element(snippet)])
}

/// Where a finding stands, as it is shown.
struct Source<'a> {
    path: String,
    /// Whether the path is that of the template, for there is no file.
    is_rendered: bool,
    /// Whether there is no text to be shown.
    is_unread: bool,
    /// The lines of the place, and the number of the first one.
    lines: &'a str,
    number: usize,
    /// The bytes of the place in these lines.
    span: Range<usize>,
}

impl<'a> Source<'a> {
    fn at(input: &'a Input, range: &Range<usize>) -> Self {
        let text = input.text.as_str();
        let span = within(text, range);
        let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let end = text[span.end..].find('\n');
        let end = end.map_or(text.len(), |end| span.end + end);
        Self {
            path: input.name(),
            is_rendered: false,
            is_unread: text.is_empty(),
            lines: &text[start..end],
            number: input.place(span.start).line,
            span: span.start - start..span.end - start,
        }
    }

    fn of(part: &Part<'a>, outcome: &Outcome, finding: &'a Finding) -> Self {
        if let Some((value, file)) = value_file(finding) {
            return Self::at(file, &value.range);
        }
        let input = part.input(outcome);
        let mut source = Self::at(input, &finding.range);
        if let (Some(template), None) = (&outcome.template, &input.path) {
            // The lines of a pipe are nowhere to be seen: count those of the rendered template.
            source.path = match &input.chart {
                Some(chart) => format!("{template} ({})", chart.name()),
                None => format!("{template} (rendered)"),
            };
            source.is_rendered = true;
            source.number = source.number + 1 - input.place(outcome.document.start).line;
        }
        source
    }

    fn place(&self) -> String {
        if self.lines.is_empty() {
            self.path.clone()
        } else {
            format!("{}:{}", self.path, self.number)
        }
    }
}

fn group<'a>(
    source: &'a Source<'_>,
    outcome: &'a Outcome,
    finding: &'a Finding,
    title: &'a str,
    help: Option<&'a str>,
) -> Group<'a> {
    let level = match finding.kind.level() {
        Level::Error => annotate_snippets::Level::ERROR,
        Level::Warning => annotate_snippets::Level::WARNING,
        Level::Note => annotate_snippets::Level::NOTE,
    };
    let label = label(outcome, finding);
    let primary = AnnotationKind::Primary.span(source.span.clone());
    let snippet = Snippet::source(source.lines)
        .line_start(source.number)
        .path(source.path.as_str())
        .annotation(if label.is_empty() {
            primary
        } else {
            primary.label(label)
        });
    let mut title = level.primary_title(title);
    if !finding.kind.is_warning() {
        title = title.id(finding.kind.rule());
    }
    if source.is_unread {
        return title.element(Origin::path(source.path.as_str()));
    }
    let mut group = title.element(snippet);
    if let (Some(template), true) = (&outcome.template, !source.is_rendered) {
        let note = format!("rendered by Helm from {template}");
        group = group.element(annotate_snippets::Level::NOTE.message(note));
    }
    for note in notes(finding) {
        group = group.element(annotate_snippets::Level::NOTE.message(note));
    }
    if let Some(help) = help {
        group = group.element(annotate_snippets::Level::HELP.message(help));
    }
    group
}

/// What the place of a finding is.
fn label(outcome: &Outcome, finding: &Finding) -> String {
    let subject = subject(outcome, finding);
    match value_file(finding) {
        Some((value, _)) => format!("{} (renders {subject})", value.path),
        None => subject,
    }
}

/// What is to be done with a fix.
fn verb(finding: &Finding) -> String {
    match finding.remedy.as_deref() {
        Some(Remedy::Elsewhere { .. }) => "patch it after Helm, with Kustomize".to_owned(),
        Some(Remedy::Values { values, .. }) if values.iter().any(|value| value.file.is_none()) => {
            "write into a file of values".to_owned()
        }
        _ => "write".to_owned(),
    }
}

/// What should be known about a fix.
fn notes(finding: &Finding) -> Vec<&str> {
    let notes = match finding.remedy.as_deref() {
        Some(Remedy::Values { values, .. }) => {
            values.iter().flat_map(|value| &value.notes).collect()
        }
        Some(Remedy::Elsewhere { reasons, .. }) => reasons.iter().collect(),
        None => Vec::new(),
    };
    notes.into_iter().map(String::as_str).collect()
}

/// What stands before the message.
fn heading(finding: &Finding) -> String {
    match finding.kind.level() {
        Level::Error => format!("error[{}]: ", finding.kind.rule()),
        Level::Warning => "warning: ".to_owned(),
        Level::Note => "note: ".to_owned(),
    }
}

/// A range of a text in whole characters, at least one if there is one.
fn within(text: &str, range: &Range<usize>) -> Range<usize> {
    let from = text.floor_char_boundary(range.start);
    let to = text.ceil_char_boundary(range.end);
    let next = text[from..].chars().next().map_or(0, char::len_utf8);
    from..to.max(from + next)
}

fn list(part: &Part<'_>, list: &mut String) {
    for outcome in part.outcomes {
        let Some(name) = &outcome.name else { continue };
        let verdict = match outcome.verdict {
            Verdict::Accepted => "accepted",
            Verdict::Rejected => "REJECTED",
            Verdict::Known => "known",
            Verdict::Unreadable => "unreadable",
            Verdict::Unjudged => continue,
        };
        let environment = match part.settings.environment_of(&name.namespace) {
            Membership::Of(environment) => format!("environment {}", environment.name),
            Membership::Shared => "shared".to_owned(),
            Membership::None => "no environment".to_owned(),
        };
        let input = part.input(outcome);
        let line = input.place(outcome.start.start).line;
        let file = input.name();
        let _ = writeln!(list, "{verdict:10} {name} ({environment}) {file}:{line}");
    }
}

fn summary(counts: Counts) -> String {
    let of = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let Counts {
        objects,
        rejected,
        known,
        violations,
        fixable,
        by_values,
        warnings,
        unreadable,
        unjudged,
    } = counts;
    let mut text = if objects == 0 {
        "no object that the policy is about".to_owned()
    } else {
        let accepted = objects - rejected - known;
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
    if by_values > 0 {
        let _ = write!(text, " ({by_values} solved by values: see --write)");
    }
    if known > 0 {
        let _ = write!(text, ", {known} let be by the baseline or an exception");
    }
    if warnings > 0 {
        let _ = write!(text, "; {}", of(warnings, "warning"));
    }
    if unreadable > 0 {
        let _ = write!(text, "; {unreadable} cannot be read");
    }
    if unjudged > 0 {
        let _ = write!(text, "; {unjudged} not judged");
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
        Counts { objects: 3, rejected: 1, known: 1, violations: 4, fixable: 3, by_values: 0, warnings: 1, unreadable: 1, unjudged: 2 },
        "3 objects: 1 accepted, 1 rejected for 4 violations (3 with a fix: see --fix and --write), 1 let be by the baseline \
         or an exception; 1 warning; 1 cannot be read; 2 not judged"
    )]
    fn the_summary_is_a_sentence(#[case] counts: Counts, #[case] expected: &str) {
        assert_eq!(summary(counts), expected);
    }

    #[rstest]
    #[case(0..1, 0..1)]
    #[case(1..2, 1..3)]
    #[case(3..4, 3..3)]
    #[case(90..91, 3..3)]
    fn a_span_has_whole_characters(#[case] range: Range<usize>, #[case] expected: Range<usize>) {
        assert_eq!(within("aé", &range), expected);
    }

    #[rstest]
    #[case(None, "one two three")]
    #[case(Some(7), "one two\nthree")]
    #[case(Some(3), "one\ntwo\nthree")]
    fn a_message_is_wrapped(#[case] width: Option<usize>, #[case] expected: &str) {
        let text = Text::new(Style {
            colored: false,
            verbose: false,
            width,
            most: 1,
        });
        assert_eq!(text.wrapped("one two three", 0), expected);
        let indented = width.map(|width| width + 5);
        let text = Text::new(Style {
            width: indented,
            ..text.style
        });
        assert_eq!(text.wrapped("one two three", 5), expected);
    }
}
