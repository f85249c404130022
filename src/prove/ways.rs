//! The ways that a scrape takes: to which address and which path it goes.

use std::rc::Rc;

use crate::language::alphabet::Class;
use crate::language::automaton::Automaton;
use crate::language::budget::{Budget, TooComplex};
use crate::language::expression::Expression;
use crate::pipeline::path::{leading_to, leads_to};
use crate::pipeline::scrape_job::ScrapeJob;
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{ADDRESS, METRICS_PATH, MOVING, SCHEME};
use crate::relabel::state::State;
use crate::relabel::value::Value;

use super::address::{Standing, stands_outside};
use super::answers::Answers;
use super::solver::{Model, Satisfaction, is_possible, settled, show};
use super::{Findings, Run};

/// Whether a path is one at which an exporter reports on many namespaces.
#[derive(Clone, Copy)]
enum Reach {
    /// It is not.
    Nothing,
    /// It may be, if a label says so.
    Free,
    /// It may be, by text of a config.
    Possible,
    /// It is.
    ClusterWide,
}

/// The schemes of a scrape; Prometheus takes its own where the label is empty.
pub(super) const SCHEMES: [&str; 3] = ["", "http", "https"];

impl Run<'_> {
    /// Where targets are scraped: what stands elsewhere, and which path leads to an exporter that reports on
    /// many namespaces.
    pub(super) fn find_ways(
        &self,
        targets: &mut Vec<State>,
        found: &mut Findings,
        interpreter: &mut Interpreter,
    ) -> Result<(), TooComplex> {
        let mut reaching = Vec::new();
        // The paths that lead to such exporters, made when it is asked.
        let mut leading = None;
        let (mut paths, mut schemes) = (Answers::default(), Answers::default());
        let mut addresses = self.allowed.standings.borrow_mut();
        for state in targets.iter_mut() {
            let place = |name| {
                self.labels
                    .place(name)
                    .filter(|_| self.moved.contains(&name))
            };
            if let Some(path) = place(METRICS_PATH).filter(|_| !self.job.honor_labels) {
                let path = state.labels[path].clone();
                let reach = if state.is_made_up(&path) {
                    Reach::ClusterWide
                } else {
                    let budget = &mut interpreter.budget;
                    paths.get(state, &path, budget, |state, budget| {
                        let path = settled(state, &path, budget)?;
                        self.reach(state, &path, &mut leading, budget)
                    })?
                };
                match reach {
                    Reach::Nothing => {}
                    Reach::Free => found.has_free_path = true,
                    Reach::ClusterWide => state.is_cluster_wide = true,
                    Reach::Possible => {
                        let led = leading.as_ref().and_then(|leading| {
                            let state = state.clone();
                            state.constrained(&path, leading, true, None)
                        });
                        if let Some(mut led) = led
                            && is_possible(&led, None, &mut interpreter.budget)?
                        {
                            led.is_cluster_wide = true;
                            reaching.push(led);
                        }
                    }
                }
            }
            let keeps = |address: usize| state.labels[address].text().is_none();
            found.keeps_address |= place(ADDRESS).is_some_and(keeps);
            if let (Some(address), None) = (place(ADDRESS), &found.standing) {
                let value = &state.labels[address];
                let budget = &mut interpreter.budget;
                let standing = addresses.get(state, value, budget, |state, budget| {
                    let value = settled(state, value, budget)?;
                    stands_outside(self.allowed, state, &value, budget)
                })?;
                if let Some(mut standing) = standing
                    && is_possible(state, None, &mut interpreter.budget)?
                {
                    // What may not be scraped at all is no witness.
                    let shown = show(state, &Model::new(), &mut interpreter.budget)?;
                    let is_shown = matches!(shown, Satisfaction::Model(_));
                    standing.namespace = standing.namespace.filter(|_| is_shown);
                    found.standing = Some((standing, state.writers[address]));
                }
            }
            if let (Some(scheme), None) = (place(SCHEME), &found.standing) {
                let value = &state.labels[scheme];
                let budget = &mut interpreter.budget;
                let is_one = schemes.get(state, value, budget, |state, budget| {
                    may_be_an_address(state, value, budget)
                })?;
                if is_one && is_possible(state, None, budget)? {
                    let standing = Standing::unknown(value);
                    found.standing = Some((standing, state.writers[scheme]));
                }
            }
            if !self.job.is_named && !found.has_targets {
                found.has_targets = is_possible(state, None, &mut interpreter.budget)?;
            }
        }
        targets.extend(reaching);
        found.judges_exported |= targets.iter().any(|state| state.is_cluster_wide);
        Ok(())
    }

    /// Whether the path of a target is one at which an exporter reports on many namespaces.
    fn reach(
        &self,
        state: &State,
        path: &Value,
        leading: &mut Option<Rc<Automaton>>,
        budget: &mut Budget,
    ) -> Result<Reach, TooComplex> {
        let known = &self.job.cluster_wide_paths;
        if let Some(path) = path.text() {
            let lengths = known.iter().map(|known| path.len() + known.len());
            budget.spend(lengths.sum())?;
            let leads = known.iter().any(|known| leads_to(path, known));
            return Ok(if leads {
                Reach::ClusterWide
            } else {
                Reach::Nothing
            });
        }
        if leading.is_none() {
            let language = Automaton::new(&leading_to(known), true)?;
            budget.spend(language.states() * language.words())?;
            *leading = Some(Rc::new(language));
        }
        let Some(language) = leading else {
            return Ok(Reach::Nothing);
        };
        let led = state.clone().constrained(path, language, true, None);
        let Some(led) = led else {
            return Ok(Reach::Nothing);
        };
        if known.is_empty() || !is_possible(&led, None, budget)? {
            return Ok(Reach::Nothing);
        }
        // What is nothing but a label's value is that label's business, as far as it has a choice.
        if path.plain_variable().is_some() && state.is_found(path) {
            let other = state.clone().constrained(path, language, false, None);
            let of_paths = Class::WORD.union(Class::character('-'));
            let of_paths = of_paths
                .union(Class::character('.'))
                .union(Class::character('/'));
            let plain = Automaton::new(&Expression::Class(of_paths).repeated(1, None), true)?;
            let other =
                other.and_then(|state| state.constrained(path, &Rc::new(plain), true, None));
            if let Some(other) = other
                && is_possible(&other, None, budget)?
            {
                return Ok(Reach::Free);
            }
        }
        Ok(Reach::Possible)
    }
}

/// Whether the scheme of a target may be more than one. What is nothing but a label's value is that label's
/// business, as far as it has a choice.
fn may_be_an_address(
    state: &State,
    scheme: &Value,
    budget: &mut Budget,
) -> Result<bool, TooComplex> {
    let schemes = Rc::new(Automaton::of_texts(&SCHEMES)?);
    let is_one = |inside| {
        let state = state.clone();
        state.constrained(scheme, &schemes, inside, None)
    };
    let Some(other) = is_one(false) else {
        return Ok(false);
    };
    if !is_possible(&other, None, budget)? {
        return Ok(false);
    }
    let is_choice = scheme.plain_variable().is_some() && state.is_found(scheme);
    let has_choice = match is_one(true).filter(|_| is_choice) {
        Some(choice) => is_possible(&choice, None, budget)?,
        None => false,
    };
    Ok(!has_choice)
}

/// The labels by which the scrape may go elsewhere than its target stands, or to another path.
pub(super) fn moved(
    job: &ScrapeJob<'_>,
    interpreter: &mut Interpreter,
) -> Result<Vec<&'static str>, TooComplex> {
    let mut moved = Vec::new();
    let discovered = job.discovered();
    for name in MOVING {
        let given = job.sources.iter().flat_map(|source| source.labels.iter());
        interpreter.budget.spend(8 * job.relabelings.len())?;
        let mut is_moved = false;
        for (given, _) in given {
            interpreter.budget.spend(1)?;
            is_moved |= given == name && name != ADDRESS;
        }
        for config in &job.relabelings {
            is_moved = is_moved || interpreter.may_change_of(config, name, discovered)?;
        }
        if is_moved {
            moved.push(name);
        }
    }
    Ok(moved)
}
