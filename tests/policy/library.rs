//! The library answers as the module does, byte for byte: the checker asks the one, the cluster the
//! other. [`evaluate`] compares; here are the goldens, the examples and random monitors.

use std::path::Path;

use env_isolation_check::input;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fixes::pipeline;
use super::harness::{evaluate, lines, manifest_request, proven};

#[derive(Deserialize)]
struct Recorded {
    object: Value,
}

fn golden(name: &str) -> Vec<Value> {
    let recorded = lines::<Recorded>(name).into_iter();
    recorded.map(|recorded| recorded.object).collect()
}

fn examples() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = input::find(&folder).expect("a folder").files.into_iter();
    files
        .flat_map(|file| super::examples::objects_of(&file))
        .collect()
}

fn random() -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let mut monitor = || pipeline().new_tree(&mut runner).expect("a monitor");
    (0..300).map(|_| monitor().current()).collect()
}

#[rstest]
#[case::monitors(golden("monitors.jsonl"), 700)]
#[case::scalars(golden("scalars.jsonl"), 500)]
#[case::examples(examples(), 30)]
#[case::random(random(), 300)]
fn the_library_answers_as_the_module_does(
    #[case] objects: Vec<Value>,
    #[case] at_least: usize,
    #[values(proven(), json!({}))] settings: Value,
) {
    assert!(objects.len() >= at_least, "{}", objects.len());
    let mut accepted = 0;
    for object in &objects {
        accepted += usize::from(evaluate(&manifest_request(object), &settings).accepted);
    }
    assert!(accepted > 0 && accepted < objects.len(), "{accepted}");
}
