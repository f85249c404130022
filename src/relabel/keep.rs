//! What a keep lets through by itself, whatever arrives.

use std::rc::Rc;

use crate::language::budget::TooComplex;
use crate::language::condition::{Condition, Surrounding};
use crate::language::product::exists;

use super::config::RelabelConfig;
use super::interpreter::Interpreter;
use super::labels::MAX_LABELS;
use super::regex::Regex;

/// Whether the keep may let through a text that fulfils the conditions, as the value of its source label at this
/// place, whatever the others are; it has at most so many characters.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove that it does not.
pub(crate) fn lets_through(
    config: &RelabelConfig,
    place: usize,
    mut conditions: Vec<Condition>,
    longest: usize,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    if config.is_unknown {
        return Ok(true);
    }
    let Regex::Compiled(regex) = interpreter.compile(&config.regex)? else {
        return Ok(true);
    };
    let sources = config.source_labels.len();
    if sources > MAX_LABELS {
        return Ok(true);
    }
    interpreter
        .budget
        .spend(sources * config.separator.len() / 8)?;
    let separator = || Surrounding::Literal(config.separator.clone().into_owned());
    let mut before = Vec::new();
    for _ in 0..place {
        before.extend([Surrounding::ANYTHING, separator()]);
    }
    let mut after = Vec::new();
    for _ in place + 1..config.source_labels.len() {
        after.extend([separator(), Surrounding::ANYTHING]);
    }
    conditions.push(Condition {
        before,
        after,
        ..Condition::inside(Rc::clone(&regex.automaton))
    });
    let budget = &mut interpreter.budget;
    exists(&conditions, u128::MAX, longest, &[], budget)
}
