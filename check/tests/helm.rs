//! `env-isolation-check helm`: the value behind a rendered field, found in a chart of our own. What needs Helm is tried where
//! there is one.

mod place;

use std::path::Path;
use std::process::Command;

use place::{CHART, Place, Ran, helm};
use rstest::rstest;
use serde_json::Value;
use walkdir::WalkDir;

/// The program that stands for Helm.
const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helm");

/// Dev's values: everything but the web monitor is off.
const WEB: &str = "\
# What dev has.
workers: {enabled: false}
cart: {enabled: false}
rules: {enabled: false}
prometheus: {enabled: false}
database: {enabled: false}
web: # the shop itself
  enabled: true
";

/// Runs the command for release `monitoring-dev` of the chart in namespace `shop-dev`.
fn run(place: &Place, helm: &str, arguments: &[&str]) -> Ran {
    let mut command = place.command();
    command.env("HELM", helm);
    command.args(["helm", "shop", "monitoring-dev", "-n", "shop-dev"]);
    Place::run_command("", command.args(arguments))
}

/// The violations of a report in JSON: the object, the field, and what is to be done.
fn violations(ran: &Ran) -> Vec<(String, String, Value)> {
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let objects = report["objects"].as_array().expect("objects").iter();
    let of = |object: &Value| {
        let name = object["name"].as_str().expect("a name").to_owned();
        let violations = object["violations"].as_array().expect("violations").clone();
        violations.into_iter().map(move |it| {
            let field = it["field"].as_str().expect("a field").to_owned();
            (name.clone(), field, it)
        })
    };
    objects.flat_map(of).collect()
}

#[test]
fn each_violation_has_its_value() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[("dev.yaml", "# nothing yet\n")]);
    let ran = run(&place, &helm, &["-f", "dev.yaml", "-o", "json"]);
    let found = violations(&ran);
    let found: Vec<String> = found
        .iter()
        .map(|(name, field, it)| format!("{name} {field}: {}", it["value"].as_str().unwrap_or("-")))
        .collect();
    let expected = [
        "monitoring-dev-import spec.podMetricsEndpoints[0].relabelings: workers.relabelings",
        "monitoring-dev-export spec.podMetricsEndpoints[0].relabelings: workers.relabelings",
        "monitoring-dev spec.ruleSelector: prometheus.selector.matchExpressions",
        "monitoring-dev spec: -",
        "monitoring-dev-database metadata.labels.release: global.monitorLabels.release",
        "monitoring-dev-database spec.endpoints[0].relabelings: database.monitor.relabelings",
        "monitoring-dev-cart spec.endpoints[0].metricRelabelings: cart.metricRelabelings",
        "monitoring-dev-web metadata.labels.release: web.monitor.additionalLabels.release",
        "monitoring-dev-web spec.endpoints[0].relabelings: web.monitor.endpoints",
        "monitoring-dev-web spec.endpoints[1].relabelings: web.monitor.endpoints",
    ];
    assert_eq!(found, expected, "{}", ran.err);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn what_is_written_passes_and_nothing_else_is_touched() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[("base.yaml", "web: {enabled: true}\n"), ("dev.yaml", WEB)]);
    let ran = run(
        &place,
        &helm,
        &["-f", "base.yaml,dev.yaml", "--write", "-v"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("1 object: 1 accepted, 0 rejected\n"),
        "{ran:?}"
    );
    let expected = [
        WEB,
        "  monitor:",
        "    additionalLabels:",
        "      release: monitoring-dev",
        "    endpoints:",
        "      - port: http",
        "        relabelings:",
        "          - action: keep",
        "            regex: 'dev|.*-dev|kube-system'",
        "            sourceLabels:",
        "              - namespace",
        "      - metricRelabelings:",
        "          - action: labeldrop",
        "            regex: pod_template_hash",
        "        port: admin",
        "        relabelings:",
        "          - action: keep",
        "            regex: 'dev|.*-dev|kube-system'",
        "            sourceLabels:",
        "              - namespace",
        "",
    ];
    let expected = expected.join("\n").replacen("true\n\n", "true\n", 1);
    assert_eq!(place.read("dev.yaml"), expected);
    assert_eq!(place.read("base.yaml"), "web: {enabled: true}\n");
    let parts = [
        "wrote dev.yaml:\n  web.monitor.additionalLabels.release\n  web.monitor.endpoints\n",
        "Helm renders 1 object differently:\n  ServiceMonitor monitoring-dev-web: metadata.labels.release, \
         spec.endpoints[0].relabelings, spec.endpoints[1].relabelings\n",
        " renderings, ",
    ];
    for part in parts {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
    for entry in WalkDir::new(CHART).into_iter().filter_map(Result::ok) {
        if entry.file_type().is_file() {
            let name = Path::new("shop").join(entry.path().strip_prefix(CHART).expect("a path"));
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            assert_eq!(
                place.read(&name.to_string_lossy()),
                text,
                "{}",
                name.display()
            );
        }
    }
}

#[test]
fn the_report_shows_where_the_value_stands() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[("dev.yaml", WEB)]);
    let ran = run(&place, &helm, &["-f", "dev.yaml"]);
    let expected = "\
 --> dev.yaml:7:1
  |
7 | web: # the shop itself
  | ^^^ web.monitor.endpoints (renders ServiceMonitor shop-dev/monitoring-dev-web: spec.endpoints[0].relabelings)
  |
  = note: rendered by Helm from shop/templates/web.yaml
  = note: Helm replaces a list as a whole, so what the chart has there (2 items) is copied, and stays as it is when the chart \
changes
  = help: write
          web:
            monitor:
              endpoints:
                - port: http
                  relabelings:
                    - action: keep
";
    assert!(ran.out.contains(expected), "{}", ran.out);
    let end = "1 rejected for 3 violations (3 solved by values: see --write)\n";
    assert!(ran.out.ends_with(end), "{}", ran.out);
    assert_eq!(place.read("dev.yaml"), WEB);
    let ran = run(&place, &helm, &["-f", "dev.yaml", "-o", "github"]);
    assert!(
        ran.out.starts_with("::error file=dev.yaml,line=7,col=1,"),
        "{ran:?}"
    );
    let ran = run(&place, &helm, &["-f", "dev.yaml", "-o", "sarif"]);
    assert!(ran.out.contains("\"uri\": \"dev.yaml\""), "{ran:?}");
    let ran = run(&place, &helm, &["-f", "dev.yaml", "-o", "json"]);
    let (_, _, first) = &violations(&ran)[0];
    assert_eq!(
        (&first["file"], &first["line"]),
        (&"dev.yaml".into(), &7.into())
    );
    assert_eq!(first["content"], "monitoring-dev");
}

/// However the file is written, what is written into it is what was meant, and the rest stays.
#[rstest]
#[case::empty("", "")]
#[case::comments("# only this\n", "# only this\n")]
#[case::nothing("{}\n", "")]
#[case::flow("web: {monitor: {additionalLabels: {team: a}}} # x\n", "team: a")]
#[case::json(
    "{\"web\": {\"monitor\": {\"additionalLabels\": {\"team\": \"a\"}}}}\n",
    "\"team\": \"a\""
)]
#[case::marker(
    "---\n# y\nweb:\n  enabled: true\n",
    "---\n# y\nweb:\n  enabled: true\n"
)]
#[case::windows("web:\r\n  enabled: true # z\r\n", "enabled: true # z\r\n")]
#[case::no_end("web:\n  enabled: true", "web:\n  enabled: true\n")]
#[case::an_alias(
    "other: &labels {team: a}\nweb: {monitor: {additionalLabels: *labels}}\n",
    "&labels {team: a}"
)]
#[case::a_merge_key(
    "other: &monitor {additionalLabels: {team: a}}\nweb:\n  monitor:\n    <<: *monitor\n",
    "&monitor {additionalLabels: {team: a}}"
)]
fn a_file_of_values_may_be_written_in_any_way(#[case] text: &str, #[case] kept: &str) {
    let Some(helm) = helm() else { return };
    let off = "workers: {enabled: false}\ncart: {enabled: false}\nrules: {enabled: false}\n\
               prometheus: {enabled: false}\ndatabase: {enabled: false}\n";
    let place = Place::with_shop(&[("base.yaml", off), ("dev.yaml", text)]);
    let ran = run(
        &place,
        &helm,
        &["-f", "base.yaml", "-f", "dev.yaml", "--write"],
    );
    let new = place.read("dev.yaml");
    if ran.err.contains("not written, because it cannot be edited") {
        // What aliases share is left alone, and said.
        assert!(text.contains('*'), "{ran:?}");
        assert_eq!(new, text);
        let arguments = [
            "-f",
            "base.yaml",
            "-f",
            "dev.yaml",
            "--write-to",
            "more.yaml",
        ];
        let ran = run(&place, &helm, &arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(place.read("dev.yaml"), text);
        return;
    }
    assert_eq!(ran.code, Some(0), "{ran:?}\n{new}");
    assert!(new.contains(kept), "{new}");
}

#[test]
fn what_no_value_reaches_is_told_with_a_patch() {
    let Some(helm) = helm() else { return };
    let values = WEB.replace(
        "web: # the shop itself\n  enabled: true",
        "fixed: {enabled: true}\nweb: {enabled: false}",
    );
    let place = Place::with_shop(&[("dev.yaml", &values)]);
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write"]);
    let expected = [
        "   = note: no value reaches it: shop/templates/fixed.yaml hard-codes it",
        "   = help: patch it after Helm, with Kustomize",
        "           patches:",
        "             - target: {kind: ServiceMonitor, name: monitoring-dev-fixed}",
        "               patch: |",
        "                 - op: add",
        "                   path: /spec/endpoints/0/relabelings",
        "                   value:",
        "                     - action: keep",
        "",
    ];
    let expected = expected.join("\n");
    assert!(ran.out.contains(&expected), "{}", ran.out);
    assert_eq!(ran.code, Some(1));
    assert_eq!(place.read("dev.yaml"), values);
}

/// A Prometheus without selectors of its own has no fix: a person decides whether it goes.
#[test]
fn what_has_no_fix_is_turned_off_where_that_is_wanted() {
    let Some(helm) = helm() else { return };
    let values = WEB.replace(
        "prometheus: {enabled: false}",
        "prometheus: {enabled: true} # ours",
    );
    let place = Place::with_shop(&[("dev.yaml", &values)]);
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains(
            "= note: prometheus.enabled: false does without the object (--turn-off writes it)\n"
        ),
        "{ran:?}"
    );
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write", "--turn-off"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("  Prometheus monitoring-dev: is gone\n"),
        "{ran:?}"
    );
    assert!(place.read("dev.yaml").contains("enabled: false"), "{ran:?}");
}

/// The label of the rule is the name of the release; no value is.
#[test]
fn a_name_of_the_release_is_told_as_one() {
    let Some(helm) = helm() else { return };
    let values = WEB.replace("rules: {enabled: false}", "rules: {enabled: true}");
    let values = values.replace("  enabled: true\n", "  enabled: false\n");
    let place = Place::with_shop(&[("dev.yaml", &values)]);
    let mut command = place.command();
    command.env("HELM", &helm);
    command.args(["helm", "shop", "shop", "-n", "shop-dev", "-f", "dev.yaml"]);
    let ran = Place::run_command("", &mut command);
    let note = "= note: it is the name of the release: install it as monitoring-dev\n";
    assert!(ran.out.contains(note), "{}", ran.out);
}

/// The chart's schema knows no `metricRelabelings` of its monitor.
#[test]
fn what_the_schema_refuses_is_not_written() {
    let Some(helm) = helm() else { return };
    let values = WEB.replace("database: {enabled: false}", "database: {enabled: true}");
    let values = values.replace("  enabled: true\n", "  enabled: false\n")
        + "global: {monitorLabels: {release: monitoring-dev}}\n";
    let place = Place::with_shop(&[("dev.yaml", &values)]);
    let template = place.read("shop/charts/exporter/templates/monitor.yaml");
    let schema = place.read("shop/charts/exporter/values.schema.json");
    let path = place.path().join("shop/charts/exporter/values.schema.json");
    std::fs::write(path, schema.replace(", \"relabelings\": {}", "")).expect("a file");
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write"]);
    assert!(
        ran.out
            .contains("the chart refuses database.monitor.relabelings: "),
        "{ran:?}"
    );
    assert_eq!((ran.code, place.read("dev.yaml")), (Some(1), values));
    assert!(template.contains("relabelings"));
}

#[test]
fn a_label_with_dots_and_a_misspelled_value_are_found() {
    let Some(helm) = helm() else { return };
    let settings = "releaseLabel: example.com/release\nnamespaceFilter: proven\n";
    let place = Place::with_shop(&[("dev.yaml", WEB), ("policy.yaml", settings)]);
    let ran = run(
        &place,
        &helm,
        &["-f", "dev.yaml", "-s", "policy.yaml", "--write"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("  web.monitor.additionalLabels.example\\.com/release\n"),
        "{ran:?}"
    );
    assert!(
        place
            .read("dev.yaml")
            .contains("example.com/release: monitoring-dev\n")
    );
    // The template of the workers has `metricRelabellings`; a monitor that honors labels needs them.
    let values = WEB.replace("workers: {enabled: false}", "workers: {enabled: true}");
    std::fs::write(
        place.path().join("dev.yaml"),
        values.replace("  enabled: true\n", "  enabled: false\n"),
    )
    .expect("a file");
    let template = place.read("shop/templates/workers.yaml");
    let path = place.path().join("shop/templates/workers.yaml");
    std::fs::write(
        path,
        template.replace("- port: http", "- port: http\n      honorLabels: true"),
    )
    .expect("a file");
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.contains("  workers.metricRelabellings\n"),
        "{ran:?}"
    );
}

/// The chart prints a label twice, and the API server reads the last one: that one is set.
#[test]
fn of_a_label_that_is_printed_twice_the_last_one_is_set() {
    let Some(helm) = helm() else { return };
    let label = "{release: monitoring-prod}";
    let values = format!("{WEB}  monitor: {{additionalLabels: {label}}}\ncommonLabels: {label}\n");
    let place = Place::with_shop(&[
        ("dev.yaml", &values),
        ("policy.yaml", "namespaceFilter: proven\n"),
    ]);
    let ran = run(
        &place,
        &helm,
        &["-f", "dev.yaml", "-s", "policy.yaml", "--write"],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out
            .contains("metadata.labels.release is given more than once: this one counts"),
        "{ran:?}"
    );
    let expected = values.replace(
        "additionalLabels: {release: monitoring-prod}",
        "additionalLabels: {release: monitoring-dev}",
    );
    assert_eq!(place.read("dev.yaml"), expected);
}

/// One list for two monitors, of which one discovers `default` only: a keep would leave it nothing.
#[test]
fn a_value_that_would_leave_another_endpoint_nothing_is_not_offered() {
    let Some(helm) = helm() else { return };
    let values = WEB.replace("workers: {enabled: false}", "workers: {enabled: true}");
    let values = values.replace("  enabled: true\n", "  enabled: false\n");
    let place = Place::with_shop(&[("dev.yaml", &values)]);
    let template = place.read("shop/templates/workers.yaml");
    let path = place.path().join("shop/templates/workers.yaml");
    let selector = "spec:\n  {{- if eq . \"export\" }}\n  namespaceSelector: {matchNames: [default]}\n  {{- end }}\n";
    std::fs::write(path, template.replace("spec:\n", selector)).expect("a file");
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--write"]);
    let note = "= note: workers.relabelings was tried, but then PodMonitor shop-dev/monitoring-dev-export gets a warning: \
                spec.podMetricsEndpoints[0]: this endpoint would scrape nothing for environment \"dev\"";
    assert!(ran.out.contains(note), "{ran:?}");
    assert!(
        !place.read("dev.yaml").contains("relabelings:\n  - action"),
        "{ran:?}"
    );
}

#[test]
fn what_is_set_on_the_command_line_wins() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[("dev.yaml", WEB)]);
    let set = "web.monitor.additionalLabels.release=monitoring-prod";
    let ran = run(&place, &helm, &["-f", "dev.yaml", "--set", set, "--write"]);
    let note = "= note: web.monitor.additionalLabels.release is set on the command line, which wins over files\n";
    assert!(ran.out.contains(note), "{ran:?}");
    assert_eq!(ran.code, Some(1));
    // `commonLabels` would do, but the deployment's selector has them, too.
    assert!(!place.read("dev.yaml").contains("commonLabels"));
}

#[test]
fn without_a_file_of_values_the_content_is_told() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[]);
    let ran = run(&place, &helm, &[]);
    assert!(
        ran.out.contains("= help: write into a file of values\n"),
        "{ran:?}"
    );
    let ran = run(&place, &helm, &["--write"]);
    assert!(
        ran.err
            .contains("there is no file of values to be written: give one with -f or --write-to"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
    let ran = run(
        &place,
        &helm,
        &[
            "--write-to",
            "new.yaml",
            "--set",
            "prometheus.enabled=false",
        ],
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        place
            .read("new.yaml")
            .contains("monitorLabels:\n    release: monitoring-dev\n")
    );
}

#[test]
fn a_chart_may_be_an_archive() {
    let Some(helm) = helm() else { return };
    let place = Place::with_shop(&[("dev.yaml", WEB)]);
    let mut package = Command::new(&helm);
    let packed = package
        .current_dir(place.path())
        .args(["package", "shop"])
        .output()
        .expect("Helm");
    assert!(packed.status.success(), "{packed:?}");
    let mut command = place.command();
    command.env("HELM", &helm);
    command.args([
        "helm",
        "shop-0.1.0.tgz",
        "monitoring-dev",
        "-n",
        "shop-dev",
        "-f",
        "dev.yaml",
        "--write",
    ]);
    let ran = Place::run_command("", &mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// Without a chart, those of the configuration: each in its namespace, and each with its own file of values.
#[test]
fn the_charts_of_the_configuration_are_mended_one_by_one() {
    let Some(helm) = helm() else { return };
    let chart = |environment: &str| {
        format!(
            "  - {{path: shop, release: monitoring-{environment}, namespace: shop-{environment}, \
             values: [base.yaml, {environment}.yaml]}}\n"
        )
    };
    let config = format!("charts:\n{}{}", chart("dev"), chart("prod"));
    let files = [
        ("env-isolation.yaml", config.as_str()),
        ("base.yaml", WEB),
        ("dev.yaml", "# dev\n"),
        ("prod.yaml", "# prod\n"),
    ];
    let place = Place::with_shop(&files);
    let mut command = place.command();
    command.env("HELM", &helm).args(["helm", "--write"]);
    let ran = Place::run_command("", &mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("2 objects: 2 accepted, 0 rejected\n"),
        "{ran:?}"
    );
    assert_eq!(place.read("base.yaml"), WEB);
    assert!(
        place.read("prod.yaml").starts_with("# prod\nweb:\n"),
        "{}",
        place.read("prod.yaml")
    );
    assert!(
        place
            .read("prod.yaml")
            .contains("release: monitoring-prod\n")
    );
    assert!(
        place
            .read("dev.yaml")
            .contains("regex: 'dev|.*-dev|kube-system'\n")
    );
}

#[rstest]
#[case::no_chart_at_all(&["-n", "shop-dev"], "no CHART is given, and no charts in env-isolation.yaml")]
#[case::no_namespace(&["shop"], "give it with -n NAMESPACE")]
#[case::no_chart(&["nowhere", "-n", "shop-dev"], "there is no chart nowhere: give its folder or archive")]
#[case::no_description(&["empty", "-n", "shop-dev"], "empty is no chart: it has no Chart.yaml")]
#[case::no_archive(&["dev.yaml", "-n", "shop-dev"], "cannot unpack dev.yaml")]
#[case::standard_input(&["shop", "-n", "shop-dev", "-f", "-"], "values cannot come from standard input")]
#[case::no_values(&["shop", "-n", "shop-dev", "-f", "no.yaml"], "cannot read no.yaml")]
#[case::no_yaml(&["shop", "-n", "shop-dev", "-f", "bad.yaml"], "`[` is never closed\n --> bad.yaml:1:4")]
#[case::no_mapping(&["shop", "-n", "shop-dev", "-f", "list.yaml"], "expected a mapping of values\n --> list.yaml:1:3")]
fn what_is_wrong_is_told(#[case] arguments: &[&str], #[case] expected: &str) {
    let files = [
        ("dev.yaml", ""),
        ("bad.yaml", "a: [1\n"),
        ("list.yaml", "- a\n"),
        ("empty/values.yaml", ""),
    ];
    let place = Place::with_shop(&files);
    let mut command = place.command();
    command
        .env("HELM", STAND_IN)
        .env("ANSWER", "exit 0")
        .arg("helm");
    let ran = Place::run_command("", command.args(arguments));
    assert!(ran.err.contains(expected), "{ran:?}");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
}

#[test]
fn what_helm_says_is_told_once() {
    let place = Place::with_shop(&[]);
    let fails = |answer: &str| {
        let mut command = place.command();
        command.env("HELM", STAND_IN).env("ANSWER", answer);
        command.args(["helm", "shop", "-n", "shop-dev"]);
        Place::run_command("", &mut command)
    };
    let ran = fails("echo 'Error: no such value' >&2; exit 1");
    assert_eq!(ran.err.matches("no such value").count(), 1, "{ran:?}");
    let ran = fails(
        "echo 'Error: found in Chart.yaml, but missing in charts/ directory: exporter' >&2; exit 1",
    );
    assert!(
        ran.err.contains("run `helm dependency build shop` first"),
        "{ran:?}"
    );
    let ran = run(&place, "no-such-helm", &[]);
    assert!(
        ran.err.contains("cannot run no-such-helm") && ran.err.contains("how to get Helm"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
}

/// The page's files and commands, one after the other: each line that it shows is printed, in that order.
#[test]
fn the_page_shows_what_is_printed() {
    let Some(helm) = helm() else { return };
    let Some(chart) = std::env::var_os("KUBE_PROMETHEUS_STACK") else {
        eprintln!(
            "skipped: KUBE_PROMETHEUS_STACK names no folder with the chart of docs/helm-values.md"
        );
        return;
    };
    let place = Place::with(&[]);
    std::os::unix::fs::symlink(chart, place.path().join("kube-prometheus-stack")).expect("a link");
    let page = include_str!("../../docs/helm-values.md");
    let mut commands = 0;
    for block in page.split("```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a line");
        if kind == "yaml" {
            let (name, content) = text.split_once('\n').expect("a name");
            let name = name.trim_start_matches("# ");
            // The numbers of the lines are those of the page.
            let file = place.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, format!("# {name}\n{content}")).expect("a file");
            continue;
        }
        let (command, shown) = text.split_once('\n').expect("a command");
        let arguments = command
            .strip_prefix("$ env-isolation-check ")
            .expect("a command");
        let mut command = place.command();
        command.env("HELM", &helm).args(arguments.split(' '));
        let ran = Place::run_command("", &mut command);
        let printed = ran.err + &ran.out;
        let mut rest = printed.as_str();
        for line in shown.lines() {
            let start = rest
                .find(line)
                .unwrap_or_else(|| panic!("{line}\n{printed}"));
            rest = &rest[start + line.len()..];
        }
        commands += 1;
    }
    assert_eq!(commands, 5);
}
