//! The charts of `env-isolation.yaml`: Helm renders them, and what comes out is judged.

mod place;

use std::process::Command;

use place::{Place, Ran};
use rstest::rstest;
use serde_json::Value;

const CONFIG: &str = "\
settings: {namespaceFilter: proven}
charts:
  - path: charts/shop
    release: shop
    namespace: shop-dev
    values: [values-dev.yaml]
";

/// A chart that has a monitor where the cluster has its kind.
const FILES: [(&str, &str); 4] = [
    ("env-isolation.yaml", CONFIG),
    ("values-dev.yaml", "release: monitoring-prod\n"),
    (
        "charts/shop/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    ),
    (
        "charts/shop/templates/monitor.yaml",
        "\
{{- if .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1/ServiceMonitor\" }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .Release.Name }}
  labels: {release: {{ .Values.release }}}
spec:
  endpoints: [{port: http}]
{{- end }}
",
    ),
];

/// What Helm renders of it.
const RENDERED: &str = "\
---
# Source: shop/templates/monitor.yaml
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: shop
  labels: {release: monitoring-prod}
spec:
  endpoints: [{port: http}]
";

/// The program that stands for Helm.
const HELM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helm");

/// The chart, and what Helm renders of it.
fn chart() -> Place {
    let place = Place::with(&FILES);
    std::fs::write(place.path().join("rendered"), RENDERED).expect("a file");
    place
}

/// The program in this folder, with a Helm that does this.
fn command(place: &Place, answer: &str) -> Command {
    let mut command = place.command();
    command.env("HELM", HELM).env("ANSWER", answer);
    command
}

fn run(place: &Place, arguments: &[&str]) -> Ran {
    Place::run_command("", command(place, "cat rendered").args(arguments))
}

#[test]
fn a_finding_names_the_chart_the_template_and_the_object() {
    let place = chart();
    let ran = run(&place, &[]);
    let parts = [
        "error[release-label]: namespace \"shop-dev\" belongs to environment \"dev\"",
        " --> shop/templates/monitor.yaml (chart charts/shop, release shop):7:21\n",
        "ServiceMonitor shop-dev/shop: metadata.labels.release",
        "1 object: 0 accepted, 1 rejected for 2 violations",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    let asked = place.read("asked");
    let expected = "template shop ./charts/shop -n shop-dev -f ./values-dev.yaml --api-versions monitoring.coreos.com/v1 ";
    assert!(asked.starts_with(expected), "{asked}");
}

#[rstest]
#[case::folder_with_the_chart(&["."], true)]
#[case::the_chart(&["charts/shop/"], true)]
#[case::a_template(&["charts/shop/templates/monitor.yaml"], true)]
#[case::its_values(&["values-dev.yaml"], true)]
#[case::another_file(&["other.yaml"], false)]
#[case::no_config(&["--no-config", "charts"], false)]
fn a_chart_is_rendered_where_a_path_has_to_do_with_it(
    #[case] arguments: &[&str],
    #[case] is_rendered: bool,
) {
    let place = chart();
    std::fs::write(place.path().join("other.yaml"), "kind: ConfigMap\n").expect("a file");
    let ran = run(&place, arguments);
    assert_eq!(place.path().join("asked").exists(), is_rendered, "{ran:?}");
    // What belongs to the chart is told no more.
    assert_eq!(
        ran.out.contains("note:"),
        arguments[0] == "--no-config",
        "{}",
        ran.out
    );
}

#[test]
fn from_another_folder_the_paths_are_those_of_the_file() {
    let place = chart();
    let mut command = command(&place, "cat ../rendered");
    command.current_dir(place.path().join("charts"));
    let ran = Place::run_command("", &mut command);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let asked = place.read("charts/asked");
    let folder = place.path().display().to_string();
    assert!(
        asked.contains(&format!("{folder}/charts/shop -n")),
        "{asked}"
    );
    assert!(
        asked.contains(&format!("-f {folder}/values-dev.yaml")),
        "{asked}"
    );
}

#[test]
fn what_helm_says_is_told() {
    let place = chart();
    let mut fails = command(&place, "echo 'Error: no such value' >&2; exit 1");
    let ran = Place::run_command("", &mut fails);
    assert!(ran.out.contains("error[unreadable]: "), "{ran:?}");
    assert!(
        ran.out.contains(
            "cannot render it: Error: no such value\n--> chart charts/shop, release shop\n"
        ),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
    let mut command = place.command();
    let ran = Place::run_command("", command.env("HELM", "no-such-helm"));
    assert!(
        ran.out
            .contains("cannot run no-such-helm, which renders it"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
    let ran = Place::run_command("", command.arg("explain"));
    assert!(ran.err.contains("cannot run no-such-helm"), "{ran:?}");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn explain_and_the_other_forms_have_charts_too() {
    let place = chart();
    let ran = run(&place, &["explain"]);
    assert!(
        ran.out.contains("ServiceMonitor shop-dev/shop\n"),
        "{ran:?}"
    );
    let ran = run(&place, &["-o", "github"]);
    let expected = "::error file=charts/shop/templates/monitor.yaml,title=shop/templates/monitor.yaml%3A ServiceMonitor";
    assert!(ran.out.starts_with(expected), "{ran:?}");
    let ran = run(&place, &["-o", "sarif"]);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let result = &report["runs"][0]["results"][0];
    let place_of_it = &result["locations"][0]["physicalLocation"];
    let expected =
        serde_json::json!({"artifactLocation": {"uri": "charts/shop/templates/monitor.yaml"}});
    assert_eq!((place_of_it, &result["fixes"]), (&expected, &Value::Null));
    let before = place.read("charts/shop/templates/monitor.yaml");
    let ran = run(&place, &["--write"]);
    assert!(
        ran.err
            .contains("chart charts/shop, release shop: not fixed, because Helm renders it"),
        "{ran:?}"
    );
    assert_eq!(place.read("charts/shop/templates/monitor.yaml"), before);
    assert_eq!(ran.code, Some(1));
}

#[rstest]
#[case("charts: {}", "expected a list of charts")]
#[case(
    "charts: [{path: a, release: b}]",
    "a chart needs path, release and namespace"
)]
#[case(
    "charts: [{path: a, release: --post-renderer, namespace: b}]",
    "no release can have this name"
)]
#[case(
    "charts: [{path: a, release: b, namespace: B}]",
    "no namespace can have this name"
)]
#[case(
    "charts: [{path: a, release: b, namespace: b, values: c}]",
    "expected a list of files"
)]
#[case(
    "charts: [{path: a, release: b, namespace: b, set: c}]",
    "unknown key; known are path, release, namespace, values"
)]
#[case("namespace: B", "no namespace can have this name")]
fn a_chart_that_is_none_is_told_where_it_stands(#[case] config: &str, #[case] expected: &str) {
    let place = Place::with(&[("env-isolation.yaml", config)]);
    let ran = place.run(&[]);
    assert!(
        ran.err.contains(expected) && ran.err.contains("env-isolation.yaml:1:"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
}

#[test]
fn without_a_path_and_charts_there_is_nothing_to_judge() {
    let ran = Place::with(&[]).run(&[]);
    assert!(
        ran.err
            .contains("no PATH is given, and no charts in env-isolation.yaml"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
}

/// The rest is tried with a program that stands for Helm.
#[test]
fn helm_itself_renders_the_chart() {
    let helm = std::env::var("HELM").unwrap_or_else(|_| "helm".to_owned());
    if Command::new(&helm).arg("version").output().is_err() {
        eprintln!("skipped: there is no helm on PATH");
        return;
    }
    let place = Place::with(&FILES);
    let ran = Place::run_command("", place.command().env("HELM", &helm));
    assert!(
        ran.out
            .contains("shop/templates/monitor.yaml (chart charts/shop, release shop):7:21\n"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(1));
    std::fs::remove_file(place.path().join("values-dev.yaml")).expect("a file");
    let ran = Place::run_command("", place.command().env("HELM", &helm));
    assert!(ran.out.contains("cannot render it: Error: "), "{ran:?}");
    assert_eq!(ran.code, Some(2));
}
