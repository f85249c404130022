//! The labels of a pipeline, by their places: a state keeps a value for each. And the labels that a
//! proof relies on.

use std::collections::BTreeMap;

use crate::language::alphabet::Class;
use crate::language::budget::TooComplex;
use crate::language::expression::Expression;

use super::config::RelabelConfig;

/// The most labels that the pipeline of one endpoint may mention.
pub const MAX_LABELS: usize = 256;

/// The place of label `namespace`.
pub const NAMESPACE: usize = 0;
/// The place of `__meta_kubernetes_namespace`.
pub(crate) const META_NAMESPACE: usize = 1;
/// The place of `exported_namespace`.
pub(crate) const EXPORTED_NAMESPACE: usize = 2;
/// The place of the namespace of the target, which no config can write.
pub(crate) const TARGET: usize = 3;
/// The place of label `namespace` as merging left it, which no config can write.
pub(crate) const MERGED: usize = 4;
/// The place of `exported_namespace` as merging left it, which no config can write.
pub(crate) const MERGED_EXPORTED: usize = 5;
/// The place of the exposed namespace where `exported_namespace` was taken, too, so that it had to make
/// room once more; which no config can write.
pub(crate) const DISPLACED: usize = 6;

/// The names of the labels in which a namespace is judged, by their places.
pub(crate) const NAMESPACES: [&str; 3] = [
    "namespace",
    "__meta_kubernetes_namespace",
    "exported_namespace",
];
/// How the labels begin that discovery in Kubernetes gives.
pub(crate) const META_KUBERNETES: &str = "__meta_kubernetes_";
/// Where a target is scraped.
pub(crate) const ADDRESS: &str = "__address__";
/// The label that a target gets from its address, unless it has one.
pub(crate) const INSTANCE: &str = "instance";
/// The path at which a target is scraped.
pub(crate) const METRICS_PATH: &str = "__metrics_path__";
/// It is written in front of the address as it stands, so that it can bring another one (`Target.URL` in
/// Prometheus' `scrape/target.go`).
pub(crate) const SCHEME: &str = "__scheme__";
/// The labels by which a scrape may go elsewhere than its target stands, or to another path.
pub(crate) const MOVING: [&str; 3] = [ADDRESS, METRICS_PATH, SCHEME];

/// How the labels end with which discoveries outside of Kubernetes say where a target is. What else they give may be
/// text of their configuration (`__meta_dns_name`, `__meta_puppetdb_query`, `__meta_ec2_region` …).
const PLACES: [&str; 6] = [
    "_ip",
    "_address",
    "_port",
    "_record_target",
    "_private_dns_name",
    "_public_dns_name",
];

/// Stands among chosen labels for all that Kubernetes' discovery gives: selectors of a discovery may fix any of them.
pub(crate) const CHOSEN_BY_SELECTORS: &str = META_KUBERNETES;

/// Whether the label is what discovery found, and no text of an object: where a scrape goes by it is the business of
/// whoever labels, or registers, the target. Of all others (`__param_…`, `job`, `__tmp_…`, what a scrape class writes)
/// an object or its name can be the value.
#[must_use]
pub(crate) fn is_found(name: &str) -> bool {
    let is_place = || name.starts_with("__meta_") && PLACES.iter().any(|end| name.ends_with(end));
    name.starts_with(META_KUBERNETES) || name == ADDRESS || is_place()
}

/// The label with the name of a metric.
pub(crate) const METRIC_NAME: &str = "__name__";

/// The labels of a target that a proof relies on being what discovery, prometheus-operator's own configs and
/// Prometheus' defaults make them, besides those of [`RELIED_ON_PREFIX`].
///
/// A Prometheus can write labels between these and the configs of an object: by its scrape classes, its
/// `podTargetLabels`, its `enforcedNamespaceLabel`. Rule `scrape-override` keeps it from writing one of
/// these; of all others a proof assumes that it may have ([`is_relied_on`]).
pub(crate) const RELIED_ON: [&str; 17] = [
    "namespace",
    "exported_namespace",
    "container",
    "endpoint",
    "ingress",
    "instance",
    "job",
    "node",
    "pod",
    "service",
    "__address__",
    "__metrics_path__",
    "__name__",
    "__param_target",
    "__scheme__",
    "__tmp_ingress_address",
    "__tmp_prometheus_job_name",
];

/// How the names of labels begin that service discovery gives; a proof relies on all of them.
pub(crate) const RELIED_ON_PREFIX: &str = "__meta_";

/// Whether a proof relies on the label. Its knowledge of any other one is forgotten before the first config of
/// an object.
#[must_use]
pub(crate) fn is_relied_on(label: &str) -> bool {
    label.starts_with(RELIED_ON_PREFIX) || RELIED_ON.contains(&label)
}

/// What stands between a word and a key in the names of labels that Kubernetes' discovery gives.
pub const KEYS: [&str; 4] = [
    "_label_",
    "_labelpresent_",
    "_annotation_",
    "_annotationpresent_",
];

/// What is known of the labels of targets whose names are those of Kubernetes' discovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discovered {
    /// Nothing: something else may give a target such a label.
    #[default]
    Unknown,
    /// Kubernetes gives them, or a labelmap whose names are the ends of such names.
    Mapped,
    /// Kubernetes gives them.
    Given,
}

impl Discovered {
    /// The names that none of these labels has, where some are known (`discovery/kubernetes` in Prometheus).
    ///
    /// They begin with a word of Prometheus'. After `_label_` or `_annotation_` comes a key of Kubernetes' own, which
    /// begins and ends with a letter or a digit (Kubernetes: "Labels and Selectors", syntax and character set). So no
    /// labelmap makes a `__meta_…` or an `__address__` of them.
    #[must_use]
    pub(crate) fn impossible(self) -> Option<Expression> {
        let small = Class::range('a', 'z');
        let of_keys = small.union(Class::range('A', 'Z')).union(Class::DIGIT);
        let not = |class: Class| Expression::Class(class.negated());
        let begins = |class| Expression::Concatenation(vec![not(class), Expression::anything()]);
        let ends = Expression::Concatenation(vec![Expression::anything(), not(of_keys)]);
        let kinds = KEYS.map(Expression::literal).to_vec();
        let mut keys = vec![ends];
        let mut names = vec![Expression::Empty];
        if self == Self::Given {
            keys.push(begins(of_keys));
            names.push(begins(small));
        }
        names.push(Expression::Concatenation(vec![
            Expression::Class(small).repeated(1, None),
            Expression::Alternation(kinds),
            Expression::Alternation(keys),
        ]));
        let names = vec![
            Expression::literal(META_KUBERNETES),
            Expression::Alternation(names),
        ];
        (self != Self::Unknown).then_some(Expression::Concatenation(names))
    }
}

/// The names of the labels that a pipeline mentions. What is behind the name of none of them is
/// never looked at, so it need not be followed.
#[derive(Debug)]
pub struct Labels {
    names: Vec<String>,
    places: BTreeMap<String, usize>,
    /// What is known of those that discovery in Kubernetes gives.
    pub discovered: Discovered,
}

impl Default for Labels {
    fn default() -> Self {
        // No label can be called by the empty string.
        let names: Vec<&str> = NAMESPACES.into_iter().chain(["", "", "", ""]).collect();
        let places = names.iter().zip(0..).filter(|(name, _)| !name.is_empty());
        Self {
            places: places
                .map(|(name, place)| ((*name).to_owned(), place))
                .collect(),
            names: names.into_iter().map(str::to_owned).collect(),
            discovered: Discovered::default(),
        }
    }
}

impl Labels {
    /// Adds the labels that a config mentions by name.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if there come to be more than [`MAX_LABELS`].
    pub fn mention(&mut self, config: &RelabelConfig) -> Result<(), TooComplex> {
        for name in &config.source_labels {
            self.add(name)?;
        }
        self.add(&config.target_label)
    }

    /// Adds a label.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if there come to be more than [`MAX_LABELS`].
    pub fn add(&mut self, name: &str) -> Result<(), TooComplex> {
        if name.is_empty() || self.places.contains_key(name) {
            return Ok(());
        }
        if self.names.len() >= MAX_LABELS {
            return Err(TooComplex);
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        Ok(())
    }

    /// The place of a label, where it is mentioned.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The labels that a config can write, with their places.
    pub fn writable(&self) -> impl Iterator<Item = (usize, &String)> {
        self.names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
    }

    /// The labels' names, by place; those that no config can write have none.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_labels_and_no_more() {
        let mut labels = Labels::default();
        let free = MAX_LABELS - labels.names().len();
        for index in 0..free {
            assert_eq!(labels.add(&format!("l{index}")), Ok(()));
        }
        assert_eq!(labels.add("l0"), Ok(()), "it is there already");
        assert_eq!(labels.add("one_more"), Err(TooComplex));
        assert_eq!(labels.names().len(), MAX_LABELS);
    }
}
