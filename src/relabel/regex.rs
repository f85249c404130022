//! A regex of a relabel config, compiled, and what was asked of it so far.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership, TooLarge};
use crate::language::glob;
use crate::language::pattern::{Dot, MAX_LENGTH, Pattern, PatternError};

use super::capture::Held;
use super::shape::Shape;

/// A regex, as far as it can be followed.
#[derive(Clone, Debug)]
pub enum Regex {
    /// It can be.
    Compiled(Rc<Compiled>),
    /// It cannot, for this reason.
    NotCompiled(PatternError),
}

/// An automaton that was asked for. What is too large for one is not the empty language: nothing is known of it.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// The automaton.
    Automaton(Rc<Automaton>),
    /// There is none.
    TooLarge,
}

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    regex: String,
    dot: Dot,
    /// Its automaton.
    pub automaton: Rc<Automaton>,
    /// The pattern as it was understood: most configs never ask for more than the automaton, and that
    /// of a union of globs is made without it.
    pattern: OnceCell<Pattern>,
    shapes: OnceCell<Result<Vec<Rc<Shape>>, TooLarge>>,
    pub(super) groups: RefCell<BTreeMap<usize, Made>>,
    /// Whether it matches a label's name, for each that was asked for.
    pub(super) names: RefCell<BTreeMap<String, Membership>>,
    /// What its groups hold once it has matched a label's name, for each that was asked for.
    pub(super) captured: RefCell<BTreeMap<String, Option<Rc<Held>>>>,
}

impl Compiled {
    pub(super) fn new(regex: &str, dot: Dot) -> Result<Self, PatternError> {
        // A glob is read by every Prometheus.
        let may_be_globs = dot == Dot::Either && regex.len() <= MAX_LENGTH;
        let globs = may_be_globs.then(|| glob::of_regex(regex));
        let of_globs = globs.flatten().map(Automaton::of_globs);
        let (automaton, pattern) = if let Some(Ok(automaton)) = of_globs {
            (automaton, OnceCell::new())
        } else {
            // As globs, it has a position more for each than as a pattern.
            let pattern = Pattern::parse_as(regex, dot)?;
            let automaton = Automaton::new(&pattern.expression, pattern.exact)
                .map_err(|TooLarge| PatternError::GivenUp)?;
            (automaton, pattern.into())
        };
        Ok(Self {
            regex: regex.to_owned(),
            dot,
            automaton: Rc::new(automaton),
            pattern,
            shapes: OnceCell::new(),
            groups: RefCell::default(),
            names: RefCell::default(),
            captured: RefCell::default(),
        })
    }

    /// The pattern as it was understood.
    ///
    /// # Panics
    ///
    /// Never: a regex of globs is a pattern, and any other was parsed before.
    pub fn pattern(&self) -> &Pattern {
        self.pattern
            .get_or_init(|| Pattern::parse_as(&self.regex, self.dot).expect("a union of globs"))
    }

    /// The alternatives of the pattern.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if one of them is; then nothing is known of its groups.
    pub fn shapes(&self) -> Result<&[Rc<Shape>], TooLarge> {
        let shapes = self.shapes.get_or_init(|| Shape::of(self.pattern()));
        shapes.as_deref().map_err(|&error| error)
    }
}
