//! The program as a pipeline runs it: manifests in, a report and an exit code out.

mod place;

use std::process::Command;

use rstest::rstest;
use serde_json::Value;
use serde_sarif::sarif::{ResultLevel, Sarif};

use place::{Place, Ran};

const LEAKING: &str = "\
# Source: stack/templates/kubelet.yaml
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: kubelet
  namespace: monitoring-dev
  labels:
    release: monitoring-prod # ours
spec:
  namespaceSelector:
    matchNames: [kube-system]
  endpoints:
    # the kubelet's own
    - port: https-metrics
      honorLabels: true
";

const HARMLESS: &str = "\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: rules, namespace: prod, labels: {release: monitoring-prod}}
";

/// Accepted with a warning.
const ODD: &str = "\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: nobodys, namespace: default}
spec: {}
";

/// Of another group than the policy's, rendered by Argo CD, and a patch.
const OTHERS: &str = "\
apiVersion: azmonitoring.microsoft.com/v1
kind: PodMonitor
metadata: {name: azure, namespace: shop-dev}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: stack, namespace: flux-system}
---
a: 1
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: gone}
$patch: delete
";

#[test]
fn a_violation_is_shown_where_it_stands_with_what_to_write() {
    let ran = Place::with(&[("kubelet.yaml", LEAKING)]).run(&["kubelet.yaml"]);
    let expected = "\
error[release-label]: namespace \"monitoring-dev\" belongs to environment \"dev\", so the label must be \
\"monitoring-dev\", but it is \"monitoring-prod\": the Prometheus of environment \"prod\" would pick it up
 --> kubelet.yaml:8:14
  |
8 |     release: monitoring-prod # ours
  |              ^^^^^^^^^^^^^^^ ServiceMonitor monitoring-dev/kubelet: metadata.labels.release
  |
  = note: rendered by Helm from stack/templates/kubelet.yaml
  = help: write
          release: monitoring-dev

error[namespace-filter]: series of namespace \"prod\" would be stored in dev's Prometheus: honorLabels is true, so the \
exporter's own label `namespace` wins, and no rule filters it
  --> kubelet.yaml:14:7
   |
14 |     - port: https-metrics
   |       ^^^^ ServiceMonitor monitoring-dev/kubelet: spec.endpoints[0].metricRelabelings
   |
   = note: rendered by Helm from stack/templates/kubelet.yaml
   = help: write
           metricRelabelings:
             - action: keep
               regex: 'dev|.*-dev|kube-system'
               sourceLabels:
                 - namespace

1 object: 0 accepted, 1 rejected for 2 violations (2 with a fix: see --fix and --write)
";
    assert_eq!(ran.out, expected);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
}

#[rstest]
#[case::accepted(HARMLESS, &[], 0, "1 object: 1 accepted, 0 rejected\n")]
#[case::nothing_to_judge("kind: ConfigMap\n", &[], 0, "no object that the policy is about\n")]
#[case::empty("", &[], 0, "no object that the policy is about; 1 not judged\n")]
#[case::warning(ODD, &[], 0, "1 accepted, 0 rejected; 1 warning\n")]
#[case::warning_as_error(ODD, &["--warnings-as-errors"], 1, "1 accepted, 0 rejected; 1 warning\n")]
#[case::no_namespace("kind: Probe\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a}\n", &[], 2,
    "the object names no namespace; give one with --namespace\n --> <stdin>:3:18")]
#[case::placeholder("kind: Probe\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a, namespace: '${ENV}'}\n", &[], 2,
    "error[unreadable]: no namespace can have this name, so that nothing is known of the object; judge it as \
     it is deployed\n --> <stdin>:3:32")]
#[case::no_group("kind: Probe\napiVersion: v1\nmetadata: {name: a, namespace: dev}\n", &[], 2,
    "error[unreadable]: the object has an apiVersion without API group, so that no cluster would take it\n --> <stdin>:1:7")]
#[case::namespace("kind: PrometheusRule\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a}\n",
    &["--namespace", "dev"], 1, "PrometheusRule dev/a: metadata.labels.release")]
#[case::wrong_type("kind: PodMonitor\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a, namespace: dev}\n\
    spec:\n  podMetricsEndpoints: 3\n", &[], 1, "PodMonitor dev/a: spec.podMetricsEndpoints")]
#[case::verbose(HARMLESS, &["--verbose"], 0,
    "accepted   PrometheusRule prod/rules (environment prod) <stdin>:1\n")]
fn standard_input_is_judged(
    #[case] input: &str,
    #[case] arguments: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let ran = Place::with(&[]).run_on(input, &[&["-"], arguments].concat());
    assert!(ran.out.contains(expected), "{ran:?}");
    assert_eq!(ran.code, Some(code), "{ran:?}");
}

#[test]
fn of_a_key_that_is_given_twice_the_last_one_counts() {
    let twice = LEAKING
        .replace(
            "monitoring-prod # ours",
            "monitoring-prod\n    release: monitoring-dev",
        )
        .replace(
            "honorLabels: true",
            "honorLabels: true\n      honorLabels: false",
        )
        .replace(
            "  endpoints:",
            "  selector: {matchLabels: {app: shop}}\n  endpoints:",
        );
    let place = Place::with(&[("twice.yaml", &twice)]);
    let ran = place.run(&["-s", "proven.yaml", "twice.yaml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    std::fs::write(
        place.path().join("proven.yaml"),
        "namespaceFilter: proven\n",
    )
    .expect("a file");
    let ran = place.run(&["-s", "proven.yaml", "twice.yaml"]);
    let parts = [
        "warning: metadata.labels.release is given more than once: this one counts",
        "--> twice.yaml:9:5\n",
        "warning: spec.endpoints[0].honorLabels is given more than once",
        "1 object: 1 accepted, 0 rejected; 2 warnings\n",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!(ran.code, Some(0));
}

#[rstest]
#[case::twice("kind: ConfigMap\napiVersion: v1\ndata: {a: x, a: y}\n", "")]
#[case::broken(
    "kind: ConfigMap\napiVersion: v1\ndata: [\n",
    "note: <stdin>:3: not judged, for its kind is none of the policy's; it cannot be read: `[` is never closed\n"
)]
fn what_is_not_ours_never_decides(#[case] other: &str, #[case] note: &str) {
    let input = format!("{other}---\n{HARMLESS}");
    let ran = Place::with(&[]).run_on(&input, &["--strict", "-"]);
    assert_eq!(ran.out, "1 object: 1 accepted, 0 rejected\n");
    assert_eq!(ran.code, Some(0));
    let ran = Place::with(&[]).run_on(&input, &["--strict", "--verbose", "-"]);
    assert!(ran.out.starts_with(note), "{}", ran.out);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn nothing_that_may_bring_in_objects_is_passed_over_in_silence() {
    let place = Place::with(&[("others.yaml", OTHERS)]);
    let ran = place.run(&["others.yaml"]);
    let expected = "\
note: others.yaml:1: PodMonitor shop-dev/azure: not judged, for the setting `apiGroups` does not \
name \"azmonitoring.microsoft.com\"

note: others.yaml:5: Application argocd/shop: what it installs is not judged: judge what Helm or Kustomize \
render of it; `env-isolation-check helm` reads Applications and HelmReleases

note: others.yaml:13: not judged, for it is no Kubernetes object: it has no `kind`

unjudged as at others.yaml:5, 1 more:
  others.yaml:9  HelmRelease flux-system/stack

no object that the policy is about; 4 not judged
";
    assert_eq!(ran.out, expected);
    assert_eq!(ran.code, Some(0));
    assert_eq!(place.run(&["--strict", "others.yaml"]).code, Some(2));
    let verbose = place.run(&["--verbose", "others.yaml"]).out;
    assert!(
        verbose.contains("not judged, for it is a patch"),
        "{verbose}"
    );
    let json: Value =
        serde_json::from_str(&place.run(&["-o", "json", "others.yaml"]).out).expect("JSON");
    assert_eq!(json["summary"]["unjudged"], 4);
    let github = place.run(&["-o", "github", "others.yaml"]).out;
    assert_eq!(
        github.matches("::notice file=others.yaml,line=").count(),
        4,
        "{github}"
    );
}

#[rstest]
#[case::array("[{a}, {a}]", 2)]
#[case::map("{\"x.yaml\": {a}, \"y/z\": [{a}], \"deep\": {\"er\": {a}}}", 3)]
#[case::list(
    "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{a}, {\"kind\": \"ConfigMap\"}]}",
    1
)]
#[case::values("{\"extraObjects\": [{a}], \"replicas\": 1}", 0)]
fn what_jsonnet_writes_is_read(#[case] shape: &str, #[case] count: usize) {
    let object = "{\"apiVersion\": \"monitoring.coreos.com/v1\", \"kind\": \"PrometheusRule\", \
                  \"metadata\": {\"name\": \"a\", \"namespace\": \"dev\"}}";
    let place = Place::with(&[("all.json", &shape.replace("{a}", object))]);
    let ran = place.run(&["-o", "json", "all.json"]);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["summary"]["rejected"], count, "{}", ran.out);
    assert_eq!(json["summary"]["unjudged"], usize::from(count == 0));
    // A fix finds its way to the object.
    let fixed = place.run(&["--write", "all.json"]);
    assert_eq!(fixed.code, Some(0), "{fixed:?}");
}

#[test]
fn a_chart_and_a_kustomization_are_told_once() {
    let template = "kind: {{ .Values.kind }}\nmetadata: {{- toYaml . }}\n";
    let place = Place::with(&[
        ("charts/shop/Chart.yaml", "name: shop\n"),
        ("charts/shop/values.yaml", "a: 1\n"),
        ("charts/shop/templates/a.yaml", template),
        ("charts/shop/templates/b.yaml", template),
        ("charts/shop/charts/sub/templates/c.yaml", template),
        (
            "overlays/dev/kustomization.yml",
            "resources: [../../base]\n",
        ),
        ("overlays/dev/patch.yaml", LEAKING),
        ("rules.yaml", HARMLESS),
    ]);
    let ran = place.run(&["."]);
    let expected = "\
note: ./charts/shop: this is a chart: name it in `charts` of env-isolation.yaml, or judge what Helm renders of it, `helm template … | env-isolation-check -`

note: ./overlays/dev: this is a kustomization: judge what it builds, `kubectl kustomize … | env-isolation-check -`

1 object: 1 accepted, 0 rejected; 2 not judged
";
    assert_eq!(ran.out, expected);
    assert_eq!(ran.code, Some(0));
    assert_eq!(place.run(&["--strict", "."]).code, Some(2));
    let ran = place.run(&["overlays/dev/kustomization.yml"]);
    let expected = "note: overlays/dev: this is a kustomization: ";
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    let templates = [
        "charts/shop/templates/a.yaml",
        "charts/shop/templates/b.yaml",
        "charts/shop/values-dev.yaml",
        "charts/shop/Chart.yaml",
    ];
    let ran = place.run(&templates);
    assert!(
        ran.out.starts_with("note: charts/shop: this is a chart"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .ends_with("\n\nno object that the policy is about; 1 not judged\n"),
        "{}",
        ran.out
    );
}

#[rstest]
#[case::folder(&["empty"], "note: empty: this folder has no manifest (.yaml, .yml or .json)\n")]
#[case::input(&["-"], "note: <stdin>: standard input is empty\n")]
fn nothing_is_told_and_fails_if_strict(#[case] arguments: &[&str], #[case] expected: &str) {
    let place = Place::with(&[("empty/readme.txt", "")]);
    let ran = place.run(arguments);
    assert!(ran.out.starts_with(expected), "{}", ran.out);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        place.run(&[arguments, &["--strict"]].concat()).code,
        Some(2)
    );
}

#[test]
fn what_may_be_ours_but_cannot_be_read_is_told() {
    let place = Place::with(&[(
        "unversioned.yaml",
        "kind: PodMonitor\nmetadata: {name: a}\n",
    )]);
    let write =
        |name, bytes: &[u8]| std::fs::write(place.path().join(name), bytes).expect("a file");
    write("photo.yaml", b"\x89PNG\0\xff");
    write("powershell.yaml", b"\xff\xfek\0i\0n\0d\0");
    let ran = place.run(&["."]);
    let parts = [
        "error[unreadable]: the object has no apiVersion",
        " --> ./unversioned.yaml:1:7\n",
        "error[unreadable]: cannot read ./photo.yaml: it is binary\n--> ./photo.yaml\n\n",
        "cannot read ./powershell.yaml: it is UTF-16; save it as UTF-8\n",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!(ran.code, Some(2));
}

#[test]
fn what_was_said_is_not_said_again() {
    let monitor = |index: usize| LEAKING.replace("name: kubelet", &format!("name: m{index}"));
    let all: Vec<String> = (0..14).map(monitor).collect();
    let place = Place::with(&[("all.yaml", &all.join("---\n"))]);
    let ran = place.run(&["all.yaml"]);
    assert_eq!(ran.out.matches("error[").count(), 2, "{}", ran.out);
    let parts = [
        "namespace-filter as at all.yaml:14, 13 more:\n  all.yaml:30  ServiceMonitor monitoring-dev/m1: \
         spec.endpoints[0].metricRelabelings\n",
        "  … and 3 more\n",
        "14 objects: 0 accepted, 14 rejected for 28 violations",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let few = place.run(&["--max-findings", "1", "all.yaml"]).out;
    assert!(
        few.contains("… and 14 more, of which --max-findings shows"),
        "{few}"
    );
}

#[test]
fn a_fix_marks_what_it_adds() {
    let text = format!(
        "{LEAKING}      metricRelabelings:\n      - {{action: drop, regex: a, sourceLabels: [b]}}\n"
    );
    let ran = Place::with(&[("a.yaml", &text)]).run(&["a.yaml"]);
    let fix = "
             metricRelabelings:
           +   - action: keep
           +     regex: 'dev|.*-dev|kube-system'
           +     sourceLabels:
           +       - namespace
               - action: drop
";
    assert!(ran.out.contains(fix), "{}", ran.out);
}

#[test]
fn a_fix_marks_nothing_that_stays() {
    let rules = "[{action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}]";
    let text = LEAKING.replace("honorLabels: true", &format!("relabelings: {rules}"));
    let ran = Place::with(&[("a.yaml", &text)]).run(&["a.yaml"]);
    let fix = "
               - action: labelmap
                 regex: '__meta_kubernetes_pod_label_(.+)'
           +   - action: keep
";
    assert!(ran.out.contains(fix), "{}", ran.out);
}

#[test]
fn what_a_baseline_has_does_not_fail_and_what_is_new_does() {
    let place = Place::with(&[("a.yaml", LEAKING)]);
    let written = place.run(&["--write-baseline", "known.json", "a.yaml"]);
    assert_eq!(written.err, "wrote 2 findings into known.json\n");
    assert_eq!(written.code, Some(0));
    let known = "[
{\"rule\":\"namespace-filter\",\"object\":\"ServiceMonitor monitoring-dev/kubelet\",\
\"field\":\"spec.endpoints[0].metricRelabelings\"},
{\"rule\":\"release-label\",\"object\":\"ServiceMonitor monitoring-dev/kubelet\",\
\"field\":\"metadata.labels.release\"}
]
";
    assert_eq!(place.read("known.json"), known);
    // A line is not what a finding is known by.
    std::fs::write(place.path().join("a.yaml"), format!("# c\n{LEAKING}")).expect("a file");
    let ran = place.run(&["--baseline", "known.json", "a.yaml"]);
    assert_eq!(
        ran.out,
        "1 object: 0 accepted, 0 rejected, 1 let be by the baseline or an exception\n"
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let other =
        LEAKING.replace("monitoring-prod # ours", "monitoring-dev") + "    - honorLabels: true\n";
    std::fs::write(place.path().join("a.yaml"), other).expect("a file");
    let ran = place.run(&["--baseline", "known.json", "a.yaml"]);
    assert_eq!(ran.out.matches("error[").count(), 1, "{}", ran.out);
    assert!(
        ran.out.contains("spec.endpoints[1].metricRelabelings"),
        "{}",
        ran.out
    );
    assert_eq!(ran.code, Some(1));
    let gone = "env-isolation-check: gone since the baseline: ServiceMonitor monitoring-dev/kubelet: \
                metadata.labels.release (release-label)\n";
    assert_eq!(ran.err, gone);
    let other = place.run(&["--baseline", "a.yaml", "a.yaml"]);
    assert!(
        other
            .err
            .contains("a.yaml is no baseline; --write-baseline writes one"),
        "{other:?}"
    );
    let missing = place.run(&["--baseline", "none.json", "a.yaml"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

#[test]
fn what_a_repository_says_once_holds_in_all_of_its_folders() {
    let nameless = LEAKING.replace("  namespace: monitoring-dev\n", "");
    let place = Place::with(&[
        ("policy.yaml", "environments: [{name: test}]\n"),
        ("sub/deep/a.yaml", &nameless),
        ("sub/testdata/b.yaml", "kind: [\n"),
    ]);
    let write = |text: &str| {
        std::fs::write(place.path().join("env-isolation.yaml"), text).expect("a file");
    };
    write("settings: policy.yaml\nnamespace: monitoring-dev\nexclude: ['**/testdata/**']\n");
    let accepted = "1 object: 1 accepted, 0 rejected\n";
    for path in ["sub", "./sub/deep", "sub/deep/a.yaml"] {
        let ran = place.run(&[path]);
        assert_eq!((ran.out.as_str(), ran.code), (accepted, Some(0)), "{ran:?}");
    }
    assert!(!place.run(&["."]).out.contains("env-isolation.yaml"));
    let deep = Command::new(env!("CARGO_BIN_EXE_env-isolation-check"))
        .arg("a.yaml")
        .current_dir(place.path().join("sub/deep"))
        .output();
    assert_eq!(Ran::from(deep.expect("an end")).out, accepted);
    // What is given wins, and nothing need be said.
    assert_eq!(place.run(&["--no-config", "sub"]).code, Some(2));
    let other = ["-n", "other", "sub/deep", "--verbose"];
    assert!(
        place
            .run(&other)
            .out
            .contains("ServiceMonitor other/kubelet")
    );
    write("settings: {namespaceFilter: all}\n");
    let ran = place.run(&["sub/deep"]);
    let parts = [
        "namespaceFilter: expected `required` or `proven`",
        "env-isolation.yaml:1:29",
    ];
    for part in parts {
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
    write("setting: {}\n");
    let ran = place.run(&["sub/deep"]);
    assert!(
        ran.err
            .contains("unknown key; known are settings, namespace"),
        "{}",
        ran.err
    );
    assert_eq!(ran.code, Some(2));
}

#[test]
fn an_exception_beside_an_object_holds_until_its_day() {
    let allow = |rule: &str, until: &str| {
        format!("# env-isolation: allow {rule} until {until} because we move\n")
    };
    let both = allow("namespace-filter", "2999-12-31") + &allow("release-label", "2999-12-31");
    let over = allow("namespace-filter", "2020-01-01") + &allow("release-label", "2999-12-31");
    let place = Place::with(&[
        ("both.yaml", &format!("{both}{LEAKING}---\n{HARMLESS}")),
        (
            "over.yaml",
            &LEAKING.replace("spec:", &format!("{over}spec:")),
        ),
        (
            "odd.yaml",
            &format!(
                "{}# env-isolation: ignore\n{HARMLESS}",
                allow("selector", "2999-12-31")
            ),
        ),
    ]);
    let ran = place.run(&["both.yaml"]);
    let summary = "2 objects: 1 accepted, 0 rejected, 1 let be by the baseline or an exception\n";
    assert_eq!((ran.out.as_str(), ran.code), (summary, Some(0)));
    let ran = place.run(&["over.yaml"]);
    assert!(ran.out.contains("error[namespace-filter]"), "{}", ran.out);
    assert!(!ran.out.contains("error[release-label]"), "{}", ran.out);
    let warning =
        "warning: the exception from namespace-filter ended on 2020-01-01\n --> over.yaml:9:1\n";
    assert!(ran.out.contains(warning), "{}", ran.out);
    assert_eq!(ran.code, Some(1));
    let ran = place.run(&["odd.yaml"]);
    let parts = [
        "an exception reads",
        "the exception allows nothing: selector is not violated",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let list = place.run(&["--list-exceptions", "over.yaml"]);
    let expected = "\
over.yaml:9: ServiceMonitor monitoring-dev/kubelet: namespace-filter, ended 2020-01-01: we move
over.yaml:10: ServiceMonitor monitoring-dev/kubelet: release-label, until 2999-12-31: we move
2 exceptions
";
    assert_eq!((list.out.as_str(), list.code), (expected, Some(0)));
    // What is excepted is left alone by --write.
    assert_eq!(place.run(&["--write", "both.yaml"]).err, "");
}

#[test]
fn an_exception_in_a_list_is_of_one_item() {
    let item = |name: &str| {
        format!(
            "- apiVersion: monitoring.coreos.com/v1\n  kind: PrometheusRule\n  \
             metadata: {{name: {name}, namespace: dev}}\n"
        )
    };
    let comment = "# env-isolation: allow release-label until 2999-12-31 because we move\n";
    let text = format!(
        "kind: List\napiVersion: v1\nitems:\n{}{comment}{}{}",
        item("a"),
        item("b"),
        item("c")
    );
    let ran = Place::with(&[]).run_on(&text, &["--verbose", "-"]);
    for line in [
        "REJECTED   PrometheusRule dev/a",
        "known      PrometheusRule dev/b",
        "REJECTED   PrometheusRule dev/c",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
}

#[test]
fn what_helm_rendered_is_shown_in_its_template() {
    let place = Place::with(&[]);
    let input = format!("---\n{HARMLESS}---\n{LEAKING}");
    let ran = place.run_on(&input, &["-"]);
    assert!(
        ran.out
            .contains("--> stack/templates/kubelet.yaml (rendered):9:14\n"),
        "{}",
        ran.out
    );
    let ran = place.run_on(&input, &["-o", "github", "-"]);
    let start =
        "::error title=stack/templates/kubelet.yaml%3A ServiceMonitor monitoring-dev/kubelet%3A";
    assert!(ran.out.starts_with(start), "{}", ran.out);
}

#[rstest]
#[case::no_file(&["missing.yaml"], "cannot read missing.yaml")]
#[case::no_namespace_can_be(&["-n", "Not_Valid", "rules.yaml"], "no namespace can have this name")]
#[case::no_match(&["*.yml"], "no file matches *.yml")]
#[case::no_path(&[], "no PATH is given")]
#[case::bad_settings(&["--settings", "bad.yaml", "rules.yaml"], "error: colour: unknown key; known are environments, sharedNamespaces")]
#[case::write_to_a_pipe(&["--write", "-"], "--fix prints the fixes as a patch")]
fn what_cannot_be_read_is_told(#[case] arguments: &[&str], #[case] expected: &str) {
    let place = Place::with(&[("rules.yaml", HARMLESS), ("bad.yaml", "colour: red\n")]);
    let ran = place.run_on(LEAKING, arguments);
    assert!(
        format!("{}{}", ran.out, ran.err).contains(expected),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[test]
fn a_broken_document_hides_none_of_the_others() {
    let text = format!("{HARMLESS}---\nkind: [\n---\n{LEAKING}---\na: {{{{ .Values.a }}}}\n");
    let place = Place::with(&[("all.yaml", &text)]);
    std::fs::write(place.path().join("latin1.yaml"), b"a: \xe9\n").expect("a file");
    let ran = place.run(&["all.yaml", "latin1.yaml"]);
    let parts = [
        "error[unreadable]: `[` is never closed\n --> all.yaml:5:7\n",
        "error[release-label]",
        "--> all.yaml:14:14",
        "if this is a Helm template, judge what `helm template` renders of it\n",
        "error[unreadable]: cannot read latin1.yaml: its line 1 is not UTF-8",
        "2 objects: 1 accepted, 1 rejected for 2 violations (2 with a fix: see --fix and --write); 3 cannot be read",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!(ran.code, Some(2));
}

#[rstest]
#[case::judged(
    "apiGroups: [azmonitoring.microsoft.com]\n",
    1,
    "PodMonitor shop-dev/azure: metadata.labels.release"
)]
#[case::not_judged(
    "{}\n",
    0,
    "the setting `apiGroups` does not name \"azmonitoring.microsoft.com\""
)]
#[case::wrong(
    "apiGroups: [Azure]\n",
    2,
    "apiGroups[0]: \"Azure\" is no valid name of an API group\n --> settings.yaml:1:13"
)]
fn other_groups_are_judged_where_the_settings_name_them(
    #[case] settings: &str,
    #[case] code: i32,
    #[case] expected: &str,
) {
    let azure = OTHERS.split("---\n").next().expect("a document");
    let place = Place::with(&[("azure.yaml", azure), ("settings.yaml", settings)]);
    let ran = place.run(&["-s", "settings.yaml", "azure.yaml"]);
    assert!(
        format!("{}{}", ran.out, ran.err).contains(expected),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(code), "{ran:?}");
}

#[test]
fn a_field_that_cannot_be_read_hides_no_other_endpoint() {
    let text = LEAKING.replace("  endpoints:\n", "  endpoints:\n    - honorLabels: 'yes'\n");
    let place = Place::with(&[("kubelet.yaml", &text)]);
    let ran = place.run(&["kubelet.yaml"]);
    let parts = [
        "error[refused]: expected a boolean, found a string; nothing else of spec.endpoints[0] was judged\n",
        "kubelet.yaml:13:20\n",
        "ServiceMonitor monitoring-dev/kubelet: metadata.labels.release",
        "ServiceMonitor monitoring-dev/kubelet: spec.endpoints[1].metricRelabelings",
        "1 rejected for 3 violations (2 with a fix: see --fix and --write)",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!(ran.code, Some(1));
    // What cannot be read stays as it is.
    let ran = place.run(&["--write", "kubelet.yaml"]);
    assert!(
        place
            .read("kubelet.yaml")
            .contains("- honorLabels: 'yes'\n")
    );
    assert!(ran.out.contains("1 rejected for 1 violation\n"), "{ran:?}");
}

#[test]
fn a_violation_in_a_list_is_shown_in_its_item() {
    let item = LEAKING
        .replace("# Source: stack/templates/kubelet.yaml\n", "")
        .replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n- {item}\n");
    let ran = Place::with(&[("list.yaml", &list)]).run(&["list.yaml"]);
    assert!(ran.out.contains("--> list.yaml:11:16"), "{}", ran.out);
}

#[test]
fn json_has_the_verdicts_with_their_places() {
    let text = format!("{LEAKING}---\n{HARMLESS}---\nkind: [\n");
    let ran = Place::with(&[("all.yaml", &text)]).run(&["-o", "json", "all.yaml"]);
    assert_eq!(ran.code, Some(2));
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let summary = serde_json::json!({
        "objects": 2, "accepted": 1, "rejected": 1, "violations": 2, "warnings": 0, "unreadable": 1,
        "unjudged": 0, "known": 0
    });
    assert_eq!(report["summary"], summary);
    assert_eq!(report["objects"][1]["verdict"], "accepted");
    assert_eq!(
        report["objects"][0]["template"],
        "stack/templates/kubelet.yaml"
    );
    let leak = &report["objects"][0]["violations"][1];
    assert_eq!(leak["line"], 14);
    assert_eq!(leak["column"], 7);
    assert_eq!(leak["witness"], "prod");
    assert_eq!(leak["example"]["exposed"]["namespace"], "prod");
    assert_eq!(
        leak["fix"][0]["path"],
        "/spec/endpoints/0/metricRelabelings"
    );
    assert_eq!(report["unreadable"][0]["line"], 21);
}

#[test]
fn sarif_has_a_result_for_each_finding() {
    let files = [
        ("a b.yaml", LEAKING),
        ("broken.yaml", "kind: [\n"),
        ("odd.yaml", ODD),
    ];
    let ran = Place::with(&files).run(&["-o", "sarif", "."]);
    let sarif: Sarif = serde_json::from_str(&ran.out).expect("SARIF");
    let run = &sarif.runs[0];
    let rules = run.tool.driver.rules.as_ref().expect("rules");
    let found = run.results.as_ref().expect("results").iter().map(|result| {
        let rule = result.rule_id.as_deref().expect("a rule");
        assert!(rules.iter().any(|known| known.id == rule), "{rule}");
        let place = result.locations.as_ref().expect("a location")[0]
            .physical_location
            .as_ref();
        let place = place.expect("a place");
        let uri = place
            .artifact_location
            .as_ref()
            .and_then(|it| it.uri.as_deref());
        let line = place.region.as_ref().and_then(|region| region.start_line);
        let is_error = matches!(result.level, Some(ResultLevel::Error));
        (rule, uri.expect("a file"), line.expect("a line"), is_error)
    });
    let expected = [
        ("release-label", "a%20b.yaml", 8, true),
        ("namespace-filter", "a%20b.yaml", 14, true),
        ("unreadable", "broken.yaml", 1, true),
        ("warning", "odd.yaml", 1, false),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let invocations = run.invocations.as_ref().expect("an invocation");
    assert!(!invocations[0].execution_successful);
}

#[test]
fn github_shows_a_command_for_each_finding() {
    let ran = Place::with(&[("a,b.yaml", LEAKING)]).run(&["-o", "github", "a,b.yaml"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.out);
    let start = "::error file=a%2Cb.yaml,line=8,endLine=8,col=14,title=ServiceMonitor \
                 monitoring-dev/kubelet%3A metadata.labels.release::namespace \"monitoring-dev\"";
    assert!(lines[0].starts_with(start), "{}", lines[0]);
    assert!(
        lines[0].ends_with("%0AFix:%0Arelease: monitoring-dev"),
        "{}",
        lines[0]
    );
}

/// [`LEAKING`], mended.
fn fixed() -> String {
    LEAKING.replace("monitoring-prod # ours", "monitoring-dev # ours")
        + "      metricRelabelings:
        - action: keep
          regex: 'dev|.*-dev|kube-system'
          sourceLabels:
            - namespace
"
}

#[test]
fn fixes_are_written_into_whatever_is_yaml() {
    let braces = "  jobLabel: \"{{ .Values.job }}\"\n";
    let quoted = format!("{LEAKING}{braces}");
    let place = Place::with(&[("plain.yaml", LEAKING), ("quoted.yaml", &quoted)]);
    let ran = place.run(&["--write", "."]);
    assert_eq!(place.read("plain.yaml"), fixed());
    assert_eq!(place.read("quoted.yaml"), format!("{}{braces}", fixed()));
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (Some(0), "fixed 4 violations\n")
    );
    assert!(ran.out.contains("2 objects: 2 accepted"), "{}", ran.out);
    let again = place.run(&["--write", "plain.yaml"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert_eq!(place.read("plain.yaml"), fixed());
}

#[test]
fn fixes_are_printed_as_a_patch() {
    let place = Place::with(&[("a.yaml", LEAKING), ("broken.yaml", "a: [\n")]);
    let broken = place.run(&["--fix", "a.yaml", "broken.yaml"]);
    assert_eq!(broken.code, Some(2));
    assert_eq!(
        broken.err,
        "env-isolation-check: broken.yaml:1:4: `[` is never closed\n"
    );
    let ran = place.run(&["--fix", "./a.yaml"]);
    assert_eq!(ran.out, broken.out);
    let start = "--- a/a.yaml\n+++ b/a.yaml\n@@ -5,7 +5,7 @@\n";
    assert!(ran.out.starts_with(start), "{}", ran.out);
    assert!(
        ran.out.contains(
            "\n-    release: monitoring-prod # ours\n+    release: monitoring-dev # ours\n"
        )
    );
    assert_eq!(ran.code, Some(1));
    assert_eq!(place.read("a.yaml"), LEAKING);
}

#[test]
fn settings_come_from_the_policy_that_is_deployed() {
    let policy = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nspec:\n  \
                  settings:\n    environments: [{name: test}]\n";
    let place = Place::with(&[("policy.yaml", policy), ("a.yaml", LEAKING)]);
    let ran = place.run(&["-s", "policy.yaml", "--verbose", "a.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = "accepted   ServiceMonitor monitoring-dev/kubelet (no environment) a.yaml:2\n";
    assert!(ran.out.contains(line), "{}", ran.out);
}

#[test]
fn an_explanation_never_calls_a_leak_what_is_not_known() {
    let text = LEAKING.replace(
        "honorLabels: true",
        "metricRelabelings:\n      - {action: labelmap, regex: '\\p{Greek}(.*)'}\n      \
         - {action: keep, sourceLabels: [namespace], regex: '\\p{Greek}|dev'}",
    );
    let place = Place::with(&[("a.yaml", &text)]);
    let ran = place.run(&["explain", "a.yaml"]);
    assert!(
        ran.out.contains("?    from outside: cannot be known"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("LEAK"), "{}", ran.out);
}

/// No discovery gives the targets of a scrape configuration a label `namespace`.
#[test]
fn an_explanation_does_not_make_up_a_namespace_for_a_scrape_configuration() {
    let text = "\
apiVersion: monitoring.coreos.com/v1alpha1
kind: ScrapeConfig
metadata: {name: a, namespace: shop-dev, labels: {release: monitoring-dev}}
spec: {staticConfigs: [{targets: ['192.0.2.1:80']}]}
";
    let ran = Place::with(&[]).run_on(text, &["explain", "-"]);
    let part = "unless a rule gave the target a label `namespace`, the exporter's own stays\n";
    assert!(ran.out.contains(part), "{}", ran.out);
    assert!(!ran.out.contains("namespace becomes label"), "{}", ran.out);
}

#[rstest]
#[case::one(
    "{matchNames: [shop-dev]}",
    "{}",
    "    dev          nothing\n    *-dev        shop-dev\n    kube-system  nothing\n"
)]
#[case::some(
    "{any: true}",
    "{}",
    "    dev          dev\n    *-dev        monitoring-dev, a-dev, b-dev, and others\n    kube-system  kube-system\n"
)]
#[case::none(
    "{}",
    "{relabelings: [{action: keep, sourceLabels: [namespace], regex: 'other'}]}",
    "    dev          nothing\n    *-dev        nothing\n    kube-system  nothing\n"
)]
#[case::no_label(
    "{}",
    "{metricRelabelings: [{action: labeldrop, regex: namespace}]}",
    "    kube-system  nothing\n    and series without a label `namespace`\n"
)]
fn an_explanation_says_what_is_left_of_the_environment(
    #[case] selector: &str,
    #[case] endpoint: &str,
    #[case] expected: &str,
) {
    let text = LEAKING.split("spec:").next().expect("an object");
    let spec = format!(
        "spec: {{namespaceSelector: {selector}, selector: {{matchLabels: {{a: b}}}}, endpoints: [{endpoint}]}}"
    );
    let ran = Place::with(&[]).run_on(&format!("{text}{spec}\n"), &["explain", "-"]);
    let left = ran.out.split("  stored of what dev may see\n").nth(1);
    assert!(
        left.expect("what is left").contains(expected),
        "{}",
        ran.out
    );
}

#[test]
fn a_file_that_cannot_be_read_hides_no_explanation() {
    let place = Place::with(&[("b.yaml", LEAKING)]);
    std::fs::write(place.path().join("a.yaml"), b"\0\xff").expect("a file");
    let ran = place.run(&["explain", "."]);
    assert!(
        ran.err.contains("cannot read ./a.yaml: it is binary"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("ServiceMonitor monitoring-dev/kubelet"),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(2));
}

#[test]
fn an_explanation_shows_where_a_namespace_slips_through() {
    let text = format!(
        "{LEAKING}      metricRelabelings:\n      - {{action: drop, regex: a, sourceLabels: [b]}}\n"
    );
    let place = Place::with(&[("a.yaml", &format!("{HARMLESS}---\n{text}"))]);
    let ran = place.run(&["explain", "--name", "kubelet", "a.yaml"]);
    let parts = [
        "ServiceMonitor monitoring-dev/kubelet\nscraped for environment dev, which may see dev, *-dev, kube-system\n",
        "    discovery             targets in kube-system; their namespace becomes label `namespace`\n",
        "                          ok   from outside: nothing\n",
        "    metricRelabelings[0]  drop what has `b` match \"a\"\n",
        "                          LEAK from outside: environment prod (prod), namespaces of no environment (default)\n",
        "REJECTED  ServiceMonitor monitoring-dev/kubelet: 2 violations of environment isolation\n",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert!(!ran.out.contains("PrometheusRule"));
    assert_eq!(ran.code, Some(1));
    let colored = place.run_on(&text, &["explain", "--color", "always", "."]);
    assert!(
        colored.out.contains("\u{1b}[31mLEAK\u{1b}[0m"),
        "{}",
        colored.out
    );
    assert!(colored.out.contains("PrometheusRule prod/rules"));
    let none = place.run(&["explain", "--name", "other", "a.yaml"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

#[rstest]
#[case(&["completions", "bash"], "complete -F _env__isolation__check")]
#[case(&["man"], ".TH env-isolation-check 1")]
#[case(&["--help"], "--warnings-as-errors")]
fn the_program_describes_itself(#[case] arguments: &[&str], #[case] expected: &str) {
    let ran = Place::with(&[]).run(arguments);
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert_eq!(ran.code, Some(0));
}
