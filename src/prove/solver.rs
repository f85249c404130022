//! Texts for the variables of a state.
//!
//! A constraint about several variables bounds each of them by itself, whatever the others are: those
//! [`conditions`] are necessary, so where none of a variable's texts fulfils them, the state does
//! not exist ([`is_possible`]). They are not sufficient. A witness is therefore [shown](show): one
//! variable after the other gets a text, those that have one are text for the next, and in the end
//! every constraint is checked as it stands.

use std::ops::Range;
use std::rc::Rc;

use crate::language::alphabet::{Case, OTHER};
use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::language::condition::Condition;
use crate::language::product::{exists, shortest};

use crate::relabel::ConfigId;
use crate::relabel::state::{Constraint, ConstraintKind, State};
use crate::relabel::value::{Part, Text, Value};

use super::leak::MAX_NAMESPACE;

/// A text that a variable can mostly be, where something bounds it.
const ANY: &str = "a";

/// An assignment: the texts that variables have so far.
pub(crate) type Model = Vec<Option<String>>;

/// What became of the attempt to give every variable a text.
#[derive(Debug)]
pub enum Satisfaction {
    /// With these the state exists.
    Model(Model),
    /// None was found that keeps to what this config did, if it was a config.
    Stuck(Option<ConfigId>),
}

/// Which of the conditions count, and over which alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approximation {
    /// Over-approximation, to prove that there is no text: only what surely holds.
    Over,
    /// Under-approximation, to name one: also what is assumed, and no characters beyond ASCII.
    Under,
}

/// What a byte around a place of a variable costs, as a part of a word: each place has a condition of its own.
const SURROUNDING: usize = 16;

/// The conditions on a variable by itself.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn conditions(
    state: &State,
    variable: usize,
    texts: &[Option<String>],
    approximation: Approximation,
    budget: &mut Budget,
) -> Result<Vec<Condition>, TooComplex> {
    let mut all = Vec::new();
    let places = |value: &Value| -> Vec<(usize, Case)> {
        let parts = value.0.iter().enumerate();
        let of = |(place, part): (usize, &Part)| match part {
            Part::Variable(index, case) if *index == variable => Some((place, *case)),
            _ => None,
        };
        parts.filter_map(of).collect()
    };
    for constraint in state
        .constraints
        .iter()
        .filter(|constraint| constraint.kind.mentions(variable))
    {
        match &constraint.kind {
            ConstraintKind::Member {
                value,
                automaton,
                inside,
                assumed,
            } => {
                if *assumed && approximation == Approximation::Over {
                    continue;
                }
                let places = places(value);
                budget.spend(places.len() * value.size() / SURROUNDING)?;
                for (place, case) in places {
                    let range = place..place + 1;
                    all.push(condition(
                        state, automaton, *inside, case, value, range, texts,
                    ));
                }
            }
            ConstraintKind::Compared { one, other, equal } => {
                for (value, known) in [(one, other), (other, one)] {
                    // What is too large bounds nothing here; in the end it is compared as it stands.
                    let text = known.text_with(texts);
                    if let Some(Ok(automaton)) = text.map(|text| Automaton::of_texts(&[text])) {
                        let automaton = Rc::new(automaton);
                        let places = places(value);
                        budget.spend(places.len() * value.size() / SURROUNDING)?;
                        for (place, case) in places {
                            let range = place..place + 1;
                            all.push(condition(
                                state, &automaton, *equal, case, value, range, texts,
                            ));
                        }
                    }
                }
            }
            ConstraintKind::Captured { .. } => {}
        }
    }
    Ok(all)
}

/// The conditions on a value as a whole, wherever it stands within others.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn conditions_on(
    state: &State,
    whole: &Value,
    budget: &mut Budget,
) -> Result<Vec<Condition>, TooComplex> {
    let mut all = Vec::new();
    for constraint in &state.constraints {
        if let ConstraintKind::Member {
            value,
            automaton,
            inside,
            assumed: false,
        } = &constraint.kind
        {
            for (place, window) in value.0.windows(whole.0.len()).enumerate() {
                if window == whole.0.as_slice() {
                    budget.spend(value.size() / SURROUNDING)?;
                    let range = place..place + window.len();
                    all.push(condition(
                        state,
                        automaton,
                        *inside,
                        Case::Kept,
                        value,
                        range,
                        &[],
                    ));
                }
            }
        }
    }
    Ok(all)
}

fn condition(
    state: &State,
    automaton: &Rc<Automaton>,
    inside: bool,
    case: Case,
    value: &Value,
    range: Range<usize>,
    texts: &[Option<String>],
) -> Condition {
    let around = value.around(range, texts, &state.variables);
    Condition {
        automaton: Rc::clone(automaton),
        inside,
        case,
        before: around.before,
        after: around.after,
    }
}

/// The symbols that a variable is made of.
#[must_use]
pub fn alphabet(state: &State, variable: usize, approximation: Approximation) -> u128 {
    let symbols = state.variables[variable].symbols();
    match approximation {
        Approximation::Over => symbols,
        Approximation::Under => symbols & !(1 << OTHER),
    }
}

/// How long the text of a variable can be.
fn longest(state: &State, variable: usize) -> usize {
    match state.variables[variable] {
        Text::Namespace => MAX_NAMESPACE,
        Text::Any | Text::Line => usize::MAX,
    }
}

/// A text that fulfils the conditions.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn text(
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
    budget: &mut Budget,
) -> Result<Option<String>, TooComplex> {
    let symbols = shortest(conditions, alphabet, length, budget)?;
    Ok(symbols.map(|symbols| symbols.into_iter().map(char::from).collect()))
}

/// The value with its text in the place of each variable that can have no other one.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn settled(
    state: &State,
    value: &Value,
    budget: &mut Budget,
) -> Result<Value, TooComplex> {
    let mut settled = Value::default();
    for part in &value.0 {
        let only = match part {
            Part::Variable(variable, case) => {
                let only = only_text(state, *variable, budget)?;
                only.and_then(|text| case.convert_text(&text))
            }
            Part::Literal(text) => Some(text.clone()),
        };
        match only {
            Some(text) => settled.push_literal(&text),
            None => settled.0.push(part.clone()),
        }
    }
    Ok(settled)
}

/// The only text that the variable can have, if there is only one.
fn only_text(
    state: &State,
    variable: usize,
    budget: &mut Budget,
) -> Result<Option<String>, TooComplex> {
    let mut conditions = conditions(state, variable, &[], Approximation::Over, budget)?;
    if conditions.is_empty() {
        return Ok(None);
    }
    let symbols = alphabet(state, variable, Approximation::Under);
    let Some(only) = text(&conditions, symbols, usize::MAX, budget)? else {
        return Ok(None);
    };
    conditions.push(Condition::outside(Rc::new(Automaton::of_texts(&[&only])?)));
    let symbols = alphabet(state, variable, Approximation::Over);
    let has_others = exists(&conditions, symbols, usize::MAX, &[ANY], budget)?;
    Ok((!has_others).then_some(only))
}

/// Whether nothing contradicts that the state exists, the variable of `but` aside.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn is_possible(
    state: &State,
    but: Option<usize>,
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    for constraint in &state.constraints {
        if let ConstraintKind::Member {
            value,
            automaton,
            inside,
            assumed: false,
        } = &constraint.kind
            && let Some(text) = value.text()
        {
            let impossible = if *inside {
                Membership::No
            } else {
                Membership::Yes
            };
            if automaton.contains(text) == impossible {
                return Ok(false);
            }
        }
    }
    let variables = (0..state.variables.len()).filter(|index| Some(*index) != but);
    // A contradiction of small languages is found before large ones are looked at.
    let mut asked: Vec<(usize, usize, Vec<Condition>)> = Vec::new();
    for variable in variables {
        let conditions = conditions(state, variable, &[], Approximation::Over, budget)?;
        let states = conditions
            .iter()
            .map(|condition| condition.automaton.states());
        asked.push((states.sum(), variable, conditions));
    }
    asked.sort_by_key(|(states, ..)| *states);
    for (_, variable, conditions) in asked {
        let alphabet = alphabet(state, variable, Approximation::Over);
        let longest = longest(state, variable);
        if !conditions.is_empty() && !exists(&conditions, alphabet, longest, &[ANY], budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives every variable a text, the given ones first.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn show(state: &State, given: &Model, budget: &mut Budget) -> Result<Satisfaction, TooComplex> {
    if let Some(config) = state.approximated_by {
        return Ok(Satisfaction::Stuck(Some(config)));
    }
    let forwards: Vec<usize> = (0..state.variables.len()).collect();
    let backwards: Vec<usize> = forwards.iter().rev().copied().collect();
    let mut stuck = None;
    for order in [forwards, backwards] {
        match complete(state, given.clone(), &order, budget)? {
            Satisfaction::Stuck(config) => stuck = stuck.or(config),
            shown @ Satisfaction::Model(_) => return Ok(shown),
        }
    }
    Ok(Satisfaction::Stuck(stuck))
}

fn complete(
    state: &State,
    mut texts: Model,
    order: &[usize],
    budget: &mut Budget,
) -> Result<Satisfaction, TooComplex> {
    texts.resize(state.variables.len(), None);
    for &variable in order {
        if texts[variable].is_some() {
            continue;
        }
        let conditions = conditions(state, variable, &texts, Approximation::Under, budget)?;
        let alphabet = alphabet(state, variable, Approximation::Under);
        texts[variable] = if conditions.is_empty() {
            Some(String::new())
        } else {
            text(&conditions, alphabet, longest(state, variable), budget)?
        };
        if texts[variable].is_none() {
            let about = |constraint: &&Rc<Constraint>| constraint.kind.mentions(variable);
            let mut constraints = state.constraints.iter().rev().filter(about);
            let config = constraints.find_map(|constraint| constraint.config);
            return Ok(Satisfaction::Stuck(config));
        }
    }
    for constraint in &state.constraints {
        budget.spend(64)?;
        if !holds(&constraint.kind, &texts, budget)? {
            return Ok(Satisfaction::Stuck(constraint.config));
        }
    }
    Ok(Satisfaction::Model(texts))
}

/// Whether the constraint surely holds.
fn holds(
    constraint: &ConstraintKind,
    texts: &Model,
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    Ok(match constraint {
        ConstraintKind::Member {
            value,
            automaton,
            inside,
            ..
        } => {
            let wanted = if *inside {
                Membership::Yes
            } else {
                Membership::No
            };
            value
                .text_with(texts)
                .is_some_and(|text| automaton.contains(&text) == wanted)
        }
        ConstraintKind::Compared { one, other, equal } => {
            let texts = one.text_with(texts).zip(other.text_with(texts));
            texts.is_some_and(|(one, other)| (one == other) == *equal)
        }
        ConstraintKind::Captured {
            value,
            shape,
            taken,
        } => {
            let Some(text) = value.text_with(texts) else {
                return Ok(false);
            };
            let Some(split) = shape.split(&text, budget)? else {
                return Ok(false);
            };
            let taken = taken.iter().map(|value| value.text_with(texts));
            taken.eq(split.into_iter().map(|text| Some(text.to_owned())))
        }
    })
}
