//! The fast path against the run: it never says more.

use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::Config;

use prometheus_env_isolation_policy::pipeline::scrape_job::{Discovery, ScrapeJob, Source};
use prometheus_env_isolation_policy::prove::fast_path::is_confined;
use prometheus_env_isolation_policy::prove::leak::Allowed;
use prometheus_env_isolation_policy::prove::run;
use prometheus_env_isolation_policy::relabel::config::{Action, RelabelConfig, Relabeling};
use prometheus_env_isolation_policy::relabel::interpreter::Interpreter;
use rstest::rstest;

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

fn config() -> impl Strategy<Value = RelabelConfig> {
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
        "one that is not refused",
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
            RelabelConfig::new(&relabeling).ok()
        },
    )
}

/// What the operator puts before the object's own, with labels that it copies.
fn operator() -> impl Strategy<Value = Vec<RelabelConfig>> {
    let meta = |name: &str| format!("__meta_kubernetes_{name}");
    let selector = vec![meta("service_label_app"), meta("service_labelpresent_app")];
    let select = RelabelConfig::filter(Action::Keep, selector, "(shop);true");
    let to = prop_oneof![6 => Just("team"), 1 => Just("pod"), 1 => prop::sample::select(LABELS)];
    let copy = move |to: &'static str| {
        RelabelConfig::copy_present(meta(&format!("service_label_{to}")), to)
    };
    let copied = prop::collection::vec(to.prop_map(copy), 0..3);
    (any::<bool>(), copied).prop_map(move |(selects, copied)| {
        let selects = selects.then(|| select.clone());
        selects.into_iter().chain(copied).collect()
    })
}

fn job() -> impl Strategy<Value = ScrapeJob<'static>> {
    let others = prop::sample::select(&["shop-prod", "default", "-"][..]);
    let name = prop_oneof![8 => Just("shop-dev"), 3 => Just("kube-system"), 1 => others];
    let names = prop::collection::vec(name, 1..3);
    let configs = || prop::collection::vec(config(), 0..3);
    let flags = (any::<bool>(), prop::bool::weighted(0.2));
    (names, configs(), configs(), operator(), flags).prop_map(
        |(names, relabelings, metric_relabelings, operator, flags)| {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            ScrapeJob {
                sources: vec![Source::of(Discovery::In(names.into()))],
                is_named: true,
                honor_labels: flags.0,
                cluster_wide: flags.1,
                path: "/metrics",
                own: "shop-dev",
                cluster_wide_paths: Rc::default(),
                operator: operator.into(),
                relabelings,
                metric_relabelings,
            }
        },
    )
}

pub(crate) fn allowed() -> Allowed {
    let seen = ["dev", "*-dev", "kube-system"].into_iter();
    let foreign = ["prod", "*-prod"].into_iter();
    Allowed::new(seen, foreign, vec!["prod".to_owned()]).expect("small globs")
}

proptest! {
    #![proptest_config(Config { cases: 6000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_confined_does_not_leak(job in job()) {
        let (allowed, mut interpreter) = (allowed(), Interpreter::default());
        if is_confined(&job, &allowed, &mut interpreter) == Ok(true) {
            let found = run(&job, &allowed, &mut interpreter).expect("a small job");
            prop_assert!(!found.leaks(), "{found:?}");
            prop_assert!(!found.is_empty);
        }
    }
}

/// Otherwise the property above would say nothing.
#[test]
fn much_is_confined() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let confined = (0..1000).filter(|_| {
        let job = job().new_tree(&mut runner).expect("a job").current();
        is_confined(&job, &allowed(), &mut Interpreter::default()) == Ok(true)
    });
    assert!(confined.count() > 50);
}

pub(crate) fn keep(label: &str, regex: &'static str) -> RelabelConfig {
    RelabelConfig::filter(Action::Keep, vec![label.to_owned()], regex)
}

/// A job that the fast path takes.
pub(crate) fn confined() -> ScrapeJob<'static> {
    ScrapeJob {
        sources: vec![Source::of(Discovery::In(["shop-dev".to_owned()].into()))],
        is_named: true,
        honor_labels: true,
        cluster_wide: false,
        path: "/metrics",
        own: "shop-dev",
        cluster_wide_paths: Rc::default(),
        operator: Vec::new().into(),
        relabelings: Vec::new(),
        metric_relabelings: vec![keep("namespace", ".*-dev")],
    }
}

/// Each precondition by itself: where it fails, the fast path is not taken.
#[rstest]
#[case::as_it_is(|_: &mut ScrapeJob<'_>| {}, true)]
#[case::targets_elsewhere(|job: &mut ScrapeJob<'_>| job.sources = vec![Source::of(Discovery::Everywhere)], false)]
#[case::a_foreign_target(
    |job: &mut ScrapeJob<'_>| job.sources = vec![Source::of(Discovery::In(["shop-prod".to_owned()].into()))],
    false
)]
#[case::static_labels(
    |job: &mut ScrapeJob<'_>| job.sources[0].labels = [("a".to_owned(), "b".to_owned())].into(),
    false
)]
#[case::no_namespace_label(|job: &mut ScrapeJob<'_>| job.is_named = false, false)]
#[case::a_copied_namespace(
    |job: &mut ScrapeJob<'_>| job.operator = vec![RelabelConfig::copy("x".to_owned(), "namespace")].into(),
    false
)]
#[case::another_address(
    |job: &mut ScrapeJob<'_>| job.operator = vec![RelabelConfig::constant("__address__", "a:1")].into(),
    false
)]
#[case::a_written_namespace(
    |job: &mut ScrapeJob<'_>| job.relabelings = vec![RelabelConfig::constant("namespace", "shop-prod")],
    false
)]
#[case::a_moved_scrape(
    |job: &mut ScrapeJob<'_>| job.relabelings = vec![RelabelConfig::constant("__metrics_path__", "/federate")],
    false
)]
#[case::a_wide_keep(|job: &mut ScrapeJob<'_>| job.metric_relabelings = vec![keep("namespace", ".*")], false)]
#[case::no_keep(|job: &mut ScrapeJob<'_>| job.metric_relabelings.clear(), false)]
#[case::nothing_comes(
    |job: &mut ScrapeJob<'_>| job.relabelings = vec![keep("namespace", "other-dev")],
    false
)]
#[case::honored_no_more(|job: &mut ScrapeJob<'_>| job.honor_labels = false, true)]
#[case::of_many_namespaces(
    |job: &mut ScrapeJob<'_>| (job.honor_labels, job.cluster_wide) = (false, true),
    false
)]
fn the_fast_path_asks_for_all_of(#[case] change: fn(&mut ScrapeJob<'_>), #[case] is_taken: bool) {
    let mut job = confined();
    change(&mut job);
    let taken = is_confined(&job, &allowed(), &mut Interpreter::default());
    assert_eq!(taken, Ok(is_taken));
}
