//! The interpreter: Prometheus' `relabel` (`model/relabel/relabel.go`), one action after the
//! other, on a [`State`] instead of a set of labels.
//!
//! [`Interpreter::apply`] is laid out as the switch there, so that the two can be read side by
//! side. Where Prometheus returns false, no series comes out; where the outcome depends on a
//! variable, two come out, each with its condition. What cannot be followed is over-approximated
//! and marked ([`State::approximate`]): an unknown keep keeps everything, an unknown drop drops
//! nothing, an unknown write leaves a label of which nothing is known.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::language::alphabet::{Case, Class};
use crate::language::automaton::{Automaton, MAX_SIZE, Membership, TooLarge};
use crate::language::budget::{Budget, TooComplex};
use crate::language::expression::Expression;
use crate::language::pattern::{Dot, Pattern, PatternError};

use super::ConfigId;
use super::capture::{self, Held};
use super::config::{Action, DEFAULT_REGEX, RelabelConfig};
use super::labels::{Discovered, Labels, NAMESPACE};
use super::regex::{Compiled, Made, Regex};
use super::state::{ConstraintKind, State};
use super::template::{self, Piece};
use super::value::{Part, Value};

/// The most series that one pipeline may be split into. People's pipelines make a handful.
pub(crate) const MAX_STATES: usize = 1024;

/// The most that are followed where only a counterexample is looked for.
const FOLLOWED: usize = 2;

/// What it costs to filter a state, in the unit of the budget.
const FILTER: usize = 16;

/// A config at its place in a pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The place.
    pub id: ConfigId,
    /// The config.
    pub config: &'a RelabelConfig,
    /// The labels of the pipeline.
    pub labels: &'a Labels,
    /// Which of them are read after the config.
    pub needed: &'a [bool],
}

impl Step<'_> {
    /// The places of the labels that the config may write and that are read afterwards.
    pub fn writable(&self) -> impl Iterator<Item = (usize, &String)> {
        self.labels
            .writable()
            .filter(|(label, _)| self.needed[*label])
    }
}

/// Compiles each distinct regex of an object once, and keeps the budget of its proofs.
#[derive(Debug, Default)]
pub struct Interpreter {
    patterns: BTreeMap<String, Regex>,
    /// What `.` stands for in them.
    dot: Dot,
    /// The language of all texts but the empty one.
    something: OnceCell<Rc<Automaton>>,
    /// The names that no discovered label has.
    impossible: BTreeMap<Discovered, Rc<Automaton>>,
    /// Whether a discovered label may have a name, for each that was asked for.
    possible: BTreeMap<(Discovered, String), bool>,
    /// The config that was run last.
    pub at: Option<ConfigId>,
    /// Whether only some states are followed, which is enough for a counterexample, and for no proof.
    pub follows_some: bool,
    /// What is left to be spent.
    pub budget: Budget,
}

impl Interpreter {
    /// Does something with this meaning of `.` in all regexes.
    pub(crate) fn with_dot<T>(&mut self, dot: Dot, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.dot, dot);
        let patterns = std::mem::take(&mut self.patterns);
        let result = run(self);
        self.dot = outer;
        self.patterns = patterns;
        result
    }

    /// The regex, compiled.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn compile(&mut self, regex: &str) -> Result<Regex, TooComplex> {
        if let Some(known) = self.patterns.get(regex) {
            return Ok(known.clone());
        }
        self.budget.spend(2 * regex.len())?;
        let compiled = match Compiled::new(regex, self.dot) {
            Ok(compiled) => {
                self.pay(&compiled.automaton)?;
                Regex::Compiled(Rc::new(compiled))
            }
            Err(error) => {
                if error == PatternError::GivenUp {
                    self.budget.spend(Automaton::GIVING_UP)?;
                }
                Regex::NotCompiled(error)
            }
        };
        self.patterns.insert(regex.to_owned(), compiled.clone());
        Ok(compiled)
    }

    /// Pays for an automaton that was made.
    fn pay(&mut self, automaton: &Automaton) -> Result<(), TooComplex> {
        self.budget.spend(automaton.making())
    }

    /// The automaton of an expression.
    pub(crate) fn automaton(
        &mut self,
        expression: &Expression,
        exact: bool,
    ) -> Result<Made, TooComplex> {
        let Ok(automaton) = Automaton::new(expression, exact) else {
            self.budget.spend(Automaton::GIVING_UP)?;
            return Ok(Made::TooLarge);
        };
        self.pay(&automaton)?;
        Ok(Made::Automaton(Rc::new(automaton)))
    }

    /// The automaton of what a group of the regex can hold.
    pub(crate) fn group(&mut self, regex: &Compiled, group: usize) -> Result<Made, TooComplex> {
        if let Some(known) = regex.groups.borrow().get(&group) {
            return Ok(known.clone());
        }
        let made = self.automaton(&regex.pattern().groups[group].expression, false)?;
        regex.groups.borrow_mut().insert(group, made.clone());
        Ok(made)
    }

    /// Whether a regex that is too large for an automaton matches a text; none where that cannot be told.
    fn matches(&mut self, regex: &str, text: &str) -> Result<Option<bool>, TooComplex> {
        let Some(expression) = self.expression(regex)? else {
            return Ok(None);
        };
        self.budget.spend(expression.size())?;
        Ok(expression.contains(text))
    }

    /// A text that the regex matches, if one is found.
    pub(crate) fn sample(&mut self, regex: &str) -> Result<Option<String>, TooComplex> {
        Ok(self.expression(regex)?.and_then(|it| it.sample()))
    }

    /// The expression of a regex, where it is exact, also of one that is too large for an automaton.
    fn expression(&mut self, regex: &str) -> Result<Option<Expression>, TooComplex> {
        self.budget.spend(2 * regex.len())?;
        let pattern = Pattern::of_any_size(regex, self.dot).ok();
        let pattern =
            pattern.filter(|pattern| pattern.exact && pattern.expression.size() <= MAX_SIZE);
        Ok(pattern.map(|pattern| pattern.expression))
    }

    /// The language of all texts but the empty one.
    ///
    /// # Errors
    ///
    /// None: it is small.
    pub fn something(&self) -> Result<Rc<Automaton>, TooComplex> {
        if let Some(known) = self.something.get() {
            return Ok(Rc::clone(known));
        }
        let made = Rc::new(Automaton::new(&Expression::something(), true)?);
        Ok(Rc::clone(self.something.get_or_init(|| made)))
    }

    /// The names that no label has which was discovered in Kubernetes, where some are known.
    pub(crate) fn impossible(
        &mut self,
        discovered: Discovered,
    ) -> Result<Option<Rc<Automaton>>, TooComplex> {
        if let Some(known) = self.impossible.get(&discovered) {
            return Ok(Some(Rc::clone(known)));
        }
        let Some(names) = discovered.impossible() else {
            return Ok(None);
        };
        let Made::Automaton(names) = self.automaton(&names, true)? else {
            return Err(TooComplex);
        };
        self.impossible.insert(discovered, Rc::clone(&names));
        Ok(Some(names))
    }

    /// Whether a target may have a label of this name, as far as discovery goes.
    pub(crate) fn may_be_there(
        &mut self,
        label: &str,
        discovered: Discovered,
    ) -> Result<bool, TooComplex> {
        self.budget.spend(1)?;
        let asked = (discovered, label.to_owned());
        if let Some(known) = self.possible.get(&asked) {
            return Ok(*known);
        }
        let is_possible = match self.impossible(discovered)? {
            Some(impossible) => self.contains(&impossible, label)? != Membership::Yes,
            None => true,
        };
        self.possible.insert(asked, is_possible);
        Ok(is_possible)
    }

    /// The pieces of a template for the regex.
    pub(crate) fn template(
        &mut self,
        template: &str,
        regex: &Compiled,
    ) -> Result<Vec<Piece>, TooComplex> {
        let groups = &regex.pattern().groups;
        self.budget.spend((template.len() + groups.len()) / 4)?;
        Ok(template::parse(template, groups))
    }

    /// Whether the language contains the text.
    pub(crate) fn contains(
        &mut self,
        automaton: &Automaton,
        text: &str,
    ) -> Result<Membership, TooComplex> {
        self.budget.spend(automaton.reading(text))?;
        Ok(automaton.contains(text))
    }

    /// Whether the regex matches the name of a label.
    pub(crate) fn names(
        &mut self,
        regex: &Compiled,
        label: &str,
    ) -> Result<Membership, TooComplex> {
        self.budget.spend(1)?;
        if let Some(known) = regex.names.borrow().get(label) {
            return Ok(*known);
        }
        let matched = self.contains(&regex.automaton, label)?;
        regex.names.borrow_mut().insert(label.to_owned(), matched);
        Ok(matched)
    }

    /// Runs the configs on the states. `needed` says which labels are read after the last config.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if there come to be too many series, or the budget does not suffice.
    pub fn run(
        &mut self,
        configs: &[(ConfigId, &RelabelConfig)],
        labels: &Labels,
        needed: &[bool],
        mut state: Vec<State>,
    ) -> Result<Vec<State>, TooComplex> {
        let (_, needs) = self.needs(configs, labels, needed)?;
        for (&(id, config), needed) in configs.iter().zip(&needs) {
            self.at = Some(id);
            let step = Step {
                id,
                config,
                labels,
                needed,
            };
            let mut next = Vec::new();
            for one in state {
                // A filter makes no second state of it.
                let cost = if config.is_filter() {
                    FILTER
                } else {
                    one.size()
                };
                self.budget.spend(cost)?;
                self.apply(&step, one, &mut next)?;
                self.bound(&mut next)?;
            }
            state = next;
        }
        Ok(state)
    }

    /// Sees to it that there are not too many states.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if there are, and all of them are followed.
    pub(crate) fn bound(&self, states: &mut Vec<State>) -> Result<(), TooComplex> {
        if self.follows_some {
            states.truncate(FOLLOWED);
        }
        if states.len() > MAX_STATES {
            return Err(TooComplex);
        }
        Ok(())
    }

    /// Which labels are read before the first config, and which after each, if `needed` are read in
    /// the end. A label that is not need not be followed.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn needs(
        &mut self,
        configs: &[(ConfigId, &RelabelConfig)],
        labels: &Labels,
        needed: &[bool],
    ) -> Result<(Vec<bool>, Vec<Vec<bool>>), TooComplex> {
        let mut now = needed.to_vec();
        let mut after = vec![Vec::new(); configs.len()];
        for (index, (_, config)) in configs.iter().enumerate().rev() {
            self.budget.spend(labels.names().len())?;
            after[index].clone_from(&now);
            let target = labels.place(&config.target_label);
            let reads = match config.action {
                Action::Keep | Action::Drop => true,
                Action::KeepEqual | Action::DropEqual => {
                    if let Some(target) = target {
                        now[target] = true;
                    }
                    true
                }
                Action::LabelDrop | Action::LabelKeep => false,
                Action::LabelMap => {
                    self.map_needs(config, labels, &mut now)?;
                    false
                }
                Action::Replace | Action::Lowercase | Action::Uppercase | Action::HashMod => {
                    config.target_label.contains('$') || target.is_some_and(|target| now[target])
                }
            };
            if reads {
                let sources = config.source_labels.iter();
                for place in sources.filter_map(|name| labels.place(name)) {
                    now[place] = true;
                }
            }
        }
        Ok((now, after))
    }

    fn apply(
        &mut self,
        step: &Step<'_>,
        mut state: State,
        out: &mut Vec<State>,
    ) -> Result<(), TooComplex> {
        let Step {
            id,
            config,
            labels,
            needed,
        } = *step;
        if config.is_unknown {
            unknown(step, state, out);
            return Ok(());
        }
        let regex = self.compile(&config.regex)?;
        let values: Vec<Value> = config
            .source_labels
            .iter()
            .map(|name| {
                let place = labels.place(name);
                place.map_or_else(Value::default, |place| state.labels[place].clone())
            })
            .collect();
        let sizes: usize = values.iter().map(Value::size).sum();
        self.budget
            .spend(sizes / 16 + config.separator.len() * values.len() / 4)?;
        let value = Value::joined(&values, &config.separator);
        let target = labels.place(&config.target_label);
        let is_needed = target.is_some_and(|target| needed[target]);
        let Regex::Compiled(regex) = regex else {
            match (config.action, value.text()) {
                (Action::Keep | Action::Drop, Some(text)) => {
                    let keeps = config.action == Action::Keep;
                    match self.matches(&config.regex, text)? {
                        Some(matches) if matches == keeps => out.push(state),
                        Some(_) => {}
                        None => unknown(step, state, out),
                    }
                }
                _ => unknown(step, state, out),
            }
            return Ok(());
        };

        if let Some(text) = value.text() {
            self.budget.spend(regex.automaton.reading(text))?;
        }

        match config.action {
            Action::Drop => {
                out.extend(state.constrained(&value, &regex.automaton, false, Some(id)));
            }
            Action::Keep => {
                out.extend(state.constrained(&value, &regex.automaton, true, Some(id)));
            }
            Action::DropEqual | Action::KeepEqual => {
                let equal = config.action == Action::KeepEqual;
                let target = target.map_or_else(Value::default, |at| state.labels[at].clone());
                out.extend(compared(state, &target, &value, equal, id));
            }
            Action::Replace => self.replace(step, &regex, &value, state, out)?,
            Action::Lowercase | Action::Uppercase => {
                if let (true, Some(target)) = (is_needed, target) {
                    let case = match config.action {
                        Action::Lowercase => Case::Lower,
                        _ => Case::Upper,
                    };
                    let converted = converted(&value, case, &mut state, id);
                    state.write(target, converted, id);
                }
                out.push(state);
            }
            Action::HashMod => {
                if let (true, Some(target)) = (is_needed, target) {
                    let hash = hash(config.modulus, &mut state, id);
                    state.write(target, hash, id);
                }
                out.push(state);
            }
            Action::LabelMap => self.label_map(step, &regex, state, out)?,
            Action::LabelDrop | Action::LabelKeep => {
                self.label_drop(step, &regex, state, out)?;
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        step: &Step<'_>,
        regex: &Compiled,
        value: &Value,
        state: State,
        out: &mut Vec<State>,
    ) -> Result<(), TooComplex> {
        let Step {
            id, config, labels, ..
        } = *step;
        let targets = self.template(&config.target_label, regex)?;
        let fixed = match targets.as_slice() {
            [Piece::Literal(name)] => Some(name.as_str()),
            [] => Some(""),
            _ => None,
        };
        if let Some(name) = fixed
            && !labels.place(name).is_some_and(|target| step.needed[target])
        {
            out.push(state);
            return Ok(());
        }
        let (matched, unmatched) = if config.regex == DEFAULT_REGEX {
            by_default(value, regex, state, self.dot)
        } else {
            let unmatched = state.clone();
            let unmatched = unmatched.constrained(value, &regex.automaton, false, Some(id));
            let matched = state.constrained(value, &regex.automaton, true, Some(id));
            (matched, unmatched)
        };
        out.extend(unmatched);
        let Some(matched) = matched else {
            return Ok(());
        };
        let replacement = self.template(&config.replacement, regex)?;
        let pieces = replacement.len() + targets.len();
        let templates = [replacement.as_slice(), &targets];
        for (mut state, held) in self.held(step, regex, value, templates, matched)? {
            self.budget.spend(pieces / 4)?;
            let written = self.expand(&replacement, regex, &held, &mut state, id)?;
            if let Some(target) = fixed.and_then(|name| labels.place(name)) {
                if may_stay_unwritten(config, &labels.names()[target], &written) {
                    let mut unwritten = state.clone();
                    unwritten.approximate(id);
                    out.push(unwritten);
                }
                state.write(target, written, id);
                out.push(state);
                continue;
            }
            // The name of the target depends on the value, so the value's condition on the name is
            // what the states of each possible name have.
            let name = self.expand(&targets, regex, &held, &mut state, id)?;
            let known = self.may_write_given(step, &state)?;
            state.refill(known);
            let mut rest = Some(state);
            for (target, label) in step.writable() {
                let Some(state) = rest else { break };
                let (called, others) = if let Ok(literal) = Automaton::of_texts(&[label]) {
                    let literal = Rc::new(literal);
                    let called = state.clone().constrained(&name, &literal, true, Some(id));
                    (called, state.constrained(&name, &literal, false, Some(id)))
                } else {
                    // It is too large: it may be called so, or not.
                    let mut called = state.clone();
                    called.approximate(id);
                    (Some(called), Some(state))
                };
                if let Some(mut state) = called {
                    if may_stay_unwritten(config, label, &written) {
                        let mut unwritten = state.clone();
                        unwritten.approximate(id);
                        out.push(unwritten);
                    }
                    state.write(target, written.clone(), id);
                    out.push(state);
                }
                rest = others;
            }
            out.extend(rest);
        }
        Ok(())
    }

    /// The value of a template.
    fn expand(
        &mut self,
        pieces: &[Piece],
        regex: &Compiled,
        held: &Held,
        state: &mut State,
        id: ConfigId,
    ) -> Result<Value, TooComplex> {
        let mut expanded = Value::default();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => expanded.push_literal(text),
                Piece::Unknown => {
                    expanded.push(&state.fresh());
                    state.approximate(id);
                }
                Piece::Group(group) => {
                    if let Some(held) = held.group(*group) {
                        expanded.push(held);
                    } else {
                        let value = state.fresh();
                        if let Made::Automaton(possible) = self.group(regex, *group)? {
                            state.know_inside(&value, &possible);
                        }
                        expanded.push(&value);
                        state.approximate(id);
                    }
                }
            }
        }
        Ok(expanded)
    }

    /// The ways in which the groups that the templates need can be held.
    fn held(
        &mut self,
        step: &Step<'_>,
        regex: &Compiled,
        value: &Value,
        templates: [&[Piece]; 2],
        state: State,
    ) -> Result<Vec<(State, Held)>, TooComplex> {
        let needs = |piece: &Piece| matches!(piece, Piece::Group(group) if *group > 0);
        if step.config.regex == DEFAULT_REGEX {
            let held = Held::of_the_default(value.clone());
            return Ok(vec![(state, held)]);
        }
        if templates.iter().copied().flatten().any(needs)
            && let Ok(shapes) = regex.shapes()
            && let Some(ways) = capture::align(
                &state,
                value,
                regex.pattern(),
                shapes,
                step.id,
                &mut self.budget,
            )?
        {
            return Ok(ways);
        }
        Ok(vec![(state, Held::unknown(value.clone()))])
    }

    /// Labels that are dropped by their names.
    fn label_drop(
        &mut self,
        step: &Step<'_>,
        regex: &Compiled,
        mut state: State,
        out: &mut Vec<State>,
    ) -> Result<(), TooComplex> {
        let id = step.id;
        let drops = step.config.action == Action::LabelDrop;
        if regex.pattern().exact {
            state.dropped.push((Rc::clone(&regex.automaton), drops));
        }
        let mut all = vec![state];
        for (label, name) in step.writable() {
            let matched = self.names(regex, name)?;
            let hit = if drops {
                Membership::Yes
            } else {
                Membership::No
            };
            if matched == Membership::Unknown {
                let mut gone = all.clone();
                for state in &mut gone {
                    state.write(label, Value::default(), id);
                }
                all.extend(gone);
                for state in &mut all {
                    state.approximate(id);
                }
                self.bound(&mut all)?;
            } else if matched == hit {
                for state in &mut all {
                    state.write(label, Value::default(), id);
                }
            }
        }
        out.extend(all);
        Ok(())
    }
}

/// Whether some Prometheus leaves the label as it is: with `nameValidationScheme: Legacy` one whose name is made, and
/// no legacy name; before 2.50 one whose name is made, and which would be deleted (its `relabel.go` deletes the label
/// that is called by the template).
fn may_stay_unwritten(config: &RelabelConfig, label: &str, written: &Value) -> bool {
    let may_be_empty = || {
        let mut parts = written.0.iter();
        !parts.any(|part| matches!(part, Part::Literal(_)))
    };
    config.target_label.contains('$') && (!is_legacy_name(label) || may_be_empty())
}

/// Whether the name of a label is one that every version and setting of Prometheus takes
/// (`LabelName.IsValidLegacy` in prometheus/common `model/labels.go`).
pub(crate) fn is_legacy_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_part) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// The state in which the default regex matches the value, and the one in which it does not.
fn by_default(
    value: &Value,
    regex: &Compiled,
    mut state: State,
    dot: Dot,
) -> (Option<State>, Option<State>) {
    if dot == Dot::WithNewline {
        return (Some(state), None);
    }
    match state.matches_default(value) {
        Some(true) => (Some(state), None),
        Some(false) => (None, Some(state)),
        None => {
            let unmatched = state
                .clone()
                .constrained(value, &regex.automaton, false, None);
            let unmatched = unmatched.map(|mut state| {
                state.know_default(value, false);
                state
            });
            state.know_default(value, true);
            (Some(state), unmatched)
        }
    }
}

/// The state in which the label's value is, or is not, the other value.
fn compared(
    mut state: State,
    label: &Value,
    other: &Value,
    equal: bool,
    id: ConfigId,
) -> Option<State> {
    if label == other {
        return equal.then_some(state);
    }
    if label.is_longer_than(other) || other.is_longer_than(label) {
        return (!equal).then_some(state);
    }
    for (literal, value) in [(label, other), (other, label)] {
        if let Some(text) = literal.text() {
            return match Automaton::of_texts(&[text]) {
                // Text beyond ASCII is not told apart, so `constrained` cannot be left to say no.
                Ok(automaton) if text.is_ascii() => {
                    state.constrained(value, &Rc::new(automaton), equal, Some(id))
                }
                _ => {
                    state.approximate(id);
                    Some(state)
                }
            };
        }
    }
    if let (true, Some(one), Some(two)) = (equal, label.plain_variable(), other.plain_variable()) {
        // A namespace stays the variable that it is.
        let (gone, kept) = if state.variables[one] > state.variables[two] {
            (two, one)
        } else {
            (one, two)
        };
        state.substitute(gone, &Value::variable(kept));
        return Some(state);
    }
    let kind = ConstraintKind::Compared {
        one: label.clone(),
        other: other.clone(),
        equal,
    };
    state.know(kind, Some(id));
    if equal {
        // What can be said of one by itself: it has the shape of the other.
        for (value, other) in [(label, other), (other, label)] {
            match Automaton::new(&other.expression(), true) {
                Ok(shape) => state = state.constrained(value, &Rc::new(shape), true, Some(id))?,
                Err(TooLarge) => state.approximate(id),
            }
        }
    }
    Some(state)
}

fn converted(value: &Value, case: Case, state: &mut State, id: ConfigId) -> Value {
    let mut converted = Value::default();
    for part in &value.0 {
        match part {
            Part::Literal(text) => {
                if let Some(text) = case.convert_text(text) {
                    converted.push_literal(&text);
                } else {
                    state.approximate(id);
                    let unknown = state.fresh();
                    converted.push(&unknown);
                }
            }
            Part::Variable(index, before) if *before == Case::Kept || *before == case => {
                converted.0.push(Part::Variable(*index, case));
            }
            // `K` (U+212A) is `K` in capitals only after it was made small.
            Part::Variable(..) => {
                state.approximate(id);
                let unknown = state.fresh();
                converted.push(&unknown);
            }
        }
    }
    converted
}

/// A number below the modulus, in decimal digits.
fn hash(modulus: u64, state: &mut State, id: ConfigId) -> Value {
    if modulus == 1 {
        return Value::literal("0");
    }
    let digits = (modulus - 1).to_string().len();
    let more = u32::try_from(digits).unwrap_or(u32::MAX);
    let number = Expression::Class(Class::DIGIT).repeated(1, Some(more));
    state.approximate(id);
    state.fresh_inside(&number, id)
}

/// A config that cannot be followed at all.
fn unknown(step: &Step<'_>, mut state: State, out: &mut Vec<State>) {
    let Step { id, config, .. } = *step;
    let target = step.labels.place(&config.target_label);
    let fixed = config.writes_one_label();
    if fixed && !target.is_some_and(|target| step.needed[target]) {
        out.push(state);
        return;
    }
    state.approximate(id);
    match config.action {
        Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual => out.push(state),
        Action::LabelDrop | Action::LabelKeep => {
            let mut all = vec![state];
            for (label, _) in step.writable() {
                if label == NAMESPACE {
                    let mut gone = all.clone();
                    for state in &mut gone {
                        state.write(label, Value::default(), id);
                    }
                    all.extend(gone);
                } else {
                    for state in &mut all {
                        let value = state.fresh();
                        state.write(label, value, id);
                    }
                }
            }
            out.extend(all);
        }
        _ => {
            state.refill(true);
            for (label, _) in step.writable() {
                if !fixed || target == Some(label) {
                    let value = state.fresh();
                    state.write(label, value, id);
                }
            }
            out.push(state);
        }
    }
}
