//! What is proved by looking, against the interpreter: it never says more.

use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::Config;

use prometheus_env_isolation_policy::relabel::interpret::Interpreter;
use prometheus_env_isolation_policy::relabel::leak::Allowed;
use prometheus_env_isolation_policy::relabel::plain::is_plain;
use prometheus_env_isolation_policy::relabel::rule::{Relabeling, Rule};
use prometheus_env_isolation_policy::relabel::scrape::{
    Discovery, Scrape, Source, is_confining_keep,
};
use serde_json::{Value, json};

use super::harness::{create, monitor, only};

const LABELS: &[&str] = &[
    "namespace",
    "__meta_kubernetes_namespace",
    "exported_namespace",
    "pod",
];

const REGEXES: &[&str] = &[
    ".*-dev",
    "dev|.*-dev|kube-system",
    "(dev|shop-.*-dev)",
    ".*-dev.*",
    "dev|prod",
    "shop-dev",
    "(.*)",
    "a-dev|",
    "(.*-dev)?",
    ".+",
];

fn rule() -> impl Strategy<Value = Rule> {
    let action = prop_oneof![9 => Just("keep"), 6 => Just("replace"), 4 => Just("drop"),
        1 => Just("lowercase"), 1 => Just("labeldrop")];
    let sources = prop::collection::vec(prop::sample::select(LABELS), 0..3);
    let one = prop::sample::select(LABELS).prop_map(|label| vec![label]);
    let others = prop::sample::select(&["__name__", "le", "pod"][..]);
    let others = prop::collection::vec(others, 1..3);
    let sources = prop_oneof![8 => Just(vec!["namespace"]), 4 => others, 3 => one, 1 => sources];
    let regex = prop_oneof![2 => Just(".*-dev"), 1 => Just("(go|a)_.*"), 1 => Just("a(;a)?"), 2 => prop::sample::select(REGEXES)];
    let target = prop_oneof![6 => Just("team"), 1 => Just("le"), 1 => prop::sample::select(LABELS), 1 => Just("$1")];
    (action, sources, regex, target).prop_filter_map(
        "a rule that is not refused",
        |(action, sources, regex, target)| {
            let writes = matches!(action, "replace" | "lowercase");
            let relabeling = Relabeling {
                action: Some(action.to_owned()),
                source_labels: (action != "labeldrop")
                    .then(|| sources.iter().map(|&label| label.to_owned()).collect()),
                regex: Some(regex.to_owned()),
                target_label: writes.then(|| target.to_owned()),
                ..Relabeling::default()
            };
            Rule::new(&relabeling).ok()
        },
    )
}

fn scrape() -> impl Strategy<Value = Scrape> {
    let others = prop::sample::select(&["shop-prod", "default", "-"][..]);
    let name = prop_oneof![8 => Just("shop-dev"), 3 => Just("kube-system"), 1 => others];
    let names = prop::collection::vec(name, 1..3);
    let rules = || prop::collection::vec(rule(), 0..3);
    let flags = (any::<bool>(), prop::bool::weighted(0.2));
    (names, rules(), rules(), flags).prop_map(|(names, relabelings, metric_relabelings, flags)| {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        Scrape {
            sources: vec![Source::of(Discovery::In(names.into()))],
            is_named: true,
            honor_labels: flags.0,
            cluster_wide: flags.1,
            path: "/metrics".to_owned(),
            own: "shop-dev".to_owned(),
            cluster_wide_paths: Rc::default(),
            operator: Rc::default(),
            relabelings,
            metric_relabelings,
        }
    })
}

fn allowed() -> Allowed {
    let seen = ["dev", "*-dev", "kube-system"].into_iter();
    let foreign = ["prod", "*-prod"].into_iter();
    Allowed::new(seen, foreign, vec!["prod".to_owned()]).expect("small globs")
}

proptest! {
    #![proptest_config(Config { cases: 4000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_plain_is_proved(scrape in scrape(), required: bool) {
        let (allowed, mut interpreter) = (allowed(), Interpreter::default());
        let copied = std::iter::empty();
        if is_plain(&scrape, copied, required, &allowed, &mut interpreter) == Ok(true) {
            let found = scrape.judge(&allowed, &mut interpreter).expect("a small scrape");
            prop_assert!(!found.leaks(), "{found:?}");
            prop_assert!(!found.is_empty);
            let mut confines = |rule, target| {
                is_confining_keep(rule, target, &allowed, &mut interpreter) == Ok(true)
            };
            let confined = scrape.relabelings.iter().any(|rule| confines(rule, true))
                || scrape.metric_relabelings.iter().any(|rule| confines(rule, false));
            prop_assert!(confined || !required);
        }
    }
}

/// Otherwise the property above would say nothing.
#[test]
fn much_is_plain() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let plain = (0..1000).filter(|_| {
        let scrape = scrape().new_tree(&mut runner).expect("a scrape").current();
        let mut interpreter = Interpreter::default();
        is_plain(
            &scrape,
            std::iter::empty(),
            false,
            &allowed(),
            &mut interpreter,
        ) == Ok(true)
    });
    assert!(plain.count() > 50);
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
    assert!(answer.warnings[0].contains("nothing that environment"));
}

/// A fix has the rules as they stand, so there is none where they cannot be read as a whole.
#[test]
fn no_fix_is_made_of_what_is_not_read() {
    let mut object = monitor(
        "{}",
        "{honorLabels: true, metricRelabelings: \
         [{action: keep, sourceLabels: [namespace], regex: .*-dev.*}]}",
    );
    assert!(only(&create(&object, &json!({}))).fix.is_some());
    let deep = (0..200).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    object["spec"]["endpoints"][0]["metricRelabelings"][0]["unknown"] = deep;
    assert!(only(&create(&object, &json!({}))).fix.is_none());
}
