//! Whether a namespace that an environment must not see can come through, and which.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::language::alphabet::Case;
use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::language::condition::{Condition, Surrounding};
use crate::language::glob;
use crate::language::product::exists;

use super::address::{Languages, Standing};
use super::answers::Answers;
use super::solver::{self, Approximation, Model, Satisfaction};
use crate::relabel::ConfigId;
use crate::relabel::state::{Origin, State};
use crate::relabel::value::{Around, Part, Value};

/// The longest name of a namespace (RFC 1123: 63 characters).
pub const MAX_NAMESPACE: usize = 63;

/// How many further candidates for a witness are tried where the first ones cannot be shown.
const FURTHER_CANDIDATES: usize = 3;

/// What may be seen, as languages.
#[derive(Debug)]
pub struct Allowed {
    namespace: Rc<Automaton>,
    visible: Rc<Automaton>,
    foreign: Option<Rc<Automaton>>,
    familiar: Vec<String>,
    /// Where addresses stand, made when it is asked.
    pub(crate) addresses: OnceCell<Result<Languages, TooComplex>>,
    /// Where addresses stand that were asked about.
    pub(super) standings: RefCell<Answers<Option<Standing>>>,
    /// Whether values may be namespaces that may not be seen, as far as they were asked about.
    candidates: RefCell<Answers<bool>>,
}

/// A namespace that leaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// A namespace that comes through, and how; none where a config could not be followed exactly,
    /// so that none can be named with certainty.
    pub witness: Option<Witness>,
    /// The config that could not be followed exactly, if any.
    pub approximated_by: Option<ConfigId>,
    /// The config that wrote the label that leaks, if any.
    pub writer: Option<ConfigId>,
    /// The filters that let the witness through, in order.
    pub filters: Vec<ConfigId>,
    /// Whether it is one of Prometheus 2 only, where `.` matches no newline.
    pub is_of_2: bool,
}

/// A namespace that comes through, and an example of how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The namespace.
    pub namespace: String,
    /// The labels of the target as it is discovered, as far as they matter.
    pub target: Vec<(String, String)>,
    /// The labels that the exporter exposes, as far as they matter; an empty value is exposed
    /// empty.
    pub exposed: Vec<(String, String)>,
}

impl Witness {
    /// Whether it comes through whatever the labels are.
    #[must_use]
    pub(crate) const fn is_bare(&self) -> bool {
        self.target.is_empty() && self.exposed.is_empty()
    }

    fn new(namespace: String, state: &State, texts: &Model) -> Self {
        let mut witness = Self {
            namespace,
            target: Vec::new(),
            exposed: Vec::new(),
        };
        for (origin, value) in &state.given {
            let Some(text) = value.text_with(texts) else {
                continue;
            };
            match origin {
                // A target has no empty labels.
                Origin::Target(_) if text.is_empty() => {}
                Origin::Target(name) => witness.target.push((name.clone(), text)),
                Origin::Exposed(name) => witness.exposed.push((name.clone(), text)),
            }
        }
        witness
    }
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
        let foreign: Vec<String> = foreign.map(str::to_owned).collect();
        Ok(Self {
            namespace: Rc::new(Automaton::of_namespaces()),
            visible: Rc::new(Automaton::of_globs(allowed.map(str::to_owned).collect())?),
            foreign: if foreign.is_empty() {
                None
            } else {
                Some(Rc::new(Automaton::of_globs(foreign)?))
            },
            familiar,
            addresses: OnceCell::new(),
            standings: RefCell::default(),
            candidates: RefCell::default(),
        })
    }

    /// The automaton of all namespaces.
    #[must_use]
    pub const fn namespaces(&self) -> &Rc<Automaton> {
        &self.namespace
    }

    /// The automaton of the namespaces that may be seen.
    #[must_use]
    pub const fn visible(&self) -> &Rc<Automaton> {
        &self.visible
    }

    /// The automaton of the namespaces of other environments, if there are any.
    #[must_use]
    pub const fn foreign(&self) -> Option<&Rc<Automaton>> {
        self.foreign.as_ref()
    }

    /// Whether the text is a namespace that may not be seen.
    #[must_use]
    pub(crate) fn forbids(&self, text: &str) -> bool {
        text.len() <= MAX_NAMESPACE
            && self.namespace.contains(text) == Membership::Yes
            && self.visible.contains(text) != Membership::Yes
    }

    /// Whether the text is a namespace that may be seen.
    #[must_use]
    pub(crate) fn permits(&self, text: &str) -> bool {
        text.len() <= MAX_NAMESPACE
            && self.namespace.contains(text) == Membership::Yes
            && self.visible.contains(text) == Membership::Yes
    }

    /// Whether the language is a union of globs, each of which is included in one of those that may
    /// be seen.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn includes(&self, language: &Automaton, budget: &mut Budget) -> Result<bool, TooComplex> {
        let (Some(globs), Some(visible)) = (language.globs(), self.visible.globs()) else {
            return Ok(false);
        };
        let length: usize = globs.iter().map(String::len).sum();
        budget.spend(globs.len() * visible.len() * glob::COST + length * visible.len() / 16)?;
        let included = |glob: &String| visible.iter().any(|seen| glob::includes(seen, glob));
        Ok(globs.iter().all(included))
    }

    /// That a text is a namespace that may not be seen.
    #[must_use]
    pub(crate) fn forbidden(&self) -> [Condition; 2] {
        [
            Condition::inside(Rc::clone(&self.namespace)),
            Condition::outside(Rc::clone(&self.visible)),
        ]
    }

    /// The leak of a label of a state, if there is one.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn leak(
        &self,
        state: &State,
        label: usize,
        budget: &mut Budget,
    ) -> Result<Option<Leak>, TooComplex> {
        let value = &state.labels[label];
        if value.text().is_some_and(|text| !self.forbids(text)) {
            return Ok(None);
        }
        let namespace = state.as_namespace(value);
        let state = namespace.as_ref().unwrap_or(state);
        let question = Question::new(self, state, value);
        // Whether there is any candidate, as far as can be proved.
        let has_candidate = value.text().is_some() || {
            let mut candidates = self.candidates.borrow_mut();
            candidates.get(state, value, budget, |state, budget| {
                Question::new(self, state, value).has_candidate(budget)
            })?
        };
        if !has_candidate || !solver::is_possible(state, question.variable(), budget)? {
            return Ok(None);
        }
        let shown = if state.approximated_by.is_some() {
            Shown::Stuck(state.approximated_by)
        } else {
            question.witness(budget)?
        };
        let writer = state.writers[label];
        let mut filters = state.filters(value);
        let (witness, approximated_by) = match shown {
            Shown::Witness(witness) => (Some(witness), None),
            Shown::Stuck(config) => (None, config.or(filters.last().copied()).or(writer)),
        };
        filters.retain(|filter| Some(*filter) != writer);
        Ok(Some(Leak {
            witness,
            approximated_by,
            writer,
            filters,
            is_of_2: false,
        }))
    }

    /// Whether the label may be absent, or a namespace that may be seen.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub(crate) fn admits(
        &self,
        state: &State,
        label: usize,
        budget: &mut Budget,
    ) -> Result<bool, TooComplex> {
        let value = &state.labels[label];
        if let Some(text) = value.text() {
            let seen = text.is_empty() || self.visible.contains(text) == Membership::Yes;
            return Ok(seen && solver::is_possible(state, None, budget)?);
        }
        let Some(variable) = value.plain_variable() else {
            return solver::is_possible(state, None, budget);
        };
        let seen = Condition::inside(Rc::clone(&self.visible));
        let empty = Automaton::of_texts(&[""])?;
        let alphabet = solver::alphabet(state, variable, Approximation::Over);
        for further in [seen, Condition::inside(Rc::new(empty))] {
            let mut conditions =
                solver::conditions(state, variable, &[], Approximation::Over, budget)?;
            conditions.push(further);
            if exists(&conditions, alphabet, MAX_NAMESPACE, &[], budget)? {
                return solver::is_possible(state, Some(variable), budget);
            }
        }
        Ok(false)
    }
}

/// Which namespaces that may not be seen a value can be.
struct Question<'a> {
    allowed: &'a Allowed,
    state: &'a State,
    value: &'a Value,
    /// The one variable, with the text around it; where there is none, or several, or text that
    /// its conversion does not leave alone, the value is looked at as a whole.
    single: Option<(usize, Case, Around)>,
}

impl<'a> Question<'a> {
    fn new(allowed: &'a Allowed, state: &'a State, value: &'a Value) -> Self {
        let mut places = value
            .0
            .iter()
            .enumerate()
            .filter_map(|(place, part)| match part {
                Part::Literal(_) => None,
                Part::Variable(index, case) => Some((place, *index, *case)),
            });
        let single = match (places.next(), places.next()) {
            (Some((place, index, case)), None) => Some((
                index,
                case,
                value.around(place..place + 1, &[], &state.variables),
            )),
            _ => None,
        };
        Self {
            allowed,
            state,
            value,
            single,
        }
    }

    fn variable(&self) -> Option<usize> {
        self.single.as_ref().map(|(variable, ..)| *variable)
    }

    /// What a namespace that may not be seen has to fulfil to be the value, as far as the value's own
    /// conditions say, and those of `further`; none where what stands around it is too long.
    fn asked(
        &self,
        further: Option<Condition>,
        approximation: Approximation,
        budget: &mut Budget,
    ) -> Result<Option<Asked>, TooComplex> {
        let asked = self.allowed.forbidden().into_iter().chain(further);
        let Some((variable, case, around)) = &self.single else {
            let mut conditions: Vec<Condition> = asked.collect();
            conditions.extend(solver::conditions_on(self.state, self.value, budget)?);
            // Without its shape, it may only be more.
            if let Ok(shape) = Automaton::new(&self.value.expression(), true) {
                conditions.push(Condition::inside(Rc::new(shape)));
            }
            return Ok(Some(Asked {
                conditions,
                alphabet: crate::language::alphabet::NAMESPACE,
                length: MAX_NAMESPACE,
            }));
        };
        let length =
            Surrounding::text(&around.before).len() + Surrounding::text(&around.after).len();
        let Some(length) = MAX_NAMESPACE.checked_sub(length) else {
            return Ok(None);
        };
        let mut conditions = solver::conditions(self.state, *variable, &[], approximation, budget)?;
        conditions.extend(asked.map(|condition| Condition {
            case: *case,
            before: around.before.clone(),
            after: around.after.clone(),
            ..condition
        }));
        Ok(Some(Asked {
            conditions,
            alphabet: solver::alphabet(self.state, *variable, approximation),
            length,
        }))
    }

    /// Whether there is a namespace that may not be seen and that the value can be, as far as can be
    /// proved.
    fn has_candidate(&self, budget: &mut Budget) -> Result<bool, TooComplex> {
        let Some(asked) = self.asked(None, Approximation::Over, budget)? else {
            return Ok(false);
        };
        let likely: Vec<&str> = self.allowed.familiar.iter().map(String::as_str).collect();
        exists(
            &asked.conditions,
            asked.alphabet,
            asked.length,
            &likely,
            budget,
        )
    }

    /// The first namespace that may not be seen and that a witness can name.
    fn find(
        &self,
        further: Option<Condition>,
        budget: &mut Budget,
    ) -> Result<Option<String>, TooComplex> {
        let Some(asked) = self.asked(further, Approximation::Under, budget)? else {
            return Ok(None);
        };
        let found = solver::text(&asked.conditions, asked.alphabet, asked.length, budget)?;
        Ok(found.map(|text| match &self.single {
            None => text,
            Some((_, case, around)) => {
                // A witness has no characters that are not told apart.
                let text = case.convert_text(&text).unwrap_or_default();
                Surrounding::text(&around.before) + &text + &Surrounding::text(&around.after)
            }
        }))
    }

    /// Shows a namespace that comes through, those that readers recognize first.
    fn witness(&self, budget: &mut Budget) -> Result<Shown, TooComplex> {
        if let Some(text) = self.value.text() {
            return self.show(text, budget);
        }
        let exactly = |name: &String| {
            let automaton = Automaton::of_texts(&[name]);
            automaton.map(|automaton| Condition::inside(Rc::new(automaton)))
        };
        let (default, familiar): (Vec<&String>, Vec<&String>) = {
            let familiar = self.allowed.familiar.iter();
            familiar.partition(|name| *name == "default")
        };
        let foreign = self.allowed.foreign.iter().cloned().map(Condition::inside);
        let preferred = familiar
            .into_iter()
            .map(exactly)
            .chain(foreign.map(Ok))
            .chain(default.into_iter().map(exactly))
            .collect::<Result<Vec<_>, _>>()?;
        let mut stuck = None;
        let mut failed = Vec::new();
        for further in preferred {
            if let Some(text) = self.find(Some(further), budget)? {
                match self.show(&text, budget)? {
                    Shown::Stuck(config) => stuck = stuck.or(config),
                    witness @ Shown::Witness(_) => return Ok(witness),
                }
                failed.push(text);
            }
        }
        for _ in 0..=FURTHER_CANDIDATES {
            let failures = Automaton::of_texts(&failed)?;
            let further = Condition::outside(Rc::new(failures));
            let Some(text) = self.find(Some(further), budget)? else {
                break;
            };
            match self.show(&text, budget)? {
                Shown::Stuck(config) => stuck = stuck.or(config),
                witness @ Shown::Witness(_) => return Ok(witness),
            }
            failed.push(text);
        }
        Ok(Shown::Stuck(stuck))
    }

    /// Shows that the value can be this namespace.
    fn show(&self, namespace: &str, budget: &mut Budget) -> Result<Shown, TooComplex> {
        let mut state = self.state.clone();
        if self.value.text().is_none() {
            let exactly = Automaton::of_texts(&[namespace]);
            let exactly = Rc::new(exactly?);
            let known = state.constrained(self.value, &exactly, true, None);
            let Some(known) = known else {
                return Ok(Shown::Stuck(None));
            };
            state = known;
        }
        let mut texts = vec![None; state.variables.len()];
        if let Some(variable) = self.variable() {
            let conditions =
                solver::conditions(&state, variable, &texts, Approximation::Under, budget)?;
            let alphabet = solver::alphabet(&state, variable, Approximation::Under);
            texts[variable] = solver::text(&conditions, alphabet, MAX_NAMESPACE, budget)?;
        }
        Ok(match solver::show(&state, &texts, budget)? {
            Satisfaction::Model(texts) => {
                Shown::Witness(Witness::new(namespace.to_owned(), &state, &texts))
            }
            Satisfaction::Stuck(config) => Shown::Stuck(config),
        })
    }
}

/// What became of the attempt to show a witness.
enum Shown {
    /// It comes through.
    Witness(Witness),
    /// No namespace could be shown to come through, because of this config, if it was one.
    Stuck(Option<ConfigId>),
}

/// What a text has to fulfil, over which alphabet, and how long it may be.
struct Asked {
    conditions: Vec<Condition>,
    alphabet: u128,
    length: usize,
}
