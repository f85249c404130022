//! `ScrapeConfig` (prometheus-operator, `pkg/apis/monitoring/v1alpha1/scrapeconfig_types.go`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Labels, Object};
use crate::json::unreadable::Unreadable;
use crate::json::{Strict, few, few_members, few_texts};
use crate::relabel::config::Relabeling;

/// The `spec` of a `ScrapeConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeConfig {
    /// The label `job` of its series.
    pub job_name: Option<String>,
    /// Where the metrics are; `/metrics` unless given.
    pub metrics_path: Option<String>,
    /// Whether labels that the exporter exposes win over the target's.
    pub honor_labels: Option<bool>,
    /// Targets that stand in the object.
    #[serde(default, deserialize_with = "few")]
    pub static_configs: Option<Vec<Strict<StaticConfig>>>,
    /// Discoveries in Kubernetes.
    #[serde(rename = "kubernetesSDConfigs")]
    #[serde(default, deserialize_with = "few")]
    pub kubernetes_sd_configs: Option<Vec<Strict<KubernetesDiscovery>>>,
    /// Discoveries by names that are looked up.
    #[serde(rename = "dnsSDConfigs")]
    #[serde(default, deserialize_with = "few")]
    pub dns_sd_configs: Option<Vec<Strict<DnsDiscovery>>>,
    /// Discoveries of containers.
    #[serde(rename = "dockerSDConfigs")]
    #[serde(default, deserialize_with = "few")]
    pub docker_sd_configs: Option<Vec<Strict<DockerDiscovery>>>,
    /// Whether a discovery may give its targets any labels.
    #[serde(skip)]
    pub gives_any_labels: bool,
    /// Whether there is a discovery that knows nothing of Kubernetes.
    #[serde(skip)]
    pub discovers_elsewhere: bool,
    /// What is done with each target.
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each sample.
    #[serde(default, deserialize_with = "few")]
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
    /// The proxy through which its targets are scraped.
    pub proxy_url: Option<String>,
    /// The scrape class that it names.
    pub scrape_class: Option<String>,
}

/// Targets that stand in the object.
#[derive(Debug, Deserialize)]
pub struct StaticConfig {
    /// Their addresses.
    #[serde(default, deserialize_with = "few_texts")]
    pub targets: Option<Vec<String>>,
    /// Labels that each of them is given.
    #[serde(default, deserialize_with = "few_members")]
    pub labels: Option<Labels>,
}

/// A discovery in Kubernetes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesDiscovery {
    /// What is discovered: `Pod`, `Endpoints`, `Node` …
    pub role: Option<String>,
    /// The API server that is asked; the cluster's own unless given.
    pub api_server: Option<String>,
    /// Where; everywhere unless given.
    pub namespaces: Option<Strict<Namespaces>>,
    /// Which.
    #[serde(default, deserialize_with = "few")]
    pub selectors: Option<Vec<Strict<DiscoverySelector>>>,
}

impl KubernetesDiscovery {
    /// Whether the role is this one.
    #[must_use]
    pub(crate) fn is_of(&self, role: &str) -> bool {
        self.role
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(role))
    }
}

/// What a discovery asks the API server for.
#[derive(Debug, Deserialize)]
pub struct DiscoverySelector {
    /// The role whose objects are selected.
    pub role: Option<String>,
    /// By their labels, as `kubectl --selector` takes it.
    pub label: Option<String>,
    /// By their fields.
    pub field: Option<String>,
}

/// A discovery by names that are looked up.
#[derive(Debug, Deserialize)]
pub struct DnsDiscovery {
    /// The names.
    #[serde(default, deserialize_with = "few_texts")]
    pub names: Option<Vec<String>>,
}

/// A discovery of containers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DockerDiscovery {
    /// The address of containers on the network of their host (`discovery/moby/docker.go` in Prometheus).
    pub host_networking_host: Option<String>,
}

/// The namespaces of a discovery.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Namespaces {
    /// Whether the namespace of the Prometheus is among them.
    pub own_namespace: Option<bool>,
    /// Their names.
    #[serde(default, deserialize_with = "few_texts")]
    pub names: Option<Vec<String>>,
}

/// The discoveries whose targets have meta labels of their own only, by their fields, and some the label `instance`.
/// (Kuma gives a path and a scheme, too, so that it is none of them: `discovery/xds/kuma.go` in Prometheus.)
const ELSEWHERE: [&str; 18] = [
    "azureSDConfigs",
    "consulSDConfigs",
    "digitalOceanSDConfigs",
    "dnsSDConfigs",
    "dockerSDConfigs",
    "dockerSwarmSDConfigs",
    "ec2SDConfigs",
    "eurekaSDConfigs",
    "gceSDConfigs",
    "hetznerSDConfigs",
    "ionosSDConfigs",
    "lightSailSDConfigs",
    "linodeSDConfigs",
    "nomadSDConfigs",
    "openstackSDConfigs",
    "ovhcloudSDConfigs",
    "puppetDBSDConfigs",
    "scalewaySDConfigs",
];

/// Reads the scrape configuration.
///
/// # Errors
///
/// The field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<ScrapeConfig, Unreadable> {
    let mut config: ScrapeConfig = object.spec()?;
    let fields: BTreeMap<String, &RawValue> = object.spec()?;
    for (field, value) in fields {
        let is_discovery = field.ends_with("SDConfigs") && field != "kubernetesSDConfigs";
        if !is_discovery || matches!(value.get(), "null" | "[]") {
            continue;
        }
        // Files and servers give whatever labels they like; what is not known yet may, too.
        if ELSEWHERE.contains(&field.as_str()) {
            config.discovers_elsewhere = true;
        } else {
            config.gives_any_labels = true;
        }
    }
    Ok(config)
}
