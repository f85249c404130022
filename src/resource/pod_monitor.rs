//! `PodMonitor` (prometheus-operator, `pkg/apis/monitoring/v1/podmonitor_types.go`).

use serde::Deserialize;

use super::endpoint::{Endpoint, Monitor, NamespaceSelector, copies};
use super::{LabelSelector, Object};
use crate::json::Strict;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    pod_metrics_endpoints: Option<Vec<Strict<Endpoint>>>,
    selector: Option<Strict<LabelSelector>>,
    namespace_selector: Option<Strict<NamespaceSelector>>,
    pod_target_labels: Option<Vec<String>>,
    scrape_class: Option<String>,
}

/// Reads the monitor.
///
/// # Errors
///
/// A sentence that names the field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<Monitor, String> {
    let spec: Spec = object.spec()?;
    Ok(Monitor {
        endpoints_field: "podMetricsEndpoints",
        endpoints: spec.pod_metrics_endpoints.unwrap_or_default(),
        selector: spec.selector.unwrap_or_default().0,
        namespace_selector: spec.namespace_selector.unwrap_or_default().0,
        copies: copies("pod", spec.pod_target_labels.as_ref()).collect(),
        scrape_class: spec.scrape_class,
    })
}
