//! The language engine against independent ones, over random patterns: membership against the
//! `regex` crate, inclusion and its witness against `regexsolver`.

use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::Config;

use prometheus_env_isolation_policy::language::alphabet::NAMESPACE;
use prometheus_env_isolation_policy::language::automaton::{Automaton, Membership};
use prometheus_env_isolation_policy::language::budget::Budget;
use prometheus_env_isolation_policy::language::condition::{Condition, Surrounding};
use prometheus_env_isolation_policy::language::expression::Expression;
use prometheus_env_isolation_policy::language::glob;
use prometheus_env_isolation_policy::language::pattern::Pattern;
use prometheus_env_isolation_policy::language::product::{exists, shortest};
use regexsolver::Term;

/// Patterns that all of these engines read alike, without flags.
fn plain_pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[abd-]",
        1 => Just(".".to_owned()),
        1 => Just("[a-c]".to_owned()),
        1 => Just("[^b;]".to_owned()),
        1 => Just("[0-9]".to_owned()),
        1 => Just(";".to_owned()),
        1 => Just("\\.".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join("|"))),
            1 => inner.clone().prop_map(|part| format!("(?:{part})*")),
            1 => inner.clone().prop_map(|part| format!("({part})+?")),
            1 => inner.clone().prop_map(|part| format!("({part})?")),
            1 => (inner, 0..3_u32, 0..3_u32)
                .prop_map(|(part, least, more)| format!("({part}){{{least},{}}}", least + more)),
        ]
    })
}

/// The same, with what only some of them read.
fn pattern() -> impl Strategy<Value = String> {
    let wrapped = |(pattern, form): (String, u8)| match form {
        0 => format!("(?i){pattern}"),
        1 => format!("^{pattern}$"),
        2 => format!("(?i:{pattern})-(?-s:.)"),
        3 => format!("{pattern}|\\w[[:upper:]]\\S"),
        _ => pattern,
    };
    (plain_pattern(), 0..6_u8).prop_map(wrapped)
}

fn automaton(pattern: &str) -> Rc<Automaton> {
    let pattern = Pattern::parse(pattern).expect("a pattern that is followed");
    Rc::new(Automaton::new(&pattern.expression, pattern.exact).expect("a small pattern"))
}

/// A few globs, as they are known to an automaton, and as an expression, of which every question is
/// answered by a walk.
fn globs() -> impl Strategy<Value = [Rc<Automaton>; 2]> {
    let glob = prop_oneof![3 => "[ab*-]{0,4}", 1 => "[a-b]{1,3}"];
    prop::collection::vec(glob, 1..4).prop_map(|globs| {
        let expressions = globs.iter().map(|glob| glob::expression(glob)).collect();
        let walked = Automaton::new(&Expression::Alternation(expressions), true);
        let known = Automaton::of_globs(globs);
        [known, walked].map(|automaton| Rc::new(automaton.expect("small globs")))
    })
}

fn text_of(symbols: Vec<u8>) -> String {
    symbols.into_iter().map(char::from).collect()
}

proptest! {
    #![proptest_config(Config { cases: 2000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn membership_is_that_of_the_regex_crate(pattern in pattern(), text in "[abdABD0;.\n-]{0,6}") {
        // As Prometheus 2 anchors it, and as Prometheus 3 does.
        let matches = ["^(?:", "^(?s:"].map(|start| {
            let regex = regex::Regex::new(&format!("{start}{pattern})$")).expect("a valid pattern");
            regex.is_match(&text)
        });
        let expected = match matches {
            [true, true] => Membership::Yes,
            [false, false] => Membership::No,
            _ => Membership::Unknown,
        };
        prop_assert_eq!(automaton(&pattern).contains(&text), expected);
    }
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn inclusion_is_that_of_regexsolver(one in plain_pattern(), other in plain_pattern()) {
        let conditions = [
            Condition::inside(automaton(&format!("(?s){one}"))),
            Condition::outside(automaton(&format!("(?s){other}"))),
        ];
        let found = shortest(&conditions, u128::MAX, usize::MAX, &mut Budget::default());
        let witness = found.expect("a small product").map(text_of);
        let one = Term::from_pattern(&one).expect("a pattern");
        let other = Term::from_pattern(&other).expect("a pattern");
        prop_assert_eq!(witness.is_none(), one.subset(&other).expect("an answer"));
        if let Some(witness) = witness {
            let difference = one.difference(&other).expect("an answer");
            prop_assert!(difference.matches(&witness).expect("an answer"));
            let shortest = difference.length().0.map(|length| length as usize);
            prop_assert_eq!(shortest, Some(witness.chars().count()));
        }
    }

    /// What is said of globs without a walk is what the walk says.
    #[test]
    fn globs_are_answered_as_by_a_walk(
        automata in prop::collection::vec((globs(), any::<bool>(), prop::bool::weighted(0.2)), 1..4),
        length in 0..4_usize,
    ) {
        let conditions = |known: usize| -> Vec<Condition> {
            let condition = |(globs, inside, surrounded): &([Rc<Automaton>; 2], bool, bool)| {
                let before = surrounded.then(|| Surrounding::Literal("a".to_owned()));
                Condition {
                    inside: *inside,
                    before: before.into_iter().collect(),
                    ..Condition::inside(Rc::clone(&globs[known]))
                }
            };
            automata.iter().map(condition).collect()
        };
        let alphabet = NAMESPACE;
        let mut budget = Budget::default();
        let known = shortest(&conditions(0), alphabet, length, &mut budget);
        let walked = shortest(&conditions(1), alphabet, length, &mut budget);
        prop_assert_eq!(&known, &walked);
        let likely = ["", "a", "ab-"];
        let found = exists(&conditions(0), alphabet, length, &likely, &mut budget);
        prop_assert_eq!(found, walked.map(|text| text.is_some()));
    }

    /// A glob that includes another one matches what that matches.
    #[test]
    fn what_a_glob_includes_it_matches(glob in "[ab*]{0,4}", other in "[ab*]{0,4}", text in "[ab]{0,5}") {
        if glob::includes(&glob, &other) && glob::matches(&other, &text) {
            prop_assert!(glob::matches(&glob, &text));
        }
    }

    /// A regex that is read as globs matches what its pattern matches.
    #[test]
    fn globs_of_a_regex_are_its_pattern(regex in "\\(?([ab;-]|\\.\\*|\\|){0,6}\\)?", text in "[ab;-]{0,5}") {
        if let Some(globs) = glob::of_regex(&regex) {
            let known = Automaton::of_globs(globs).expect("small globs");
            prop_assert_eq!(known.contains(&text), automaton(&regex).contains(&text));
        }
    }

    /// A text between others: some value of theirs matches, or does not.
    #[test]
    fn surroundings_are_that_of_regexsolver(pattern in plain_pattern(), inside in any::<bool>()) {
        let around = || vec![Surrounding::ANYTHING, Surrounding::Literal(";".to_owned())];
        let condition = Condition {
            before: around(),
            after: around().into_iter().rev().collect(),
            inside,
            ..Condition::inside(automaton(&format!("(?s){pattern}")))
        };
        let whole = Condition::inside(automaton("[ab;]{0,2}"));
        let found = shortest(&[condition, whole], u128::MAX, usize::MAX, &mut Budget::default());
        let found = found.expect("a small product").is_some();
        let values = Term::from_pattern("(.|\n)*;[ab;]{0,2};(.|\n)*").expect("a pattern");
        let pattern = Term::from_pattern(&pattern).expect("a pattern");
        let matched = if inside { values.intersection([&pattern]) } else { values.difference(&pattern) };
        prop_assert_eq!(found, !matched.expect("an answer").is_empty().expect("an answer"));
    }
}
