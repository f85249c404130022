//! Those who write the worst monitors they can think of.

use serde_json::{Value, json};

use super::{DEV, service_monitor};

/// What becomes of a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is accepted.
    Accepted,
    /// A leak is shown.
    Leaks,
    /// A rule cannot be followed.
    NotFollowed,
    /// The budget is spent.
    TooComplex,
}

/// The monitors, each with what it is and what becomes of it in mode `proven`.
pub(crate) fn all() -> Vec<(&'static str, Value, Decided)> {
    let of = |(name, endpoints, decided): (&'static str, Vec<Value>, Decided)| {
        let spec = json!({"selector": {"matchLabels": {"app": "shop"}}, "endpoints": endpoints});
        (name, service_monitor("shop", "shop-dev", &spec), decided)
    };
    endpoints().into_iter().map(of).collect()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn endpoints() -> Vec<(&'static str, Vec<Value>, Decided)> {
    vec![
        ("kept exponential", keep("(a|b)*a(a|b){14}"), Decided::Leaks),
        (
            "kept exponential of the environment",
            keep("(a|b)*a(a|b){14}-dev"),
            Decided::Accepted,
        ),
        (
            "dropped exponential",
            then_filtered(vec![rule("drop", &["namespace"], "(a|b)*a(a|b){14}")]),
            Decided::Accepted,
        ),
        (
            "dropped exponentials",
            vec![endpoint(vec![
                rule("drop", &["namespace"], "(a|b)*a(a|b){14}"),
                rule("drop", &["namespace"], "(a|b)*b(a|b){15}-dev"),
                rule("keep", &["namespace"], "[ab]*"),
                rule("drop", &["namespace"], "[ab]{0,14}|[ab]*"),
            ])],
            Decided::TooComplex,
        ),
        (
            "joined exponentials",
            vec![endpoint(vec![rule(
                "drop",
                &["namespace", "pod", "container"],
                "(a|b)*a(a|b){14};.*(x|y)*x(x|y){12};.*",
            )])],
            Decided::Leaks,
        ),
        (
            "nested counts",
            keep("((a{1,9}){1,9}){1,9}-dev"),
            Decided::Accepted,
        ),
        (
            "counts of too many positions",
            keep("[a-z]{1000}[a-z]{1000}-dev"),
            Decided::NotFollowed,
        ),
        (
            "a long count",
            keep("[a-z0-9-]{900}-dev"),
            Decided::Accepted,
        ),
        (
            "hundreds of alternatives",
            keep(
                &(0..180)
                    .map(|index| format!("n{index}-dev"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            Decided::Accepted,
        ),
        (
            "thousands of alternatives",
            keep(
                &(0..3000)
                    .map(|index| format!("n{index}-dev"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            Decided::NotFollowed,
        ),
        (
            "hundreds of drops",
            then_filtered(many(300, |index| {
                rule("drop", &["namespace"], &format!(".*-d{index}"))
            })),
            Decided::Accepted,
        ),
        (
            "hundreds of writes",
            then_filtered(many(300, |index| {
                write("namespace", &format!("x{index}"), "namespace", "y-dev")
            })),
            Decided::TooComplex,
        ),
        (
            "writes that each split the series",
            then_filtered(many(30, |index| {
                write(
                    "pod",
                    &format!("x{index}.*"),
                    "namespace",
                    &format!("y{index}"),
                )
            })),
            Decided::TooComplex,
        ),
        (
            "hundreds of drops of hundreds of globs",
            vec![endpoint(
                many(300, |index| {
                    rule("drop", &["namespace"], &format!("{}|b{index}", texts(500)))
                })
                .into_iter()
                .chain([rule(
                    "keep",
                    &["namespace"],
                    &format!("{}|c-dev", texts(500)),
                )]),
            )],
            Decided::TooComplex,
        ),
        (
            "hundreds of keeps of hundreds of globs",
            many(300, |index| {
                endpoint(vec![rule(
                    "keep",
                    &["namespace"],
                    &format!("{}|b{index}-prod", texts(200)),
                )])
            }),
            Decided::TooComplex,
        ),
        (
            "thousands of empty alternatives",
            vec![endpoint(
                std::iter::once(rule("keep", &["pod"], &format!("{}c.*", "|".repeat(7900))))
                    .chain(many(50, |_| rule("drop", &["pod"], &"b|".repeat(400)))),
            )],
            Decided::NotFollowed,
        ),
        (
            "thousands of plain keeps",
            vec![endpoint(
                many(2000, |_| {
                    rule("keep", &["namespace"], "a0-dev|a1-dev|a2-dev")
                })
                .into_iter()
                .chain([rule("keep", &["namespace"], "zz-dev")]),
            )],
            Decided::Accepted,
        ),
        (
            "copies of copies",
            vec![endpoint(
                many(12, |index| {
                    write(
                        &format!("l{index}"),
                        "(.+)-x",
                        &format!("l{}", index + 1),
                        "$1",
                    )
                })
                .into_iter()
                .chain([
                    write("l12", "(.*)", "namespace", "$1"),
                    rule("keep", &["namespace"], DEV),
                ]),
            )],
            Decided::Leaks,
        ),
        (
            "a value that doubles",
            vec![endpoint(
                many(30, |_| write("namespace", "(.*)", "namespace", "$1$1"))
                    .into_iter()
                    .chain([rule("keep", &["namespace"], DEV)]),
            )],
            Decided::NotFollowed,
        ),
        (
            "labelmaps",
            then_filtered(many(
                50,
                |index| json!({"action": "labelmap", "regex": format!("a{index}_(.+)")}),
            )),
            Decided::Leaks,
        ),
        (
            "five hundred endpoints",
            many(500, |index| {
                endpoint(vec![rule(
                    "keep",
                    &["namespace"],
                    &format!("s{index}-dev|.*-dev"),
                )])
            }),
            Decided::Accepted,
        ),
    ]
}

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

/// As many rules as an adversary likes, one for each number.
fn many(count: usize, rule: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(rule).collect()
}

/// The rules, and then the filter that they would have to get around.
fn then_filtered(mut rules: Vec<Value>) -> Vec<Value> {
    rules.push(rule("keep", &["namespace"], DEV));
    vec![endpoint(rules)]
}

/// As many texts, as the alternatives of a regex.
fn texts(count: usize) -> String {
    let texts: Vec<String> = (0..count).map(|index| format!("a{index}")).collect();
    texts.join("|")
}
