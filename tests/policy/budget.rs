//! What the proofs may cost, against those who write the worst monitors they can think of: each is
//! decided or refused as too complex, within the budget, and at the same cost every time.

use prometheus_env_isolation_policy::language::product::BUDGET;
use prometheus_env_isolation_policy::policy;
use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, manifest_request, monitor, proven};

const DEV: &str = "dev|.*-dev|kube-system";

fn rule(action: &str, source_labels: &[&str], regex: &str) -> Value {
    json!({"action": action, "sourceLabels": source_labels, "regex": regex})
}

fn write(source: &str, regex: &str, target: &str, replacement: &str) -> Value {
    json!({"sourceLabels": [source], "regex": regex, "targetLabel": target,
           "replacement": replacement})
}

fn endpoint(rules: impl IntoIterator<Item = Value>) -> Value {
    let rules: Value = rules.into_iter().collect();
    json!({"honorLabels": true, "metricRelabelings": rules})
}

fn keep(regex: &str) -> Vec<Value> {
    vec![endpoint(vec![rule("keep", &["namespace"], regex)])]
}

fn with(endpoints: Vec<Value>) -> Value {
    let mut object = monitor("{}", "");
    object["spec"]["endpoints"] = endpoints.into();
    object
}

/// As many rules as an adversary likes, one for each number.
fn many(count: usize, rule: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(rule).collect()
}

/// The rules, and then the filter that they would have to get around.
fn then_filtered(mut rules: Vec<Value>) -> Vec<Value> {
    rules.push(rule("keep", &["namespace"], DEV));
    vec![endpoint(rules)]
}

#[derive(Debug, PartialEq, Eq)]
enum Decided {
    Accepted,
    Leaks,
    NotFollowed,
    TooComplex,
}

#[rstest]
#[case::kept_exponential(keep("(a|b)*a(a|b){14}"), Decided::Leaks)]
#[case::kept_exponential_of_the_environment(keep("(a|b)*a(a|b){14}-dev"), Decided::Accepted)]
#[case::dropped_exponential(
    then_filtered(vec![rule("drop", &["namespace"], "(a|b)*a(a|b){14}")]),
    Decided::Accepted
)]
#[case::dropped_exponentials(
    vec![endpoint(vec![
        rule("drop", &["namespace"], "(a|b)*a(a|b){14}"),
        rule("drop", &["namespace"], "(a|b)*b(a|b){15}-dev"),
        rule("keep", &["namespace"], "[ab]*"),
        rule("drop", &["namespace"], "[ab]{0,14}|[ab]*"),
    ])],
    Decided::TooComplex
)]
#[case::joined_exponentials(
    vec![endpoint(vec![rule(
        "drop",
        &["namespace", "pod", "container"],
        "(a|b)*a(a|b){14};.*(x|y)*x(x|y){12};.*",
    )])],
    Decided::Leaks
)]
#[case::nested_counts(keep("((a{1,9}){1,9}){1,9}-dev"), Decided::Accepted)]
#[case::counts_of_too_many_positions(keep("[a-z]{1000}[a-z]{1000}-dev"), Decided::NotFollowed)]
#[case::a_long_count(keep("[a-z0-9-]{900}-dev"), Decided::Accepted)]
#[case::hundreds_of_alternatives(
    keep(&(0..180).map(|index| format!("n{index}-dev")).collect::<Vec<_>>().join("|")),
    Decided::Accepted
)]
#[case::thousands_of_alternatives(
    keep(&(0..3000).map(|index| format!("n{index}-dev")).collect::<Vec<_>>().join("|")),
    Decided::NotFollowed
)]
#[case::hundreds_of_drops(
    then_filtered(many(300, |index| rule("drop", &["namespace"], &format!(".*-d{index}")))),
    Decided::Accepted
)]
#[case::hundreds_of_writes(
    then_filtered(many(300, |index| write("namespace", &format!("x{index}"), "namespace", "y-dev"))),
    Decided::TooComplex
)]
#[case::writes_that_each_split_the_series(
    then_filtered(many(30, |index| write("pod", &format!("x{index}.*"), "namespace", &format!("y{index}")))),
    Decided::TooComplex
)]
#[case::copies_of_copies(
    vec![endpoint(
        many(12, |index| write(&format!("l{index}"), "(.+)-x", &format!("l{}", index + 1), "$1"))
            .into_iter()
            .chain([write("l12", "(.*)", "namespace", "$1"), rule("keep", &["namespace"], DEV)]),
    )],
    Decided::TooComplex
)]
#[case::a_value_that_doubles(
    vec![endpoint(
        many(30, |_| write("namespace", "(.*)", "namespace", "$1$1"))
            .into_iter()
            .chain([rule("keep", &["namespace"], DEV)]),
    )],
    Decided::NotFollowed
)]
#[case::labelmaps(
    then_filtered(many(50, |index| json!({"action": "labelmap", "regex": format!("a{index}_(.+)")}))),
    Decided::TooComplex
)]
#[case::five_hundred_endpoints(
    many(500, |index| endpoint(vec![rule("keep", &["namespace"], &format!("s{index}-dev|.*-dev"))])),
    Decided::TooComplex
)]
fn an_adversary_costs_no_more_than_the_budget(
    #[case] endpoints: Vec<Value>,
    #[case] expected: Decided,
) {
    let object = with(endpoints);
    let payload = json!({"request": manifest_request(&object), "settings": proven()}).to_string();
    let answer = policy::validate(payload.as_bytes());
    let decided = match &answer.message {
        None => Decided::Accepted,
        Some(message) if message.contains("too complex to prove") => Decided::TooComplex,
        Some(message) if message.contains("it cannot be proved") => Decided::NotFollowed,
        Some(_) => Decided::Leaks,
    };
    assert_eq!(decided, expected, "{:?}", answer.message);
    assert!(answer.spent > 0 && answer.spent <= BUDGET);
    let again = policy::validate(payload.as_bytes());
    assert_eq!(answer.spent, again.spent);
    // As policy-server runs it, too, within the memory and the stack that it has there.
    let answered = create(&object, &proven());
    assert_eq!(answered.accepted, answer.accepted);
    assert_eq!(answered.message, answer.message);
}
