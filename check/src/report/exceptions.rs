//! The exceptions instead of a report: one line each, for whoever reviews them.

use std::io::{Result, Write};

use super::{Counts, Form, Part};

/// The form.
#[derive(Default)]
pub(super) struct Exceptions {
    count: usize,
}

impl Form for Exceptions {
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()> {
        for outcome in part.outcomes {
            let Some(name) = &outcome.name else { continue };
            for exception in &outcome.exceptions {
                self.count += 1;
                let input = part.input(outcome);
                let line = input.place(exception.range.start).line;
                let (rule, until, reason) = (&exception.rule, exception.until, &exception.reason);
                let state = if exception.is_over() {
                    "ended"
                } else {
                    "until"
                };
                let file = input.name();
                writeln!(
                    out,
                    "{file}:{line}: {name}: {rule}, {state} {until}: {reason}"
                )?;
            }
        }
        Ok(())
    }

    fn end(&mut self, _: Counts, out: &mut dyn Write) -> Result<()> {
        match self.count {
            0 => writeln!(out, "no exception"),
            1 => writeln!(out, "1 exception"),
            count => writeln!(out, "{count} exceptions"),
        }
    }
}
