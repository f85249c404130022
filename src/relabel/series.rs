//! What is known of a target or a sample at one point of its pipeline, without running it.
//!
//! Every label that the pipeline mentions has a [`Value`]: literal text and [`Variable`]s, one
//! after the other. A variable stands for a text that nobody chose yet (the namespace of a target,
//! what an exporter exposes, a pod's label), with the conditions that it has fulfilled so far. A
//! filter adds a condition; a copy copies the value, so that a later filter on the copy still
//! narrows the original; a rule that may or may not match makes two series of one.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::language::alphabet::{Case, NAMESPACE};
use crate::language::automaton::{Automaton, Membership};
use crate::language::expression::Expression;
use crate::language::product::{Budget, Condition, Surrounding, TooComplex, shortest};

use super::{RuleId, labels};

/// The longest value that is followed, in bytes of text; a variable counts as 16. A copy of a copy
/// can double at every rule.
const MAX_VALUE: usize = 1024;

/// A label's value: its parts, one after the other. No part is an absent label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value(pub Vec<Part>);

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Literal(String),
    /// The text of the variable of this index, in this case.
    Variable(usize, Case),
}

impl Value {
    /// This text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut value = Self::default();
        value.push_literal(text);
        value
    }

    /// The text of a variable as it is.
    #[must_use]
    pub fn variable(index: usize) -> Self {
        Self(vec![Part::Variable(index, Case::Kept)])
    }

    /// The text, where no variable is part of the value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, where the value is just its text as it is.
    #[must_use]
    pub fn plain_variable(&self) -> Option<usize> {
        match self.0.as_slice() {
            [Part::Variable(index, Case::Kept)] => Some(*index),
            _ => None,
        }
    }

    /// The variables, once for each time that they occur.
    pub fn variables(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(index, _) => Some(*index),
        })
    }

    fn size(&self) -> usize {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.len(),
                Part::Variable(..) => 16,
            })
            .sum()
    }

    /// Appends literal text.
    pub fn push_literal(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Literal(before)) => before.push_str(text),
            _ => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    /// Appends another value.
    pub fn push(&mut self, other: &Self) {
        for part in &other.0 {
            match part {
                Part::Literal(text) => self.push_literal(text),
                Part::Variable(..) => self.0.push(part.clone()),
            }
        }
    }

    /// The values, joined as Prometheus joins those of source labels.
    #[must_use]
    pub fn joined(values: &[Self], separator: &str) -> Self {
        let mut joined = Self::default();
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                joined.push_literal(separator);
            }
            joined.push(value);
        }
        joined
    }

    /// What stands before and after the part at this place.
    fn around(&self, place: usize) -> (Vec<Surrounding>, Vec<Surrounding>) {
        let surroundings = |parts: &[Part]| {
            let surrounding = |part: &Part| match part {
                Part::Literal(text) => Surrounding::Literal(text.clone()),
                Part::Variable(..) => Surrounding::Anything,
            };
            parts.iter().map(surrounding).collect()
        };
        (
            surroundings(&self.0[..place]),
            surroundings(&self.0[place + 1..]),
        )
    }

    /// All texts that the value may have, whatever its variables are.
    #[must_use]
    pub fn expression(&self) -> Expression {
        Expression::Concatenation(
            self.0
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => Expression::literal(text),
                    Part::Variable(..) => Expression::anything(),
                })
                .collect(),
        )
    }
}

/// A text that nobody chose yet.
#[derive(Clone, Debug, Default)]
pub struct Variable {
    /// What it has fulfilled, and which rule asked for it.
    pub conditions: Vec<(Condition, Option<RuleId>)>,
    /// Whether it is a target's namespace, and has no other characters.
    pub is_namespace: bool,
    /// Whether a condition also holds another variable, so that the two are not independent.
    pub is_tied: bool,
}

impl Variable {
    fn alphabet(&self) -> u128 {
        if self.is_namespace {
            NAMESPACE
        } else {
            u128::MAX
        }
    }

    fn conditions(&self) -> impl Iterator<Item = Condition> {
        self.conditions
            .iter()
            .map(|(condition, _)| condition.clone())
    }
}

/// One way that a target or a sample can take through its pipeline.
#[derive(Clone, Debug)]
pub struct Series {
    /// The value of each label, by its place among [`super::labels::Labels`].
    pub labels: Vec<Value>,
    /// Which rule wrote each label last.
    pub writers: Vec<Option<RuleId>>,
    /// The variables that its values are made of.
    pub variables: Vec<Variable>,
    /// Languages of label names, with whether a label of such a name, or of any other one, was
    /// dropped before.
    pub dropped: Vec<(Rc<Automaton>, bool)>,
    /// The first rule that was over-approximated, if any: the series may not exist.
    pub loose: Option<RuleId>,
}

impl Series {
    /// How much there is to copy when one becomes two.
    #[must_use]
    pub fn size(&self) -> usize {
        let conditions = self
            .variables
            .iter()
            .map(|variable| 8 * variable.conditions.len());
        self.labels.len() + self.variables.len() + conditions.sum::<usize>()
    }

    /// A new variable, with nothing known of it.
    pub fn fresh(&mut self) -> Value {
        self.variables.push(Variable::default());
        Value::variable(self.variables.len() - 1)
    }

    /// A new variable, of which is known that this language contains it.
    pub fn fresh_inside(&mut self, expression: &Expression) -> Value {
        let value = self.fresh();
        if let (Some(variable), Some(automaton)) =
            (self.variables.last_mut(), Automaton::new(expression, true))
        {
            let condition = Condition::inside(Rc::new(automaton));
            variable.conditions.push((condition, None));
        }
        value
    }

    /// Marks the series as possibly not existing, because of this rule.
    pub fn loosen(&mut self, rule: RuleId) {
        self.loose.get_or_insert(rule);
    }

    /// Writes a label.
    pub fn write(&mut self, label: usize, value: Value, rule: RuleId) {
        self.labels[label] = if value.size() > MAX_VALUE {
            self.loosen(rule);
            self.fresh()
        } else {
            value
        };
        self.writers[label] = Some(rule);
    }

    /// The series in which the value is inside, or outside, of the language; none if it cannot be.
    #[must_use]
    pub fn constrained(
        mut self,
        value: &Value,
        automaton: &Rc<Automaton>,
        inside: bool,
        rule: RuleId,
    ) -> Option<Self> {
        if let Some(text) = value.text() {
            match (automaton.contains(text), inside) {
                (Membership::Yes, true) | (Membership::No, false) => {}
                (Membership::No, true) | (Membership::Yes, false) => return None,
                (Membership::Unknown, _) => self.loosen(rule),
            }
            return Some(self);
        }
        if !automaton.is_exact() {
            self.loosen(rule);
            if !inside {
                return Some(self);
            }
        }
        let several = value.variables().count() > 1;
        let main = self.main(value);
        for (place, part) in value.0.iter().enumerate() {
            let Part::Variable(index, case) = *part else {
                continue;
            };
            let (before, after) = value.around(place);
            let variable = &mut self.variables[index];
            let tied = variable.is_tied;
            let constrained = !variable.conditions.is_empty();
            if case == Case::Kept || before.is_empty() && after.is_empty() {
                let automaton = match case {
                    Case::Kept => Rc::clone(automaton),
                    Case::Lower | Case::Upper => Rc::new(automaton.before(case)),
                };
                let condition = Condition {
                    automaton,
                    inside,
                    before,
                    after,
                };
                variable.conditions.push((condition, Some(rule)));
            } else {
                // The text around was not converted, so the automaton cannot be as a whole.
                self.loosen(rule);
            }
            // Each variable is bounded by itself; that they also depend on each other is lost. It
            // does not matter as long as all but one of them are otherwise free.
            let again = value.variables().filter(|of| *of == index).count() > 1;
            if tied || again || several && Some(index) != main && constrained {
                self.loosen(rule);
            }
            if several && Some(index) != main {
                self.variables[index].is_tied = true;
            }
        }
        Some(self)
    }

    /// The variable that a condition on several of them is mainly about: a namespace, or else the
    /// first.
    fn main(&self, value: &Value) -> Option<usize> {
        value
            .variables()
            .find(|&index| {
                self.variables[index].is_namespace
                    || [labels::NAMESPACE, labels::MERGED]
                        .iter()
                        .any(|&label| self.labels[label].variables().any(|of| of == index))
            })
            .or_else(|| value.variables().next())
    }

    /// Puts `value` in the place of a variable, whose conditions become conditions on the value.
    pub fn substitute(&mut self, variable: usize, value: &Value) {
        for label in &mut self.labels {
            if label.variables().all(|index| index != variable) {
                continue;
            }
            let mut replaced = Value::default();
            for part in std::mem::take(&mut label.0) {
                match part {
                    Part::Literal(text) => replaced.push_literal(&text),
                    Part::Variable(index, case) if index == variable => {
                        for part in &value.0 {
                            match part {
                                // INVARIANT: only ASCII is put around a variable (`interpret`).
                                Part::Literal(text) => replaced
                                    .push_literal(&case.convert_text(text).unwrap_or_default()),
                                Part::Variable(index, inner) => {
                                    let case = if case == Case::Kept { *inner } else { case };
                                    replaced.0.push(Part::Variable(*index, case));
                                }
                            }
                        }
                    }
                    other @ Part::Variable(..) => replaced.0.push(other),
                }
            }
            *label = replaced;
        }
        let old = std::mem::take(&mut self.variables[variable]);
        let Some((place, index)) =
            value
                .0
                .iter()
                .enumerate()
                .find_map(|(place, part)| match part {
                    Part::Literal(_) => None,
                    Part::Variable(index, _) => Some((place, *index)),
                })
        else {
            return;
        };
        let (before, after) = value.around(place);
        let new = &mut self.variables[index];
        new.is_tied |= old.is_tied;
        // With text around it, it is a part of a namespace, and may be empty.
        new.is_namespace |= old.is_namespace && value.plain_variable().is_some();
        new.conditions
            .extend(old.conditions.into_iter().map(|(mut condition, rule)| {
                condition.before.extend(before.iter().cloned());
                condition.after.splice(0..0, after.iter().cloned());
                (condition, rule)
            }));
    }

    /// A text that a variable can be, together with further conditions on it.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn text_of(
        &self,
        variable: usize,
        further: &[Condition],
        length: usize,
        budget: &mut Budget,
    ) -> Result<Option<String>, TooComplex> {
        let variable = &self.variables[variable];
        let conditions: Vec<Condition> = variable
            .conditions()
            .chain(further.iter().cloned())
            .collect();
        let symbols = shortest(&conditions, variable.alphabet(), length, budget)?;
        Ok(symbols.map(|symbols| symbols.into_iter().map(char::from).collect()))
    }

    /// Whether every variable can have a text, the ones of `but` aside.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn is_possible(&self, but: Option<usize>, budget: &mut Budget) -> Result<bool, TooComplex> {
        for index in 0..self.variables.len() {
            let free = self.variables[index].conditions.is_empty();
            if !free
                && Some(index) != but
                && self.text_of(index, &[], usize::MAX, budget)?.is_none()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A rule after which it is not certain that each variable can have a text, the one of `but`
    /// aside.
    #[must_use]
    pub fn vague(&self, but: Option<usize>) -> Option<RuleId> {
        let others = self.variables.iter().enumerate();
        others
            .filter(|(index, _)| Some(*index) != but)
            .flat_map(|(_, variable)| &variable.conditions)
            .find(|(condition, _)| condition.automaton.is_vague())
            .and_then(|(_, rule)| *rule)
    }

    /// The rules that narrowed what the value can be.
    #[must_use]
    pub fn filters(&self, value: &Value) -> Vec<RuleId> {
        let rules = value
            .variables()
            .flat_map(|index| &self.variables[index].conditions)
            .filter_map(|(_, rule)| *rule);
        rules.collect::<BTreeSet<RuleId>>().into_iter().collect()
    }
}
