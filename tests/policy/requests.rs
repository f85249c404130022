//! What the API server sends: operations, subresources, updates, and objects that cannot be read.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{
    answer, create, evaluate, manifest_request, monitor, only, proven, update, yaml,
};
use env_isolation_check::answer::{Answer, Violation};

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
#[case::named("monitoring.rhobs", false)]
#[case::other("azmonitoring.microsoft.com", true)]
#[case::operators("monitoring.coreos.com", true)]
#[case::core("", true)]
fn the_groups_of_the_settings_have_the_operators_kinds(
    #[case] group: &str,
    #[case] accepted: bool,
) {
    let settings = json!({"namespaceFilter": "proven", "apiGroups": ["monitoring.rhobs"]});
    let mut request = request();
    request["kind"]["group"] = group.into();
    assert_eq!(evaluate(&request, &settings).accepted, accepted);
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
    let violations = answer.violations().expect("the annotation");
    let told = match violations.first() {
        Some(first) => {
            assert_eq!(first.rule, "refused");
            format!("{}: {}", first.field, first.message)
        }
        None => answer.message.expect("a message"),
    };
    assert!(told.starts_with(message), "{told}");
}

/// The fields of the violations of an object, without what it is that cannot be read.
fn fields(object: &str, kind: &str) -> Vec<String> {
    let mut object = yaml(object);
    object["apiVersion"] = "monitoring.coreos.com/v1".into();
    object["kind"] = kind.into();
    let answer = create(&object, &proven());
    assert!(!answer.accepted);
    let violations = answer.violations().expect("the annotation");
    let said = |violation: Violation| match violation.rule.as_str() {
        "refused" => format!("unreadable {}", violation.field),
        _ => violation.field,
    };
    violations.into_iter().map(said).collect()
}

#[rstest]
#[case::of_another_endpoint(
    "{endpoints: [{honorLabels: 'true'}, {honorLabels: true}, {honorLabels: true, path: 5}]}",
    &["unreadable spec.endpoints[0].honorLabels", "unreadable spec.endpoints[2].path",
      "metadata.labels.release", "spec.endpoints[1].metricRelabelings"]
)]
#[case::of_no_endpoint(
    "{endpoints: [null, {honorLabels: true}]}",
    &["unreadable spec.endpoints[0]", "metadata.labels.release", "spec.endpoints[1].metricRelabelings"]
)]
#[case::of_what_all_endpoints_have(
    "{namespaceSelector: {any: 'true'}, endpoints: [{honorLabels: true}]}",
    &["unreadable spec.namespaceSelector.any", "metadata.labels.release"]
)]
#[case::of_all("[]", &["unreadable spec", "metadata.labels.release"])]
fn a_field_that_cannot_be_read_hides_no_other_endpoint(
    #[case] spec: &str,
    #[case] expected: &[&str],
) {
    let metadata = "{name: a, namespace: shop-dev, labels: {release: monitoring-prod}}";
    let object = format!("{{metadata: {metadata}, spec: {spec}}}");
    assert_eq!(fields(&object, "ServiceMonitor"), expected);
}

#[rstest]
#[case::selector(
    "{serviceMonitorSelector: {matchLabels: {release: 5}}}",
    &["unreadable spec.serviceMonitorSelector.matchLabels.release"]
)]
#[case::another_selector(
    "{serviceMonitorSelector: {matchLabels: {release: 5}}, podMonitorSelector: {}}",
    &["unreadable spec.serviceMonitorSelector.matchLabels.release", "spec.podMonitorSelector"]
)]
#[case::list_of_which_a_fix_would_lose_it(
    "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, podTargetLabels: [namespace, 5]}",
    &["unreadable spec.podTargetLabels[1]"]
)]
#[case::another_class(
    "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}},
      scrapeClasses: [{relabelings: 5}, {relabelings: [{targetLabel: namespace}]}]}",
    &["unreadable spec.scrapeClasses[0].relabelings", "spec.scrapeClasses[1].relabelings[0]"]
)]
fn a_field_that_cannot_be_read_hides_no_other_one_of_a_prometheus(
    #[case] spec: &str,
    #[case] expected: &[&str],
) {
    let object = format!("{{metadata: {{name: a, namespace: shop-dev}}, spec: {spec}}}");
    assert_eq!(fields(&object, "Prometheus"), expected);
}

#[test]
fn a_label_that_cannot_be_read_hides_no_endpoint() {
    let object = "{metadata: {name: a, namespace: shop-dev, labels: {release: 5}},
                   spec: {endpoints: [{honorLabels: true}]}}";
    let expected = [
        "unreadable metadata.labels.release",
        "spec.endpoints[0].metricRelabelings",
    ];
    assert_eq!(fields(object, "ServiceMonitor"), expected);
}

#[test]
fn the_annotation_of_a_claim_decides_about_all_of_it() {
    let mut object = yaml(
        "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {storageClassName: nfs},
          metadata: {name: prometheus-a-db-prometheus-a-0, namespace: shop-dev,
                     annotations: {volume.beta.kubernetes.io/storage-class: 5}}}",
    );
    let violation = only(&create(&object, &Value::Null));
    assert_eq!(violation.rule, "refused");
    object["metadata"]["annotations"] = json!({});
    object["metadata"]["labels"] = json!({"other": 5});
    let violations = create(&object, &Value::Null).violations();
    let rules = violations.expect("the annotation").into_iter();
    let rules: Vec<String> = rules.map(|it| it.rule).collect();
    assert_eq!(rules, ["refused", "storage-class"]);
}

#[test]
fn of_thousands_of_fields_that_cannot_be_read_some_are_told() {
    let mut object = leaking();
    let endpoint = json!({"honorLabels": "x", "path": "x".repeat(200)});
    object["metadata"]["labels"]["release"] = "monitoring-prod".into();
    object["spec"]["endpoints"] = vec![endpoint; 2000].into();
    let answer = create(&object, &proven());
    assert!(!answer.accepted);
    let violations = answer.violations().expect("the annotation");
    let fields: Vec<&str> = violations.iter().map(|it| it.field.as_str()).collect();
    assert!(fields.len() < 25, "{fields:?}");
    assert_eq!(fields[0], "spec.endpoints[0].honorLabels");
    assert_eq!(
        fields[fields.len() - 2..],
        ["spec", "metadata.labels.release"]
    );
}

#[test]
fn of_a_large_object_that_cannot_be_read_one_field_is_told() {
    let mut object = leaking();
    let endpoint = json!({"honorLabels": "x", "path": "x".repeat(200)});
    object["spec"]["endpoints"] = vec![endpoint; 5000].into();
    let violation = only(&create(&object, &proven()));
    assert_eq!(violation.field, "spec.endpoints[0].honorLabels");
    let end = "; nothing else of the object was judged";
    assert!(violation.message.ends_with(end), "{}", violation.message);
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
