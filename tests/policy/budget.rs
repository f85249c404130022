//! What the proofs may cost, against those who write the worst monitors they can think of: each is
//! decided or refused as too complex, within the budget, and at the same cost every time.

use prometheus_env_isolation_policy::admission;
use prometheus_env_isolation_policy::language::budget::BUDGET;
use serde_json::json;

use super::cases::adversaries::{self, Decided};
use super::harness::{create, manifest_request, proven};

#[test]
fn an_adversary_costs_no_more_than_the_budget() {
    for (name, object, expected) in adversaries::all() {
        let payload =
            json!({"request": manifest_request(&object), "settings": proven()}).to_string();
        let answer = admission::validate(payload.as_bytes());
        let decided = match &answer.message {
            None => Decided::Accepted,
            Some(message) if message.contains("too complex to check") => Decided::TooComplex,
            Some(message) if message.contains("possible leak") => Decided::NotFollowed,
            Some(_) => Decided::Leaks,
        };
        let message: String = answer
            .message
            .iter()
            .flat_map(|it| it.chars())
            .take(400)
            .collect();
        assert_eq!(decided, expected, "{name}: {message}");
        assert!(answer.spent > 0 && answer.spent <= BUDGET, "{name}");
        let again = admission::validate(payload.as_bytes());
        assert_eq!(answer.spent, again.spent, "{name}");
        // As policy-server runs it, too, within the memory and the stack that it has there.
        let answered = create(&object, &proven());
        assert_eq!(answered.accepted, answer.accepted, "{name}");
        assert_eq!(answered.message, answer.message, "{name}");
    }
}
