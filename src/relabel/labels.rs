//! The labels of a pipeline, by their places: a series keeps a value for each.

use super::rule::Rule;

/// The most labels that the pipeline of one endpoint may mention.
pub const MAX_LABELS: usize = 256;

/// The place of label `namespace`.
pub const NAMESPACE: usize = 0;
/// The place of `__meta_kubernetes_namespace`.
pub const META_NAMESPACE: usize = 1;
/// The place of `exported_namespace`.
pub const EXPORTED_NAMESPACE: usize = 2;
/// The place of the namespace of the target, which no rule can write.
pub const TARGET: usize = 3;
/// The place of label `namespace` as merging left it, which no rule can write.
pub const MERGED: usize = 4;
/// The place of `exported_namespace` as merging left it, which no rule can write.
pub const MERGED_EXPORTED: usize = 5;

/// The names of the labels in which a namespace is judged, by their places.
pub const NAMESPACES: [&str; 3] = [
    "namespace",
    "__meta_kubernetes_namespace",
    "exported_namespace",
];
/// The label with the name of a metric.
pub const METRIC_NAME: &str = "__name__";

/// The names of the labels that a pipeline mentions. What is behind the name of none of them is
/// never looked at, so it need not be followed.
#[derive(Debug)]
pub struct Labels {
    names: Vec<String>,
}

impl Default for Labels {
    fn default() -> Self {
        // No label can be called by the empty string.
        let names = NAMESPACES.into_iter().chain(["", "", ""]);
        Self {
            names: names.map(str::to_owned).collect(),
        }
    }
}

impl Labels {
    /// Adds the labels that a rule mentions by name.
    pub fn mention(&mut self, rule: &Rule) {
        for name in &rule.source_labels {
            self.add(name);
        }
        self.add(&rule.target_label);
    }

    /// Adds a label.
    pub fn add(&mut self, name: &str) {
        if !name.is_empty() && self.place(name).is_none() {
            self.names.push(name.to_owned());
        }
    }

    /// The place of a label, where it is mentioned.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .position(|known| known == name && !name.is_empty())
    }

    /// The labels that a rule can write, with their places.
    pub fn writable(&self) -> impl Iterator<Item = (usize, &String)> {
        self.names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
    }

    /// The labels' names, by place; those that no rule can write have none.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}
