//! The walk of the proof through an object, for people: what from outside of its environment can
//! come through after each rule, what is left of the inside, and the verdict at the end.

use std::fmt::Write as _;
use std::io::{Result, Write};

use prometheus_env_isolation_policy::admission;
use prometheus_env_isolation_policy::admission::error::RequestError;
use prometheus_env_isolation_policy::prove::leak::Witness;
use prometheus_env_isolation_policy::rule::namespace_filter::explanation::{
    Left, NamespaceGroup, Outside, Share, Step, Walkthrough,
};
use serde_json::Value;

use crate::answer::{Answer, Violation, payload};
use crate::manifest::Name;

/// An object's walks and its verdict.
#[derive(Debug)]
pub struct Explanation {
    /// The walk through each thing that is scraped for it; an error where it cannot be read.
    pub walks: std::result::Result<Vec<Walkthrough>, RequestError>,
    /// The policy's answer.
    pub answer: Answer,
}

impl Explanation {
    /// Explains the verdict on a request under these settings.
    #[must_use]
    pub fn of(request: &Value, settings: &Value) -> Self {
        Self {
            walks: admission::explain(&payload(request, settings)),
            answer: Answer::to(request, settings),
        }
    }

    /// Writes it for the object of this name.
    ///
    /// # Errors
    ///
    /// If nothing can be written.
    pub fn write(&self, name: &Name, colored: bool, out: &mut impl Write) -> Result<()> {
        let violations = self.answer.violations().unwrap_or_default();
        writeln!(out, "{name}")?;
        match self.walks.as_deref() {
            Ok([]) => writeln!(
                out,
                "\n  Nothing is scraped for it, or not for an environment."
            )?,
            Ok(walks) => {
                let first = &walks[0];
                writeln!(
                    out,
                    "scraped for environment {}, which may see {}",
                    first.environment,
                    first.visible.join(", ")
                )?;
                for walk in walks {
                    write_walk(walk, colored, out)?;
                    write_violations(walk, &violations, out)?;
                }
            }
            // The verdict says what cannot be read.
            Err(_) => {}
        }
        writeln!(out)?;
        match &self.answer.message {
            Some(message) => writeln!(out, "REJECTED  {message}")?,
            None => writeln!(out, "accepted")?,
        }
        for warning in &self.answer.warnings {
            writeln!(out, "warning   {warning}")?;
        }
        writeln!(out)
    }
}

/// Why an endpoint is rejected: also where nothing leaks, as mode `required` may.
fn write_violations(walk: &Walkthrough, all: &[Violation], out: &mut impl Write) -> Result<()> {
    for violation in all {
        let rest = violation.field.strip_prefix(walk.field.as_str());
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            writeln!(
                out,
                "  rejected: {}: {}",
                violation.field, violation.message
            )?;
        }
    }
    Ok(())
}

fn write_walk(walk: &Walkthrough, colored: bool, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n{}", walk.field)?;
    for refused in &walk.refused {
        writeln!(out, "  refused: {refused}")?;
    }
    if walk.targets.is_empty() {
        return Ok(());
    }
    let names = walk.targets.iter().chain(&walk.samples);
    let width = names
        .map(|step| step.name.chars().count())
        .max()
        .unwrap_or_default();
    writeln!(out, "  targets, as they show in `up`")?;
    write_steps(&walk.targets, width, colored, out)?;
    writeln!(out, "  samples")?;
    write_steps(&walk.samples, width, colored, out)?;
    write_left(walk, out)
}

/// What is stored of what the environment may see.
fn write_left(walk: &Walkthrough, out: &mut impl Write) -> Result<()> {
    writeln!(out, "  stored of what {} may see", walk.environment)?;
    let lengths = walk.left.iter().map(|left| left.glob.chars().count());
    let width = lengths.max().unwrap_or_default();
    for Left { glob, share } in &walk.left {
        let share = match share {
            Share::All(namespaces) if namespaces.is_empty() => "nothing".to_owned(),
            Share::All(namespaces) => namespaces.join(", "),
            Share::Some(namespaces) => format!("{}, and others", namespaces.join(", ")),
            Share::Unknown => "cannot be known, for a rule cannot be followed".to_owned(),
            Share::TooComplex => "too complex to tell".to_owned(),
        };
        writeln!(out, "    {glob:width$}  {share}")?;
    }
    if walk.has_unlabelled {
        writeln!(out, "    and series without a label `namespace`")?;
    }
    Ok(())
}

fn write_steps(steps: &[Step], width: usize, colored: bool, out: &mut impl Write) -> Result<()> {
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        let mark = match &step.outside {
            outside if outside.is_empty() => "ok",
            _ if !is_last => "",
            Outside::Groups(groups)
                if groups.iter().any(|group| *group != NamespaceGroup::Unknown) =>
            {
                "LEAK"
            }
            // Rejected, but nothing is known to come through.
            _ => "?",
        };
        writeln!(out, "    {:width$}  {}", step.name, step.text)?;
        let mark = painted(mark, colored);
        let outside = outside(&step.outside);
        writeln!(out, "    {:width$}  {mark} from outside: {outside}", "")?;
        if let (Outside::Groups(groups), true) = (&step.outside, is_last) {
            for group in groups {
                if let NamespaceGroup::Environment(_, witness) | NamespaceGroup::Nobody(witness) =
                    group
                {
                    writeln!(out, "    {:width$}       {}", "", example(witness))?;
                }
            }
        }
    }
    Ok(())
}

/// A mark as wide as all of them, in its colour (ANSI, "select graphic rendition").
fn painted(mark: &str, colored: bool) -> String {
    let color = match mark {
        "LEAK" => "31",
        "ok" => "32",
        _ => "33",
    };
    if colored {
        format!("\u{1b}[{color}m{mark:4}\u{1b}[0m")
    } else {
        format!("{mark:4}")
    }
}

fn outside(outside: &Outside) -> String {
    let groups = match outside {
        Outside::TooComplex => return "too complex to tell".to_owned(),
        Outside::Groups(groups) if groups.is_empty() => return "nothing".to_owned(),
        Outside::Groups(groups) => groups,
    };
    let texts = groups.iter().map(|group| match group {
        NamespaceGroup::Environment(environment, witness) => {
            format!("environment {environment} ({})", witness.namespace)
        }
        NamespaceGroup::Nobody(witness) => {
            format!("namespaces of no environment ({})", witness.namespace)
        }
        NamespaceGroup::Unknown => "cannot be known, for a rule cannot be followed".to_owned(),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The labels with which a witness comes through.
fn example(witness: &Witness) -> String {
    let labels = |labels: &[(String, String)]| {
        let labels = labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"));
        labels.collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{} comes through", witness.namespace);
    if !witness.target.is_empty() {
        let _ = write!(text, " from a target with {}", labels(&witness.target));
    }
    if !witness.exposed.is_empty() {
        let _ = write!(
            text,
            " where the exporter exposes {}",
            labels(&witness.exposed)
        );
    }
    text
}
