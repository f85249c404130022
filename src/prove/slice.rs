//! The slice of a pipeline that can reach a namespace.
//!
//! A filter by a label that never flows into a namespace, an address or a path decides whether a series comes
//! through, never what it is of. Without it only more comes through, so what is proved without it is proved.
//! Mostly it is what makes a proof large: a list of metrics, a regex over labels of pods.
//!
//! What leaks without it may be stopped by it. That is tried with a text for each such label ([`texts`]) before all is
//! run symbolically: where it leaks with these, it leaks.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::budget::TooComplex;

use crate::pipeline::scrape_job::{ScrapeJob, numbered};
use crate::relabel::config::{Action, RelabelConfig};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{ADDRESS, INSTANCE, MOVING, NAMESPACES};
use crate::relabel::{ConfigId, Stage};

/// The filters by labels of which none flows into a namespace, an address or a path.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(super) fn left_out(
    job: &ScrapeJob<'_>,
    interpreter: &mut Interpreter,
) -> Result<BTreeSet<ConfigId>, TooComplex> {
    let mut left_out = BTreeSet::new();
    let own = || job.relabelings.iter().chain(&job.metric_relabelings);
    let filters = own().filter(|config| config.is_filter());
    if filters.take(1).count() == 0 {
        return Ok(left_out);
    }
    let mentioned: BTreeSet<&str> = own().flat_map(labels_of).collect();
    let mut flows: BTreeSet<&str> = NAMESPACES.into_iter().collect();
    for (stage, configs) in [
        (Stage::MetricRelabelings, &job.metric_relabelings),
        (Stage::Relabelings, &job.relabelings),
    ] {
        if stage == Stage::Relabelings {
            flows.extend(MOVING);
        }
        for (id, config) in numbered(stage, configs)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            interpreter.budget.spend(1 + config.source_labels.len())?;
            if config.is_filter() {
                if !labels_of(config).any(|label| flows.contains(label)) {
                    left_out.insert(id);
                    continue;
                }
                flows.extend(labels_of(config));
            } else if config.action == Action::LabelMap {
                let mut mapped = Vec::new();
                for from in mentioned.difference(&flows) {
                    for to in &flows {
                        if interpreter.maps(config, from, to)? {
                            mapped.push(*from);
                            break;
                        }
                    }
                }
                flows.extend(mapped);
            } else if !config.writes_one_label() || flows.contains(&*config.target_label) {
                flows.extend(labels_of(config));
            }
            if flows.contains(INSTANCE) {
                flows.insert(ADDRESS);
            }
        }
    }
    Ok(left_out)
}

/// A text for each label by which what was left out filters: one that a keep lets through, or any.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(super) fn texts(
    job: &ScrapeJob<'_>,
    left_out: &BTreeSet<ConfigId>,
    interpreter: &mut Interpreter,
) -> Result<BTreeMap<String, String>, TooComplex> {
    let mut texts = BTreeMap::new();
    for config in left_out.iter().filter_map(|id| job.config(*id)) {
        interpreter.budget.spend(1 + config.source_labels.len())?;
        let kept = match config.action {
            Action::Keep => interpreter.sample(&config.regex)?,
            _ => None,
        };
        let parts: Vec<&str> = match &kept {
            Some(kept) if config.source_labels.len() == 1 => vec![kept],
            Some(kept) if !config.separator.is_empty() => kept.split(&*config.separator).collect(),
            _ => Vec::new(),
        };
        for (place, label) in config.source_labels.iter().enumerate() {
            let is_about = |names: &[&str]| names.contains(&label.as_str());
            if is_about(&NAMESPACES) || is_about(&MOVING) || is_about(&[INSTANCE]) {
                continue;
            }
            match parts.get(place) {
                Some(part) if parts.len() == config.source_labels.len() => {
                    texts.insert(label.clone(), (*part).to_owned());
                }
                _ => {
                    texts.entry(label.clone()).or_insert_with(|| ANY.to_owned());
                }
            }
        }
    }
    Ok(texts)
}

/// A text that few filters are about.
const ANY: &str = "a";

/// The labels that a config mentions.
fn labels_of(config: &RelabelConfig) -> impl Iterator<Item = &str> {
    let sources = config.source_labels.iter().map(String::as_str);
    let labels = sources.chain(std::iter::once(&*config.target_label));
    // Most filters have no target.
    labels.filter(|label| !label.is_empty())
}
