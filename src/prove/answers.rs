//! Answers about a label's value that are found once.
//!
//! States that differ only in what is not about the value give the same answer: those that come of one target, and
//! those of a job and of the same one with a filter more.

use crate::language::budget::{Budget, TooComplex};
use crate::relabel::state::State;
use crate::relabel::value::Value;

/// The answers to one question, each with what it is about.
#[derive(Debug)]
pub(super) struct Answers<T>(Vec<(State, T)>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Answers<T> {
    /// The answer for a value of the state; `ask` finds it where it is not known yet, from what of the state is about
    /// the value.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub(super) fn get(
        &mut self,
        state: &State,
        value: &Value,
        budget: &mut Budget,
        ask: impl FnOnce(&State, &mut Budget) -> Result<T, TooComplex>,
    ) -> Result<T, TooComplex> {
        let cost = state.size() / 8 + self.0.len();
        budget.spend(cost)?;
        let about = state.about(value);
        if let Some((_, known)) = self.0.iter().find(|(one, _)| one.says_the_same(&about)) {
            return Ok(known.clone());
        }
        let answer = ask(&about, budget)?;
        self.0.push((about, answer.clone()));
        Ok(answer)
    }
}
