//! The rules that prometheus-operator puts before an object's own (`generateServiceMonitorConfig`,
//! `generatePodMonitorConfig`, `generateProbeConfig` and `generateScrapeConfig` in
//! `pkg/prometheus/promcfg.go`, v0.93), in its order.
//!
//! Left out are the one that sets label `namespace`, which the model begins with, and those that
//! depend on the Prometheus: the ports' names, label `node`, and sharding.

use serde_json::Value;

use super::LabelSelector;
use super::endpoint::{Endpoint, Monitor, Of};
use super::probe::Probe;
use super::scrape_config::ScrapeConfig;
use crate::relabel::rule::{Action, Rule};

/// The label that keeps the name of the job, whatever rules make of it (`initRelabelings`). Targets that Kubernetes
/// discovers have none before.
const JOB_NAME: &str = "__tmp_prometheus_job_name";

/// The rules for an endpoint of the monitor.
#[must_use]
pub fn of_monitor(monitor: &Monitor, endpoint: &Endpoint) -> Vec<Rule> {
    let meta = |name: &str| format!("__meta_kubernetes_{name}");
    let label = |of: Of, name: &str| meta(&format!("{}_label_{}", of.name(), sanitized(name)));
    let mut rules = Vec::new();
    if endpoint.filter_running != Some(false) {
        let ended = "(Failed|Succeeded)";
        rules.push(Rule::filter(Action::Drop, vec![meta("pod_phase")], ended));
    }
    if matches!(
        monitor.selector_mechanism.as_deref(),
        None | Some("RelabelConfig")
    ) {
        select(&monitor.selector, monitor.of.name(), &mut rules);
    }
    if monitor.of == Of::Service {
        rules.push(Rule::copy(meta("service_name"), "service"));
    }
    rules.push(Rule::copy(meta("pod_name"), "pod"));
    rules.push(Rule::copy(meta("pod_container_name"), "container"));
    for (of, names) in [
        (Of::Service, &monitor.target_labels),
        (Of::Pod, &monitor.pod_target_labels),
    ] {
        let copy = |name: &String| Rule::copy_present(label(of, name), sanitized(name));
        rules.extend(names.iter().flatten().map(copy));
    }
    match monitor.of {
        Of::Service => rules.push(Rule::copy(meta("service_name"), "job")),
        Of::Pod => {
            if let Some(job) = &monitor.job {
                rules.push(Rule::constant("job", job.clone()));
            }
        }
    }
    if let Some(name) = monitor.job_label.as_deref().filter(|name| !name.is_empty()) {
        let from = label(monitor.of, name);
        rules.push(Rule::copy_present(from, "job"));
    }
    let port = endpoint.port.as_deref().filter(|port| !port.is_empty());
    let port = port
        .map(str::to_owned)
        .or_else(|| match &endpoint.target_port {
            Some(Value::String(name)) if !name.is_empty() => Some(name.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        });
    rules.extend(port.map(|port| Rule::constant("endpoint", port)));
    rules
}

/// The names of the labels that the monitor has copied from its services and pods; of the others that
/// the rules write, none can be a namespace.
pub fn copied(monitor: &Monitor) -> impl Iterator<Item = String> {
    let labels = [&monitor.target_labels, &monitor.pod_target_labels];
    labels
        .into_iter()
        .flatten()
        .flatten()
        .map(|name| sanitized(name))
}

/// The rules for a probe.
#[must_use]
pub fn of_probe(probe: &Probe) -> Vec<Rule> {
    let copy = |from: &str, to: &'static str| Rule::copy(from.to_owned(), to);
    let mut rules = vec![Rule::copy("job".to_owned(), JOB_NAME)];
    if let Some(job) = probe.job.as_ref().filter(|job| !job.is_empty()) {
        rules.push(Rule::constant("job", job.clone()));
    }
    if probe.static_config.is_some() {
        rules.push(copy("__address__", "__param_target"));
    } else if let Some(ingress) = &probe.ingress {
        if let Some(selector) = &ingress.selector {
            select(selector, "ingress", &mut rules);
        }
        let parts = ["ingress_scheme", "address", "ingress_path"];
        let sources = parts.map(|part| match part {
            "address" => "__address__".to_owned(),
            part => format!("__meta_kubernetes_{part}"),
        });
        rules.push(Rule {
            source_labels: sources.to_vec(),
            ..Rule::replace("(.+);(.+);(.+)", "__param_target", "${1}://${2}${3}")
        });
        rules.push(copy("__meta_kubernetes_ingress_name", "ingress"));
        rules.push(copy("__address__", "__tmp_ingress_address"));
    }
    rules.push(copy("__param_target", "instance"));
    let url = probe.url.clone().unwrap_or_default();
    rules.push(Rule::constant("__address__", url));
    rules
}

/// The rules for a scrape configuration.
#[must_use]
pub fn of_scrape_config(config: &ScrapeConfig) -> Vec<Rule> {
    let job = config.job_name.iter();
    let job = job.map(|job| Rule::constant("job", job.clone()));
    let first = Rule::copy("job".to_owned(), JOB_NAME);
    std::iter::once(first).chain(job).collect()
}

/// The rules by which targets are selected.
fn select(selector: &LabelSelector, of: &str, rules: &mut Vec<Rule>) {
    let names = |key: &str| {
        let prefix = format!("__meta_kubernetes_{of}");
        let key = sanitized(key);
        let value = format!("{prefix}_label_{key}");
        (value, format!("{prefix}_labelpresent_{key}"))
    };
    let mut listed = |action, key: &str, values: &[String]| {
        let (value, present) = names(key);
        let regex = format!("({});true", values.join("|"));
        rules.push(Rule::filter(action, vec![value, present], regex));
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
