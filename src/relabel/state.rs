//! A target, or a sample, as the interpreter sees it: for each label that the pipeline mentions a [`Value`],
//! whose variables stand for what nobody chose yet, and the [`Constraint`]s that configs made of them.
//!
//! Values share variables: what is copied is the same text, so that a later filter on the copy
//! still narrows the original; a config that may or may not match makes two states of one. What a
//! state says is never more than what holds: each constraint that is not *assumed* holds of every real
//! series that goes this way, so that a contradiction among them proves that there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership, TooLarge};
use crate::language::expression::Expression;

use super::labels::{ADDRESS, CHOSEN_BY_SELECTORS, META_KUBERNETES, is_found};
use super::shape::Shape;
use super::value::{Part, Text, Value};
use super::{ConfigId, Stage};

/// The longest value that is followed. A copy of a copy can double at every config.
pub(crate) const MAX_VALUE: usize = 1024;

/// What a label, a variable or a constraint costs to copy, in words.
pub(crate) const WORDS: usize = 8;

/// Who gave a state a label, before any config of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Service discovery (or a scrape class) gave it to the target.
    Target(String),
    /// The exporter exposes it.
    Exposed(String),
}

impl Origin {
    /// The label's name.
    #[must_use]
    pub const fn name(&self) -> &String {
        let (Self::Target(name) | Self::Exposed(name)) = self;
        name
    }
}

/// Something that is known of a state.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// What.
    pub kind: ConstraintKind,
    /// The config that made it so, if a config did.
    pub config: Option<ConfigId>,
}

/// What is known of a state.
#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// The value is inside, or outside, of the language.
    Member {
        /// The value.
        value: Value,
        /// The language, or one that contains it.
        automaton: Rc<Automaton>,
        /// Inside or outside.
        inside: bool,
        /// Whether it need not hold: a witness must keep to it, a proof must not.
        assumed: bool,
    },
    /// The values are, or are not, equal.
    Compared {
        /// One of them.
        one: Value,
        /// The other one.
        other: Value,
        /// Whether they are equal.
        equal: bool,
    },
    /// A regex of this shape matched the value, and its items took these.
    Captured {
        /// What was matched.
        value: Value,
        /// The items.
        shape: Rc<Shape>,
        /// What each of them took.
        taken: Vec<Value>,
    },
}

impl ConstraintKind {
    fn values(&self) -> impl Iterator<Item = &Value> {
        let (one, other, more): (_, _, &[Value]) = match self {
            Self::Member { value, .. } => (value, None, &[]),
            Self::Compared { one, other, .. } => (one, Some(other), &[]),
            Self::Captured { value, taken, .. } => (value, None, taken),
        };
        std::iter::once(one).chain(other).chain(more)
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let (one, other, more): (_, _, &mut [Value]) = match self {
            Self::Member { value, .. } => (value, None, &mut []),
            Self::Compared { one, other, .. } => (one, Some(other), &mut []),
            Self::Captured { value, taken, .. } => (value, None, taken),
        };
        std::iter::once(one).chain(other).chain(more)
    }

    /// Whether it says all that is known: no inexact language.
    fn is_exact(&self) -> bool {
        match self {
            Self::Member { automaton, .. } => automaton.is_exact(),
            Self::Compared { .. } | Self::Captured { .. } => true,
        }
    }

    /// Whether the other one surely says the same.
    fn says_the_same(&self, other: &Self) -> bool {
        let is_alike = match (self, other) {
            (
                Self::Member {
                    automaton: one,
                    inside,
                    assumed,
                    ..
                },
                Self::Member {
                    automaton: two,
                    inside: inside_two,
                    assumed: assumed_two,
                    ..
                },
            ) => {
                let are_same =
                    Rc::ptr_eq(one, two) || one.globs().is_some() && one.globs() == two.globs();
                are_same && (inside, assumed) == (inside_two, assumed_two)
            }
            (Self::Compared { equal: one, .. }, Self::Compared { equal: two, .. }) => one == two,
            (Self::Captured { shape: one, .. }, Self::Captured { shape: two, .. }) => {
                Rc::ptr_eq(one, two)
            }
            _ => false,
        };
        is_alike && self.values().eq(other.values())
    }

    /// Whether the variable is part of what it is about.
    #[must_use]
    pub fn mentions(&self, variable: usize) -> bool {
        self.values()
            .any(|value| value.variables().any(|index| index == variable))
    }
}

/// One way that a target or a sample can take through its pipeline.
#[derive(Clone, Debug)]
pub struct State {
    /// The value of each label, by its place among [`super::labels::Labels`].
    pub labels: Vec<Value>,
    /// Which config wrote each label last.
    pub writers: Vec<Option<ConfigId>>,
    /// What is known of each variable from the start.
    pub variables: Vec<Text>,
    /// What is known.
    pub constraints: Vec<Rc<Constraint>>,
    /// The variables of which is known whether the default regex matches them: in Prometheus 2, it does not
    /// match a newline.
    matched_by_default: BTreeMap<usize, bool>,
    /// The labels that were there before any config, as far as they are followed.
    pub given: Vec<(Origin, Value)>,
    /// Languages of label names, with whether a label of such a name, or of any other one, was
    /// dropped before.
    pub dropped: Vec<(Rc<Automaton>, bool)>,
    /// Whether labels of names that are not known were written after some were dropped.
    pub refilled: bool,
    /// Labels of its target that discovery gives, and whose values the object chooses all the same.
    pub chosen: Rc<[String]>,
    /// Whether it is scraped from an exporter that reports on many namespaces, because of its path.
    pub is_cluster_wide: bool,
    /// The first config that could not be followed, if any: the state may not exist.
    pub approximated_by: Option<ConfigId>,
}

impl State {
    /// One of whose labels nothing is known.
    #[must_use]
    pub fn new(labels: usize) -> Self {
        Self {
            labels: vec![Value::default(); labels],
            writers: vec![None; labels],
            variables: Vec::new(),
            constraints: Vec::new(),
            matched_by_default: BTreeMap::new(),
            given: Vec::new(),
            dropped: Vec::new(),
            refilled: false,
            chosen: Rc::default(),
            is_cluster_wide: false,
            approximated_by: None,
        }
    }

    /// What it costs to copy it when one becomes two, in words.
    #[must_use]
    pub fn size(&self) -> usize {
        WORDS
            * (self.labels.len() + self.variables.len() + self.given.len() + self.constraints.len())
    }

    /// A new variable, with nothing known of it.
    pub fn fresh(&mut self) -> Value {
        self.variables.push(Text::Any);
        Value::variable(self.variables.len() - 1)
    }

    /// A new variable, which is what the label of this origin holds.
    pub fn fresh_from(&mut self, origin: Origin) -> Value {
        let value = self.fresh();
        self.given.push((origin, value.clone()));
        value
    }

    /// What the label of this origin holds: the text, or else a new variable.
    pub(crate) fn given_as(&mut self, origin: Origin, text: Option<&String>) -> Value {
        let Some(text) = text else {
            return self.fresh_from(origin);
        };
        let value = Value::literal(text);
        self.given.push((origin, value.clone()));
        value
    }

    /// A new variable, of which is known that this language contains it; of a language that is too
    /// large, nothing is known.
    pub(crate) fn fresh_inside(&mut self, expression: &Expression, config: ConfigId) -> Value {
        let value = self.fresh();
        match Automaton::new(expression, true) {
            Ok(automaton) => {
                self.know_member(&value, &Rc::new(automaton), true, false, Some(config));
            }
            Err(TooLarge) => self.approximate(config),
        }
        value
    }

    /// Marks the state as possibly not existing, because of this config.
    pub(crate) fn approximate(&mut self, config: ConfigId) {
        self.approximated_by.get_or_insert(config);
    }

    /// Writes a label.
    pub fn write(&mut self, label: usize, value: Value, config: ConfigId) {
        self.labels[label] = if value.size() > MAX_VALUE {
            self.approximate(config);
            self.fresh()
        } else {
            value
        };
        self.writers[label] = Some(config);
    }

    /// Takes note that labels of any name may have been written; `known` tells whether one may have been that is
    /// known and that no config mentions.
    pub(crate) fn refill(&mut self, known: bool) {
        self.refilled |= known || !self.dropped.is_empty();
        self.dropped.clear();
    }

    /// Adds a constraint.
    pub fn know(&mut self, kind: ConstraintKind, config: Option<ConfigId>) {
        self.constraints.push(Rc::new(Constraint { kind, config }));
    }

    fn know_member(
        &mut self,
        value: &Value,
        automaton: &Rc<Automaton>,
        inside: bool,
        assumed: bool,
        config: Option<ConfigId>,
    ) {
        let kind = ConstraintKind::Member {
            value: value.clone(),
            automaton: Rc::clone(automaton),
            inside,
            assumed,
        };
        self.know(kind, config);
    }

    /// Adds that the value is inside of the language, whatever the configs do.
    pub(crate) fn know_inside(&mut self, value: &Value, automaton: &Rc<Automaton>) {
        self.know_member(value, automaton, true, false, None);
    }

    /// The state in which the value is inside, or outside, of the language; none if it cannot be.
    #[must_use]
    pub(crate) fn constrained(
        mut self,
        value: &Value,
        automaton: &Rc<Automaton>,
        inside: bool,
        config: Option<ConfigId>,
    ) -> Option<Self> {
        if let Some(text) = value.text() {
            match (automaton.contains(text), inside) {
                (Membership::Yes, true) | (Membership::No, false) => {}
                (Membership::No, true) | (Membership::Yes, false) => return None,
                (Membership::Unknown, _) => {
                    if let Some(config) = config {
                        self.approximate(config);
                    }
                }
            }
            return Some(self);
        }
        // Outside of a language that only contains the real one is less than outside of that.
        let assumed = !inside && !automaton.is_exact();
        self.know_member(value, automaton, inside, assumed, config);
        Some(self)
    }

    /// Assumes that the value is inside, or outside, of the language: every witness will keep to
    /// it.
    pub(crate) fn assume(
        &mut self,
        value: &Value,
        automaton: &Rc<Automaton>,
        inside: bool,
        config: Option<ConfigId>,
    ) {
        self.know_member(value, automaton, inside, true, config);
    }

    /// Adds that the values, of which both vary, are different.
    pub(crate) fn know_different(&mut self, one: &Value, other: &Value) {
        let kind = ConstraintKind::Compared {
            one: one.clone(),
            other: other.clone(),
            equal: false,
        };
        self.know(kind, None);
    }

    /// Puts `value` in the place of a variable, wherever it is.
    pub(crate) fn substitute(&mut self, variable: usize, by: &Value) {
        let replace = |value: &mut Value| {
            if let Some(replaced) = value.substituted(variable, by) {
                *value = replaced;
            }
        };
        self.labels.iter_mut().for_each(replace);
        self.given.iter_mut().for_each(|(_, value)| replace(value));
        for constraint in &mut self.constraints {
            if constraint.kind.mentions(variable) {
                Rc::make_mut(constraint).kind.values_mut().for_each(replace);
            }
        }
        let known = self.variables[variable];
        // With text around it, it is a part of a namespace, and may be empty.
        let known = by.plain_variable().map_or(known.part(), |_| known);
        for index in by.variables() {
            self.variables[index] = self.variables[index].max(known);
        }
    }

    /// The state in which the value is a namespace as a whole. None where this tells nothing new: it does where a
    /// variable stands in several places of a text, each of which is asked about with anything in the others.
    #[must_use]
    pub(crate) fn as_namespace(&self, value: &Value) -> Option<Self> {
        let variable = value.plain_variable()?;
        let is_repeated = |constraint: &Rc<Constraint>| {
            let mut values = constraint.kind.values();
            values.any(|value| value.variables().filter(|one| *one == variable).count() > 1)
        };
        let is_new = self.variables[variable] != Text::Namespace;
        (is_new && self.constraints.iter().any(is_repeated)).then(|| {
            let mut state = self.clone();
            state.variables[variable] = Text::Namespace;
            state
        })
    }

    /// Whether some of the value was given neither by discovery nor by an exporter: a config that cannot be
    /// followed made it.
    #[must_use]
    pub(crate) fn is_made_up(&self, value: &Value) -> bool {
        let is_given = |index| self.origins(index).next().is_some();
        !value.variables().all(is_given)
    }

    /// The variables of the value, and those that a constraint ties to them, directly or by others.
    fn tied(&self, value: &Value) -> BTreeSet<usize> {
        let mut open: Vec<usize> = value.variables().collect();
        let mut tied: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(variable) = open.pop() {
            for constraint in &self.constraints {
                if constraint.kind.mentions(variable) {
                    let others = constraint.kind.values().flat_map(Value::variables);
                    open.extend(others.filter(|other| tied.insert(*other)));
                }
            }
        }
        tied
    }

    /// What of the state is about the value, which is its only label: where the state exists, and a question is about
    /// the value only, both have the same answer.
    #[must_use]
    pub fn about(&self, value: &Value) -> Self {
        let tied = self.tied(value);
        let is_about = |value: &Value| value.variables().any(|index| tied.contains(&index));
        let mut variables = self.variables.clone();
        variables.truncate(tied.last().map_or(0, |last| last + 1));
        for (index, known) in variables.iter_mut().enumerate() {
            if !tied.contains(&index) {
                *known = Text::Any;
            }
        }
        let constraints = self.constraints.iter();
        let constraints = constraints.filter(|known| known.kind.values().any(is_about));
        let given = self.given.iter().filter(|(_, value)| is_about(value));
        Self {
            labels: vec![value.clone()],
            variables,
            constraints: constraints.cloned().collect(),
            given: given.cloned().collect(),
            chosen: Rc::clone(&self.chosen),
            approximated_by: self.approximated_by,
            ..Self::new(0)
        }
    }

    /// Whether this and another one, both [`about`](Self::about) a value, say the same of it.
    #[must_use]
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let constraints = self.constraints.iter().zip(&other.constraints);
        self.labels == other.labels
            && self.variables == other.variables
            && self.given == other.given
            && self.chosen == other.chosen
            && self.approximated_by == other.approximated_by
            && self.constraints.len() == other.constraints.len()
            && constraints
                .into_iter()
                .all(|(one, two)| one.kind.says_the_same(&two.kind))
    }

    /// Whether all that varies of the value is what discovery found ([`is_found`]): none of it, nor what it is compared
    /// or joined with, is what the object chooses, and all that is known of it holds exactly. Only then a choice that is
    /// left to it is one of whoever labels the target.
    #[must_use]
    pub(crate) fn is_found(&self, value: &Value) -> bool {
        let is_certain = self
            .approximated_by
            .is_none_or(|config| config.stage == Stage::Prometheus);
        let tied = self.tied(value);
        let is_about = |index: &usize| tied.contains(index);
        let mut constraints = self.constraints.iter().map(|constraint| &constraint.kind);
        let is_exact = constraints.all(|kind| {
            let mut variables = kind.values().flat_map(Value::variables);
            kind.is_exact() || !variables.any(|index| is_about(&index))
        });
        let is_chosen = |name: &String| {
            let is_it = |chosen: &String| {
                chosen == name || chosen == CHOSEN_BY_SELECTORS && name.starts_with(META_KUBERNETES)
            };
            self.chosen.iter().any(is_it)
        };
        let is_found = |name: &String| is_found(name) && !is_chosen(name);
        is_certain
            && is_exact
            && tied.into_iter().all(|index| {
                let mut names = self.origins(index).map(Origin::name).peekable();
                names.peek().is_some() && names.all(is_found)
            })
    }

    /// Whether the variable is of the address with which a target was discovered, or nothing is known of it.
    #[must_use]
    pub(crate) fn is_as_discovered(&self, variable: usize) -> bool {
        let mut origins = self.origins(variable);
        origins.any(|origin| origin.name() == ADDRESS)
            || !self
                .constraints
                .iter()
                .any(|constraint| constraint.kind.mentions(variable))
    }

    /// The labels that were given with the variable in their values.
    fn origins(&self, variable: usize) -> impl Iterator<Item = &Origin> {
        let holds = move |value: &Value| value.variables().any(|index| index == variable);
        let given = self.given.iter();
        given.filter_map(move |(origin, value)| holds(value).then_some(origin))
    }

    /// Whether nothing is known of the variable, and no other label holds it.
    #[must_use]
    pub(crate) fn is_own(&self, variable: usize, label: usize) -> bool {
        let holds = |value: &Value| value.variables().any(|index| index == variable);
        let elsewhere = |(place, value)| place != label && holds(value);
        !self
            .constraints
            .iter()
            .any(|constraint| constraint.kind.mentions(variable))
            && !self.labels.iter().enumerate().any(elsewhere)
    }

    /// Whether the default regex, `(.*)`, matches the value; none where that is not known yet.
    ///
    /// Text without a newline it does match, and so it does what it matched before.
    #[must_use]
    pub(crate) fn matches_default(&self, value: &Value) -> Option<bool> {
        let of = |part: &Part| match part {
            Part::Literal(text) => (!text.contains('\n')).then_some(true),
            Part::Variable(index, _) if self.variables[*index] >= Text::Line => Some(true),
            Part::Variable(index, _) => self.matched_by_default.get(index).copied(),
        };
        let parts = || value.0.iter().map(of);
        if parts().any(|part| part == Some(false)) {
            return Some(false);
        }
        parts().all(|part| part == Some(true)).then_some(true)
    }

    /// Takes note that the default regex matches the value, or does not.
    pub(crate) fn know_default(&mut self, value: &Value, matches: bool) {
        // Of several parts, it is not known which has the newline.
        let is_literal = |part: &Part| matches!(part, Part::Literal(text) if text.contains('\n'));
        let is_only_one = || value.variables().count() == 1 && !value.0.iter().any(is_literal);
        if matches || is_only_one() {
            let known = value.variables().map(|index| (index, matches));
            self.matched_by_default.extend(known);
        }
    }

    /// The configs that narrowed what the value can be.
    #[must_use]
    pub fn filters(&self, value: &Value) -> Vec<ConfigId> {
        let about = |constraint: &&Rc<Constraint>| {
            matches!(
                constraint.kind,
                ConstraintKind::Member { .. } | ConstraintKind::Compared { .. }
            ) && value
                .variables()
                .any(|index| constraint.kind.mentions(index))
        };
        let configs = self
            .constraints
            .iter()
            .filter(about)
            .filter_map(|constraint| constraint.config);
        configs
            .collect::<BTreeSet<ConfigId>>()
            .into_iter()
            .collect()
    }
}
