//! What relabeling does to namespaces: [`rule`] is one relabeling with Prometheus' defaults,
//! [`scrape`] the whole way of a series through an endpoint, [`interpret`] the symbolic run of it
//! over a [`series`] and its [`labels`], whose [`value`]s are made of variables, and [`leak`] the
//! question that is asked at the end, which [`solve`] answers with texts for the variables.
//! What is [`plain`] is proved without. [`capture`] tells what the groups of a regex hold, whose alternatives have [`shape`]s.
//!
//! This module knows nothing of admission: monitors become a [`scrape::Scrape`] elsewhere.

pub mod capture;
mod change;
pub mod interpret;
mod label_map;
pub mod labels;
pub mod leak;
pub mod plain;
pub mod rule;
pub mod scrape;
pub mod series;
pub mod shape;
pub mod solve;
pub mod template;
pub mod value;

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId {
    /// In which list.
    pub stage: Stage,
    /// At which place, from 0.
    pub index: usize,
}

/// The lists of rules that a series runs through, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What the operator adds for the monitor's `targetLabels` and `podTargetLabels`.
    Operator,
    /// The endpoint's `relabelings`.
    Relabelings,
    /// The endpoint's `metricRelabelings`.
    MetricRelabelings,
}
