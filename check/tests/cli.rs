//! The program as a pipeline runs it: manifests in, a report and an exit code out.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rstest::rstest;
use serde_json::Value;
use serde_sarif::sarif::{ResultLevel, Sarif};
use tempfile::TempDir;

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

/// A folder, and the program in it.
struct Place(TempDir);

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            std::fs::write(place.path().join(name), text).expect("a file");
        }
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on("", arguments)
    }

    fn run_on(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_env-isolation-check"))
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        // It may end before it has read everything.
        let _ = child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes());
        Ran::from(child.wait_with_output().expect("an end"))
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

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

error[namespace-filter]: a series of namespace \"prod\" can come through: honorLabels is true, so the \
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
#[case::empty("", &[], 0, "no object that the policy is about\n")]
#[case::warning(ODD, &[], 0, "1 accepted, 0 rejected; 1 warning\n")]
#[case::warning_as_error(ODD, &["--warnings-as-errors"], 1, "1 accepted, 0 rejected; 1 warning\n")]
#[case::no_namespace("kind: Probe\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a}\n", &[], 2,
    "Probe a names no namespace; give one with --namespace\n --> <stdin>:3:18")]
#[case::namespace("kind: PrometheusRule\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a}\n",
    &["--namespace", "dev"], 1, "PrometheusRule dev/a: metadata.labels.release")]
#[case::wrong_type("kind: PodMonitor\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: a, namespace: dev}\n\
    spec:\n  podMetricsEndpoints: 3\n", &[], 1, "error[refused]: spec.podMetricsEndpoints")]
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

#[rstest]
#[case::no_file(&["missing.yaml"], "cannot read missing.yaml")]
#[case::no_match(&["*.yml"], "no file matches *.yml")]
#[case::no_path(&[], "required arguments were not provided")]
#[case::bad_settings(&["--settings", "bad.yaml", "rules.yaml"], "the settings are not valid: colour")]
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
        "error[unreadable]: unclosed bracket '['\n --> all.yaml:5:7\n",
        "error[release-label]",
        "--> all.yaml:14:14",
        "if this is a Helm template, judge what `helm template` renders of it\n",
        "error[unreadable]: cannot read latin1.yaml: stream did not contain valid UTF-8",
        "2 objects: 1 accepted, 1 rejected for 2 violations (2 with a fix: see --fix and --write); 3 cannot be read",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    assert_eq!(ran.code, Some(2));
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
        "objects": 2, "accepted": 1, "rejected": 1, "violations": 2, "warnings": 0, "unreadable": 1
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
        "env-isolation-check: broken.yaml:1:4: unclosed bracket '['\n"
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
