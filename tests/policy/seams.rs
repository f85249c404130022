//! Where two parts meet: objects, programs, versions, and what is too large. Each case was admitted once
//! though it leaks, or is a neighbour of one that was.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, monitor, proven, yaml};

const KEEP: &str = "{action: keep, sourceLabels: [namespace], regex: 'dev|.*-dev|kube-system'}";

/// Where an object is rejected in mode `proven`; nowhere, if it is accepted.
fn fields(object: &Value) -> Vec<String> {
    let answer = create(object, &proven());
    let violations = answer.violations().expect("the annotation");
    assert_eq!(answer.accepted, violations.is_empty());
    violations.into_iter().map(|one| one.field).collect()
}

fn rejected(object: &Value) -> bool {
    !fields(object).is_empty()
}

/// An object in `monitoring-dev` with the release of its environment.
fn object(kind: &str, spec: &str) -> Value {
    let version = match kind {
        "ScrapeConfig" | "PrometheusAgent" => "v1alpha1",
        _ => "v1",
    };
    yaml(&format!(
        "{{apiVersion: monitoring.coreos.com/{version}, kind: {kind}, metadata: {{name: x, \
         namespace: monitoring-dev, labels: {{release: monitoring-dev}}}}, spec: {spec}}}"
    ))
}

/// A `Prometheus` that selects what is its environment's.
fn prometheus(spec: &str) -> Value {
    let selector = "serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}";
    object("Prometheus", &format!("{{{selector}, {spec}}}"))
}

mod what_is_written_is_not_what_is_read {
    use super::*;

    const TEXTS: [&str; 2] = ["null", "~"];

    /// Each place at which the operator writes a user's text as a regex, with the field.
    #[rstest]
    #[case::metric_relabeling(
        "ServiceMonitor",
        "{endpoints: [{metricRelabelings: [KEEP, {action: drop, sourceLabels: [env], regex: TEXT}]}]}",
        "spec.endpoints[0].metricRelabelings[1]"
    )]
    #[case::relabeling(
        "ServiceMonitor",
        "{endpoints: [{relabelings: [{action: drop, sourceLabels: [env], regex: TEXT}]}]}",
        "spec.endpoints[0].relabelings[0]"
    )]
    #[case::port(
        "ServiceMonitor",
        "{endpoints: [{port: TEXT}]}",
        "spec.endpoints[0].port"
    )]
    #[case::target_port(
        "ServiceMonitor",
        "{endpoints: [{targetPort: TEXT}]}",
        "spec.endpoints[0].targetPort"
    )]
    #[case::second_endpoint(
        "ServiceMonitor",
        "{endpoints: [{port: web}, {port: TEXT}]}",
        "spec.endpoints[1].port"
    )]
    #[case::port_of_a_pod(
        "PodMonitor",
        "{podMetricsEndpoints: [{port: TEXT}]}",
        "spec.podMetricsEndpoints[0].port"
    )]
    #[case::target_port_of_a_pod(
        "PodMonitor",
        "{podMetricsEndpoints: [{targetPort: TEXT}]}",
        "spec.podMetricsEndpoints[0].targetPort"
    )]
    #[case::probe(
        "Probe",
        "{targets: {staticConfig: {static: [a], relabelingConfigs: [{action: drop, sourceLabels: [x], regex: TEXT}]}}}",
        "spec.targets.staticConfig.relabelingConfigs[0]"
    )]
    #[case::samples_of_a_probe(
        "Probe",
        "{targets: {staticConfig: {static: [a]}}, metricRelabelings: [{action: labeldrop, regex: TEXT}]}",
        "spec.metricRelabelings[0]"
    )]
    #[case::scrape_config(
        "ScrapeConfig",
        "{staticConfigs: [{targets: [a], labels: {namespace: shop-dev}}], relabelings: [{sourceLabels: [x], targetLabel: z, regex: TEXT}]}",
        "spec.relabelings[0]"
    )]
    #[case::scrape_class(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, scrapeClasses: [{name: a, relabelings: [{action: keep, sourceLabels: [x], regex: TEXT}]}]}",
        "spec.scrapeClasses[0].relabelings[0].regex"
    )]
    #[case::samples_of_a_scrape_class(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, scrapeClasses: [{name: a, metricRelabelings: [{action: keep, sourceLabels: [x], regex: TEXT}]}]}",
        "spec.scrapeClasses[0].metricRelabelings[0].regex"
    )]
    #[case::remote_write(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, remoteWrite: [{url: 'http://a', writeRelabelConfigs: [{action: drop, sourceLabels: [x], regex: TEXT}]}]}",
        "spec.remoteWrite[0].writeRelabelConfigs[0].regex"
    )]
    #[case::alertmanager(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, alerting: {alertmanagers: [{name: TEXT, port: web}]}}",
        "spec.alerting.alertmanagers[0].name"
    )]
    #[case::port_of_an_alertmanager(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, alerting: {alertmanagers: [{name: a, port: TEXT}]}}",
        "spec.alerting.alertmanagers[0].port"
    )]
    #[case::alerts(
        "Prometheus",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, alerting: {alertmanagers: [{name: a, port: web, alertRelabelings: [{action: drop, sourceLabels: [x], regex: TEXT}]}]}}",
        "spec.alerting.alertmanagers[0].alertRelabelings[0].regex"
    )]
    #[case::replica_label(
        "PrometheusAgent",
        "{serviceMonitorSelector: {matchLabels: {release: monitoring-dev}}, replicaExternalLabelName: TEXT}",
        "spec.replicaExternalLabelName"
    )]
    fn a_regex_that_is_null(#[case] kind: &str, #[case] spec: &str, #[case] field: &str) {
        let of = |text: &str| {
            let mut object = object(kind, &spec.replace("KEEP", KEEP).replace("TEXT", text));
            if kind.ends_with("Monitor") {
                object["spec"]["selector"]["matchLabels"] = json!({"app": "shop"});
            }
            object
        };
        for text in TEXTS {
            assert_eq!(fields(&of(&format!("'{text}'"))), [field], "{text}");
        }
        assert_eq!(fields(&of("'(null)'")), [""; 0]);
        assert_eq!(fields(&of("'nulls'")), [""; 0]);
    }
}

mod what_prometheus_refuses_as_a_whole {
    use super::*;

    #[rstest]
    #[case(
        "ServiceMonitor",
        "{endpoints: [{relabelings: [{action: drop, sourceLabels: [''], regex: a}]}]}",
        "spec.endpoints[0].relabelings[0]"
    )]
    #[case(
        "ServiceMonitor",
        "{endpoints: [{}], targetLabels: [a, '']}",
        "spec.targetLabels[1]"
    )]
    #[case(
        "ServiceMonitor",
        "{endpoints: [{}], podTargetLabels: ['']}",
        "spec.podTargetLabels[0]"
    )]
    #[case(
        "ServiceMonitor",
        "{endpoints: [{port: '('}]}",
        "spec.endpoints[0].port"
    )]
    #[case(
        "ServiceMonitor",
        "{endpoints: [{relabelings: [{action: keepequal, sourceLabels: [a], targetLabel: b, regex: '(.*)'}]}]}",
        "spec.endpoints[0].relabelings[0]"
    )]
    #[case(
        "Probe",
        "{targets: {staticConfig: {static: [a], labels: {'<<': a}}}}",
        "spec.targets.staticConfig.labels"
    )]
    #[case(
        "ScrapeConfig",
        "{staticConfigs: [{targets: [a], labels: {'<<': a, namespace: shop-dev}}]}",
        "spec.staticConfigs[0].labels"
    )]
    #[case(
        "Probe",
        "{targets: {ingress: {selector: {matchLabels: {a: '('}}}}}",
        "spec.targets.ingress.selector.matchLabels.a"
    )]
    fn its_configuration(#[case] kind: &str, #[case] spec: &str, #[case] field: &str) {
        let mut object = object(kind, spec);
        if kind.ends_with("Monitor") {
            object["spec"]["selector"]["matchLabels"] = json!({"app": "shop"});
        }
        assert_eq!(fields(&object), [field]);
        let message = create(&object, &proven()).message.expect("a message");
        assert!(
            message.contains("refuse its whole configuration"),
            "{message}"
        );
    }
}

mod what_is_too_large_is_not_no {
    use super::*;

    #[test]
    fn labels_of_thousands_of_letters_may_be_equal() {
        let long = "a".repeat(1000);
        let rules = format!(
            "{{targetLabel: a, replacement: {long}}}, {{targetLabel: b, replacement: {long}}}, \
             {{targetLabel: c, replacement: {long}}}, \
             {{action: keepequal, sourceLabels: [a, b, c, d], targetLabel: e}}"
        );
        let object = monitor(
            "{}",
            &format!("{{honorLabels: true, metricRelabelings: [{rules}]}}"),
        );
        assert!(rejected(&object));
    }

    /// A namespace in capitals is cut before a capital.
    #[test]
    fn a_converted_namespace_is_cut() {
        let rules = "{action: uppercase, sourceLabels: [__meta_kubernetes_namespace], targetLabel: tmp}, \
                     {sourceLabels: [tmp], regex: '(.+)A()(.*)', targetLabel: namespace, replacement: 'shop-prod$2'}";
        let object = monitor(
            "{matchNames: [shop-dev, data-dev]}",
            &format!("{{relabelings: [{rules}]}}"),
        );
        assert!(rejected(&object));
    }

    #[rstest]
    fn a_label_may_have_a_name_of_any_length(#[values(1999, 2000, 2001, 2100)] length: usize) {
        let name = "x".repeat(length);
        let rules = format!(
            "{KEEP}, {{sourceLabels: [pod], targetLabel: '${{1}}', regex: '(x*)', replacement: shop-prod}}, \
             {{sourceLabels: [{name}], regex: (.+), targetLabel: namespace}}"
        );
        let object = monitor(
            "{}",
            &format!("{{honorLabels: true, metricRelabelings: [{rules}]}}"),
        );
        assert!(rejected(&object));
    }
}

mod what_one_object_assumes_another_must_grant {
    use super::*;

    #[rstest]
    #[case::endpoint("{targetLabel: endpoint, replacement: x}", false)]
    #[case::pod(
        "{sourceLabels: [__meta_kubernetes_pod_label_pod], targetLabel: pod}",
        false
    )]
    #[case::job("{action: lowercase, sourceLabels: [job], targetLabel: job}", false)]
    #[case::node(
        "{sourceLabels: [__meta_kubernetes_pod_node_name], targetLabel: node}",
        false
    )]
    #[case::pod_name_of_discovery(
        "{targetLabel: __meta_kubernetes_pod_name, replacement: x}",
        false
    )]
    #[case::labels_of_discovery("{action: labeldrop, regex: '__meta_kubernetes_pod_.*'}", false)]
    #[case::address("{targetLabel: __address__, replacement: 'x:80'}", false)]
    #[case::path("{targetLabel: __metrics_path__, replacement: /federate}", false)]
    #[case::all_labels("{action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)'}", false)]
    #[case::named_by_a_value("{sourceLabels: [x], targetLabel: '$1'}", false)]
    #[case::one_of_its_own("{targetLabel: cluster, replacement: a}", true)]
    #[case::temporary("{targetLabel: __tmp_x, replacement: a}", true)]
    #[case::with_a_prefix(
        "{action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)', replacement: 'pod_$1'}",
        true
    )]
    #[case::a_filter("{action: drop, sourceLabels: [pod], regex: x}", true)]
    #[case::another_label_dropped("{action: labeldrop, regex: team}", true)]
    fn a_scrape_class_leaves_what_is_relied_on(#[case] rule: &str, #[case] accepted: bool) {
        let spec = format!("scrapeClasses: [{{name: a, default: true, relabelings: [{rule}]}}]");
        assert_eq!(!rejected(&prometheus(&spec)), accepted);
    }

    #[rstest]
    #[case::pod("[team, pod, pod]", &["spec.podTargetLabels"])]
    #[case::sanitized("[exported-namespace]", &["spec.podTargetLabels"])]
    #[case::others("[team, app.kubernetes.io/name]", &[])]
    fn pod_target_labels_leave_it(#[case] labels: &str, #[case] expected: &[&str]) {
        assert_eq!(
            fields(&prometheus(&format!("podTargetLabels: {labels}"))),
            expected
        );
    }

    #[rstest]
    #[case("exported_namespace", false)]
    #[case("pod", false)]
    #[case("__meta_kubernetes_namespace", false)]
    #[case("namespace", true)]
    #[case("$(LABEL)", false)]
    #[case("tenant", true)]
    fn an_enforced_label_leaves_it(#[case] label: &str, #[case] accepted: bool) {
        assert_eq!(
            !rejected(&prometheus(&format!("enforcedNamespaceLabel: {label}"))),
            accepted
        );
    }

    /// What a Prometheus may write is not relied on: `team`, which the operator copies.
    #[test]
    fn what_is_not_on_the_list_is_not_relied_on() {
        let rules = "{action: dropequal, sourceLabels: [team], targetLabel: __meta_kubernetes_pod_label_team}, \
                     {action: keep, sourceLabels: [__meta_kubernetes_pod_label_team], regex: .+}";
        let mut object = monitor("{any: true}", &format!("{{relabelings: [{rules}]}}"));
        object["spec"]["podTargetLabels"] = json!(["team"]);
        assert!(rejected(&object));
    }

    #[test]
    fn a_static_label_is_not_relied_on_either() {
        let spec = "{staticConfigs: [{targets: ['10.0.0.1:80'], labels: {namespace: shop-dev, team: a}}], \
                    relabelings: [{sourceLabels: [team], regex: 'b', targetLabel: namespace, replacement: shop-prod}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
        let relied_on = spec.replace("team", "job");
        assert!(!rejected(&object("ScrapeConfig", &relied_on)));
    }

    /// `ignoreNamespaceSelectors` discovers in the object's own namespace.
    #[test]
    fn a_selector_may_be_ignored() {
        let rule = "{sourceLabels: [__meta_kubernetes_namespace], regex: shop-dev, targetLabel: namespace, replacement: shop-prod}";
        let endpoint = format!("{{relabelings: [{rule}]}}");
        assert!(rejected(&monitor("{matchNames: [api-dev]}", &endpoint)));
        assert!(!rejected(&monitor("{matchNames: [api-dev]}", "{}")));
    }

    /// `enforcedNamespaceLabel: namespace` gives a target of another namespace the object's own.
    #[test]
    fn a_filter_by_the_namespace_may_see_another_one() {
        let drop = "{action: drop, sourceLabels: [namespace], regex: api-dev}";
        let endpoint = format!("{{path: /federate, metricRelabelings: [{drop}]}}");
        assert!(rejected(&monitor("{matchNames: [api-dev]}", &endpoint)));
    }
}

mod what_is_compared_as_text_is_routed_as_something_else {
    use super::*;

    #[rstest]
    fn a_path_of_an_exporter_that_reports_on_all(
        #[values(
            "/federate",
            "/federate/",
            "/FEDERATE",
            "//federate",
            "/prom/federate",
            "/metrics//cadvisor",
            "/metrics/./cadvisor",
            "/metrics/x/../cadvisor",
            "/api/v1/nodes/n/proxy/metrics/cadvisor",
            "federate",
            "/federate?a=b",
            "$(PATH)"
        )]
        path: &str,
    ) {
        assert!(rejected(&monitor("{}", &format!("{{path: '{path}'}}"))));
    }

    #[rstest]
    fn another_path(#[values("/metrics", "/federated", "/cadvisor", "/federate/x")] path: &str) {
        assert!(!rejected(&monitor("{}", &format!("{{path: '{path}'}}"))));
    }

    const PATH: &str = "targetLabel: __metrics_path__";

    #[rstest]
    #[case::constant(format!("{{{PATH}, replacement: /federate}}"), true)]
    #[case::constant_in_capitals(format!("{{{PATH}, replacement: /Federate/}}"), true)]
    #[case::end_of_a_template(format!("{{sourceLabels: [x], {PATH}, replacement: '$1/federate'}}"), true)]
    #[case::start_of_a_template(format!("{{sourceLabels: [x], {PATH}, replacement: '/fed$1'}}"), true)]
    #[case::taken_from_the_path(format!("{{sourceLabels: [__metrics_path__], regex: '(/m).*', {PATH}, replacement: '/federate'}}"), true)]
    #[case::written_in_two_steps(format!("{{targetLabel: __tmp_p, replacement: /federate}}, {{sourceLabels: [__tmp_p], {PATH}}}"), true)]
    #[case::mapped("{targetLabel: __tmp_p, replacement: /federate}, {action: labelmap, regex: __tmp_p, replacement: __metrics_path__}".to_owned(), true)]
    #[case::lower_case(format!("{{targetLabel: __tmp_p, replacement: /FEDERATE}}, {{action: lowercase, sourceLabels: [__tmp_p], {PATH}}}"), true)]
    #[case::by_a_regex_that_is_not_followed(format!("{{{PATH}, regex: '[]-a]*', replacement: /federate}}"), true)]
    #[case::too_long_to_be_followed(format!("{{{PATH}, replacement: {}/federate}}", "/".repeat(1016)), true)]
    #[case::by_a_group_that_is_not_followed(format!("{{targetLabel: tmp, replacement: /federate}}, {{sourceLabels: [tmp], regex: '(?:(.+))', {PATH}}}"), true)]
    #[case::up_by_a_capture(format!("{{sourceLabels: [x], regex: '(x/\\.\\.)', {PATH}, replacement: '/federate/$1'}}"), true)]
    #[case::parameter_by_a_capture(format!("{{sourceLabels: [x], regex: '(;v=1)', {PATH}, replacement: '/federate$1'}}"), true)]
    #[case::up(format!("{{sourceLabels: [x], {PATH}, replacement: '/federate/$1/..'}}"), true)]
    #[case::another_constant(format!("{{{PATH}, replacement: /stats}}"), false)]
    #[case::end_of_another(format!("{{sourceLabels: [x], {PATH}, replacement: '$1/stats'}}"), false)]
    fn a_path_that_a_rule_makes(#[case] rules: String, #[case] judged: bool) {
        let object = monitor("{}", &format!("{{relabelings: [{rules}]}}"));
        assert_eq!(rejected(&object), judged, "{rules}");
    }

    #[test]
    fn a_path_that_an_annotation_decides_gets_a_warning() {
        let rule = format!(
            "{{sourceLabels: [__meta_kubernetes_pod_annotation_prometheus_io_path], regex: (.+), {PATH}}}"
        );
        let answer = create(
            &monitor("{}", &format!("{{relabelings: [{rule}]}}")),
            &proven(),
        );
        assert!(answer.accepted, "{:?}", answer.message);
        assert!(
            answer
                .warnings
                .iter()
                .any(|warning| warning.contains("a label decides at which path"))
        );
    }

    #[test]
    fn a_static_label_may_be_the_path() {
        let spec = |path: &str| {
            format!(
                "{{staticConfigs: [{{targets: ['10.0.0.1:80'], labels: {{namespace: shop-dev, __metrics_path__: {path}}}}}]}}"
            )
        };
        assert!(rejected(&object("ScrapeConfig", &spec("/federate"))));
        assert!(rejected(&object("ScrapeConfig", &spec("$(X)"))));
        assert!(!rejected(&object("ScrapeConfig", &spec("/stats"))));
    }

    const HOSTS: [&str; 6] = [
        "kube-state-metrics.monitoring-prod.svc:8080",
        "kube-state-metrics.monitoring-prod.svc.cluster.local:8080",
        "KUBE-STATE-METRICS.MONITORING-PROD.SVC:8080",
        "kube-state-metrics.monitoring-prod:8080",
        "web-0.web.monitoring-prod.svc.cluster.local.:80",
        "x.cert-manager.svc:80",
    ];

    #[test]
    fn a_static_target_stands_in_its_namespace() {
        let spec = |host: &str| {
            format!(
                "{{staticConfigs: [{{targets: ['10.0.0.1:80', '{host}'], labels: {{namespace: monitoring-dev}}}}]}}"
            )
        };
        for host in HOSTS {
            let found = fields(&object("ScrapeConfig", &spec(host)));
            assert_eq!(found, ["spec.staticConfigs[0].targets[1]"], "{host}");
        }
        for host in [
            "x.shop-dev.svc:80",
            "prometheus.io:80",
            "localhost:9090",
            "x.kube-system.svc:80",
        ] {
            assert_eq!(
                fields(&object("ScrapeConfig", &spec(host))),
                [""; 0],
                "{host}"
            );
        }
        assert!(rejected(&object("ScrapeConfig", &spec("$(HOST):80"))));
    }

    /// A rule that may move an address may as well leave it.
    #[test]
    fn a_name_that_is_looked_up_though_a_rule_may_move_it() {
        let spec = "{dnsSDConfigs: [{names: [exporter.shop-prod.svc], type: A, port: 80}], relabelings: [\
                    {sourceLabels: [__address__], targetLabel: __address__}, \
                    {targetLabel: namespace, replacement: shop-dev}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
        let spec = "{staticConfigs: [{targets: ['$(X)', 'exporter.shop-prod.svc:80'], labels: {namespace: shop-dev}}], \
                    relabelings: [{sourceLabels: [__address__], targetLabel: __address__}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
    }

    /// However many there are, each is followed where a rule moves it.
    #[test]
    fn a_static_target_among_many_that_are_moved() {
        let targets = |last: &str| {
            let others = (0..65).map(|index| format!("a{index}.shop-dev.svc:80"));
            others
                .chain([format!("a.{last}.svc:80")])
                .collect::<Vec<_>>()
        };
        let mut config = object(
            "ScrapeConfig",
            "{staticConfigs: [{labels: {namespace: monitoring-dev}}], relabelings: [{sourceLabels: [__address__], \
             regex: '(.*):80', targetLabel: __address__, replacement: '$1:81'}]}",
        );
        config["spec"]["staticConfigs"][0]["targets"] = json!(targets("shop-dev"));
        assert!(
            !rejected(&config),
            "{:?}",
            create(&config, &proven()).message
        );
        config["spec"]["staticConfigs"][0]["targets"] = json!(targets("shop-prod"));
        assert!(rejected(&config));
    }

    #[test]
    fn a_discovery_may_give_a_path() {
        let spec = "{kumaSDConfigs: [{server: 'http://x:80'}], relabelings: [\
                    {targetLabel: namespace, replacement: shop-dev}, \
                    {sourceLabels: [__metrics_path__], regex: '/metrics/(.+)', targetLabel: namespace}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
    }

    /// `instance` is Prometheus' own for most targets. These discoveries give it, and may call a target anything.
    #[rstest]
    fn a_discovery_may_give_an_instance(
        #[values(
            "kubernetesSDConfigs: [{role: Node}]",
            "eurekaSDConfigs: [{server: 'http://x:80'}]",
            "kumaSDConfigs: [{server: 'http://x:80'}]",
            "ovhcloudSDConfigs: [{service: VPS}]"
        )]
        discovery: &str,
        #[values(
            "{sourceLabels: [instance], targetLabel: namespace}",
            "{action: labelmap, regex: (inst)ance, replacement: namespace}",
            "{sourceLabels: [instance], regex: (.+), targetLabel: namespace, replacement: shop-prod}"
        )]
        rule: &str,
    ) {
        let spec = format!(
            "{{{discovery}, relabelings: [{rule}], metricRelabelings: [\
             {{action: keep, sourceLabels: [namespace], regex: '(dev|.*-dev|kube-system)?'}}]}}"
        );
        assert!(rejected(&object("ScrapeConfig", &spec)), "{spec}");
    }

    /// A node has none of the labels that the operator writes for monitors.
    #[test]
    fn what_no_discovery_gives_is_absent() {
        let spec = "{kubernetesSDConfigs: [{role: Node}], relabelings: [\
                    {sourceLabels: [pod], regex: (.+), targetLabel: namespace, replacement: shop-prod}, \
                    {sourceLabels: [__metrics_path__], regex: /metrics, action: keep}]}";
        let answer = create(&object("ScrapeConfig", spec), &proven());
        let message = answer.message.unwrap_or_default();
        assert!(!message.contains("shop-prod"), "{message}");
    }

    /// `discovery/xds/kuma.go` in Prometheus.
    #[test]
    fn a_discovery_may_give_a_scheme() {
        let spec = "{kumaSDConfigs: [{server: 'http://x:80'}], relabelings: [\
                    {sourceLabels: [__scheme__], regex: 'https?', action: drop}, \
                    {sourceLabels: [__scheme__], targetLabel: namespace}], metricRelabelings: [\
                    {action: keep, sourceLabels: [namespace], regex: '(dev|.*-dev|kube-system)?'}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
    }

    /// The rules of everybody's annotations: a labelmap to parameters writes no name of discovery.
    #[test]
    fn a_labelmap_to_other_names_writes_no_meta_label() {
        let object = monitor(
            "{}",
            "{relabelings: [\
             {action: labelmap, regex: __meta_kubernetes_pod_annotation_prometheus_io_param_(.+), replacement: __param_$1}, \
             {action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}, \
             {action: labeldrop, regex: namespace}, \
             {sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}]}",
        );
        let answer = create(&object, &proven());
        assert!(answer.accepted, "{:?}", answer.message);
    }

    #[test]
    fn a_name_that_is_looked_up_stands_in_its_namespace() {
        let spec = "{dnsSDConfigs: [{names: [x.shop-dev.svc, x.shop-prod.svc], port: 80, type: A}], \
                    relabelings: [{targetLabel: namespace, replacement: shop-dev}], \
                    metricRelabelings: [KEEP]}";
        let found = fields(&object("ScrapeConfig", &spec.replace("KEEP", KEEP)));
        assert_eq!(found, ["spec.dnsSDConfigs[0].names[1]"]);
    }

    #[test]
    fn a_prober_stands_in_its_namespace_and_what_it_probes_is_warned_of() {
        let spec = |prober: &str, probed: &str| {
            format!(
                "{{prober: {{url: '{prober}'}}, targets: {{staticConfig: {{static: ['{probed}']}}}}}}"
            )
        };
        let answer = create(
            &object("Probe", &spec("blackbox.shop-prod.svc:9115", "a")),
            &proven(),
        );
        assert!(!answer.accepted);
        let probed = create(
            &object("Probe", &spec("blackbox:9115", "web.shop-prod.svc")),
            &proven(),
        );
        assert!(probed.accepted, "{:?}", probed.message);
        assert!(
            probed
                .warnings
                .iter()
                .any(|warning| warning.contains("is probed"))
        );
    }

    #[test]
    fn a_target_that_stays_though_others_are_moved_is_told_once() {
        let spec = "{staticConfigs: [{targets: [web.shop-prod.svc]}], relabelings: [\
                    {sourceLabels: [x], regex: a, targetLabel: __address__, replacement: 'blackbox:9115'}]}";
        let answer = create(&object("ScrapeConfig", spec), &proven());
        assert!(!answer.accepted);
        let told = answer.warnings.iter().filter(|it| it.contains("shop-prod"));
        assert_eq!(told.count(), 0, "{:?}", answer.warnings);
    }

    /// What everybody does with the blackbox exporter: the targets become a parameter.
    #[test]
    fn targets_that_a_rule_makes_a_parameter_are_probed() {
        let spec = |prober: &str| {
            format!(
                "{{staticConfigs: [{{targets: [web.shop-prod.svc], labels: {{namespace: shop-dev}}}}], relabelings: [\
             {{sourceLabels: [__address__], targetLabel: __param_target}}, \
             {{targetLabel: __address__, replacement: '{prober}'}}]}}"
            )
        };
        let found = create(&object("ScrapeConfig", &spec("blackbox:9115")), &proven());
        assert!(found.accepted, "{:?}", found.message);
        assert!(
            found
                .warnings
                .iter()
                .any(|warning| warning.contains("is probed"))
        );
        assert!(rejected(&object(
            "ScrapeConfig",
            &spec("blackbox.shop-prod.svc:9115")
        )));
    }

    #[rstest]
    #[case::constant(
        "{targetLabel: __address__, replacement: 'prometheus.monitoring-prod.svc:9090'}",
        true
    )]
    #[case::as_good_as_constant(
        "{sourceLabels: [x], targetLabel: __address__, regex: '(.*)', replacement: 'prometheus.monitoring-prod.svc:9090$1'}",
        true
    )]
    #[case::service_from_a_label(
        "{sourceLabels: [x], targetLabel: __address__, replacement: '$1.monitoring-prod.svc:9090'}",
        true
    )]
    #[case::namespace_from_a_label(
        "{sourceLabels: [x], targetLabel: __address__, replacement: 'prometheus.$1.svc:9090'}",
        true
    )]
    #[case::part_of_the_namespace_from_a_label(
        "{sourceLabels: [x], targetLabel: __address__, replacement: 'prometheus.$1-prod.svc:9090'}",
        true
    )]
    #[case::by_a_regex_that_is_not_followed(
        "{targetLabel: __address__, regex: '[]-a]*', replacement: 'exporter.shop-prod.svc:8080'}",
        true
    )]
    #[case::by_a_group_that_is_not_followed(
        "{targetLabel: tmp, replacement: 'exporter.shop-prod.svc:8080'}, {sourceLabels: [tmp], regex: '(?:(.+))', targetLabel: __address__}",
        true
    )]
    #[case::of_captured_dots(
        "{sourceLabels: [__address__], regex: '[^.]*(\\.).*', targetLabel: __address__, replacement: 'exporter${1}shop-prod${1}svc:8080'}",
        true
    )]
    #[case::with_a_port_that_may_be_missing(
        "{sourceLabels: [__address__], regex: '.*?(:\\d+)?', targetLabel: __address__, replacement: 'ksm.shop-prod.svc$1'}",
        true
    )]
    #[case::bare_with_a_port(
        "{sourceLabels: [__address__], regex: '[^:]*(:\\d+)', targetLabel: __address__, replacement: 'ksm.shop-prod$1'}",
        true
    )]
    #[case::from_a_variable_of_the_reloader(
        "{sourceLabels: [x], targetLabel: __address__, replacement: 'x.$(X).svc'}",
        true
    )]
    #[case::in_two_steps(
        "{targetLabel: __tmp_a, replacement: 'prometheus.monitoring-prod.svc:9090'}, {sourceLabels: [__tmp_a], targetLabel: __address__}",
        true
    )]
    #[case::own_namespace(
        "{sourceLabels: [__meta_kubernetes_service_name, __meta_kubernetes_namespace], regex: '(.+);(.+)', targetLabel: __address__, replacement: '$1.$2.svc:9090'}",
        false
    )]
    #[case::another_port(
        "{sourceLabels: [__address__, __meta_kubernetes_pod_annotation_port], regex: '([^:]+)(?::\\d+)?;(\\d+)', \
         targetLabel: __address__, replacement: '$1:$2'}",
        false
    )]
    #[case::of_its_own(
        "{targetLabel: __address__, replacement: 'prometheus.shop-dev.svc:9090'}",
        false
    )]
    fn an_address_that_a_rule_makes(#[case] rules: &str, #[case] judged: bool) {
        let object = monitor("{}", &format!("{{relabelings: [{rules}]}}"));
        assert_eq!(
            rejected(&object),
            judged,
            "{:?}",
            create(&object, &proven()).message
        );
    }
}

mod exported_namespace_to_the_letter {
    use super::*;

    #[rstest]
    #[case("shop-prod")]
    #[case("shop-dev")]
    fn a_static_one_is_judged_and_what_had_to_make_room(#[case] namespace: &str) {
        let spec = format!(
            "{{metricsPath: /federate, staticConfigs: [{{targets: ['10.0.0.1:80'], \
             labels: {{namespace: shop-dev, exported_namespace: {namespace}}}}}]}}"
        );
        assert!(rejected(&object("ScrapeConfig", &spec)));
    }

    #[test]
    fn a_static_one_counts_though_the_exposed_is_confined() {
        let spec = |namespace: &str| {
            format!(
                "{{metricsPath: /federate, staticConfigs: [{{targets: ['10.0.0.1:80'], \
             labels: {{namespace: shop-dev, exported_namespace: {namespace}}}}}], \
             metricRelabelings: [{{action: keep, sourceLabels: [exported_exported_namespace], regex: '(.*-dev)?'}}]}}"
            )
        };
        let witness =
            |namespace| create(&object("ScrapeConfig", &spec(namespace)), &proven()).message;
        assert!(witness("shop-prod").expect("a leak").contains("shop-prod"));
    }

    const KEEP: &str = "{action: keep, sourceLabels: [exported_namespace], regex: '(?i).*-dev'}";

    /// What a config made of the target's label counts, also where nothing else is known of it.
    #[rstest]
    #[case::of_a_regex_that_is_not_followed(
        "{sourceLabels: [b], regex: '(a{1 ,3}|.*-dev)', targetLabel: exported_namespace}"
    )]
    #[case::written_over(
        "{sourceLabels: [b], targetLabel: exported_namespace}, \
         {sourceLabels: [b], regex: 'a{1 ,3}', targetLabel: exported_namespace, replacement: y}"
    )]
    #[case::converted_twice(
        "{action: lowercase, sourceLabels: [b], targetLabel: t}, \
         {action: uppercase, sourceLabels: [t], targetLabel: exported_namespace}"
    )]
    fn a_made_up_one_makes_the_exposed_one_move(#[case] rules: &str) {
        let endpoint = format!("{{relabelings: [{rules}], metricRelabelings: [{KEEP}]}}");
        assert!(rejected(&monitor("{}", &endpoint)));
    }

    #[test]
    fn one_that_is_too_long_to_be_followed_makes_the_exposed_one_move() {
        let rule = format!(
            "{{targetLabel: exported_namespace, replacement: {}-dev}}",
            "x".repeat(1100)
        );
        let endpoint =
            format!("{{path: /federate, relabelings: [{rule}], metricRelabelings: [{KEEP}]}}");
        assert!(rejected(&monitor("{}", &endpoint)));
    }

    #[test]
    fn a_discovery_may_give_what_a_config_writes_once_more() {
        let spec = format!(
            "{{httpSDConfigs: [{{url: 'http://sd.example.com'}}], relabelings: [\
             {{targetLabel: namespace, replacement: x-dev}}, \
             {{action: keep, sourceLabels: [exported_namespace], regex: x-dev}}, \
             {{targetLabel: exported_namespace, replacement: x-dev}}], metricRelabelings: [{KEEP}]}}"
        );
        assert!(rejected(&object("ScrapeConfig", &spec)));
    }

    /// What made room twice has a name, by which it can be filtered.
    #[rstest]
    #[case::dropped_wherever_it_lands(
        "{action: drop, sourceLabels: [exported_exported_namespace], regex: '(.|\\n)+'}",
        None
    )]
    #[case::none_lands_there(
        "{action: keep, sourceLabels: [exported_exported_namespace], regex: ''}",
        Some("prod")
    )]
    fn where_the_exposed_one_lands(#[case] rules: &str, #[case] witness: Option<&str>) {
        let endpoint = format!(
            "{{path: /federate, relabelings: [{{targetLabel: exported_namespace, replacement: x-dev}}], \
             metricRelabelings: [{rules}]}}"
        );
        let answer = create(&monitor("{}", &endpoint), &proven());
        let violations = answer.violations().unwrap_or_default();
        let found = violations.first().and_then(|it| it.witness.as_deref());
        assert_eq!((found, answer.accepted), (witness, witness.is_none()));
    }

    /// By what a list of metrics filters is no example of a target.
    #[test]
    fn an_example_of_a_target_has_no_labels_of_samples() {
        let rules = "{metricRelabelings: [{action: drop, sourceLabels: [__name__, le], regex: 'a_bucket;0.5'}, \
                      {action: drop, sourceLabels: [namespace], regex: x}]}";
        let answer = create(&monitor("{any: true}", rules), &proven());
        let message = answer.message.expect("a leak");
        assert!(
            message.contains("targets of namespace \"prod\""),
            "{message}"
        );
        assert!(!message.contains("for example"), "{message}");
    }

    /// Without a witness that cannot be.
    #[rstest]
    #[case::the_first_config_writes_over_what_the_second_one_maps(
        "{relabelings: [{action: labelmap, regex: namespace, replacement: a}, \
          {action: labelmap, regex: a, replacement: namespace}]}"
    )]
    #[case::the_first_config_maps_what_only_the_second_one_should(
        "{honorLabels: true, metricRelabelings: [{action: labelmap, regex: 'a_(.+)'}, \
          {action: keepequal, sourceLabels: [exported_namespace, instance], targetLabel: namespace}, \
          {action: labelmap, regex: 'a_(.+)'}]}"
    )]
    fn a_label_that_is_mapped_otherwise_is_no_witness(#[case] rules: &str) {
        let violations = create(&monitor("{}", rules), &proven()).violations();
        assert_eq!(violations.expect("the annotation")[0].witness, None);
    }

    /// The operator makes a regex of the value, and a meta label's name of the key.
    #[rstest]
    #[case("app.kubernetes.io/name", "kube.state.metrics", true)]
    #[case("app.kubernetes.io_name", "kube-state-metrics", true)]
    #[case("k8s.app", "kube-state-metrics", true)]
    #[case("app", "kube.state.metrics.x", false)]
    fn kube_state_metrics_as_the_operator_writes_it(
        #[case] key: &str,
        #[case] value: &str,
        #[case] judged: bool,
    ) {
        let mut object = monitor("{}", "{}");
        object["spec"]["selector"]["matchLabels"] = json!({key: value});
        assert_eq!(rejected(&object), judged);
    }

    #[rstest]
    fn kube_state_metrics_by_each_of_its_labels(
        #[values("app.kubernetes.io/name", "k8s-app", "app")] key: &str,
    ) {
        let mut object = monitor("{}", "{}");
        object["spec"]["selector"]["matchLabels"] = json!({key: "kube-state-metrics"});
        assert!(rejected(&object));
    }

    const TARGETS: &str = "{action: keep, sourceLabels: [__meta_kubernetes_namespace], regex: '(.*-dev|dev|kube-system)?'}";

    /// A discovery in Kubernetes selects nothing by itself, so that kube-state-metrics is among its targets.
    #[rstest]
    #[case::all("role: Endpoints", "", true)]
    #[case::all_pods("role: Pod", "", true)]
    #[case::annotated(
        "role: Pod",
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: 'true'}",
        true
    )]
    #[case::by_a_selector(
        "role: Pod, selectors: [{role: Pod, label: 'app.kubernetes.io/name in (kube-state-metrics, x)'}]",
        "",
        true
    )]
    #[case::by_a_rule(
        "role: Endpoints",
        "{action: keep, sourceLabels: [__meta_kubernetes_service_label_app_kubernetes_io_name], regex: 'kube-.*'}",
        true
    )]
    #[case::by_a_selector_of_another_role(
        "role: Endpoints, selectors: [{role: pod, label: 'app=shop'}]",
        "",
        true
    )]
    #[case::something_else_by_a_selector(
        "role: Pod, selectors: [{role: pod, label: 'app=shop'}]",
        "",
        false
    )]
    #[case::something_else_by_a_field(
        "role: Pod, selectors: [{role: pod, field: 'metadata.name=shop'}]",
        "",
        false
    )]
    #[case::something_else_by_a_rule(
        "role: Endpoints",
        "{action: keep, sourceLabels: [__meta_kubernetes_service_label_app], regex: shop}",
        false
    )]
    #[case::by_joined_labels(
        "role: Endpoints",
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_phase, __meta_kubernetes_service_name], regex: 'Running;.*'}",
        true
    )]
    #[case::something_else_by_joined_labels(
        "role: Endpoints",
        "{action: keep, sourceLabels: [__meta_kubernetes_namespace, __meta_kubernetes_service_name, __meta_kubernetes_endpoint_port_name], regex: 'shop-dev;shop;https'}",
        false
    )]
    #[case::by_a_name_that_a_rule_wrote(
        "role: Endpoints",
        "{targetLabel: __meta_kubernetes_service_name, replacement: x}, {action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: x}",
        true
    )]
    #[case::any_value(
        "role: Pod",
        "{action: keep, sourceLabels: [__meta_kubernetes_pod_label_tier], regex: '.*'}",
        true
    )]
    #[case::one_service(
        "role: Endpoints",
        "{action: keep, sourceLabels: [__meta_kubernetes_service_name], regex: shop}",
        false
    )]
    #[case::nodes("role: Node", "", false)]
    fn a_discovery_finds_kube_state_metrics_unless_it_selects_something_else(
        #[case] discovery: &str,
        #[case] rule: &str,
        #[case] expected: bool,
    ) {
        let spec = |honor: bool, samples: &str| {
            let comma = if rule.is_empty() { "" } else { ", " };
            format!(
                "{{honorLabels: {honor}, kubernetesSDConfigs: [{{{discovery}}}], relabelings: [{TARGETS}{comma}{rule}, \
                 {{sourceLabels: [__meta_kubernetes_namespace], targetLabel: namespace}}], \
                 metricRelabelings: [{samples}]}}"
            )
        };
        let keep = |label: &str| {
            format!("{{action: keep, sourceLabels: [{label}], regex: '(dev|.*-dev|kube-system)?'}}")
        };
        let bare = object("ScrapeConfig", &spec(false, &keep("namespace")));
        assert_eq!(rejected(&bare), expected, "{:?}", fields(&bare));
        let both = format!("{}, {}", keep("namespace"), keep("exported_namespace"));
        assert_eq!(
            fields(&object("ScrapeConfig", &spec(false, &both))),
            Vec::<String>::new()
        );
        // Nothing is moved then.
        assert_eq!(
            fields(&object("ScrapeConfig", &spec(true, &keep("namespace")))),
            Vec::<String>::new()
        );
    }
}

mod one_model_two_versions {
    use super::*;

    #[rstest]
    #[case("version: v3.9.0", false)]
    #[case("version: 3.9.0", false)]
    #[case("image: 'quay.io/prometheus/prometheus:v3.9.0-distroless'", false)]
    #[case("version: '3.9'", false)]
    #[case("version: v03.9.0", false)]
    #[case("tag: v3.9.0", false)]
    #[case("baseImage: 'prom/prometheus:v3.9.0'", false)]
    #[case("version: v3.9.1", true)]
    #[case("version: v3.13.9.0", true)]
    #[case("image: 'registry/13.9.0/prometheus:v3.9.01'", true)]
    fn a_version_that_filters_nothing(#[case] spec: &str, #[case] accepted: bool) {
        assert_eq!(!rejected(&prometheus(spec)), accepted);
    }

    /// Prometheus 2 adds a port to an address before it becomes the label `instance`.
    #[rstest]
    #[case::no_port("prometheus.io", true)]
    #[case::with_a_port("prometheus.io:8080", false)]
    fn a_label_instance_of_an_address(#[case] target: &str, #[case] judged: bool) {
        let spec = format!(
            "{{staticConfigs: [{{targets: ['{target}'], labels: {{namespace: shop-dev}}}}], metricRelabelings: [\
             {{sourceLabels: [instance], regex: 'prometheus.io:80', targetLabel: namespace, replacement: shop-prod}}]}}"
        );
        assert_eq!(rejected(&object("ScrapeConfig", &spec)), judged);
    }

    /// In Prometheus 2, `.` does not match a newline, and an exporter may expose one.
    #[rstest]
    #[case::dropped("{action: drop, sourceLabels: [env], regex: '.*'}", true)]
    #[case::dropped_by_default("{action: drop, sourceLabels: [env]}", true)]
    #[case::dropped_joined("{action: drop, sourceLabels: [namespace, env], regex: '.*;.*'}", true)]
    #[case::dropped_with_the_flag("{action: drop, sourceLabels: [env], regex: '(?s).*'}", false)]
    #[case::dropped_by_a_class("{action: drop, sourceLabels: [env], regex: '[\\s\\S]*'}", false)]
    #[case::dropped_by_the_namespace(
        "{action: drop, sourceLabels: [namespace], regex: '.*'}",
        false
    )]
    fn a_drop_over_any_character(#[case] rule: &str, #[case] judged: bool) {
        let object = monitor(
            "{}",
            &format!("{{honorLabels: true, metricRelabelings: [{rule}]}}"),
        );
        assert_eq!(rejected(&object), judged);
    }

    /// With `nameValidationScheme: Legacy` a label of such a name is not written.
    #[test]
    fn a_write_to_a_name_that_is_not_legacy() {
        let spec = "{staticConfigs: [{targets: ['a-y:80']}], relabelings: [\
                    {sourceLabels: [__address__], regex: 'a(-y):80', targetLabel: 'x$1', replacement: shop-dev}, \
                    {sourceLabels: ['x-y'], regex: '(.+)', targetLabel: namespace}]}";
        assert!(rejected(&object("ScrapeConfig", spec)));
    }

    /// A default regex that does not match leaves the label as it was.
    #[test]
    fn a_write_by_the_default_regex() {
        let rules = "{sourceLabels: [env], targetLabel: namespace}, \
                     {action: keep, sourceLabels: [env], regex: '(?s)shop-dev(\\n.*)?'}, \
                     {action: keep, sourceLabels: [namespace], regex: '(?s)shop-dev|.*-prod'}";
        let object = monitor(
            "{}",
            &format!("{{honorLabels: true, metricRelabelings: [{rules}]}}"),
        );
        assert!(rejected(&object));
    }

    /// Text of the object's own has the newline, not the label.
    #[test]
    fn a_literal_newline_and_the_default_regex() {
        let rules = "{sourceLabels: [a], targetLabel: z, replacement: \"\\n$1\"}, \
                     {sourceLabels: [z], targetLabel: written, replacement: foo}, \
                     {sourceLabels: [a], targetLabel: namespace}, \
                     {action: drop, sourceLabels: [written], regex: foo}";
        assert!(rejected(&filtered(rules)));
    }

    /// With `nameValidationScheme: Legacy` what a template makes no legacy name of is not written.
    #[test]
    fn a_fixed_name_that_a_template_makes() {
        let rules = "{sourceLabels: [a], targetLabel: namespace}, \
                     {targetLabel: '${1}9', regex: '.*', replacement: dev}, \
                     {sourceLabels: ['9'], targetLabel: namespace, regex: dev, replacement: dev}";
        assert!(rejected(&filtered(rules)));
    }

    /// Before 2.50 the label that is called by the template is deleted, not the one that is meant.
    #[rstest]
    #[case::a_group("{sourceLabels: [pod], regex: '(.*)', targetLabel: 'na$1', replacement: ''}")]
    #[case::no_group("{regex: '.*', targetLabel: 'na${9}mespace', replacement: ''}")]
    fn a_deletion_by_a_template(#[case] rule: &str) {
        let spec = format!(
            "{{staticConfigs: [{{targets: ['a:80'], labels: {{pod: mespace, namespace: shop-prod}}}}], \
             relabelings: [{rule}], metricRelabelings: [{{action: keep, sourceLabels: [namespace], regex: '(.*-dev)?'}}]}}"
        );
        assert!(rejected(&object("ScrapeConfig", &spec)));
    }
}

/// Rules behind a keep that confines what is discovered; the exporter's labels are merged in.
fn filtered(rules: &str) -> Value {
    let keep = "{action: keep, sourceLabels: [namespace], regex: '.*-dev'}";
    monitor(
        "{}",
        &format!("{{relabelings: [{keep}], metricRelabelings: [{rules}]}}"),
    )
}

/// What is not told apart must not pass for the same.
mod structure_is_not_text {
    use super::*;

    /// An assertion between the parts of a regex decides where they meet.
    #[rstest]
    #[case::word("(.*)\\b;(.*)")]
    #[case::no_word("(.*)\\B;(.*)")]
    #[case::a_line("(?m)(.*)$;(.*)")]
    fn an_assertion_between_captures(#[case] regex: &str) {
        let rules = format!(
            "{{targetLabel: c, replacement: ''}}, {{sourceLabels: [a], regex: '{regex}', targetLabel: c, replacement: $2}}, \
             {{sourceLabels: [b], targetLabel: namespace}}, \
             {{sourceLabels: [c], regex: '[^;]*', targetLabel: namespace, replacement: dev}}"
        );
        assert!(rejected(&filtered(&rules)));
    }

    /// The Kelvin sign is `K` in capitals only after it was made small.
    #[rstest]
    #[case::up("lowercase", "uppercase", "K")]
    #[case::down("uppercase", "lowercase", "s")]
    fn a_case_that_was_converted_twice(
        #[case] first: &str,
        #[case] then: &str,
        #[case] letter: &str,
    ) {
        let rules = format!(
            "{{action: {first}, sourceLabels: [a], targetLabel: c}}, {{action: {then}, sourceLabels: [c], targetLabel: d}}, \
             {{action: {then}, sourceLabels: [a], targetLabel: e}}, {{sourceLabels: [b], targetLabel: namespace}}, \
             {{action: keep, sourceLabels: [d], regex: {letter}}}, \
             {{sourceLabels: [e], regex: {letter}, targetLabel: namespace, replacement: dev}}"
        );
        assert!(rejected(&filtered(&rules)));
    }
}
