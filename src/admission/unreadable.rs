//! An object of which something cannot be read is rejected: for that, and for whatever the rest of it violates.
//!
//! Something of the right type stands in for what cannot be read, and the object is judged so. What is found in the
//! part of it that depends on that is left out, for it would be a guess.

use std::fmt::Write as _;

use serde_json::Value;

use crate::json::unreadable::{Problem, Step, Unreadable, path};
use crate::resource::{Kind, Object};
use crate::rule::verdict::{Verdict, Violation};

/// What such a violation is called where others have the name of their rule.
const NAME: &str = "refused";

/// How many fields that cannot be read are told. For each, the object is read once more.
const MOST_FIELDS: usize = 20;

/// How much is read once more, in bytes. Of a larger object, nothing else is judged.
const MOST_BYTES: usize = 1 << 19;

/// The lists of a `spec` whose items are judged one by one.
const LISTS: [&str; 4] = [
    "endpoints",
    "podMetricsEndpoints",
    "remoteWrite",
    "scrapeClasses",
];

/// The verdict on the object of this text, of which something is `unreadable`.
///
/// # Errors
///
/// What cannot be read, if nothing of the object can.
pub(super) fn judge(
    kind: Kind,
    text: &str,
    mut unreadable: Unreadable,
    judge: impl Fn(&Object<'_>) -> Result<Verdict, Unreadable>,
) -> Result<Verdict, Unreadable> {
    if text.len() > MOST_BYTES {
        return Ok(with(Verdict::default(), &[unreadable], &[String::new()]));
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return Err(unreadable);
    };
    let most = (MOST_BYTES / text.len().max(1)).clamp(1, MOST_FIELDS);
    let mut told: Vec<Unreadable> = Vec::new();
    loop {
        let is_stuck = told
            .last()
            .is_some_and(|last| last.place == unreadable.place);
        if told.len() >= most || is_stuck {
            unreadable.place.truncate(1);
            unreadable.problem = Problem::More;
        }
        // Of `metadata` and `spec` as a whole nothing is left to be unreadable.
        let is_possible = told.len() < most + 2 && !unreadable.place.is_empty();
        if !is_possible || !unreadable.replace_in(&mut value) {
            return Err(unreadable);
        }
        told.push(unreadable);
        let text = value.to_string();
        match Object::read(&text).and_then(|object| judge(&object)) {
            Ok(verdict) => {
                let parts: Vec<String> = told
                    .iter()
                    .map(|one| path(part(kind, &one.place)))
                    .collect();
                return Ok(with(verdict, &told, &parts));
            }
            Err(next) => unreadable = next,
        }
    }
}

/// The verdict with what cannot be read, and without what stands in these parts of the object: it would be a guess.
fn with(mut verdict: Verdict, told: &[Unreadable], parts: &[String]) -> Verdict {
    let is_known = |field: &str| !parts.iter().any(|part| is_inside(field, part));
    verdict.violations.retain(|one| is_known(&one.field));
    // A warning about several fields names them with commas.
    verdict.warnings.retain(|warning| {
        let fields = warning.split(':').next().unwrap_or_default();
        let fields = fields
            .strip_prefix("spec.")
            .map(|fields| fields.split(", "));
        fields.is_some_and(|mut fields| fields.all(|field| is_known(&format!("spec.{field}"))))
    });
    let violations = told.iter().zip(parts).map(|(unreadable, part)| {
        let field = unreadable.path();
        let mut message = unreadable.problem.to_string();
        if part.is_empty() {
            message += "; nothing else of the object was judged";
        } else if *part != field {
            let _ = write!(message, "; nothing else of {part} was judged");
        }
        Violation {
            rule: NAME,
            field,
            message,
            witness: None,
            fix: None,
        }
    });
    verdict.violations = violations.chain(verdict.violations).collect();
    verdict
}

/// The smallest part of an object of which nothing is known where this place of it cannot be read.
fn part(kind: Kind, place: &[Step]) -> &[Step] {
    let is = |index: usize, name: &str| place.get(index) == Some(&Step::Member(name.to_owned()));
    let steps = if is(0, "metadata") {
        // An annotation of a claim decides whether its `spec` does.
        let decides = kind == Kind::PersistentVolumeClaim && !is(1, "labels");
        if decides { 0 } else { place.len() }
    } else if LISTS.iter().any(|list| is(1, list)) && place.len() > 2 {
        3
    } else {
        match kind {
            Kind::Prometheus | Kind::PrometheusAgent | Kind::ThanosRuler => 2,
            _ => 1,
        }
    };
    &place[..steps.min(place.len())]
}

/// Whether a field is this part of an object, or stands in it.
fn is_inside(field: &str, part: &str) -> bool {
    let rest = field.strip_prefix(part);
    rest.is_some_and(|rest| part.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("spec.endpoints[1]", true)]
    #[case("spec.endpoints[1].metricRelabelings", true)]
    #[case("spec.endpoints[12]", false)]
    #[case("spec.endpoints", false)]
    fn a_field_is_inside_of_its_endpoint(#[case] field: &str, #[case] expected: bool) {
        assert_eq!(is_inside(field, "spec.endpoints[1]"), expected);
    }
}
