//! `Probe` (prometheus-operator, `pkg/apis/monitoring/v1/probe_types.go`).

use serde::Deserialize;

use super::endpoint::NamespaceSelector;
use super::{LabelSelector, Labels, Object};
use crate::json::unreadable::Unreadable;
use crate::json::{Strict, few, few_members, few_texts};
use crate::relabel::config::Relabeling;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    job_name: Option<String>,
    prober: Option<Strict<Prober>>,
    targets: Option<Strict<Targets>>,
    #[serde(default, deserialize_with = "few")]
    metric_relabelings: Option<Vec<Strict<Relabeling>>>,
    scrape_class: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prober {
    url: Option<String>,
    path: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    static_config: Option<Strict<StaticTargets>>,
    ingress: Option<Strict<Ingress>>,
}

/// Targets that stand in the object.
#[derive(Debug, Deserialize)]
pub struct StaticTargets {
    /// Their addresses.
    #[serde(rename = "static")]
    #[serde(default, deserialize_with = "few_texts")]
    pub addresses: Option<Vec<String>>,
    /// Labels that each of them is given.
    #[serde(default, deserialize_with = "few_members")]
    pub labels: Option<Labels>,
    /// What is done with each.
    #[serde(rename = "relabelingConfigs")]
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// Ingresses whose hosts are targets.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Which.
    pub selector: Option<Strict<LabelSelector>>,
    /// Where.
    pub namespace_selector: Option<Strict<NamespaceSelector>>,
    /// What is done with each target.
    #[serde(rename = "relabelingConfigs")]
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// A `Probe`.
#[derive(Debug)]
pub struct Probe {
    /// The label `job` of its series.
    pub job: Option<String>,
    /// The address of the prober.
    pub url: Option<String>,
    /// The path of the prober.
    pub path: Option<String>,
    /// The proxy through which the prober is reached.
    pub proxy_url: Option<String>,
    /// The scrape class that the probe names.
    pub scrape_class: Option<String>,
    /// Targets that stand in the object; they come before the ingresses.
    pub static_config: Option<StaticTargets>,
    /// Ingresses whose hosts are targets.
    pub ingress: Option<Ingress>,
    /// What is done with each sample.
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// Reads the probe.
///
/// # Errors
///
/// The field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<Probe, Unreadable> {
    let spec: Spec = object.spec()?;
    let prober = spec.prober.unwrap_or_default().0;
    let targets = spec.targets.unwrap_or_default().0;
    Ok(Probe {
        job: spec.job_name,
        url: prober.url,
        path: prober.path,
        proxy_url: prober.proxy_url,
        scrape_class: spec.scrape_class,
        static_config: targets.static_config.map(|config| config.0),
        ingress: targets.ingress.map(|ingress| ingress.0),
        metric_relabelings: spec.metric_relabelings,
    })
}
