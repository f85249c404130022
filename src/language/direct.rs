//! Answers that need no walk.
//!
//! Most conditions that people write are globs, and most questions about these are answered by
//! looking: a keep whose globs are each included in one of those that are to be avoided leaves
//! nothing, a keep of a few texts leaves at most these, and of a text it is plain whether it
//! fulfils the conditions. What is not answered here is answered by [`super::product`].

use std::rc::Rc;

use super::alphabet::{Case, in_witness_order, symbol};
use super::budget::{Budget, SET, TooComplex};
use super::condition::{Condition, Surrounding};
use super::glob;

/// What it costs to hold one text against all conditions, in the unit of the budget.
pub(super) fn weight(conditions: &[Condition]) -> usize {
    let globs = |condition: &Condition| condition.automaton.globs().map_or(0, <[_]>::len);
    conditions
        .iter()
        .map(|one| SET + globs(one) * glob::COST)
        .sum()
}

/// Whether two of the conditions surely contradict each other: what has to be inside of one
/// language is all inside of one that it has to be outside of.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(super) fn contradict(
    conditions: &[Condition],
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    let (inside, outside): (Vec<&Condition>, Vec<&Condition>) =
        conditions.iter().partition(|condition| condition.inside);
    for inside in inside.into_iter().filter(|inside| is_fixed(inside)) {
        // Only where both are about the same value: what is free around it is chosen twice.
        let same = |outside: &&&Condition| {
            inside.case == outside.case
                && inside.before == outside.before
                && inside.after == outside.after
        };
        for outside in outside.iter().filter(same) {
            // However it is approximated, it is one language.
            if Rc::ptr_eq(&inside.automaton, &outside.automaton) {
                return Ok(true);
            }
            let globs = inside.automaton.globs().zip(outside.automaton.globs());
            let Some((inner, outer)) = globs else {
                continue;
            };
            let length: usize = inner.iter().map(String::len).sum();
            budget.spend(inner.len() * outer.len() * glob::COST + length * outer.len() / 16)?;
            let is_included = |one: &String| outer.iter().any(|glob| glob::includes(glob, one));
            if inner.iter().all(is_included) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The texts that can fulfil the conditions, where one of them leaves only a few.
#[must_use]
pub(super) fn few(conditions: &[Condition]) -> Option<&[String]> {
    conditions.iter().find_map(texts)
}

/// The texts of a condition that is bare, if they are a few.
fn texts(condition: &Condition) -> Option<&[String]> {
    let bare = condition.before.is_empty() && condition.after.is_empty();
    let globs = condition.automaton.globs()?;
    let all = condition.inside && bare && condition.case == Case::Kept;
    let are_texts = globs.iter().all(|glob| !glob.contains('*'));
    (all && are_texts).then_some(globs)
}

/// Some texts that the languages of the conditions contain, one by one.
pub(super) fn samples(conditions: &[Condition]) -> impl Iterator<Item = String> {
    let inside = conditions.iter().filter(|condition| condition.inside);
    let globs = inside.filter_map(|condition| condition.automaton.globs());
    globs.flatten().map(|glob| glob::sample(glob))
}

/// Whether the text over this alphabet, of at most `length` symbols, fulfils all conditions; none
/// where that takes a walk.
#[must_use]
pub(super) fn fulfils(
    text: &str,
    conditions: &[Condition],
    alphabet: u128,
    length: usize,
) -> Option<bool> {
    let is_over = text.is_ascii()
        && text
            .bytes()
            .all(|byte| alphabet >> symbol(byte.into()) & 1 != 0);
    if !is_over || text.len() > length {
        return Some(false);
    }
    for condition in conditions {
        if !is_fixed(condition) {
            return None;
        }
        let value = condition.case.convert_text(text)?;
        let value =
            Surrounding::text(&condition.before) + &value + &Surrounding::text(&condition.after);
        if !condition.automaton.is_read(&value) {
            return None;
        }
        if condition.automaton.reads(&value, !condition.inside) != condition.inside {
            return Some(false);
        }
    }
    Some(true)
}

/// The one of the texts that is found first: the shortest, and of those the first in witness order.
#[must_use]
pub(super) fn first<'a>(texts: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let rank = |byte: u8| in_witness_order(u128::MAX).position(|symbol| symbol == byte);
    let key = |text: &&String| (text.len(), text.bytes().map(rank).collect::<Vec<_>>());
    texts.min_by_key(key)
}

/// Whether all that stands around the text is known.
fn is_fixed(condition: &Condition) -> bool {
    let literal = |part: &Surrounding| matches!(part, Surrounding::Literal(_));
    condition.before.iter().all(literal) && condition.after.iter().all(literal)
}
