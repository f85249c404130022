//! `policy-metadata.yml`: what the policy is registered for.

use std::path::Path;

use prometheus_env_isolation_policy::resource::{Kind, MONITORING_GROUP};
use serde_json::{Value, json};

use super::harness::yaml;

/// The kinds that are judged, each in the version that the operator serves.
const KINDS: &[(&str, &str, &str)] = &[
    (MONITORING_GROUP, "v1", "ServiceMonitor"),
    (MONITORING_GROUP, "v1", "PodMonitor"),
    (MONITORING_GROUP, "v1", "Probe"),
    (MONITORING_GROUP, "v1", "PrometheusRule"),
    (MONITORING_GROUP, "v1", "Prometheus"),
    (MONITORING_GROUP, "v1", "ThanosRuler"),
    (MONITORING_GROUP, "v1alpha1", "ScrapeConfig"),
    (MONITORING_GROUP, "v1alpha1", "PrometheusAgent"),
    ("", "v1", "PersistentVolumeClaim"),
];

fn metadata() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("policy-metadata.yml");
    yaml(&std::fs::read_to_string(path).expect("the metadata"))
}

#[test]
fn the_version_is_the_packages() {
    let annotations = &metadata()["annotations"];
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(annotations["io.kubewarden.policy.version"], version);
    assert_eq!(annotations["com.github.release.tag"], format!("v{version}"));
}

#[test]
fn every_kind_that_is_judged_is_sent_and_no_other() {
    let metadata = metadata();
    let mut resources = Vec::new();
    for rule in metadata["rules"].as_array().expect("rules") {
        assert_eq!(rule["operations"], json!(["CREATE", "UPDATE"]));
        let group = rule["apiGroups"][0].as_str().expect("a group");
        let version = rule["apiVersions"][0].as_str().expect("a version");
        for resource in rule["resources"].as_array().expect("resources") {
            resources.push((group, version, resource.as_str().expect("a resource")));
        }
    }
    let expected: Vec<_> = KINDS
        .iter()
        .map(|(group, version, kind)| {
            let kind = Kind::of(group, kind).expect("a kind that is judged");
            (*group, *version, kind.resource())
        })
        .collect();
    assert_eq!(resources, expected);
}

#[test]
fn every_kind_that_is_judged_is_told() {
    let metadata = metadata();
    let told = metadata["annotations"]["io.artifacthub.resources"]
        .as_str()
        .expect("the annotation");
    let mut told: Vec<&str> = told.split(", ").collect();
    told.sort_unstable();
    let mut expected: Vec<&str> = KINDS.iter().map(|(.., kind)| *kind).collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
}
