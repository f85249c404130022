//! Whether a namespace that an environment must not see can come through, and which.

use std::rc::Rc;

use crate::language::alphabet::Case;
use crate::language::automaton::{Automaton, Membership};
use crate::language::expression::Expression;
use crate::language::glob;
use crate::language::product::{Budget, Condition, Surrounding, TooComplex, shortest};

use super::RuleId;
use super::series::{Part, Series, Value};

/// The longest name of a namespace (RFC 1123: 63 characters).
pub const MAX_NAMESPACE: usize = 63;

/// What may be seen, as languages.
#[derive(Debug)]
pub struct Allowed {
    namespace: Rc<Automaton>,
    visible: Rc<Automaton>,
    foreign: Option<Rc<Automaton>>,
    familiar: Vec<String>,
}

/// A namespace that leaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// A namespace that comes through; none where a rule could not be followed exactly, so that
    /// none can be named with certainty.
    pub witness: Option<String>,
    /// The rule that could not be followed exactly, if any.
    pub loose: Option<RuleId>,
    /// The rule that wrote the label that leaks, if any.
    pub writer: Option<RuleId>,
    /// The filters that let the witness through, in order.
    pub filters: Vec<RuleId>,
}

impl Allowed {
    /// What the globs `allowed` let through. A witness is looked for first among the `familiar`
    /// namespaces, then among those of `foreign` globs, then among all.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the globs are too large for an automaton.
    pub fn new<'a>(
        allowed: impl Iterator<Item = &'a str>,
        foreign: impl Iterator<Item = &'a str>,
        familiar: Vec<String>,
    ) -> Result<Self, TooComplex> {
        let automaton = |expression: &Expression| {
            Automaton::new(expression, true)
                .map(Rc::new)
                .ok_or(TooComplex)
        };
        let foreign: Vec<Expression> = foreign.map(glob::expression).collect();
        Ok(Self {
            namespace: automaton(&Expression::namespace())?,
            visible: automaton(&Expression::Alternation(
                allowed.map(glob::expression).collect(),
            ))?,
            foreign: if foreign.is_empty() {
                None
            } else {
                Some(automaton(&Expression::Alternation(foreign))?)
            },
            familiar,
        })
    }

    /// The automaton of all namespaces.
    #[must_use]
    pub const fn namespaces(&self) -> &Rc<Automaton> {
        &self.namespace
    }

    /// Whether the text is a namespace that may not be seen.
    #[must_use]
    pub fn forbids(&self, text: &str) -> bool {
        text.len() <= MAX_NAMESPACE
            && self.namespace.contains(text) == Membership::Yes
            && self.visible.contains(text) == Membership::No
    }

    /// The leak of a value in a series, if there is one.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn leak(
        &self,
        series: &Series,
        label: usize,
        budget: &mut Budget,
    ) -> Result<Option<Leak>, TooComplex> {
        let value = &series.labels[label];
        let found = match value.text() {
            Some(text) if !self.forbids(text) => return Ok(None),
            Some(text) => Found::Text(text.to_owned()),
            None => match self.search(series, value, budget)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let variable = value.variables().next();
        if !series.is_possible(variable, budget)? {
            return Ok(None);
        }
        let tied = value
            .variables()
            .any(|index| series.variables[index].is_tied);
        let mut filters = series.filters(value);
        let loose = series.loose.or(series.vague(variable)).or_else(|| {
            let last = filters.last().copied();
            last.filter(|_| tied || matches!(found, Found::Something))
        });
        let witness = match found {
            Found::Text(text) if loose.is_none() && !tied => Some(text),
            _ => None,
        };
        if let Some(writer) = series.writers[label] {
            filters.retain(|filter| *filter != writer);
        }
        Ok(Some(Leak {
            witness,
            loose,
            writer: series.writers[label],
            filters,
        }))
    }

    fn search(
        &self,
        series: &Series,
        value: &Value,
        budget: &mut Budget,
    ) -> Result<Option<Found>, TooComplex> {
        let Some((variable, case, before, after)) = single(value) else {
            // Several variables, or text that the conversion left alone: the value as a whole.
            let mut conditions = self.forbidden(Case::Kept, &[], &[]);
            if let Some(whole) = Automaton::new(&value.expression(), true) {
                conditions.push(Condition::inside(Rc::new(whole)));
            }
            let found = shortest(&conditions, u128::MAX, MAX_NAMESPACE, budget)?;
            return Ok(found.map(|_| Found::Something));
        };
        let around = text_of(&before).len() + text_of(&after).len();
        let Some(length) = MAX_NAMESPACE.checked_sub(around) else {
            return Ok(None);
        };
        let conditions = self.forbidden(case, &before, &after);
        let convert = |text: String| -> Option<String> {
            let mut whole = text_of(&before);
            for character in text.chars() {
                whole.push(case.convert(u8::try_from(character).ok()?)?);
            }
            whole.push_str(&text_of(&after));
            Some(whole)
        };
        let Some(any) = series.text_of(variable, &conditions, length, budget)? else {
            return Ok(None);
        };
        let mut with = |automaton: Rc<Automaton>| {
            let further = Condition {
                automaton: Rc::new(automaton.before(case)),
                inside: true,
                before: before.clone(),
                after: after.clone(),
            };
            let conditions: Vec<Condition> = conditions.iter().cloned().chain([further]).collect();
            series.text_of(variable, &conditions, length, budget)
        };
        let (default, familiar): (Vec<&String>, Vec<&String>) =
            self.familiar.iter().partition(|name| *name == "default");
        let exactly = |name: &String| Automaton::new(&Expression::literal(name), true).map(Rc::new);
        for name in familiar {
            if let Some(automaton) = exactly(name)
                && with(automaton)?.is_some()
            {
                return Ok(Some(Found::Text(name.clone())));
            }
        }
        if let Some(foreign) = &self.foreign
            && let Some(text) = with(Rc::clone(foreign))?
        {
            return Ok(Some(convert(text).map_or(Found::Something, Found::Text)));
        }
        for name in default {
            if let Some(automaton) = exactly(name)
                && with(automaton)?.is_some()
            {
                return Ok(Some(Found::Text(name.clone())));
            }
        }
        Ok(Some(convert(any).map_or(Found::Something, Found::Text)))
    }

    /// That a value made of a text and its surroundings is a namespace that may not be seen.
    #[must_use]
    pub fn forbidden(
        &self,
        case: Case,
        before: &[Surrounding],
        after: &[Surrounding],
    ) -> Vec<Condition> {
        [(&self.namespace, true), (&self.visible, false)]
            .map(|(automaton, inside)| Condition {
                automaton: if case == Case::Kept {
                    Rc::clone(automaton)
                } else {
                    Rc::new(automaton.before(case))
                },
                inside,
                before: before.to_vec(),
                after: after.to_vec(),
            })
            .to_vec()
    }

    /// Whether the label may be absent, or a namespace that may be seen.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn admits(
        &self,
        series: &Series,
        label: usize,
        budget: &mut Budget,
    ) -> Result<bool, TooComplex> {
        let value = &series.labels[label];
        if let Some(text) = value.text() {
            let seen = text.is_empty() || self.visible.contains(text) == Membership::Yes;
            return Ok(seen && series.is_possible(None, budget)?);
        }
        let Some((variable, Case::Kept, before, after)) = single(value) else {
            return series.is_possible(None, budget);
        };
        let seen = Condition {
            automaton: Rc::clone(&self.visible),
            inside: true,
            before,
            after,
        };
        let empty = Automaton::new(&Expression::Empty, true).map(Rc::new);
        let absent = empty.filter(|_| value.plain_variable().is_some());
        for condition in std::iter::once(seen).chain(absent.map(Condition::inside)) {
            let found = series.text_of(variable, &[condition], MAX_NAMESPACE, budget)?;
            if found.is_some() && series.is_possible(Some(variable), budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

enum Found {
    /// This namespace.
    Text(String),
    /// Some namespace, which cannot be named.
    Something,
}

fn text_of(surroundings: &[Surrounding]) -> String {
    surroundings
        .iter()
        .map(|part| match part {
            Surrounding::Literal(text) => text.as_str(),
            Surrounding::Anything => "",
        })
        .collect()
}

/// The one variable of a value, with the literal text around it; none where there are several, or
/// where the text around it would not survive the conversion of its case.
fn single(value: &Value) -> Option<(usize, Case, Vec<Surrounding>, Vec<Surrounding>)> {
    let mut variable = None;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for part in &value.0 {
        match part {
            Part::Literal(text) => {
                let literal = Surrounding::Literal(text.clone());
                if variable.is_none() {
                    before.push(literal);
                } else {
                    after.push(literal);
                }
            }
            Part::Variable(index, case) => {
                if variable.replace((*index, *case)).is_some() {
                    return None;
                }
            }
        }
    }
    let (index, case) = variable?;
    let unchanged = |text: &String| case.convert_text(text).as_ref() == Some(text);
    let fits = [&before, &after]
        .into_iter()
        .flatten()
        .all(|part| match part {
            Surrounding::Literal(text) => unchanged(text),
            Surrounding::Anything => false,
        });
    fits.then_some((index, case, before, after))
}
