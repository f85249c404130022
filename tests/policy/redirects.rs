//! Where a scrape goes that was found elsewhere: by its address, its path, its scheme, or because another server
//! says where the targets are. Each case of what leaks was admitted once, or is a neighbour of one that was.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, monitor, proven, yaml};

const KEEP: &str = "{action: keep, sourceLabels: [namespace], regex: 'dev|.*-dev|kube-system'}";

fn accepted(object: &Value) -> bool {
    let proven = create(object, &proven());
    let required = create(object, &Value::Null);
    assert_eq!(proven.accepted, required.accepted, "{:?}", required.message);
    proven.accepted
}

/// A monitor whose targets are filtered and then go through these rules.
fn monitor_with(rules: &str) -> Value {
    monitor("{}", &format!("{{relabelings: [{KEEP}, {rules}]}}"))
}

fn object(kind: &str, version: &str, spec: &str) -> Value {
    yaml(&format!(
        "{{apiVersion: monitoring.coreos.com/{version}, kind: {kind}, metadata: {{name: x, \
         namespace: shop-dev, labels: {{release: monitoring-dev}}}}, spec: {spec}}}"
    ))
}

fn scrape_config(spec: &str) -> Value {
    object("ScrapeConfig", "v1alpha1", spec)
}

fn prometheus(spec: &str) -> Value {
    let selector = "serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}";
    let mut object = object("Prometheus", "v1", &format!("{{{selector}, {spec}}}"));
    object["metadata"]["namespace"] = json!("monitoring-dev");
    object
}

/// An address that a rule makes of label `__meta_kubernetes_service_annotation_a`.
#[rstest]
#[case::kind_of_a_label("(svc|pod)", "exporter.shop-prod.$1:8080", false)]
#[case::part_of_the_kind("(vc|x)", "exporter.shop-prod.s$1:8080", false)]
#[case::capitals("SHOP-(PROD|X)", "exporter.SHOP-$1.svc:8080", false)]
#[case::all_capitals("([A-Z-]+)", "exporter.$1.svc:8080", false)]
#[case::wide_letters("(ｓhop-prod)", "exporter.$1.svc:8080", false)]
#[case::a_dot_in_a_label("((?:a|b)[.]shop-prod)", "$1.svc:8080", false)]
#[case::any_dots("(.+[.].+)", "$1.svc:8080", false)]
#[case::the_whole_name("((?:a|b)[.]shop-prod[.]svc)", "$1:8080", false)]
#[case::all_names_of_another_environment(".*[.]shop-prod[.]svc", "$0:8080", false)]
#[case::brackets("(.+)", "[$1.shop-prod.svc]:80", false)]
#[case::a_bare_name("(.+)", "$1.shop-prod:80", false)]
#[case::a_domain_of_a_label("(.+)", "exporter.shop-dev.svc.$1:80", false)]
#[case::a_wide_dot("([a-z0-9-]+)", "exporter。$1.svc:8080", false)]
#[case::a_wide_dot_in_the_domain("(.+)", "$1.svc。cluster.local:8080", false)]
#[case::wide_dots_in_brackets("(exporter。shop-prod。svc)", "[$1]:80", false)]
#[case::wide_dots_in_brackets_of_its_own(r"(\[exporter。shop-prod。svc\]:80)", "$1", false)]
#[case::wide_dots_after_a_user("(exporter。shop-prod。svc)", "user@$1:80", false)]
#[case::a_long_s("(.+)", "$1.ſvc:8080", false)]
#[case::a_service_of_its_own("(.+)", "$1.shop-dev.svc:8080", true)]
#[case::a_service_of_one_that_it_may_see("(shop|api)", "exporter.$1-dev.svc:8080", true)]
#[case::qualified("(.+)", "$1.shop-dev.svc.cluster.local:8080", true)]
#[case::a_port("(\\d+)", "exporter.shop-dev.svc:$1", true)]
#[case::whatever_the_target_says("(.+)", "$1:8080", true)]
#[case::a_choice("((?:a[.]shop-prod|a[.]shop-dev)[.]svc)", "$1:8080", true)]
#[case::a_host_outside("(.+)", "$1.example.com:8080", true)]
fn addresses_of_a_label(#[case] regex: &str, #[case] replacement: &str, #[case] expected: bool) {
    let rule = json!({
        "sourceLabels": ["__meta_kubernetes_service_annotation_a"], "regex": regex,
        "targetLabel": "__address__", "replacement": replacement,
    });
    let monitor = monitor_with(&rule.to_string());
    assert_eq!(accepted(&monitor), expected);
}

#[rstest]
#[case::name_and_namespace(
    "{sourceLabels: [__meta_kubernetes_service_name, __meta_kubernetes_namespace], regex: '(.+);(.+)', \
     targetLabel: __address__, replacement: '$1.$2.svc:9090'}",
    true
)]
#[case::in_capitals(
    "{sourceLabels: [__meta_kubernetes_service_annotation_a], regex: '(shop-prod|b)', targetLabel: __address__, \
     replacement: 'exporter.$1.svc:80'}, {action: uppercase, sourceLabels: [__address__], targetLabel: __address__}",
    false
)]
#[case::a_port_of_an_annotation(
    "{sourceLabels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port], \
     regex: '([^:]+)(?::\\d+)?;(\\d+)', targetLabel: __address__, replacement: '$1:$2'}",
    true
)]
#[case::a_scheme_of_an_annotation(
    "{sourceLabels: [__meta_kubernetes_pod_annotation_prometheus_io_scheme], regex: '(https?)', targetLabel: __scheme__}",
    true
)]
#[case::any_scheme_of_an_annotation(
    "{sourceLabels: [__meta_kubernetes_pod_annotation_prometheus_io_scheme], regex: '(.+)', targetLabel: __scheme__}",
    true
)]
#[case::a_number(
    "{action: hashmod, modulus: 9, sourceLabels: [__meta_kubernetes_pod_name], targetLabel: __address__}",
    true
)]
#[case::a_part_of_what_cannot_be_followed(
    "{action: hashmod, modulus: 9, sourceLabels: [__meta_kubernetes_pod_name], targetLabel: __tmp_a}, \
     {sourceLabels: [__tmp_a], targetLabel: __address__, replacement: 'exporter-$1.shop-prod.svc:80'}",
    false
)]
#[case::https("{targetLabel: __scheme__, replacement: https}", true)]
#[case::a_scheme_with_an_address(
    "{sourceLabels: [__scheme__], targetLabel: __scheme__, replacement: '$1://prometheus.monitoring-prod.svc:9090/federate?x='}",
    false
)]
#[case::a_constant_scheme_with_an_address(
    "{targetLabel: __scheme__, replacement: 'http://prometheus.monitoring-prod.svc:9090/federate?x='}",
    false
)]
fn rules_of_a_monitor(#[case] rules: &str, #[case] expected: bool) {
    assert_eq!(accepted(&monitor_with(rules)), expected);
}

/// A path that a rule makes of an annotation, where an exporter's own `namespace` is moved aside.
#[rstest]
#[case::up_by_a_label("[.][.]|[.][.]/[.]", "/metrics/x/$0/cadvisor", false)]
#[case::up_in_a_label("(/metrics/(?:a|b)/[.][.]/cadvisor)", "$1", false)]
#[case::up_twice("(/federate/(?:a|c)/b/[.][.]/[.][.])", "$1", false)]
#[case::a_dot_of_two("(a|b)/[.].", "/metrics/$0/cadvisor", false)]
#[case::a_parameter_before("(a|b)", "/metrics;$1/cadvisor", false)]
#[case::one_of_two("(/metrics/(?:cadvisor|probes))", "$1", false)]
#[case::an_ordinary_one("([a-z]+)", "/app/$1/metrics", true)]
#[case::whatever_the_target_says("(.+)", "$1", true)]
fn paths_of_a_label(#[case] regex: &str, #[case] replacement: &str, #[case] expected: bool) {
    let rule = json!({
        "sourceLabels": ["__meta_kubernetes_service_annotation_p"], "regex": regex,
        "targetLabel": "__metrics_path__", "replacement": replacement,
    });
    assert_eq!(accepted(&monitor_with(&rule.to_string())), expected);
}

/// Names that no discovered label has are written by rules, and given by static configurations.
#[rstest]
#[case::by_a_labelmap(
    "{action: labelmap, regex: '__meta_kubernetes_pod_label_(ns)', replacement: '__meta_kubernetes_pod_label__name${1}'}, \
     {action: labelmap, regex: '__meta_kubernetes_pod_label__(name)ns', replacement: '${1}space'}",
    false
)]
#[case::by_a_template(
    "{sourceLabels: [__meta_kubernetes_pod_label_ns], regex: '(.+)', targetLabel: '__meta_kubernetes_service_label__${1}', replacement: x}, \
     {action: labelmap, regex: '__meta_kubernetes_service_label__(.*)space', replacement: 'namespace'}",
    false
)]
#[case::the_address(
    "{targetLabel: __meta_kubernetes_pod_label___address__, replacement: 'x.shop-prod.svc:80'}, \
     {action: labelmap, regex: '__meta_kubernetes_pod_label_(__address__)'}",
    false
)]
fn names_that_discovery_does_not_give(#[case] rules: &str, #[case] expected: bool) {
    assert_eq!(accepted(&monitor_with(rules)), expected);
}

#[rstest]
#[case::an_address_of_a_static_label(
    "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, __meta_kubernetes_pod_label___address__: 'x.shop-prod.svc:80'}}], \
     relabelings: [{action: labelmap, regex: '__meta_kubernetes_pod_label_(__address__)'}]}",
    false
)]
#[case::a_scheme_of_a_static_label(
    "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, __scheme__: 'http://prometheus.monitoring-prod.svc:9090/federate?x='}}]}",
    false
)]
#[case::https_of_a_static_label(
    "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, __scheme__: https}}]}",
    true
)]
#[case::an_empty_job(
    "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, job: ''}}], \
     relabelings: [{sourceLabels: [job], regex: '.+', targetLabel: namespace, replacement: shop-prod}]}",
    false
)]
#[case::an_empty_path(
    "{metricsPath: /prom, staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, __metrics_path__: ''}}], \
     relabelings: [{sourceLabels: [__metrics_path__], regex: /prom, targetLabel: __metrics_path__, replacement: /federate}]}",
    false
)]
#[case::the_name_of_the_job(
    "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, __tmp_prometheus_job_name: x}}], \
     relabelings: [{sourceLabels: [__tmp_prometheus_job_name], regex: 'scrapeConfig/.*', targetLabel: namespace, replacement: shop-prod}]}",
    false
)]
#[case::another_api_server(
    "{kubernetesSDConfigs: [{role: Pod, namespaces: {names: [shop-dev]}, selectors: [{role: Pod, label: app=web}], \
     apiServer: 'http://fake:8080'}], relabelings: [{sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}]}",
    false
)]
#[case::exported_by_a_discovery(
    "{metricsPath: /federate, httpSDConfigs: [{url: 'http://a'}], relabelings: [{targetLabel: namespace, replacement: shop-dev}], \
     metricRelabelings: [{action: keep, sourceLabels: [exported_namespace], regex: '(.*-dev)?'}]}",
    false
)]
#[case::in_brackets(
    "{staticConfigs: [{targets: ['[exporter.shop-prod.svc]:80'], labels: {namespace: shop-dev}}]}",
    false
)]
#[case::an_address_of_six(
    "{staticConfigs: [{targets: ['[fd00::1]:80'], labels: {namespace: shop-dev}}]}",
    true
)]
fn scrape_configs(#[case] spec: &str, #[case] expected: bool) {
    assert_eq!(accepted(&scrape_config(spec)), expected);
}

#[test]
fn an_empty_path_of_a_prober_is_written_down() {
    let spec = "{prober: {url: blackbox, path: ''}, targets: {staticConfig: {static: [a], relabelingConfigs: [\
                {sourceLabels: [__metrics_path__], regex: '()', targetLabel: namespace, replacement: shop-prod}]}}}";
    assert!(!accepted(&object("Probe", "v1", spec)));
    assert!(accepted(&object(
        "Probe",
        "v1",
        &spec.replace(", path: ''", "")
    )));
}

/// What the API server lets have a newline is no line for a Prometheus of version 2.
#[rstest]
#[case("pod_controller_name", false)]
#[case("pod_container_image", false)]
#[case("endpointslice_address_target_name", false)]
#[case("pod_annotation_a", false)]
#[case("pod_name", true)]
#[case("pod_label_a", true)]
fn values_with_a_newline(#[case] label: &str, #[case] expected: bool) {
    let rules = format!(
        "{{targetLabel: __tmp_x, replacement: pass}}, \
         {{sourceLabels: [__meta_kubernetes_{label}], regex: '.*', targetLabel: __tmp_x, replacement: stop}}, \
         {{action: keep, sourceLabels: [__tmp_x, namespace], regex: 'pass;.*|stop;(dev|.*-dev|kube-system)'}}"
    );
    let endpoint = format!("{{relabelings: [{rules}], metricRelabelings: [{KEEP}]}}");
    assert_eq!(accepted(&monitor("{any: true}", &endpoint)), expected);
}

#[rstest]
#[case::a_template("enforcedNamespaceLabel: 'exported${1}_namespace'", false)]
#[case::a_scheme(
    "scrapeClasses: [{name: a, default: true, relabelings: [{targetLabel: __scheme__, replacement: 'http://p.monitoring-prod.svc/?'}]}]",
    false
)]
#[case::without_selectors("version: v2.16.0", false)]
#[case::a_pre_release_without_selectors("version: 2.17.0-rc.1", false)]
#[case::what_is_deleted_and_written_again_is_not_read("version: 2.43.0", false)]
#[case::the_same_as_an_image("image: 'quay.io/prometheus/prometheus:v2.43.0@sha256:00'", false)]
#[case::two_numbers("version: '2.43'", false)]
#[case::a_pre_release_of_the_oldest("version: 2.45.0-rc.0", false)]
#[case::the_oldest("version: v2.45.0", true)]
#[case::a_build_of_the_oldest("version: 2.45.0+build", true)]
#[case::a_pre_release_of_the_first("version: 2.0.0-rc.1", false)]
#[case::an_image_of_ones_own("image: 'registry.example/prometheus:1.4'", true)]
#[case::no_version("image: 'registry.example/prometheus:main'", true)]
fn prometheuses(#[case] spec: &str, #[case] expected: bool) {
    assert_eq!(accepted(&prometheus(spec)), expected);
}

#[rstest]
#[case("volumeMounts: [{name: a, mountPath: /etc/prometheus/config_out/prometheus.env.yaml}]")]
#[case("enableFeatures: ['exemplar-storage,remote-write-receiver']")]
#[case("additionalAlertRelabelConfigs: {name: a, key: b}")]
#[case("volumeMounts: [{name: a, mountPath: /etc//prometheus/./config_out}]")]
#[case("volumeMounts: [{name: a, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]")]
#[case("volumeMounts: [{name: a, mountPath: /etc/hosts}]")]
#[case("volumeMounts: [{name: a, mountPath: /prometheus/wal}]")]
#[case(
    "storage: {volumeClaimTemplate: {metadata: {name: config-out}, spec: {storageClassName: local-path}}}"
)]
#[case(
    "storage: {volumeClaimTemplate: {metadata: {name: foo}, spec: {storageClassName: local-path}}}"
)]
fn what_is_not_judged_is_warned_of(#[case] spec: &str) {
    let answer = create(&prometheus(spec), &Value::Null);
    assert!(answer.accepted);
    assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);
}

/// Selectors of a discovery, as the API server parses them: none of these rules kube-state-metrics out.
#[rstest]
#[case(
    "{role: Endpoints, label: 'app.kubernetes.io/name in(kube-state-metrics)'}",
    false
)]
#[case("{role: Endpoints, label: 'app.kubernetes.io/name notin(x)'}", false)]
#[case("{role: Endpoints, label: 'app.kubernetes.io/name'}", false)]
#[case("{role: Endpoints, label: 'app.kubernetes.io/name!=x'}", false)]
#[case(
    "{role: Endpoints, label: 'app.kubernetes.io/name=kube-state-metrics', field: 'metadata.name!=x'}",
    false
)]
#[case(
    "{role: Endpoints, label: 'app.kubernetes.io/name=kube-state-metrics,app.kubernetes.io/component=metrics'}",
    false
)]
#[case("{role: Endpoints, field: 'metadata.namespace=shop-dev'}", false)]
#[case(
    "{role: Endpoints, label: 'app!=kube-state-metrics-v1,k8s-app!=kube-state-metrics-v1,app.kubernetes.io/name!=kube-state-metrics-v1'}",
    false
)]
#[case(
    "{role: Endpoints, label: 'myapp!=kube-state-metrics,my-k8s-app!=kube-state-metrics,x.app.kubernetes.io/name!=kube-state-metrics'}",
    false
)]
#[case("{role: Endpoints, field: 'metadata.name=kube-state-metrics'}", false)]
#[case(
    "{role: Endpoints, label: 'app.kubernetes.io/name!=kube-state-metrics,k8s-app!=kube-state-metrics,app!=kube-state-metrics'}",
    true
)]
#[case("{role: Endpoints, label: 'app in (web,api)'}", true)]
#[case("{role: Endpoints, field: 'metadata.name=web'}", true)]
fn selectors_of_a_discovery(#[case] selector: &str, #[case] expected: bool) {
    let spec = format!(
        "{{kubernetesSDConfigs: [{{role: Endpoints, namespaces: {{names: [shop-dev]}}, selectors: [{selector}]}}], \
         relabelings: [{{sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}}]}}"
    );
    assert_eq!(accepted(&scrape_config(&spec)), expected);
}

#[rstest]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_pod_name], \
     regex: 'kube-prometheus-stack-monitoring-kube-state-metrics-[0-9a-f]{8,10}-.{5}'}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_node_label_kubernetes_io_os], regex: linux}",
    false
)]
#[case(
    "{targetLabel: __meta_kubernetes_pod_label_, replacement: other}, \
     {action: labelmap, regex: __meta_kubernetes_pod_label_, replacement: __meta_kubernetes_service_name}, \
     {action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: other}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: '.*-kube-state-metrics'}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: '.+'}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_service_name]}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_service_labelpresent_app_kubernetes_io_name], regex: 'true'}",
    false
)]
#[case(
    "{action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: web}",
    true
)]
fn keeps_of_a_discovery(#[case] rule: &str, #[case] expected: bool) {
    let spec = format!(
        "{{kubernetesSDConfigs: [{{role: Endpoints, namespaces: {{names: [shop-dev]}}}}], \
         relabelings: [{{sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}}, {rule}]}}"
    );
    assert_eq!(accepted(&scrape_config(&spec)), expected);
}

/// A label that no rule mentions by its name is rewritten before it is mapped.
#[rstest]
#[case::by_a_labelmap("{action: labelmap, regex: m, replacement: l}")]
#[case::by_a_template(
    "{sourceLabels: [m], regex: '(l)', targetLabel: '${1}', replacement: shop-prod}"
)]
fn a_label_that_is_rewritten_is_not_known(#[case] rewrite: &str) {
    let rules = format!(
        "{{action: keep, sourceLabels: [namespace], regex: '.*-dev'}}, {{targetLabel: tmp, replacement: ''}}, \
         {{action: labelmap, regex: l, replacement: tmp}}, {{action: keep, sourceLabels: [tmp], regex: '.*-dev'}}, \
         {rewrite}, {{action: labelmap, regex: l, replacement: namespace}}"
    );
    let endpoint = format!("{{honorLabels: true, metricRelabelings: [{rules}]}}");
    assert!(!accepted(&monitor("{}", &endpoint)));
}

/// A union of globs whose table is much work is not cut short.
#[rstest]
fn a_glob_of_many_stars_is_what_it_says(#[values(10, 800, 1000, 1900)] stars: usize) {
    let regex = format!("dev|{}q-prod", ".*".repeat(stars));
    let rule = format!("{{action: keep, sourceLabels: [namespace], regex: '{regex}'}}");
    let endpoint = format!("{{honorLabels: true, metricRelabelings: [{rule}]}}");
    assert!(!accepted(&monitor("{}", &endpoint)));
}

/// The blackbox exporter, with many targets.
#[rstest]
fn many_targets_are_probed(#[values(10, 64, 65, 100, 500)] count: usize) {
    let targets: Vec<String> = (0..count)
        .map(|index| format!("https://shop-{index}.example.com"))
        .collect();
    let spec = json!({
        "metricsPath": "/probe",
        "staticConfigs": [{"targets": targets, "labels": {"namespace": "shop-dev"}}],
        "relabelings": [
            {"sourceLabels": ["__address__"], "targetLabel": "__param_target"},
            {"sourceLabels": ["__param_target"], "targetLabel": "instance"},
            {"targetLabel": "__address__", "replacement": "blackbox.shop-dev.svc:9115"},
        ],
    });
    assert!(accepted(&scrape_config(&spec.to_string())));
}

/// A Thanos ruler has versions of its own.
#[test]
fn the_version_of_a_ruler() {
    let selector = "ruleSelector: {matchLabels: {release: monitoring-dev}}";
    let mut ruler = object(
        "ThanosRuler",
        "v1",
        &format!("{{{selector}, version: v0.37.2}}"),
    );
    ruler["metadata"]["namespace"] = json!("monitoring-dev");
    ruler["spec"]["storage"] = json!({"emptyDir": {}});
    assert!(accepted(&ruler));
}

/// A mount beside the places that matter.
#[rstest]
#[case("volumeMounts: [{name: a, mountPath: /etc/prometheus/secrets/a}]")]
#[case("volumeMounts: [{name: a, mountPath: /etc/prometheus/configurations}]")]
fn a_mount_of_ones_own(#[case] spec: &str) {
    let answer = create(&prometheus(spec), &Value::Null);
    assert!(
        answer.accepted && answer.warnings.is_empty(),
        "{:?}",
        answer.warnings
    );
}

/// What a label holds that text of the object, or its name, is the value of: nobody else's business.
mod text_of_the_object_in_a_label {
    use super::*;

    #[rstest]
    #[case::a_parameter_as_address(
        "{sourceLabels: [__param_target], targetLabel: __address__}",
        false
    )]
    #[case::a_parameter_as_scheme("{sourceLabels: [__param_s], targetLabel: __scheme__}", false)]
    #[case::a_parameter_as_path(
        "{sourceLabels: [__param_p], targetLabel: __metrics_path__}",
        false
    )]
    #[case::a_name_as_address(
        "{sourceLabels: [__tmp_prometheus_job_name], regex: '.*/(.*)/0', targetLabel: __address__}",
        false
    )]
    #[case::what_a_class_may_write("{sourceLabels: [foo], targetLabel: __address__}", false)]
    #[case::a_mapped_parameter(
        "{action: labelmap, regex: __param_address, replacement: __address__}",
        false
    )]
    #[case::a_label_that_a_parameter_narrows(
        "{action: keep, sourceLabels: [__param_m, __meta_kubernetes_pod_label_a], regex: 'x;exporter[.]shop-prod[.]svc|y;foo'}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_label_that_equals_a_parameter(
        "{action: lowercase, sourceLabels: [__param_m], targetLabel: __tmp_a}, \
         {action: keepequal, sourceLabels: [__tmp_a], targetLabel: __meta_kubernetes_pod_label_a}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_label_with_the_hash_of_a_parameter(
        "{action: hashmod, sourceLabels: [__param_m], targetLabel: __tmp_a, modulus: 1000000000}, \
         {action: hashmod, sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __tmp_b, modulus: 1000000000}, \
         {action: keepequal, sourceLabels: [__tmp_a], targetLabel: __tmp_b}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_choice_that_is_not_followed(
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_label_a], regex: 'exporter[.]shop-prod[.]svc|a\\b\\bb'}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_choice_that_no_name_has(
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_label_a], regex: 'exporter[.]shop-prod[.]svc|!'}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_choice_that_is_too_long(
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_label_a], regex: 'exporter[.]shop-prod[.]svc|a{64}'}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::a_choice(
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_label_a], regex: 'exporter[.]shop-prod[.]svc|foo'}, \
         {sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        true
    )]
    #[case::an_annotation(
        "{sourceLabels: [__meta_kubernetes_pod_annotation_address], targetLabel: __address__}",
        true
    )]
    #[case::the_address(
        "{sourceLabels: [__address__], regex: '(.*):.*', replacement: '$1:81', targetLabel: __address__}",
        true
    )]
    fn of_a_monitor(#[case] rules: &str, #[case] expected: bool) {
        assert_eq!(accepted(&monitor_with(rules)), expected);
    }

    /// By a relabel config, the dots of the value are any characters: the label has a choice.
    #[rstest]
    #[case::chosen("RoleSelector", false)]
    #[case::filtered("RelabelConfig", true)]
    fn of_a_selector(#[case] mechanism: &str, #[case] expected: bool) {
        let rule = "{sourceLabels: [__meta_kubernetes_service_label_a], targetLabel: __address__}";
        let mut monitor = monitor_with(rule);
        monitor["spec"]["selectorMechanism"] = json!(mechanism);
        monitor["spec"]["selector"] = json!({"matchLabels": {"a": "x.shop-prod.svc"}});
        assert_eq!(accepted(&monitor), expected);
    }

    const NAMED: &str = "{targetLabel: namespace, replacement: shop-dev}";

    #[rstest]
    #[case::a_name_that_is_looked_up(
        "dnsSDConfigs: [{names: [x.shop-prod.svc-evil.com]}]",
        "{sourceLabels: [__meta_dns_name], regex: '(.*)-evil.com', targetLabel: __address__}",
        false
    )]
    #[case::a_query(
        "puppetDBSDConfigs: [{query: x}]",
        "{sourceLabels: [__meta_puppetdb_query], targetLabel: __address__}",
        false
    )]
    #[case::an_address_of_a_machine(
        "ec2SDConfigs: [{}]",
        "{sourceLabels: [__meta_ec2_private_ip], regex: '(.*)', replacement: '$1:9100', targetLabel: __address__}",
        true
    )]
    #[case::the_address_of_a_service(
        "consulSDConfigs: [{server: a}]",
        "{sourceLabels: [__meta_consul_service_address, __meta_consul_service_port], separator: ':', targetLabel: __address__}",
        true
    )]
    #[case::the_job(
        "dnsSDConfigs: [{names: [a.example.com]}]",
        "{sourceLabels: [job], regex: '.*/(.*)', targetLabel: __address__}",
        false
    )]
    #[case::the_path_of_a_node(
        "kubernetesSDConfigs: [{role: Node}]",
        "{sourceLabels: [__metrics_path__], regex: '/x(.*)/y', targetLabel: __metrics_path__}",
        false
    )]
    #[case::a_path_that_names_no_host_as_address(
        "kubernetesSDConfigs: [{role: Node}]",
        "{sourceLabels: [__metrics_path__], targetLabel: __address__}",
        true
    )]
    #[case::a_label_that_a_selector_fixes(
        "kubernetesSDConfigs: [{role: Pod, namespaces: {names: [shop-dev]}, selectors: [{role: Pod, label: 'a=exporter.shop-prod.svc'}]}]",
        "{sourceLabels: [__meta_kubernetes_pod_label_a], targetLabel: __address__}",
        false
    )]
    #[case::the_host_of_containers(
        "dockerSDConfigs: [{host: a, hostNetworkingHost: 'x.shop-prod.svc:80'}]",
        "{targetLabel: a, replacement: b}",
        false
    )]
    #[case::a_part_of_the_host_of_containers(
        "dockerSDConfigs: [{host: a, hostNetworkingHost: 'x.shop-prod.svcZ'}]",
        "{sourceLabels: [__address__], regex: '(.*)Z', targetLabel: __address__}",
        false
    )]
    #[case::containers(
        "dockerSDConfigs: [{host: a, hostNetworkingHost: localhost}]",
        "{targetLabel: a, replacement: b}",
        true
    )]
    fn of_a_scrape_config(#[case] discovery: &str, #[case] rule: &str, #[case] expected: bool) {
        let path = "metricsPath: /x/metrics/cadvisor/y";
        let object = scrape_config(&format!(
            "{{{discovery}, {path}, relabelings: [{NAMED}, {rule}]}}"
        ));
        assert_eq!(accepted(&object), expected);
    }

    #[rstest]
    #[case("x.shop-prod.svc:80", false)]
    #[case("x.shop-dev.svc:80", true)]
    fn a_path_as_address(#[case] path: &str, #[case] expected: bool) {
        let rule = "{sourceLabels: [__metrics_path__], targetLabel: __address__}";
        let object = scrape_config(&format!(
            "{{kubernetesSDConfigs: [{{role: Node}}], metricsPath: '{path}', relabelings: [{NAMED}, {rule}]}}"
        ));
        assert_eq!(accepted(&object), expected);
    }

    /// Of many addresses, all that is known is that it is one of them.
    #[rstest]
    #[case::few(1)]
    #[case::many(700)]
    fn one_of_static_addresses(#[case] count: usize) {
        let more: Vec<String> = (1..count).map(|index| format!("a{index}Z")).collect();
        let mut object = scrape_config(
            "{staticConfigs: [{labels: {namespace: shop-dev}}], relabelings: [\
             {sourceLabels: [__address__], regex: '(.*)Z', targetLabel: __address__}]}",
        );
        let targets = std::iter::once("x.shop-prod.svcZ".to_owned()).chain(more);
        object["spec"]["staticConfigs"][0]["targets"] = targets.collect::<Vec<_>>().into();
        assert!(!accepted(&object));
    }

    /// A path that is too long to be followed.
    #[rstest]
    #[case::followed(1000)]
    #[case::too_long(2000)]
    fn a_part_of_the_path(#[case] length: usize) {
        let path = format!("/metrics/cadvisor/{}", "Z".repeat(length));
        let rule =
            "{sourceLabels: [__metrics_path__], regex: '(.*)/Z+', targetLabel: __metrics_path__}";
        let monitor = monitor(
            "{}",
            &format!("{{path: {path}, relabelings: [{KEEP}, {rule}]}}"),
        );
        assert!(!accepted(&monitor));
    }
}

/// Prometheus escapes a `?` or a `#` in a path, so that it ends nothing.
#[rstest]
#[case("/a?/../federate", false)]
#[case("/a#/../federate", false)]
#[case("/x?/federate", false)]
#[case("/federate?match[]=x", false)]
#[case("/metrics?x=/federated", true)]
fn a_question_mark_in_a_path(#[case] path: &str, #[case] expected: bool) {
    let monitor = monitor("{}", &format!("{{path: '{path}', relabelings: [{KEEP}]}}"));
    assert_eq!(accepted(&monitor), expected);
}

/// The operator's filter by the port leaves only this text of the label.
#[test]
fn a_port_as_the_path() {
    let rule =
        "{sourceLabels: [__meta_kubernetes_endpoint_port_name], targetLabel: __metrics_path__}";
    let monitor = monitor(
        "{}",
        &format!("{{port: federate, relabelings: [{KEEP}, {rule}]}}"),
    );
    assert!(!accepted(&monitor));
}

/// A selector that only rules something out selects kube-state-metrics, as an empty one does.
#[rstest]
#[case::nothing("{}", false)]
#[case::not_one(
    "{matchExpressions: [{key: foo, operator: NotIn, values: [bar]}]}",
    false
)]
#[case::not_there("{matchExpressions: [{key: foo, operator: DoesNotExist}]}", false)]
#[case::not_it(
    "{matchExpressions: [{key: app.kubernetes.io/name, operator: DoesNotExist}, \
     {key: k8s-app, operator: DoesNotExist}, {key: app, operator: DoesNotExist}]}",
    true
)]
#[case::another_label("{matchExpressions: [{key: team, operator: Exists}]}", true)]
fn selectors_that_only_exclude(#[case] selector: &str, #[case] expected: bool) {
    let mut monitor = monitor_with("{targetLabel: a, replacement: b}");
    monitor["spec"]["selector"] = yaml(selector);
    assert_eq!(accepted(&monitor), expected);
}
