//! `env-isolation-check` gives the module's verdicts, over manifests in text and where it explains
//! them.

use std::path::Path;

use env_isolation_check::answer::{Answer, Violation};
use env_isolation_check::explain::Explanation;
use env_isolation_check::fix;
use env_isolation_check::input::{self, Input};
use env_isolation_check::judge::{FindingKind, Judge, Outcome, Verdict};
use env_isolation_check::yaml;
use prometheus_env_isolation_policy::rule::namespace_filter::explanation::{Left, Share};
use prometheus_env_isolation_policy::settings::Settings;
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::harness::{create, evaluate, lines, manifest_request, proven};

#[derive(Deserialize)]
struct Recorded {
    object: Value,
}

/// The objects of the golden files and of the examples.
fn objects() -> Vec<Value> {
    let recorded = lines::<Recorded>("monitors.jsonl").into_iter();
    let mut objects: Vec<Value> = recorded.map(|recorded| recorded.object).collect();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for folder in ["before", "after", "fixed"] {
        for file in input::find(&examples.join(folder)).expect("a folder").files {
            objects.extend(super::examples::objects_of(&file));
        }
    }
    objects
}

fn judged(input: &Input, settings: &Value) -> Vec<Outcome> {
    let judge = Judge {
        settings,
        api_groups: &Settings::default().api_groups,
        namespace: None,
    };
    let documents = yaml::documents(&input.text).into_iter();
    documents
        .flat_map(|document| judge.document(0, input, document).expect("a verdict"))
        .collect()
}

/// What an outcome says, as the module's answer does.
fn said(outcome: &Outcome) -> (bool, Vec<Violation>, Vec<String>) {
    let mut violations = Vec::new();
    let mut warnings = Vec::new();
    for finding in &outcome.findings {
        match &finding.kind {
            FindingKind::Violation(violation) => violations.push((**violation).clone()),
            FindingKind::Warning => warnings.push(finding.message.clone()),
            FindingKind::Refusal => {}
            FindingKind::Unreadable | FindingKind::Unjudged(_) => panic!("{}", finding.message),
        }
    }
    (outcome.verdict == Verdict::Accepted, violations, warnings)
}

fn answered(answer: Answer) -> (bool, Vec<Violation>, Vec<String>) {
    let violations = answer.violations().expect("the annotation");
    (answer.accepted, violations, answer.warnings)
}

#[rstest]
fn the_verdict_on_a_text_is_the_one_on_its_object(
    #[values(true, false)] as_yaml: bool,
    #[values(proven(), json!({"sharedNamespaces": ["default", "kube-system"]}))] settings: Value,
) {
    let objects = objects();
    let texts = objects.iter().map(|object| {
        if as_yaml {
            serde_saphyr::to_string(object).expect("YAML")
        } else {
            format!("{object:#}\n")
        }
    });
    let text = texts.collect::<Vec<_>>().join("---\n");
    let input = Input::new(None, text);
    let outcomes = judged(&input, &settings);
    assert_eq!(outcomes.len(), objects.len());
    for (outcome, object) in outcomes.iter().zip(&objects) {
        assert_eq!(
            said(outcome),
            answered(create(object, &settings)),
            "{object}"
        );
    }
}

/// Whether a violation says that something leaks, or may.
fn is_leak(violation: &Violation) -> bool {
    let others = ["would ignore", "add a keep on `namespace`", "too complex"];
    violation.rule == "namespace-filter"
        && !others.iter().any(|other| violation.message.contains(other))
}

#[rstest]
fn an_explanation_ends_in_the_modules_verdict(#[values(proven(), json!({}))] settings: Value) {
    let (mut leaks, mut empty) = (0, 0);
    for object in objects() {
        let request = manifest_request(&object);
        let explanation = Explanation::of(&request, &settings);
        let answer = evaluate(&request, &settings);
        assert_eq!(explanation.answer, answer, "{object}");
        let violations = answer.violations().expect("the annotation");
        if violations
            .iter()
            .any(|it| it.message.contains("too complex"))
        {
            continue;
        }
        for walk in explanation.walks.expect("an object that can be read") {
            let of_it = |violation: &&Violation| {
                let rest = violation.field.strip_prefix(walk.field.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let expected = violations.iter().filter(of_it).any(is_leak);
            let scrapes_nothing = format!("{}: this endpoint would scrape nothing", walk.field);
            if answer
                .warnings
                .iter()
                .any(|it| it.starts_with(&scrapes_nothing))
            {
                let nothing = |left: &Left| left.share == Share::All(Vec::new());
                assert!(
                    walk.left.iter().all(nothing) && !walk.has_unlabelled,
                    "{walk:#?}"
                );
                empty += 1;
            }
            let found = walk.leaks().iter().any(Option::is_some);
            assert_eq!(found, expected, "{object}\n{walk:#?}");
            leaks += usize::from(found);
        }
    }
    assert!(leaks > 300, "{leaks}");
    assert!(empty > 0);
}

#[test]
fn fixes_that_are_written_are_accepted_and_keep_every_comment() {
    let mut mended = 0;
    for (index, object) in objects().iter().enumerate() {
        let yaml = serde_saphyr::to_string(object).expect("YAML");
        let comment = |(index, line): (usize, &str)| format!("{line} # {index}\n");
        let yaml: String = yaml.lines().enumerate().map(comment).collect();
        let text = format!("# first\n{yaml}# last\n");
        let input = Input::new(None, text);
        let outcomes = judged(&input, &proven());
        let fixed = fix::fixed(&input, &outcomes);
        assert_eq!(fixed.left, [], "{index}: {}", input.text);
        assert_eq!(fixed.mended, outcomes[0].fixes().count());
        let comments = |text: &str| -> Vec<String> {
            let comments = text.lines().filter_map(|line| line.rsplit_once('#'));
            comments.map(|(_, comment)| comment.to_owned()).collect()
        };
        assert_eq!(
            comments(&fixed.text),
            comments(&input.text),
            "{}",
            fixed.text
        );
        let violations = outcomes[0].findings.iter();
        let violations = violations.filter(|one| !one.kind.is_warning()).count();
        if fixed.mended == violations {
            let again = judged(&Input::new(None, fixed.text), &proven());
            assert_eq!(again[0].verdict, Verdict::Accepted);
            mended += fixed.mended;
        }
    }
    assert!(mended > 300, "{mended}");
}
