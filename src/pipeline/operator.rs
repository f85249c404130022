//! The relabel configs that prometheus-operator puts before an object's own (`generateServiceMonitorConfig`,
//! `generatePodMonitorConfig`, `generateProbeConfig` and `generateScrapeConfig` in
//! `pkg/prometheus/promcfg.go`, v0.93), in its order.
//!
//! Left out are the one that sets label `namespace`, which the model begins with, and those that
//! depend on the Prometheus: the ports' names, label `node`, and sharding.

use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::Value;

use crate::relabel::config::{Action, RelabelConfig};
use crate::relabel::labels::META_KUBERNETES;
use crate::resource::LabelSelector;
use crate::resource::endpoint::{Endpoint, Monitor, Of};
use crate::resource::probe::Probe;
use crate::resource::scrape_config::ScrapeConfig;

/// The label that keeps the name of the job, whatever relabel configs make of it (`initRelabelings`). Targets that Kubernetes
/// discovers have none before.
const JOB_NAME: &str = "__tmp_prometheus_job_name";

/// The part of an object that the operator makes a scrape job of.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// An endpoint of a monitor.
    Endpoint(&'a Monitor, &'a Endpoint),
    /// A probe.
    Probe(&'a Probe),
    /// A scrape configuration.
    ScrapeConfig(&'a ScrapeConfig),
}

/// The relabel configs that the operator puts before the object's own. They are made when they are asked for: most
/// jobs are proved without them.
#[derive(Clone, Debug)]
pub struct OperatorConfigs<'a> {
    origin: Option<Origin<'a>>,
    made: OnceCell<Rc<[RelabelConfig]>>,
}

impl<'a> From<Origin<'a>> for OperatorConfigs<'a> {
    fn from(origin: Origin<'a>) -> Self {
        Self {
            origin: Some(origin),
            made: OnceCell::new(),
        }
    }
}

impl From<Vec<RelabelConfig>> for OperatorConfigs<'_> {
    fn from(configs: Vec<RelabelConfig>) -> Self {
        Self {
            origin: None,
            made: OnceCell::from(Rc::from(configs)),
        }
    }
}

impl OperatorConfigs<'_> {
    /// All of them, in their order.
    #[must_use]
    pub fn all(&self) -> &[RelabelConfig] {
        self.made.get_or_init(|| {
            let configs = match self.origin {
                Some(Origin::Endpoint(monitor, endpoint)) => of_endpoint(monitor, endpoint),
                Some(Origin::Probe(probe)) => of_probe(probe),
                Some(Origin::ScrapeConfig(config)) => of_scrape_config(config),
                None => Vec::new(),
            };
            configs.into()
        })
    }

    /// Whether one of them writes one of these labels; of an endpoint, of which only `targetLabels` and
    /// `podTargetLabels` can name one that matters, without making them.
    #[must_use]
    pub(crate) fn may_write(&self, names: &[&str]) -> bool {
        if let Some(Origin::Endpoint(monitor, _)) = self.origin {
            return copied(monitor).any(|label| names.contains(&label.as_str()));
        }
        let mut writing = self.all().iter().filter(|config| !config.is_filter());
        writing.any(|config| names.contains(&&*config.target_label))
    }
}

/// Those for an endpoint of the monitor.
fn of_endpoint(monitor: &Monitor, endpoint: &Endpoint) -> Vec<RelabelConfig> {
    let meta = |name: &str| format!("__meta_kubernetes_{name}");
    let label = |of: Of, name: &str| meta(&format!("{}_label_{}", of.name(), sanitized(name)));
    let mut configs = vec![RelabelConfig::copy("job".to_owned(), JOB_NAME)];
    if endpoint.filter_running != Some(false) {
        let ended = "(Failed|Succeeded)";
        configs.push(RelabelConfig::filter(
            Action::Drop,
            vec![meta("pod_phase")],
            ended,
        ));
    }
    if matches!(
        monitor.selector_mechanism.as_deref(),
        None | Some("RelabelConfig")
    ) {
        select(&monitor.selector, monitor.of.name(), &mut configs);
    }
    if monitor.of == Of::Service {
        configs.push(RelabelConfig::copy(meta("service_name"), "service"));
    }
    configs.push(RelabelConfig::copy(meta("pod_name"), "pod"));
    configs.push(RelabelConfig::copy(meta("pod_container_name"), "container"));
    for (of, names) in [
        (Of::Service, &monitor.target_labels),
        (Of::Pod, &monitor.pod_target_labels),
    ] {
        let copy = |name: &String| RelabelConfig::copy_present(label(of, name), sanitized(name));
        configs.extend(names.iter().flatten().map(copy));
    }
    match monitor.of {
        Of::Service => configs.push(RelabelConfig::copy(meta("service_name"), "job")),
        Of::Pod => {
            if let Some(job) = &monitor.job {
                configs.push(RelabelConfig::constant("job", job.clone()));
            }
        }
    }
    if let Some(name) = monitor.job_label.as_deref().filter(|name| !name.is_empty()) {
        let from = label(monitor.of, name);
        configs.push(RelabelConfig::copy_present(from, "job"));
    }
    let port = endpoint.port.as_deref().filter(|port| !port.is_empty());
    let port = port
        .map(str::to_owned)
        .or_else(|| match &endpoint.target_port {
            Some(Value::String(name)) if !name.is_empty() => Some(name.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        });
    configs.extend(port.map(|port| RelabelConfig::constant("endpoint", port)));
    configs
}

/// The labels that a selector fixes where the API server applies it (`selectorMechanism: RoleSelector`), so that no
/// relabel config says so.
fn chosen_by_role(monitor: &Monitor) -> Vec<String> {
    if monitor.selector_mechanism.as_deref() != Some("RoleSelector") {
        return Vec::new();
    }
    let LabelSelector {
        match_labels,
        match_expressions,
    } = &monitor.selector;
    let labels = match_labels.iter().flatten().map(|(key, _)| key);
    let expressions = match_expressions.iter().flatten();
    let keys = labels.chain(expressions.filter_map(|one| one.key.as_ref()));
    // The operator asks so of services and of what discovers their endpoints (`generateK8SSDConfig`).
    let of: &[&str] = match monitor.of {
        Of::Service => &["service", "endpoints", "endpointslice"],
        Of::Pod => &["pod"],
    };
    let keys: Vec<String> = keys.map(|key| sanitized(key)).collect();
    let labels = of.iter().flat_map(|of| {
        keys.iter()
            .map(move |key| format!("{META_KUBERNETES}{of}_label_{key}"))
    });
    labels.collect()
}

/// The labels that a monitor fixes where no relabel config of this list says so: by its ports, whose filters are left
/// out, and by a selector that the API server applies.
pub(super) fn chosen(monitor: &Monitor) -> Rc<[String]> {
    let ports = [
        "endpoint_port_name",
        "endpointslice_port_name",
        "pod_container_port_name",
        "pod_container_port_number",
    ];
    let ports = ports.map(|port| format!("{META_KUBERNETES}{port}"));
    ports.into_iter().chain(chosen_by_role(monitor)).collect()
}

/// The names of the labels that the monitor has copied from its services and pods.
fn copied(monitor: &Monitor) -> impl Iterator<Item = String> {
    let labels = [&monitor.target_labels, &monitor.pod_target_labels];
    labels
        .into_iter()
        .flatten()
        .flatten()
        .map(|name| sanitized(name))
}

/// Those for a probe.
fn of_probe(probe: &Probe) -> Vec<RelabelConfig> {
    let copy = |from: &str, to: &'static str| RelabelConfig::copy(from.to_owned(), to);
    let mut configs = vec![RelabelConfig::copy("job".to_owned(), JOB_NAME)];
    if let Some(job) = probe.job.as_ref().filter(|job| !job.is_empty()) {
        configs.push(RelabelConfig::constant("job", job.clone()));
    }
    if probe.static_config.is_some() {
        configs.push(copy("__address__", "__param_target"));
    } else if let Some(ingress) = &probe.ingress {
        if let Some(selector) = &ingress.selector {
            select(selector, "ingress", &mut configs);
        }
        let parts = ["ingress_scheme", "address", "ingress_path"];
        let sources = parts.map(|part| match part {
            "address" => "__address__".to_owned(),
            part => format!("__meta_kubernetes_{part}"),
        });
        configs.push(RelabelConfig {
            source_labels: sources.to_vec(),
            ..RelabelConfig::replace("(.+);(.+);(.+)", "__param_target", "${1}://${2}${3}")
        });
        configs.push(copy("__meta_kubernetes_ingress_name", "ingress"));
        configs.push(copy("__address__", "__tmp_ingress_address"));
    }
    configs.push(copy("__param_target", "instance"));
    let url = probe.url.clone().unwrap_or_default();
    configs.push(RelabelConfig::constant("__address__", url));
    configs
}

/// Those for a scrape configuration.
fn of_scrape_config(config: &ScrapeConfig) -> Vec<RelabelConfig> {
    let job = config.job_name.iter();
    let job = job.map(|job| RelabelConfig::constant("job", job.clone()));
    let first = RelabelConfig::copy("job".to_owned(), JOB_NAME);
    std::iter::once(first).chain(job).collect()
}

/// Those by which targets are selected.
fn select(selector: &LabelSelector, of: &str, configs: &mut Vec<RelabelConfig>) {
    let names = |key: &str| {
        let prefix = format!("__meta_kubernetes_{of}");
        let key = sanitized(key);
        let value = format!("{prefix}_label_{key}");
        (value, format!("{prefix}_labelpresent_{key}"))
    };
    let mut listed = |action, key: &str, values: &[String]| {
        let (value, present) = names(key);
        let regex = format!("({});true", values.join("|"));
        configs.push(RelabelConfig::filter(action, vec![value, present], regex));
    };
    for (key, value) in selector.match_labels.iter().flatten() {
        listed(Action::Keep, key, std::slice::from_ref(value));
    }
    for requirement in selector.match_expressions.iter().flatten() {
        let key = requirement.key.as_deref().unwrap_or_default();
        let values = requirement.values.as_deref().unwrap_or_default();
        match requirement.operator.as_deref() {
            Some("In") => listed(Action::Keep, key, values),
            Some("NotIn") => listed(Action::Drop, key, values),
            _ => {}
        }
    }
}

/// The label's name as Prometheus takes it (`sanitizeLabelName` in the operator's `promcfg.go`).
#[must_use]
pub fn sanitized(label: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    label
        .chars()
        .map(|c| if valid(c) { c } else { '_' })
        .collect()
}
