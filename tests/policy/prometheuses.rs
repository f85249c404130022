//! `Prometheus`, `PrometheusAgent` and `ThanosRuler`: what they pick up, what they do to all
//! scrapes, and what they store their series in.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, fixed, yaml};

const SELECTED: &str = "serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}";

fn object(kind: &str, namespace: &str, spec: &str) -> Value {
    let version = if kind == "PrometheusAgent" {
        "v1alpha1"
    } else {
        "v1"
    };
    yaml(&format!(
        "{{apiVersion: monitoring.coreos.com/{version}, kind: {kind}, \
         metadata: {{name: main, namespace: {namespace}}}, spec: {{{spec}}}}}"
    ))
}

fn prometheus(spec: &str) -> Value {
    object(
        "Prometheus",
        "monitoring-dev",
        &format!("{SELECTED}, {spec}"),
    )
}

/// The rules and fields of the violations. If all have a fix, it suffices.
fn violations(object: &Value) -> Vec<(String, String)> {
    let answer = create(object, &Value::Null);
    if let Some(mended) = fixed(object, &answer) {
        let again = create(&mended, &Value::Null);
        assert!(again.accepted, "{mended} {:?}", again.message);
    }
    let violations = answer.violations().expect("the annotation");
    let told = violations.into_iter();
    told.map(|violation| (violation.rule, violation.field))
        .collect()
}

/// The same for one of a single rule.
fn fields(object: &Value, rule: &str) -> Vec<String> {
    let violations = violations(object).into_iter();
    violations
        .map(|(found, field)| {
            assert_eq!(found, rule);
            field
        })
        .collect()
}

#[rstest]
#[case::exactly("{matchLabels: {release: monitoring-dev}}", true)]
#[case::exactly_and_more("{matchLabels: {release: monitoring-dev, team: shop}}", true)]
#[case::one_of_one(
    "{matchExpressions: [{key: release, operator: In, values: [monitoring-dev]}]}",
    true
)]
#[case::contradicting(
    "{matchLabels: {release: monitoring-prod}, matchExpressions: [\
     {key: release, operator: In, values: [monitoring-dev]}]}",
    true
)]
#[case::null("null", true)]
#[case::empty("{}", false)]
#[case::no_labels("{matchLabels: {}, matchExpressions: []}", false)]
#[case::the_other_environments("{matchLabels: {release: monitoring-prod}}", false)]
#[case::nobodys("{matchLabels: {release: monitoring}}", false)]
#[case::another_label("{matchLabels: {team: shop}}", false)]
#[case::one_of_two(
    "{matchExpressions: [{key: release, operator: In, values: [monitoring-dev, monitoring-prod]}]}",
    false
)]
#[case::one_of_none(
    "{matchExpressions: [{key: release, operator: In, values: []}]}",
    false
)]
#[case::not_the_other(
    "{matchExpressions: [{key: release, operator: NotIn, values: [monitoring-prod]}]}",
    false
)]
#[case::there("{matchExpressions: [{key: release, operator: Exists}]}", false)]
#[case::not_there("{matchExpressions: [{key: release, operator: DoesNotExist}]}", false)]
fn each_selector_must_imply_the_release(
    #[case] selector: &str,
    #[case] accepted: bool,
    #[values(
        "serviceMonitorSelector",
        "podMonitorSelector",
        "probeSelector",
        "scrapeConfigSelector",
        "ruleSelector"
    )]
    field: &str,
    #[values("Prometheus", "PrometheusAgent", "ThanosRuler")] kind: &str,
) {
    let other = if field == "podMonitorSelector" {
        SELECTED.to_owned()
    } else {
        SELECTED.replace("serviceMonitor", "podMonitor")
    };
    let object = object(
        kind,
        "monitoring-dev",
        &format!("{other}, {field}: {selector}"),
    );
    let expected = if accepted {
        Vec::new()
    } else {
        vec![format!("spec.{field}")]
    };
    assert_eq!(fields(&object, "selector"), expected);
}

#[rstest]
#[case::empty("{}", json!({"matchLabels": {"release": "monitoring-dev"}}))]
#[case::with_other_wishes(
    "{matchLabels: {team: shop}, matchExpressions: [{key: release, operator: Exists}, \
     {key: tier, operator: In, values: [web]}]}",
    json!({
        "matchLabels": {"team": "shop", "release": "monitoring-dev"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["web"]}],
    })
)]
#[case::with_expressions_of_the_label_only(
    "{matchLabels: null, matchExpressions: [{key: release, operator: Exists}]}",
    json!({"matchLabels": {"release": "monitoring-dev"}})
)]
fn a_fix_of_a_selector_keeps_what_else_it_wants(#[case] selector: &str, #[case] expected: Value) {
    let spec = format!("probeSelector: {selector}");
    let object = object("Prometheus", "monitoring-dev", &spec);
    let mended = fixed(&object, &create(&object, &Value::Null)).expect("a fix");
    assert_eq!(mended["spec"]["probeSelector"], expected);
}

#[rstest]
#[case::nothing(
    "Prometheus",
    "ruleSelector: {matchLabels: {release: monitoring-dev}}",
    false
)]
#[case::all_null("Prometheus", "serviceMonitorSelector: null", false)]
#[case::one_of_four(
    "Prometheus",
    "scrapeConfigSelector: {matchLabels: {release: monitoring-dev}}",
    true
)]
#[case::an_agent_without_them_scrapes_nothing("PrometheusAgent", "", true)]
#[case::a_ruler_has_none("ThanosRuler", "", true)]
fn a_configuration_in_a_secret_is_judged_by_nobody(
    #[case] kind: &str,
    #[case] spec: &str,
    #[case] accepted: bool,
) {
    let answer = create(&object(kind, "monitoring-dev", spec), &Value::Null);
    assert_eq!(answer.accepted, accepted);
    assert!(accepted || answer.message.expect("a message").contains("into a Secret"));
}

#[rstest]
#[case::of_prod("monitoring-prod", None, 1)]
#[case::shared_with_a_release("kube-system", Some("monitoring-prod"), 1)]
#[case::shared_with_the_release("kube-system", Some("monitoring-dev"), 0)]
#[case::shared("kube-system", None, 0)]
#[case::neither("tools", Some("monitoring-prod"), 0)]
fn the_environment_is_that_of_its_namespace(
    #[case] namespace: &str,
    #[case] release: Option<&str>,
    #[case] expected: usize,
) {
    let mut object = object("Prometheus", namespace, SELECTED);
    object["metadata"]["labels"] = json!({"release": release.unwrap_or("monitoring")});
    assert_eq!(violations(&object).len(), expected);
    let is_judged = expected > 0 || release == Some("monitoring-dev");
    let warnings = create(&object, &Value::Null).warnings;
    assert_eq!(warnings.is_empty(), is_judged, "{warnings:?}");
}

#[rstest]
#[case::none("", None)]
#[case::right(
    "storage: {volumeClaimTemplate: {spec: {storageClassName: local-path}}}",
    None
)]
#[case::wrong(
    "storage: {volumeClaimTemplate: {spec: {storageClassName: nfs-monitoring}}}",
    Some("spec.storage.volumeClaimTemplate.spec.storageClassName")
)]
#[case::the_clusters_default(
    "storage: {volumeClaimTemplate: {spec: {resources: {}}}}",
    Some("spec.storage.volumeClaimTemplate.spec.storageClassName")
)]
#[case::no_spec(
    "storage: {volumeClaimTemplate: {metadata: {}}}",
    Some("spec.storage.volumeClaimTemplate.spec.storageClassName")
)]
#[case::says_nothing(
    "storage: {}",
    Some("spec.storage.volumeClaimTemplate.spec.storageClassName")
)]
#[case::gone_with_the_pod("storage: {emptyDir: {}}", None)]
#[case::gone_with_the_pod_comes_first(
    "storage: {emptyDir: {}, volumeClaimTemplate: {spec: {storageClassName: nfs}}}",
    None
)]
#[case::ephemeral(
    "storage: {ephemeral: {volumeClaimTemplate: {spec: {storageClassName: nfs}}}}",
    Some("spec.storage.ephemeral.volumeClaimTemplate.spec.storageClassName")
)]
#[case::ephemeral_comes_before_what_stays(
    "storage: {ephemeral: {volumeClaimTemplate: {spec: {storageClassName: local-path}}}, \
     volumeClaimTemplate: {spec: {storageClassName: nfs}}}",
    None
)]
#[case::ephemeral_of_nothing(
    "storage: {ephemeral: {}}",
    Some("spec.storage.ephemeral.volumeClaimTemplate.spec.storageClassName")
)]
fn the_storage_class_is_judged_where_it_is_asked_for(
    #[case] storage: &str,
    #[case] expected: Option<&str>,
    #[values("Prometheus", "PrometheusAgent", "ThanosRuler")] kind: &str,
    #[values("monitoring-dev", "tools")] namespace: &str,
) {
    let object = object(kind, namespace, &format!("{SELECTED}, {storage}"));
    let expected: Vec<String> = expected.iter().map(|&field| field.to_owned()).collect();
    assert_eq!(fields(&object, "storage-class"), expected);
}

#[rstest]
#[case::honor_labels("overrideHonorLabels: true", &["spec.overrideHonorLabels"])]
#[case::not("overrideHonorLabels: false", &[])]
#[case::a_label_of_pods("podTargetLabels: [team, namespace]", &["spec.podTargetLabels"])]
#[case::a_label_of_pods_sanitized("podTargetLabels: [exported-namespace]", &["spec.podTargetLabels"])]
#[case::other_labels_of_pods("podTargetLabels: [team, k8s/namespace]", &[])]
#[case::a_class_that_writes(
    "scrapeClasses: [{name: a, relabelings: [{targetLabel: namespace, replacement: shop-dev}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
#[case::the_default_class(
    "scrapeClasses: [{name: a}, {name: b, default: true, metricRelabelings: [\
     {sourceLabels: [exported_namespace], targetLabel: namespace}]}]",
    &["spec.scrapeClasses[1].metricRelabelings[0]"]
)]
#[case::a_class_that_writes_the_meta_label(
    "scrapeClasses: [{name: a, relabelings: [\
     {sourceLabels: [pod], targetLabel: __meta_kubernetes_namespace}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
#[case::which_samples_do_not_have(
    "scrapeClasses: [{name: a, metricRelabelings: [\
     {sourceLabels: [pod], targetLabel: __meta_kubernetes_namespace}]}]",
    &[]
)]
#[case::a_class_that_filters(
    "scrapeClasses: [{name: a, relabelings: [{action: keep, sourceLabels: [namespace], regex: a}]}]",
    &[]
)]
#[case::a_class_that_writes_another_label(
    "scrapeClasses: [{name: a, relabelings: [{sourceLabels: [namespace], targetLabel: team}]}]",
    &[]
)]
#[case::a_labelmap_of_pod_labels(
    "scrapeClasses: [{name: a, relabelings: [\
     {action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)'}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
#[case::a_labelmap_with_a_prefix(
    "scrapeClasses: [{name: a, relabelings: [\
     {action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)', replacement: 'pod_$1'}]}]",
    &[]
)]
#[case::a_labelmap_of_some(
    "scrapeClasses: [{name: a, relabelings: [\
     {action: labelmap, regex: '__meta_kubernetes_pod_label_(team|tier)'}]}]",
    &[]
)]
#[case::a_name_that_is_made(
    "scrapeClasses: [{name: a, relabelings: [\
     {sourceLabels: [pod], regex: '(.*)', targetLabel: '$1'}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
#[case::a_name_that_is_made_with_a_prefix(
    "scrapeClasses: [{name: a, relabelings: [\
     {sourceLabels: [pod], regex: '(.*)', targetLabel: 'pod_$1'}]}]",
    &[]
)]
#[case::a_label_that_is_dropped(
    "scrapeClasses: [{name: a, metricRelabelings: [{action: labeldrop, regex: 'namespace|id'}]}]",
    &["spec.scrapeClasses[0].metricRelabelings[0]"]
)]
#[case::another_label_that_is_dropped(
    "scrapeClasses: [{name: a, metricRelabelings: [{action: labeldrop, regex: 'id|name'}]}]",
    &[]
)]
#[case::labels_that_are_kept(
    "scrapeClasses: [{name: a, metricRelabelings: [{action: labelkeep, regex: 'namespace|pod'}]}]",
    &["spec.scrapeClasses[0].metricRelabelings[0]"]
)]
#[case::a_rule_that_cannot_be_followed(
    "scrapeClasses: [{name: a, relabelings: [{action: labeldrop, regex: '(?-u:id)'}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
#[case::a_placeholder(
    "scrapeClasses: [{name: a, relabelings: [{sourceLabels: [pod], targetLabel: $(LABEL)}]}]",
    &["spec.scrapeClasses[0].relabelings[0]"]
)]
fn what_precedes_every_proof_leaves_its_labels_alone(
    #[case] spec: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(fields(&prometheus(spec), "scrape-override"), expected);
}

#[rstest]
#[case::secret(
    "additionalScrapeConfigs: {name: a, key: b}",
    "spec.additionalScrapeConfigs"
)]
#[case::remote_read("remoteRead: [{url: 'http://a'}]", "spec.remoteRead")]
#[case::remote_write_receiver("enableRemoteWriteReceiver: true", "spec.enableRemoteWriteReceiver")]
#[case::otlp_receiver("enableOTLPReceiver: true", "spec.enableOTLPReceiver")]
#[case::receiver_by_feature("enableFeatures: [remote-write-receiver]", "spec.enableFeatures")]
#[case::arguments("additionalArgs: [{name: a, value: b}]", "spec.additionalArgs")]
#[case::the_container(
    "containers: [{name: oauth}, {name: prometheus, args: [a]}]",
    "spec.containers"
)]
#[case::the_reloader(
    "initContainers: [{name: init-config-reloader}]",
    "spec.initContainers"
)]
#[case::remote_write(
    "remoteWrite: [{url: 'http://mimir.shop-dev:80/push'}, \
     {url: 'https://mimir.monitoring-prod.svc.cluster.local/push'}]",
    "spec.remoteWrite[1]"
)]
#[case::remote_write_to_a_pod(
    "remoteWrite: [{url: 'http://user:pass@mimir-0.mimir.monitoring-prod.svc:80/push'}]",
    "spec.remoteWrite[0]"
)]
#[case::remote_write_in_capitals(
    "remoteWrite: [{url: 'http://MIMIR.Monitoring-Prod.SVC/push'}]",
    "spec.remoteWrite[0]"
)]
#[case::namespaces_of_all(
    "serviceMonitorNamespaceSelector: {}",
    "spec.serviceMonitorNamespaceSelector"
)]
#[case::namespaces_of_all_but_others(
    "serviceMonitorNamespaceSelector: {matchExpressions: [\
     {key: kubernetes.io/metadata.name, operator: NotIn, values: [default]}]}",
    "spec.serviceMonitorNamespaceSelector"
)]
#[case::namespaces_without_a_label(
    "serviceMonitorNamespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}",
    "spec.serviceMonitorNamespaceSelector"
)]
fn roads_that_nobody_judges_are_warned_of(#[case] spec: &str, #[case] field: &str) {
    let answer = create(&prometheus(spec), &Value::Null);
    assert!(answer.accepted, "{:?}", answer.message);
    let [warning] = answer.warnings.as_slice() else {
        panic!("{:?}", answer.warnings);
    };
    assert!(warning.starts_with(field), "{warning}");
    assert!(warning.len() < 256 && !warning.ends_with('…'), "{warning}");
}

#[rstest]
#[case::nothing("remoteRead: [], additionalArgs: [], enableFeatures: [exemplar-storage]")]
#[case::a_container_of_ones_own("containers: [{name: oauth-proxy}]")]
#[case::own_environment("remoteWrite: [{url: 'http://mimir.monitoring-dev.svc/push'}]")]
#[case::somewhere_else("remoteWrite: [{url: 'https://mimir.example-prod.com/push'}]")]
#[case::narrowed_namespaces(
    "serviceMonitorNamespaceSelector: {matchExpressions: [\
     {key: kubernetes.io/metadata.name, operator: NotIn, values: [kubewarden]}]}"
)]
#[case::labelled_namespaces("serviceMonitorNamespaceSelector: {matchLabels: {env: dev}}")]
#[case::own_namespace("serviceMonitorNamespaceSelector: null")]
#[case::namespaces_of_what_is_not_picked_up("probeNamespaceSelector: {}")]
#[case::what_only_narrows("enforcedNamespaceLabel: namespace, ignoreNamespaceSelectors: true")]
fn the_usual_is_not_warned_of(#[case] spec: &str) {
    let answer = create(&prometheus(spec), &Value::Null);
    assert!(answer.accepted, "{:?}", answer.message);
    assert_eq!(answer.warnings, Vec::<String>::new());
}

#[test]
fn a_ruler_that_queries_another_environment_is_warned_of() {
    let spec = "queryEndpoints: ['thanos.monitoring-dev:9090', 'http://thanos.monitoring-prod.svc:9090', \
                'dnssrv+_grpc._tcp.thanos.monitoring-prod.svc.cluster.local']";
    let answer = create(&object("ThanosRuler", "monitoring-dev", spec), &Value::Null);
    assert_eq!(answer.warnings.len(), 2);
    assert!(answer.warnings[0].starts_with("spec.queryEndpoints[1]: "));
    assert!(answer.warnings[1].starts_with("spec.queryEndpoints[2]: "));
}

#[test]
fn no_rule_judges_other_claims() {
    for name in [
        "alertmanager-main-db-alertmanager-main-0",
        "grafana",
        "storage-loki-0",
    ] {
        let claim = yaml(&format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}, \
             namespace: monitoring-dev, labels: {{app.kubernetes.io/name: alertmanager}}}}, \
             spec: {{storageClassName: nfs}}}}"
        ));
        assert!(create(&claim, &Value::Null).accepted);
    }
}
