//! The settings: in a file of their own, or in the Kubewarden policy that is deployed with them.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use crate::input::Input;
use crate::yaml::{self, Node};

/// The API group of Kubewarden's policies, with the slash before the version.
const POLICY_GROUP: &str = "policies.kubewarden.io/";

/// The kinds that have settings (Kubewarden's `policies.kubewarden.io/v1`).
const POLICY_KINDS: [&str; 2] = ["ClusterAdmissionPolicy", "AdmissionPolicy"];

/// The settings of a text: those of the one Kubewarden policy in it, or the text itself.
///
/// # Errors
///
/// If the text is not YAML, or it is not clear which settings are meant.
pub fn read(input: &Input) -> Result<Value> {
    let mut documents = Vec::new();
    for range in yaml::documents(&input.text) {
        let start = range.start;
        let document = Node::read(&input.text[range], start).map_err(|broken| {
            let place = input.place(broken.offset);
            let name = input.name();
            anyhow!("{name}:{}:{}: {}", place.line, place.column, broken.message)
        })?;
        documents.push(document.value());
    }
    let mut policies = documents.iter().filter(|document| {
        let text = |field: &str| document[field].as_str().unwrap_or_default();
        text("apiVersion").starts_with(POLICY_GROUP) && POLICY_KINDS.contains(&text("kind"))
    });
    match (policies.next(), policies.next()) {
        (Some(policy), None) => Ok(policy["spec"]["settings"].clone()),
        (Some(_), Some(_)) => bail!("{} has several policies; give one of them", input.name()),
        (None, _) if documents.len() > 1 => {
            bail!(
                "{} has several documents, and none of them is a Kubewarden policy",
                input.name()
            )
        }
        (None, _) => Ok(documents.pop().unwrap_or_default()),
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
        assert_eq!(read(&input(text)).expect("settings"), expected);
    }

    #[rstest]
    #[case(&format!("{POLICY}---\n{POLICY}"), "<stdin> has several policies; give one of them")]
    #[case(
        "a: 1\n---\nb: 2\n",
        "<stdin> has several documents, and none of them is a Kubewarden policy"
    )]
    #[case("a: 1\nb: [\n", "<stdin>:2:4: unclosed bracket '['")]
    fn what_is_unclear_is_told(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(read(&input(text)).unwrap_err().to_string(), expected);
    }
}
