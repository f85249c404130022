//! Rule `selector`: a Prometheus picks up the objects of its own environment's release, and
//! nothing else. What has another release, or none, was not judged for it.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::resource::{Kind, LabelSelector, Object};
use crate::rule::case::{Case, Spec};
use crate::rule::verdict::{Fix, Verdict, Violation, excerpt};
use crate::settings::{Environment, Settings};

/// The rule's name.
pub const NAME: &str = "selector";

/// How many values are named in a message.
const TOLD: usize = 10;

/// Judges the selectors of one that belongs to the environment.
pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let (Spec::Prometheus(prometheus), Some(environment)) = (&case.spec, case.environment()) else {
        return;
    };
    let Case {
        kind,
        object,
        settings,
        ..
    } = *case;
    let key = &settings.release_label;
    let mut spec = None;
    for (field, selector) in prometheus.selectors() {
        // Without a selector nothing is picked up.
        let Some(selector) = selector else { continue };
        if let Some(wrong) = wrong(selector, key, environment, settings) {
            verdict.violations.push(Violation {
                rule: NAME,
                field: format!("spec.{field}"),
                message: format!(
                    "the Prometheus of environment {:?} must pick up only what has the label \
                     {key} {:?}, but this selector {wrong}",
                    environment.name, environment.release
                ),
                witness: None,
                fix: narrowed(
                    spec.get_or_insert_with(|| read(object)),
                    field,
                    key,
                    &environment.release,
                ),
            });
        }
    }
    let selects_nothing =
        || (prometheus.scrape_selectors().iter()).all(|(_, selector)| selector.is_none());
    if kind == Kind::Prometheus && selects_nothing() {
        // `unmanagedPrometheusConfiguration` in prometheus-operator's `pkg/prometheus/server`.
        verdict.violations.push(Violation {
            rule: NAME,
            field: "spec".to_owned(),
            message: "without any of serviceMonitorSelector, podMonitorSelector, probeSelector \
                      and scrapeConfigSelector, its whole configuration is what somebody writes \
                      into a Secret, which nobody judges"
                .to_owned(),
            witness: None,
            fix: None,
        });
    }
}

/// What a selector picks up besides, as the rest of a sentence; none if nothing.
fn wrong(
    selector: &LabelSelector,
    key: &str,
    environment: &Environment,
    settings: &Settings,
) -> Option<String> {
    let expected = &environment.release;
    let exact = || selector.match_labels.as_ref()?.get(key);
    let requirements = || {
        let all = selector.match_expressions.iter().flatten();
        all.filter(|requirement| requirement.key.as_deref() == Some(key))
    };
    let listed = || {
        let mut requirements = requirements().filter(|one| one.operator.as_deref() == Some("In"));
        requirements.find_map(|requirement| requirement.values.as_deref())
    };
    let implied = exact() == Some(expected)
        || requirements().any(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            requirement.operator.as_deref() == Some("In")
                && !values.is_empty()
                && values.iter().all(|value| value == expected)
        });
    if implied {
        return None;
    }
    let whose = |value: &str| match settings.environment_with(value) {
        Some(other) => format!("{value:?}, which is that of environment {:?}", other.name),
        None => format!("{:?}", excerpt(value)),
    };
    Some(if let Some(value) = exact() {
        format!("wants {}", whose(value))
    } else if let Some(values) = listed() {
        let others = values.iter().filter(|value| *value != expected);
        let others = others.take(TOLD);
        let others: Vec<String> = others.map(|value| whose(value)).collect();
        format!("also takes {}", others.join(" and "))
    } else if let Some(requirement) = requirements().next() {
        let operator = requirement.operator.as_deref().unwrap_or_default();
        format!("also takes others ({key} {operator})")
    } else if selector.is_empty() {
        "is empty and takes everything".to_owned()
    } else {
        "takes whatever value that label has".to_owned()
    })
}

/// The `spec` as it stands.
fn read(object: &Object<'_>) -> Value {
    let spec = object.spec.map_or("{}", RawValue::get);
    serde_json::from_str(spec).unwrap_or_default()
}

/// The selector with the label that it must have.
fn narrowed(spec: &Value, field: &str, key: &str, release: &str) -> Option<Fix> {
    let mut selector = spec[field].clone();
    let members = selector.as_object_mut()?;
    if let Some(expressions) = members
        .get_mut("matchExpressions")
        .and_then(Value::as_array_mut)
    {
        expressions.retain(|one| one["key"] != key);
    }
    members.retain(|_, value| !value.is_null() && *value != json!([]));
    selector["matchLabels"][key] = release.into();
    Some(Fix {
        pointer: ["spec", field].map(str::to_owned).to_vec(),
        value: selector,
        missing: 0,
    })
}
