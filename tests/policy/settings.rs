//! Settings: the defaults, and every mistake with its own message.

use rstest::rstest;
use serde_json::{Value, json};

use super::harness::problems;

#[rstest]
#[case::nothing(Value::Null)]
#[case::empty(json!({}))]
#[case::nulls(json!({"environments": null, "clusterWideExporters": {"paths": null}}))]
#[case::all(json!({
    "environments": [{"name": "dev", "namespaces": ["dev", "*-dev"], "release": "monitoring-dev"}],
    "sharedNamespaces": [],
    "releaseLabel": "example.com/release",
    "namespaceFilter": "proven",
    "prometheusStorageClasses": ["a.b-c"],
    "clusterWideExporters": {"selectors": [{"a/b": "c"}], "paths": ["/x"]},
    "apiGroups": ["monitoring.coreos.com", "monitoring.rhobs"],
}))]
#[case::selectors_in_both_shapes(json!({"clusterWideExporters": {"selectors": [
    {"a/b": "c", "d": "e"},
    {"matchLabels": {"a/b": "c", "d": "e"}},
    {"matchLabels": {"matchLabels": "a"}},
]}}))]
fn valid_settings(#[case] settings: Value) {
    assert_eq!(problems(&settings), None);
}

#[rstest]
#[case::unknown_key(json!({"environment": []}), "environment: unknown key; known are environments, ")]
#[case::unknown_nested_key(json!({"environments": [{"name": "a", "glob": "x"}]}), "environments[0].glob: unknown key; known are name, namespaces, release")]
#[case::unknown_exporter_key(json!({"clusterWideExporters": {"path": "x"}}), "clusterWideExporters.path: unknown key")]
#[case::no_environment(json!({"environments": []}), "environments: at least one is needed")]
#[case::no_globs(json!({"environments": [{"name": "a", "namespaces": []}]}), "environments[0].namespaces: at least one glob is needed")]
#[case::same_name(json!({"environments": [{"name": "a"}, {"name": "a", "namespaces": ["b"], "release": "b"}]}), "environments[1].name: environments[0] is called \"a\" too")]
#[case::same_release(json!({"environments": [{"name": "a", "release": "r"}, {"name": "b", "release": "r"}]}), "environments[1].release: environments[0] has release \"r\" too")]
#[case::release_no_label_value(json!({"environments": [{"name": "a", "release": "-x"}]}), "environments[0].release: \"-x\" is no valid label value")]
#[case::name_no_label_value(json!({"environments": [{"name": "", "namespaces": ["a"]}]}), "environments[0].name: \"\" is no valid label value")]
#[case::no_label_key(json!({"releaseLabel": "a/b/c"}), "releaseLabel: \"a/b/c\" is no valid label key")]
#[case::no_glob(json!({"sharedNamespaces": ["kube_*"]}), "sharedNamespaces[0]: \"kube_*\" is no valid glob")]
#[case::dead_glob(json!({"sharedNamespaces": ["-a"]}), "sharedNamespaces[0]: no namespace can match \"-a\"")]
#[case::no_class(json!({"prometheusStorageClasses": []}), "prometheusStorageClasses: at least one is needed")]
#[case::empty_class(json!({"prometheusStorageClasses": [""]}), "prometheusStorageClasses[0]: \"\" is no valid name of a storage class")]
#[case::mode(json!({"namespaceFilter": "strict"}), "namespaceFilter: expected `required` or `proven`")]
#[case::selector_value(json!({"clusterWideExporters": {"selectors": [{"a": "b c"}]}}), "clusterWideExporters.selectors[0][\"a\"]: \"b c\" is no valid label value")]
#[case::value_below_match_labels(json!({"clusterWideExporters": {"selectors": [{"matchLabels": {"a": "b c"}}]}}), "clusterWideExporters.selectors[0][\"a\"]: \"b c\" is no valid label value")]
#[case::empty_selector(json!({"clusterWideExporters": {"selectors": [{}]}}), "clusterWideExporters.selectors[0]: at least one label is needed")]
#[case::empty_match_labels(json!({"clusterWideExporters": {"selectors": [{"matchLabels": {}}]}}), "clusterWideExporters.selectors[0]: at least one label is needed")]
#[case::label_beside_match_labels(json!({"clusterWideExporters": {"selectors": [{"a": "b"}, {"matchLabels": {"a": "b"}, "z": "b"}]}}), "clusterWideExporters.selectors[1]: no other key may stand beside matchLabels")]
#[case::match_expressions(json!({"clusterWideExporters": {"selectors": [{"matchExpressions": [], "matchLabels": {"a": "b"}}]}}), "clusterWideExporters.selectors[0]: no other key may stand beside matchLabels")]
#[case::no_selector(json!({"clusterWideExporters": {"selectors": ["a"]}}), "clusterWideExporters.selectors[0]: expected an object, found a string")]
#[case::number_for_a_label(json!({"clusterWideExporters": {"selectors": [{"a": 5}]}}), "clusterWideExporters.selectors[0].a: expected a string, found a number")]
#[case::object_for_a_label(json!({"clusterWideExporters": {"selectors": [{"a": {"b": "c"}}]}}), "clusterWideExporters.selectors[0].a: expected a string, found an object")]
#[case::number_below_match_labels(json!({"clusterWideExporters": {"selectors": [{"matchLabels": {"a": 5}}]}}), "clusterWideExporters.selectors[0].matchLabels.a: expected a string, found a number")]
#[case::string_for_match_labels(json!({"clusterWideExporters": {"selectors": [{"matchLabels": "a"}]}}), "clusterWideExporters.selectors[0].matchLabels: expected an object, found a string")]
#[case::path(json!({"clusterWideExporters": {"paths": ["metrics"]}}), "clusterWideExporters.paths[0]: \"metrics\" does not begin with a slash")]
#[case::wrong_type(json!({"environments": [{"name": 5}]}), "environments[0].name: expected a string, found a number")]
#[case::overlap(json!({"environments": [{"name": "dev", "namespaces": ["*-dev-*"]}, {"name": "prod"}]}), "\"a-dev-prod\" would lie in environment \"dev\" and in environment \"prod\"")]
#[case::overlap_with_shared(json!({"sharedNamespaces": ["kube-*"]}), "\"kube-dev\" would lie in environment \"dev\" and in sharedNamespaces")]
#[case::no_group(json!({"apiGroups": []}), "apiGroups: at least one is needed")]
#[case::empty_group(json!({"apiGroups": [""]}), "apiGroups[0]: \"\" is no valid name of an API group")]
#[case::group_with_version(json!({"apiGroups": ["monitoring.rhobs/v1"]}), "apiGroups[0]: \"monitoring.rhobs/v1\" is no valid name of an API group")]
#[case::same_group(json!({"apiGroups": ["a.b", "c.d", "a.b"]}), "apiGroups[2]: \"a.b\" is apiGroups[0] too")]
#[case::one_group(json!({"apiGroups": "a.b"}), "apiGroups: expected an array, found a string")]
#[case::no_object(json!([]), "the settings are not an object")]
fn each_mistake_has_its_message(#[case] settings: Value, #[case] message: &str) {
    let problems = problems(&settings).expect("a mistake");
    assert!(problems.contains(message), "{problems}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let settings = json!({
        "typo": 1,
        "environments": [{"name": "a", "namespaces": ["x*"]}, {"name": "b", "namespaces": ["*y"]}],
        "releaseLabel": "",
        "prometheusStorageClasses": [],
    });
    let problems = problems(&settings).expect("mistakes");
    assert_eq!(
        problems
            .split("; ")
            .filter(|part| part.contains(": "))
            .count(),
        4,
        "{problems}"
    );
}
