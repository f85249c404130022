//! What is judged: each thing that Prometheus scrapes for an object, with the places of its rules.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::json::Strict;
use crate::language::alphabet::is_namespace;
use crate::language::automaton::Automaton;
use crate::language::budget::TooComplex;
use crate::language::condition::Condition;
use crate::language::pattern::is_literal;
use crate::relabel::interpret::Interpreter;
use crate::relabel::leak::Allowed;
use crate::relabel::rule::{Action, Relabeling, Rule, has_placeholder, is_read_as_null};
use crate::relabel::scrape::{Discovery, Scrape, Source, lets_through};
use crate::relabel::{Stage, plain};
use crate::resource::endpoint::{Endpoint, Monitor, NamespaceSelector};
use crate::resource::operator_rules::{self, sanitized};
use crate::resource::probe::Probe;
use crate::resource::scrape_config::{DiscoverySelector, KubernetesDiscovery, ScrapeConfig};
use crate::resource::scraped::Scraped;
use crate::resource::{LabelSelector, Labels};
use crate::settings::Settings;
use serde_json::Value;

/// The path of an endpoint that gives none (`Endpoint` in prometheus-operator's
/// `pkg/apis/monitoring/v1`, and Prometheus' own default).
const DEFAULT_PATH: &str = "/metrics";

/// The path of a prober that gives none (`ProberSpec` there).
const DEFAULT_PROBER_PATH: &str = "/probe";

/// How many names of namespaces one automaton has room for.
const CHUNK: usize = 30;

/// How labels of what may be an exporter begin.
const OBJECTS: [&str; 4] = [
    "pod_label_",
    "service_label_",
    "endpoints_label_",
    "endpointslice_label_",
];

/// The labels with the name of what Kubernetes discovers, without how they all begin.
const NAMES: [&str; 5] = [
    "service_name",
    "endpoints_name",
    "endpointslice_name",
    "pod_name",
    "pod_controller_name",
];

const NARROWER: &str = "; a narrower namespaceSelector would do as well";

/// One thing that is scraped.
pub(super) struct Subject<'a> {
    /// Its rules for targets.
    relabelings: List<'a>,
    /// Its rules for samples.
    metric_relabelings: List<'a>,
    /// What is scraped, without these rules and those of the operator.
    pub scrape: Scrape,
    /// What it is made of.
    origin: Origin<'a>,
    /// Why a target of another environment is discovered, as a clause.
    pub discovers: &'static str,
    /// What else could be done about it, as a clause; empty if nothing.
    pub narrower: &'static str,
}

/// What a subject is made of.
enum Origin<'a> {
    Endpoint(&'a Monitor, &'a Endpoint),
    Probe(&'a Probe),
    ScrapeConfig(&'a ScrapeConfig),
}

/// A list of rules, where it stands.
pub(super) struct List<'a> {
    place: Place,
    /// The rules.
    pub relabelings: Option<&'a [Strict<Relabeling>]>,
}

/// A place in an object: a field of it, or of an item of a list of it.
#[derive(Clone, Copy)]
struct Place {
    /// The fields above.
    above: &'static [&'static str],
    /// Which item, where it is one of a list.
    index: Option<usize>,
    /// The field.
    name: &'static str,
}

impl<'a> List<'a> {
    fn new(place: Place, relabelings: Option<&'a Vec<Strict<Relabeling>>>) -> Self {
        Self {
            place,
            relabelings: relabelings.map(Vec::as_slice),
        }
    }

    /// The segments of its JSON Pointer.
    pub(super) fn pointer(&self) -> Vec<String> {
        let Place { above, index, name } = self.place;
        let above = above.iter().map(|&segment| segment.to_owned());
        let index = index.map(|index| index.to_string());
        above.chain(index).chain([name.to_owned()]).collect()
    }

    /// The path as people write it.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", path(self.place), self.place.name)
    }

    /// The name of the field.
    pub(super) const fn name(&self) -> &str {
        self.place.name
    }
}

/// The path of what has the field.
fn path(Place { above, index, .. }: Place) -> String {
    let above = above.join(".");
    match index {
        Some(index) => format!("{above}[{index}]"),
        None => above,
    }
}

impl<'a> Subject<'a> {
    /// Whether one of the rules keeps only targets of which the name, or a label, is not one of an exporter that
    /// reports on many namespaces.
    pub(super) fn asks_for_something_else(
        &self,
        scrape: &Scrape,
        settings: &Settings,
        interpreter: &mut Interpreter,
    ) -> Result<bool, TooComplex> {
        let rules = &scrape.relabelings;
        let are_of_kubernetes = scrape.are_of_kubernetes();
        let is_named = match &self.origin {
            Origin::ScrapeConfig(config) => {
                let mut discoveries = config.kubernetes_sd_configs.iter().flatten();
                discoveries.any(|one| names_cluster_wide(one, settings))
            }
            _ => false,
        };
        let known = || settings.cluster_wide_exporters.selectors.iter().flatten();
        let keeps = rules.iter().enumerate();
        let keeps = keeps.filter(|(_, rule)| rule.action == Action::Keep);
        for (index, rule) in keeps {
            for (place, name) in rule.source_labels.iter().enumerate() {
                let Some(label) = name.strip_prefix("__meta_kubernetes_") else {
                    continue;
                };
                let has_key = |(key, _): &(&String, &String)| {
                    label.ends_with(&format!("_label_{}", sanitized(key)))
                };
                // Whoever asks for another label does not get it, as with the selector of a monitor. A name is
                // mostly that of a release with the value at its end.
                let mut values = vec![String::new()];
                if NAMES.contains(&label) {
                    values.extend(known().map(|(_, value)| format!("*{value}*")));
                } else if OBJECTS.iter().any(|object| label.starts_with(object)) {
                    let mut of = known().filter(has_key).peekable();
                    if is_named && of.peek().is_none() {
                        continue;
                    }
                    values.extend(of.map(|(_, value)| value.clone()));
                } else {
                    continue;
                }
                let values = Condition::inside(Rc::new(Automaton::of_globs(values)?));
                let mut excludes =
                    !lets_through(rule, place, vec![values], usize::MAX, interpreter)?;
                for before in &rules[..index] {
                    excludes =
                        excludes && !interpreter.may_change_of(before, name, are_of_kubernetes)?;
                }
                if excludes {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The list of a stage.
    pub(super) fn list(&self, stage: Stage) -> &List<'a> {
        match stage {
            Stage::MetricRelabelings => &self.metric_relabelings,
            _ => &self.relabelings,
        }
    }

    /// Whether it is an endpoint of a monitor, of which mode `required` demands a rule.
    pub(super) const fn is_monitored(&self) -> bool {
        matches!(self.origin, Origin::Endpoint(..))
    }

    /// Where the list of such things stands in the object.
    pub(super) fn list_field(&self) -> String {
        self.metric_relabelings.place.above.join(".")
    }

    /// Where it stands in the object.
    pub(super) fn field(&self) -> String {
        path(self.metric_relabelings.place)
    }

    /// The rules that the operator puts before its own.
    pub(super) fn operator_rules(&self) -> Rc<[Rule]> {
        let rules = match &self.origin {
            Origin::Endpoint(monitor, endpoint) => operator_rules::of_monitor(monitor, endpoint),
            Origin::Probe(probe) => operator_rules::of_probe(probe),
            Origin::ScrapeConfig(config) => operator_rules::of_scrape_config(config),
        };
        rules.into()
    }

    /// How many rules the operator puts before its own, about.
    pub(super) fn operator_size(&self) -> usize {
        let size = |name: &String| 1 + name.len() / 16;
        let length = |names: &Option<Vec<String>>| names.iter().flatten().map(size).sum::<usize>();
        match &self.origin {
            Origin::Endpoint(monitor, _) => {
                length(&monitor.target_labels)
                    + length(&monitor.pod_target_labels)
                    + monitor.job_label.as_ref().map_or(0, size)
                    + monitor.selector.size()
            }
            Origin::Probe(probe) => {
                let ingress = probe.ingress.as_ref();
                let selector = ingress.and_then(|ingress| ingress.selector.as_deref());
                selector.map_or(0, LabelSelector::size)
            }
            Origin::ScrapeConfig(_) => 0,
        }
    }

    /// The fields of it, besides its rules, that the operator writes as a regex and that are more than a text that
    /// stands for itself.
    pub(super) fn regexes(&self) -> Box<dyn Iterator<Item = (String, Cow<'a, str>)> + 'a> {
        match &self.origin {
            Origin::Endpoint(_, endpoint) => {
                let port = endpoint.port.as_deref().filter(|port| !port.is_empty());
                let target = || endpoint.target_port.as_ref().and_then(Value::as_str);
                let port = port.map(|port| ("port", port));
                let port = port.or_else(|| Some(("targetPort", target()?)));
                let port = port.filter(|(_, text)| is_read_as_null(text) || !is_literal(text));
                let at = self.field();
                Box::new(
                    port.map(|(field, text)| (format!("{at}.{field}"), text.into()))
                        .into_iter(),
                )
            }
            Origin::Probe(probe) if probe.static_config.is_none() => {
                // Nobody checks these, unlike those of a monitor.
                let ingress = probe.ingress.as_ref();
                let selector = ingress.and_then(|ingress| ingress.selector.as_deref());
                let at = "spec.targets.ingress.selector";
                let labels = selector
                    .into_iter()
                    .flat_map(|it| it.match_labels.iter().flatten());
                let labels = labels
                    .map(move |(key, value)| (format!("{at}.matchLabels.{key}"), value.as_str()));
                let expressions = selector
                    .into_iter()
                    .flat_map(|it| it.match_expressions.iter().flatten());
                let listed = expressions.enumerate().flat_map(move |(index, one)| {
                    self::listed(
                        format!("{at}.matchExpressions[{index}].values"),
                        one.values.as_ref(),
                    )
                });
                let all = labels.chain(listed);
                let odd = all.filter(|(_, text)| !is_literal(text));
                let written =
                    |(field, text): (String, &str)| (field, format!("({text});true").into());
                Box::new(odd.map(written))
            }
            Origin::Probe(_) | Origin::ScrapeConfig(_) => Box::new(std::iter::empty()),
        }
    }

    /// A field of it that is, or has, the name of a label that Prometheus refuses: the empty one where labels
    /// are copied, and YAML's `<<` where they are written down.
    pub(super) fn refused_name(&self) -> Option<String> {
        let has_merge_key =
            |labels: Option<&Labels>| labels.is_some_and(|labels| labels.contains_key("<<"));
        match &self.origin {
            Origin::Endpoint(monitor, _) => {
                let lists = [
                    ("spec.targetLabels", &monitor.target_labels),
                    ("spec.podTargetLabels", &monitor.pod_target_labels),
                ];
                let mut lists = lists.into_iter().filter_map(|(field, names)| {
                    let place = names.as_ref()?.iter().position(String::is_empty)?;
                    Some(format!("{field}[{place}]"))
                });
                lists.next()
            }
            Origin::Probe(probe) => {
                let labels = probe
                    .static_config
                    .as_ref()
                    .and_then(|fixed| fixed.labels.as_ref());
                has_merge_key(labels).then(|| "spec.targets.staticConfig.labels".to_owned())
            }
            Origin::ScrapeConfig(config) => {
                let mut fixed = config.static_configs.iter().flatten();
                let place = fixed.position(|config| has_merge_key(config.labels.as_ref()))?;
                Some(format!("spec.staticConfigs[{place}].labels"))
            }
        }
    }

    /// Addresses that are scraped unless a rule moves the scrape elsewhere, each with its field; and whether
    /// they are names that are looked up for targets.
    pub(super) fn addresses(&self) -> Box<dyn Iterator<Item = (String, &'a str)> + 'a> {
        match &self.origin {
            Origin::Endpoint(..) => Box::new(std::iter::empty()),
            Origin::Probe(probe) => {
                let url = probe.url.as_deref();
                Box::new(
                    url.map(|url| ("spec.prober.url".to_owned(), url))
                        .into_iter(),
                )
            }
            Origin::ScrapeConfig(config) => {
                let fixed = config.static_configs.iter().flatten().enumerate();
                let fixed = fixed.flat_map(|(index, config)| {
                    listed(
                        format!("spec.staticConfigs[{index}].targets"),
                        config.targets.as_ref(),
                    )
                });
                let named = config.dns_sd_configs.iter().flatten().enumerate();
                let named = named.flat_map(|(index, config)| {
                    listed(
                        format!("spec.dnsSDConfigs[{index}].names"),
                        config.names.as_ref(),
                    )
                });
                Box::new(fixed.chain(named))
            }
        }
    }

    /// Addresses that are merely probed, each with its field; `moved` tells whether a rule sends the scrape
    /// elsewhere.
    pub(super) fn probed(&self, moved: bool) -> Box<dyn Iterator<Item = (String, &'a str)> + 'a> {
        match &self.origin {
            Origin::Probe(probe) => {
                let addresses = probe
                    .static_config
                    .as_ref()
                    .and_then(|fixed| fixed.addresses.as_ref());
                Box::new(listed(
                    "spec.targets.staticConfig.static".to_owned(),
                    addresses,
                ))
            }
            Origin::ScrapeConfig(_) if moved => self.addresses(),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Whether it is proved by looking ([`plain`]).
    pub(super) fn is_plain(
        &self,
        scrape: &Scrape,
        required: bool,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<bool, TooComplex> {
        let Origin::Endpoint(monitor, _) = &self.origin else {
            return Ok(false);
        };
        let copied = operator_rules::copied(monitor);
        plain::is_plain(scrape, copied, required, allowed, interpreter)
    }

    /// All that is scraped for an object in this namespace, one after the other.
    pub(super) fn all(
        scraped: &'a Scraped,
        namespace: &'a str,
        settings: &'a Settings,
    ) -> Box<dyn Iterator<Item = Self> + 'a> {
        match scraped {
            Scraped::Monitor(monitor) => Box::new(Self::of_monitor(monitor, namespace, settings)),
            Scraped::Probe(probe) => {
                Box::new(Self::of_probe(probe, namespace, settings).into_iter())
            }
            Scraped::ScrapeConfig(config) => Box::new(std::iter::once(Self::of_scrape_config(
                config, namespace, settings,
            ))),
        }
    }

    /// The endpoints of a monitor.
    fn of_monitor(
        monitor: &'a Monitor,
        namespace: &'a str,
        settings: &Settings,
    ) -> impl Iterator<Item = Self> {
        let cluster_wide = selects_cluster_wide(&monitor.selector, settings);
        let (reason, sources) = discovery(&monitor.namespace_selector, namespace);
        let paths = cluster_wide_paths(settings);
        let endpoint = move |(index, endpoint): (usize, &'a Strict<Endpoint>)| {
            let at = |name| Place {
                above: monitor.of.endpoints(),
                index: Some(index),
                name,
            };
            let path = given_path(endpoint.path.as_deref(), DEFAULT_PATH);
            Self {
                relabelings: List::new(at("relabelings"), endpoint.relabelings.as_ref()),
                metric_relabelings: List::new(
                    at("metricRelabelings"),
                    endpoint.metric_relabelings.as_ref(),
                ),
                scrape: Scrape {
                    sources: sources.clone(),
                    is_named: true,
                    honor_labels: endpoint.honor_labels.unwrap_or(false),
                    cluster_wide,
                    path: path.to_owned(),
                    own: namespace.to_owned(),
                    cluster_wide_paths: Rc::clone(&paths),
                    operator: Rc::default(),
                    relabelings: Vec::new(),
                    metric_relabelings: Vec::new(),
                },
                origin: Origin::Endpoint(monitor, endpoint),
                discovers: reason,
                narrower: NARROWER,
            }
        };
        monitor.endpoints.iter().enumerate().map(endpoint)
    }

    /// What a probe scrapes: nothing, without targets.
    fn of_probe(probe: &'a Probe, namespace: &str, settings: &Settings) -> Option<Self> {
        // The operator writes down an empty one.
        let path = probe.path.as_deref().unwrap_or(DEFAULT_PROBER_PATH);
        let at = |above| Place {
            above,
            index: None,
            name: "relabelingConfigs",
        };
        // With both, the operator takes the static ones.
        let (sources, relabelings, place, reason, narrower) =
            if let Some(fixed) = &probe.static_config {
                let mut labels = fixed.labels.clone().unwrap_or_default();
                let own = || namespace.to_owned();
                labels.entry("namespace".to_owned()).or_insert_with(own);
                let sources = fixed_targets(fixed.addresses.as_ref(), &labels);
                let sources = sources.into_iter().collect();
                let reason = "spec.targets.staticConfig.labels says so";
                let relabelings = fixed.relabelings.as_ref();
                (
                    sources,
                    relabelings,
                    at(&["spec", "targets", "staticConfig"]),
                    reason,
                    "",
                )
            } else if let Some(ingress) = &probe.ingress {
                let default = NamespaceSelector::default();
                let selector = ingress.namespace_selector.as_deref().unwrap_or(&default);
                let (reason, sources) = discovery(selector, namespace);
                let relabelings = ingress.relabelings.as_ref();
                (
                    sources,
                    relabelings,
                    at(&["spec", "targets", "ingress"]),
                    reason,
                    NARROWER,
                )
            } else {
                return None;
            };
        let is_named = probe.static_config.is_none();
        Some(Self {
            relabelings: List::new(place, relabelings),
            metric_relabelings: List::new(
                of_spec("metricRelabelings"),
                probe.metric_relabelings.as_ref(),
            ),
            scrape: Scrape {
                sources,
                is_named,
                honor_labels: false,
                cluster_wide: false,
                path: path.to_owned(),
                own: namespace.to_owned(),
                cluster_wide_paths: cluster_wide_paths(settings),
                operator: Rc::default(),
                relabelings: Vec::new(),
                metric_relabelings: Vec::new(),
            },
            origin: Origin::Probe(probe),
            discovers: reason,
            narrower,
        })
    }

    /// What a scrape configuration scrapes.
    fn of_scrape_config(config: &'a ScrapeConfig, namespace: &str, settings: &Settings) -> Self {
        let path = given_path(config.metrics_path.as_deref(), DEFAULT_PATH);
        let mut found = BTreeSet::new();
        for kubernetes in config.kubernetes_sd_configs.iter().flatten() {
            if kubernetes.api_server.is_some() {
                // Another server says what it likes.
                found.insert((Discovery::Anywhere, false));
                continue;
            }
            let is_cluster_wide = asks_for_cluster_wide(kubernetes, settings);
            let discoveries = kubernetes_discovery(kubernetes);
            found.extend(discoveries.map(|discovery| (discovery, is_cluster_wide)));
        }
        if config.gives_any_labels {
            found.insert((Discovery::Anywhere, false));
        }
        // The other discoveries know nothing of namespaces.
        if config.discovers_elsewhere {
            found.insert((Discovery::Nowhere, false));
        }
        let mut sources: Vec<Source> = Vec::new();
        for (discovery, is_cluster_wide) in found {
            sources.extend(in_chunks(discovery).map(|discovery| Source {
                is_cluster_wide,
                ..Source::of(discovery)
            }));
        }
        let everywhere = |source: &Source| source.discovery == Discovery::Everywhere;
        let is_everywhere = sources.iter().any(everywhere);
        for fixed in config.static_configs.iter().flatten() {
            let none = Labels::new();
            let labels = fixed.labels.as_ref().unwrap_or(&none);
            sources.extend(fixed_targets(fixed.targets.as_ref(), labels));
        }
        Self {
            relabelings: List::new(of_spec("relabelings"), config.relabelings.as_ref()),
            metric_relabelings: List::new(
                of_spec("metricRelabelings"),
                config.metric_relabelings.as_ref(),
            ),
            scrape: Scrape {
                sources,
                is_named: false,
                honor_labels: config.honor_labels.unwrap_or(false),
                cluster_wide: false,
                path: path.to_owned(),
                own: namespace.to_owned(),
                cluster_wide_paths: cluster_wide_paths(settings),
                operator: Rc::default(),
                relabelings: Vec::new(),
                metric_relabelings: Vec::new(),
            },
            origin: Origin::ScrapeConfig(config),
            discovers: if is_everywhere {
                "kubernetesSDConfigs covers all namespaces"
            } else {
                "one of its service discoveries finds it, or gives it that label"
            },
            narrower: if config
                .kubernetes_sd_configs
                .iter()
                .flatten()
                .next()
                .is_some()
            {
                "; `namespaces` of a kubernetesSDConfig can be narrowed as well"
            } else {
                ""
            },
        }
    }
}

/// The texts of a list, each with its field.
fn listed(field: String, texts: Option<&Vec<String>>) -> impl Iterator<Item = (String, &str)> {
    let texts = texts.into_iter().flatten().enumerate();
    texts.map(move |(index, text)| (format!("{field}[{index}]"), text.as_str()))
}

/// A field of the spec.
const fn of_spec(name: &'static str) -> Place {
    Place {
        above: &["spec"],
        index: None,
        name,
    }
}

/// Targets that stand in the object; none if there are none.
fn fixed_targets(addresses: Option<&Vec<String>>, labels: &Labels) -> Option<Source> {
    let addresses = addresses.filter(|addresses| !addresses.is_empty())?;
    let discovery = if labels.keys().any(|name| has_placeholder(name)) {
        Discovery::Anywhere
    } else if addresses.iter().any(|address| has_placeholder(address)) {
        Discovery::Nowhere
    } else {
        Discovery::Fixed(addresses.as_slice().into())
    };
    Some(Source {
        labels: labels.clone().into_iter().collect(),
        ..Source::of(discovery)
    })
}

fn given_path<'p>(path: Option<&'p str>, default: &'p str) -> &'p str {
    path.filter(|path| !path.is_empty()).unwrap_or(default)
}

fn cluster_wide_paths(settings: &Settings) -> Rc<[String]> {
    settings.cluster_wide_exporters.paths.as_slice().into()
}

/// Where a namespace selector discovers, and why, as a clause.
fn discovery(selector: &NamespaceSelector, namespace: &str) -> (&'static str, Vec<Source>) {
    let names = selector
        .match_names
        .as_ref()
        .filter(|names| !names.is_empty());
    let own = || Discovery::In([namespace.to_owned()].into());
    let (reason, found) = match names {
        _ if selector.any == Some(true) => (
            "namespaceSelector.any discovers all namespaces",
            Discovery::Everywhere,
        ),
        Some(names) => (
            if names.iter().all(|name| is_namespace(name)) {
                "namespaceSelector.matchNames discovers it"
            } else {
                "namespaceSelector.matchNames has a name that no namespace can have (a placeholder?), and so bounds \
                 nothing"
            },
            Discovery::In(names.as_slice().into()),
        ),
        None => ("", own()),
    };
    let is_elsewhere = match &found {
        Discovery::In(names) => !names.iter().any(|name| name == namespace),
        _ => false,
    };
    let mut sources: Vec<Source> = in_chunks(found).map(Source::of).collect();
    if is_elsewhere {
        // A Prometheus may ignore what the selector says.
        sources.push(Source {
            is_possible: true,
            ..Source::of(own())
        });
    }
    (reason, sources)
}

/// The discovery, in parts with so few namespaces that each has an automaton.
fn in_chunks(discovery: Discovery) -> impl Iterator<Item = Discovery> {
    let (whole, names) = match discovery {
        Discovery::In(names) if names.len() > CHUNK => (None, Some(names)),
        other => (Some(other), None),
    };
    let chunk = |names: &[String]| Discovery::In(names.into());
    let chunks: Vec<Discovery> = names
        .iter()
        .flat_map(|it| it.chunks(CHUNK).map(chunk))
        .collect();
    whole.into_iter().chain(chunks)
}

fn kubernetes_discovery(config: &KubernetesDiscovery) -> impl Iterator<Item = Discovery> {
    let listed = |names: Vec<String>| Discovery::In(names.into());
    // Nodes are in no namespace.
    let is_node = config.is_of("node");
    let namespaces = config.namespaces.as_deref();
    let own = namespaces.is_some_and(|namespaces| namespaces.own_namespace == Some(true));
    let names = namespaces.and_then(|namespaces| namespaces.names.clone());
    let names = names.filter(|names| !names.is_empty());
    let found = match (is_node, own, names) {
        (true, ..) => [Some(Discovery::Nowhere), None],
        (_, true, names) => [Some(Discovery::Own), names.map(listed)],
        (_, false, Some(names)) => [Some(listed(names)), None],
        (_, false, None) => [Some(Discovery::Everywhere), None],
    };
    found.into_iter().flatten()
}

/// Whether a discovery in Kubernetes asks for an exporter that reports on many namespaces, or for everything.
fn asks_for_cluster_wide(kubernetes: &KubernetesDiscovery, settings: &Settings) -> bool {
    if kubernetes.is_of("node") || kubernetes.is_of("ingress") {
        return false;
    }
    let known = &settings.cluster_wide_exporters.selectors;
    let excludes = |labels: &Labels| {
        let mut own = own_selectors(kubernetes);
        own.any(|selector| {
            let field = selector.field.as_deref().unwrap_or_default();
            requirements(selector.label.as_deref().unwrap_or_default())
                .any(|text| excludes(text, labels))
                || requirements(field).any(|text| excludes_by_name(text, labels))
        })
    };
    names_cluster_wide(kubernetes, settings) || known.iter().any(|labels| !excludes(labels))
}

/// Whether a discovery asks for such an exporter by one of its labels.
fn names_cluster_wide(kubernetes: &KubernetesDiscovery, settings: &Settings) -> bool {
    let known = settings.cluster_wide_exporters.selectors.iter().flatten();
    let mut own = own_selectors(kubernetes);
    own.any(|selector| {
        let mut texts = requirements(selector.label.as_deref().unwrap_or_default());
        texts.any(|text| {
            let mut known = known.clone();
            !is_negative(text)
                && known.any(|(key, value)| text.contains(key) && text.contains(value))
        })
    })
}

/// The selectors of the discovery's own role; those of other roles only decide which labels a target gets.
fn own_selectors(
    kubernetes: &KubernetesDiscovery,
) -> impl Iterator<Item = &Strict<DiscoverySelector>> {
    kubernetes.selectors.iter().flatten().filter(|selector| {
        let role = selector.role.as_deref();
        role.is_some_and(|role| kubernetes.is_of(role))
    })
}

/// The requirements of a selector, as `kubectl --selector` takes it.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let pieces = selector.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    pieces.filter(|piece| !piece.trim().is_empty())
}

fn is_negative(requirement: &str) -> bool {
    requirement.contains('!') || requirement.contains("notin")
}

/// Whether what fulfils the requirement is none of the exporters with these labels: it names other values, or
/// it rules one of theirs out. Whoever asks for another label does not get them, as with the selector of a monitor.
fn excludes(requirement: &str, labels: &Labels) -> bool {
    let names = |text: &String| requirement.contains(text.as_str());
    if !is_negative(requirement) {
        let has_values = requirement.contains(['=', '(']);
        return !labels.values().any(names) && (has_values || !labels.keys().any(names));
    }
    let parts = requirement
        .split_once("!=")
        .or_else(|| requirement.split_once("notin"));
    parts.is_some_and(|(key, values)| {
        let values = values.trim().trim_matches(['(', ')']);
        let value = labels.get(key.trim());
        value.is_some_and(|value| values.split(',').any(|one| one.trim() == value))
    })
}

/// Whether what fulfils the requirement of fields has another name. Other fields tell nothing of what it is.
fn excludes_by_name(requirement: &str, labels: &Labels) -> bool {
    let name = requirement.trim().strip_prefix("metadata.name=");
    name.is_some_and(|name| !labels.values().any(|value| name.contains(value.as_str())))
}

/// Whether a selector may select an exporter that reports on many namespaces.
fn selects_cluster_wide(selector: &LabelSelector, settings: &Settings) -> bool {
    let known = &settings.cluster_wide_exporters.selectors;
    !known.is_empty() && selector.is_empty()
        || known.iter().any(|labels| {
            let admitted = labels
                .iter()
                .filter_map(|(key, value)| admits(selector, key, value));
            admitted.reduce(|all, one| all && one) == Some(true)
        })
}

/// Whether what is selected may have the label with this value; none where the selector does not name it. The
/// operator makes a regex of each value, and of keys the names of meta labels, which differ less.
fn admits(selector: &LabelSelector, key: &str, value: &str) -> Option<bool> {
    let is_it = |other: &str| other.len() == key.len() && sanitized(other) == sanitized(key);
    // The value of a label is made of these; as a regex, only its dots are more than themselves. Of anything else,
    // everything is assumed.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let may_be = |regex: &String| {
        let mut pairs = regex.bytes().zip(value.bytes());
        let is_same =
            regex.len() == value.len() && pairs.all(|(one, two)| one == two || one == b'.');
        is_same || !regex.bytes().all(is_plain)
    };
    let exact = selector.match_labels.iter().flatten();
    let exact = exact
        .filter(|(key, _)| is_it(key))
        .map(|(_, regex)| may_be(regex));
    let required = selector.match_expressions.iter().flatten();
    let required = required
        .filter(|one| one.key.as_deref().is_some_and(is_it))
        .map(|one| {
            let values = || one.values.iter().flatten();
            match one.operator.as_deref() {
                Some("In") => values().any(may_be),
                Some("NotIn") => !values().any(|one| one == value),
                Some("DoesNotExist") => false,
                _ => true,
            }
        });
    exact.chain(required).reduce(|all, one| all && one)
}
