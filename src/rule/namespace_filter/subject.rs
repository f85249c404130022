//! What is judged: each thing that Prometheus scrapes for an object, with the places of its rules.

use std::rc::Rc;

use crate::json::Strict;
use crate::language::budget::TooComplex;
use crate::relabel::interpret::Interpreter;
use crate::relabel::leak::Allowed;
use crate::relabel::rule::{Relabeling, Rule, has_placeholder};
use crate::relabel::scrape::{Discovery, Scrape, Source};
use crate::relabel::{Stage, plain};
use crate::resource::endpoint::{Endpoint, Monitor, NamespaceSelector};
use crate::resource::operator_rules;
use crate::resource::probe::Probe;
use crate::resource::scrape_config::{KubernetesDiscovery, ScrapeConfig};
use crate::resource::scraped::Scraped;
use crate::resource::{LabelSelector, Labels};
use crate::settings::Settings;

/// The path of an endpoint that gives none (`Endpoint` in prometheus-operator's
/// `pkg/apis/monitoring/v1`, and Prometheus' own default).
const DEFAULT_PATH: &str = "/metrics";

/// The path of a prober that gives none (`ProberSpec` there).
const DEFAULT_PROBER_PATH: &str = "/probe";

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

    /// All that is scraped for an object in this namespace.
    pub(super) fn all(scraped: &'a Scraped, namespace: &str, settings: &Settings) -> Vec<Self> {
        match scraped {
            Scraped::Monitor(monitor) => Self::of_monitor(monitor, namespace, settings),
            Scraped::Probe(probe) => {
                let subject = Self::of_probe(probe, namespace, settings);
                subject.into_iter().collect()
            }
            Scraped::ScrapeConfig(config) => vec![Self::of_scrape_config(config, settings)],
        }
    }

    /// The endpoints of a monitor.
    fn of_monitor(monitor: &'a Monitor, namespace: &str, settings: &Settings) -> Vec<Self> {
        let cluster_wide = selects_cluster_wide(&monitor.selector, settings);
        let (reason, discovery) = discovery(&monitor.namespace_selector, namespace);
        let endpoint = |(index, endpoint): (usize, &'a Strict<Endpoint>)| {
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
                    sources: vec![Source {
                        discovery: discovery.clone(),
                        labels: Vec::new(),
                    }],
                    is_named: true,
                    honor_labels: endpoint.honor_labels.unwrap_or(false),
                    cluster_wide: cluster_wide
                        || is_cluster_wide(path, endpoint.relabelings.as_ref(), settings),
                    operator: Rc::default(),
                    relabelings: Vec::new(),
                    metric_relabelings: Vec::new(),
                },
                origin: Origin::Endpoint(monitor, endpoint),
                discovers: reason,
                narrower: NARROWER,
            }
        };
        monitor.endpoints.iter().enumerate().map(endpoint).collect()
    }

    /// What a probe scrapes: nothing, without targets.
    fn of_probe(probe: &'a Probe, namespace: &str, settings: &Settings) -> Option<Self> {
        let path = given_path(probe.path.as_deref(), DEFAULT_PROBER_PATH);
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
                let (reason, discovery) = discovery(selector, namespace);
                let labels = Vec::new();
                let sources = vec![Source { discovery, labels }];
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
                cluster_wide: is_cluster_wide(path, relabelings, settings),
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
    fn of_scrape_config(config: &'a ScrapeConfig, settings: &Settings) -> Self {
        let path = given_path(config.metrics_path.as_deref(), DEFAULT_PATH);
        let mut sources: Vec<Source> = Vec::new();
        let mut add = |discovery| {
            let labels = Vec::new();
            let source = Source { discovery, labels };
            if !sources.contains(&source) {
                sources.push(source);
            }
        };
        for kubernetes in config.kubernetes_sd_configs.iter().flatten() {
            kubernetes_discovery(kubernetes).for_each(&mut add);
        }
        if config.gives_any_labels {
            add(Discovery::Anywhere);
        }
        // The other discoveries know nothing of namespaces.
        if config.discovers_elsewhere {
            add(Discovery::Nowhere);
        }
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
                cluster_wide: is_cluster_wide(path, config.relabelings.as_ref(), settings),
                operator: Rc::default(),
                relabelings: Vec::new(),
                metric_relabelings: Vec::new(),
            },
            origin: Origin::ScrapeConfig(config),
            discovers: "one of its service discoveries finds it, or gives it that label",
            narrower: "; `namespaces` of a kubernetesSDConfig can be narrowed as well",
        }
    }
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
        Discovery::Fixed(addresses.clone())
    };
    let labels = labels.clone().into_iter().collect();
    Some(Source { discovery, labels })
}

fn given_path<'p>(path: Option<&'p str>, default: &'p str) -> &'p str {
    path.filter(|path| !path.is_empty()).unwrap_or(default)
}

/// Where a namespace selector discovers, and why, as a clause.
fn discovery(selector: &NamespaceSelector, namespace: &str) -> (&'static str, Discovery) {
    let names = selector
        .match_names
        .as_ref()
        .filter(|names| !names.is_empty());
    match names {
        _ if selector.any == Some(true) => (
            "namespaceSelector.any discovers all namespaces",
            Discovery::Everywhere,
        ),
        Some(names) => (
            "namespaceSelector.matchNames discovers it",
            Discovery::In(names.as_slice().into()),
        ),
        None => ("", Discovery::In([namespace.to_owned()].into())),
    }
}

fn kubernetes_discovery(config: &KubernetesDiscovery) -> impl Iterator<Item = Discovery> {
    let listed = |names: Vec<String>| Discovery::In(names.into());
    // Nodes are in no namespace.
    let is_node = config
        .role
        .as_deref()
        .is_some_and(|role| role.eq_ignore_ascii_case("node"));
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

/// Whether a path, or one that a rule makes of it, is that of an exporter that reports on many
/// namespaces.
fn is_cluster_wide(
    path: &str,
    relabelings: Option<&Vec<Strict<Relabeling>>>,
    settings: &Settings,
) -> bool {
    // A rule may have the last word on the path.
    let rewritten = relabelings.into_iter().flatten();
    let rewritten = rewritten
        .filter(|rule| rule.target_label.as_deref() == Some("__metrics_path__"))
        .filter_map(|rule| rule.replacement.as_deref());
    let leads_to = |path: &str, known: &str| {
        let path = path.split('?').next().unwrap_or_default();
        path.trim_start_matches('/') == known.trim_start_matches('/')
    };
    let known = &settings.cluster_wide_exporters.paths;
    std::iter::once(path)
        .chain(rewritten)
        .any(|path| has_placeholder(path) || known.iter().any(|known| leads_to(path, known)))
}

/// Whether a selector may select an exporter that reports on many namespaces.
fn selects_cluster_wide(selector: &LabelSelector, settings: &Settings) -> bool {
    let known = &settings.cluster_wide_exporters.selectors;
    !known.is_empty() && selector.is_empty()
        || known.iter().any(|labels| {
            let admitted = labels
                .iter()
                .filter_map(|(key, value)| selector.admits(key, value));
            admitted.reduce(|all, one| all && one) == Some(true)
        })
}
