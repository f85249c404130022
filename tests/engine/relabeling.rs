//! The interpreter by tables: labels and relabel configs in, the paths that are left and what they know out.

use prometheus_env_isolation_policy::relabel::config::{RelabelConfig, Relabeling};
use prometheus_env_isolation_policy::relabel::interpreter::Interpreter;
use prometheus_env_isolation_policy::relabel::labels::Labels;
use prometheus_env_isolation_policy::relabel::state::{Origin, State};
use prometheus_env_isolation_policy::relabel::value::Value;
use prometheus_env_isolation_policy::relabel::{ConfigId, Stage};
use rstest::rstest;

/// Relabel configs, as they stand in YAML.
fn configs(yaml: &str) -> Vec<RelabelConfig> {
    let relabelings: Vec<Relabeling> = serde_saphyr::from_str(yaml).expect("relabelings");
    let config = |relabeling| RelabelConfig::new(relabeling).expect("one that is not refused");
    relabelings.iter().map(config).collect()
}

/// The paths that are left of a target whose labels have these values; a label without one may have any.
fn run(given: &[(&str, Option<&str>)], yaml: &str) -> (Labels, Vec<State>) {
    let configs = configs(yaml);
    let mut labels = Labels::default();
    for (name, _) in given {
        labels.add(name).expect("few labels");
    }
    for config in &configs {
        labels.mention(config).expect("few labels");
    }
    let mut target = State::new(labels.names().len());
    for (name, text) in given {
        let value = match text {
            Some(text) => Value::literal(text),
            None => target.fresh_from(Origin::Target((*name).to_owned())),
        };
        target.labels[labels.place(name).expect("it was added")] = value;
    }
    let numbered: Vec<(ConfigId, &RelabelConfig)> = configs
        .iter()
        .enumerate()
        .map(|(index, config)| {
            let stage = Stage::Relabelings;
            (ConfigId { stage, index }, config)
        })
        .collect();
    let needed = vec![true; labels.names().len()];
    let left = Interpreter::default()
        .run(&numbered, &labels, &needed, vec![target])
        .expect("a small pipeline");
    (labels, left)
}

/// Where every value is known, a path is one run of Prometheus: what comes out are the labels that are not empty,
/// or nothing where the target is dropped.
#[rstest]
#[case::keep("a: x", "[{action: keep, sourceLabels: [a], regex: x}]", Some("a: x"))]
#[case::keep_is_anchored("a: xy", "[{action: keep, sourceLabels: [a], regex: x}]", None)]
#[case::keep_without_regex("a: x", "[{action: keep, sourceLabels: [b]}]", Some("a: x"))]
#[case::keep_of_a_missing_label("a: x", "[{action: keep, sourceLabels: [b], regex: .+}]", None)]
#[case::drop("a: x", "[{action: drop, sourceLabels: [a], regex: x|y}]", None)]
#[case::joined(
    "a: x, b: y",
    "[{action: keep, sourceLabels: [a, b], separator: '-', regex: x-y}]",
    Some("a: x, b: y")
)]
#[case::action_in_any_case("a: x", "[{action: KEEP, sourceLabels: [a], regex: y}]", None)]
#[case::keepequal(
    "a: x, b: x",
    "[{action: keepequal, sourceLabels: [a], targetLabel: b}]",
    Some("a: x, b: x")
)]
#[case::keepequal_of_others(
    "a: x, b: y",
    "[{action: keepequal, sourceLabels: [a], targetLabel: b}]",
    None
)]
#[case::dropequal(
    "a: x, b: x",
    "[{action: dropequal, sourceLabels: [a], targetLabel: b}]",
    None
)]
#[case::replace("a: x", "[{sourceLabels: [a], targetLabel: b}]", Some("a: x, b: x"))]
#[case::replace_with_groups(
    "a: shop-dev",
    "[{sourceLabels: [a], regex: '(.+)-(.+)', targetLabel: b, replacement: '$2.${1}'}]",
    Some("a: shop-dev, b: dev.shop")
)]
#[case::groups_take_what_they_can(
    "a: aaab",
    "[{sourceLabels: [a], regex: '(a*)(.*)', targetLabel: b, replacement: '$1-$2'}]",
    Some("a: aaab, b: aaa-b")
)]
#[case::replace_without_a_match(
    "a: x",
    "[{sourceLabels: [a], regex: y, targetLabel: b}]",
    Some("a: x")
)]
#[case::an_empty_value_deletes("a: x, b: y", "[{targetLabel: b, replacement: ''}]", Some("a: x"))]
#[case::a_target_label_may_be_made(
    "a: x",
    "[{sourceLabels: [a], regex: (.+), targetLabel: 'l_$1', replacement: y}]",
    Some("a: x, l_x: y")
)]
#[case::lowercase(
    "a: AbC",
    "[{action: lowercase, sourceLabels: [a], targetLabel: a}]",
    Some("a: abc")
)]
#[case::uppercase(
    "a: AbC",
    "[{action: uppercase, sourceLabels: [a], targetLabel: b}]",
    Some("a: AbC, b: ABC")
)]
#[case::labelmap(
    "a_x: y",
    "[{action: labelmap, regex: a_(.+), replacement: b_$1}]",
    Some("a_x: y, b_x: y")
)]
#[case::labeldrop("a: x, b: y", "[{action: labeldrop, regex: a}]", Some("b: y"))]
#[case::labelkeep("a: x, b: y", "[{action: labelkeep, regex: a}]", Some("a: x"))]
#[case::in_order(
    "a: x",
    "[{targetLabel: a, replacement: y}, {action: keep, sourceLabels: [a], regex: x}]",
    None
)]
fn known_labels_become_what_prometheus_makes_of_them(
    #[case] given: &str,
    #[case] yaml: &str,
    #[case] expected: Option<&str>,
) {
    let read = |text: &str| -> Vec<(String, String)> {
        let pairs = text.split(", ").filter_map(|pair| pair.split_once(": "));
        let mut pairs: Vec<_> = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        pairs.sort();
        pairs
    };
    let given = read(given);
    let given: Vec<(&str, Option<&str>)> = given
        .iter()
        .map(|(name, text)| (name.as_str(), Some(text.as_str())))
        // What may be written has to be mentioned.
        .chain([("l_x", Some("")), ("b_x", Some(""))])
        .collect();
    let (labels, left) = run(&given, yaml);
    let left: Vec<Vec<(String, String)>> = left
        .iter()
        .map(|state| {
            assert_eq!(state.approximated_by, None);
            let text = |place: usize| state.labels[place].text().expect("all is known").to_owned();
            let mut all: Vec<_> = labels
                .writable()
                .map(|(place, name)| (name.clone(), text(place)))
                .filter(|(_, text)| !text.is_empty())
                .collect();
            all.sort();
            all
        })
        .collect();
    assert_eq!(left, expected.map(read).into_iter().collect::<Vec<_>>());
}

/// Where a value may be anything, what depends on it becomes two paths; what cannot be followed is over-approximated.
#[rstest]
#[case::a_keep_narrows("[{action: keep, sourceLabels: [a], regex: x}]", 1, false)]
#[case::a_keep_of_everything_does_not(
    "[{action: keep, sourceLabels: [a], regex: (?s).*}]",
    1,
    false
)]
#[case::a_write_happens_or_not(
    "[{sourceLabels: [a], regex: x, targetLabel: b, replacement: y}]",
    2,
    false
)]
#[case::twice(
    "[{sourceLabels: [a], regex: x, targetLabel: b, replacement: y}, \
               {sourceLabels: [b], regex: y, targetLabel: c, replacement: z}]",
    2,
    false
)]
#[case::an_unknown_keep_keeps("[{action: keep, sourceLabels: [a], regex: '[a&&b]'}]", 1, true)]
#[case::an_unknown_drop_keeps("[{action: drop, sourceLabels: [a], regex: '[a&&b]'}]", 1, true)]
#[case::a_placeholder("[{action: drop, sourceLabels: [a], regex: '$(NAME)'}]", 1, true)]
fn what_is_not_known_makes_paths(
    #[case] yaml: &str,
    #[case] paths: usize,
    #[case] is_approximated: bool,
) {
    let (_, left) = run(&[("a", None), ("b", Some("")), ("c", Some(""))], yaml);
    let approximated = left.iter().any(|state| state.approximated_by.is_some());
    assert_eq!((left.len(), approximated), (paths, is_approximated));
}
