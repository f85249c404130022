//! The targets of a scrape job: as they are discovered, and what of them survives relabeling (`PopulateLabels` in
//! Prometheus' `scrape/target.go`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::language::automaton::{Automaton, MAX_POSITIONS, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::pipeline::scrape_job::{Discovery, ScrapeJob, Source, numbered};
use crate::relabel::config::{Action, RelabelConfig, has_placeholder};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{
    ADDRESS, DISPLACED, INSTANCE, Labels, MAX_LABELS, MERGED, MERGED_EXPORTED, META_KUBERNETES,
    META_NAMESPACE, METRIC_NAME, METRICS_PATH, NAMESPACE, NAMESPACES, SCHEME, TARGET, is_relied_on,
};
use crate::relabel::regex::Regex;
use crate::relabel::state::{MAX_VALUE, Origin, State};
use crate::relabel::value::{Text, Value};
use crate::relabel::{ConfigId, Stage};

use super::leak::{Allowed, MAX_NAMESPACE};
use super::ways::SCHEMES;
use super::{Run, kept};

const META: &str = NAMESPACES[META_NAMESPACE];

/// The labels, without how they all begin, that discovery in Kubernetes makes of names, words and numbers of which
/// the API server allows no newline (`discovery/kubernetes` in Prometheus, `pkg/apis/core/validation` in
/// Kubernetes). An image, the name of an owner and the path of an ingress may have one.
const LINES: [&str; 23] = [
    "endpoint_port_name",
    "endpoint_port_protocol",
    "endpoint_ready",
    "endpoints_name",
    "endpointslice_name",
    "endpointslice_port_name",
    "endpointslice_port_protocol",
    "ingress_name",
    "ingress_scheme",
    "namespace",
    "node_name",
    "pod_container_init",
    "pod_container_name",
    "pod_container_port_name",
    "pod_container_port_number",
    "pod_container_port_protocol",
    "pod_ip",
    "pod_name",
    "pod_node_name",
    "pod_phase",
    "pod_ready",
    "service_name",
    "service_port_name",
];

/// The labels that targets which Kubernetes discovered have only from the operator's own configs, as they are followed
/// here, and from Prometheus at the end; no Prometheus object may write them besides ([`is_relied_on`]).
const WRITTEN_LATER: [&str; 6] = [
    "container",
    "endpoint",
    "ingress",
    INSTANCE,
    "pod",
    "service",
];

/// The most targets that stand in an object and are followed one by one.
const FOLLOWED_ADDRESSES: usize = 64;

/// The same, where a config makes another address of theirs.
const MOVED_ADDRESSES: usize = 600;

/// The names of the labels that Prometheus gives each target by itself, the job's and those that
/// say how to scrape (`PopulateLabels` in `scrape/target.go`): they match the first one, and do not
/// match the second one.
const PROMETHEUS_OWN: [(&str, bool); 2] = [("job|__.*", true), ("__meta_.*", false)];

impl Source {
    /// The addresses of its targets where they are known and where it matters, some at a time: of
    /// many, all that is known of each is that it is one of some.
    fn addresses<'a>(
        &'a self,
        labels: &Labels,
        are_moved: bool,
    ) -> impl Iterator<Item = &'a [String]> {
        let known = match &self.discovery {
            Discovery::Fixed(addresses) if labels.place(ADDRESS).is_some() => &addresses[..],
            _ => &[],
        };
        let followed = if are_moved {
            MOVED_ADDRESSES
        } else {
            FOLLOWED_ADDRESSES
        };
        let some = if known.len() > followed {
            let longest = known.iter().map(String::len).max().unwrap_or_default();
            (MAX_POSITIONS / (longest + 1)).clamp(1, 32)
        } else {
            1
        };
        let unknown = known.is_empty().then_some(known);
        known.chunks(some).chain(unknown)
    }

    /// What is known of a label that a target was discovered with.
    fn text(&self, name: &str) -> Text {
        let is_discovered = !matches!(self.discovery, Discovery::Anywhere);
        let Some(name) = name.strip_prefix(META_KUBERNETES).filter(|_| is_discovered) else {
            return Text::Any;
        };
        let is_label = || {
            let object = name.split("_label_").next().unwrap_or_default();
            let object = object.split("_labelpresent_").next().unwrap_or_default();
            object.len() < name.len() && object.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        if LINES.contains(&name) || is_label() {
            Text::Line
        } else {
            Text::Any
        }
    }

    /// Whether no target has the label as it is discovered: it would have to stand in the object, or only the operator
    /// and Prometheus give it later.
    fn lacks(&self, name: &str) -> bool {
        match self.discovery {
            Discovery::Fixed(_) => {
                name != "job" && (!name.starts_with("__") || name.starts_with("__meta_"))
            }
            Discovery::Anywhere => false,
            // Some of these give it: nodes, Eureka, OVHcloud (`discovery` in Prometheus).
            Discovery::Nowhere => name != INSTANCE && WRITTEN_LATER.contains(&name),
            Discovery::Everywhere | Discovery::In(_) | Discovery::Own => {
                WRITTEN_LATER.contains(&name)
            }
        }
    }
}

impl Run<'_> {
    /// The targets that survive relabeling.
    pub(super) fn targets(&self, interpreter: &mut Interpreter) -> Result<Vec<State>, TooComplex> {
        let labels = &self.labels;
        let mut discovered = Vec::new();
        for source in &self.job.sources {
            interpreter.budget.spend(source.labels.len())?;
            if let Discovery::In(names) = &source.discovery {
                interpreter.budget.spend(4 * names.len())?;
            }
            let is_mentioned = |(name, _): &&(String, String)| labels.place(name).is_some();
            let given: Vec<&(String, String)> = source.labels.iter().filter(is_mentioned).collect();
            for addresses in source.addresses(labels, self.moved.contains(&ADDRESS)) {
                let texts: usize = addresses.iter().map(String::len).sum();
                interpreter.budget.spend(labels.names().len() + texts)?;
                let mut target = self.discovered(source, &given, addresses, interpreter)?;
                target.is_cluster_wide = source.is_cluster_wide && !self.job.honor_labels;
                if source.is_possible {
                    target.approximate(ConfigId::IGNORED_SELECTOR);
                }
                if matches!(source.discovery, Discovery::Fixed(_)) {
                    for (names, have) in PROMETHEUS_OWN {
                        let Regex::Compiled(names) = interpreter.compile(names)? else {
                            return Err(TooComplex);
                        };
                        target.dropped.push((Rc::clone(&names.automaton), !have));
                    }
                }
                discovered.push(target);
            }
        }
        interpreter.budget.spend(self.job.operator.all().len())?;
        let operator: Vec<(ConfigId, &RelabelConfig)> =
            numbered(Stage::Operator, self.job.operator.all())
                .filter(|(_, config)| is_read(config, labels))
                .collect();
        let configs = kept(self.job, Stage::Relabelings, self.left_out);
        let mut needed: Vec<bool> = labels
            .names()
            .iter()
            .zip(&self.exposed)
            .map(|(name, read)| name == "namespace" || *read && !name.starts_with("__"))
            .collect();
        for place in self.moved.iter().filter_map(|name| labels.place(name)) {
            needed[place] = true;
        }
        let instance = labels.place(INSTANCE).filter(|place| needed[*place]);
        let instance = instance.zip(labels.place(ADDRESS));
        if let Some((_, address)) = instance {
            needed[address] = true;
        }
        let (read, _) = interpreter.needs(&configs, labels, &needed)?;
        let prepared = interpreter.run(&operator, labels, &read, discovered)?;
        let maps = self
            .job
            .relabelings
            .iter()
            .any(|config| config.action == Action::LabelMap);
        let prepared = unsettled(prepared, labels, &read, maps);
        let relabeled = interpreter.run(&configs, labels, &needed, prepared)?;
        let Some((instance, address)) = instance else {
            return Ok(relabeled);
        };
        let something = interpreter.something()?;
        let named = |state| with_instance(state, instance, address, &something);
        Ok(relabeled.into_iter().flat_map(named).collect())
    }

    /// A target as it is discovered, with one of these addresses.
    fn discovered(
        &self,
        source: &Source,
        given: &[&(String, String)],
        addresses: &[String],
        interpreter: &Interpreter,
    ) -> Result<State, TooComplex> {
        let labels = &self.labels;
        let mut state = State::new(labels.names().len());
        state.chosen = Rc::clone(&source.chosen);
        let namespace = namespace_of(source, &mut state, self.allowed)?;
        let nothing = literals(&[])?;
        let mut written = BTreeMap::new();
        // An empty label is none: where Prometheus has a default, it takes that.
        for (name, value) in given.iter().filter(|(_, value)| !value.is_empty()) {
            // Prometheus 2 lets `params` win over such a label.
            let is_known = !has_placeholder(value) && value.len() <= MAX_VALUE;
            let value = if !is_known || name.starts_with("__param_") {
                // It is not known, and so no witness can be made of it.
                let value = state.fresh();
                state.assume(&value, &nothing, true, None);
                value
            } else {
                let value = Value::literal(value);
                state
                    .given
                    .push((Origin::Target(name.clone()), value.clone()));
                value
            };
            written.insert(name.as_str(), value);
        }
        for (place, name) in labels.names().iter().enumerate() {
            let given = state.given.iter().find(|(origin, _)| origin.name() == name);
            let given = written.get(name.as_str()).or(given.map(|(_, value)| value));
            let value = match (place, given) {
                (MERGED | MERGED_EXPORTED | DISPLACED, _) => Value::default(),
                (TARGET, _) if source.discovery == Discovery::Anywhere => Value::default(),
                (TARGET, _) => namespace.clone(),
                // The operator's own configs have set it before any of the monitor's.
                (NAMESPACE, _) if self.job.is_named => namespace.clone(),
                (_, Some(value)) if name != ADDRESS => value.clone(),
                (META_NAMESPACE, _) => namespace.clone(),
                (NAMESPACE, _) if source.discovery != Discovery::Anywhere => Value::default(),
                _ if name == METRICS_PATH
                    && source.discovery != Discovery::Anywhere
                    && self.job.path.len() <= MAX_VALUE
                    && !has_placeholder(self.job.path) =>
                {
                    Value::literal(self.job.path)
                }
                _ if source.lacks(name) => Value::default(),
                _ => {
                    // One by which only samples are filtered is no example of a target.
                    let mut configs = self.job.relabelings.iter();
                    let text = self.texts.get(name);
                    let text = text.filter(|_| configs.any(|config| config.reads(name)));
                    let value = state.given_as(Origin::Target(name.clone()), text);
                    if let Some(variable) = value.plain_variable() {
                        state.variables[variable] = source.text(name);
                    }
                    value
                }
            };
            state.labels[place] = value;
        }
        if let Some(place) = labels.place(SCHEME)
            && source.discovery != Discovery::Anywhere
            && !written.contains_key(SCHEME)
        {
            let scheme = state.labels[place].clone();
            state.know_inside(&scheme, &Rc::new(Automaton::of_texts(&SCHEMES)?));
        }
        if let Some(place) = labels.place(ADDRESS) {
            let address = state.labels[place].clone();
            if let [address] = addresses
                && address.len() <= MAX_VALUE
            {
                let origin = Origin::Target(ADDRESS.to_owned());
                state.labels[place] = Value::literal(address);
                state.given.retain(|(given, _)| *given != origin);
                state.given.push((origin, Value::literal(address)));
            } else if addresses.is_empty() {
                // A target without an address is dropped.
                state.know_inside(&address, &interpreter.something()?);
            } else {
                state.know_inside(&address, &literals(addresses)?);
            }
        }
        Ok(state)
    }
}

/// The namespace of a discovered target.
fn namespace_of(
    source: &Source,
    state: &mut State,
    allowed: &Allowed,
) -> Result<Value, TooComplex> {
    let namespaces = allowed.namespaces();
    let origin = || Origin::Target(META.to_owned());
    let names = match &source.discovery {
        Discovery::Nowhere | Discovery::Fixed(_) => return Ok(Value::default()),
        Discovery::Anywhere => return Ok(state.fresh_from(origin())),
        Discovery::Everywhere | Discovery::Own => None,
        // A name that no namespace can have, the empty one first of all, bounds nothing.
        Discovery::In(names) => Some(names).filter(|names| {
            names.iter().all(|name| {
                name.len() <= MAX_NAMESPACE && namespaces.contains(name) == Membership::Yes
            })
        }),
    };
    if let Some([name]) = names.map(Rc::as_ref) {
        let namespace = Value::literal(name);
        state.given.push((origin(), namespace.clone()));
        return Ok(namespace);
    }
    let namespace = state.fresh_from(origin());
    state.variables[0] = Text::Namespace;
    state.know_inside(&namespace, namespaces);
    if source.discovery == Discovery::Own {
        state.know_inside(&namespace, allowed.visible());
    }
    if let Some(names) = names {
        state.know_inside(&namespace, &literals(names)?);
    }
    Ok(namespace)
}

/// Whether a config of the operator is about a label that is mentioned: it writes it, or filters by
/// it. What is not mentioned is never looked at.
fn is_read(config: &RelabelConfig, labels: &Labels) -> bool {
    let mentions = |name: &str| labels.place(name).is_some();
    match config.action {
        Action::Replace => mentions(&config.target_label),
        _ => config.source_labels.iter().any(|name| mentions(name)),
    }
}

/// What `PopulateLabels` (`scrape/target.go`) does after the last config: a target without a label
/// `instance` gets its address.
fn with_instance(
    state: State,
    instance: usize,
    address: usize,
    something: &Rc<Automaton>,
) -> impl Iterator<Item = State> {
    let value = state.labels[instance].clone();
    let named = state.clone().constrained(&value, something, true, None);
    let mut unnamed = state.constrained(&value, something, false, None);
    let mut older = None;
    if let Some(state) = &mut unnamed {
        let value = state.labels[address].clone();
        let has_port = |text: &str| {
            let port = text.rsplit_once(':').map(|(_, port)| port);
            port.is_some_and(|port| {
                !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        if !value.text().is_some_and(has_port) {
            let mut state = state.clone();
            state.labels[instance] = state.fresh();
            state.approximate(ConfigId::ADDED_PORT);
            older = Some(state);
        }
        state.labels[instance] = value;
    }
    named.into_iter().chain(unnamed).chain(older)
}

/// The language of these texts.
fn literals(texts: &[String]) -> Result<Rc<Automaton>, TooComplex> {
    Ok(Rc::new(Automaton::of_texts(texts)?))
}

/// The labels that the endpoint's configs mention, and what these depend on.
pub(super) fn labels(
    job: &ScrapeJob<'_>,
    left_out: &BTreeSet<ConfigId>,
    budget: &mut Budget,
) -> Result<Labels, TooComplex> {
    let mut labels = Labels::default();
    labels.discovered = job.discovered();
    let targets = kept(job, Stage::Relabelings, left_out);
    let samples = kept(job, Stage::MetricRelabelings, left_out);
    let own = || targets.iter().chain(&samples).map(|(_, config)| *config);
    // Rules that write labels, or read them, that they do not name.
    let names_none = |config: &RelabelConfig| {
        config.action == Action::LabelMap || config.target_label.contains('$') || config.is_unknown
    };
    let all = own().any(names_none);
    for config in own() {
        budget.spend(config.source_labels.len())?;
        labels.mention(config)?;
    }
    let maps = |config: &RelabelConfig| config.action == Action::LabelMap;
    if job.metric_relabelings.iter().any(maps) {
        // Each sample has one, so that it may be what is mapped last.
        labels.add(METRIC_NAME)?;
    }
    if labels.place(INSTANCE).is_some() || all {
        labels.add(INSTANCE)?;
        labels.add(ADDRESS)?;
    }
    // Backwards, for a config may read what one before it wrote.
    budget.spend(job.operator.all().len())?;
    for config in job.operator.all().iter().rev() {
        if all || is_read(config, &labels) {
            labels.mention(config)?;
        }
    }
    if all {
        for (name, _) in job.sources.iter().flat_map(|source| source.labels.iter()) {
            labels.add(name)?;
        }
    }
    let sources = own().map(|config| config.source_labels.len()).max();
    if sources > Some(MAX_LABELS) {
        return Err(TooComplex);
    }
    Ok(labels)
}

/// Whether what discovered the target may have given it any label, that of Kubernetes' namespace, too.
pub(super) fn may_have_any_label(state: &State) -> bool {
    let is_meta = |(origin, _): &(Origin, Value)| origin.name() == META;
    state.labels[TARGET].0.is_empty() && state.given.iter().any(is_meta)
}

/// The states, and once more those in which a label that is read may have been written meanwhile by the
/// Prometheus that scrapes; `maps` tells whether a label of any name may be read.
pub(super) fn unsettled(all: Vec<State>, labels: &Labels, read: &[bool], maps: bool) -> Vec<State> {
    let mut unsettled = Vec::new();
    for state in &all {
        let is_known = |place: usize| {
            let variable = state.labels[place].plain_variable();
            !variable.is_some_and(|variable| state.is_own(variable, place))
        };
        let places = labels
            .writable()
            .filter(|(place, name)| read[*place] && !is_relied_on(name));
        let places: Vec<usize> = places
            .map(|(place, _)| place)
            .filter(|&place| is_known(place))
            .collect();
        let is_complete = maps && !state.dropped.is_empty();
        if !places.is_empty() || is_complete {
            let mut other = state.clone();
            for place in places {
                other.labels[place] = other.fresh();
                other.writers[place] = None;
            }
            let may_change = |(origin, _): &(Origin, Value)| {
                labels.place(origin.name()).is_none() && !is_relied_on(origin.name())
            };
            let known = other.given.iter().any(may_change);
            other.refill(known);
            other.approximate(ConfigId::SCRAPE_CLASS);
            unsettled.push(other);
        }
    }
    let mut all = all;
    all.extend(unsettled);
    all
}
