//! Rule `release-label`: the label that ties a monitoring object to a Prometheus names the one of
//! its namespace's environment.

use serde_json::Value;

use crate::json::unreadable::push_key;
use crate::rule::case::Case;
use crate::rule::verdict::{Fix, Verdict, Violation, excerpt};
use crate::settings::Membership;

/// The rule's name.
pub const NAME: &str = "release-label";

/// Judges the labels of an object.
pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let Case {
        object,
        namespace,
        settings,
        ..
    } = *case;
    let key = &settings.release_label;
    let release = object.label(key);
    let (message, fix) = match settings.environment_of(namespace) {
        Membership::Shared => return,
        Membership::Of(environment) => {
            let expected = &environment.release;
            if release == Some(expected) {
                return;
            }
            let place = format!(
                "namespace {namespace:?} belongs to environment {:?}",
                environment.name
            );
            let message = match release {
                None => format!("{place}, so the label must be {expected:?}, but it is missing"),
                Some(other) => {
                    let wrong = settings.environment_with(other);
                    let wrong = wrong.map(|wrong| {
                        let name = &wrong.name;
                        format!(": the Prometheus of environment {name:?} would pick it up")
                    });
                    let (other, wrong) = (excerpt(other), wrong.unwrap_or_default());
                    format!(
                        "{place}, so the label must be {expected:?}, but it is {other:?}{wrong}"
                    )
                }
            };
            let missing = match &object.metadata {
                None => 2,
                Some(metadata) => usize::from(metadata.labels.is_none()),
            };
            let fix = Fix {
                pointer: ["metadata", "labels", key].map(str::to_owned).to_vec(),
                value: Value::from(expected.as_str()),
                missing,
            };
            (message, Some(fix))
        }
        Membership::None => {
            let Some(environment) = release.and_then(|value| settings.environment_with(value))
            else {
                return;
            };
            let message = format!(
                "namespace {namespace:?} belongs to no environment, but the Prometheus of \
                 environment {:?} would pick the object up: remove the label, move the object, or \
                 add the namespace to the policy's settings",
                environment.name
            );
            (message, None)
        }
    };
    let mut field = "metadata.labels".to_owned();
    push_key(&mut field, key);
    verdict.violations.push(Violation {
        rule: NAME,
        field,
        message,
        witness: None,
        fix,
    });
}
