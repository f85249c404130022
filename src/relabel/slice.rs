//! The slice of a pipeline that can reach a namespace.
//!
//! A filter by a label that never flows into a namespace, an address or a path decides whether a series comes
//! through, never what it is of. Without it only more comes through, so what is proved without it is proved.
//! Mostly it is what makes a proof large: a list of metrics, a regex over labels of pods.

use std::collections::BTreeSet;

use crate::language::budget::TooComplex;

use super::interpret::Interpreter;
use super::labels::NAMESPACES;
use super::rule::{Action, Rule};
use super::scrape::{ADDRESS, INSTANCE, MOVING, Scrape, numbered};
use super::{RuleId, Stage};

impl Scrape {
    /// The filters by labels of which none flows into a namespace, an address or a path.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub(super) fn left_out(
        &self,
        interpreter: &mut Interpreter,
    ) -> Result<BTreeSet<RuleId>, TooComplex> {
        let mut left_out = BTreeSet::new();
        let own = || self.relabelings.iter().chain(&self.metric_relabelings);
        let filters = own().filter(|rule| rule.is_filter());
        if filters.take(1).count() == 0 {
            return Ok(left_out);
        }
        let mentioned: BTreeSet<&str> = own().flat_map(labels_of).collect();
        let mut flows: BTreeSet<&str> = NAMESPACES.into_iter().collect();
        for (stage, rules) in [
            (Stage::MetricRelabelings, &self.metric_relabelings),
            (Stage::Relabelings, &self.relabelings),
        ] {
            if stage == Stage::Relabelings {
                flows.extend(MOVING);
            }
            for (id, rule) in numbered(stage, rules).collect::<Vec<_>>().into_iter().rev() {
                interpreter.budget.spend(1 + rule.source_labels.len())?;
                if rule.is_filter() {
                    if !labels_of(rule).any(|label| flows.contains(label)) {
                        left_out.insert(id);
                        continue;
                    }
                    flows.extend(labels_of(rule));
                } else if rule.action == Action::LabelMap {
                    let mut mapped = Vec::new();
                    for from in mentioned.difference(&flows) {
                        for to in &flows {
                            if interpreter.maps(rule, from, to)? {
                                mapped.push(*from);
                                break;
                            }
                        }
                    }
                    flows.extend(mapped);
                } else if !rule.writes_one_label() || flows.contains(&*rule.target_label) {
                    flows.extend(labels_of(rule));
                }
                if flows.contains(INSTANCE) {
                    flows.insert(ADDRESS);
                }
            }
        }
        Ok(left_out)
    }
}

/// The labels that a rule mentions.
fn labels_of(rule: &Rule) -> impl Iterator<Item = &str> {
    let sources = rule.source_labels.iter().map(String::as_str);
    sources.chain(std::iter::once(&*rule.target_label))
}
