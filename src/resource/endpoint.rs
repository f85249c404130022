//! An endpoint of a monitor: what `Endpoint` and `PodMetricsEndpoint` have in common
//! (prometheus-operator, `pkg/apis/monitoring/v1`).

use serde::Deserialize;
use serde_json::Value;

use super::LabelSelector;
use crate::json::{Strict, few, few_texts};
use crate::relabel::config::Relabeling;

/// An endpoint that is scraped.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Where the metrics are; `/metrics` unless given.
    pub path: Option<String>,
    /// The name of the port that is scraped.
    pub port: Option<String>,
    /// The name or the number of the port that is scraped, where `port` is not given.
    pub target_port: Option<Value>,
    /// The proxy through which it is scraped.
    pub proxy_url: Option<String>,
    /// Whether pods that have ended are left out; they are unless this is false.
    pub filter_running: Option<bool>,
    /// Whether labels that the exporter exposes win over the target's.
    pub honor_labels: Option<bool>,
    /// What is done with each target.
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each sample.
    #[serde(default, deserialize_with = "few")]
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// The namespaces in which targets are discovered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// All of them.
    pub any: Option<bool>,
    /// These; the monitor's own, where there are none.
    #[serde(default, deserialize_with = "few_texts")]
    pub match_names: Option<Vec<String>>,
}

/// What is discovered for a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Services, and the pods behind them.
    Service,
    /// Pods.
    Pod,
}

impl Of {
    /// Where the endpoints stand in the object.
    #[must_use]
    pub const fn endpoints(self) -> &'static [&'static str] {
        match self {
            Self::Service => &["spec", "endpoints"],
            Self::Pod => &["spec", "podMetricsEndpoints"],
        }
    }

    /// The name in meta labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Pod => "pod",
        }
    }
}

/// A `ServiceMonitor` or a `PodMonitor`.
#[derive(Debug)]
pub struct Monitor {
    /// The endpoints.
    pub endpoints: Vec<Strict<Endpoint>>,
    /// Which services or pods are scraped.
    pub selector: LabelSelector,
    /// Where they are.
    pub namespace_selector: NamespaceSelector,
    /// What is discovered.
    pub of: Of,
    /// How the selector is applied; by relabeling, unless given.
    pub selector_mechanism: Option<String>,
    /// The labels of services that targets get.
    pub target_labels: Option<Vec<String>>,
    /// The labels of pods that targets get.
    pub pod_target_labels: Option<Vec<String>>,
    /// The label from which targets get their label `job`.
    pub job_label: Option<String>,
    /// The label `job` of targets that do not get one otherwise, where it is the same for all.
    pub job: Option<String>,
    /// The scrape class that the monitor names.
    pub scrape_class: Option<String>,
}
