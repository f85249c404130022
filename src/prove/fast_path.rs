//! The fast path: a sufficient condition that needs no run.
//!
//! The targets of most endpoints are in namespaces that the environment may see, no relabel config can write a
//! namespace, and where the exporter's own label counts, a keep lets only globs through that are each included in one
//! of the environment's. Nothing else can come through such a job, whatever its other relabel configs write or filter.
//!
//! It only ever accepts. Everything else, and every doubt, goes to [`prove`](super::prove)'s run, which says the same
//! of what is accepted here, where its budget suffices.

use std::rc::Rc;

use crate::language::automaton::Membership;
use crate::language::budget::TooComplex;
use crate::language::glob;

use super::leak::Allowed;
use crate::pipeline::scrape_job::{Discovery, ScrapeJob, Source};
use crate::relabel::config::{Action, RelabelConfig, has_placeholder};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{META_NAMESPACE, METRIC_NAME, MOVING, NAMESPACE, NAMESPACES};
use crate::relabel::regex::{Compiled, Regex};

/// What is filtered of a sample by which it is shown that something comes through.
const SAMPLE: &str = "a";

/// The most configs of an endpoint, and the most namespaces and texts that are held against them: whoever has
/// more pays for it in the interpreter.
const CONFIGS: usize = 32;
const NAMES: usize = 32;
/// The most bytes of separators between the labels of a config.
const JOINED: usize = 1000;

/// Whether only what is allowed can come through the job, and something of it does.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn is_confined(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    // Those that only some Prometheus would discover do not make anything come through.
    let [source, possible @ ..] = job.sources.as_slice() else {
        return Ok(false);
    };
    let Discovery::In(namespaces) = &source.discovery else {
        return Ok(false);
    };
    let configs = job.relabelings.len() + job.metric_relabelings.len();
    if configs > CONFIGS || namespaces.len() > NAMES {
        return Ok(false);
    }
    let may_see = |namespace: &String| allowed.permits(namespace);
    let is_seen = |source: &Source| {
        let possible = |namespaces: &[String]| source.is_possible && namespaces.iter().all(may_see);
        matches!(&source.discovery, Discovery::In(namespaces) if possible(namespaces))
    };
    if !job.is_named
        || source.is_possible
        || !source.labels.is_empty()
        || !possible.iter().all(is_seen)
        || !namespaces.iter().all(may_see)
        || job.operator.may_write(&NAMESPACES)
        || job.operator.may_write(&MOVING)
    {
        return Ok(false);
    }
    let mut keeps = [Vec::new(), Vec::new()];
    let lists = [&job.relabelings, &job.metric_relabelings];
    for (stage, (configs, keeps)) in lists.into_iter().zip(&mut keeps).enumerate() {
        for config in configs {
            interpreter.budget.spend(1)?;
            // What is joined below is to be short.
            let joined = config.source_labels.len() * config.separator.len();
            if joined > JOINED || config.source_labels.iter().any(|name| is_selected_by(name)) {
                return Ok(false);
            }
            if writes_something_else(config) {
                continue;
            }
            if stage == 1 && filters_something_else(config, job) {
                let Regex::Compiled(regex) = interpreter.compile(&config.regex)? else {
                    return Ok(false);
                };
                // Something has to come through it: a sample of which all that is filtered is this.
                let samples = vec![SAMPLE; config.source_labels.len()].join(&config.separator);
                let wanted = match config.action {
                    Action::Keep => Membership::Yes,
                    _ => Membership::No,
                };
                if interpreter.contains(&regex.automaton, &samples)? != wanted {
                    return Ok(false);
                }
                continue;
            }
            // After merging, nothing is left of what starts with two underscores.
            let is_about = |label: &str| {
                label == NAMESPACES[NAMESPACE] || stage == 0 && label == NAMESPACES[META_NAMESPACE]
            };
            let is_keep = config.action == Action::Keep
                && matches!(config.source_labels.as_slice(), [label] if is_about(label))
                && !config.is_unknown;
            if !is_keep {
                return Ok(false);
            }
            let Regex::Compiled(regex) = interpreter.compile(&config.regex)? else {
                return Ok(false);
            };
            if !allowed.includes(&regex.automaton, &mut interpreter.budget)? {
                return Ok(false);
            }
            // The same regex is compiled once.
            if !keeps.iter().any(|known| Rc::ptr_eq(known, &regex)) {
                keeps.push(regex);
            }
        }
    }
    let [targets, samples] = &keeps;
    let pass = |text: &str, keeps: &[Rc<Compiled>]| {
        let passes = |keep: &Rc<Compiled>| keep.automaton.contains(text) == Membership::Yes;
        keeps.iter().all(passes)
    };
    // What comes through the keeps on targets, and what of it through those on samples.
    let mut discovered = namespaces
        .iter()
        .filter(|namespace| pass(namespace, targets));
    if job.honor_labels {
        let globs = samples.iter().filter_map(|keep| keep.automaton.globs());
        let exposed = globs.flatten().map(|glob| glob::sample(glob));
        let mut exposed = exposed.take(NAMES);
        let is_seen = |text: String| allowed.permits(&text) && pass(&text, samples);
        return Ok(!samples.is_empty() && discovered.next().is_some() && exposed.any(is_seen));
    }
    Ok(!job.judges_exported(interpreter)? && discovered.any(|namespace| pass(namespace, samples)))
}

/// Whether the config filters samples by labels that nobody but the exporter gives them, and none of which is a
/// namespace.
fn filters_something_else(config: &RelabelConfig, job: &ScrapeJob<'_>) -> bool {
    let configs = || job.relabelings.iter().chain(&job.metric_relabelings);
    let is_free = |label: &String| {
        let is_written = || configs().any(|config| config.target_label == *label);
        let is_exposed = label == METRIC_NAME || job.honor_labels && !label.starts_with("__");
        is_exposed && !NAMESPACES.contains(&label.as_str()) && !is_written()
    };
    matches!(config.action, Action::Keep | Action::Drop)
        && !config.source_labels.is_empty()
        && config.source_labels.iter().all(is_free)
        && !config.is_unknown
}

/// Whether it is the value of a label by which the operator's own configs may select.
fn is_selected_by(label: &str) -> bool {
    label.starts_with("__meta_kubernetes_") && label.contains("_label")
}

/// Whether the config writes a label, and surely none of a namespace, and none that says where is scraped.
fn writes_something_else(config: &RelabelConfig) -> bool {
    let target = &*config.target_label;
    let is_about = NAMESPACES.contains(&target) || MOVING.contains(&target);
    config.writes_one_label() && !has_placeholder(target) && !is_about
}
