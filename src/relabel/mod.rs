//! What relabeling does to labels: [`config`] is one relabel config with Prometheus' defaults, [`interpreter`] the
//! symbolic run of several over a [`state`], whose [`value`]s are made of variables. [`capture`] tells what the groups
//! of a regex hold, whose alternatives have [`shape`]s; [`label_map`] what `labelmap` does, [`change`] what a config can
//! change at all, and [`keep`] what a keep lets through.
//!
//! This module knows nothing of admission, nor of what may be seen.

pub mod capture;
mod change;
pub mod config;
pub mod interpreter;
pub mod keep;
mod label_map;
pub mod labels;
pub mod regex;
pub mod shape;
pub mod state;
pub mod template;
pub mod value;

/// Where a config stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigId {
    /// In which list.
    pub stage: Stage,
    /// At which place, from 0.
    pub index: usize,
}

impl ConfigId {
    const fn of_prometheus(index: usize) -> Self {
        let stage = Stage::Prometheus;
        Self { stage, index }
    }

    /// A Prometheus may discover targets in the object's own namespace, whatever the object's selector
    /// says (`ignoreNamespaceSelectors`).
    pub(crate) const IGNORED_SELECTOR: Self = Self::of_prometheus(0);
    /// A Prometheus may write a label on which no proof relies (`scrapeClasses`, `podTargetLabels`,
    /// `enforcedNamespaceLabel`).
    pub(crate) const SCRAPE_CLASS: Self = Self::of_prometheus(1);
    /// A Prometheus may give each target, and each sample in the end, the object's namespace
    /// (`enforcedNamespaceLabel`).
    pub(crate) const ENFORCED_NAMESPACE: Self = Self::of_prometheus(2);
    /// A Prometheus of version 2 adds a port to an address without one before it becomes label `instance`
    /// (`PopulateLabels` in its `scrape/target.go`).
    pub(crate) const ADDED_PORT: Self = Self::of_prometheus(3);
}

/// The lists of configs that a state runs through, in their order.
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
