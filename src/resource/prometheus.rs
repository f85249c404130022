//! `Prometheus`, `PrometheusAgent` and `ThanosRuler` (prometheus-operator,
//! `CommonPrometheusFields` and `PrometheusSpec` in `pkg/apis/monitoring/v1/prometheus_types.go`,
//! `PrometheusAgentSpec` in `v1alpha1/prometheusagent_types.go`, `ThanosRulerSpec` in
//! `v1/thanos_types.go`).
//!
//! What one of them does not have is absent: the API server takes unknown fields away.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::persistent_volume_claim as claim;
use super::{Annotations, LabelSelector, Object};
use crate::json::unreadable::Unreadable;
use crate::json::{Strict, few, few_texts};
use crate::relabel::config::Relabeling;

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
    #[serde(default, deserialize_with = "few")]
    pub scrape_classes: Option<Vec<Strict<ScrapeClass>>>,
    /// The labels of pods that all targets get.
    #[serde(default, deserialize_with = "few_texts")]
    pub pod_target_labels: Option<Vec<String>>,
    /// The label that is set to an object's namespace on all that is scraped for it.
    pub enforced_namespace_label: Option<String>,
    /// The label that tells replicas apart; the operator drops it from alerts by a regex.
    pub replica_external_label_name: Option<String>,
    /// The version of Prometheus.
    pub version: Option<String>,
    /// The image that is run, whatever the version says.
    pub image: Option<String>,
    /// The tag of the image, in the form before `image`.
    pub tag: Option<String>,
    /// The image, in the form before `image`.
    pub base_image: Option<String>,
    /// How names are looked up besides.
    pub dns_config: Option<Box<RawValue>>,
    /// Names that are not looked up.
    pub host_aliases: Option<Box<RawValue>>,
    /// The API server at which targets are discovered.
    #[serde(rename = "apiserverConfig")]
    pub api_server_config: Option<Box<RawValue>>,
    /// Where alerts are sent.
    pub alerting: Option<Strict<Alerting>>,
    /// Scrape configurations in a Secret.
    pub additional_scrape_configs: Option<Box<RawValue>>,
    /// Where queries are answered from besides.
    #[serde(default, deserialize_with = "few")]
    pub remote_read: Option<Vec<Strict<Remote>>>,
    /// Where series are sent to.
    #[serde(default, deserialize_with = "few")]
    pub remote_write: Option<Vec<Strict<Remote>>>,
    /// Whether it takes series that others send.
    pub enable_remote_write_receiver: Option<bool>,
    /// Whether it takes series that others send by OpenTelemetry's protocol.
    #[serde(rename = "enableOTLPReceiver")]
    pub enable_otlp_receiver: Option<bool>,
    /// Features that are off otherwise.
    #[serde(default, deserialize_with = "few_texts")]
    pub enable_features: Option<Vec<String>>,
    /// Arguments of the container.
    #[serde(default, deserialize_with = "few")]
    pub additional_args: Option<Vec<Strict<Named>>>,
    /// Containers of its pods; those that the operator makes are changed by their names.
    #[serde(default, deserialize_with = "few")]
    pub containers: Option<Vec<Strict<Named>>>,
    /// Containers that precede them.
    #[serde(default, deserialize_with = "few")]
    pub init_containers: Option<Vec<Strict<Named>>>,
    /// What is mounted into the container besides.
    #[serde(default, deserialize_with = "few")]
    pub volume_mounts: Option<Vec<Strict<Mount>>>,
    /// What is done with alerts, in a Secret.
    pub additional_alert_relabel_configs: Option<Box<RawValue>>,
    /// Where alerts are sent, in a Secret.
    pub additional_alert_manager_configs: Option<Box<RawValue>>,
    /// What a `ThanosRuler` queries, in a Secret.
    pub query_config: Option<Box<RawValue>>,
    /// What a `ThanosRuler` queries.
    #[serde(default, deserialize_with = "few_texts")]
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
    /// What it is called.
    pub metadata: Option<Strict<TemplateMetadata>>,
    /// What it asks for.
    pub spec: Option<Strict<claim::Spec>>,
}

/// The part of a claim's metadata that is read.
#[derive(Debug, Deserialize)]
pub struct TemplateMetadata {
    /// What claims are called in front of the name of their pod.
    pub name: Option<String>,
    /// Its annotations.
    pub annotations: Option<Strict<Annotations>>,
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
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each sample.
    #[serde(default, deserialize_with = "few")]
    pub metric_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// Another server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remote {
    /// Its address.
    pub url: Option<String>,
    /// What is done with each series that is sent there.
    #[serde(default, deserialize_with = "few")]
    pub write_relabel_configs: Option<Vec<Strict<Relabeling>>>,
}

/// Where alerts are sent.
#[derive(Debug, Deserialize)]
pub struct Alerting {
    /// The Alertmanagers.
    #[serde(default, deserialize_with = "few")]
    pub alertmanagers: Option<Vec<Strict<Alertmanager>>>,
}

/// An Alertmanager, which is discovered by these regexes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alertmanager {
    /// The name of its service.
    pub name: Option<String>,
    /// The name or the number of its port.
    pub port: Option<Value>,
    /// What is done with its targets.
    #[serde(default, deserialize_with = "few")]
    pub relabelings: Option<Vec<Strict<Relabeling>>>,
    /// What is done with each alert.
    #[serde(default, deserialize_with = "few")]
    pub alert_relabelings: Option<Vec<Strict<Relabeling>>>,
}

/// What is mounted into a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Where.
    pub mount_path: Option<String>,
}

/// Something that has a name.
#[derive(Debug, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: Option<String>,
}

/// A selector, by the name of its field.
pub(crate) type Selector<'a> = (&'static str, Option<&'a LabelSelector>);

impl Prometheus {
    /// All that the operator writes as a regex into its configuration, each with its field.
    pub fn regexes(&self) -> impl Iterator<Item = (String, &str)> {
        let classes = self.scrape_classes.iter().flatten().enumerate();
        let classes = classes.flat_map(|(index, class)| {
            let at = format!("spec.scrapeClasses[{index}]");
            let targets = rules(format!("{at}.relabelings"), class.relabelings.as_ref());
            targets.chain(rules(
                format!("{at}.metricRelabelings"),
                class.metric_relabelings.as_ref(),
            ))
        });
        let written = self.remote_write.iter().flatten().enumerate();
        let written = written.flat_map(|(index, remote)| {
            let field = format!("spec.remoteWrite[{index}].writeRelabelConfigs");
            rules(field, remote.write_relabel_configs.as_ref())
        });
        let managers = self
            .alerting
            .iter()
            .flat_map(|it| it.alertmanagers.iter().flatten());
        let managers = managers.enumerate().flat_map(|(index, manager)| {
            let at = format!("spec.alerting.alertmanagers[{index}]");
            let port = manager.port.as_ref().and_then(Value::as_str);
            let own = [("name", manager.name.as_deref()), ("port", port)];
            let own = own.map(|(field, text)| Some((format!("{at}.{field}"), text?)));
            let targets = rules(format!("{at}.relabelings"), manager.relabelings.as_ref());
            let alerts = rules(
                format!("{at}.alertRelabelings"),
                manager.alert_relabelings.as_ref(),
            );
            own.into_iter().flatten().chain(targets).chain(alerts)
        });
        let replica = self.replica_external_label_name.as_deref();
        let replica = replica.map(|name| ("spec.replicaExternalLabelName".to_owned(), name));
        classes.chain(written).chain(managers).chain(replica)
    }

    /// What the claims are called in front of the names of their pods, if the object says so.
    #[must_use]
    pub(crate) fn claim_name(&self) -> Option<&str> {
        let template = self.storage.as_ref()?.volume_claim_template.as_ref()?;
        template.metadata.as_ref()?.name.as_deref()
    }

    /// The selectors of what is scraped.
    #[must_use]
    pub(crate) fn scrape_selectors(&self) -> [Selector<'_>; 4] {
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
    pub(crate) fn namespace_selectors(&self) -> impl Iterator<Item = (Selector<'_>, Selector<'_>)> {
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

/// The regexes of a list of relabelings, each with its field.
fn rules(
    field: String,
    relabelings: Option<&Vec<Strict<Relabeling>>>,
) -> impl Iterator<Item = (String, &str)> {
    let relabelings = relabelings.into_iter().flatten().enumerate();
    relabelings.filter_map(move |(index, relabeling)| {
        Some((
            format!("{field}[{index}].regex"),
            relabeling.regex.as_deref()?,
        ))
    })
}

/// Reads the `spec`.
///
/// # Errors
///
/// The field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<Prometheus, Unreadable> {
    object.spec()
}
