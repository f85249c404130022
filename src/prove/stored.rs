//! What comes through a scrape job in the end: for those who want to know what its filters leave.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::language::automaton::Automaton;
use crate::language::budget::{Budget, TooComplex};
use crate::pipeline::scrape_job::ScrapeJob;
use crate::relabel::Stage;
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::NAMESPACE;
use crate::relabel::state::State;

use super::leak::{Allowed, Leak};
use super::{Findings, Run, kept};

/// The samples that are stored.
#[derive(Debug)]
pub struct Stored(Vec<State>);

/// What is stored of a job, by all of its relabel configs.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to follow them.
pub fn stored(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Stored, TooComplex> {
    let (nothing, none) = (BTreeSet::new(), BTreeMap::new());
    let run = Run::new(job, &nothing, &none, allowed, interpreter)?;
    let mut targets = run.targets(interpreter)?;
    run.find_ways(&mut targets, &mut Findings::default(), interpreter)?;
    let merged = run.merged(targets, interpreter)?;
    let configs = kept(job, Stage::MetricRelabelings, &nothing);
    let mut samples = interpreter.run(&configs, &run.labels, &run.stored, merged)?;
    // What only a Prometheus of some kind would let through does not count.
    samples.retain(|sample| {
        let config = sample.approximated_by;
        config.is_none_or(|config| config.stage != Stage::Prometheus)
    });
    Ok(Stored(samples))
}

impl Stored {
    /// A namespace of this glob that the samples' label can be, other than those that are `known`; a `likely` one if
    /// it can be.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn of(
        &self,
        glob: &str,
        known: &[String],
        likely: &str,
        budget: &mut Budget,
    ) -> Result<Option<Leak>, TooComplex> {
        let inside = Rc::new(Automaton::of_globs(vec![glob.to_owned()])?);
        let known = known.iter().map(String::as_str);
        let others = Allowed::new(known, std::iter::empty(), vec![likely.to_owned()])?;
        let mut unnamed = None;
        for sample in &self.0 {
            let value = &sample.labels[NAMESPACE];
            let Some(sample) = sample.clone().constrained(value, &inside, true, None) else {
                continue;
            };
            match others.leak(&sample, NAMESPACE, budget)? {
                Some(leak) if leak.witness.is_some() => return Ok(Some(leak)),
                leak => unnamed = unnamed.or(leak),
            }
        }
        Ok(unnamed)
    }

    /// Whether there may be samples without the label.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub(crate) fn may_lack_it(&self, budget: &mut Budget) -> Result<bool, TooComplex> {
        let none = Allowed::new(std::iter::empty(), std::iter::empty(), Vec::new())?;
        for sample in &self.0 {
            if none.admits(sample, NAMESPACE, budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
