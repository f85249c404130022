//! `ServiceMonitor` (prometheus-operator, `pkg/apis/monitoring/v1/servicemonitor_types.go`).

use serde::Deserialize;

use super::endpoint::{Endpoint, Monitor, NamespaceSelector, Of};
use super::{LabelSelector, Object};
use crate::json::unreadable::Unreadable;
use crate::json::{Strict, few, few_texts};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default, deserialize_with = "few")]
    endpoints: Option<Vec<Strict<Endpoint>>>,
    selector: Option<Strict<LabelSelector>>,
    namespace_selector: Option<Strict<NamespaceSelector>>,
    #[serde(default, deserialize_with = "few_texts")]
    target_labels: Option<Vec<String>>,
    #[serde(default, deserialize_with = "few_texts")]
    pod_target_labels: Option<Vec<String>>,
    job_label: Option<String>,
    selector_mechanism: Option<String>,
    scrape_class: Option<String>,
}

/// Reads the monitor.
///
/// # Errors
///
/// The field that cannot be read.
pub fn read(object: &Object<'_>) -> Result<Monitor, Unreadable> {
    let spec: Spec = object.spec()?;
    Ok(Monitor {
        endpoints: spec.endpoints.unwrap_or_default(),
        selector: spec.selector.unwrap_or_default().0,
        namespace_selector: spec.namespace_selector.unwrap_or_default().0,
        of: Of::Service,
        selector_mechanism: spec.selector_mechanism,
        target_labels: spec.target_labels,
        pod_target_labels: spec.pod_target_labels,
        job_label: spec.job_label,
        job: None,
        scrape_class: spec.scrape_class,
    })
}
