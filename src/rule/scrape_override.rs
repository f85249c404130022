//! Rule `scrape-override`: what a Prometheus does to all its scrapes leaves the labels alone that
//! the proofs of rule `namespace-filter` are about. They are made without it.

use serde_json::Value;

use crate::relabel::interpret::Interpreter;
use crate::relabel::rule::{Relabeling, Rule};
use crate::resource::operator_rules::sanitized;
use crate::resource::prometheus::{Prometheus, ScrapeClass};
use crate::verdict::{Fix, Verdict, Violation};

/// The rule's name.
pub const NAME: &str = "scrape-override";

/// The labels of a target, and those of a sample, that the proofs are about.
const TARGETS: &[&str] = &[
    "namespace",
    "__meta_kubernetes_namespace",
    "exported_namespace",
];
const SAMPLES: &[&str] = &["namespace", "exported_namespace"];

/// Judges what precedes the rules of every object.
pub fn judge(prometheus: &Prometheus, verdict: &mut Verdict) {
    if prometheus.override_honor_labels == Some(true) {
        verdict.violations.push(Violation {
            rule: NAME,
            field: "spec.overrideHonorLabels".to_owned(),
            message: "it takes honorLabels from every endpoint, so that what an exporter says of \
                      other namespaces arrives as `exported_namespace`, behind the filters that \
                      were proved"
                .to_owned(),
            witness: None,
            fix: Some(fix(&["overrideHonorLabels"], Value::from(false))),
        });
    }
    judge_pod_target_labels(prometheus, verdict);
    let mut interpreter = Interpreter::default();
    for (index, class) in prometheus.scrape_classes.iter().flatten().enumerate() {
        for (field, rules, labels) in [
            ("relabelings", &class.relabelings, TARGETS),
            ("metricRelabelings", &class.metric_relabelings, SAMPLES),
        ] {
            for (place, relabeling) in rules.iter().flatten().enumerate() {
                if let Some(label) = written(relabeling, labels, &mut interpreter) {
                    verdict.violations.push(Violation {
                        rule: NAME,
                        field: format!("spec.scrapeClasses[{index}].{field}[{place}]"),
                        message: format!(
                            "it can write or drop the label `{label}` {}, before the rules that \
                             were proved without it",
                            of_whom(class)
                        ),
                        witness: None,
                        fix: None,
                    });
                }
            }
        }
    }
}

fn judge_pod_target_labels(prometheus: &Prometheus, verdict: &mut Verdict) {
    let Some(labels) = &prometheus.pod_target_labels else {
        return;
    };
    let is_proved = |label: &str| TARGETS.contains(&sanitized(label).as_str());
    for (index, label) in labels.iter().enumerate() {
        if is_proved(label) {
            let others: Value = (labels.iter().filter(|label| !is_proved(label)))
                .map(String::as_str)
                .collect();
            verdict.violations.push(Violation {
                rule: NAME,
                field: format!("spec.podTargetLabels[{index}]"),
                message: format!(
                    "whoever labels a pod would choose the label `{}` of its target, in every \
                     monitor",
                    sanitized(label)
                ),
                witness: None,
                fix: Some(fix(&["podTargetLabels"], others)),
            });
        }
    }
}

fn of_whom(class: &ScrapeClass) -> String {
    let name = class.name.as_deref().unwrap_or_default();
    if class.default == Some(true) {
        format!("of every scrape whose object names no class ({name:?} is the default one)")
    } else {
        format!("of every scrape whose object names class {name:?}")
    }
}

/// One of the labels that the relabeling may write or drop. One that cannot be followed may.
fn written(
    relabeling: &Relabeling,
    labels: &[&'static str],
    interpreter: &mut Interpreter,
) -> Option<&'static str> {
    let Ok(rule) = Rule::new(relabeling) else {
        // The operator refuses the whole Prometheus, and says so.
        return None;
    };
    let changes = |label: &&&str| interpreter.may_change(&rule, label).unwrap_or(true);
    labels.iter().find(changes).copied()
}

fn fix(path: &[&str], value: Value) -> Fix {
    let segments = ["spec"].iter().chain(path);
    Fix {
        pointer: segments.map(|&segment| segment.to_owned()).collect(),
        value,
        missing: 0,
    }
}
