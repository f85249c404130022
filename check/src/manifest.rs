//! The objects of a document, and the admission requests that the API server would make of them.

use prometheus_env_isolation_policy::resource::Kind;
use serde_json::{Value, json};

use crate::unjudged::Unjudged;
use crate::yaml::{Content, Node};

/// What has a controller render and install something: Argo CD's, Flux' and K3s' groups and kinds.
const INSTALLERS: [(&str, &str); 6] = [
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.cattle.io", "HelmChart"),
    ("helm.cattle.io", "HelmChartConfig"),
];

/// What describes a kustomization: Kustomize's group and kind.
const KUSTOMIZATION: (&str, &str) = ("kustomize.config.k8s.io", "Kustomization");

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

/// What is found in a document.
#[derive(Clone, Debug)]
pub enum Found<'n> {
    /// An object that the policy is about.
    Object(Object<'n>),
    /// One that it may be about: its kind is known, but its `apiVersion` is missing, or names no API group.
    Unversioned(Object<'n>),
    /// What is not judged, and why.
    Unjudged(Object<'n>, Unjudged),
}

/// The objects of a document that the policy is about. `operators` are the API groups that have the
/// operator's kinds.
#[must_use]
pub fn objects<'n>(document: &'n Node, operators: &[String]) -> Vec<Object<'n>> {
    let found = contents(document, operators).into_iter();
    found
        .filter_map(|found| match found {
            Found::Object(object) => Some(object),
            _ => None,
        })
        .collect()
}

/// What is found in a document: in itself, in the items of a Kubernetes list one by one, and in
/// arrays and mappings of objects, which Jsonnet writes.
#[must_use]
pub fn contents<'n>(document: &'n Node, operators: &[String]) -> Vec<Found<'n>> {
    let mut found = Vec::new();
    add(document, String::new(), operators, &mut found);
    found
}

fn add<'n>(node: &'n Node, pointer: String, operators: &[String], found: &mut Vec<Found<'n>>) {
    let Some(kind) = node.get("kind").and_then(Node::text) else {
        match &node.content {
            Content::List(items) if is_collection(node) => {
                for (index, item) in items.iter().enumerate() {
                    add(item, format!("{pointer}/{index}"), operators, found);
                }
            }
            Content::Mapping(members) if is_collection(node) => {
                for (key, _, member) in members {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    add(member, format!("{pointer}/{key}"), operators, found);
                }
            }
            _ if node.get("$patch").is_some() => {
                found.push(Found::Unjudged(Object { node, pointer }, Unjudged::Patch));
            }
            _ => found.push(Found::Unjudged(
                Object { node, pointer },
                Unjudged::NoObject,
            )),
        }
        return;
    };
    let object = |pointer| Object { node, pointer };
    let api_version = node.get("apiVersion").and_then(Node::text);
    let group = api_version.map(|it| group_and_version(it).0);
    if node.get("$patch").is_some() {
        found.push(Found::Unjudged(object(pointer), Unjudged::Patch));
    } else if let ("List", Some(Content::List(items))) = (
        &kind[kind.len().saturating_sub("List".len())..],
        node.get("items").map(|items| &items.content),
    ) {
        for (index, item) in items.iter().enumerate() {
            add(item, format!("{pointer}/items/{index}"), operators, found);
        }
    } else if let Some(group) = group {
        if Kind::of(group, kind, operators).is_some() {
            found.push(Found::Object(object(pointer)));
        } else if INSTALLERS.contains(&(group, kind)) {
            found.push(Found::Unjudged(object(pointer), Unjudged::Installs));
        } else if (group, kind) == KUSTOMIZATION {
            found.push(Found::Unjudged(object(pointer), Unjudged::Kustomization));
        } else if Kind::named(kind).is_none_or(|kind| kind == Kind::PersistentVolumeClaim) {
            // Another kind of that name.
        } else if group.is_empty() {
            found.push(Found::Unversioned(object(pointer)));
        } else {
            let reason = Unjudged::OtherGroup(group.to_owned());
            found.push(Found::Unjudged(object(pointer), reason));
        }
    } else if Kind::named(kind).is_some() {
        found.push(Found::Unversioned(object(pointer)));
    }
}

/// Whether a document is an array or a mapping of nothing but objects, or of such collections.
fn is_collection(node: &Node) -> bool {
    let is_part =
        |node: &Node| node.get("kind").and_then(Node::text).is_some() || is_collection(node);
    match &node.content {
        Content::Scalar(_) => false,
        Content::List(items) => !items.is_empty() && items.iter().all(is_part),
        Content::Mapping(members) => {
            !members.is_empty() && members.iter().all(|(.., member)| is_part(member))
        }
    }
}

/// Whether a document that cannot be read is surely none of the policy's: each kind that it names
/// is another one. What stands at the margin counts, and what is indented only without it.
#[must_use]
pub fn is_foreign(document: &str) -> bool {
    let kinds = |is_margin: bool| {
        let found = document
            .match_indices("kind")
            .filter_map(move |(start, word)| {
                let before = document[..start].trim_end_matches(['"', '\'']);
                let is_start = before.is_empty() || before.ends_with('\n');
                let is_key = is_start || before.ends_with([' ', '{', ',', '-']);
                let rest = document[start + word.len()..].trim_start_matches(['"', '\'']);
                let value = rest.trim_start().strip_prefix(':')?.trim_start();
                let value = value.trim_start_matches(['"', '\'']);
                let end = value.find(|c: char| !c.is_ascii_alphanumeric());
                let kind = &value[..end.unwrap_or(value.len())];
                (is_key && (is_start || !is_margin)).then_some(kind)
            });
        found.collect::<Vec<_>>()
    };
    let mut found = kinds(true);
    if found.is_empty() {
        found = kinds(false);
    }
    let is_other =
        |kind: &&str| !kind.is_empty() && !kind.ends_with("List") && Kind::named(kind).is_none();
    !found.is_empty() && found.iter().all(is_other)
}

/// Whether a namespace can have this name: a DNS label (RFC 1123).
#[must_use]
pub fn is_namespace(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| is_part(byte) || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a release can have this name: DNS labels with dots between them, as Helm has it.
#[must_use]
pub fn is_release(text: &str) -> bool {
    text.len() <= 53 && text.split('.').all(is_namespace)
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
/// about, in whatever API group. In a cluster the namespace is part of the object even where its manifest names none.
#[must_use]
pub fn request(object: &Value, namespace: &str) -> Option<Value> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = group_and_version(api_version);
    let kind = object["kind"].as_str().unwrap_or_default();
    let known = Kind::named(kind)?;
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
    use prometheus_env_isolation_policy::settings::Settings;
    use rstest::rstest;

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
        let objects = objects(&document, &Settings::default().api_groups);
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

    #[rstest]
    #[case("kind: ConfigMap\na: [\n", true)]
    #[case("a: [\n\"kind\": \"Secret\"\n", true)]
    #[case("{\"a\": , \"kind\": \"ConfigMap\"}", true)]
    #[case("kind: ConfigMap\ndata:\n  a: |\n    kind: PodMonitor\n\tb\n", true)]
    #[case("kind: ConfigMap\nkind: PodMonitor\n", false)]
    #[case("kind: PodMonitorList\nitems: [\n", false)]
    #[case("kind: {{ .Values.kind }}\n", false)]
    #[case("{\"a\": , \"kind\": \"Probe\"}", false)]
    #[case("- kind: ConfigMap\n- kind: Probe\n- [\n", false)]
    #[case("a: [\nmankind: x\n", false)]
    fn what_is_broken_is_foreign_only_where_each_kind_is(#[case] text: &str, #[case] is_it: bool) {
        assert_eq!(is_foreign(text), is_it);
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
