//! Endpoints that are proved by looking.
//!
//! Most endpoints are plain: their targets are in namespaces that the environment may see, no rule
//! can write a namespace, and where the exporter's own label counts, a keep of its own lets only
//! globs through that are each included in one of the environment's. Nothing else can come through
//! such an endpoint, whatever its other rules write or filter: there is nothing to be interpreted.
//!
//! What is plain is only ever accepted here. Everything else, and every doubt, goes to
//! [`Scrape::judge`], which says the same of what is plain, where its budget suffices.

use std::rc::Rc;

use crate::language::automaton::Membership;
use crate::language::budget::TooComplex;
use crate::language::glob;

use super::interpret::{Compiled, Interpreter};
use super::labels::{META_NAMESPACE, METRIC_NAME, NAMESPACE, NAMESPACES};
use super::leak::Allowed;
use super::rule::{Action, Rule, has_placeholder};
use super::scrape::MOVING;
use super::scrape::{Discovery, Scrape, Source};

/// What is filtered of a sample by which it is shown that something comes through.
const SAMPLE: &str = "a";

/// The most rules of an endpoint, and the most namespaces and texts that are held against them: whoever has
/// more pays for it in the interpreter.
const RULES: usize = 32;
const NAMES: usize = 32;
/// The most bytes of separators between the labels of a rule.
const JOINED: usize = 1000;

/// Whether the endpoint is plain: only what `allowed` lets through can come, something of it does, and
/// where a keep of the endpoint's own is `required`, it has one. `copied` are the names of the labels that the
/// operator's rules copy to targets.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub fn is_plain(
    scrape: &Scrape,
    mut copied: impl Iterator<Item = String>,
    required: bool,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    // Those that only some Prometheus would discover do not make anything come through.
    let [source, possible @ ..] = scrape.sources.as_slice() else {
        return Ok(false);
    };
    let Discovery::In(namespaces) = &source.discovery else {
        return Ok(false);
    };
    let rules = scrape.relabelings.len() + scrape.metric_relabelings.len();
    if rules > RULES || namespaces.len() > NAMES {
        return Ok(false);
    }
    let may_see = |namespace: &String| allowed.permits(namespace);
    let is_seen = |source: &Source| {
        let possible = |namespaces: &[String]| source.is_possible && namespaces.iter().all(may_see);
        matches!(&source.discovery, Discovery::In(namespaces) if possible(namespaces))
    };
    if !scrape.is_named
        || source.is_possible
        || !source.labels.is_empty()
        || !possible.iter().all(is_seen)
        || !namespaces.iter().all(may_see)
        || copied.any(|label| NAMESPACES.contains(&label.as_str()))
    {
        return Ok(false);
    }
    let mut keeps = [Vec::new(), Vec::new()];
    let lists = [&scrape.relabelings, &scrape.metric_relabelings];
    for (stage, (rules, keeps)) in lists.into_iter().zip(&mut keeps).enumerate() {
        for rule in rules {
            interpreter.budget.spend(1)?;
            // What is joined below is to be short.
            let joined = rule.source_labels.len() * rule.separator.len();
            if joined > JOINED || rule.source_labels.iter().any(|name| is_selected_by(name)) {
                return Ok(false);
            }
            if writes_something_else(rule) {
                continue;
            }
            if stage == 1 && filters_something_else(rule, scrape) {
                let Ok(regex) = interpreter.compile(&rule.regex)? else {
                    return Ok(false);
                };
                // Something has to come through it: a sample of which all that is filtered is this.
                let samples = vec![SAMPLE; rule.source_labels.len()].join(&rule.separator);
                let wanted = match rule.action {
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
            let is_keep = rule.action == Action::Keep
                && matches!(rule.source_labels.as_slice(), [label] if is_about(label))
                && !rule.is_unknown;
            if !is_keep {
                return Ok(false);
            }
            let Ok(regex) = interpreter.compile(&rule.regex)? else {
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
    if scrape.honor_labels {
        let globs = samples.iter().filter_map(|keep| keep.automaton.globs());
        let exposed = globs.flatten().map(|glob| glob::sample(glob));
        let mut exposed = exposed.take(NAMES);
        let is_seen = |text: String| allowed.permits(&text) && pass(&text, samples);
        return Ok(!samples.is_empty() && discovered.next().is_some() && exposed.any(is_seen));
    }
    let is_kept = !targets.is_empty() || !samples.is_empty();
    Ok((is_kept || !required)
        && !scrape.judges_exported(interpreter)?
        && discovered.any(|namespace| pass(namespace, samples)))
}

/// Whether the rule filters samples by labels that nobody but the exporter gives them, and none of which is a
/// namespace.
fn filters_something_else(rule: &Rule, scrape: &Scrape) -> bool {
    let rules = || scrape.relabelings.iter().chain(&scrape.metric_relabelings);
    let is_free = |label: &String| {
        let is_written = || rules().any(|rule| rule.target_label == *label);
        let is_exposed = label == METRIC_NAME || scrape.honor_labels && !label.starts_with("__");
        is_exposed && !NAMESPACES.contains(&label.as_str()) && !is_written()
    };
    matches!(rule.action, Action::Keep | Action::Drop)
        && !rule.source_labels.is_empty()
        && rule.source_labels.iter().all(is_free)
        && !rule.is_unknown
}

/// Whether it is the value of a label by which the operator's own rules may select.
fn is_selected_by(label: &str) -> bool {
    label.starts_with("__meta_kubernetes_") && label.contains("_label")
}

/// Whether the rule writes a label, and surely none of a namespace, and none that says where is scraped.
fn writes_something_else(rule: &Rule) -> bool {
    let target = &*rule.target_label;
    let is_about = NAMESPACES.contains(&target) || MOVING.contains(&target);
    rule.writes_one_label() && !has_placeholder(target) && !is_about
}
