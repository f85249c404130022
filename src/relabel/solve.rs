//! Texts for the variables of a series.
//!
//! A fact about several variables bounds each of them by itself, whatever the others are: those
//! [`conditions`] are necessary, so where none of a variable's texts fulfils them, the series does
//! not exist ([`is_possible`]). They are not sufficient. A witness is therefore [shown](show): one
//! variable after the other gets a text, those that have one are text for the next, and in the end
//! every fact is checked as it stands.

use std::ops::Range;
use std::rc::Rc;

use crate::language::alphabet::{Case, OTHER};
use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::language::condition::Condition;
use crate::language::product::{exists, shortest};

use super::RuleId;
use super::series::{Fact, FactKind, Series};
use super::value::{Part, Value};

/// A text that a variable can mostly be, where something bounds it.
const ANY: &str = "a";

/// The texts that variables have so far.
pub type Texts = Vec<Option<String>>;

/// What became of the attempt to give every variable a text.
#[derive(Debug)]
pub enum Shown {
    /// With these the series exists.
    Texts(Texts),
    /// None was found that keeps to what this rule did, if it was a rule.
    Stuck(Option<RuleId>),
}

/// What is to be fulfilled, and by which alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To prove that there is no text: only what surely holds.
    Proof,
    /// To name one: also what is assumed, and no characters beyond ASCII.
    Witness,
}

/// The conditions on a variable by itself.
#[must_use]
pub fn conditions(
    series: &Series,
    variable: usize,
    texts: &[Option<String>],
    purpose: Purpose,
) -> Vec<Condition> {
    let mut all = Vec::new();
    let places = |value: &Value| -> Vec<(usize, Case)> {
        let parts = value.0.iter().enumerate();
        let of = |(place, part): (usize, &Part)| match part {
            Part::Variable(index, case) if *index == variable => Some((place, *case)),
            _ => None,
        };
        parts.filter_map(of).collect()
    };
    for fact in series
        .facts
        .iter()
        .filter(|fact| fact.kind.mentions(variable))
    {
        match &fact.kind {
            FactKind::Member {
                value,
                automaton,
                inside,
                assumed,
            } => {
                if *assumed && purpose == Purpose::Proof {
                    continue;
                }
                for (place, case) in places(value) {
                    let range = place..place + 1;
                    all.push(condition(
                        series, automaton, *inside, case, value, range, texts,
                    ));
                }
            }
            FactKind::Compared { one, other, equal } => {
                for (value, known) in [(one, other), (other, one)] {
                    // What is too large bounds nothing here; in the end it is compared as it stands.
                    let text = known.text_with(texts);
                    if let Some(Ok(automaton)) = text.map(|text| Automaton::of_texts(&[text])) {
                        let automaton = Rc::new(automaton);
                        for (place, case) in places(value) {
                            let range = place..place + 1;
                            all.push(condition(
                                series, &automaton, *equal, case, value, range, texts,
                            ));
                        }
                    }
                }
            }
            FactKind::Captured { .. } => {}
        }
    }
    all
}

/// The conditions on a value as a whole, wherever it stands within others.
#[must_use]
pub fn conditions_on(series: &Series, whole: &Value) -> Vec<Condition> {
    let mut all = Vec::new();
    for fact in &series.facts {
        if let FactKind::Member {
            value,
            automaton,
            inside,
            assumed: false,
        } = &fact.kind
        {
            for (place, window) in value.0.windows(whole.0.len()).enumerate() {
                if window == whole.0.as_slice() {
                    let range = place..place + window.len();
                    all.push(condition(
                        series,
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
    all
}

fn condition(
    series: &Series,
    automaton: &Rc<Automaton>,
    inside: bool,
    case: Case,
    value: &Value,
    range: Range<usize>,
    texts: &[Option<String>],
) -> Condition {
    let around = value.around(range, texts, &series.variables);
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
pub fn alphabet(series: &Series, variable: usize, purpose: Purpose) -> u128 {
    let symbols = series.variables[variable].symbols();
    match purpose {
        Purpose::Proof => symbols,
        Purpose::Witness => symbols & !(1 << OTHER),
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
pub fn settled(series: &Series, value: &Value, budget: &mut Budget) -> Result<Value, TooComplex> {
    let mut settled = Value::default();
    for part in &value.0 {
        let only = match part {
            Part::Variable(variable, case) => {
                let only = only_text(series, *variable, budget)?;
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
    series: &Series,
    variable: usize,
    budget: &mut Budget,
) -> Result<Option<String>, TooComplex> {
    let mut conditions = conditions(series, variable, &[], Purpose::Proof);
    if conditions.is_empty() {
        return Ok(None);
    }
    let symbols = alphabet(series, variable, Purpose::Witness);
    let Some(only) = text(&conditions, symbols, usize::MAX, budget)? else {
        return Ok(None);
    };
    conditions.push(Condition::outside(Rc::new(Automaton::of_texts(&[&only])?)));
    let symbols = alphabet(series, variable, Purpose::Proof);
    let has_others = exists(&conditions, symbols, usize::MAX, &[ANY], budget)?;
    Ok((!has_others).then_some(only))
}

/// Whether nothing contradicts that the series exists, the variable of `but` aside.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn is_possible(
    series: &Series,
    but: Option<usize>,
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    for fact in &series.facts {
        if let FactKind::Member {
            value,
            automaton,
            inside,
            assumed: false,
        } = &fact.kind
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
    for variable in (0..series.variables.len()).filter(|index| Some(*index) != but) {
        let conditions = conditions(series, variable, &[], Purpose::Proof);
        if !conditions.is_empty() {
            let alphabet = alphabet(series, variable, Purpose::Proof);
            if !exists(&conditions, alphabet, usize::MAX, &[ANY], budget)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Gives every variable a text, the given ones first.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn show(series: &Series, given: &Texts, budget: &mut Budget) -> Result<Shown, TooComplex> {
    if let Some(rule) = series.loose {
        return Ok(Shown::Stuck(Some(rule)));
    }
    let forwards: Vec<usize> = (0..series.variables.len()).collect();
    let backwards: Vec<usize> = forwards.iter().rev().copied().collect();
    let mut stuck = None;
    for order in [forwards, backwards] {
        match complete(series, given.clone(), &order, budget)? {
            Shown::Stuck(rule) => stuck = stuck.or(rule),
            shown @ Shown::Texts(_) => return Ok(shown),
        }
    }
    Ok(Shown::Stuck(stuck))
}

fn complete(
    series: &Series,
    mut texts: Texts,
    order: &[usize],
    budget: &mut Budget,
) -> Result<Shown, TooComplex> {
    texts.resize(series.variables.len(), None);
    for &variable in order {
        if texts[variable].is_some() {
            continue;
        }
        let conditions = conditions(series, variable, &texts, Purpose::Witness);
        let alphabet = alphabet(series, variable, Purpose::Witness);
        texts[variable] = if conditions.is_empty() {
            Some(String::new())
        } else {
            text(&conditions, alphabet, usize::MAX, budget)?
        };
        if texts[variable].is_none() {
            let about = |fact: &&Rc<Fact>| fact.kind.mentions(variable);
            let mut facts = series.facts.iter().rev().filter(about);
            let rule = facts.find_map(|fact| fact.rule);
            return Ok(Shown::Stuck(rule));
        }
    }
    for fact in &series.facts {
        budget.spend(64)?;
        if !holds(&fact.kind, &texts, budget)? {
            return Ok(Shown::Stuck(fact.rule));
        }
    }
    Ok(Shown::Texts(texts))
}

/// Whether the fact surely holds.
fn holds(fact: &FactKind, texts: &Texts, budget: &mut Budget) -> Result<bool, TooComplex> {
    Ok(match fact {
        FactKind::Member {
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
        FactKind::Compared { one, other, equal } => {
            let texts = one.text_with(texts).zip(other.text_with(texts));
            texts.is_some_and(|(one, other)| (one == other) == *equal)
        }
        FactKind::Captured {
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
