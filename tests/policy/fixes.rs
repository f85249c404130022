//! Applying every fix makes the object pass: over random pipelines, in both modes.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::harness::{create, fixed, monitor, only, proven};

const SOURCES: &[&str] = &[
    "namespace",
    "exported_namespace",
    "__meta_kubernetes_namespace",
    "pod",
    "__tmp_x",
];

const REGEXES: &[&str] = &[
    "dev|.*-dev|kube-system",
    ".*-dev",
    ".*dev",
    "prod|.*-prod",
    "(.+)",
    "(.*)",
    "(.+)-dev",
    "(.*)-(dev|prod)",
    "shop-dev",
    ".*-dev;.*",
    "(.*);(.*)",
    "",
    "(?i).*-DEV",
    ".*\\b-dev",
    "namespace",
    "exported_(.+)",
];

/// Values of `replacement`; none leaves it out.
const REPLACEMENTS: &[Option<&str>] = &[
    None,
    Some("$1"),
    Some("$1-dev"),
    Some(""),
    Some("prod"),
    Some("shop-dev"),
    Some("namespace"),
    Some("$(SHARD)"),
];

const TARGETS: &[&str] = &["namespace", "exported_namespace", "__tmp_x", "pod", "$1"];

fn relabeling() -> impl Strategy<Value = Value> {
    let sources = prop_oneof![
        3 => select(SOURCES).prop_map(|name| json!([name])),
        1 => (select(SOURCES), select(SOURCES)).prop_map(|(one, two)| json!([one, two])),
    ];
    let action = prop_oneof![
        6 => Just("keep"),
        3 => Just("drop"),
        6 => Just("replace"),
        2 => Just("lowercase"),
        2 => Just("keepequal"),
        1 => Just("dropequal"),
        2 => Just("labelmap"),
        1 => Just("labeldrop"),
        1 => Just("labelkeep"),
        1 => Just("hashmod"),
    ];
    let parts = (
        action,
        sources,
        select(REGEXES),
        select(TARGETS),
        select(REPLACEMENTS),
    );
    parts.prop_map(|(action, sources, regex, target, replacement)| {
        let mut rule = match action {
            "labelmap" => json!({"regex": regex}),
            "labeldrop" | "labelkeep" => return json!({"action": action, "regex": regex}),
            "keep" | "drop" => json!({"sourceLabels": sources, "regex": regex}),
            "replace" => json!({"sourceLabels": sources, "regex": regex, "targetLabel": target}),
            "hashmod" => json!({"sourceLabels": sources, "targetLabel": "namespace", "modulus": 2}),
            _ => json!({"sourceLabels": sources, "targetLabel": "namespace"}),
        };
        rule["action"] = action.into();
        if let ("replace" | "labelmap", Some(replacement)) = (action, replacement) {
            rule["replacement"] = replacement.into();
        }
        rule
    })
}

pub(super) fn pipeline() -> impl Strategy<Value = Value> {
    let rules = || prop::collection::vec(relabeling(), 0..4);
    let selector = select(&["{}", "{any: true}", "{matchNames: [shop-dev, shop-prod]}"][..]);
    let path = select(&["/metrics", "/metrics/cadvisor"][..]);
    let all = (selector, path, any::<bool>(), rules(), rules());
    all.prop_map(|(selector, path, honor_labels, relabelings, metric)| {
        let endpoint = json!({
            "path": path,
            "honorLabels": honor_labels,
            "relabelings": relabelings,
            "metricRelabelings": metric,
        });
        monitor(selector, &endpoint.to_string())
    })
}

/// Whether the object is rejected and each violation has a fix, which then must suffice.
fn holds(object: &Value, settings: &Value) -> Result<bool, TestCaseError> {
    let answer = create(object, settings);
    let Some(mended) = fixed(object, &answer) else {
        return Ok(false);
    };
    let again = create(&mended, settings);
    prop_assert!(again.accepted, "{object}\n{mended}\n{:?}", again.message);
    Ok(!answer.accepted)
}

proptest! {
    #![proptest_config(Config { cases: 800, failure_persistence: None, ..Config::default() })]

    #[test]
    fn all_fixes_applied_make_a_random_monitor_pass(object in pipeline(), required in any::<bool>()) {
        let settings = if required { json!({}) } else { proven() };
        holds(&object, &settings)?;
    }
}

/// A list that is mended twice: for its leak, and by the keep that mode `required` demands.
#[test]
fn a_second_fix_of_a_list_builds_on_the_first() {
    let object = monitor(
        "{}",
        "{honorLabels: true, metricRelabelings: [\
            {action: keep, sourceLabels: [exported_namespace], regex: 'prod|dev'}, \
            {action: keepequal, sourceLabels: [pod], targetLabel: namespace}, \
            {action: lowercase, sourceLabels: [pod], targetLabel: namespace}], \
          relabelings: [\
            {action: keep, sourceLabels: [__tmp_x], regex: '.*\\b-dev'}, \
            {sourceLabels: [exported_namespace], regex: 'dev|.*-dev', replacement: '', targetLabel: $1}]}",
    );
    assert!(holds(&object, &json!({})).expect("a fix that suffices"));
}

/// How many of the rejected ones have a fix for each violation: were there none, the property would
/// say nothing.
#[test]
fn most_of_what_is_rejected_can_be_mended_without_a_person() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for settings in [json!({}), proven()] {
        let (mut rejected, mut mended) = (0, 0);
        for _ in 0..150 {
            let object = pipeline()
                .new_tree(&mut runner)
                .expect("a monitor")
                .current();
            if !create(&object, &settings).accepted {
                rejected += 1;
                mended += usize::from(holds(&object, &settings).expect("a fix that holds"));
            }
        }
        assert!(rejected > 60, "only {rejected} are rejected");
        assert!(10 * mended > 6 * rejected, "{mended} of {rejected}");
    }
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
