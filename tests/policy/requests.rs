//! What the API server sends: operations, subresources, updates, and objects that cannot be read.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{answer, create, evaluate, manifest_request, monitor, proven, update, yaml};
use env_isolation_check::answer::Answer;

fn leaking() -> Value {
    monitor("{any: true}", "{honorLabels: true}")
}

fn request() -> Value {
    manifest_request(&leaking())
}

#[rstest]
#[case::delete("/operation", json!("DELETE"))]
#[case::connect("/operation", json!("CONNECT"))]
#[case::subresource("/subResource", json!("status"))]
#[case::other_kind("/kind/kind", json!("Alertmanager"))]
#[case::other_group("/kind/group", json!("example.com"))]
fn some_requests_are_none_of_its_business(#[case] pointer: &str, #[case] value: Value) {
    let mut request = request();
    request["subResource"] = "".into();
    assert!(!evaluate(&request, &proven()).accepted);
    *request.pointer_mut(pointer).expect("a field") = value;
    assert_eq!(
        evaluate(&request, &proven()),
        Answer {
            accepted: true,
            ..Answer::default()
        }
    );
}

#[rstest]
#[case::any_version("/kind/version", json!("v2"))]
#[case::null_options("/options", Value::Null)]
#[case::null_groups("/userInfo/groups", Value::Null)]
#[case::null_user("/userInfo", Value::Null)]
fn what_may_be_null_or_new_does_not_matter(#[case] pointer: &str, #[case] value: Value) {
    let mut request = request();
    request["unknown"] = json!({"field": [1, 2]});
    *request.pointer_mut(pointer).expect("a field") = value;
    let answer = evaluate(&request, &proven());
    assert!(!answer.violations().expect("the annotation").is_empty());
}

#[rstest]
#[case::no_namespace("/namespace", json!(""), "the request has no namespace")]
#[case::null_namespace("/namespace", Value::Null, "the request has no namespace")]
#[case::unknown_operation("/operation", json!("PATCH"), "the request's operation is none")]
#[case::no_object("/object", Value::Null, "the request has no object")]
fn a_request_that_cannot_be_judged_is_rejected(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] message: &str,
) {
    let mut request = request();
    *request.pointer_mut(pointer).expect("a field") = value;
    let answer = evaluate(&request, &proven());
    assert!(!answer.accepted);
    assert!(answer.message.expect("a message").starts_with(message));
}

#[rstest]
#[case::nothing("", "the request cannot be read: the text is not valid JSON")]
#[case::no_json("not json", "the request cannot be read: the text is not valid JSON")]
#[case::no_utf8("\u{0}", "the request cannot be read: the text is not valid JSON")]
#[case::array(
    "[]",
    "the request cannot be read: the text: expected an object, found an array"
)]
#[case::number(
    "{\"request\": 5}",
    "the request cannot be read: request: expected an object, found a number"
)]
#[case::deep_kind(
    "{\"request\": {\"kind\": {\"kind\": []}}}",
    "the request cannot be read: request.kind.kind: expected a string, found an array"
)]
fn a_payload_that_is_none_is_rejected_in_a_sentence(#[case] payload: &str, #[case] message: &str) {
    let answer = answer(payload.as_bytes());
    assert!(!answer.accepted);
    assert_eq!(answer.message.as_deref(), Some(message));
}

#[test]
fn a_payload_that_is_no_text_is_rejected() {
    let answer = answer(b"\xff\xfe");
    assert_eq!(answer.message.as_deref(), Some("the request is not UTF-8"));
}

#[test]
fn settings_that_cannot_be_read_let_nothing_in() {
    let answer = create(&leaking(), &json!({"environments": "dev"}));
    let message = answer.message.expect("a message");
    assert_eq!(
        message,
        "settings.environments: expected an array, found a string"
    );
}

#[rstest]
#[case::array("[]", "the text: expected an object, found an array")]
#[case::labels(
    "{metadata: {labels: {release: 5}}}",
    "metadata.labels.release: expected a string, found a number"
)]
#[case::spec("{spec: [1]}", "spec: expected an object, found an array")]
#[case::endpoints(
    "{spec: {endpoints: x}}",
    "spec.endpoints: expected an array, found a string"
)]
#[case::endpoint(
    "{spec: {endpoints: [null]}}",
    "spec.endpoints[0]: expected an object, found null"
)]
#[case::honor_labels(
    "{spec: {endpoints: [{honorLabels: 'true'}]}}",
    "spec.endpoints[0].honorLabels: expected a boolean, found a string"
)]
#[case::regex(
    "{spec: {endpoints: [{metricRelabelings: [{}, {regex: 7}]}]}}",
    "spec.endpoints[0].metricRelabelings[1].regex: expected a string, found a number"
)]
#[case::source_labels(
    "{spec: {endpoints: [{relabelings: [{sourceLabels: namespace}]}]}}",
    "spec.endpoints[0].relabelings[0].sourceLabels: expected an array, found a string"
)]
#[case::match_names(
    "{spec: {namespaceSelector: {matchNames: [{}]}}}",
    "spec.namespaceSelector.matchNames[0]: expected a string, found an object"
)]
fn a_service_monitor_that_cannot_be_read_is_rejected(#[case] object: &str, #[case] message: &str) {
    rejects_unread("ServiceMonitor", object, message);
}

#[rstest]
#[case::endpoints(
    "PodMonitor",
    "{spec: {podMetricsEndpoints: {}}}",
    "spec.podMetricsEndpoints: expected an array, found an object"
)]
#[case::labels(
    "PrometheusRule",
    "{metadata: {labels: [a]}}",
    "metadata.labels: expected an object, found an array"
)]
#[case::class(
    "PersistentVolumeClaim",
    "{spec: {storageClassName: 1}}",
    "spec.storageClassName: expected a string, found a number"
)]
#[case::text(
    "PersistentVolumeClaim",
    "x",
    "the text: expected an object, found a string"
)]
fn other_kinds_that_cannot_be_read_are_rejected(
    #[case] kind: &str,
    #[case] object: &str,
    #[case] message: &str,
) {
    rejects_unread(kind, object, message);
}

fn rejects_unread(kind: &str, object: &str, message: &str) {
    let mut request = request();
    request["kind"]["kind"] = kind.into();
    if kind == "PersistentVolumeClaim" {
        request["kind"]["group"] = "".into();
    }
    request["object"] = yaml(object);
    let answer = evaluate(&request, &Value::Null);
    assert!(!answer.accepted);
    assert_eq!(answer.message.as_deref(), Some(message));
}

#[test]
fn finalizers_can_be_taken_off_an_old_violating_object() {
    let mut old = leaking();
    old["metadata"]["finalizers"] = json!(["example.com/x"]);
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let mut new = old.clone();
    new["metadata"]["finalizers"] = json!([]);
    new["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    new["status"] = json!({"bindings": []});
    assert!(evaluate(&update(&old, &new), &proven()).accepted);
}

#[test]
fn a_deletion_timestamp_excuses_no_change() {
    let mut old = monitor("{}", "{}");
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    let mut new = leaking();
    new["metadata"]["deletionTimestamp"] = old["metadata"]["deletionTimestamp"].clone();
    assert!(!evaluate(&update(&old, &new), &proven()).accepted);
    let mut relabelled = old.clone();
    relabelled["metadata"]["labels"]["release"] = "monitoring-prod".into();
    assert!(!evaluate(&update(&old, &relabelled), &proven()).accepted);
}

#[test]
fn an_update_without_the_old_object_is_judged() {
    let mut request = request();
    request["operation"] = "UPDATE".into();
    assert!(!evaluate(&request, &proven()).accepted);
}

#[test]
fn an_update_that_only_reorders_changes_nothing() {
    let (old, new) = (
        r#"{"spec":{"endpoints":[{"honorLabels":true}],"namespaceSelector":{"any":true}}}"#,
        r#"{"spec":{"namespaceSelector":{"any": true},"endpoints":[{"honorLabels":true}]}}"#,
    );
    let payload = format!(
        r#"{{"settings":null,"request":{{"kind":{{"group":"monitoring.coreos.com","kind":"ServiceMonitor"}},"namespace":"shop-dev","operation":"UPDATE","object":{new},"oldObject":{old}}}}}"#
    );
    let answer = answer(payload.as_bytes());
    assert!(answer.accepted, "{:?}", answer.message);
}

#[test]
fn an_object_of_a_megabyte_is_judged() {
    let mut object = leaking();
    object["kind"] = "PrometheusRule".into();
    object["spec"] = json!({"groups": vec![json!({"name": "x".repeat(1000)}); 1000]});
    assert!(create(&object, &Value::Null).accepted);
    object["metadata"]["labels"]["release"] = "monitoring-prod".into();
    assert!(!create(&object, &Value::Null).accepted);
}
