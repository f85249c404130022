//! The part of each kind that a rule reads. Fields that are not here are never looked at.

use std::collections::BTreeMap;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::unreadable::Unreadable;
use crate::json::{self, Strict, few, few_members, few_texts};

pub mod endpoint;
pub mod persistent_volume_claim;
pub mod pod_monitor;
pub mod probe;
pub mod prometheus;
pub mod scrape_config;
pub mod scraped;
pub mod service_monitor;

/// The API group of prometheus-operator's kinds. Others have the same kinds in groups of their own.
pub const MONITORING_GROUP: &str = "monitoring.coreos.com";

/// A kind that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// prometheus-operator's `ServiceMonitor`.
    ServiceMonitor,
    /// prometheus-operator's `PodMonitor`.
    PodMonitor,
    /// prometheus-operator's `Probe`.
    Probe,
    /// prometheus-operator's `ScrapeConfig`.
    ScrapeConfig,
    /// prometheus-operator's `PrometheusRule`.
    PrometheusRule,
    /// prometheus-operator's `Prometheus`.
    Prometheus,
    /// prometheus-operator's `PrometheusAgent`.
    PrometheusAgent,
    /// prometheus-operator's `ThanosRuler`.
    ThanosRuler,
    /// `PersistentVolumeClaim` of the core group.
    PersistentVolumeClaim,
}

impl Kind {
    /// The kind of these names, in any version. `operators` are the groups that have the operator's kinds.
    #[must_use]
    pub fn of(group: &str, kind: &str, operators: &[String]) -> Option<Self> {
        let kind = Self::named(kind)?;
        let is_its = match kind {
            Self::PersistentVolumeClaim => group == PersistentVolumeClaim::GROUP,
            _ => operators.iter().any(|operator| operator == group),
        };
        is_its.then_some(kind)
    }

    /// The kind of this name, in whatever group.
    #[must_use]
    pub fn named(kind: &str) -> Option<Self> {
        match kind {
            "ServiceMonitor" => Some(Self::ServiceMonitor),
            "PodMonitor" => Some(Self::PodMonitor),
            "Probe" => Some(Self::Probe),
            "ScrapeConfig" => Some(Self::ScrapeConfig),
            "PrometheusRule" => Some(Self::PrometheusRule),
            "Prometheus" => Some(Self::Prometheus),
            "PrometheusAgent" => Some(Self::PrometheusAgent),
            "ThanosRuler" => Some(Self::ThanosRuler),
            PersistentVolumeClaim::KIND => Some(Self::PersistentVolumeClaim),
            _ => None,
        }
    }

    /// The name of the resource, as the API server has it in its paths.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::ServiceMonitor => "servicemonitors",
            Self::PodMonitor => "podmonitors",
            Self::Probe => "probes",
            Self::ScrapeConfig => "scrapeconfigs",
            Self::PrometheusRule => "prometheusrules",
            Self::Prometheus => "prometheuses",
            Self::PrometheusAgent => "prometheusagents",
            Self::ThanosRuler => "thanosrulers",
            Self::PersistentVolumeClaim => "persistentvolumeclaims",
        }
    }
}

/// What all objects have.
#[derive(Debug, Deserialize)]
pub struct Object<'a> {
    /// Its metadata.
    pub metadata: Option<Strict<Metadata>>,
    /// What is asked for, as text.
    #[serde(borrow)]
    pub spec: Option<&'a RawValue>,
}

/// The metadata of an object.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata {
    /// Its name; absent where the server is to make one up.
    pub name: Option<String>,
    /// Its labels.
    #[serde(default, deserialize_with = "few_members")]
    pub labels: Option<Labels>,
    /// The object's annotations.
    pub annotations: Option<Strict<Annotations>>,
}

/// The annotation in which a claim may ask for its storage class.
pub(crate) const STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// The annotations that are read.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Annotations {
    /// [`STORAGE_CLASS`], which wins over the one of the `spec` (`GetPersistentVolumeClaimClass` in
    /// Kubernetes' `component-helpers/storage/volume`).
    #[serde(rename = "volume.beta.kubernetes.io/storage-class")]
    pub storage_class: Option<String>,
}

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

impl<'a> Object<'a> {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        json::object(text, None)
    }

    /// The labels, none if there are none.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let labels = self.metadata.as_ref()?.labels.as_ref()?;
        labels.get(key).map(String::as_str)
    }

    /// Whether the other object has the same `spec` and the same labels, in whatever order.
    #[must_use]
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let labels = |object: &Self| {
            object
                .metadata
                .as_ref()
                .and_then(|metadata| metadata.labels.clone())
                .unwrap_or_default()
        };
        let value = |text: Option<&RawValue>| {
            text.and_then(|text| serde_json::from_str::<serde_json::Value>(text.get()).ok())
        };
        let same_text = || self.spec.map(RawValue::get) == other.spec.map(RawValue::get);
        let same_value = || value(self.spec).is_some_and(|one| Some(one) == value(other.spec));
        labels(self) == labels(other) && (same_text() || same_value())
    }

    /// Reads the `spec`; one that is absent or null as if it were empty.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub fn spec<T: Deserialize<'a>>(&self) -> Result<T, Unreadable> {
        json::object(self.spec.map_or("{}", RawValue::get), Some("spec"))
    }
}

/// A label selector (`LabelSelector` in Kubernetes' `meta/v1`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that are selected exactly.
    #[serde(default, deserialize_with = "few_members")]
    pub match_labels: Option<Labels>,
    /// Further requirements.
    #[serde(default, deserialize_with = "few")]
    pub match_expressions: Option<Vec<Strict<Requirement>>>,
}

/// A requirement of a label selector.
#[derive(Debug, Deserialize)]
pub struct Requirement {
    /// The label.
    pub key: Option<String>,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Option<String>,
    /// The values of the first two.
    #[serde(default, deserialize_with = "few_texts")]
    pub values: Option<Vec<String>>,
}

impl LabelSelector {
    /// Whether it requires nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.as_ref().is_none_or(Labels::is_empty)
            && self.match_expressions.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether the label may have the value; none where the selector does not name the label.
    #[must_use]
    pub(crate) fn admits(&self, key: &str, value: &str) -> Option<bool> {
        let exact = self
            .match_labels
            .iter()
            .filter_map(|labels| labels.get(key))
            .map(|selected| selected == value);
        let expressions = self.match_expressions.iter().flatten();
        let required = expressions
            .filter(|requirement| requirement.key.as_deref() == Some(key))
            .map(|requirement| {
                let listed = requirement.values.iter().flatten().any(|one| one == value);
                match requirement.operator.as_deref() {
                    Some("In") => listed,
                    Some("NotIn") => !listed,
                    Some("DoesNotExist") => false,
                    _ => true,
                }
            });
        exact.chain(required).reduce(|all, one| all && one)
    }
}
