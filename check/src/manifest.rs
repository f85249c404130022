//! The objects of a document, and the admission requests that the API server would make of them.

use prometheus_env_isolation_policy::resource::Kind;
use serde_json::{Value, json};

use crate::yaml::{Content, Node};

/// What Helm writes before each document that it renders, followed by the template's path.
const HELM_SOURCE: &str = "# Source: ";

/// An object of a document.
#[derive(Clone, Debug)]
pub struct Object<'n> {
    /// The object.
    pub node: &'n Node,
    /// Where it is in the document: a JSON Pointer (RFC 6901), empty for the document itself.
    pub pointer: String,
}

/// What an object is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty where none is known.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            namespace,
            name,
        } = self;
        if namespace.is_empty() {
            write!(formatter, "{kind} {name}")
        } else {
            write!(formatter, "{kind} {namespace}/{name}")
        }
    }
}

/// The objects of a document that the policy is about: itself, or the items of a list one by one.
#[must_use]
pub fn objects(document: &Node) -> Vec<Object<'_>> {
    let mut found = Vec::new();
    add(document, String::new(), &mut found);
    found
}

fn add<'n>(node: &'n Node, pointer: String, found: &mut Vec<Object<'n>>) {
    let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
    if kind.ends_with("List")
        && let Some(Content::List(items)) = node.get("items").map(|items| &items.content)
    {
        for (index, item) in items.iter().enumerate() {
            add(item, format!("{pointer}/items/{index}"), found);
        }
    } else if known(node).is_some() {
        found.push(Object { node, pointer });
    }
}

/// The kind of an object, if the policy is about it.
fn known(node: &Node) -> Option<Kind> {
    let api_version = node.get("apiVersion").and_then(Node::text)?;
    let (group, _) = group_and_version(api_version);
    Kind::of(group, node.get("kind").and_then(Node::text)?)
}

/// The group, empty for the core group, and the version of an `apiVersion`.
fn group_and_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The chart's template that Helm rendered to this document, if it says so.
#[must_use]
pub fn template(document: &str) -> Option<&str> {
    let mut lines = document.lines().take_while(|line| {
        let line = line.trim_end();
        line.is_empty() || line.starts_with('#') || line == "---"
    });
    lines
        .find_map(|line| line.strip_prefix(HELM_SOURCE))
        .map(str::trim_end)
}

impl Object<'_> {
    /// What it is called, if it is in this namespace where it names none.
    #[must_use]
    pub fn name(&self, namespace: Option<&str>) -> Name {
        let metadata = self.node.get("metadata");
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let own = metadata
            .and_then(|it| it.get("namespace"))
            .and_then(Node::text)
            .filter(|namespace| !namespace.is_empty());
        let generated = || text(metadata.and_then(|it| it.get("generateName")));
        let name = text(metadata.and_then(|it| it.get("name")));
        Name {
            kind: text(self.node.get("kind")),
            namespace: own.or(namespace).unwrap_or_default().to_owned(),
            name: if name.is_empty() { generated() } else { name },
        }
    }
}

/// The admission request for the creation of an object; none for kinds that the policy is not
/// about. In a cluster the namespace is part of the object even where its manifest names none.
#[must_use]
pub fn request(object: &Value, namespace: &str) -> Option<Value> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = group_and_version(api_version);
    let kind = object["kind"].as_str().unwrap_or_default();
    let known = Kind::of(group, kind)?;
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    Some(json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {
            "group": group,
            "version": version,
            "resource": known.resource(),
        },
        "name": object["metadata"]["name"].as_str().unwrap_or_default(),
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": {"username": "env-isolation-check", "groups": null},
        "object": object,
        "oldObject": null,
        "dryRun": true,
        "options": null,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: &str = "\
# Source: stack/templates/monitors.yaml
kind: List
apiVersion: v1
items:
- apiVersion: v1
  kind: ConfigMap
- apiVersion: monitoring.coreos.com/v1
  kind: PodMonitorList
  items:
  - {apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: a, namespace: b}}
- apiVersion: monitoring.coreos.com/v1
  kind: PrometheusRule
  metadata: {generateName: c-}
";

    #[test]
    fn lists_are_taken_apart_and_other_kinds_left_out() {
        let document = Node::read(LISTS, 0).expect("valid YAML");
        let objects = objects(&document);
        let names: Vec<String> = objects
            .iter()
            .map(|one| one.name(None).to_string())
            .collect();
        assert_eq!(names, ["PodMonitor b/a", "PrometheusRule c-"]);
        assert_eq!(objects[0].pointer, "/items/1/items/0");
        assert_eq!(
            objects[1].name(Some("d")).to_string(),
            "PrometheusRule d/c-"
        );
        assert_eq!(template(LISTS), Some("stack/templates/monitors.yaml"));
        assert_eq!(template("a: 1\n# Source: b\n"), None);
    }

    #[test]
    fn a_request_has_the_namespace_that_the_cluster_gives() {
        let object = json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "Probe", "metadata": {"name": "a"}
        });
        let request = request(&object, "b").expect("a kind that is judged");
        assert_eq!(request["object"]["metadata"]["namespace"], "b");
        assert_eq!(request["resource"]["resource"], "probes");
    }
}
