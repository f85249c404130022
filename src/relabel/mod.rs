//! What relabeling does to namespaces: [`rule`] is one relabeling with Prometheus' defaults,
//! [`scrape`] the whole way of a series through an endpoint, [`interpret`] the symbolic run of it
//! over a [`series`] and its [`labels`], whose [`value`]s are made of variables, and [`leak`] the
//! question that is asked at the end, which [`solve`] answers with texts for the variables.
//! What is [`plain`] is proved without. [`capture`] tells what the groups of a regex hold, whose alternatives have [`shape`]s.
//!
//! This module knows nothing of admission: monitors become a [`scrape::Scrape`] elsewhere.

pub mod address;
pub mod capture;
mod change;
pub mod interpret;
mod label_map;
pub mod labels;
pub mod leak;
pub mod path;
pub mod plain;
pub mod rule;
pub mod scrape;
pub mod series;
pub mod shape;
mod slice;
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

impl RuleId {
    const fn of_prometheus(index: usize) -> Self {
        let stage = Stage::Prometheus;
        Self { stage, index }
    }

    /// A Prometheus may discover targets in the object's own namespace, whatever the object's selector
    /// says (`ignoreNamespaceSelectors`).
    pub const IGNORED_SELECTOR: Self = Self::of_prometheus(0);
    /// A Prometheus may write a label on which no proof relies (`scrapeClasses`, `podTargetLabels`,
    /// `enforcedNamespaceLabel`).
    pub const SCRAPE_CLASS: Self = Self::of_prometheus(1);
    /// A Prometheus may give each target, and each sample in the end, the object's namespace
    /// (`enforcedNamespaceLabel`).
    pub const ENFORCED_NAMESPACE: Self = Self::of_prometheus(2);
    /// A Prometheus of version 2 adds a port to an address without one before it becomes label `instance`
    /// (`PopulateLabels` in its `scrape/target.go`).
    pub const ADDED_PORT: Self = Self::of_prometheus(3);
}

/// The lists of rules that a series runs through, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What the operator adds for the monitor's `targetLabels` and `podTargetLabels`.
    Operator,
    /// What the Prometheus that scrapes may add, which is not known when an object is judged.
    Prometheus,
    /// The endpoint's `relabelings`.
    Relabelings,
    /// The endpoint's `metricRelabelings`.
    MetricRelabelings,
}
