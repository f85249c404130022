//! `Prometheus`, `PrometheusAgent` and `ThanosRuler` (prometheus-operator,
//! `CommonPrometheusFields` and `PrometheusSpec` in `pkg/apis/monitoring/v1/prometheus_types.go`,
//! `PrometheusAgentSpec` in `v1alpha1/prometheusagent_types.go`, `ThanosRulerSpec` in
//! `v1/thanos_types.go`).
//!
//! What one of them does not have is absent: the API server takes unknown fields away.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::persistent_volume_claim as claim;
use super::{LabelSelector, Object};
use crate::json::Strict;
use crate::relabel::rule::Relabeling;

/// The `spec` of one that picks monitoring objects up.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prometheus {
    service_monitor_selector: Option<Strict<LabelSelector>>,
    pod_monitor_selector: Option<Strict<LabelSelector>>,
    probe_selector: Option<Strict<LabelSelector>>,
    scrape_config_selector: Option<Strict<LabelSelector>>,
    rule_selector: Option<Strict<LabelSelector>>,
    service_monitor_namespace_selector: Option<Strict<LabelSelector>>,
    pod_monitor_namespace_selector: Option<Strict<LabelSelector>>,
    probe_namespace_selector: Option<Strict<LabelSelector>>,
    scrape_config_namespace_selector: Option<Strict<LabelSelector>>,
    rule_namespace_selector: Option<Strict<LabelSelector>>,
    /// What it stores its series in.
    pub storage: Option<Strict<Storage>>,
    /// Whether all scrapes are done as if `honorLabels` were false.
    pub override_honor_labels: Option<bool>,
    /// Rules that precede those of the objects that name the class.
    pub scrape_classes: Option<Vec<Strict<ScrapeClass>>>,
    /// The labels of pods that all targets get.
    pub pod_target_labels: Option<Vec<String>>,
    /// Scrape configurations in a Secret.
    pub additional_scrape_configs: Option<Box<RawValue>>,
    /// Where queries are answered from besides.
    pub remote_read: Option<Vec<Strict<Remote>>>,
    /// Where series are sent to.
    pub remote_write: Option<Vec<Strict<Remote>>>,
    /// Whether it takes series that others send.
    pub enable_remote_write_receiver: Option<bool>,
    /// Whether it takes series that others send by OpenTelemetry's protocol.
    #[serde(rename = "enableOTLPReceiver")]
    pub enable_otlp_receiver: Option<bool>,
    /// Features that are off otherwise.
    pub enable_features: Option<Vec<String>>,
    /// Arguments of the container.
    pub additional_args: Option<Vec<Strict<Named>>>,
    /// Containers of its pods; those that the operator makes are changed by their names.
    pub containers: Option<Vec<Strict<Named>>>,
    /// Containers that precede them.
    pub init_containers: Option<Vec<Strict<Named>>>,
    /// What a `ThanosRuler` queries.
    pub query_endpoints: Option<Vec<String>>,
}

/// Where series are stored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// A volume that is gone with the pod.
    pub empty_dir: Option<Box<RawValue>>,
    /// A claim that is gone with the pod.
    pub ephemeral: Option<Strict<Ephemeral>>,
    /// A claim that stays.
    pub volume_claim_template: Option<Strict<ClaimTemplate>>,
}

/// A volume that is gone with the pod.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ephemeral {
    /// Its claim.
    pub volume_claim_template: Option<Strict<ClaimTemplate>>,
}

/// A claim that is to be made.
#[derive(Debug, Deserialize)]
pub struct ClaimTemplate {
    /// What it asks for.
    pub spec: Option<Strict<claim::Spec>>,
}

/// Rules that precede those of the objects that name the class.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeClass {
    /// Its name.
    pub name: Option<String>,
    /// Whether it is that of all objects that name none.
    pub default: Option<bool>,
    /// What is done with each target.
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each sample.
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// Another server.
#[derive(Debug, Deserialize)]
pub struct Remote {
    /// Its address.
    pub url: Option<String>,
}

/// Something that has a name.
#[derive(Debug, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: Option<String>,
}

/// A selector, by the name of its field.
pub type Selector<'a> = (&'static str, Option<&'a LabelSelector>);

impl Prometheus {
    /// The selectors of what is scraped.
    #[must_use]
    pub fn scrape_selectors(&self) -> [Selector<'_>; 4] {
        [
            ("serviceMonitorSelector", &self.service_monitor_selector),
            ("podMonitorSelector", &self.pod_monitor_selector),
            ("probeSelector", &self.probe_selector),
            ("scrapeConfigSelector", &self.scrape_config_selector),
        ]
        .map(|(field, selector)| (field, selector.as_deref()))
    }

    /// The selectors of all that is picked up.
    pub fn selectors(&self) -> impl Iterator<Item = Selector<'_>> {
        let rules = ("ruleSelector", self.rule_selector.as_deref());
        self.scrape_selectors().into_iter().chain([rules])
    }

    /// The selectors of the namespaces in which it is picked up, each with its selector.
    pub fn namespace_selectors(&self) -> impl Iterator<Item = (Selector<'_>, Selector<'_>)> {
        let namespaces = [
            (
                "serviceMonitorNamespaceSelector",
                &self.service_monitor_namespace_selector,
            ),
            (
                "podMonitorNamespaceSelector",
                &self.pod_monitor_namespace_selector,
            ),
            ("probeNamespaceSelector", &self.probe_namespace_selector),
            (
                "scrapeConfigNamespaceSelector",
                &self.scrape_config_namespace_selector,
            ),
            ("ruleNamespaceSelector", &self.rule_namespace_selector),
        ]
        .map(|(field, selector)| (field, selector.as_deref()));
        namespaces.into_iter().zip(self.selectors())
    }
}

/// Reads the `spec`.
///
/// # Errors
///
/// A sentence that names the field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<Prometheus, String> {
    object.spec()
}
