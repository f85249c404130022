//! Rule `scrape-override`: what a Prometheus does to all its scrapes leaves the labels alone that
//! the proofs of rule `namespace-filter` are about. They are made without it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::language::budget::TooComplex;
use crate::pipeline::operator::sanitized;
use crate::relabel::config::{READ_AS_NULL, Refusal, RelabelConfig, Relabeling, is_read_as_null};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{NAMESPACE, NAMESPACES, RELIED_ON, RELIED_ON_PREFIX, is_relied_on};
use crate::resource::Kind;
use crate::resource::prometheus::{Prometheus, ScrapeClass};
use crate::rule::case::{Case, Spec};
use crate::rule::verdict::{Fix, Verdict, Violation, excerpt};

/// The rule's name.
pub const NAME: &str = "scrape-override";

/// The version of Prometheus whose `mutateSampleLabels` (`scrape/scrape.go`) forgets that a sample was dropped.
const UNFILTERING: [u64; 3] = [3, 9, 0];

/// The oldest version that the operator supports (`PrometheusCompatibilityMatrix` in its `pkg/operator/defaults.go`,
/// v0.93). Older ones relabel otherwise: 2.43.0 does not read a label that was deleted and written again, before 2.31
/// an exposed label overwrites `exported_…`, and for those before 2.17 the operator leaves out the selectors of
/// discoveries.
const OLDEST: [u64; 3] = [2, 45, 0];

/// The first version that is one of Prometheus 2; tags below are of other things.
const FIRST: [u64; 3] = [2, 0, 0];

/// What it costs to look at a relabel config, in the unit of the budget.
const RELABELING: usize = 32;

/// How many violations are told.
const MOST: usize = 100;

/// How many labels are named in a message.
const NAMED: usize = 10;

/// Judges what precedes the rules of every object.
pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let (Spec::Prometheus(prometheus), Some(_)) = (&case.spec, case.environment()) else {
        return;
    };
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
    judge_version(case.kind, prometheus, verdict);
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

/// Judges the version: one of which proofs do not hold.
fn judge_version(kind: Kind, prometheus: &Prometheus, verdict: &mut Verdict) {
    if kind == Kind::ThanosRuler {
        // It scrapes nothing.
        return;
    }
    let fields = [
        ("spec.version", prometheus.version.as_deref()),
        ("spec.image", prometheus.image.as_deref()),
        ("spec.tag", prometheus.tag.as_deref()),
        ("spec.baseImage", prometheus.base_image.as_deref()),
    ];
    for (field, text) in fields {
        let Some(version) = text.and_then(Version::of) else {
            continue;
        };
        let message = if version.numbers == UNFILTERING {
            "Prometheus 3.9.0 ignores every keep and drop of metricRelabelings, so that no proof about an object \
             holds; take another version"
        } else if version.is_before(OLDEST) && version.numbers >= FIRST {
            "prometheus-operator supports Prometheus 2.45.0 and later; older ones relabel otherwise, so that no proof \
             about an object holds; take another version"
        } else {
            continue;
        };
        push(field.to_owned(), message.to_owned(), None, verdict);
    }
}

/// A version as the operator reads it (`ParseTolerant` in github.com/blang/semver: `v3.9` is 3.9.0).
struct Version {
    numbers: [u64; 3],
    /// `2.45.0-rc.1` is before 2.45.0.
    is_pre_release: bool,
}

impl Version {
    /// The version, or that of the tag of an image.
    fn of(text: &str) -> Option<Self> {
        let image = text.split('@').next().unwrap_or_default();
        let tag = image.rsplit_once(':').map_or(image, |(_, tag)| tag);
        let tag = tag.trim().trim_start_matches(['v', 'V']);
        let build = tag.split('+').next().unwrap_or_default();
        let (plain, pre_release) = match build.split_once('-') {
            Some((plain, rest)) => (plain, Some(rest)),
            None => (build, None),
        };
        let mut numbers = [0; 3];
        let mut given = plain.split('.');
        for (place, number) in numbers.iter_mut().enumerate() {
            match given.next() {
                Some(text) => *number = text.parse().ok()?,
                None if place > 0 => {}
                None => return None,
            }
        }
        given.next().is_none().then_some(Self {
            numbers,
            is_pre_release: pre_release.is_some(),
        })
    }

    fn is_before(&self, other: [u64; 3]) -> bool {
        self.numbers < other || self.is_pre_release && self.numbers == other
    }
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
    interpreter.budget.spend(RELABELING)?;
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
