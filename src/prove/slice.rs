//! The slice of a pipeline that can reach a namespace.
//!
//! A filter by a label that never flows into a namespace, an address or a path decides whether a series comes
//! through, never what it is of. Without it only more comes through, so what is proved without it is proved.
//! Mostly it is what makes a proof large: a list of metrics, a regex over labels of pods.

use std::collections::BTreeSet;

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

/// The labels that a config mentions.
fn labels_of(config: &RelabelConfig) -> impl Iterator<Item = &str> {
    let sources = config.source_labels.iter().map(String::as_str);
    sources.chain(std::iter::once(&*config.target_label))
}
