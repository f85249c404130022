//! `questions-ui.yml`: Rancher's form asks for every setting, and what it gives is accepted.

use std::collections::{BTreeMap, BTreeSet};

use prometheus_env_isolation_policy::settings::{KEYS, NamespaceFilter, Settings};
use rstest::rstest;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::harness::{problems, yaml};

/// The objects of the settings, in the order of their keys in [`KEYS`].
const OBJECTS: [&str; 4] = [
    "",
    "environments",
    "clusterWideExporters",
    "clusterWideExporters.selectors",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    questions: Vec<Question>,
}

/// A question, in the layout of Kubewarden's own forms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the texts are only read")]
struct Question {
    default: Option<Value>,
    description: String,
    tooltip: String,
    group: String,
    label: String,
    options: Option<Vec<String>>,
    required: bool,
    r#type: String,
    variable: String,
    #[serde(default)]
    sequence_questions: Vec<Question>,
}

impl Question {
    /// What somebody may write into the field. An entry is filled in, or has only what it requires.
    fn sample(&self, in_full: bool) -> Value {
        let default = self.default.as_ref();
        match self.r#type.as_str() {
            "boolean" => json!(true),
            "int" => json!(1),
            "string" | "multiline" => {
                let default = default.and_then(Value::as_str).unwrap_or_default();
                json!(format!("{default}sample"))
            }
            "enum" => json!(self.options.as_ref().and_then(|options| options.last())),
            "array[" => {
                let default = default.and_then(|items| items[0].as_str());
                json!([format!("{}sample", default.unwrap_or_default())])
            }
            "map[" => json!({"sample": "sample"}),
            "sequence[" => {
                let mut entry = json!({});
                for question in &self.sequence_questions {
                    if in_full || question.required {
                        entry[&question.variable] = question.sample(in_full);
                    }
                }
                json!([entry])
            }
            other => panic!("the form has no type {other:?}"),
        }
    }
}

fn questions() -> Vec<Question> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/questions-ui.yml");
    let form = yaml(&std::fs::read_to_string(path).expect("a file"));
    let form: Form = serde_json::from_value(form).expect("the form's layout");
    form.questions
}

fn set(settings: &mut Value, variable: &str, value: Value) {
    match variable.split_once('.') {
        None => settings[variable] = value,
        Some((root, key)) => settings[root][key] = value,
    }
}

#[test]
fn every_setting_is_asked_for_and_no_other() {
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let questions = questions();
    for question in &questions {
        let variable = question.variable.as_str();
        let (root, key) = variable.split_once('.').unwrap_or((variable, ""));
        asked.entry("").or_default().insert(root);
        if !key.is_empty() {
            asked.entry(root).or_default().insert(key);
        }
        for inner in &question.sequence_questions {
            asked.entry(variable).or_default().insert(&inner.variable);
        }
    }
    let known = KEYS.map(|keys| keys.iter().copied().collect());
    assert_eq!(asked, OBJECTS.into_iter().zip(known).collect());
}

#[test]
fn the_defaults_are_the_policys() {
    for question in questions() {
        let variable = &question.variable;
        let default = question.default.clone();
        let default = default.unwrap_or_else(|| panic!("{variable} has no default"));
        let mut settings = json!({});
        set(&mut settings, variable, default);
        let text = to_raw_value(&settings).expect("JSON");
        let read = Settings::read(Some(&text)).expect("settings");
        assert_eq!(read, Settings::default(), "{variable}");
        // The form would send an empty default of an entry, too.
        for inner in &question.sequence_questions {
            assert_eq!(inner.default, None, "{variable}: {}", inner.variable);
        }
    }
}

#[rstest]
#[case::all_of_an_entry(true)]
#[case::only_what_an_entry_requires(false)]
fn a_form_that_is_filled_in_is_accepted(#[case] in_full: bool) {
    let mut settings = json!({});
    for question in questions() {
        let variable = &question.variable;
        if let (Some((root, _)), "sequence[") = (variable.split_once('.'), &*question.r#type) {
            // The form adds nothing to a list whose object is not there yet.
            assert!(settings[root].is_object(), "{variable} comes too early");
        }
        set(&mut settings, variable, question.sample(in_full));
    }
    assert_eq!(problems(&settings), None, "{settings}");
}

#[test]
fn the_options_are_the_values_of_the_filter() {
    let questions = questions();
    let mut enums = questions.iter().filter_map(|question| {
        let options = question.options.as_ref()?;
        Some((question.variable.as_str(), options))
    });
    let (variable, options) = enums.next().expect("a question with options");
    assert_eq!((variable, enums.next()), ("namespaceFilter", None));
    // serde tells all that it accepts.
    let error = serde_json::from_value::<NamespaceFilter>(json!("")).expect_err("no value");
    let error = error.to_string();
    let quoted = error.split('`').skip(1).step_by(2);
    let accepted: Vec<&str> = quoted.skip(1).collect();
    assert_eq!(*options, accepted, "{error}");
    for option in options {
        assert_eq!(problems(&json!({variable: option})), None, "{option}");
    }
}
