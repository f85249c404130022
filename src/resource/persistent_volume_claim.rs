//! `PersistentVolumeClaim`, and which of them are a Prometheus' own.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Object;

/// The part of a claim that is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// The storage class.
    pub storage_class_name: Option<String>,
    /// The volume that it is to be bound to.
    pub volume_name: Option<String>,
    /// What its volume is to be filled from.
    pub data_source: Option<Box<RawValue>>,
    /// The same, in the form that replaces it.
    pub data_source_ref: Option<Box<RawValue>>,
}

/// Why a claim is a Prometheus' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// By a label.
    Label(&'static str),
    /// By its name.
    Name,
}

/// Why the claim is a Prometheus' own, if it is one. `name` is its name, where it has one already.
#[must_use]
pub(crate) fn ownership(object: &Object<'_>, name: &str) -> Option<Ownership> {
    const NAME: &str = "app.kubernetes.io/name";
    const OPERATOR_NAME: &str = "operator.prometheus.io/name";
    if object.label(NAME) == Some("prometheus") {
        return Some(Ownership::Label(NAME));
    }
    if object.label(OPERATOR_NAME).is_some() {
        return Some(Ownership::Label(OPERATOR_NAME));
    }
    is_operators_name(name).then_some(Ownership::Name)
}

/// Whether the name is one that the operator gives to the volume of a Prometheus or an agent
/// (`VolumeName` and `prefixedName` in prometheus-operator's `pkg/prometheus`; Kubernetes makes
/// `<volume>-<pod>` of a claim template, and `<pod>-<volume>` of an ephemeral volume).
///
/// The pod is `prometheus-<name>-<n>`, or with shards `prometheus-<name>-shard-<s>-<n>`.
fn is_operators_name(claim: &str) -> bool {
    ["prometheus-", "prom-agent-"].iter().any(|prefix| {
        let Some(rest) = claim.strip_prefix(prefix) else {
            return false;
        };
        let infix = format!("-db-{prefix}");
        let template = rest.match_indices(&infix).any(|(place, _)| {
            let (name, pod) = (&rest[..place], &rest[place + infix.len()..]);
            is_pod_of(pod, name)
        });
        // The volume's name ends the claim's; the pod before it is as long as what is left.
        let ephemeral = || {
            let volume = rest.strip_suffix("-db")?;
            let infix = format!("-{prefix}");
            volume.match_indices(&infix).find(|(place, _)| {
                let (pod, name) = (&volume[..*place], &volume[place + infix.len()..]);
                is_pod_of(pod, name)
            })
        };
        template || ephemeral().is_some()
    })
}

/// Whether `pod` is `<name>-<n>` or `<name>-shard-<s>-<n>`.
fn is_pod_of(pod: &str, name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let ordinal = |rest: &str| {
        let rest = rest.strip_prefix('-');
        rest.is_some_and(|rest| match rest.strip_prefix("shard-") {
            Some(shard) => shard
                .split_once('-')
                .is_some_and(|(shard, replica)| number(shard) && number(replica)),
            None => number(rest),
        })
    };
    !name.is_empty() && pod.strip_prefix(name).is_some_and(ordinal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::template("prometheus-k8s-db-prometheus-k8s-0", true)]
    #[case::chart(
        "prometheus-monitoring-dev-kube-promet-prometheus-db-prometheus-monitoring-dev-kube-promet-prometheus-0",
        true
    )]
    #[case::sharded("prometheus-k8s-db-prometheus-k8s-shard-1-0", true)]
    #[case::sharded_as_the_volume_is_named(
        "prometheus-k8s-shard-1-db-prometheus-k8s-shard-1-0",
        true
    )]
    #[case::ephemeral("prometheus-k8s-0-prometheus-k8s-db", true)]
    #[case::ephemeral_sharded("prometheus-k8s-shard-2-1-prometheus-k8s-db", true)]
    #[case::agent("prom-agent-k8s-db-prom-agent-k8s-0", true)]
    #[case::agent_ephemeral("prom-agent-k8s-0-prom-agent-k8s-db", true)]
    #[case::name_with_the_infix(
        "prometheus-a-db-prometheus-b-db-prometheus-a-db-prometheus-b-0",
        true
    )]
    #[case::other_name("prometheus-a-db-prometheus-b-0", false)]
    #[case::no_ordinal("prometheus-k8s-db-prometheus-k8s", false)]
    #[case::backup("prometheus-k8s-db-prometheus-k8s-0-backup", false)]
    #[case::alertmanager("alertmanager-k8s-db-alertmanager-k8s-0", false)]
    #[case::grafana("grafana", false)]
    #[case::nothing("", false)]
    fn knows_the_operators_names(#[case] claim: &str, #[case] found: bool) {
        assert_eq!(is_operators_name(claim), found);
    }
}
