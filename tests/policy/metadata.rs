//! `policy-metadata.yml`: what the policy is registered for.

use std::path::Path;

use serde_json::{Value, json};

use super::harness::yaml;

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
        for resource in rule["resources"].as_array().expect("resources") {
            resources.push((group, resource.as_str().expect("a resource")));
        }
    }
    let monitoring = "monitoring.coreos.com";
    assert_eq!(
        resources,
        [
            (monitoring, "servicemonitors"),
            (monitoring, "podmonitors"),
            (monitoring, "prometheusrules"),
            ("", "persistentvolumeclaims"),
        ]
    );
}
