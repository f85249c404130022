//! An endpoint of a monitor: what `Endpoint` and `PodMetricsEndpoint` have in common
//! (prometheus-operator, `pkg/apis/monitoring/v1`).

use serde::Deserialize;

use super::LabelSelector;
use crate::json::Strict;
use crate::relabel::rule::{Relabeling, Rule};

/// An endpoint that is scraped.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Where the metrics are; `/metrics` unless given.
    pub path: Option<String>,
    /// Whether labels that the exporter exposes win over the target's.
    pub honor_labels: Option<bool>,
    /// What is done with each target.
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each sample.
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// The namespaces in which targets are discovered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// All of them.
    pub any: Option<bool>,
    /// These; the monitor's own, where there are none.
    pub match_names: Option<Vec<String>>,
}

/// A `ServiceMonitor` or a `PodMonitor`.
#[derive(Debug)]
pub struct Monitor {
    /// The name of the field that holds the endpoints.
    pub endpoints_field: &'static str,
    /// The endpoints.
    pub endpoints: Vec<Strict<Endpoint>>,
    /// Which services or pods are scraped.
    pub selector: LabelSelector,
    /// Where they are.
    pub namespace_selector: NamespaceSelector,
    /// The rules by which the operator copies their labels onto the targets, in its order.
    pub copies: Vec<Rule>,
    /// The scrape class that the monitor names.
    pub scrape_class: Option<String>,
}

/// The rules that copy labels of a `service` or a `pod` onto the target.
pub(super) fn copies(of: &str, labels: Option<&Vec<String>>) -> impl Iterator<Item = Rule> {
    labels.into_iter().flatten().map(move |label| {
        let label = sanitized(label);
        Rule::copy(format!("__meta_kubernetes_{of}_label_{label}"), label)
    })
}

/// The label's name as Prometheus takes it (`sanitizeLabelName` in the operator's `promcfg.go`).
fn sanitized(label: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    label
        .chars()
        .map(|c| if valid(c) { c } else { '_' })
        .collect()
}
