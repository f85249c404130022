//! Each limit of the code, one below, at, and one above it: what leaks is rejected on either side, and what
//! does not is accepted up to the limit, or was too complex before.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, monitor, proven};

const DEV: &str = "dev|.*-dev|kube-system";

fn rule(action: &str, sources: &[&str], regex: &str) -> Value {
    json!({"action": action, "sourceLabels": sources, "regex": regex})
}

fn write(sources: &[&str], regex: &str, target: &str, text: &str) -> Value {
    json!({"sourceLabels": sources, "regex": regex, "targetLabel": target, "replacement": text})
}

/// An exporter that reports on all namespaces, with these rules between keeps that confine it, unless it
/// `leaks`.
fn samples(rules: impl IntoIterator<Item = Value>, leaks: bool) -> Value {
    let keep = || (!leaks).then(|| rule("keep", &["namespace"], DEV));
    let rules: Vec<Value> = keep().into_iter().chain(rules).chain(keep()).collect();
    let mut object = monitor("{}", "{honorLabels: true}");
    object["spec"]["endpoints"][0]["metricRelabelings"] = rules.into();
    object
}

fn many(count: usize, rule: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(rule).collect()
}

/// The positions of a regex (`MAX_POSITIONS`): a keep of one namespace that is as long.
fn positions(count: usize, leaks: bool) -> Value {
    let end = if leaks { "|.+-prod" } else { "|.+-devs" };
    let regex = format!("(?:[a-z]-dev|{}){end}", "(?:x|y)".repeat((count - 13) / 2));
    let regex = if leaks {
        regex
    } else {
        regex.replace("|.+-devs", "|[ab]-dev")
    };
    samples([rule("keep", &["namespace"], &regex)], true)
}

/// The length of a regex in bytes (`MAX_LENGTH`).
fn length(bytes: usize, leaks: bool) -> Value {
    let end = if leaks { "prod" } else { "dev" };
    let filler = "(?:)".repeat((bytes - 10) / 4);
    let regex = format!("{filler}{}.*-{end}", "()".repeat((bytes - 10) % 4 / 2));
    samples([rule("keep", &["namespace"], &regex)], true)
}

/// How deep groups are nested (`NESTING`).
fn nesting(depth: usize, leaks: bool) -> Value {
    let inner = if leaks { ".*" } else { ".*-dev" };
    let regex = format!("{}{inner}{}", "(".repeat(depth), ")".repeat(depth));
    samples([rule("keep", &["namespace"], &regex)], true)
}

/// The labels of a pipeline (`MAX_LABELS`): the last one is written to the namespace.
fn labels(count: usize, leaks: bool) -> Value {
    let rules = many(count - 9, |index| {
        write(&["x"], "(.+)", &format!("l{index}"), "$1")
    });
    let last = format!("l{}", count - 10);
    samples(
        rules
            .into_iter()
            .chain([write(&[&last], "(.+)", "namespace", "$1")]),
        leaks,
    )
}

/// The series that a pipeline is split into (`MAX_SERIES`), by rules that each match or not.
fn series(count: usize, leaks: bool) -> Value {
    let splits = usize::try_from(count.ilog2()).expect("a few") + count % 2;
    let rules = many(splits, |index| {
        write(
            &["pod"],
            &format!("p{index}.*"),
            "namespace",
            &format!("n{index}-prod"),
        )
    });
    samples(rules, leaks)
}

/// The length of a value (`MAX_VALUE`).
fn value(bytes: usize, leaks: bool) -> Value {
    let text = "x".repeat(bytes);
    let rules = [
        write(&["y"], "(.*)", "tmp", &text),
        write(
            &["tmp"],
            &format!("x{{{}}}x*", bytes.min(1000)),
            "namespace",
            "shop-prod",
        ),
    ];
    samples(rules, leaks)
}

/// The ways in which a value is split (`MAX_SPLITS`).
fn splits(count: usize, leaks: bool) -> Value {
    let sources = vec!["namespace"; count];
    samples([write(&sources, "(.*)x(.*)", "namespace", "$2")], leaks)
}

/// The length of a text that is split (`MAX_TEXT`).
fn text(bytes: usize, leaks: bool) -> Value {
    let text = format!("{};shop-prod", "x".repeat(bytes - 10));
    let rules = [
        write(&["y"], "(.*)", "tmp", &text),
        write(&["tmp"], "(x*);(.*)", "namespace", "$2"),
    ];
    samples(rules, leaks)
}

/// The length of a namespace (`MAX_NAMESPACE`).
fn namespace(bytes: usize, leaks: bool) -> Value {
    let name = format!("{}{}", "x".repeat(59), &"-dev"[..bytes - 59]);
    let regex = if leaks {
        format!("{}-prod|{name}", "y".repeat(58))
    } else {
        format!(".*-dev|{name}.{{3,}}")
    };
    samples([rule("keep", &["namespace"], &regex)], true)
}

/// The rules of an endpoint that is proved without being interpreted (`RULES`).
fn rules(count: usize, leaks: bool) -> Value {
    samples(
        many(count - 2, |index| {
            rule("drop", &["__name__"], &format!("go_{index}"))
        }),
        leaks,
    )
}

/// The namespaces of such an endpoint (`NAMES`).
fn names(count: usize, leaks: bool) -> Value {
    let last = if leaks { "shop-prod" } else { "shop-dev" };
    let names = (1..count)
        .map(|index| format!("n{index}-dev"))
        .chain([last.to_owned()]);
    let mut object = monitor("{}", "{}");
    object["spec"]["namespaceSelector"]["matchNames"] = names.collect();
    object
}

/// The static targets that are followed one by one (`FOLLOWED_ADDRESSES`).
fn addresses(count: usize, leaks: bool) -> Value {
    let targets = (1..count)
        .map(|index| format!("10.0.0.{index}:80"))
        .chain(["last:80".to_owned()]);
    let regex = if leaks { "last:80" } else { "other:80" };
    json!({
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "ScrapeConfig",
        "metadata": {"name": "x", "namespace": "shop-dev", "labels": {"release": "monitoring-dev"}},
        "spec": {
            "staticConfigs": [{"targets": targets.collect::<Vec<_>>(), "labels": {"namespace": "shop-dev"}}],
            "relabelings": [write(&["__address__"], regex, "namespace", "shop-prod")],
        },
    })
}

/// The endpoints of a monitor that are read (`MOST`): only the last one leaks.
fn endpoints(count: usize, leaks: bool) -> Value {
    let mut object = monitor("{}", "{}");
    let last = json!({"honorLabels": leaks});
    let endpoints = (1..count).map(|_| json!({})).chain([last]);
    object["spec"]["endpoints"] = endpoints.collect();
    object
}

/// The texts of a list that are read (`MOST_TEXTS`): only the last one leaks.
fn copied(count: usize, leaks: bool) -> Value {
    let mut object = monitor("{}", "{}");
    let last = if leaks { "namespace" } else { "team" };
    let labels = (1..count).map(|_| "a".to_owned()).chain([last.to_owned()]);
    object["spec"]["podTargetLabels"] = labels.collect();
    object
}

#[rstest]
#[case::positions(positions, 1999, true)]
#[case::length(length, 8000, true)]
#[case::nesting(nesting, 58, true)]
#[case::labels(labels, 256, false)]
#[case::series(series, 1024, false)]
#[case::value(value, 1024, true)]
#[case::splits(splits, 16, true)]
#[case::text(text, 256, true)]
#[case::namespace(namespace, 62, true)]
#[case::rules(rules, 32, true)]
#[case::names(names, 32, true)]
#[case::many_names(names, 400, true)]
#[case::addresses(addresses, 64, true)]
#[case::endpoints(endpoints, 5000, true)]
#[case::copied(copied, 20_000, true)]
fn what_leaks_is_rejected_on_either_side_of_a_limit(
    #[case] object: fn(usize, bool) -> Value,
    #[case] limit: usize,
    #[case] accepted: bool,
) {
    for size in [limit - 1, limit, limit + 1] {
        let answer = create(&object(size, true), &proven());
        assert!(!answer.accepted, "{size}");
        let answer = create(&object(size, false), &proven());
        if size <= limit {
            assert_eq!(answer.accepted, accepted, "{size}: {:?}", answer.message);
        }
    }
}
