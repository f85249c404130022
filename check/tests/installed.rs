//! `env-isolation-check helm` with manifests of Argo CD and Flux: releases, namespaces and values are theirs, and what mends
//! them is written where the values stand.

mod place;

use place::{Place, Ran, helm};
use rstest::rstest;

/// Everything but the web monitor is off.
const OFF: &str = "\
workers: {enabled: false}
cart: {enabled: false}
rules: {enabled: false}
prometheus: {enabled: false}
database: {enabled: false}
";

/// The text with each line indented.
fn indented(text: &str, by: usize) -> String {
    let line = |line: &str| format!("{}{line}\n", " ".repeat(by));
    text.lines().map(line).collect()
}

/// An application of an environment, with what stands below `helm` in its source.
fn application(environment: &str, source: &str, helm: &str) -> String {
    format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: monitoring-{environment} # ours
spec:
  destination: {{namespace: shop-{environment}}}
  source:
    repoURL: https://example.com/shop
    {source}
    helm:
{}",
        indented(helm, 6)
    )
}

/// A repository with the chart and these files.
fn repository(files: &[(&str, &str)]) -> Place {
    let place = Place::with_shop(files);
    std::fs::create_dir(place.path().join(".git")).expect("a folder");
    place
}

fn run(place: &Place, helm: &str, arguments: &[&str]) -> Ran {
    let mut command = place.command();
    command.env("HELM", helm).arg("helm");
    Place::run_command("", command.args(arguments))
}

/// The block is written in the application, and its indentation, comments and order stay. Run again, nothing is wrong.
#[test]
fn a_block_of_an_application_is_mended_where_it_stands() {
    let Some(helm) = helm() else { return };
    let block = format!("values: |\n  # all off\n{}", indented(OFF, 2));
    let before = application("dev", "chart: shop", &block) + "  project: shop # last\n";
    let place = Place::with_shop(&[("apps/dev.yaml", &before)]);
    let arguments = ["apps/dev.yaml", "--chart", "shop=shop"];
    let ran = run(&place, &helm, &arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    // The block has no key around the value yet.
    assert!(ran.out.contains("--> apps/dev.yaml:11:7\n"), "{}", ran.out);
    assert!(
        ran.out.contains(
            "web.monitor.additionalLabels.release (renders ServiceMonitor shop-dev/monitoring-dev-web: metadata.labels.release)"
        ),
        "{}",
        ran.out
    );
    assert_eq!(place.read("apps/dev.yaml"), before);
    let ran = run(
        &place,
        &helm,
        &[arguments.as_slice(), &["--write"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err
            .contains("wrote apps/dev.yaml:\n  web.monitor.additionalLabels.release\n")
    );
    let after = place.read("apps/dev.yaml");
    let start = before.replace("  project: shop # last\n", "");
    assert!(after.starts_with(&start), "{after}");
    assert!(
        after.contains("\n              release: monitoring-dev\n"),
        "{after}"
    );
    assert!(after.ends_with("\n  project: shop # last\n"), "{after}");
    assert_eq!(run(&place, &helm, &arguments).code, Some(0));
}

/// Values that are YAML are edited as YAML; those that are not there yet are made.
#[rstest]
#[case::object("valuesObject:\n  # all off\n", true)]
#[case::none("parameters:\n", false)]
fn an_object_of_an_application_is_mended_or_made(#[case] key: &str, #[case] is_object: bool) {
    let Some(helm) = helm() else { return };
    let parameters: Vec<String> = ["workers", "cart", "rules", "prometheus", "database"]
        .iter()
        .map(|name| format!("  - {{name: {name}.enabled, value: \"false\"}}\n"))
        .collect();
    let values = if is_object {
        indented(OFF, 2)
    } else {
        parameters.concat()
    };
    let before = application("dev", "path: shop", &format!("{key}{values}"));
    let place = repository(&[("apps/dev.yaml", &before)]);
    // The chart lies in the folder, too.
    let ran = run(&place, &helm, &[".", "--write", "--strict"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let after = place.read("apps/dev.yaml");
    assert!(after.starts_with(&before), "{after}");
    assert!(after.contains("additionalLabels:\n"), "{after}");
    assert_eq!(after.matches("valuesObject:").count(), 1, "{after}");
}

/// What a parameter sets wins over all values.
#[test]
fn a_parameter_is_told() {
    let Some(helm) = helm() else { return };
    let wrong =
        "parameters:\n  - {name: web.monitor.additionalLabels.release, value: monitoring-prod}\n";
    let values = format!("{wrong}values: |\n{}", indented(OFF, 2));
    let place = repository(&[("dev.yaml", &application("dev", "path: shop", &values))]);
    let ran = run(&place, &helm, &["dev.yaml"]);
    let note = "web.monitor.additionalLabels.release is set by a parameter of the Application, which wins over files";
    assert!(ran.out.contains(note), "{}", ran.out);
}

/// Both environments at once: each in its namespace, each with its last file of values; the report is grouped.
#[test]
fn applications_of_two_environments_are_told_apart() {
    let Some(helm) = helm() else { return };
    let of = |environment: &str| {
        format!(
            "\
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {environment}}}
spec:
  destination: {{namespace: shop-{environment}}}
  sources:
    - chart: shop
      helm:
        releaseName: monitoring-{environment}
        valueFiles: [$values/envs/base.yaml, $values/envs/{environment}.yaml]
    - repoURL: https://example.com/envs
      ref: values
"
        )
    };
    let place = repository(&[
        ("apps/all.yaml", &(of("dev") + &of("prod"))),
        ("envs/base.yaml", OFF),
        ("envs/dev.yaml", "# dev's\n"),
        ("envs/prod.yaml", "# prod's\nweb: {enabled: true}\n"),
    ]);
    let arguments = ["apps", "--chart", "shop=shop"];
    let ran = run(&place, &helm, &arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let groups = [
        "chart shop, release monitoring-dev, namespace shop-dev\n",
        "--> envs/dev.yaml:",
        "1 object: 0 accepted, 1 rejected for 3 violations",
        "chart shop, release monitoring-prod, namespace shop-prod\n",
        "--> envs/prod.yaml:",
        "1 object: 0 accepted, 1 rejected for 3 violations",
        "2 objects: 0 accepted, 2 rejected for 6 violations",
    ];
    let mut rest = ran.out.as_str();
    for group in groups {
        let start = rest
            .find(group)
            .unwrap_or_else(|| panic!("{group}\n{}", ran.out));
        rest = &rest[start + group.len()..];
    }
    let ran = run(
        &place,
        &helm,
        &[arguments.as_slice(), &["--write"]].concat(),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.read("envs/base.yaml"), OFF);
    for environment in ["dev", "prod"] {
        let text = place.read(&format!("envs/{environment}.yaml"));
        assert!(text.starts_with(&format!("# {environment}'s\n")), "{text}");
        assert!(
            text.contains(&format!("release: monitoring-{environment}")),
            "{text}"
        );
    }
}

/// One file that both have last cannot hold what each of them needs.
#[test]
fn values_that_releases_share_are_not_written_for_one_of_them() {
    let Some(helm) = helm() else { return };
    let files = "valueFiles: [../base.yaml]";
    let place = repository(&[
        ("apps/dev.yaml", &application("dev", "path: shop", files)),
        ("apps/prod.yaml", &application("prod", "path: shop", files)),
        ("base.yaml", OFF),
    ]);
    let ran = run(&place, &helm, &["apps", "--write"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains(
            ": base.yaml: not written for chart shop, release monitoring-dev, because other releases"
        ),
        "{ran:?}"
    );
    assert_eq!(place.read("base.yaml"), OFF);
}

fn application_set(generators: &str, template: &str) -> String {
    format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: monitoring}}
spec:
  generators:
{}  {template}
",
        indented(generators, 4)
    )
}

const TEMPLATE: &str = "template:
    metadata: {name: 'monitoring-{{env}}'}
    spec:
      destination: {namespace: 'shop-{{env}}'}
      source:
        path: shop
        helm: {valueFiles: ['../envs/{{env}}.yaml']}";

#[rstest]
#[case::list("- list: {elements: [{env: dev}, {env: prod}]}\n", TEMPLATE.to_owned())]
#[case::git("- git: {repoURL: x, revision: main, files: [{path: 'config/*.json'}]}\n", TEMPLATE.to_owned())]
#[case::go("- list: {elements: [{env: dev}, {env: prod}]}\n",
    format!("goTemplate: true\n  {}", TEMPLATE.replace("{{env}}", "{{ .env }}")))]
fn application_sets_have_a_release_for_each_element(
    #[case] generators: &str,
    #[case] template: String,
) {
    let Some(helm) = helm() else { return };
    let place = repository(&[
        ("set.yaml", &application_set(generators, &template)),
        ("config/dev.json", "{\"env\": \"dev\"}"),
        ("config/prod.json", "{\"env\": \"prod\"}"),
        ("envs/dev.yaml", OFF),
        ("envs/prod.yaml", OFF),
    ]);
    let ran = run(&place, &helm, &["set.yaml", "--write", "--strict"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("2 objects: 2 accepted, 0 rejected\n"),
        "{ran:?}"
    );
    let written = place.read("envs/prod.yaml");
    assert!(written.contains("release: monitoring-prod\n"), "{written}");
}

fn helm_release(spec: &str) -> String {
    format!(
        "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: monitoring, namespace: flux-system}}
spec:
  releaseName: monitoring-dev
  targetNamespace: shop-dev
{}",
        indented(spec, 2)
    )
}

#[test]
fn the_values_of_a_helm_release_are_mended_where_they_stand() {
    let Some(helm) = helm() else { return };
    let spec = format!(
        "chart: {{spec: {{chart: shop, sourceRef: {{kind: HelmRepository, name: x}}}}}}\nvalues: # ours\n{}",
        indented(OFF, 2)
    );
    let before = helm_release(&spec);
    let place = repository(&[("release.yaml", &before)]);
    let arguments = ["release.yaml", "--chart", "shop=shop", "--write"];
    let ran = run(&place, &helm, &arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let after = place.read("release.yaml");
    assert!(after.starts_with(&before), "{after}");
    assert!(after.contains("\n    web:\n      monitor:\n"), "{after}");
}

/// The values of a `ConfigMap` are a block of text; the chart is that of the source.
#[test]
fn values_from_a_config_map_are_mended_there() {
    let Some(helm) = helm() else { return };
    let release = helm_release(
        "chartRef: {kind: OCIRepository, name: source}\nvaluesFrom:\n  - {kind: ConfigMap, name: shop}\n",
    );
    let map = format!(
        "kind: ConfigMap\nmetadata: {{name: shop, namespace: flux-system}}\ndata:\n  values.yaml: |-\n{}",
        indented(OFF, 4)
    );
    let source = "kind: OCIRepository\nmetadata: {name: source}\nspec: {url: oci://example.com/charts/shop}\n";
    let place = repository(&[
        ("flux/release.yaml", &release),
        ("flux/other.yaml", &format!("{source}---\n{map}")),
    ]);
    let ran = run(&place, &helm, &["flux", "--chart", "shop=shop", "--write"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(place.read("flux/release.yaml"), release);
    let after = place.read("flux/other.yaml");
    assert!(after.starts_with(&format!("{source}---\n{map}")), "{after}");
    assert!(after.contains("\n    web:\n      monitor:\n"), "{after}");
}

#[rstest]
#[case::no_chart(
    application("dev", "chart: stack", "{}"),
    "its chart stack is not here; give it with --chart stack=PATH"
)]
#[case::no_such_path(
    application("dev", "path: charts/stack", "{}"),
    "its chart charts/stack is not here; give it with --chart stack=PATH"
)]
#[case::outside(
    application("dev", "path: ../shop", "{}"),
    "its chart ../shop is not here"
)]
#[case::no_chart_there(
    application("dev", "path: empty", "{}"),
    "empty is no chart: judge its manifests themselves"
)]
#[case::no_file(
    application("dev", "path: shop", "valueFiles: [no.yaml]"),
    "its file of values no.yaml is not here"
)]
#[case::no_ref(
    application("dev", "path: shop", "valueFiles: [$x/dev.yaml]"),
    "its file of values $x/dev.yaml is not here"
)]
#[case::far(
    application("dev", "path: shop", "valueFiles: [../../far.yaml]"),
    "its file of values ../../far.yaml is not here"
)]
#[case::parameters(
    application("dev", "path: shop", "fileParameters: [{name: a, path: b}]"),
    "its `helm.fileParameters` is not read"
)]
#[case::excluded(
    application_set("- git: {files: [{path: 'shop/*.yaml', exclude: true}]}\n", TEMPLATE),
    "its generator (git) is not read"
)]
#[case::generator(
    application_set("- clusters: {}\n", TEMPLATE),
    "its generator (clusters) is not read"
)]
#[case::no_files(
    application_set("- git: {files: [{path: 'no/*.json'}]}\n", TEMPLATE),
    "no such file is in this repository"
)]
#[case::placeholder(
    application_set("- list: {elements: [{name: dev}]}\n", TEMPLATE),
    "{{env}} in its template"
)]
#[case::secret(
    helm_release(
        "chart: {spec: {chart: ./shop, sourceRef: {kind: GitRepository}}}\nvaluesFrom: [{kind: Secret, name: s}]"
    ),
    "its values come from the Secret s"
)]
#[case::post_renderers(
    helm_release("postRenderers: [{}]"),
    "its `postRenderers` changes what Helm renders"
)]
fn what_is_not_here_is_told(#[case] manifest: String, #[case] expected: &str) {
    let place = repository(&[("it.yaml", &manifest), ("empty/it.txt", "")]);
    let ran = run(&place, "no-such-helm", &["it.yaml"]);
    assert!(ran.out.contains(expected), "{ran:?}");
    assert!(ran.out.contains("monitoring"), "{ran:?}");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(
        run(&place, "no-such-helm", &["it.yaml", "--strict"]).code,
        Some(2)
    );
}

#[rstest]
#[case("values: |\n  a: [\n", "these values are no YAML: `[` is never closed")]
#[case("values: |\n  - a\n", "expected a mapping of values")]
fn values_that_cannot_be_read_are_told(#[case] values: &str, #[case] expected: &str) {
    let manifest = application("dev", "path: shop", values);
    let place = repository(&[("it.yaml", &manifest)]);
    let ran = run(&place, "no-such-helm", &["it.yaml"]);
    assert!(ran.out.contains(expected), "{ran:?}");
    assert!(ran.out.contains("--> it.yaml:11:7\n"), "{ran:?}");
    assert_eq!(ran.code, Some(2));
}

/// Files of values that lie outside of the repository are read with their chart, but not written: the manifest is.
#[test]
fn nothing_outside_of_the_repository_is_written() {
    let Some(helm) = helm() else { return };
    let outside = Place::with_shop(&[("shop/values-dev.yaml", OFF), ("secret.yaml", OFF)]);
    let before = application("dev", "chart: shop", "valueFiles: [values-dev.yaml]");
    let place = repository(&[("dev.yaml", &before)]);
    let shop = format!("shop={}", outside.path().join("shop").display());
    let ran = run(&place, &helm, &["dev.yaml", "--chart", &shop, "--write"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(outside.read("shop/values-dev.yaml"), OFF);
    let after = place.read("dev.yaml");
    assert!(after.starts_with(&before), "{after}");
    assert!(after.contains("valuesObject:\n"), "{after}");
    // A link that leads out of it names nothing in it.
    let linked = application("dev", "path: shop", "valueFiles: [../link.yaml]");
    let place = repository(&[("dev.yaml", &linked)]);
    let link = place.path().join("link.yaml");
    std::os::unix::fs::symlink(outside.path().join("secret.yaml"), link).expect("a link");
    let ran = run(&place, &helm, &["dev.yaml", "--write", "--strict"]);
    assert!(ran.out.contains("../link.yaml is not here"), "{ran:?}");
    assert_eq!(
        (ran.code, outside.read("secret.yaml").as_str()),
        (Some(2), OFF)
    );
}

/// What is written for one release may change another one: that one is judged once more.
#[test]
fn a_file_that_another_release_reads_is_judged_there_too() {
    let Some(helm) = helm() else { return };
    let mended = "web:\n  monitor: {additionalLabels: {release: monitoring-prod}, endpoints: [{port: http, relabelings: \
                  [{action: keep, regex: 'prod|.*-prod|kube-system', sourceLabels: [namespace]}]}]}\n";
    let prod = application(
        "prod",
        "path: shop",
        "valueFiles: [../prod.yaml, ../base.yaml]",
    );
    let place = repository(&[
        (
            "apps/dev.yaml",
            &application("dev", "path: shop", "valueFiles: [../base.yaml]"),
        ),
        (
            "apps/prod.yaml",
            &prod.replace("valueFiles", "values: 'web: {}'\n      valueFiles"),
        ),
        ("base.yaml", OFF),
        ("prod.yaml", mended),
    ]);
    assert_eq!(run(&place, &helm, &["apps/prod.yaml"]).code, Some(0));
    let ran = run(&place, &helm, &["apps", "--write"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.out.contains("2 objects: 1 accepted, 1 rejected"),
        "{ran:?}"
    );
    assert!(ran.out.contains("but it is \"monitoring-dev\""), "{ran:?}");
}

/// The text of a template keeps its placeholders, and gets them where releases need different values.
#[rstest]
#[case::one("{env: dev}", "monitoring-dev", "regex: 'dev|.*-dev|kube-system'")]
#[case::two(
    "{env: dev}, {env: prod}",
    "monitoring-{{env}}",
    "regex: '{{env}}|.*-{{env}}|kube-system'"
)]
fn a_block_of_a_template_is_mended_for_all_its_releases(
    #[case] elements: &str,
    #[case] label: &str,
    #[case] regex: &str,
) {
    let Some(helm) = helm() else { return };
    let template = "template:
    metadata: {name: 'monitoring-{{env}}'}
    spec:
      destination: {namespace: 'shop-{{env}}'}
      source:
        path: shop
        helm:
          values: |
            tier: '{{env}}' # ours
";
    let template = template.to_owned() + &indented(OFF, 12);
    let generators = format!("- list: {{elements: [{elements}]}}\n");
    let before = application_set(&generators, template.trim_end());
    let place = repository(&[("set.yaml", &before)]);
    let ran = run(&place, &helm, &["set.yaml", "--write"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let after = place.read("set.yaml");
    assert!(after.starts_with(&before), "{after}");
    assert!(after.contains(&format!("release: {label}\n")), "{after}");
    assert!(after.contains(regex), "{after}");
}

#[test]
fn manifests_have_their_own_values() {
    let place = repository(&[("it.yaml", &application("dev", "path: shop", "{}"))]);
    for arguments in [
        ["-f", "it.yaml"],
        ["--set", "a=b"],
        ["--write-to", "x.yaml"],
    ] {
        let ran = run(
            &place,
            "no-such-helm",
            &[["it.yaml"].as_slice(), &arguments].concat(),
        );
        assert!(ran.err.contains("are for a chart"), "{ran:?}");
        assert_eq!(ran.code, Some(2));
    }
}
