//! Rule `namespace-filter` for what is scraped without a monitor: `Probe` and `ScrapeConfig`. They
//! are judged for leaks only, in both modes.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, fixed, only, proven, yaml};

fn probe(spec: &str) -> Value {
    object("monitoring.coreos.com/v1", "Probe", spec)
}

fn scrape_config(spec: &str) -> Value {
    object("monitoring.coreos.com/v1alpha1", "ScrapeConfig", spec)
}

fn object(version: &str, kind: &str, spec: &str) -> Value {
    yaml(&format!(
        "{{apiVersion: {version}, kind: {kind}, metadata: {{name: shop, namespace: shop-dev, \
         labels: {{release: monitoring-dev}}}}, spec: {spec}}}"
    ))
}

/// The field and the witness of the leak, none where the object is accepted. Whatever fix there is
/// is tried; there is one unless `by_hand`.
fn leak(object: &Value, by_hand: bool) -> Option<(String, String)> {
    let answer = create(object, &proven());
    let required = create(object, &Value::Null);
    assert_eq!(answer.accepted, required.accepted, "{:?}", required.message);
    if answer.accepted {
        return None;
    }
    let mended = fixed(object, &answer);
    assert_eq!(mended.is_none(), by_hand, "{:?}", answer.message);
    if let Some(mended) = mended {
        let again = create(&mended, &proven());
        assert!(again.accepted, "{:?}", again.message);
        let expected = |warning: &String| warning.contains("not part of the proof");
        assert!(again.warnings.iter().all(expected), "{:?}", again.warnings);
    }
    let violation = only(&answer);
    Some((violation.field, violation.witness.unwrap_or_default()))
}

const BY_HAND: bool = true;

#[rstest]
#[case::no_targets("{}", None)]
#[case::own_ingresses("{targets: {ingress: {}}}", None)]
#[case::all_ingresses(
    "{targets: {ingress: {namespaceSelector: {any: true}}}}",
    Some(("spec.targets.ingress.relabelingConfigs", "prod"))
)]
#[case::all_ingresses_confined(
    "{targets: {ingress: {namespaceSelector: {any: true}, relabelingConfigs: [\
     {action: keep, sourceLabels: [namespace], regex: '.*-dev'}]}}}",
    None
)]
#[case::ingresses_of_prod(
    "{targets: {ingress: {namespaceSelector: {matchNames: [shop-dev, shop-prod]}}}}",
    Some(("spec.targets.ingress.relabelingConfigs", "shop-prod"))
)]
#[case::static_targets("{targets: {staticConfig: {static: [shop.example.com]}}}", None)]
#[case::static_comes_before_ingress(
    "{targets: {staticConfig: {static: [a]}, ingress: {namespaceSelector: {any: true}}}}",
    None
)]
#[case::a_label_that_is_written(
    "{targets: {staticConfig: {static: [shop-dev.example.com, shop-prod.example.com], relabelingConfigs: [\
     {sourceLabels: [__param_target], regex: '([^.]+).*', targetLabel: namespace}]}}}",
    Some(("spec.targets.staticConfig.relabelingConfigs", "shop-prod"))
)]
#[case::a_label_that_is_made_of_its_own_address(
    "{targets: {staticConfig: {static: [shop-dev.example.com, api-dev.example.com], \
     relabelingConfigs: [\
     {sourceLabels: [__param_target], regex: '([^.]+).*', targetLabel: namespace}]}}}",
    None
)]
#[case::a_label_that_a_static_target_does_not_have(
    "{targets: {staticConfig: {static: [a], labels: {team: shop}, relabelingConfigs: [\
     {sourceLabels: [job], regex: 'x', targetLabel: namespace, replacement: prod}]}}, jobName: shop}",
    None
)]
#[case::federation_through_a_prober(
    "{prober: {url: 'prometheus:9090', path: /federate}, targets: {staticConfig: {static: [a]}}}",
    Some(("spec.metricRelabelings", "prod"))
)]
#[case::the_exporters_label_is_written_back(
    "{targets: {staticConfig: {static: [a]}}, metricRelabelings: [\
     {sourceLabels: [exported_namespace], regex: '(.+)', targetLabel: namespace}]}",
    Some(("spec.metricRelabelings", "prod"))
)]
fn probes(#[case] spec: &str, #[case] expected: Option<(&str, &str)>) {
    let expected = expected.map(|(field, witness)| (field.to_owned(), witness.to_owned()));
    assert_eq!(leak(&probe(spec), false), expected);
}

#[test]
fn a_namespace_that_a_static_target_is_given_is_for_a_person_to_decide() {
    let spec = "{targets: {staticConfig: {static: [a], labels: {namespace: shop-prod}}}}";
    let field = "spec.targets.staticConfig.relabelingConfigs".to_owned();
    assert_eq!(
        leak(&probe(spec), BY_HAND),
        Some((field, "shop-prod".to_owned()))
    );
    let spec = "{staticConfigs: [{targets: [a], labels: {namespace: shop-prod}}]}";
    let found = leak(&scrape_config(spec), BY_HAND);
    assert_eq!(
        found,
        Some(("spec.relabelings".to_owned(), "shop-prod".to_owned()))
    );
}

#[test]
fn a_namespace_that_is_a_placeholder_is_one_that_nobody_knows() {
    let spec = "{staticConfigs: [{targets: [a], labels: {namespace: $(NAMESPACE)}}]}";
    let found = leak(&scrape_config(spec), BY_HAND);
    assert_eq!(found, Some(("spec.relabelings".to_owned(), String::new())));
}

const SAMPLES: &str = "spec.metricRelabelings";
const TARGETS: &str = "spec.relabelings";

#[rstest]
#[case::nothing_is_discovered("{}", None)]
#[case::static_without_a_namespace("{staticConfigs: [{targets: [a]}]}", Some((SAMPLES, "prod")))]
#[case::static_with_its_own(
    "{staticConfigs: [{targets: [a], labels: {namespace: shop-dev}}]}",
    None
)]
#[case::static_with_its_own_of_many(
    "{staticConfigs: [{targets: [a, b], labels: {namespace: shop-dev}}], relabelings: [\
     {sourceLabels: [__address__], regex: b, targetLabel: namespace, replacement: prod}]}",
    Some((TARGETS, "prod"))
)]
#[case::static_with_a_rule_for_none_of_them(
    "{staticConfigs: [{targets: [a, b], labels: {namespace: shop-dev}}], relabelings: [\
     {sourceLabels: [__address__], regex: c, targetLabel: namespace, replacement: prod}]}",
    None
)]
#[case::static_whose_own_does_not_win(
    "{honorLabels: true, staticConfigs: [{targets: [a], labels: {namespace: shop-dev}}]}",
    Some((SAMPLES, "prod"))
)]
#[case::one_of_two_without(
    "{staticConfigs: [{targets: [a], labels: {namespace: shop-dev}}, {targets: [b]}]}",
    Some((SAMPLES, "prod"))
)]
#[case::filtered(
    "{staticConfigs: [{targets: [a]}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}]}",
    None
)]
#[case::label_dropped_from_samples(
    "{staticConfigs: [{targets: [a]}], metricRelabelings: [{action: labeldrop, regex: namespace}]}",
    Some((SAMPLES, "prod"))
)]
#[case::pods_of_all_namespaces(
    "{kubernetesSDConfigs: [{role: Pod}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}, \
     {action: keep, sourceLabels: [exported_namespace], regex: '(.*-dev)?'}]}",
    Some((TARGETS, "prod"))
)]
#[case::no_namespaces_are_all(
    "{kubernetesSDConfigs: [{role: Pod, namespaces: {names: []}}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}, \
     {action: keep, sourceLabels: [exported_namespace], regex: '(.*-dev)?'}]}",
    Some((TARGETS, "prod"))
)]
#[case::pods_of_some(
    "{kubernetesSDConfigs: [{role: Pod, selectors: [{role: Pod, label: app=shop}], namespaces: {names: [shop-dev, api-dev]}}], relabelings: [\
     {sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}]}",
    None
)]
#[case::pods_of_the_prometheus(
    "{kubernetesSDConfigs: [{role: Pod, selectors: [{role: Pod, label: app=shop}], namespaces: {ownNamespace: true}}], relabelings: [\
     {sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}]}",
    None
)]
#[case::pods_of_the_prometheus_and_others(
    "{kubernetesSDConfigs: [{role: Pod, selectors: [{role: Pod, label: app=shop}], namespaces: {ownNamespace: true, names: [shop-prod]}}], \
     relabelings: [{sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}]}",
    Some((TARGETS, "shop-prod"))
)]
#[case::nodes_have_no_namespace(
    "{kubernetesSDConfigs: [{role: Node}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}]}",
    None
)]
#[case::a_file_says_what_it_likes(
    "{fileSDConfigs: [{files: [targets.json]}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}]}",
    Some((TARGETS, "prod"))
)]
#[case::so_does_a_discovery_that_is_not_known(
    "{futureSDConfigs: [{}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}]}",
    Some((TARGETS, "prod"))
)]
#[case::consul_knows_no_namespace(
    "{consulSDConfigs: [{server: consul}], relabelings: [\
     {targetLabel: namespace, replacement: shop-dev}]}",
    None
)]
#[case::a_namespace_of_consuls_own(
    "{consulSDConfigs: [{server: consul}], relabelings: [{targetLabel: namespace, \
     replacement: shop-dev}, {sourceLabels: [__meta_consul_tags], regex: '(.+)', targetLabel: namespace}]}",
    Some((TARGETS, "prod"))
)]
#[case::federation(
    "{metricsPath: /federate, honorLabels: true, params: {'match[]': ['{__name__=~\".+\"}']}, \
     staticConfigs: [{targets: [prometheus-prod], labels: {namespace: monitoring-dev}}]}",
    Some((SAMPLES, "prod"))
)]
#[case::federation_with_labels_moved(
    "{metricsPath: /federate, staticConfigs: [{targets: [prometheus-prod], labels: \
     {namespace: monitoring-dev}}]}",
    Some((SAMPLES, "prod"))
)]
#[case::federation_confined(
    "{metricsPath: /federate, honorLabels: true, staticConfigs: [{targets: [prometheus-prod], \
     labels: {namespace: monitoring-dev}}], metricRelabelings: [\
     {action: keep, sourceLabels: [namespace], regex: 'dev|.*-dev'}]}",
    None
)]
fn scrape_configs(#[case] spec: &str, #[case] expected: Option<(&str, &str)>) {
    let expected = expected.map(|(field, witness)| (field.to_owned(), witness.to_owned()));
    assert_eq!(leak(&scrape_config(spec), false), expected);
}

#[rstest]
#[case::probe("Probe", "v1")]
#[case::scrape_config("ScrapeConfig", "v1alpha1")]
fn the_release_label_is_that_of_the_environment(#[case] kind: &str, #[case] version: &str) {
    let mut object = object(&format!("monitoring.coreos.com/{version}"), kind, "{}");
    object["metadata"]["labels"]["release"] = json!("monitoring-prod");
    let answer = create(&object, &Value::Null);
    assert_eq!(only(&answer).rule, "release-label");
    let mended = fixed(&object, &answer).expect("a fix");
    assert!(create(&mended, &Value::Null).accepted);
}

#[rstest]
#[case::probe(
    probe("{targets: {staticConfig: {labels: [a]}}}"),
    "spec.targets.staticConfig.labels"
)]
#[case::rule(
    probe("{targets: {ingress: {relabelingConfigs: [{regex: 1}]}}}"),
    "spec.targets.ingress.relabelingConfigs[0].regex"
)]
#[case::scrape_config(
    scrape_config("{kubernetesSDConfigs: [{namespaces: {names: dev}}]}"),
    "spec.kubernetesSDConfigs[0].namespaces.names"
)]
fn a_wrong_type_is_rejected_with_its_field(#[case] object: Value, #[case] field: &str) {
    let answer = create(&object, &Value::Null);
    let message = answer.message.expect("a message");
    assert!(message.contains(field), "{message}");
}
