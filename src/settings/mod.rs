//! The settings of the policy, their defaults and their validation.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::unreadable::Unreadable;
use crate::json::{self, Strict};
use crate::language::alphabet::NAMESPACE;
use crate::language::automaton::Automaton;
use crate::language::budget::Budget;
use crate::language::condition::Condition;
use crate::language::expression::Expression;
use crate::language::glob;
use crate::language::product::shortest;

/// The longest label value (Kubernetes: "Labels and Selectors", syntax and character set).
const MAX_LABEL_VALUE: usize = 63;
/// The longest prefix of a label key, name of a storage class or API group.
const MAX_SUBDOMAIN: usize = 253;
/// The key below which Kubernetes writes the labels of a selector.
const MATCH_LABELS: &str = "matchLabels";

/// The labels by which the services of kube-state-metrics are called so: Kubernetes' recommended one, that of
/// kube-prometheus before 0.9, and that of older charts.
const KUBE_STATE_METRICS: [&str; 3] = ["app.kubernetes.io/name", "k8s-app", "app"];

/// The settings, with defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The environments of the cluster.
    pub environments: Vec<Environment>,
    /// Globs of the namespaces that belong to no environment and may be seen by all.
    pub shared_namespaces: Vec<String>,
    /// The label that ties a monitoring object to a Prometheus.
    pub release_label: String,
    /// What is demanded of an endpoint.
    pub namespace_filter: NamespaceFilter,
    /// The storage classes that a Prometheus volume may have.
    pub prometheus_storage_classes: Vec<String>,
    /// What reports on many namespaces, even where `honorLabels` is false.
    pub cluster_wide_exporters: ClusterWideExporters,
    /// The API groups that have prometheus-operator's kinds.
    pub api_groups: Vec<String>,
}

/// An environment of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name, for messages.
    pub name: String,
    /// Globs of its namespaces.
    pub namespaces: Vec<String>,
    /// The value of the release label that its Prometheus selects.
    pub release: String,
}

/// What is demanded of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamespaceFilter {
    /// That it cannot leak, and that one of its own rules confines it.
    #[default]
    Required,
    /// That it cannot leak.
    Proven,
}

/// What reports on many namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterWideExporters {
    /// Labels of the services or pods.
    pub selectors: Vec<BTreeMap<String, String>>,
    /// Paths of the endpoints.
    pub paths: Vec<String>,
}

/// To which environment a namespace belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership<'a> {
    /// To this one.
    Of(&'a Environment),
    /// To none, and all may see it.
    Shared,
    /// To none, and none may see it.
    None,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Given {
    environments: Option<Vec<Strict<GivenEnvironment>>>,
    shared_namespaces: Option<Vec<String>>,
    release_label: Option<String>,
    namespace_filter: Option<NamespaceFilter>,
    prometheus_storage_classes: Option<Vec<String>>,
    cluster_wide_exporters: Option<Strict<GivenExporters>>,
    api_groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenEnvironment {
    name: String,
    namespaces: Option<Vec<String>>,
    release: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenExporters {
    selectors: Option<Vec<GivenLabels>>,
    paths: Option<Vec<String>>,
}

/// The labels of a selector, in either shape: `{key: value}` or `{matchLabels: {key: value}}`.
struct GivenLabels(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for GivenLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Labels;

        impl<'de> Visitor<'de> for Labels {
            type Value = BTreeMap<String, String>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                // Both shapes in one are refused when the policy is loaded.
                let mut labels = BTreeMap::new();
                while let Some(key) = members.next_key::<String>()? {
                    if key == MATCH_LABELS {
                        labels.extend(members.next_value::<Self::Value>()?);
                    } else {
                        labels.insert(key, members.next_value()?);
                    }
                }
                Ok(labels)
            }
        }

        deserializer.deserialize_map(Labels).map(Self)
    }
}

/// The keys of the settings, of an environment, of the cluster-wide exporters, and of a selector
/// of theirs as Kubernetes writes it.
pub const KEYS: [&[&str]; 4] = [
    &[
        "environments",
        "sharedNamespaces",
        "releaseLabel",
        "namespaceFilter",
        "prometheusStorageClasses",
        "clusterWideExporters",
        "apiGroups",
    ],
    &["name", "namespaces", "release"],
    &["selectors", "paths"],
    &[MATCH_LABELS],
];

impl Default for Settings {
    /// The cluster with the environments `dev` and `prod`.
    fn default() -> Self {
        Given::default().into()
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

impl From<Given> for Settings {
    fn from(given: Given) -> Self {
        let environment = |Strict(given): Strict<GivenEnvironment>| Environment {
            namespaces: given
                .namespaces
                .unwrap_or_else(|| vec![given.name.clone(), format!("*-{}", given.name)]),
            release: given
                .release
                .unwrap_or_else(|| format!("monitoring-{}", given.name)),
            name: given.name,
        };
        let named = |name: &str| {
            Strict(GivenEnvironment {
                name: name.to_owned(),
                namespaces: None,
                release: None,
            })
        };
        let exporters = given.cluster_wide_exporters.unwrap_or_default().0;
        Self {
            environments: given
                .environments
                .unwrap_or_else(|| vec![named("dev"), named("prod")])
                .into_iter()
                .map(environment)
                .collect(),
            shared_namespaces: given
                .shared_namespaces
                .unwrap_or_else(|| owned(&["kube-system"])),
            release_label: given.release_label.unwrap_or_else(|| "release".to_owned()),
            namespace_filter: given.namespace_filter.unwrap_or_default(),
            prometheus_storage_classes: given
                .prometheus_storage_classes
                .unwrap_or_else(|| owned(&["local-path"])),
            cluster_wide_exporters: ClusterWideExporters {
                selectors: exporters.selectors.map_or_else(
                    || {
                        let of = |key: &&str| {
                            BTreeMap::from([((*key).to_owned(), "kube-state-metrics".to_owned())])
                        };
                        KUBE_STATE_METRICS.iter().map(of).collect()
                    },
                    |given| given.into_iter().map(|labels| labels.0).collect(),
                ),
                paths: exporters.paths.unwrap_or_else(|| {
                    owned(&[
                        "/metrics/cadvisor",
                        "/metrics/probes",
                        "/metrics/resource",
                        "/federate",
                    ])
                }),
            },
            api_groups: given
                .api_groups
                .unwrap_or_else(|| owned(&["monitoring.coreos.com"])),
        }
    }
}

impl Settings {
    /// The settings of a request, which were validated when the policy was loaded.
    ///
    /// # Errors
    ///
    /// The field that cannot be read.
    pub fn read(text: Option<&RawValue>) -> Result<Self, Unreadable> {
        let given: Option<Strict<Given>> = match text {
            Some(text) => json::read(text.get(), Some("settings"))?,
            None => None,
        };
        Ok(given.unwrap_or_default().0.into())
    }

    /// The environment of a namespace.
    #[must_use]
    pub fn environment_of(&self, namespace: &str) -> Membership<'_> {
        let matches = |globs: &[String]| globs.iter().any(|glob| glob::matches(glob, namespace));
        if matches(&self.shared_namespaces) {
            return Membership::Shared;
        }
        self.environments
            .iter()
            .find(|environment| matches(&environment.namespaces))
            .map_or(Membership::None, Membership::Of)
    }

    /// The environment whose release this is.
    #[must_use]
    pub(crate) fn environment_with(&self, release: &str) -> Option<&Environment> {
        self.environments
            .iter()
            .find(|environment| environment.release == release)
    }

    /// The environment that what is in this namespace scrapes or is scraped for: the namespace's, or
    /// in a shared one that of the release that it carries.
    #[must_use]
    pub(crate) fn environment_scraping(
        &self,
        namespace: &str,
        release: Option<&str>,
    ) -> Option<&Environment> {
        match self.environment_of(namespace) {
            Membership::Of(environment) => Some(environment),
            Membership::Shared => release.and_then(|release| self.environment_with(release)),
            Membership::None => None,
        }
    }

    /// The globs of the namespaces that an environment may see.
    pub(crate) fn visible_to<'a>(
        &'a self,
        environment: &'a Environment,
    ) -> impl Iterator<Item = &'a str> {
        environment
            .namespaces
            .iter()
            .chain(&self.shared_namespaces)
            .map(String::as_str)
    }
}

/// All that is wrong with settings, a sentence each.
#[must_use]
pub fn problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let value: serde_json::Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => return vec!["the settings are not valid JSON".to_owned()],
    };
    let members = match value {
        serde_json::Value::Null => return problems,
        serde_json::Value::Object(members) => members,
        _ => return vec!["the settings are not an object".to_owned()],
    };
    // Each key by itself, so that one mistake does not hide another one.
    let mut given = Given::default();
    for (key, mut value) in members {
        if !KEYS[0].contains(&key.as_str()) {
            problems.push(unknown(&key, KEYS[0]));
            continue;
        }
        let members = match key.as_str() {
            "environments" => KEYS[1],
            "clusterWideExporters" => KEYS[2],
            _ => &[],
        };
        without_unknown(&mut value, &key, members, &mut problems);
        if key == "clusterWideExporters" {
            without_mixed(&mut value, &mut problems);
        }
        let text = value.to_string();
        let problem = match key.as_str() {
            "environments" => set(&mut given.environments, &text, &key),
            "sharedNamespaces" => set(&mut given.shared_namespaces, &text, &key),
            "releaseLabel" => set(&mut given.release_label, &text, &key),
            "namespaceFilter" => set(&mut given.namespace_filter, &text, &key)
                .map(|_| "namespaceFilter: expected `required` or `proven`".to_owned()),
            "prometheusStorageClasses" => set(&mut given.prometheus_storage_classes, &text, &key),
            "apiGroups" => set(&mut given.api_groups, &text, &key),
            _ => set(&mut given.cluster_wide_exporters, &text, &key),
        };
        problems.extend(problem);
    }
    Settings::from(given).validate(&mut problems);
    problems
}

fn set<'de, T: Deserialize<'de>>(
    field: &mut Option<T>,
    text: &'de str,
    key: &str,
) -> Option<String> {
    match json::read(text, Some(key)) {
        Ok(value) => {
            *field = value;
            None
        }
        Err(unreadable) => Some(unreadable.to_string()),
    }
}

fn unknown(path: &str, known: &[&str]) -> String {
    format!("{path}: unknown key; known are {}", known.join(", "))
}

/// Takes the unknown keys out of an object, or of the objects of a list.
fn without_unknown(
    value: &mut serde_json::Value,
    path: &str,
    known: &[&str],
    problems: &mut Vec<String>,
) {
    match value {
        serde_json::Value::Object(members) if !known.is_empty() => members.retain(|key, _| {
            let is_known = known.contains(&key.as_str());
            if !is_known {
                problems.push(unknown(&format!("{path}.{key}"), known));
            }
            is_known
        }),
        serde_json::Value::Array(items) if !known.is_empty() => {
            for (index, item) in items.iter_mut().enumerate() {
                without_unknown(item, &format!("{path}[{index}]"), known, problems);
            }
        }
        _ => {}
    }
}

/// Takes the keys beside `matchLabels` out of the selectors of the cluster-wide exporters.
fn without_mixed(exporters: &mut serde_json::Value, problems: &mut Vec<String>) {
    let selectors = exporters.get_mut("selectors");
    let selectors = selectors.and_then(serde_json::Value::as_array_mut);
    for (index, selector) in selectors.into_iter().flatten().enumerate() {
        if let Some(members) = selector.as_object_mut()
            && members.contains_key(MATCH_LABELS)
            && members.len() > 1
        {
            members.retain(|key, _| key == MATCH_LABELS);
            problems.push(format!(
                "clusterWideExporters.selectors[{index}]: no other key may stand beside matchLabels"
            ));
        }
    }
}

impl Settings {
    fn validate(&self, problems: &mut Vec<String>) {
        if self.environments.is_empty() {
            problems.push("environments: at least one is needed".to_owned());
        }
        for (index, environment) in self.environments.iter().enumerate() {
            let path = format!("environments[{index}]");
            check_label_value(&environment.name, &format!("{path}.name"), problems);
            check_label_value(&environment.release, &format!("{path}.release"), problems);
            if environment.namespaces.is_empty() {
                problems.push(format!("{path}.namespaces: at least one glob is needed"));
            }
            check_globs(
                &environment.namespaces,
                &format!("{path}.namespaces"),
                problems,
            );
            for (earlier, other) in self.environments[..index].iter().enumerate() {
                if other.name == environment.name {
                    problems.push(format!(
                        "{path}.name: environments[{earlier}] is called {:?} too",
                        other.name
                    ));
                }
                if other.release == environment.release {
                    problems.push(format!(
                        "{path}.release: environments[{earlier}] has release {:?} too",
                        other.release
                    ));
                }
            }
        }
        check_globs(&self.shared_namespaces, "sharedNamespaces", problems);
        if !is_label_key(&self.release_label) {
            problems.push(format!(
                "releaseLabel: {:?} is no valid label key",
                self.release_label
            ));
        }
        if self.prometheus_storage_classes.is_empty() {
            problems.push("prometheusStorageClasses: at least one is needed".to_owned());
        }
        for (index, class) in self.prometheus_storage_classes.iter().enumerate() {
            if !is_subdomain(class) {
                problems.push(format!(
                    "prometheusStorageClasses[{index}]: {class:?} is no valid name of a storage class"
                ));
            }
        }
        self.check_exporters(problems);
        self.check_api_groups(problems);
        self.check_overlaps(problems);
    }

    fn check_exporters(&self, problems: &mut Vec<String>) {
        let exporters = &self.cluster_wide_exporters;
        for (index, selector) in exporters.selectors.iter().enumerate() {
            let path = format!("clusterWideExporters.selectors[{index}]");
            if selector.is_empty() {
                problems.push(format!("{path}: at least one label is needed"));
            }
            for (key, value) in selector {
                if !is_label_key(key) {
                    problems.push(format!("{path}: {key:?} is no valid label key"));
                }
                check_label_value(value, &format!("{path}[{key:?}]"), problems);
            }
        }
        for (index, path) in exporters.paths.iter().enumerate() {
            if !path.starts_with('/') {
                problems.push(format!(
                    "clusterWideExporters.paths[{index}]: {path:?} does not begin with a slash"
                ));
            }
        }
    }

    fn check_api_groups(&self, problems: &mut Vec<String>) {
        if self.api_groups.is_empty() {
            problems.push("apiGroups: at least one is needed".to_owned());
        }
        for (index, group) in self.api_groups.iter().enumerate() {
            if !is_subdomain(group) {
                problems.push(format!(
                    "apiGroups[{index}]: {group:?} is no valid name of an API group"
                ));
            }
            if let Some(earlier) = self.api_groups[..index].iter().position(|it| it == group) {
                problems.push(format!(
                    "apiGroups[{index}]: {group:?} is apiGroups[{earlier}] too"
                ));
            }
        }
    }

    /// Environments that overlap each other, or the shared namespaces, with a namespace in both.
    fn check_overlaps(&self, problems: &mut Vec<String>) {
        let mut owners: Vec<(String, &[String])> = self
            .environments
            .iter()
            .map(|environment| {
                let owner = format!("environment {:?}", environment.name);
                (owner, environment.namespaces.as_slice())
            })
            .collect();
        owners.push(("sharedNamespaces".to_owned(), &self.shared_namespaces));
        for (index, (owner, globs)) in owners.iter().enumerate() {
            for (other, others) in &owners[index + 1..] {
                match in_both(globs, others) {
                    Ok(None) => {}
                    Ok(Some(namespace)) => problems.push(format!(
                        "{namespace:?} would lie in {owner} and in {other}: they must not overlap"
                    )),
                    Err(reason) => problems.push(format!("{owner} and {other}: {reason}")),
                }
            }
        }
    }
}

fn in_both(globs: &[String], others: &[String]) -> Result<Option<String>, &'static str> {
    const TOO_LARGE: &str = "their globs are too many to compare";
    let valid = |globs: &[String]| globs.iter().all(|glob| glob::is_valid(glob));
    if globs.is_empty() || others.is_empty() || !valid(globs) || !valid(others) {
        return Ok(None);
    }
    let union = |globs: &[String]| {
        Expression::Alternation(globs.iter().map(|glob| glob::expression(glob)).collect())
    };
    let mut conditions = Vec::new();
    for expression in [union(globs), union(others), Expression::namespace()] {
        let automaton = Automaton::new(&expression, true).map_err(|_| TOO_LARGE)?;
        conditions.push(Condition::inside(Rc::new(automaton)));
    }
    let found = shortest(
        &conditions,
        NAMESPACE,
        MAX_LABEL_VALUE,
        &mut Budget::default(),
    )
    .map_err(|_| TOO_LARGE)?;
    Ok(found.map(|text| text.into_iter().map(char::from).collect()))
}

fn check_label_value(value: &str, path: &str, problems: &mut Vec<String>) {
    if !is_label_value(value) {
        problems.push(format!("{path}: {value:?} is no valid label value"));
    }
}

fn check_globs(globs: &[String], path: &str, problems: &mut Vec<String>) {
    for (index, glob) in globs.iter().enumerate() {
        if !glob::is_valid(glob) {
            problems.push(format!(
                "{path}[{index}]: {glob:?} is no valid glob (lower-case letters, digits, `-` and `*`)"
            ));
        } else if in_both(std::slice::from_ref(glob), &["*".to_owned()]) == Ok(None) {
            problems.push(format!("{path}[{index}]: no namespace can match {glob:?}"));
        }
    }
}

/// Whether the text may be the value of a release label: a label value that is not empty.
fn is_label_value(text: &str) -> bool {
    text.len() <= MAX_LABEL_VALUE && is_label_name(text)
}

fn is_label_name(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes
            .iter()
            .all(|byte| alphanumeric(byte) || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_label_value(name),
        None => is_label_value(text),
    }
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= MAX_SUBDOMAIN
        && text.split('.').all(|label| {
            is_label_name(label)
                && label
                    .bytes()
                    .all(|byte| !byte.is_ascii_uppercase() && byte != b'_')
        })
}
