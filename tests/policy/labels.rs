//! Rule `release-label`: the table of namespaces and labels.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, fixed, only, proven};

fn object(kind: &str, namespace: &str, release: Option<&str>) -> Value {
    let mut object = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": kind,
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {},
    });
    if let Some(release) = release {
        object["metadata"]["labels"] = json!({"release": release});
    }
    object
}

#[rstest]
#[case::environment_right("shop-dev", Some("monitoring-dev"), true)]
#[case::environment_other("shop-dev", Some("monitoring-prod"), false)]
#[case::environment_unknown("shop-dev", Some("monitoring"), false)]
#[case::environment_missing("shop-dev", None, false)]
#[case::environment_empty("shop-dev", Some(""), false)]
#[case::environment_by_its_name("prod", Some("monitoring-prod"), true)]
#[case::shared_missing("kube-system", None, true)]
#[case::shared_known("kube-system", Some("monitoring-dev"), true)]
#[case::shared_unknown("kube-system", Some("x"), true)]
#[case::neither_missing("default", None, true)]
#[case::neither_unknown("default", Some("x"), true)]
#[case::neither_known("default", Some("monitoring-prod"), false)]
#[case::almost_an_environment("shop-dev-1", Some("monitoring-dev"), false)]
fn the_label_fits_the_namespace(
    #[values("ServiceMonitor", "PodMonitor", "PrometheusRule")] kind: &str,
    #[case] namespace: &str,
    #[case] release: Option<&str>,
    #[case] accepted: bool,
) {
    let object = object(kind, namespace, release);
    let answer = create(&object, &proven());
    assert_eq!(answer.accepted, accepted, "{:?}", answer.message);
    if accepted {
        return;
    }
    let violation = only(&answer);
    assert_eq!(violation.rule, "release-label");
    assert_eq!(violation.field, "metadata.labels.release");
    match fixed(&object, &answer) {
        Some(fixed) => assert!(create(&fixed, &proven()).accepted),
        // Which of the three ways out is meant, only a person can decide.
        None => assert!(namespace.starts_with("default") || namespace.ends_with("-1")),
    }
}

#[test]
fn the_message_names_the_prometheus_that_would_pick_it_up() {
    let object = object("PrometheusRule", "shop-prod", Some("monitoring-dev"));
    let message = create(&object, &proven()).message.expect("a message");
    assert_eq!(
        message,
        "PrometheusRule shop-prod/shop: 1 violation of environment isolation\n\n\
         1. metadata.labels.release: namespace \"shop-prod\" belongs to environment \"prod\", so \
         the label must be \"monitoring-prod\", but it is \"monitoring-dev\": the Prometheus of \
         environment \"dev\" would pick it up.\n   Fix:\n     release: monitoring-prod"
    );
}

#[test]
fn the_label_and_its_values_are_settings() {
    let settings = json!({
        "releaseLabel": "example.com/stack",
        "environments": [{"name": "a", "namespaces": ["team-*"], "release": "stack-a"}],
    });
    let mut object = object("PrometheusRule", "team-x", Some("monitoring-dev"));
    let answer = create(&object, &settings);
    assert_eq!(
        only(&answer).field,
        "metadata.labels[\"example.com/stack\"]"
    );
    object = fixed(&object, &answer).expect("a fix");
    assert_eq!(object["metadata"]["labels"]["example.com/stack"], "stack-a");
    assert!(create(&object, &settings).accepted);
}
