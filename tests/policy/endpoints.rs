//! Rule `namespace-filter`: what can come through an endpoint. In mode `proven`, so that nothing
//! but a leak decides, unless a case is about mode `required`.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, fixed, monitor, only, proven, yaml};

const DEV: &str = "dev|.*-dev|kube-system";

/// An endpoint of an exporter that reports on all namespaces, with these rules for samples.
fn samples(rules: &str) -> Value {
    monitor(
        "{}",
        &format!("{{honorLabels: true, metricRelabelings: [{rules}]}}"),
    )
}

/// An endpoint whose targets are discovered everywhere, with these rules for them.
fn targets(rules: &str) -> Value {
    monitor("{any: true}", &format!("{{relabelings: [{rules}]}}"))
}

fn keep(label: &str, regex: &str) -> String {
    format!("{{action: keep, sourceLabels: [{label}], regex: '{regex}'}}")
}

fn drop(regex: &str) -> String {
    format!("{{action: drop, sourceLabels: [namespace], regex: '{regex}'}}")
}

fn copy(from: &str, regex: &str, to: &str) -> String {
    format!("{{sourceLabels: [{from}], regex: '{regex}', targetLabel: {to}}}")
}

/// The witness of a leak; none where the endpoint is accepted. Every fix is tried, too.
fn witness(object: &Value) -> Option<String> {
    let answer = create(object, &proven());
    if answer.accepted {
        return None;
    }
    let Some(fixed) = fixed(object, &answer) else {
        let message = answer.message.as_deref().unwrap_or_default();
        assert!(message.contains("would leave nothing"), "{message}");
        return Some(only(&answer).witness.unwrap_or_default());
    };
    let again = create(&fixed, &proven());
    assert!(
        again.accepted,
        "{:?}\nafter\n{:?}",
        again.message, answer.message
    );
    Some(only(&answer).witness.unwrap_or_default())
}

#[rstest]
#[case::no_filter(String::new(), Some("prod"))]
#[case::the_environment(keep("namespace", DEV), None)]
#[case::part_of_the_environment(keep("namespace", "shop-dev"), None)]
#[case::anchored_at_both_ends(keep("namespace", ".*-dev.*"), Some("a-dev-prod"))]
#[case::suffix_without_the_hyphen(keep("namespace", ".*dev"), Some("adev"))]
#[case::one_too_many(keep("namespace", "dev|prod"), Some("prod"))]
#[case::another_label(keep("pod", DEV), Some("prod"))]
#[case::exported_namespace(keep("exported_namespace", DEV), Some("prod"))]
#[case::meta_label_of_a_sample(keep("__meta_kubernetes_namespace", DEV), Some("prod"))]
#[case::empty_regex(keep("namespace", ""), Some("prod"))]
#[case::no_regex("{action: keep, sourceLabels: [namespace]}".into(), Some("prod"))]
#[case::no_action(format!("{{sourceLabels: [namespace], regex: '{DEV}', targetLabel: x}}"), Some("prod"))]
#[case::any_case_of_the_action(format!("{{action: KeeP, sourceLabels: [namespace], regex: '{DEV}'}}"), None)]
#[case::upper_case_text(keep("namespace", ".*-DEV"), None)]
#[case::folded(keep("namespace", "(?i).*-DEV"), None)]
#[case::default_only(keep("namespace", "default|dev"), Some("default"))]
#[case::nothing_recognized(keep("namespace", "web1|web0"), Some("web0"))]
#[case::drop_prod(drop("prod|.*-prod"), Some("default"))]
#[case::drop_all_but(drop("[^d].*|d[^e].*|de[^v].*|dev.+|d|de"), None)]
#[case::keep_then_drop(format!("{}, {}", keep("namespace", "shop-.*"), drop("shop-.*[^v]|shop-.*[^e]v|shop-.*[^d]ev|shop-.*[^-]dev|.*-(dev|ev|v)")), None)]
#[case::two_keeps_meet(format!("{}, {}", keep("namespace", ".*-(dev|prod)"), keep("namespace", "shop-dev|api-dev")), None)]
#[case::two_keeps_do_not(format!("{}, {}", keep("namespace", "shop-.*"), keep("namespace", ".*-prod")), Some("shop-prod"))]
#[case::absent_is_no_leak(keep("namespace", ""), Some("prod"))]
#[case::constant_inside(format!("{}, {{targetLabel: namespace, replacement: shop-dev}}", keep("namespace", DEV)), None)]
#[case::constant_outside(format!("{}, {{targetLabel: namespace, replacement: shop-prod}}", keep("namespace", DEV)), Some("shop-prod"))]
#[case::laundered("{targetLabel: namespace, replacement: shop-dev}".into(), Some("prod"))]
#[case::dropped_label("{action: labeldrop, regex: namespace}".into(), Some("prod"))]
#[case::written_after_the_keep(format!("{}, {}", keep("namespace", DEV), copy("pod", "(.+)", "namespace")), Some("prod"))]
#[case::written_before_the_keep(format!("{}, {}", copy("pod", "(.+)", "namespace"), keep("namespace", DEV)), Some("prod"))]
#[case::lower_case_of_a_kept_one(format!("{}, {{action: lowercase, sourceLabels: [namespace], targetLabel: namespace}}", keep("namespace", DEV)), None)]
#[case::kept_in_upper_case(format!("{{action: uppercase, sourceLabels: [namespace], targetLabel: x}}, {}", keep("x", "DEV|.*-DEV")), None)]
#[case::copy_and_filter(format!("{}, {}", copy("namespace", "(.*)", "x"), keep("x", DEV)), None)]
#[case::copy_of_a_part(format!("{{sourceLabels: [namespace], regex: '(.*)-dev', targetLabel: x}}, {}", keep("x", "shop")), Some("prod"))]
#[case::joined("{action: keep, sourceLabels: [namespace, pod], regex: '.*-dev;web-.*'}".into(), Some("prod"))]
#[case::joined_with_the_separator_inside("{action: keep, sourceLabels: [namespace, pod], regex: '(.*-dev);.*'}".into(), Some("prod"))]
#[case::joined_exactly("{action: keep, sourceLabels: [namespace, pod], regex: '[a-z]+-dev;[^;]*'}".into(), None)]
#[case::joined_drop_stops_nothing("{action: drop, sourceLabels: [namespace, pod], regex: 'prod;x'}".into(), Some("prod"))]
#[case::equal_to_what_is_longer("{action: keepequal, sourceLabels: [pod, namespace], targetLabel: namespace}".into(), None)]
#[case::never_equal_to_what_is_longer("{action: dropequal, sourceLabels: [namespace, pod], targetLabel: namespace}".into(), Some("prod"))]
#[case::twice_without_what_no_name_has("{action: keep, sourceLabels: [namespace, namespace], separator: '@', regex: '.+;.+'}".into(), None)]
#[case::twice_dropped_in_any_version("{action: drop, sourceLabels: [namespace, namespace], regex: '.*'}".into(), None)]
#[case::twice_a_name("{action: keep, sourceLabels: [namespace, namespace], regex: '.*-dev;.*|prod;.+'}".into(), Some("prod"))]
#[case::compared_with_a_constant(format!("{{targetLabel: x, replacement: shop-dev}}, {{action: keepequal, sourceLabels: [namespace], targetLabel: x}}"), None)]
fn samples_of_an_exporter_that_reports_on_all(
    #[case] rules: String,
    #[case] expected: Option<&str>,
) {
    let expected = expected.map(str::to_owned);
    assert_eq!(witness(&samples(&rules)), expected, "{rules}");
}

#[rstest]
#[case::everywhere("", Some("prod"))]
#[case::kept("{action: keep, sourceLabels: [namespace], regex: '.*-dev'}", None)]
#[case::kept_by_meta_label(
    "{action: keep, sourceLabels: [__meta_kubernetes_namespace], regex: '.*-dev'}",
    None
)]
#[case::rewritten("{targetLabel: namespace, replacement: shop-dev}", Some("prod"))]
#[case::kept_after_the_rewrite(
    "{targetLabel: namespace, replacement: shop-dev}, {action: keep, sourceLabels: [namespace], regex: '.*-dev'}",
    Some("prod")
)]
#[case::labelmap(
    "{action: keep, sourceLabels: [namespace], regex: '.*-dev'}, {action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)'}",
    Some("prod")
)]
#[case::labelmap_elsewhere(
    "{action: keep, sourceLabels: [namespace], regex: '.*-dev'}, {action: labelmap, regex: '__meta_kubernetes_pod_label_(.+)', replacement: 'pod_$1'}",
    None
)]
#[case::longer_than_a_namespace_can_be(
    "{action: drop, sourceLabels: [namespace], regex: '.{0,63}-dev'}, {action: keep, sourceLabels: [namespace], regex: '.*-dev'}",
    None
)]
#[case::label_dropped(
    "{action: keep, sourceLabels: [namespace], regex: '.*-dev'}, {action: labeldrop, regex: 'namespace'}",
    Some("prod")
)]
fn targets_that_are_discovered_everywhere(#[case] rules: &str, #[case] expected: Option<&str>) {
    let expected = expected.map(str::to_owned);
    assert_eq!(witness(&targets(rules)), expected, "{rules}");
}

#[rstest]
#[case::own("{}", None)]
#[case::own_by_an_empty_list("{matchNames: []}", None)]
#[case::not_any("{any: false, matchNames: [shop-dev, kube-system]}", None)]
#[case::foreign("{matchNames: [shop-dev, shop-prod]}", Some("shop-prod"))]
#[case::neither("{matchNames: [cert-manager]}", Some("cert-manager"))]
#[case::empty_name_bounds_nothing("{matchNames: ['']}", Some("prod"))]
#[case::any_wins("{any: true, matchNames: [shop-dev]}", Some("prod"))]
fn targets_where_the_selector_finds_them(#[case] selector: &str, #[case] expected: Option<&str>) {
    let expected = expected.map(str::to_owned);
    assert_eq!(witness(&monitor(selector, "{}")), expected);
}

#[test]
fn no_metric_relabeling_stops_report_samples() {
    let keep = keep("namespace", DEV);
    let object = monitor("{any: true}", &format!("{{metricRelabelings: [{keep}]}}"));
    assert_eq!(witness(&object).as_deref(), Some("prod"));
}

#[test]
fn a_keep_of_targets_does_not_see_what_is_exposed() {
    let keep = keep("namespace", DEV);
    let object = monitor(
        "{}",
        &format!("{{honorLabels: true, relabelings: [{keep}]}}"),
    );
    assert_eq!(witness(&object).as_deref(), Some("prod"));
}

#[test]
fn copied_labels_may_overwrite_the_namespace() {
    let mut object = monitor("{}", "{}");
    object["spec"]["targetLabels"] = json!(["namespace"]);
    assert_eq!(witness(&object).as_deref(), Some("prod"));
    object["spec"]["targetLabels"] = json!(["team"]);
    assert_eq!(witness(&object), None);
}

#[rstest]
#[case::kube_state_metrics(
    "{matchLabels: {app.kubernetes.io/name: kube-state-metrics}}",
    "/metrics",
    true
)]
#[case::in_a_list(
    "{matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [x, kube-state-metrics]}]}",
    "/metrics",
    true
)]
#[case::not_in_a_list(
    "{matchExpressions: [{key: app.kubernetes.io/name, operator: NotIn, values: [kube-state-metrics]}]}",
    "/metrics",
    false
)]
#[case::everything("{}", "/metrics", true)]
#[case::an_application("{matchLabels: {app.kubernetes.io/name: shop}}", "/metrics", false)]
#[case::cadvisor("{matchLabels: {a: b}}", "/metrics/cadvisor", true)]
#[case::federation("{matchLabels: {a: b}}", "/federate", true)]
fn cluster_wide_exporters_are_confined_without_honor_labels(
    #[case] selector: &str,
    #[case] path: &str,
    #[case] judged: bool,
) {
    let mut object = monitor("{}", &format!("{{path: {path}}}"));
    object["spec"]["selector"] = yaml(selector);
    assert_eq!(witness(&object), judged.then(|| "prod".to_owned()));
}

#[rstest]
#[case::plain(json!({"app": "shop"}), true)]
#[case::below_match_labels(json!({"matchLabels": {"app": "shop"}}), true)]
#[case::plain_of_another(json!({"app": "store"}), false)]
#[case::below_match_labels_of_another(json!({"matchLabels": {"app": "store"}}), false)]
fn cluster_wide_exporters_are_told_by_either_shape_of_selector(
    #[case] selector: Value,
    #[case] judged: bool,
) {
    let mut settings = proven();
    settings["clusterWideExporters"]["selectors"] = json!([selector]);
    let answer = create(&monitor("{}", "{}"), &settings);
    assert_eq!(answer.accepted, !judged, "{:?}", answer.message);
    if judged {
        assert_eq!(only(&answer).witness.as_deref(), Some("prod"));
    }
}

#[test]
fn a_rule_that_reads_exported_namespace_makes_it_matter() {
    let repair = "{sourceLabels: [exported_namespace], regex: '(.+)', targetLabel: namespace}";
    let object = monitor("{}", &format!("{{metricRelabelings: [{repair}]}}"));
    assert_eq!(witness(&object).as_deref(), Some("prod"));
    let keep = keep("exported_namespace", "(dev|.*-dev)?");
    let confined = format!("{{metricRelabelings: [{keep}, {repair}]}}");
    assert_eq!(witness(&monitor("{}", &confined)), None);
    let late = format!("{{metricRelabelings: [{repair}, {keep}]}}");
    assert_eq!(witness(&monitor("{}", &late)), None);
}

#[rstest]
#[case::part_of_the_namespace_may_be_empty(
    "{any: true}",
    "relabelings: [{action: keep, sourceLabels: [namespace], regex: 'dev|.*-dev|kube-system'}, {sourceLabels: [namespace], regex: 'dev(.*)', targetLabel: namespace}]",
    Some("prod")
)]
#[case::a_long_s_folds(
    "{}",
    "honorLabels: true, metricRelabelings: [{action: keep, sourceLabels: [namespace], regex: '(?i)ſhop-prod|.*-dev'}]",
    Some("shop-prod")
)]
#[case::a_name_beyond_ascii(
    "{}",
    "honorLabels: true, metricRelabelings: [{sourceLabels: [namespace], targetLabel: tmp, replacement: '$1²'}, {action: drop, sourceLabels: [tmp], regex: '()'}]",
    Some("")
)]
#[case::a_later_label_wins(
    "{}",
    "relabelings: [{action: labelmap, regex: '__meta_kubernetes_namespace|__meta_kubernetes_pod_label_team', replacement: namespace}]",
    Some("")
)]
#[case::without_the_slash("{}", "path: metrics/cadvisor", Some("prod"))]
#[case::with_a_query("{}", "path: '/metrics/cadvisor?x=y'", Some("prod"))]
#[case::path_with_a_placeholder("{}", "path: '/metrics/$(X)'", Some("prod"))]
#[case::path_by_a_rule(
    "{}",
    "relabelings: [{targetLabel: __metrics_path__, replacement: /metrics/cadvisor}]",
    Some("prod")
)]
#[case::the_first_of_two_groups(
    "{}",
    "relabelings: [{action: labelmap, regex: '__meta_kubernetes_(pod|service)_label_(.+)'}]",
    None
)]
#[case::several_drops_of_joined_labels(
    "{}",
    "metricRelabelings: [{action: drop, sourceLabels: [__name__, container], regex: 'a_.*;x.*'}, {action: drop, sourceLabels: [__name__, container], regex: 'b_.*;y.*'}, {action: drop, sourceLabels: [__name__, container], regex: 'c_.*;z.*'}, {action: drop, sourceLabels: [__name__, container], regex: 'd_.*;x.*'}, {action: drop, sourceLabels: [__name__, container], regex: 'e_.*;y.*'}, {action: drop, sourceLabels: [__name__, container], regex: 'f_.*;z.*'}]",
    None
)]
fn found_bugs_stay_mended(
    #[case] selector: &str,
    #[case] endpoint: &str,
    #[case] expected: Option<&str>,
) {
    let object = monitor(selector, &format!("{{{endpoint}}}"));
    assert_eq!(witness(&object), expected.map(str::to_owned));
}

#[test]
fn many_copied_labels_and_a_labelmap_are_decided() {
    let mut object = monitor(
        "{}",
        "{metricRelabelings: [{action: labelmap, regex: 'exported_(pod|container)'}]}",
    );
    object["spec"]["podTargetLabels"] = (0..20)
        .map(|index| json!(format!("label{index}")))
        .collect();
    assert_eq!(witness(&object), None);
}

#[test]
fn a_taken_exported_namespace_hides_nothing() {
    let rule = "{targetLabel: exported_namespace, replacement: shop-dev}";
    let object = monitor(
        "{}",
        &format!("{{path: /metrics/cadvisor, relabelings: [{rule}]}}"),
    );
    assert!(!create(&object, &proven()).accepted);
}

#[test]
fn any_of_several_labels_may_be_the_one_that_is_mapped() {
    let map = "{action: labelmap, regex: (.+), replacement: exported_namespace}";
    let object = monitor("{}", &format!("{{relabelings: [{map}]}}"));
    assert!(!create(&object, &proven()).accepted);
}

#[rstest]
#[case::shared_with_a_release("kube-system", Some("monitoring-dev"), Some("prod"))]
#[case::shared_with_the_other_release("kube-system", Some("monitoring-prod"), Some("dev"))]
#[case::shared_without_a_release("kube-system", None, None)]
#[case::neither("default", None, None)]
fn the_environment_is_the_one_that_scrapes(
    #[case] namespace: &str,
    #[case] release: Option<&str>,
    #[case] expected: Option<&str>,
) {
    let mut object = samples("");
    object["metadata"]["namespace"] = namespace.into();
    object["metadata"]["labels"] = json!({"release": release});
    if release.is_none() {
        object["metadata"]["labels"] = json!({});
    }
    assert_eq!(witness(&object), expected.map(str::to_owned));
}

#[rstest]
#[case::bad_regex(
    "{action: keep, sourceLabels: [namespace], regex: 'a**'}",
    "has a regex that Go does not compile"
)]
#[case::unknown_action(
    "{action: retain, sourceLabels: [namespace]}",
    "has an action that Prometheus does not know"
)]
#[case::no_target("{sourceLabels: [a]}", "has no targetLabel (action replace)")]
#[case::no_modulus(
    "{action: hashmod, sourceLabels: [a], targetLabel: b}",
    "has no modulus (action hashmod)"
)]
#[case::too_many_fields(
    "{action: labeldrop, regex: a, sourceLabels: [b]}",
    "has fields other than regex (action labeldrop)"
)]
fn what_prometheus_refuses_is_said(#[case] rule: &str, #[case] message: &str) {
    let keep = keep("namespace", DEV);
    let object = samples(&format!("{keep}, {rule}"));
    let violation = only(&create(&object, &proven()));
    assert_eq!(violation.field, "spec.endpoints[0].metricRelabelings[1]");
    assert!(violation.message.contains(message), "{}", violation.message);
    assert!(violation.message.ends_with("would ignore the whole object"));
    assert_eq!((violation.fix, violation.witness), (None, None));
}

#[rstest]
#[case::half_a_group("a)|b", "its syntax is not known here")]
#[case::out_of_its_wrapper(".*-dev)|(.*", "its syntax is not known here")]
#[case::placeholder(
    "$(ENV)|.*-dev",
    "the config reloader replaces its $(NAME) after admission"
)]
#[case::set_operation("[a-z&&[^p]]+-dev", "is literal text in RE2")]
fn a_keep_that_cannot_be_followed_keeps_everything(#[case] regex: &str, #[case] reason: &str) {
    let object = samples(&keep("namespace", regex));
    let violation = only(&create(&object, &proven()));
    assert!(
        violation.message.contains("cannot be analysed"),
        "{}",
        violation.message
    );
    assert!(violation.message.contains(reason), "{}", violation.message);
    assert_eq!(violation.witness, None);
    assert_eq!(witness(&object).as_deref(), Some(""));
}

#[rstest]
#[case::no_rule(
    "{honorLabels: true}",
    "spec.endpoints[0].metricRelabelings",
    "and no rule filters it"
)]
#[case::wide_keep(
    "{honorLabels: true, metricRelabelings: [{action: keep, sourceLabels: [namespace], regex: .*dev.*}]}",
    "spec.endpoints[0].metricRelabelings",
    "and metricRelabelings[0] (keep \".*dev.*\") lets it through"
)]
#[case::writer(
    "{relabelings: [{targetLabel: namespace, replacement: prod}]}",
    "spec.endpoints[0].relabelings",
    "relabelings[0] (replace) writes the label"
)]
fn the_message_names_the_rule(#[case] endpoint: &str, #[case] field: &str, #[case] part: &str) {
    let violation = only(&create(&monitor("{}", endpoint), &proven()));
    assert_eq!(violation.field, field);
    assert!(violation.message.contains(part), "{}", violation.message);
}

#[test]
fn a_wide_keep_is_narrowed_where_it_stands() {
    let rules = format!("{}, {}", keep("pod", "web.*"), keep("namespace", ".*dev.*"));
    let object = samples(&rules);
    let fixed = fixed(&object, &create(&object, &proven())).expect("a fix");
    let rules = &fixed["spec"]["endpoints"][0]["metricRelabelings"];
    assert_eq!(rules.as_array().map(Vec::len), Some(2));
    assert_eq!(rules[1]["regex"], DEV);
}

/// A list of metrics has nothing to do with namespaces, whether it is too large for an automaton or not.
#[rstest]
fn a_list_of_metrics_neither_hides_a_leak_nor_makes_one(
    #[values(100, 1999, 2000, 2001, 7000)] letters: usize,
) {
    let names: Vec<String> = (0..letters / 20)
        .map(|index| format!("kube_pod_info_{index:05}"))
        .collect();
    let filler = "x".repeat(letters - names.concat().len());
    for action in ["keep", "drop"] {
        let metrics = format!(
            "{{action: {action}, sourceLabels: [__name__], regex: '{}|{filler}'}}",
            names.join("|")
        );
        let both = format!("{metrics}, {}", keep("namespace", DEV));
        assert_eq!(witness(&samples(&both)), None, "{action}");
        assert!(witness(&samples(&metrics)).is_some(), "{action}");
    }
}

/// A keep of dev's namespaces would leave nothing of these: a person has to say what he meant.
#[rstest]
#[case("{matchNames: [network]}", "network")]
#[case("{matchNames: [shop-prod, api-prod]}", "api-prod")]
fn no_fix_leaves_nothing_to_be_scraped(#[case] selector: &str, #[case] witness: &str) {
    let object = monitor(selector, "{}");
    let violation = only(&create(&object, &proven()));
    assert_eq!(violation.witness.as_deref(), Some(witness));
    assert!(violation.fix.is_none());
    assert!(
        violation.message.contains("would leave nothing"),
        "{}",
        violation.message
    );
}

#[test]
fn what_no_namespace_can_be_called_bounds_nothing() {
    let violation = only(&create(
        &monitor("{matchNames: [HCP_NAMESPACE]}", "{}"),
        &proven(),
    ));
    assert!(
        violation.message.contains("a placeholder?"),
        "{}",
        violation.message
    );
    assert!(violation.fix.is_some());
}

#[test]
fn a_namespace_of_no_environment_comes_with_a_hint() {
    let violation = only(&create(
        &monitor("{matchNames: [default]}", "{}"),
        &proven(),
    ));
    assert!(
        violation.message.contains("list it in sharedNamespaces"),
        "{}",
        violation.message
    );
}

#[rstest]
#[case::none("{}", false)]
#[case::of_samples(
    "{metricRelabelings: [{action: keep, sourceLabels: [namespace], regex: .*-dev}]}",
    true
)]
#[case::of_targets(
    "{relabelings: [{action: keep, sourceLabels: [namespace], regex: .*-dev}]}",
    true
)]
#[case::by_the_meta_label(
    "{relabelings: [{action: keep, sourceLabels: [__meta_kubernetes_namespace], regex: .*-dev}]}",
    true
)]
#[case::meta_label_of_samples(
    "{metricRelabelings: [{action: keep, sourceLabels: [__meta_kubernetes_namespace], regex: .*-dev}]}",
    false
)]
#[case::too_wide(
    "{relabelings: [{action: keep, sourceLabels: [namespace], regex: .+}]}",
    false
)]
#[case::joined(
    "{relabelings: [{action: keep, sourceLabels: [namespace, pod], regex: '[a-z]+-dev;web'}]}",
    true
)]
#[case::a_drop(
    "{relabelings: [{action: drop, sourceLabels: [namespace], regex: .*-prod}]}",
    false
)]
fn mode_required_demands_a_confining_keep(#[case] endpoint: &str, #[case] accepted: bool) {
    let object = monitor("{}", endpoint);
    assert!(create(&object, &proven()).accepted);
    let answer = create(&object, &Value::Null);
    if endpoint.contains("metricRelabelings") && endpoint.contains("__meta") {
        // Samples have no such label any more, so nothing at all comes through.
        assert_eq!(answer.violations().expect("the annotation").len(), 1);
    }
    assert_eq!(answer.accepted, accepted, "{:?}", answer.message);
    if !accepted {
        assert!(only(&answer).message.contains("mode \"required\""));
        let fixed = fixed(&object, &answer).expect("a fix");
        assert!(create(&fixed, &Value::Null).accepted);
    }
}

#[rstest]
#[case::nothing_comes_through(
    "{metricRelabelings: [{action: keep, sourceLabels: [namespace], regex: .*-dve}]}",
    "this endpoint would scrape nothing for environment \"dev\""
)]
#[case::constant_address(
    "{relabelings: [{targetLabel: __address__, replacement: 'example.com:80'}]}",
    "a constant __address__ sends the scrape elsewhere"
)]
fn what_is_odd_but_harmless_gets_a_warning(#[case] endpoint: &str, #[case] warning: &str) {
    let answer = create(&monitor("{}", endpoint), &proven());
    assert!(answer.accepted, "{:?}", answer.message);
    assert!(
        answer.warnings.iter().any(|one| one.contains(warning)),
        "{:?}",
        answer.warnings
    );
}

#[test]
fn a_scrape_class_gets_a_warning() {
    let mut object = monitor("{}", "{}");
    object["spec"]["scrapeClass"] = "istio".into();
    let answer = create(&object, &proven());
    assert!(answer.accepted && answer.warnings[0].starts_with("spec.scrapeClass: "));
}

#[test]
fn an_address_with_another_port_gets_none() {
    let rule = "{sourceLabels: [__address__], regex: '(.*):.*', targetLabel: __address__, replacement: '$1:9090'}";
    let answer = create(
        &monitor("{}", &format!("{{relabelings: [{rule}]}}")),
        &proven(),
    );
    assert!(answer.accepted && answer.warnings.is_empty());
}

#[test]
fn every_endpoint_is_judged_by_itself() {
    let object = monitor("{}", "{honorLabels: true}, {}, {honorLabels: true}");
    let answer = create(&object, &proven());
    let fields: Vec<String> = answer
        .violations()
        .expect("the annotation")
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    let field = |index| format!("spec.endpoints[{index}].metricRelabelings");
    assert_eq!(fields, [field(0), field(2)]);
}

/// Two labels of the selector have the same name in Prometheus, so that no service has both values.
#[test]
fn nothing_comes_through_selectors_that_contradict_each_other() {
    let mut object = monitor(
        "{}",
        "{relabelings: [{action: keep, sourceLabels: [namespace], regex: .*-dev}, \
         {sourceLabels: [__meta_kubernetes_service_label_a_b], targetLabel: app}]}",
    );
    object["spec"]["selector"]["matchLabels"] = json!({"a-b": "x", "a_b": "y"});
    let answer = create(&object, &json!({}));
    assert!(answer.accepted);
    assert!(answer.warnings[0].contains("would scrape nothing"));
}
