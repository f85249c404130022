//! The examples: what `make demo` shows.

use std::path::Path;

use env_isolation_check::answer::Answer;
use env_isolation_check::yaml::{self, Node};
use env_isolation_check::{input, manifest};
use prometheus_env_isolation_policy::settings::Settings;
use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, fixed, proven, yaml as value};

fn objects(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(folder);
    let mut objects = Vec::new();
    for file in input::find(&folder).expect("a folder").files {
        objects.extend(objects_of(&file));
    }
    assert!(!objects.is_empty());
    objects
}

pub(super) fn objects_of(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a file");
    let documents = yaml::documents(&text).into_iter();
    documents
        .map(|range| Node::read(&text[range], 0).expect("YAML"))
        .flat_map(|document| {
            let objects = manifest::objects(&document, &Settings::default().api_groups).into_iter();
            objects
                .map(|object| object.node.value())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn settings() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/settings.yaml");
    value(&std::fs::read_to_string(path).expect("a file"))
}

/// A rejected object, and for each violation its field and witness.
type Rejected = (String, Vec<(String, Option<String>)>);

fn rejected(folder: &str, settings: &Value) -> Vec<Rejected> {
    let name = |object: &Value| {
        format!(
            "{}/{}",
            object["metadata"]["namespace"]
                .as_str()
                .expect("a namespace"),
            object["metadata"]["name"].as_str().expect("a name")
        )
    };
    let found = |answer: &Answer| {
        let violations = answer.violations().expect("the annotation");
        violations
            .into_iter()
            .map(|one| (one.field, one.witness))
            .collect()
    };
    objects(folder)
        .iter()
        .map(|object| (name(object), create(object, settings)))
        .filter(|(_, answer)| !answer.accepted)
        .map(|(name, answer)| (name, found(&answer)))
        .collect()
}

#[test]
fn everything_fixed_is_accepted() {
    assert_eq!(rejected("fixed", &settings()), []);
}

#[test]
fn before_the_repair_the_known_causes_are_found() {
    let rejected = rejected("before", &settings());
    let fields = |name: &str| -> Vec<&str> {
        let (_, found) = rejected
            .iter()
            .find(|(one, _)| one == name)
            .expect("a rejection");
        found.iter().map(|(field, _)| field.as_str()).collect()
    };
    assert_eq!(
        fields("monitoring-prod/kube-state-metrics"),
        [
            "metadata.labels.release",
            "spec.endpoints[0].metricRelabelings"
        ]
    );
    assert_eq!(fields("monitoring-dev/kubelet").len(), 3);
    let claim = "monitoring-dev/prometheus-monitoring-dev-db-prometheus-monitoring-dev-0";
    assert_eq!(fields(claim), ["spec.storageClassName"]);
    let class = "spec.storage.volumeClaimTemplate.spec.storageClassName";
    assert_eq!(
        fields("monitoring-dev/monitoring-dev"),
        [class, "spec.podMonitorSelector"]
    );
    assert_eq!(
        fields("monitoring-prod/monitoring-prod"),
        [class, "spec.ruleSelector"]
    );
}

#[test]
fn after_the_repair_three_monitors_still_leak() {
    let leak = |name: &str, field: &str, witness: &str| {
        let found = (field.to_owned(), Some(witness.to_owned()));
        (name.to_owned(), vec![found])
    };
    assert_eq!(
        rejected("after", &settings()),
        [
            leak(
                "monitoring-dev/apiserver",
                "spec.endpoints[0].relabelings",
                "default"
            ),
            leak(
                "monitoring-dev/kubelet",
                "spec.endpoints[2].metricRelabelings",
                "prod"
            ),
            leak(
                "monitoring-dev/prometheus-operator",
                "spec.endpoints[0].metricRelabelings",
                "prod"
            ),
        ]
    );
}

#[test]
fn where_default_is_shared_two_monitors_leak() {
    let mut settings = proven();
    settings["sharedNamespaces"] = json!(["kube-system", "default"]);
    assert_eq!(rejected("after", &settings).len(), 2);
}

#[rstest]
fn every_fix_makes_its_object_pass_and_the_yaml_says_the_same(
    #[values("before", "after")] folder: &str,
    #[values(settings(), proven())] settings: Value,
) {
    for object in objects(folder) {
        let answer = create(&object, &settings);
        if answer.accepted {
            continue;
        }
        let Some(patched) = fixed(&object, &answer) else {
            // The API server's targets are all in a namespace that dev must not see.
            let message = answer.message.expect("a message");
            assert!(message.contains("would leave nothing"), "{message}");
            continue;
        };
        let again = create(&patched, &settings);
        assert!(again.accepted, "{:?}", again.message);
        let mut pasted = object.clone();
        let message = answer.message.expect("a message");
        let blocks = message.split("\n   Fix:\n").skip(1);
        let violations = answer.audit_annotations["violations"].as_str();
        let violations: Value = serde_json::from_str(violations).expect("JSON");
        for (block, violation) in blocks.zip(violations.as_array().expect("a list")) {
            let block = block.split("\n\n").next().expect("the YAML");
            let field = value(block);
            let (name, value) = field
                .as_object()
                .and_then(|it| it.iter().next())
                .expect("a field");
            let path = violation["fix"][0]["path"].as_str().expect("a path");
            assert!(path.ends_with(name.as_str()), "{path} {name}");
            let parent = path.rsplit_once('/').expect("a parent").0;
            pasted.pointer_mut(parent).expect("the parent")[name] = value.clone();
        }
        assert_eq!(pasted, patched);
    }
}

/// Manifests of one's own, by hand: `CHARTS_DIR=folder make test`.
#[test]
fn charts_of_ones_own_are_judged_without_an_error() {
    let Some(folder) = std::env::var_os("CHARTS_DIR") else {
        println!("skipped: CHARTS_DIR names no folder of manifests");
        return;
    };
    for file in input::find(Path::new(&folder)).expect("a folder").files {
        for object in objects_of(&file) {
            let namespace = object["metadata"]["namespace"].as_str();
            let request = manifest::request(&object, namespace.unwrap_or("monitoring-dev"));
            let answer = super::harness::evaluate(&request.expect("a judged kind"), &proven());
            assert!(answer.accepted || !answer.audit_annotations.is_empty());
        }
    }
}
