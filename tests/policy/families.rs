//! What the input repeats, somebody pays for: objects as large as the API server takes, each list and each
//! map of the operator's types long, alone and together with another one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cases;
use super::costs::{Counted, module};
use super::fields::{Field, is_left_out, object};
use super::harness::{lines, proven};

/// The largest object that the API server stores (etcd's limit for a request), in bytes.
const LARGEST: usize = 1_500_000;

/// The most instructions of one of them. A hundred milliseconds, about: 5 instructions a nanosecond, as
/// measured with the slowest in 2026.
const MOST: u64 = 600_000_000;

/// A list or a map of a kind.
struct Family<'a> {
    field: &'a Field,
    /// The fields of its items that are read.
    children: Vec<&'a Field>,
}

impl Family<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.field.kind, self.field.path)
    }

    /// The JSON of values with as many members as fit into so many bytes, distinct ones or equal ones; with each of
    /// the fields of its items by itself.
    fn long(&self, bytes: usize, distinct: bool) -> Box<dyn Iterator<Item = String> + '_> {
        let text = move |index: usize| format!("\"a{}\"", if distinct { index } else { 0 });
        let many = move |item: &dyn Fn(usize) -> String| {
            let count = bytes / (item(100_000).len() + 1);
            let items: Vec<String> = (0..count).map(item).collect();
            format!("[{}]", items.join(","))
        };
        if self.field.r#type == "object" {
            // The keys of a map are distinct; its values are short or long.
            let value = if distinct {
                String::new()
            } else {
                "a".repeat(1386)
            };
            let count = bytes / (value.len() + 14);
            let members = (0..count).map(|index| format!(r#""a{index}":"{value}""#));
            let members: Vec<String> = members.collect();
            return Box::new(std::iter::once(format!("{{{}}}", members.join(","))));
        }
        if self.children.is_empty() {
            return Box::new(std::iter::once(many(&text)));
        }
        let with = move |child: &&Field| {
            let name = child.path.rsplit('.').next().unwrap_or_default();
            let value = |index: usize| match child.r#type.as_str() {
                "string" | "any" => text(index),
                "array" => format!("[{}]", text(index)),
                "object" => "{}".to_owned(),
                "boolean" => "true".to_owned(),
                _ => "1".to_owned(),
            };
            many(&|index| format!(r#"{{"{name}":{}}}"#, value(index)))
        };
        let empty = (!distinct).then(|| many(&|_| "{}".to_owned()));
        Box::new(empty.into_iter().chain(self.children.iter().map(with)))
    }

    /// An object in which a value stands in its place.
    fn object(&self, value: &str) -> Value {
        object(self.field, &json!(value))
    }
}

/// What stands in an object for a long value: a value of a megabyte is written once, as text.
const LONG: [&str; 2] = ["the first long value", "the second long value"];

/// The payload of a request with this object, with these long values in it.
fn payload(object: Value, long: &[&str]) -> String {
    let payload = json!({"request": cases::request(object), "settings": proven()}).to_string();
    LONG.iter()
        .zip(long)
        .fold(payload, |payload, (name, value)| {
            payload.replace(&format!("\"{name}\""), value)
        })
}

fn merge(one: &mut Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in other {
                merge(one.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == 1 && other.len() == 1 => {
            merge(&mut one[0], &other[0]);
        }
        (one @ Value::Null, other) => *one = other.clone(),
        _ => {}
    }
}

#[test]
fn the_largest_objects_take_a_tenth_of_a_second_at_most() {
    let policy = Counted::load(&module("policy.wasm"));
    let fields: Vec<Field> = lines("fields.jsonl");
    let mut worst = (0, String::new());
    let mut count = |name: String, payload: String| {
        let cost = policy.validate_within(MOST, payload);
        let instructions = cost.map_or(u64::MAX, |cost| cost.instructions);
        if instructions > worst.0 {
            worst = (instructions, name);
        }
    };
    let mut read: BTreeMap<&str, Vec<Family<'_>>> = BTreeMap::new();
    let is_long = |field: &&Field| matches!(field.r#type.as_str(), "array" | "object");
    for (index, field) in fields
        .iter()
        .enumerate()
        .filter(|(_, field)| is_long(field))
    {
        let end = if field.r#type == "array" { "[]." } else { "." };
        let start = format!("{}{end}", field.path);
        let is_child = |other: &&Field| {
            let rest = other.path.strip_prefix(&start);
            other.kind == field.kind && rest.is_some_and(|rest| !rest.contains('.'))
        };
        let children: Vec<&Field> = fields.iter().filter(is_child).collect();
        let is_read = !is_left_out(field);
        // What is not read is passed over, whatever it is.
        let is_passed_over = !is_read && index % 10 != 0;
        if is_passed_over || field.r#type == "object" && !children.is_empty() {
            continue;
        }
        let is_looked_at = |child: &&Field| is_read && !is_left_out(child);
        let children = children.into_iter().filter(is_looked_at).collect();
        let family = Family { field, children };
        for distinct in [false, true] {
            for (index, value) in family.long(LARGEST, distinct).enumerate() {
                count(
                    format!("{} ({distinct}, {index})", family.name()),
                    payload(family.object(LONG[0]), &[&value]),
                );
            }
        }
        if is_read {
            read.entry(&field.kind).or_default().push(family);
        }
    }
    let rules = json!([
        {"action": "labelmap", "regex": "__meta_(.+)"},
        {"sourceLabels": ["a1", "job", "namespace"], "targetLabel": "a2"},
    ]);
    let rules = json!({"relabelings": rules, "metricRelabelings": rules});
    for kind in ["ServiceMonitor", "ScrapeConfig"] {
        let half = |family: &Family<'_>| family.long(LARGEST / 2, true).last();
        let halves = read[kind].iter().map(|family| (family, half(family)));
        let halves: Vec<_> = halves.collect();
        for (index, (family, half)) in halves.iter().enumerate() {
            let half = half.as_deref().unwrap_or("null");
            let object = family.object(LONG[0]);
            for (other, other_half) in &halves[index + 1..] {
                let mut both = object.clone();
                merge(&mut both["spec"], &other.object(LONG[1])["spec"]);
                let long = [half, other_half.as_deref().unwrap_or("null")];
                count(
                    format!("{} and {}", family.name(), other.name()),
                    payload(both, &long),
                );
            }
            let mut mapped = object;
            merge(&mut mapped["spec"], &rules);
            merge(&mut mapped["spec"]["endpoints"], &json!([rules]));
            count(
                format!("{} and a labelmap", family.name()),
                payload(mapped, &[half]),
            );
        }
    }
    let (most, name) = worst;
    assert!(most <= MOST, "{name}: {most} instructions");
}

/// Objects that took seconds once, because some work was done that no budget was asked for.
#[expect(clippy::too_many_lines, reason = "a table")]
fn expensive() -> Vec<(&'static str, Value)> {
    let monitor = |kind: &str, spec: Value| {
        let version = if kind == "ScrapeConfig" {
            "v1alpha1"
        } else {
            "v1"
        };
        json!({
            "apiVersion": format!("monitoring.coreos.com/{version}"), "kind": kind, "spec": spec,
            "metadata": {"name": "a", "namespace": "shop-dev", "labels": {"release": "monitoring-dev"}},
        })
    };
    let endpoint = |endpoint: Value| monitor("ServiceMonitor", json!({"endpoints": [endpoint]}));
    let repeated = |keeps: usize| {
        let names: Vec<String> = (0..8).map(|index| format!("x{index}")).collect();
        let keep = json!({"action": "keep", "sourceLabels": vec!["namespace"; 256], "regex": "[^;]*(;[^;]*)*"});
        let written = names.iter().zip("abcdefgh".chars()).map(|(name, letter)| {
            json!({"sourceLabels": ["namespace"], "regex": format!("{letter}.*"), "targetLabel": name, "replacement": "y"})
        });
        let all = std::iter::once("namespace").chain(names.iter().map(String::as_str));
        let drop =
            json!({"action": "drop", "sourceLabels": all.collect::<Vec<_>>(), "regex": "zzz"});
        let first = json!({"action": "keep", "sourceLabels": ["namespace"], "regex": ".*-dev"});
        std::iter::once(first)
            .chain(vec![keep; keeps])
            .chain(written)
            .chain([drop])
            .collect::<Vec<_>>()
    };
    let named = json!({"regex": "((?:b?){1000})", "targetLabel": "$1"});
    let dropped = json!({"action": "labeldrop", "regex": "(?:[a-z_]?){900}q"});
    let empty = format!("(?:{}){{1000}}", "|".repeat(7000));
    let classes = |rules: Vec<Value>| {
        json!({
            "serviceMonitorSelector": {"matchLabels": {"release": "monitoring-dev"}},
            "scrapeClasses": [{"name": "a", "metricRelabelings": rules}],
        })
    };
    let fixed = |bytes: usize, sources: usize, rules: usize| {
        let rule = json!({"sourceLabels": vec!["team"; sources], "targetLabel": "a"});
        let mut rules = vec![rule; rules];
        rules.push(json!({"sourceLabels": ["a"], "targetLabel": "namespace"}));
        let labels = json!({"namespace": "shop-dev", "team": "x".repeat(bytes)});
        let fixed = json!([{"targets": ["a"], "labels": labels}]);
        monitor(
            "ScrapeConfig",
            json!({"staticConfigs": fixed, "relabelings": rules}),
        )
    };
    let values = |count: usize| {
        let values: Vec<String> = (0..count)
            .map(|index| format!("x(?:a?){{1000}}{index}"))
            .collect();
        json!({"matchExpressions": [{"key": "app", "operator": "In", "values": values}]})
    };
    let drops = |end: &str, count: usize| {
        let regex = format!("zz;{end}");
        let of = move |index| json!({"action": "drop", "sourceLabels": ["namespace", format!("a{index}")], "regex": regex});
        (0..count).map(of)
    };
    let captured = (0..3)
        .map(|index| {
            json!({
                "sourceLabels": ["namespace", format!("b{index}")], "regex": format!("x(.*){index};.*"),
                "targetLabel": format!("c{index}"), "replacement": "$1",
            })
        })
        .chain((0..3).map(|index| {
            json!({"action": "drop", "sourceLabels": ["namespace", format!("c{index}")], "regex": "zz;q"})
        }));
    let statics: Vec<Value> = (0..240)
        .map(|index| json!({"targets": [format!("a{index}")], "labels": {"namespace": "shop-dev"}}))
        .collect();
    let escaped = "\u{7f}".repeat(1_400_000);
    vec![
        (
            "names from a group, by a class",
            monitor("Prometheus", classes(vec![named.clone(); 300])),
        ),
        (
            "labels dropped, by a class",
            monitor("Prometheus", classes(vec![dropped.clone(); 4900])),
        ),
        (
            "names from a group",
            endpoint(json!({"relabelings": vec![named; 4900]})),
        ),
        (
            "labels dropped",
            endpoint(json!({"relabelings": vec![dropped.clone(); 4900]})),
        ),
        (
            "labels of samples dropped",
            endpoint(json!({"metricRelabelings": vec![dropped; 4900]})),
        ),
        (
            "a selector of regexes",
            monitor(
                "ServiceMonitor",
                json!({"endpoints": [{}], "selector": values(20_000)}),
            ),
        ),
        (
            "repeated nothing",
            endpoint(json!({"relabelings": (0..60).map(|index| json!({
                "action": "keep", "sourceLabels": ["a"], "regex": format!("{empty}{index}"),
            })).collect::<Vec<_>>()})),
        ),
        ("a long label, often read", fixed(1_000_000, 64, 50)),
        ("a long label, joined", fixed(1_400_000, 256, 2)),
        (
            "a long replacement",
            monitor(
                "ScrapeConfig",
                json!({"staticConfigs": statics, "relabelings": [
                    {"sourceLabels": ["x"], "targetLabel": "namespace", "replacement": "$".repeat(1_300_000)},
                ]}),
            ),
        ),
        (
            "a long separator",
            endpoint(json!({"honorLabels": true, "metricRelabelings": [
                {"action": "drop", "sourceLabels": vec!["a"; 20_000], "separator": "x".repeat(900_000), "regex": "b"},
            ]})),
        ),
        (
            "a long path",
            endpoint(json!({"path": "/\u{130}".repeat(480_000)})),
        ),
        (
            "a long rule in a fix",
            endpoint(json!({"honorLabels": true, "metricRelabelings": [
                {"targetLabel": "a", "replacement": escaped.clone()},
            ]})),
        ),
        (
            "a long selector",
            monitor(
                "ThanosRuler",
                json!({"ruleSelector": {"matchExpressions": [
                    {"key": "release", "operator": "In", "values": [escaped]},
                ]}}),
            ),
        ),
        (
            "many selectors",
            monitor("Prometheus", {
                let wrong = json!({"matchLabels": {"release": "x"}});
                json!({
                    "serviceMonitorSelector": wrong, "podMonitorSelector": wrong, "probeSelector": wrong,
                    "scrapeConfigSelector": wrong, "ruleSelector": wrong,
                    "tolerations": vec![json!({}); 400_000],
                })
            }),
        ),
        (
            "ingresses by many values",
            monitor("Probe", {
                let values: Vec<String> = (0..20_000).map(|index| format!("v{index}")).collect();
                let selector =
                    json!({"matchExpressions": [{"key": "a", "operator": "In", "values": values}]});
                json!({"targets": {"ingress": {"selector": selector}}})
            }),
        ),
        (
            "many endpoints without a rule",
            monitor(
                "ServiceMonitor",
                json!({"endpoints": vec![json!({}); 5000]}),
            ),
        ),
        (
            "many addresses that are moved",
            monitor(
                "ScrapeConfig",
                json!({
                    "staticConfigs": [{"targets": (0..15_000).map(|index| format!("exporter-{index}.shop-dev.svc:80")).collect::<Vec<_>>()}],
                    "relabelings": [
                        {"sourceLabels": ["__address__"], "regex": "(.*):80", "targetLabel": "__address__", "replacement": "$1:81"},
                        {"sourceLabels": ["__address__"], "targetLabel": "namespace", "replacement": "shop-dev"},
                    ],
                }),
            ),
        ),
        (
            "alternatives of nothing",
            endpoint(json!({"metricRelabelings": [
                {"sourceLabels": ["a"], "targetLabel": "c", "replacement": "z$1"},
                {"sourceLabels": ["c"], "targetLabel": "d", "regex": format!("(a){}", "|".repeat(7900)), "replacement": "$1"},
                {"sourceLabels": ["d"], "targetLabel": "namespace", "regex": "zz", "replacement": "dev"},
            ]})),
        ),
        (
            "alternatives of nothing, five times",
            endpoint(json!({"metricRelabelings": std::iter::once(json!({"sourceLabels": ["a"], "targetLabel": "c", "replacement": "z$1"}))
                .chain(vec![json!({"sourceLabels": ["c"], "targetLabel": "d", "regex": format!("(a){}", "|".repeat(1500)), "replacement": "$1"}); 5])
                .chain([json!({"sourceLabels": ["d"], "targetLabel": "namespace", "regex": "zz", "replacement": "dev"})])
                .collect::<Vec<_>>()})),
        ),
        (
            "a labelmap of many groups",
            endpoint(json!({"metricRelabelings": [
                {"action": "labelmap", "regex": format!("zzz{}", "()".repeat(1900)), "replacement": "$a".repeat(3990)},
                {"action": "drop", "regex": "x", "sourceLabels": (0..100).map(|index| format!("l{index}")).collect::<Vec<_>>()},
            ]})),
        ),
        (
            "regexes that are given up",
            endpoint(json!({"honorLabels": true, "metricRelabelings": (0..200).map(|index| json!({
                "action": "drop", "sourceLabels": ["a"], "regex": format!("(a?b?){{999}}{index}"),
            })).collect::<Vec<_>>()})),
        ),
        (
            "ports that are given up",
            monitor("ServiceMonitor", json!({"endpoints": (0..200).map(|index| json!({
                "port": format!("(a?b?){{999}}{index}"),
            })).collect::<Vec<_>>()})),
        ),
        (
            "a class of regexes that are given up",
            monitor("Prometheus", classes((0..60).map(|index| json!({
                "action": "labelmap", "regex": format!("(a?b?){{999}}{index}"), "replacement": "x$1",
            })).collect())),
        ),
        (
            "templates of many groups",
            endpoint(json!({"metricRelabelings": vec![json!({
                "sourceLabels": ["a"], "regex": format!("b{}", "()".repeat(1900)), "targetLabel": "namespace",
                "replacement": "$a".repeat(3990),
            }); 7]})),
        ),
        (
            "a labelmap to a long name",
            endpoint(json!({"metricRelabelings": [
                {"action": "labelmap", "regex": "(.*)x", "replacement": "r".repeat(1_000_000)},
                {"action": "drop", "regex": "x", "sourceLabels": (0..200).map(|index| format!("l{index}")).collect::<Vec<_>>()},
            ]})),
        ),
        (
            "groups of a language",
            endpoint(json!({"metricRelabelings": std::iter::repeat_n(json!({
                "sourceLabels": ["a"], "regex": "(?:((?:a?b?){300}))", "targetLabel": "c",
            }), 8).chain([json!({"sourceLabels": ["c"], "targetLabel": "namespace"})]).collect::<Vec<_>>()})),
        ),
        (
            "a discovery filtered by many labels",
            monitor("ScrapeConfig", {
                let labels = std::iter::once("__meta_kubernetes_pod_name").chain(vec!["a"; 100_000]);
                json!({
                    "kubernetesSDConfigs": [{"role": "Pod"}],
                    "relabelings": [{"action": "keep", "sourceLabels": labels.collect::<Vec<_>>(), "separator": "x".repeat(7999), "regex": "y"}],
                })
            }),
        ),
        (
            "groups in groups",
            endpoint(json!({"metricRelabelings": (0..25).map(|index| json!({
                "action": "drop", "sourceLabels": ["a"],
                "regex": format!("{}{index}{}{}", "(".repeat(58), "|".repeat(7800), ")".repeat(58)),
            })).collect::<Vec<_>>()})),
        ),
        (
            "a literal that may begin anywhere",
            endpoint(json!({"metricRelabelings": [
                {"sourceLabels": ["a"], "targetLabel": "c", "replacement": "$1x"},
                {"action": "drop", "regex": "x", "sourceLabels": (0..200).map(|index| format!("l{index}")).collect::<Vec<_>>()},
                {"sourceLabels": ["c"], "targetLabel": "namespace", "regex": format!("{}(.*)", "b".repeat(1900))},
            ]})),
        ),
        (
            "a long value of a selector, for many endpoints",
            monitor("ServiceMonitor", json!({
                "selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x".repeat(1_200_000)]}]},
                "endpoints": vec![json!({"relabelings": [{"action": "drop", "sourceLabels": ["pod"], "regex": "x"}]}); 1200],
            })),
        ),
        (
            "long paths",
            monitor("ServiceMonitor", json!({"endpoints": (0..350).map(|index| json!({
                "path": format!("/\u{e9}{}{index}", "/a".repeat(1990)),
            })).collect::<Vec<_>>()})),
        ),
        (
            "a class of many rules",
            monitor("Prometheus", classes(vec![json!({"targetLabel": "a"}); 40_000])),
        ),
        (
            "filters before and after merging",
            monitor(
                "ServiceMonitor",
                json!({
                    "namespaceSelector": {"any": true}, "selector": {"matchLabels": {"app": "x"}},
                    "endpoints": [{
                        "relabelings": captured.chain(drops("q", 10)).collect::<Vec<_>>(),
                        "metricRelabelings": drops("r", 10).collect::<Vec<_>>(),
                    }],
                }),
            ),
        ),
        (
            "filters of targets in many namespaces",
            monitor(
                "ServiceMonitor",
                json!({
                    "namespaceSelector": {
                        "matchNames": (0..2401).map(|index| format!("n{index}-prod")).collect::<Vec<_>>(),
                    },
                    "endpoints": [{
                        "relabelings": drops("q", 10).collect::<Vec<_>>(),
                        "metricRelabelings": drops("r", 10).collect::<Vec<_>>(),
                    }],
                }),
            ),
        ),
        (
            "endpoints that cannot be read beside ones that can",
            monitor(
                "ServiceMonitor",
                json!({"endpoints": vec![
                    json!({"relabelings": vec![json!({"sourceLabels": vec!["a"; 200]}); 100]}); 5
                ].into_iter().chain(vec![json!({"port": 5}); 40]).collect::<Vec<_>>()}),
            ),
        ),
        (
            "a label that is joined with itself",
            endpoint(json!({"honorLabels": true, "metricRelabelings": repeated(6)})),
        ),
        (
            "addresses that labels make",
            endpoint(json!({"relabelings": (0..4900).map(|index| json!({
            "sourceLabels": [format!("a{}", index % 200)], "targetLabel": "__address__", "replacement": "$1.$1.svc:80",
        })).collect::<Vec<_>>()})),
        ),
    ]
}

#[test]
fn what_an_attack_repeated_is_paid_for() {
    let policy = Counted::load(&module("policy.wasm"));
    let settings = [proven(), Value::Null];
    for (name, mut object) in expensive() {
        if matches!(object["kind"].as_str(), Some("Prometheus" | "ThanosRuler")) {
            object["metadata"]["namespace"] = json!("monitoring-dev");
        }
        let request = cases::request(object);
        let size = request.to_string().len();
        assert!(size < LARGEST + 100_000, "{name}: {size}");
        for settings in &settings {
            let payload = json!({"request": request, "settings": settings}).to_string();
            let cost = policy.validate_within(MOST, payload);
            let cost = cost.unwrap_or_else(|| panic!("{name}: more than {MOST} instructions"));
            eprintln!("{name}: {} instructions", cost.instructions);
            let answer = cost.answer.to_string().len();
            assert!(answer < 2_000_000, "{name}: an answer of {answer} bytes");
        }
    }
}
