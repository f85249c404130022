//! Rule `scrape-override`: what a Prometheus does to all its scrapes leaves the labels alone that
//! the proofs of rule `namespace-filter` are about. They are made without it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::language::budget::TooComplex;
use crate::pipeline::operator::sanitized;
use crate::relabel::config::{READ_AS_NULL, Refusal, RelabelConfig, Relabeling, is_read_as_null};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{NAMESPACE, NAMESPACES, RELIED_ON, RELIED_ON_PREFIX, is_relied_on};
use crate::resource::prometheus::{Prometheus, ScrapeClass};
use crate::rule::verdict::{Fix, Verdict, Violation, excerpt};

/// The rule's name.
pub const NAME: &str = "scrape-override";

/// The version of Prometheus whose `mutateSampleLabels` (`scrape/scrape.go`) forgets that a sample was dropped.
const UNFILTERING: [u64; 3] = [3, 9, 0];

/// How many violations are told.
const MOST: usize = 100;

/// How many labels are named in a message.
const NAMED: usize = 10;

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
    judge_enforced_label(prometheus, verdict);
    judge_version(prometheus, verdict);
    judge_regexes(prometheus, verdict);
    let mut interpreter = Interpreter::default();
    for (index, class) in prometheus.scrape_classes.iter().flatten().enumerate() {
        for (field, rules, is_of_samples) in [
            ("relabelings", &class.relabelings, false),
            ("metricRelabelings", &class.metric_relabelings, true),
        ] {
            for (place, relabeling) in rules.iter().flatten().enumerate() {
                let field = || format!("spec.scrapeClasses[{index}].{field}[{place}]");
                if verdict.violations.len() >= MOST {
                    return;
                }
                match written(relabeling, is_of_samples, &mut interpreter) {
                    Ok(None) => {}
                    Ok(Some(label)) => {
                        let message = format!(
                            "it can write or drop the label `{label}` {}, on which the proofs about their \
                             own rules rely",
                            of_whom(class)
                        );
                        push(field(), message, None, verdict);
                    }
                    Err(TooComplex) => {
                        let message =
                            "too much to check: this rule and those after it were not judged";
                        push(field(), message.to_owned(), None, verdict);
                        return;
                    }
                }
            }
        }
    }
}

/// Judges the label that the Prometheus sets to the namespace of the object in the end.
fn judge_enforced_label(prometheus: &Prometheus, verdict: &mut Verdict) {
    let Some(label) = prometheus.enforced_namespace_label.as_deref() else {
        return;
    };
    if label != NAMESPACES[NAMESPACE] && (is_relied_on(label) || label.contains('$')) {
        // It is the target of a rule, and may be made of groups.
        let message = format!(
            "it would overwrite the label `{label}`, on which the proofs about every object rely; only \
             `namespace` and labels of your own can be enforced"
        );
        push(
            "spec.enforcedNamespaceLabel".to_owned(),
            message,
            None,
            verdict,
        );
    }
}

/// Judges the version: there is one that filters nothing.
fn judge_version(prometheus: &Prometheus, verdict: &mut Verdict) {
    let fields = [
        ("spec.version", prometheus.version.as_deref()),
        ("spec.image", prometheus.image.as_deref()),
        ("spec.tag", prometheus.tag.as_deref()),
        ("spec.baseImage", prometheus.base_image.as_deref()),
    ];
    if prometheus
        .version
        .as_deref()
        .is_some_and(is_without_selectors)
    {
        let message = "for a Prometheus before 2.17 the operator leaves out the selectors of discoveries, so that \
                       a ScrapeConfig discovers more than it says; take another version";
        push("spec.version".to_owned(), message.to_owned(), None, verdict);
    }
    for (field, text) in fields {
        if text.is_some_and(names_unfiltering_version) {
            let message = "Prometheus 3.9.0 ignores every keep and drop of metricRelabelings, so that no \
                           proof about an object holds; take another version";
            push(field.to_owned(), message.to_owned(), None, verdict);
        }
    }
}

/// Whether the version, or the tag of the image, is the one that filters nothing, as the operator reads it
/// (`ParseTolerant` in github.com/blang/semver: `v3.9` is 3.9.0).
fn names_unfiltering_version(text: &str) -> bool {
    let is_it = |text: &str| {
        let numbers = numbers(text.trim());
        numbers.is_some_and(|numbers| numbers == UNFILTERING || numbers == UNFILTERING[..2])
    };
    let tag = text
        .split('@')
        .next()
        .and_then(|name| name.rsplit_once(':'));
    is_it(text) || tag.is_some_and(|(_, tag)| is_it(tag))
}

/// The numbers of a version.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let text = text.trim().trim_start_matches('v');
    let plain = text.split(['-', '+', '@']).next()?;
    plain.split('.').map(|number| number.parse().ok()).collect()
}

/// Whether the version is one for which the operator writes no selectors (`generateK8SSDConfig` in its `promcfg.go`).
fn is_without_selectors(version: &str) -> bool {
    numbers(version).is_some_and(|numbers| numbers < [2, 17].to_vec())
}

/// Judges what the operator writes as a regex, and Prometheus reads as none.
fn judge_regexes(prometheus: &Prometheus, verdict: &mut Verdict) {
    for (field, text) in prometheus.regexes() {
        if is_read_as_null(text) {
            push(field, READ_AS_NULL.to_owned(), None, verdict);
            // One is enough to have to be found, and there may be thousands.
            return;
        }
    }
}

fn push(field: String, message: String, fix: Option<Fix>, verdict: &mut Verdict) {
    verdict.violations.push(Violation {
        rule: NAME,
        field,
        message,
        witness: None,
        fix,
    });
}

fn judge_pod_target_labels(prometheus: &Prometheus, verdict: &mut Verdict) {
    let Some(labels) = &prometheus.pod_target_labels else {
        return;
    };
    let (wrong, others): (Vec<&String>, Vec<&String>) = labels
        .iter()
        .partition(|label| is_relied_on(&sanitized(label)));
    if wrong.is_empty() {
        return;
    }
    let names: BTreeSet<String> = wrong
        .iter()
        .map(|label| format!("`{}`", sanitized(label)))
        .collect();
    let names: Vec<String> = names.into_iter().take(NAMED).collect();
    let message = format!(
        "whoever labels a pod would choose {} of its target, in every monitor, on which the proofs rely",
        names.join(", ")
    );
    let others: Value = others.into_iter().map(String::as_str).collect();
    let fix = fix(&["podTargetLabels"], others);
    push(
        "spec.podTargetLabels".to_owned(),
        message,
        Some(fix),
        verdict,
    );
}

fn of_whom(class: &ScrapeClass) -> String {
    let name = excerpt(class.name.as_deref().unwrap_or_default());
    if class.default == Some(true) {
        format!("of every scrape whose object names no class ({name:?} is the default one)")
    } else {
        format!("of every scrape whose object names class {name:?}")
    }
}

/// One of the labels on which proofs rely, and which the relabeling of targets, or of samples, may write or
/// drop. One that cannot be followed may.
fn written(
    relabeling: &Relabeling,
    is_of_samples: bool,
    interpreter: &mut Interpreter,
) -> Result<Option<String>, TooComplex> {
    let rule = match RelabelConfig::new(relabeling) {
        Ok(rule) => rule,
        // The operator refuses the whole Prometheus, and says so. What is read as null is judged by itself.
        Err(Refusal::Ignored(_) | Refusal::RefusesAll(_) | Refusal::ReadAsNull) => return Ok(None),
    };
    // Of what a sample is exposed with nothing is known that begins so.
    let is_about = |label: &&str| !(is_of_samples && label.starts_with("__"));
    for label in RELIED_ON.into_iter().filter(is_about) {
        if interpreter.may_change(&rule, label)? {
            return Ok(Some(label.to_owned()));
        }
    }
    let may = !is_of_samples && interpreter.may_change_any(&rule, RELIED_ON_PREFIX)?;
    Ok(may.then(|| format!("{RELIED_ON_PREFIX}…")))
}

fn fix(path: &[&str], value: Value) -> Fix {
    let segments = ["spec"].iter().chain(path);
    Fix {
        pointer: segments.map(|&segment| segment.to_owned()).collect(),
        value,
        missing: 0,
    }
}
