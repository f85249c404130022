//! `PodMonitor` (prometheus-operator, `pkg/apis/monitoring/v1/podmonitor_types.go`).

use serde::Deserialize;

use super::endpoint::{Endpoint, Monitor, NamespaceSelector, Of};
use super::{LabelSelector, Object};
use crate::json::unreadable::Unreadable;
use crate::json::{Strict, few, few_texts};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, deserialize_with = "few")]
    pod_metrics_endpoints: Option<Vec<Strict<Endpoint>>>,
    selector: Option<Strict<LabelSelector>>,
    namespace_selector: Option<Strict<NamespaceSelector>>,
    #[serde(default, deserialize_with = "few_texts")]
    pod_target_labels: Option<Vec<String>>,
    job_label: Option<String>,
    selector_mechanism: Option<String>,
    scrape_class: Option<String>,
}

/// Reads the monitor, which is in this namespace.
///
/// # Errors
///
/// The field that cannot be read.
pub fn read(object: &Object<'_>, namespace: &str) -> Result<Monitor, Unreadable> {
    let spec: Spec = object.spec()?;
    let metadata = object.metadata.as_ref();
    let name = metadata.and_then(|metadata| metadata.name.as_deref());
    Ok(Monitor {
        endpoints: spec.pod_metrics_endpoints.unwrap_or_default(),
        selector: spec.selector.unwrap_or_default().0,
        namespace_selector: spec.namespace_selector.unwrap_or_default().0,
        of: Of::Pod,
        selector_mechanism: spec.selector_mechanism,
        target_labels: None,
        pod_target_labels: spec.pod_target_labels,
        job_label: spec.job_label,
        job: name.map(|name| format!("{namespace}/{name}")),
        scrape_class: spec.scrape_class,
    })
}
