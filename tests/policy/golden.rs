//! The policy against what Prometheus and prometheus-operator did, as `make golden` recorded it.
//!
//! `tests/golden/monitors.jsonl` has monitors and what came through them, `regexes.jsonl` patterns
//! and which texts Go matched with them.

use prometheus_env_isolation_policy::language::automaton::{Automaton, Membership};
use prometheus_env_isolation_policy::language::pattern::{Pattern, PatternError};
use serde::Deserialize;
use serde_json::Value;

use super::harness::{create, lines, proven};

#[derive(Deserialize)]
struct Recorded {
    title: Option<String>,
    object: Value,
    oracle: Oracle,
    imprecise: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Oracle {
    Leaks,
    Safe,
    Refused,
}

#[derive(Deserialize)]
struct RecordedRegex {
    pattern: String,
    compiles: bool,
    #[serde(default)]
    matches: Vec<String>,
    #[serde(default)]
    others: Vec<String>,
}

#[test]
fn no_monitor_through_which_something_came_is_accepted() {
    for recorded in lines::<Recorded>("monitors.jsonl") {
        if recorded.oracle == Oracle::Leaks {
            let answer = create(&recorded.object, &proven());
            assert!(!answer.accepted, "{:?} {}", recorded.title, recorded.object);
        }
    }
}

#[test]
fn a_trap_through_which_nothing_came_is_accepted_unless_it_says_why_not() {
    for recorded in lines::<Recorded>("monitors.jsonl") {
        if let (Some(title), Oracle::Safe) = (recorded.title, recorded.oracle) {
            let answer = create(&recorded.object, &proven());
            let expected = recorded.imprecise.is_none();
            assert_eq!(answer.accepted, expected, "{title}: {:?}", answer.message);
        }
    }
}

#[test]
fn a_trap_that_is_refused_is_rejected_as_such() {
    for recorded in lines::<Recorded>("monitors.jsonl") {
        if let (Some(title), Oracle::Refused) = (recorded.title, recorded.oracle) {
            let message = create(&recorded.object, &proven()).message;
            let said = message.is_some_and(|text| text.contains("would ignore the whole object"));
            assert!(said, "{title}");
        }
    }
}

/// What is rejected with a witness does leak, even where the search for the record did not find it:
/// the differential test replays each witness.
#[test]
fn hardly_any_random_monitor_is_rejected_without_a_leak() {
    let (mut all, mut imprecise) = (0, Vec::new());
    for recorded in lines::<Recorded>("monitors.jsonl") {
        if recorded.title.is_some() {
            continue;
        }
        all += 1;
        let answer = create(&recorded.object, &proven());
        let violations = answer.violations().expect("the annotation");
        let unnamed = violations
            .iter()
            .any(|violation| violation.witness.is_none());
        if recorded.oracle == Oracle::Safe && unnamed {
            imprecise.push(recorded.object);
        }
    }
    assert!(100 * imprecise.len() < all, "{imprecise:#?}");
}

#[derive(Deserialize)]
struct RecordedScalar {
    field: String,
    text: Value,
    outcome: String,
    object: Value,
}

/// What the operator wrote and Prometheus read: some texts change what others mean.
#[test]
fn what_is_read_otherwise_is_rejected_and_what_is_read_as_written_is_not() {
    let (mut same, mut poisons) = (0, 0);
    for recorded in lines::<RecordedScalar>("scalars.jsonl") {
        // Of a long text the object has only a mark.
        if !recorded.text.is_string() {
            continue;
        }
        let answer = create(&recorded.object, &proven());
        let told = || format!("{} {}: {:?}", recorded.field, recorded.text, answer.message);
        match recorded.outcome.as_str() {
            "same" => {
                same += 1;
                assert!(answer.accepted, "{}", told());
            }
            "poisons" => {
                poisons += 1;
                let message = answer.message.as_deref().unwrap_or_default();
                assert!(message.contains("as no regex at all"), "{}", told());
            }
            _ => {}
        }
    }
    assert!(same > 100 && poisons > 100, "{same} {poisons}");
}

/// Whether all characters are told apart, and read alike by both versions of Prometheus.
fn is_told_apart(text: &str) -> bool {
    text.is_ascii() && !text.contains('\n')
}

#[test]
fn every_pattern_is_read_as_go_reads_it() {
    let mut followed = 0;
    for recorded in lines::<RecordedRegex>("regexes.jsonl") {
        let pattern = match Pattern::parse(&recorded.pattern) {
            Ok(pattern) => pattern,
            Err(PatternError::Refused(reason)) => {
                assert!(!recorded.compiles, "{:?}: {reason}", recorded.pattern);
                continue;
            }
            Err(_) => continue,
        };
        assert!(recorded.compiles, "Go refuses {:?}", recorded.pattern);
        followed += 1;
        let automaton =
            Automaton::new(&pattern.expression, pattern.exact).expect("a small pattern");
        for text in &recorded.matches {
            let found = automaton.contains(text);
            assert_ne!(found, Membership::No, "{:?} {text:?}", recorded.pattern);
            if pattern.exact && is_told_apart(text) && !recorded.pattern.contains("\\p") {
                assert_eq!(found, Membership::Yes, "{:?} {text:?}", recorded.pattern);
            }
        }
        for text in &recorded.others {
            let found = automaton.contains(text);
            assert_ne!(found, Membership::Yes, "{:?} {text:?}", recorded.pattern);
            if pattern.exact && is_told_apart(text) && !recorded.pattern.contains("\\p") {
                assert_eq!(found, Membership::No, "{:?} {text:?}", recorded.pattern);
            }
        }
    }
    assert!(followed > 250, "only {followed} patterns are followed");
}
