//! The settings: in a file of their own, or in the Kubewarden policy that is deployed with them.

use anyhow::{Result, anyhow, bail};
use prometheus_env_isolation_policy::settings::{Settings, problems};
use serde_json::Value;

use crate::input::Input;
use crate::report;
use crate::yaml::{self, Node};

/// The API group of Kubewarden's policies, with the slash before the version.
const POLICY_GROUP: &str = "policies.kubewarden.io/";

/// The kinds that have settings (Kubewarden's `policies.kubewarden.io/v1`).
const POLICY_KINDS: [&str; 2] = ["ClusterAdmissionPolicy", "AdmissionPolicy"];

/// What the names of this policy's modules have in common.
const MODULE: &str = "env-isolation";

/// What the policy says of a key that it does not know, before those that it knows.
const UNKNOWN: &str = ": unknown key; known are ";

/// How alike a key must be to be suggested, from 0 to 1 (Jaro and Winkler).
const ALIKE: f64 = 0.8;

/// The settings of a text, as they are passed to the policy and as they are understood: those of
/// the one Kubewarden policy in it, or the text itself.
///
/// # Errors
///
/// If the text is not YAML, if it is not clear which settings are meant, or if they are not valid:
/// all that is wrong with them, each where it stands.
pub fn read(input: &Input) -> Result<(Value, Settings)> {
    let mut documents = Vec::new();
    for range in yaml::documents(&input.text) {
        let start = range.start;
        let document = Node::read(&input.text[range], start).map_err(|broken| {
            let place = broken.offset..broken.offset + 1;
            anyhow!(report::excerpt(input, &place, &broken.message))
        })?;
        documents.push(document);
    }
    let Some(settings) = chosen(input, &documents)? else {
        return Ok((Value::Null, Settings::default()));
    };
    let value = settings.value();
    let told: Vec<String> = problems(&value.to_string())
        .into_iter()
        .map(|problem| {
            let place = if problem.contains(UNKNOWN) {
                settings.key(field(&problem))
            } else {
                settings.field(field(&problem))
            };
            report::excerpt(input, &place, &suggesting(problem))
        })
        .collect();
    if !told.is_empty() {
        bail!("the settings are not valid\n{}", told.join("\n\n"));
    }
    let understood = Settings::read(Some(&serde_json::value::to_raw_value(&value)?));
    Ok((value, understood.map_err(|problem| anyhow!(problem))?))
}

/// The settings among these documents; none where there are none.
fn chosen<'n>(input: &Input, documents: &'n [Node]) -> Result<Option<&'n Node>> {
    let name = input.name();
    let is_kubewarden = |document: &&Node| {
        text(document, "apiVersion").starts_with(POLICY_GROUP)
            && text(document, "kind").contains("Policy")
            && text(document, "kind") != "PolicyServer"
    };
    let policies: Vec<&Node> = documents.iter().filter(is_kubewarden).collect();
    match (policies.as_slice(), documents) {
        ([policy], _) => {
            let kind = text(policy, "kind");
            if !POLICY_KINDS.contains(&kind) {
                bail!("{name} is a {kind}; give the settings of this policy in it by themselves");
            }
            let spec = policy.get("spec");
            let module = spec.and_then(|spec| spec.get("module"));
            let module = module.and_then(Node::text).unwrap_or(MODULE);
            if !module.contains(MODULE) {
                bail!("{name} is a {kind} of another policy, {module}");
            }
            Ok(spec.and_then(|spec| spec.get("settings")))
        }
        ([], []) => Ok(None),
        ([], [settings]) => match (text(settings, "apiVersion"), text(settings, "kind")) {
            // The checker's own file has them below a key.
            ("", _) | (_, "") => Ok(Some(settings.get("settings").unwrap_or(settings))),
            (_, kind) => bail!("{name} is a {kind}, and has no settings of the policy"),
        },
        ([], _) => {
            bail!("{name} has several documents, and none of them is a Kubewarden policy")
        }
        _ => bail!("{name} has several policies; give one of them"),
    }
}

fn text<'n>(document: &'n Node, key: &str) -> &'n str {
    document.get(key).and_then(Node::text).unwrap_or_default()
}

/// The field that a problem is about.
fn field(problem: &str) -> &str {
    match problem.split_once(": ") {
        // What overlaps is told with the namespace first.
        Some((field, _)) if !field.contains(['"', ' ']) => field,
        _ => "environments",
    }
}

/// A problem with the key that was meant, where one is unknown and there is one like it.
fn suggesting(problem: String) -> String {
    let Some((path, known)) = problem.split_once(UNKNOWN) else {
        return problem;
    };
    let key = path.rsplit('.').next().unwrap_or(path);
    let likeness = |known: &&str| strsim::jaro_winkler(&key.to_lowercase(), &known.to_lowercase());
    let nearest = known
        .split(", ")
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest {
        Some(nearest) if likeness(&nearest) >= ALIKE => {
            format!("{path}: unknown key; did you mean `{nearest}`?")
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const POLICY: &str = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\n\
                          spec:\n  settings: {namespaceFilter: proven}\n";

    fn input(text: &str) -> Input {
        Input::new(None, text.to_owned())
    }

    #[rstest]
    #[case("namespaceFilter: proven\n", json!({"namespaceFilter": "proven"}))]
    #[case("{\"releaseLabel\": \"team\"}", json!({"releaseLabel": "team"}))]
    #[case("# nothing\n", Value::Null)]
    #[case(POLICY, json!({"namespaceFilter": "proven"}))]
    #[case(&format!("kind: PolicyServer\n---\n{POLICY}"), json!({"namespaceFilter": "proven"}))]
    fn settings_are_found(#[case] text: &str, #[case] expected: Value) {
        assert_eq!(read(&input(text)).expect("settings").0, expected);
    }

    #[rstest]
    #[case(&format!("{POLICY}---\n{POLICY}"), "<stdin> has several policies; give one of them")]
    #[case(
        "a: 1\n---\nb: 2\n",
        "<stdin> has several documents, and none of them is a Kubewarden policy"
    )]
    #[case(
        &POLICY.replace("Policy\n", "PolicyGroup\n"),
        "<stdin> is a ClusterAdmissionPolicyGroup; give the settings of this policy in it by themselves"
    )]
    #[case(
        &POLICY.replace("spec:\n", "spec:\n  module: ghcr.io/kubewarden/policies/safe-labels:v1\n"),
        "<stdin> is a ClusterAdmissionPolicy of another policy, ghcr.io/kubewarden/policies/safe-labels:v1"
    )]
    #[case(
        "apiVersion: v1\nkind: ConfigMap\n",
        "<stdin> is a ConfigMap, and has no settings of the policy"
    )]
    fn what_is_unclear_is_told(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(read(&input(text)).unwrap_err().to_string(), expected);
    }

    #[rstest]
    #[case("a: 1\nb: [\n", "`[` is never closed", "<stdin>:2:4")]
    #[case(
        "colour: red\n",
        "colour: unknown key; known are environments, ",
        "<stdin>:1:1"
    )]
    #[case(
        "# c\nnameSpaceFilter: proven\n",
        "did you mean `namespaceFilter`?",
        "<stdin>:2:1"
    )]
    #[case(
        "environments:\n- name: dev\n  namespace: [a]\n",
        "environments[0].namespace: unknown key; did you mean `namespaces`?",
        "<stdin>:3:3"
    )]
    #[case(
        "environments: [{name: a}, {name: b, namespaces: ['*-a']}]\n",
        "must not overlap",
        "<stdin>:1:1"
    )]
    #[case(
        "namespaceFilter: all\n",
        "expected `required` or `proven`",
        "<stdin>:1:18"
    )]
    #[case(&POLICY.replace("proven", "all"), "expected `required` or `proven`", "<stdin>:4:31")]
    fn what_is_wrong_is_told_where_it_stands(
        #[case] text: &str,
        #[case] message: &str,
        #[case] place: &str,
    ) {
        let error = read(&input(text)).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains(place), "{error}");
    }
}
