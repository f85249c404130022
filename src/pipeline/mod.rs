//! From objects to scrape jobs.
//!
//! A [`Definition`] is the part of an object that one [`ScrapeJob`] is made of: an endpoint of a monitor, a probe, a
//! scrape configuration. It knows where its fields stand, so that a rule can name them.

mod cluster_wide;
mod discovery;
pub mod operator;
pub mod path;
pub mod scrape_job;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Value;

use crate::json::Strict;
use crate::language::budget::TooComplex;
use crate::language::pattern::is_literal;
use crate::relabel::Stage;
use crate::relabel::config::{RelabelConfig, Relabeling, is_read_as_null};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{ADDRESS, CHOSEN_BY_SELECTORS};
use crate::resource::endpoint::{Endpoint, Monitor, NamespaceSelector};
use crate::resource::probe::Probe;
use crate::resource::scrape_config::ScrapeConfig;
use crate::resource::scraped::Scraped;
use crate::resource::{LabelSelector, Labels};
use crate::settings::Settings;

use operator::Origin;
use scrape_job::{Discovery, ScrapeJob, Source};

/// The path of an endpoint that gives none (`Endpoint` in prometheus-operator's
/// `pkg/apis/monitoring/v1`, and Prometheus' own default).
const DEFAULT_PATH: &str = "/metrics";

/// The path of a prober that gives none (`ProberSpec` there).
const DEFAULT_PROBER_PATH: &str = "/probe";

const NARROWER: &str = "; a narrower namespaceSelector would do as well";

/// The part of an object that one scrape job is made of.
#[derive(Debug)]
pub(crate) struct Definition<'a> {
    origin: Origin<'a>,
    relabelings: List<'a>,
    metric_relabelings: List<'a>,
    sources: Rc<[Source]>,
    /// Whether it selects exporters that report on many namespaces.
    is_cluster_wide: bool,
    cluster_wide_paths: Rc<[String]>,
    namespace: &'a str,
    settings: &'a Settings,
    /// Why a target of another environment is discovered, as a clause.
    pub discovers: &'static str,
    /// What else could be done about it, as a clause; empty if nothing.
    pub narrower: &'static str,
}

/// A list of relabel configs, where it stands.
#[derive(Debug)]
pub struct List<'a> {
    place: Place,
    /// The relabel configs as they stand there.
    pub relabelings: &'a [Strict<Relabeling>],
}

/// A place in an object: a field of it, or of an item of a list of it.
#[derive(Clone, Copy, Debug)]
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
            relabelings: relabelings.map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// The segments of its JSON Pointer.
    #[must_use]
    pub fn pointer(&self) -> Vec<String> {
        let Place { above, index, name } = self.place;
        let above = above.iter().map(|&segment| segment.to_owned());
        let index = index.map(|index| index.to_string());
        above.chain(index).chain([name.to_owned()]).collect()
    }

    /// The path as people write it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", path(self.place), self.place.name)
    }

    /// The name of the field.
    #[must_use]
    pub const fn name(&self) -> &str {
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

impl<'a> Definition<'a> {
    /// All that is scraped for an object in this namespace, one after the other.
    #[must_use]
    pub(crate) fn all(
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
        settings: &'a Settings,
    ) -> impl Iterator<Item = Self> {
        let is_cluster_wide = cluster_wide::selects_cluster_wide(&monitor.selector, settings);
        let (reason, mut sources) = discovery::discovery(&monitor.namespace_selector, namespace);
        // They only matter where a relabel config decides by labels where is scraped.
        let is_relabeled = |endpoint: &Strict<Endpoint>| endpoint.relabelings.is_some();
        let chosen = if monitor.endpoints.iter().any(is_relabeled) {
            operator::chosen(monitor)
        } else {
            Rc::default()
        };
        for source in &mut sources {
            source.chosen = Rc::clone(&chosen);
        }
        let sources: Rc<[Source]> = sources.into();
        let paths = cluster_wide_paths(settings);
        let endpoint = move |(index, endpoint): (usize, &'a Strict<Endpoint>)| {
            let at = |name| Place {
                above: monitor.of.endpoints(),
                index: Some(index),
                name,
            };
            let metric_relabelings = endpoint.metric_relabelings.as_ref();
            Self {
                relabelings: List::new(at("relabelings"), endpoint.relabelings.as_ref()),
                metric_relabelings: List::new(at("metricRelabelings"), metric_relabelings),
                sources: Rc::clone(&sources),
                is_cluster_wide,
                cluster_wide_paths: Rc::clone(&paths),
                namespace,
                settings,
                origin: Origin::Endpoint(monitor, endpoint),
                discovers: reason,
                narrower: NARROWER,
            }
        };
        monitor.endpoints.iter().enumerate().map(endpoint)
    }

    /// What a probe scrapes: nothing, without targets.
    fn of_probe(probe: &'a Probe, namespace: &'a str, settings: &'a Settings) -> Option<Self> {
        let at = |above| Place {
            above,
            index: None,
            name: "relabelingConfigs",
        };
        let definition = |relabelings, sources: Vec<Source>, discovers, narrower| Self {
            relabelings,
            metric_relabelings: List::new(
                of_spec("metricRelabelings"),
                probe.metric_relabelings.as_ref(),
            ),
            sources: sources.into(),
            is_cluster_wide: false,
            cluster_wide_paths: cluster_wide_paths(settings),
            namespace,
            settings,
            origin: Origin::Probe(probe),
            discovers,
            narrower,
        };
        // With both, the operator takes the static ones.
        if let Some(fixed) = &probe.static_config {
            let mut labels = fixed.labels.clone().unwrap_or_default();
            let own = || namespace.to_owned();
            labels.entry("namespace".to_owned()).or_insert_with(own);
            let sources = discovery::fixed_targets(fixed.addresses.as_ref(), &labels);
            let place = at(&["spec", "targets", "staticConfig"]);
            return Some(definition(
                List::new(place, fixed.relabelings.as_ref()),
                sources.into_iter().collect(),
                "spec.targets.staticConfig.labels says so",
                "",
            ));
        }
        let ingress = probe.ingress.as_ref()?;
        let default = NamespaceSelector::default();
        let selector = ingress.namespace_selector.as_deref().unwrap_or(&default);
        let (discovers, sources) = discovery::discovery(selector, namespace);
        let place = at(&["spec", "targets", "ingress"]);
        Some(definition(
            List::new(place, ingress.relabelings.as_ref()),
            sources,
            discovers,
            NARROWER,
        ))
    }

    /// What a scrape configuration scrapes.
    fn of_scrape_config(
        config: &'a ScrapeConfig,
        namespace: &'a str,
        settings: &'a Settings,
    ) -> Self {
        let mut found = BTreeSet::new();
        for kubernetes in config.kubernetes_sd_configs.iter().flatten() {
            if kubernetes.api_server.is_some() {
                // Another server says what it likes.
                found.insert((Discovery::Anywhere, false));
                continue;
            }
            let is_cluster_wide = cluster_wide::asks_for_cluster_wide(kubernetes, settings);
            let discoveries = discovery::kubernetes_discovery(kubernetes);
            found.extend(discoveries.map(|discovery| (discovery, is_cluster_wide)));
        }
        if config.gives_any_labels {
            found.insert((Discovery::Anywhere, false));
        }
        // The other discoveries know nothing of namespaces.
        if config.discovers_elsewhere {
            found.insert((Discovery::Nowhere, false));
        }
        let mut docker = config.docker_sd_configs.iter().flatten();
        let mut chosen = Vec::new();
        if docker.any(|one| one.host_networking_host.is_some()) {
            chosen.push(ADDRESS.to_owned());
        }
        let mut kubernetes = config.kubernetes_sd_configs.iter().flatten();
        if kubernetes.any(|one| one.selectors.is_some()) {
            chosen.push(CHOSEN_BY_SELECTORS.to_owned());
        }
        let chosen: Rc<[String]> = chosen.into();
        let mut sources: Vec<Source> = Vec::new();
        for (discovery, is_cluster_wide) in found {
            sources.extend(discovery::in_chunks(discovery).map(|discovery| Source {
                is_cluster_wide,
                chosen: Rc::clone(&chosen),
                ..Source::of(discovery)
            }));
        }
        let everywhere = |source: &Source| source.discovery == Discovery::Everywhere;
        let is_everywhere = sources.iter().any(everywhere);
        for fixed in config.static_configs.iter().flatten() {
            let none = Labels::new();
            let labels = fixed.labels.as_ref().unwrap_or(&none);
            sources.extend(discovery::fixed_targets(fixed.targets.as_ref(), labels));
        }
        let mut kubernetes = config.kubernetes_sd_configs.iter().flatten();
        Self {
            relabelings: List::new(of_spec("relabelings"), config.relabelings.as_ref()),
            metric_relabelings: List::new(
                of_spec("metricRelabelings"),
                config.metric_relabelings.as_ref(),
            ),
            sources: sources.into(),
            is_cluster_wide: false,
            cluster_wide_paths: cluster_wide_paths(settings),
            namespace,
            settings,
            origin: Origin::ScrapeConfig(config),
            discovers: if is_everywhere {
                "kubernetesSDConfigs covers all namespaces"
            } else {
                "one of its service discoveries finds it, or gives it that label"
            },
            narrower: if kubernetes.next().is_some() {
                "; `namespaces` of a kubernetesSDConfig can be narrowed as well"
            } else {
                ""
            },
        }
    }

    /// The scrape job, with the object's own relabel configs as Prometheus takes them.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to find out what it asks for.
    pub(crate) fn job(
        &self,
        relabelings: Vec<RelabelConfig>,
        metric_relabelings: Vec<RelabelConfig>,
        interpreter: &mut Interpreter,
    ) -> Result<ScrapeJob<'a>, TooComplex> {
        let (honor_labels, path) = match &self.origin {
            Origin::Endpoint(_, endpoint) => {
                (endpoint.honor_labels, given_path(endpoint.path.as_deref()))
            }
            Origin::Probe(probe) => (
                None,
                // The operator writes down an empty one.
                probe.path.as_deref().unwrap_or(DEFAULT_PROBER_PATH),
            ),
            Origin::ScrapeConfig(config) => (
                config.honor_labels,
                given_path(config.metrics_path.as_deref()),
            ),
        };
        // It is compared with each of the known ones.
        let known = self.cluster_wide_paths.len();
        interpreter.budget.spend(path.len() * known / 32)?;
        let mut job = ScrapeJob {
            sources: self.sources.to_vec(),
            is_named: self.is_named(),
            honor_labels: honor_labels.unwrap_or(false),
            cluster_wide: self.is_cluster_wide,
            path,
            own: self.namespace,
            cluster_wide_paths: Rc::clone(&self.cluster_wide_paths),
            operator: self.origin.into(),
            relabelings,
            metric_relabelings,
        };
        if let Origin::ScrapeConfig(config) = &self.origin
            && job.sources.iter().any(|source| source.is_cluster_wide)
        {
            let mut discoveries = config.kubernetes_sd_configs.iter().flatten();
            let names = |one| cluster_wide::names_cluster_wide(one, self.settings);
            let is_named = discoveries.any(|one| names(one));
            if cluster_wide::asks_for_something_else(&job, is_named, self.settings, interpreter)? {
                for source in &mut job.sources {
                    source.is_cluster_wide = false;
                }
            }
        }
        Ok(job)
    }

    /// The list of a stage.
    #[must_use]
    pub(crate) const fn list(&self, stage: Stage) -> &List<'a> {
        match stage {
            Stage::MetricRelabelings => &self.metric_relabelings,
            _ => &self.relabelings,
        }
    }

    /// Whether it is an endpoint of a monitor, of which mode `required` demands a keep.
    #[must_use]
    pub(crate) const fn is_monitored(&self) -> bool {
        matches!(self.origin, Origin::Endpoint(..))
    }

    /// Why its exporter may report on many namespaces, as a clause.
    #[must_use]
    pub(crate) fn reports_on_many(&self, job: &ScrapeJob<'_>) -> &'static str {
        match &self.origin {
            Origin::Endpoint(monitor, _) if job.cluster_wide && monitor.selector.is_empty() => {
                "the selector is empty and may match kube-state-metrics, whose own label `namespace` arrives as \
                 `exported_namespace`"
            }
            _ if job.cluster_wide => {
                "the selector may match kube-state-metrics (clusterWideExporters), whose own label `namespace` arrives \
                 as `exported_namespace`"
            }
            _ => {
                "what answers at this path reports on many namespaces, and with honorLabels false its own label \
                 `namespace` arrives as `exported_namespace`"
            }
        }
    }

    /// Whether the operator gives each target its namespace as label `namespace`.
    #[must_use]
    pub(crate) const fn is_named(&self) -> bool {
        match &self.origin {
            Origin::Endpoint(..) => true,
            Origin::Probe(probe) => probe.static_config.is_none(),
            Origin::ScrapeConfig(_) => false,
        }
    }

    /// Where the list of such things stands in the object.
    #[must_use]
    pub(crate) fn list_field(&self) -> String {
        self.metric_relabelings.place.above.join(".")
    }

    /// Where it stands in the object.
    #[must_use]
    pub(crate) fn field(&self) -> String {
        path(self.metric_relabelings.place)
    }

    /// How many relabel configs the operator puts before its own, about.
    #[must_use]
    pub(crate) fn operator_len(&self) -> usize {
        let size = |name: &String| 1 + name.len() / 16;
        let length = |names: &Option<Vec<String>>| names.iter().flatten().map(size).sum::<usize>();
        match &self.origin {
            Origin::Endpoint(monitor, _) => {
                length(&monitor.target_labels)
                    + length(&monitor.pod_target_labels)
                    + monitor.job_label.as_ref().map_or(0, size)
                    + selected(&monitor.selector)
            }
            Origin::Probe(probe) => {
                let ingress = probe.ingress.as_ref();
                let selector = ingress.and_then(|ingress| ingress.selector.as_deref());
                selector.map_or(0, selected)
            }
            Origin::ScrapeConfig(_) => 0,
        }
    }

    /// The fields of it, besides its relabel configs, that the operator writes as a regex and that are more than a text that
    /// stands for itself.
    #[must_use]
    pub(crate) fn regexes(&self) -> Box<dyn Iterator<Item = (String, Cow<'a, str>)> + 'a> {
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
    #[must_use]
    pub(crate) fn refused_name(&self) -> Option<String> {
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

    /// Addresses that are scraped unless a relabel config moves the scrape elsewhere, each with its field; and whether
    /// they are names that are looked up for targets.
    #[must_use]
    pub(crate) fn addresses(&self) -> Box<dyn Iterator<Item = (String, &'a str)> + 'a> {
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
                let docker = config.docker_sd_configs.iter().flatten().enumerate();
                let docker = docker.filter_map(|(index, config)| {
                    let host = config.host_networking_host.as_deref()?;
                    let field = format!("spec.dockerSDConfigs[{index}].hostNetworkingHost");
                    Some((field, host))
                });
                Box::new(fixed.chain(named).chain(docker))
            }
        }
    }

    /// Addresses that are merely probed, each with its field; `moved` tells whether a relabel config sends the scrape
    /// elsewhere.
    #[must_use]
    pub(crate) fn probed(&self, moved: bool) -> Box<dyn Iterator<Item = (String, &'a str)> + 'a> {
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
}

/// What the relabel configs of a selector cost to be made, in labels of sixteen bytes.
fn selected(selector: &LabelSelector) -> usize {
    let size = |text: &String| 1 + text.len() / 16;
    let labels = selector.match_labels.iter().flatten();
    let labels = labels.map(|(key, value)| size(key) + size(value));
    let expressions = selector.match_expressions.iter().flatten();
    let values = expressions.map(|one| {
        let values = one.values.iter().flatten().map(size).sum::<usize>();
        values + one.key.as_ref().map_or(1, size)
    });
    labels.chain(values).sum()
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

fn given_path(path: Option<&str>) -> &str {
    path.filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH)
}

fn cluster_wide_paths(settings: &Settings) -> Rc<[String]> {
    settings.cluster_wide_exporters.paths.as_slice().into()
}
