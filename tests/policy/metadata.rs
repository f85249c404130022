//! `policy-metadata.yml`: what the policy is registered for.

use std::path::Path;

use prometheus_env_isolation_policy::resource::{Kind, MONITORING_GROUP};
use prometheus_env_isolation_policy::rule::registry::RULES;
use prometheus_env_isolation_policy::settings::Settings;
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
    file("policy-metadata.yml")
}

fn file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    yaml(&std::fs::read_to_string(path).expect("a file"))
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
    let operators = Settings::default().api_groups;
    let expected: Vec<_> = KINDS
        .iter()
        .map(|(group, version, kind)| {
            let kind = Kind::of(group, kind, &operators).expect("a kind that is judged");
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

/// What `make artifacthub-pkg.yml` makes of the metadata, but for the day.
#[test]
fn artifact_hub_is_told_the_same() {
    let metadata = metadata();
    let text = |name: &str| {
        let text = metadata["annotations"][name].as_str();
        text.unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    let policy = |name: &str| text(&format!("io.kubewarden.policy.{name}"));
    let hub = |name: &str| text(&format!("io.artifacthub.{name}"));
    let tag = text("com.github.release.tag");
    let mut told = file("artifacthub-pkg.yml");
    let rules = told["annotations"]["kubewarden/rules"].as_str();
    assert_eq!(yaml(rules.expect("rules")), metadata["rules"]);
    let author = policy("author");
    let (name, email) = author.split_once(" <").expect("a name and an address");
    for (field, expected) in [
        ("version", json!(policy("version"))),
        ("name", json!(policy("title"))),
        ("displayName", json!(hub("displayName"))),
        ("description", json!(policy("description"))),
        ("license", json!(policy("license"))),
        ("homeURL", json!(policy("url"))),
        (
            "containersImages",
            json!([{"name": "policy", "image": format!("{}:{tag}", policy("ociUrl"))}]),
        ),
        (
            "keywords",
            hub("keywords").split(", ").collect::<Vec<_>>().into(),
        ),
        (
            "links",
            json!([
                {"name": "policy", "url": format!("{}/releases/download/{tag}/policy.wasm", policy("source"))},
                {"name": "source", "url": policy("source")},
            ]),
        ),
        (
            "maintainers",
            json!([{"name": name, "email": email.trim_end_matches('>')}]),
        ),
    ] {
        assert_eq!(told[field].take(), expected, "{field}");
    }
    let annotations = &told["annotations"];
    assert_eq!(annotations["kubewarden/resources"], hub("resources"));
    assert_eq!(annotations["kubewarden/mutation"], "false");
}

/// What is to be applied to a cluster is what was tested here.
#[test]
fn what_is_deployed_is_the_same() {
    let metadata = metadata();
    let annotation = |name: &str| {
        metadata["annotations"][name]
            .as_str()
            .expect("an annotation")
    };
    let module = format!(
        "registry://{}:{}",
        annotation("io.kubewarden.policy.ociUrl"),
        annotation("com.github.release.tag")
    );
    let policy = file("deploy/monitor/policy.yaml");
    for field in ["rules", "mutating", "backgroundAudit"] {
        assert_eq!(policy["spec"][field], metadata[field], "{field}");
    }
    assert_eq!(policy["spec"]["module"], module.as_str());
    assert_eq!(policy["spec"]["settings"], file("examples/settings.yaml"));
    for name in ["severity", "category"] {
        let name = format!("io.kubewarden.policy.{name}");
        assert_eq!(policy["metadata"]["annotations"][&name], annotation(&name));
    }
    for name in ["README.md", "deploy/next/kustomization.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = std::fs::read_to_string(path).expect("a file");
        assert!(text.contains(&module), "{name}");
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("a file");
    // Its table of the rules has each, with kinds that the rule is about.
    for rule in RULES {
        let row = readme
            .lines()
            .find_map(|line| line.strip_prefix(&format!("| `{}` | ", rule.name)));
        let kinds = row.and_then(|row| row.split(" | ").next()).expect("a row");
        let is_told =
            |kind: &Kind| kinds.contains("the same") || kinds.contains(&format!("{kind:?}"));
        assert!(rule.kinds.iter().all(is_told), "{}: {kinds}", rule.name);
    }
    let example = readme.split("```yaml\n").find_map(|block| {
        let block = block.split("```").next()?;
        block
            .contains("kind: ClusterAdmissionPolicy")
            .then(|| yaml(block))
    });
    assert_eq!(
        example.expect("an example")["spec"]["rules"],
        metadata["rules"]
    );
    let scanned: Vec<Value> = metadata["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter(|rule| rule["apiGroups"][0] == MONITORING_GROUP)
        .flat_map(|rule| rule["resources"].as_array().expect("resources").clone())
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitor/audit-scanner.yaml");
    let text = std::fs::read_to_string(path).expect("a file");
    let role = text.split("\n---\n").next().map(yaml).expect("a role");
    assert_eq!(role["rules"][0]["resources"], Value::from(scanned));
}
