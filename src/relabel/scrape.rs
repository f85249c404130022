//! The way of a series from service discovery into the database, for one endpoint: what
//! prometheus-operator makes of it (`generateServiceMonitorConfig`, `generatePodMonitorConfig` in
//! `pkg/prometheus/promcfg.go`, v0.93) and what Prometheus does then (`PopulateLabels` in
//! `scrape/target.go`, `mutateSampleLabels` in `scrape/scrape.go`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::language::automaton::{Automaton, MAX_POSITIONS, Membership};
use crate::language::budget::{Budget, TooComplex};
use crate::language::condition::{Condition, Surrounding};
use crate::language::expression::Expression;
use crate::language::product::exists;

use super::address::{Standing, stands_outside};
use super::interpret::{Interpreter, MAX_SERIES};
use super::labels::{
    DISPLACED, EXPORTED_NAMESPACE, Labels, MAX_LABELS, MERGED, MERGED_EXPORTED, META_NAMESPACE,
    METRIC_NAME, NAMESPACE, NAMESPACES, TARGET, is_relied_on,
};
use super::leak::{Allowed, Leak, MAX_NAMESPACE};
use super::path::{leading_to, leads_to};
use super::rule::{Action, Rule, has_placeholder};
use super::series::{MAX_VALUE, Origin, Series};
use super::solve::{is_possible, settled};
use super::value::{Part, Text, Value};
use super::{RuleId, Stage};

const META: &str = "__meta_kubernetes_namespace";
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
/// How the labels begin that discovery in Kubernetes gives.
const META_KUBERNETES: &str = "__meta_kubernetes_";
pub(super) const ADDRESS: &str = "__address__";
pub(super) const INSTANCE: &str = "instance";
const METRICS_PATH: &str = "__metrics_path__";
/// It is written in front of the address as it stands, so that it can bring another one (`Target.URL` in
/// Prometheus' `scrape/target.go`).
const SCHEME: &str = "__scheme__";

/// The labels by which a scrape may go elsewhere than its target stands, or to another path.
pub(super) const MOVING: [&str; 3] = [ADDRESS, METRICS_PATH, SCHEME];

/// Where targets are discovered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discovery {
    /// In all namespaces of the cluster.
    Everywhere,
    /// In these.
    In(Rc<[String]>),
    /// In the one of the Prometheus that scrapes, which is one that its environment may see.
    Own,
    /// They stand in the object, with these addresses and with no labels but those given.
    Fixed(Rc<[String]>),
    /// Somewhere that knows no namespaces.
    Nowhere,
    /// Somewhere that gives its targets whatever labels it likes.
    Anywhere,
}

/// Where some of the targets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where they are discovered.
    pub discovery: Discovery,
    /// Labels that each of them is given.
    pub labels: Vec<(String, String)>,
    /// Whether it depends on the Prometheus that scrapes that there are any.
    pub is_possible: bool,
    /// Whether exporters that report on many namespaces may be among them.
    pub is_cluster_wide: bool,
}

/// Whether a path is one at which an exporter reports on many namespaces.
enum Reach {
    /// It is not.
    Nothing,
    /// It may be, if a label says so.
    Free,
    /// It is, or text of a rule makes it one, of this series if not of all.
    ClusterWide(Option<Box<Series>>),
}

/// The schemes of a scrape; Prometheus takes its own where the label is empty.
const SCHEMES: [&str; 3] = ["", "http", "https"];

/// The most targets that stand in an object and are followed one by one.
const FOLLOWED_ADDRESSES: usize = 64;

/// The same, where a rule makes another address of theirs.
const MOVED_ADDRESSES: usize = 600;

impl Source {
    /// What is discovered so, with no labels of its own.
    #[must_use]
    pub fn of(discovery: Discovery) -> Self {
        Self {
            discovery,
            labels: Vec::new(),
            is_possible: false,
            is_cluster_wide: false,
        }
    }

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

    /// Whether no target has the label: it would have to stand in the object.
    fn lacks(&self, name: &str) -> bool {
        let is_own = name == "job" || name.starts_with("__") && !name.starts_with("__meta_");
        matches!(self.discovery, Discovery::Fixed(_)) && !is_own
    }
}

/// The names of the labels that Prometheus gives each target by itself, the job's and those that
/// say how to scrape (`PopulateLabels` in `scrape/target.go`): they match the first one, and do not
/// match the second one.
const PROMETHEUS_OWN: [(&str, bool); 2] = [("job|__.*", true), ("__meta_.*", false)];

/// What an endpoint is about, as far as namespaces are concerned.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// Where its targets come from.
    pub sources: Vec<Source>,
    /// Whether the operator gives each target its namespace as label `namespace`.
    pub is_named: bool,
    /// Whether labels that the exporter exposes win over the target's.
    pub honor_labels: bool,
    /// Whether the exporter reports on many namespaces even where `honor_labels` is false.
    pub cluster_wide: bool,
    /// The path where the metrics are, unless a rule or a label says otherwise.
    pub path: String,
    /// The namespace of the object.
    pub own: String,
    /// The paths at which an exporter reports on many namespaces.
    pub cluster_wide_paths: Rc<[String]>,
    /// The rules that the operator puts before the endpoint's own, those that set label
    /// `namespace` aside.
    pub operator: Rc<[Rule]>,
    /// `relabelings`.
    pub relabelings: Vec<Rule>,
    /// `metricRelabelings`.
    pub metric_relabelings: Vec<Rule>,
}

/// What can come through an endpoint.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by itself")]
pub struct Verdict {
    /// A target of a forbidden namespace, or with such a label: it shows in the report samples.
    pub target: Option<Leak>,
    /// A sample of a forbidden namespace.
    pub sample: Option<Leak>,
    /// A sample of a forbidden namespace in `exported_namespace`.
    pub exported: Option<Leak>,
    /// What is scraped elsewhere than its labels say, and the rule that moves it there, if one does.
    pub standing: Option<(Standing, Option<RuleId>)>,
    /// Whether there may be targets, where the operator does not name their namespace.
    pub has_targets: bool,
    /// Whether a rule may send the scrape elsewhere than its target stands.
    pub moves_address: bool,
    /// Whether, where a rule may do so, what was discovered may be scraped all the same.
    pub keeps_address: bool,
    /// Whether it mattered what of the exporter's own label `namespace` was moved to `exported_namespace`.
    pub judges_exported: bool,
    /// Whether a label that is not known decides whether the path is one at which an exporter reports on many
    /// namespaces.
    pub has_free_path: bool,
    /// Whether nothing that the environment may see can come through.
    pub is_empty: bool,
}

impl Verdict {
    /// Takes note that it was not looked at with all rules, of which this is the first that was left out.
    fn doubt(&mut self, rule: Option<RuleId>) {
        for leak in [&mut self.target, &mut self.sample, &mut self.exported]
            .into_iter()
            .flatten()
        {
            leak.witness = None;
            leak.loose = rule;
        }
        if let Some((standing, _)) = &mut self.standing {
            standing.namespace = None;
        }
    }

    /// Whether a leak was found.
    #[must_use]
    pub fn leaks(&self) -> bool {
        self.target.is_some()
            || self.sample.is_some()
            || self.exported.is_some()
            || self.standing.is_some()
    }
}

impl Scrape {
    /// What can come through: first without the filters by labels that never flow into a namespace
    /// ([`slice`](super::slice)). That lets only more through, so where nothing of it leaks, nothing leaks. Only
    /// what leaks is looked at with all rules.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to prove it.
    pub fn judge(
        &self,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Verdict, TooComplex> {
        let left_out = self.left_out(interpreter)?;
        if left_out.is_empty() {
            return self.follow(&left_out, allowed, interpreter);
        }
        let mut found = self.follow(&left_out, allowed, interpreter)?;
        let is_settled = !found.leaks()
            && !found.has_free_path
            && (self.is_named || !found.has_targets)
            && !found.moves_address;
        if is_settled {
            return Ok(found);
        }
        // What is too complex with all rules leaves something for what comes after it.
        let kept = interpreter.budget.set_aside();
        let whole = self.follow(&BTreeSet::new(), allowed, interpreter);
        interpreter.budget.give_back(kept);
        if let Ok(whole) = whole {
            return Ok(whole);
        }
        found.doubt(left_out.first().copied());
        Ok(found)
    }

    /// What can come through if these rules are left out.
    fn follow(
        &self,
        left_out: &BTreeSet<RuleId>,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Verdict, TooComplex> {
        let moved = self.moved(interpreter)?;
        let mut labels = self.labels(left_out, &mut interpreter.budget)?;
        for name in &moved {
            labels.add(name)?;
        }
        let rules = self.rules(Stage::MetricRelabelings, left_out);
        let mut needed = vec![false; labels.names().len()];
        needed[NAMESPACE] = true;
        let (mut exposed, _) = interpreter.needs(&rules, &labels, &needed)?;
        let judges_exported = self.judges_exported(interpreter)?;
        exposed[EXPORTED_NAMESPACE] |= judges_exported
            || moved.contains(&METRICS_PATH)
            || self.sources.iter().any(|source| source.is_cluster_wide);
        let mut targets =
            self.targets(&labels, left_out, &exposed, &moved, allowed, interpreter)?;
        let mut verdict = Verdict {
            moves_address: moved.contains(&ADDRESS),
            judges_exported,
            ..Verdict::default()
        };
        self.find_ways(
            &labels,
            &moved,
            &mut targets,
            &mut verdict,
            allowed,
            interpreter,
        )?;
        for series in &targets {
            for label in unlike(series, [TARGET, NAMESPACE]) {
                self.note(
                    &mut verdict.target,
                    &labels,
                    series,
                    label,
                    allowed,
                    interpreter,
                )?;
            }
        }
        let merged = self.merged(&labels, &exposed, judges_exported, targets)?;
        let samples = interpreter.run(&rules, &labels, &needed, merged)?;
        for series in &samples {
            for label in unlike(series, [MERGED, NAMESPACE]) {
                self.note(
                    &mut verdict.sample,
                    &labels,
                    series,
                    label,
                    allowed,
                    interpreter,
                )?;
            }
            if judges_exported || series.is_cluster_wide {
                for label in unlike(series, [MERGED_EXPORTED, DISPLACED]) {
                    self.note(
                        &mut verdict.exported,
                        &labels,
                        series,
                        label,
                        allowed,
                        interpreter,
                    )?;
                }
            }
        }
        if !verdict.leaks() {
            verdict.is_empty = !self.sources.is_empty();
            for series in &samples {
                // What only a Prometheus of some kind would let through does not count.
                let is_certain = series
                    .loose
                    .is_none_or(|rule| rule.stage != Stage::Prometheus);
                // It is only a warning: where that is too complex, there is none.
                if is_certain
                    && allowed
                        .admits(series, NAMESPACE, &mut interpreter.budget)
                        .unwrap_or(true)
                {
                    verdict.is_empty = false;
                    break;
                }
            }
        }
        Ok(verdict)
    }

    /// Whether each label with a name of Kubernetes' discovery is one that Kubernetes discovered: nothing else
    /// gives such a label, and no rule writes one.
    #[must_use]
    pub fn are_of_kubernetes(&self) -> bool {
        let is_discovered = |source: &Source| {
            let mut labels = source.labels.iter();
            source.discovery != Discovery::Anywhere
                && !labels.any(|(name, _)| name.starts_with(META_KUBERNETES))
        };
        self.sources.iter().all(is_discovered) && !self.relabelings.iter().any(may_write_discovered)
    }

    /// Where targets are scraped: what stands elsewhere, and which path leads to an exporter that reports on
    /// many namespaces.
    fn find_ways(
        &self,
        labels: &Labels,
        moved: &[&'static str],
        targets: &mut Vec<Series>,
        verdict: &mut Verdict,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<(), TooComplex> {
        let mut reaching = Vec::new();
        // The paths that lead to such exporters, made when it is asked.
        let mut leading = None;
        for series in targets.iter_mut() {
            let place = |name| labels.place(name).filter(|_| moved.contains(&name));
            if let Some(path) = place(METRICS_PATH).filter(|_| !self.honor_labels) {
                let path = series.labels[path].clone();
                let reach = if series.is_made_up(&path) {
                    Reach::ClusterWide(None)
                } else {
                    let path = settled(series, &path, &mut interpreter.budget)?;
                    self.reach(series, &path, &mut leading, interpreter)?
                };
                match reach {
                    Reach::Nothing => {}
                    Reach::Free => verdict.has_free_path = true,
                    Reach::ClusterWide(None) => series.is_cluster_wide = true,
                    Reach::ClusterWide(Some(mut led)) => {
                        led.is_cluster_wide = true;
                        reaching.push(*led);
                    }
                }
            }
            let keeps = |address: usize| series.labels[address].text().is_none();
            verdict.keeps_address |= place(ADDRESS).is_some_and(keeps);
            if let (Some(address), None) = (place(ADDRESS), &verdict.standing) {
                let value = &series.labels[address];
                let standing = if series.is_made_up(value) {
                    Some(Standing::unknown(value))
                } else {
                    let budget = &mut interpreter.budget;
                    stands_outside(allowed, series, &settled(series, value, budget)?, budget)?
                };
                if let Some(mut standing) = standing
                    && is_possible(series, None, &mut interpreter.budget)?
                {
                    // What may not be scraped at all is no witness.
                    standing.namespace = standing.namespace.filter(|_| series.loose.is_none());
                    verdict.standing = Some((standing, series.writers[address]));
                }
            }
            if let (Some(scheme), None) = (place(SCHEME), &verdict.standing)
                && may_be_an_address(series, scheme, interpreter)?
            {
                let standing = Standing::unknown(&series.labels[scheme]);
                verdict.standing = Some((standing, series.writers[scheme]));
            }
            if !self.is_named && !verdict.has_targets {
                verdict.has_targets = is_possible(series, None, &mut interpreter.budget)?;
            }
        }
        targets.extend(reaching);
        verdict.judges_exported |= targets.iter().any(|series| series.is_cluster_wide);
        Ok(())
    }

    /// The labels by which the scrape may go elsewhere than its target stands, or to another path.
    fn moved(&self, interpreter: &mut Interpreter) -> Result<Vec<&'static str>, TooComplex> {
        let mut moved = Vec::new();
        let are_of_kubernetes = self.are_of_kubernetes();
        for name in MOVING {
            let given = self.sources.iter().flat_map(|source| &source.labels);
            interpreter.budget.spend(8 * self.relabelings.len())?;
            let mut is_moved = false;
            for (given, _) in given {
                interpreter.budget.spend(1)?;
                is_moved |= given == name && name != ADDRESS;
            }
            for rule in &self.relabelings {
                is_moved = is_moved || interpreter.may_change_of(rule, name, are_of_kubernetes)?;
            }
            if is_moved {
                moved.push(name);
            }
        }
        Ok(moved)
    }

    /// Whether the path of a target is one at which an exporter reports on many namespaces.
    fn reach(
        &self,
        series: &Series,
        path: &Value,
        leading: &mut Option<Rc<Automaton>>,
        interpreter: &mut Interpreter,
    ) -> Result<Reach, TooComplex> {
        let budget = &mut interpreter.budget;
        let known = &self.cluster_wide_paths;
        if let Some(path) = path.text() {
            let lengths = known.iter().map(|known| path.len() + known.len());
            budget.spend(lengths.sum())?;
            let leads = known.iter().any(|known| leads_to(path, known));
            return Ok(if leads {
                Reach::ClusterWide(None)
            } else {
                Reach::Nothing
            });
        }
        if leading.is_none() {
            let language = Automaton::new(&leading_to(known), true)?;
            budget.spend(language.states() * language.words())?;
            *leading = Some(Rc::new(language));
        }
        let Some(language) = leading else {
            return Ok(Reach::Nothing);
        };
        let led = series.clone().constrained(path, language, true, None);
        let Some(led) = led else {
            return Ok(Reach::Nothing);
        };
        if known.is_empty() || !is_possible(&led, None, budget)? {
            return Ok(Reach::Nothing);
        }
        // What is nothing but a label's value is that label's business, as far as it has a choice.
        if path.plain_variable().is_some() {
            let other = series.clone().constrained(path, language, false, None);
            if let Some(other) = other
                && is_possible(&other, None, budget)?
            {
                return Ok(Reach::Free);
            }
        }
        Ok(Reach::ClusterWide(Some(Box::new(led))))
    }

    /// Takes note of a leak, unless there is one already that says more.
    fn note(
        &self,
        known: &mut Option<Leak>,
        labels: &Labels,
        series: &Series,
        label: usize,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<(), TooComplex> {
        if known.as_ref().is_some_and(|leak| leak.witness.is_some()) {
            return Ok(());
        }
        let Some(mut leak) = allowed.leak(series, label, &mut interpreter.budget)? else {
            return Ok(());
        };
        if leak.witness.is_some() {
            leak.loose = self.remapping(labels, series, interpreter)?;
            leak.witness = leak.witness.filter(|_| leak.loose.is_none());
        }
        if known.is_none() || leak.witness.is_some() {
            *known = Some(leak);
        }
        Ok(())
    }

    /// A rule that maps one of the labels that the series was given to another one that no rule
    /// mentions, so that this one may not be what it was given as.
    fn remapping(
        &self,
        labels: &Labels,
        series: &Series,
        interpreter: &mut Interpreter,
    ) -> Result<Option<RuleId>, TooComplex> {
        let names = || series.given.iter().map(|(origin, _)| origin.name());
        let unmentioned = || names().filter(|name| labels.place(name).is_none());
        if unmentioned().next().is_none() {
            return Ok(None);
        }
        let rules = numbered(Stage::Relabelings, &self.relabelings)
            .chain(numbered(Stage::MetricRelabelings, &self.metric_relabelings));
        for (id, rule) in rules.filter(|(_, rule)| rule.action == Action::LabelMap) {
            for from in names() {
                for to in unmentioned().filter(|to| *to != from) {
                    if interpreter.maps(rule, from, to)? {
                        return Ok(Some(id));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The endpoint's own rules of a stage, but for those that are left out.
    fn rules(&self, stage: Stage, left_out: &BTreeSet<RuleId>) -> Vec<(RuleId, &Rule)> {
        let rules = match stage {
            Stage::MetricRelabelings => &self.metric_relabelings,
            _ => &self.relabelings,
        };
        let rules = numbered(stage, rules);
        rules.filter(|(id, _)| !left_out.contains(id)).collect()
    }

    /// The labels that the endpoint's rules mention, and what these depend on.
    fn labels(
        &self,
        left_out: &BTreeSet<RuleId>,
        budget: &mut Budget,
    ) -> Result<Labels, TooComplex> {
        let mut labels = Labels::default();
        labels.are_of_kubernetes = self.are_of_kubernetes();
        let targets = self.rules(Stage::Relabelings, left_out);
        let samples = self.rules(Stage::MetricRelabelings, left_out);
        let own = || targets.iter().chain(&samples).map(|(_, rule)| *rule);
        // Rules that write labels, or read them, that they do not name.
        let names_none = |rule: &Rule| {
            rule.action == Action::LabelMap || rule.target_label.contains('$') || rule.is_unknown
        };
        let all = own().any(names_none);
        for rule in own() {
            budget.spend(rule.source_labels.len())?;
            labels.mention(rule)?;
        }
        let maps = |rule: &Rule| rule.action == Action::LabelMap;
        if self.metric_relabelings.iter().any(maps) {
            // Each sample has one, so that it may be what is mapped last.
            labels.add(METRIC_NAME)?;
        }
        if labels.place(INSTANCE).is_some() || all {
            labels.add(INSTANCE)?;
            labels.add(ADDRESS)?;
        }
        // Backwards, for a rule may read what one before it wrote.
        budget.spend(self.operator.len())?;
        for rule in self.operator.iter().rev() {
            if all || is_read(rule, &labels) {
                labels.mention(rule)?;
            }
        }
        if all {
            for (name, _) in self.sources.iter().flat_map(|source| &source.labels) {
                labels.add(name)?;
            }
        }
        let sources = own().map(|rule| rule.source_labels.len()).max();
        if sources > Some(MAX_LABELS) {
            return Err(TooComplex);
        }
        Ok(labels)
    }

    /// The targets that survive relabeling.
    fn targets(
        &self,
        labels: &Labels,
        left_out: &BTreeSet<RuleId>,
        exposed: &[bool],
        moved: &[&'static str],
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Vec<Series>, TooComplex> {
        let mut discovered = Vec::new();
        for source in &self.sources {
            interpreter.budget.spend(source.labels.len())?;
            if let Discovery::In(names) = &source.discovery {
                interpreter.budget.spend(4 * names.len())?;
            }
            let is_mentioned = |(name, _): &&(String, String)| labels.place(name).is_some();
            let given: Vec<&(String, String)> = source.labels.iter().filter(is_mentioned).collect();
            for addresses in source.addresses(labels, moved.contains(&ADDRESS)) {
                let texts: usize = addresses.iter().map(String::len).sum();
                interpreter.budget.spend(labels.names().len() + texts)?;
                let mut target = self.discovered(source, &given, addresses, labels, allowed)?;
                target.is_cluster_wide = source.is_cluster_wide && !self.honor_labels;
                if source.is_possible {
                    target.loosen(RuleId::IGNORED_SELECTOR);
                }
                if matches!(source.discovery, Discovery::Fixed(_)) {
                    for (names, have) in PROMETHEUS_OWN {
                        let names = interpreter.compile(names)?.map_err(|_| TooComplex)?;
                        target.dropped.push((Rc::clone(&names.automaton), !have));
                    }
                }
                discovered.push(target);
            }
        }
        interpreter.budget.spend(self.operator.len())?;
        let operator: Vec<(RuleId, &Rule)> = numbered(Stage::Operator, &self.operator)
            .filter(|(_, rule)| is_read(rule, labels))
            .collect();
        let rules = self.rules(Stage::Relabelings, left_out);
        let mut needed: Vec<bool> = labels
            .names()
            .iter()
            .zip(exposed)
            .map(|(name, read)| name == "namespace" || *read && !name.starts_with("__"))
            .collect();
        for place in moved.iter().filter_map(|name| labels.place(name)) {
            needed[place] = true;
        }
        let instance = labels.place(INSTANCE).filter(|place| needed[*place]);
        let instance = instance.zip(labels.place(ADDRESS));
        if let Some((_, address)) = instance {
            needed[address] = true;
        }
        let (read, _) = interpreter.needs(&rules, labels, &needed)?;
        let prepared = interpreter.run(&operator, labels, &read, discovered)?;
        let maps = self
            .relabelings
            .iter()
            .any(|rule| rule.action == Action::LabelMap);
        let prepared = unsettled(prepared, labels, &read, maps);
        let relabeled = interpreter.run(&rules, labels, &needed, prepared)?;
        let Some((instance, address)) = instance else {
            return Ok(relabeled);
        };
        let something = something()?;
        let named = |series| with_instance(series, instance, address, &something);
        Ok(relabeled.into_iter().flat_map(named).collect())
    }

    /// A target as it is discovered, with one of these addresses.
    fn discovered(
        &self,
        source: &Source,
        given: &[&(String, String)],
        addresses: &[String],
        labels: &Labels,
        allowed: &Allowed,
    ) -> Result<Series, TooComplex> {
        let mut series = Series::new(labels.names().len());
        let namespace = namespace_of(source, &mut series, allowed)?;
        let nothing = literals(&[])?;
        let mut written = BTreeMap::new();
        // An empty label is none: where Prometheus has a default, it takes that.
        for (name, value) in given.iter().filter(|(_, value)| !value.is_empty()) {
            // Prometheus 2 lets `params` win over such a label.
            let is_known = !has_placeholder(value) && value.len() <= MAX_VALUE;
            let value = if !is_known || name.starts_with("__param_") {
                // It is not known, and so no witness can be made of it.
                let value = series.fresh();
                series.assume(&value, &nothing, true, None);
                value
            } else {
                let value = Value::literal(value);
                series
                    .given
                    .push((Origin::Target(name.clone()), value.clone()));
                value
            };
            written.insert(name.as_str(), value);
        }
        for (place, name) in labels.names().iter().enumerate() {
            let given = series
                .given
                .iter()
                .find(|(origin, _)| origin.name() == name);
            let given = written.get(name.as_str()).or(given.map(|(_, value)| value));
            let value = match (place, given) {
                (MERGED | MERGED_EXPORTED | DISPLACED, _) => Value::default(),
                (TARGET, _) if source.discovery == Discovery::Anywhere => Value::default(),
                (TARGET, _) => namespace.clone(),
                // The operator's own rules have set it before any of the monitor's.
                (NAMESPACE, _) if self.is_named => namespace.clone(),
                (_, Some(value)) if name != ADDRESS => value.clone(),
                (META_NAMESPACE, _) => namespace.clone(),
                (NAMESPACE, _) if source.discovery != Discovery::Anywhere => Value::default(),
                // Kuma's discovery gives one, for example.
                _ if name == METRICS_PATH
                    && !matches!(source.discovery, Discovery::Anywhere | Discovery::Nowhere)
                    && self.path.len() <= MAX_VALUE
                    && !has_placeholder(&self.path) =>
                {
                    Value::literal(&self.path)
                }
                _ if source.lacks(name) => Value::default(),
                _ => {
                    let value = series.fresh_from(Origin::Target(name.clone()));
                    if let Some(text) = series.variables.last_mut() {
                        *text = source.text(name);
                    }
                    value
                }
            };
            series.labels[place] = value;
        }
        if let Some(place) = labels.place(SCHEME)
            && source.discovery != Discovery::Anywhere
            && !written.contains_key(SCHEME)
        {
            let scheme = series.labels[place].clone();
            series.know_inside(&scheme, &Rc::new(Automaton::of_texts(&SCHEMES)?));
        }
        if let Some(place) = labels.place(ADDRESS) {
            let address = series.labels[place].clone();
            if let [address] = addresses
                && address.len() <= MAX_VALUE
            {
                let origin = Origin::Target(ADDRESS.to_owned());
                series.labels[place] = Value::literal(address);
                series.given.retain(|(given, _)| *given != origin);
                series.given.push((origin, Value::literal(address)));
            } else if addresses.is_empty() {
                // A target without an address is dropped.
                series.know_inside(&address, &something()?);
            } else {
                series.know_inside(&address, &literals(addresses)?);
            }
        }
        Ok(series)
    }

    /// The samples of the targets, those of their labels merged that are read afterwards.
    fn merged(
        &self,
        labels: &Labels,
        read: &[bool],
        judges_exported: bool,
        targets: Vec<Series>,
    ) -> Result<Vec<Series>, TooComplex> {
        let something = something()?;
        let reads_namespace = self
            .metric_relabelings
            .iter()
            .any(|rule| rule.action == Action::LabelMap || rule.reads(NAMESPACES[NAMESPACE]));
        let mut samples = Vec::new();
        for target in targets {
            let mut target = target;
            target.dropped.clear();
            target.refilled = false;
            let given = target.labels[EXPORTED_NAMESPACE].clone();
            let judges_exported = judges_exported || target.is_cluster_wide;
            let origin = Origin::Target("exported_namespace".to_owned());
            let before = target.given.iter().find(|(given, _)| *given == origin);
            let before = before.map_or_else(Value::default, |(_, value)| value.clone());
            let mut all = vec![target];
            for (place, name) in labels.names().iter().enumerate() {
                if name.is_empty() || !(read[place] || place == NAMESPACE) {
                    continue;
                }
                let exposed_only =
                    name.starts_with("__") || self.honor_labels && place != NAMESPACE;
                all = all
                    .into_iter()
                    .flat_map(|series| {
                        if exposed_only {
                            // Whatever the target's label is, an exporter may expose the same.
                            vec![exposed(series, place, name, &something)]
                        } else if self.honor_labels {
                            vec![exposed(series.clone(), place, name, &something), series]
                        } else {
                            Self::filled(series, place, name, &something)
                        }
                    })
                    .collect();
                if all.len() > MAX_SERIES {
                    return Err(TooComplex);
                }
            }
            if judges_exported && reads_namespace && !self.honor_labels {
                // By what the target's own namespace is, what is exported may be filtered.
                let own = Value::literal(&self.own);
                let others = all.iter().filter(|series| series.labels[NAMESPACE] != own);
                let mut enforced: Vec<Series> = others.cloned().collect();
                for series in &mut enforced {
                    series.labels[NAMESPACE] = own.clone();
                    series.loosen(RuleId::ENFORCED_NAMESPACE);
                }
                all.extend(enforced);
            }
            for mut series in unsettled(all, labels, read, false) {
                series.labels[MERGED] = series.labels[NAMESPACE].clone();
                let exported = series.labels[EXPORTED_NAMESPACE].clone();
                // Where a rule gave the target such a label, the exposed namespace makes room once
                // more, and nothing is known of it: otherwise that rule would hide it.
                let is_given = series.writers[EXPORTED_NAMESPACE].is_some()
                    || given.text().is_some_and(|text| !text.is_empty())
                    || may_have_any_label(&series);
                let taken = !self.honor_labels && is_given && exported == given;
                series.labels[MERGED_EXPORTED] = exported;
                series.labels[DISPLACED] = if taken {
                    if !before.0.is_empty() && before.text().is_none() {
                        // A rule that changed nothing gave nothing.
                        series.know_different(&before, &given);
                    }
                    let origin = Origin::Exposed("namespace".to_owned());
                    let known = series.given.iter().find(|(given, _)| *given == origin);
                    let known = known.map(|(_, value)| value.clone());
                    known.unwrap_or_else(|| series.fresh_from(origin))
                } else {
                    Value::default()
                };
                series.writers[MERGED_EXPORTED] = series.writers[EXPORTED_NAMESPACE];
                series.writers[MERGED] = series.writers[NAMESPACE];
                series.writers[NAMESPACE] = None;
                samples.push(series);
            }
        }
        Ok(samples)
    }

    /// With `honorLabels: false`, the target's label where it has one, else what is exposed: for
    /// `exported_namespace` also the exposed namespace, which had to make room.
    fn filled(series: Series, place: usize, name: &str, something: &Rc<Automaton>) -> Vec<Series> {
        let value = series.labels[place].clone();
        if let Some(text) = value.text() {
            return vec![if text.is_empty() {
                exposed(series, place, name, something)
            } else {
                series
            }];
        }
        let never_empty = value.0.iter().any(|part| match part {
            Part::Literal(_) => true,
            Part::Variable(index, _) => series.variables[*index] == Text::Namespace,
        });
        if never_empty {
            return vec![series];
        }
        let variable = value.plain_variable();
        // Where it counts that the target has the exported one, it is asked.
        let is_free = place != EXPORTED_NAMESPACE || !may_have_any_label(&series);
        if is_free && variable.is_some_and(|variable| series.is_own(variable, place)) {
            // Free on the target, free in what is exposed: free.
            return vec![exposed(series, place, name, something)];
        }
        let kept = series.clone().constrained(&value, something, true, None);
        let absent = series.constrained(&value, something, false, None);
        kept.into_iter()
            .chain(absent.map(|series| exposed(series, place, name, something)))
            .collect()
    }

    /// Whether the exporter, or its path, is one that reports on many namespaces.
    #[must_use]
    pub fn is_cluster_wide(&self) -> bool {
        let known = || self.cluster_wide_paths.iter();
        self.cluster_wide
            || has_placeholder(&self.path)
            || known().any(|known| leads_to(&self.path, known))
    }

    /// Whether it matters what of the exporter's own label `namespace` is moved to
    /// `exported_namespace`.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn judges_exported(&self, interpreter: &mut Interpreter) -> Result<bool, TooComplex> {
        if self.honor_labels {
            return Ok(false);
        }
        if self.is_cluster_wide() {
            return Ok(true);
        }
        for rule in self.relabelings.iter().chain(&self.metric_relabelings) {
            if rule.reads("exported_namespace") {
                return Ok(true);
            }
            if rule.action == Action::LabelMap {
                let maps = match interpreter.compile(&rule.regex)? {
                    _ if has_placeholder(&rule.regex) => true,
                    Ok(regex) => {
                        let exported = NAMESPACES[EXPORTED_NAMESPACE];
                        interpreter.contains(&regex.automaton, exported)? != Membership::No
                    }
                    Err(_) => true,
                };
                if maps {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether the scheme of a target may be more than one. What is nothing but a label's value is that label's
/// business, as far as it has a choice.
fn may_be_an_address(
    series: &Series,
    place: usize,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    let scheme = &series.labels[place];
    let schemes = Rc::new(Automaton::of_texts(&SCHEMES)?);
    let budget = &mut interpreter.budget;
    let is_one = |inside| {
        let series = series.clone();
        series.constrained(scheme, &schemes, inside, None)
    };
    let Some(other) = is_one(false) else {
        return Ok(false);
    };
    if !is_possible(&other, None, budget)? {
        return Ok(false);
    }
    let is_choice = scheme.plain_variable().is_some() && !series.is_made_up(scheme);
    let has_choice = match is_one(true).filter(|_| is_choice) {
        Some(choice) => is_possible(&choice, None, budget)?,
        None => false,
    };
    Ok(!has_choice)
}

/// Whether what discovered the target may have given it any label, that of Kubernetes' namespace, too.
fn may_have_any_label(series: &Series) -> bool {
    let is_meta = |(origin, _): &(Origin, Value)| origin.name() == META;
    series.labels[TARGET].0.is_empty() && series.given.iter().any(is_meta)
}

/// Whether the rule may write a label with a name of Kubernetes' discovery. A labelmap that takes the keys of
/// labels for names does not: they begin with a letter or a digit.
fn may_write_discovered(rule: &Rule) -> bool {
    let maps_keys = || {
        let key = rule.regex.strip_prefix(META_KUBERNETES).and_then(|rest| {
            let kinds = [
                "_label_",
                "_annotation_",
                "_labelpresent_",
                "_annotationpresent_",
            ];
            kinds.iter().find_map(|kind| {
                let (object, key) = rest.split_once(kind)?;
                let is_name = object.bytes().all(|byte| byte.is_ascii_lowercase());
                is_name.then_some(key)
            })
        });
        rule.replacement == "$1" && matches!(key, Some("(.+)" | "(.*)"))
    };
    match rule.action {
        Action::LabelMap => !maps_keys(),
        Action::Replace | Action::Lowercase | Action::Uppercase | Action::HashMod => {
            let target = &rule.target_label;
            !rule.writes_one_label() || target.starts_with(META_KUBERNETES) || rule.is_unknown
        }
        Action::LabelDrop | Action::LabelKeep => rule.is_unknown,
        Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual => false,
    }
}

/// The namespace of a discovered target.
fn namespace_of(
    source: &Source,
    series: &mut Series,
    allowed: &Allowed,
) -> Result<Value, TooComplex> {
    let namespaces = allowed.namespaces();
    let origin = || Origin::Target(META.to_owned());
    let names = match &source.discovery {
        Discovery::Nowhere | Discovery::Fixed(_) => return Ok(Value::default()),
        Discovery::Anywhere => return Ok(series.fresh_from(origin())),
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
        series.given.push((origin(), namespace.clone()));
        return Ok(namespace);
    }
    let namespace = series.fresh_from(origin());
    series.variables[0] = Text::Namespace;
    series.know_inside(&namespace, namespaces);
    if source.discovery == Discovery::Own {
        series.know_inside(&namespace, allowed.visible());
    }
    if let Some(names) = names {
        series.know_inside(&namespace, &literals(names)?);
    }
    Ok(namespace)
}

/// The series with a label that the exporter exposes.
fn exposed(mut series: Series, place: usize, name: &str, something: &Rc<Automaton>) -> Series {
    let value = series.fresh_from(Origin::Exposed(name.to_owned()));
    if name == METRIC_NAME {
        // What comes without a name fails the scrape, unless a rule gives it one.
        series.assume(&value, something, true, None);
    }
    series.labels[place] = value;
    series.writers[place] = None;
    series
}

/// The series, and once more those in which a label that is read may have been written meanwhile by the
/// Prometheus that scrapes; `maps` tells whether a label of any name may be read.
fn unsettled(all: Vec<Series>, labels: &Labels, read: &[bool], maps: bool) -> Vec<Series> {
    let mut unsettled = Vec::new();
    for series in &all {
        let is_known = |place: usize| {
            let variable = series.labels[place].plain_variable();
            !variable.is_some_and(|variable| series.is_own(variable, place))
        };
        let places = labels
            .writable()
            .filter(|(place, name)| read[*place] && !is_relied_on(name));
        let places: Vec<usize> = places
            .map(|(place, _)| place)
            .filter(|&place| is_known(place))
            .collect();
        let is_complete = maps && !series.dropped.is_empty();
        if !places.is_empty() || is_complete {
            let mut other = series.clone();
            for place in places {
                other.labels[place] = other.fresh();
                other.writers[place] = None;
            }
            let may_change = |(origin, _): &(Origin, Value)| {
                labels.place(origin.name()).is_none() && !is_relied_on(origin.name())
            };
            let known = other.given.iter().any(may_change);
            other.refill(known);
            other.loosen(RuleId::SCRAPE_CLASS);
            unsettled.push(other);
        }
    }
    let mut all = all;
    all.extend(unsettled);
    all
}

/// Whether a rule of the operator is about a label that is mentioned: it writes it, or filters by
/// it. What is not mentioned is never looked at.
fn is_read(rule: &Rule, labels: &Labels) -> bool {
    let mentions = |name: &str| labels.place(name).is_some();
    match rule.action {
        Action::Replace => mentions(&rule.target_label),
        _ => rule.source_labels.iter().any(|name| mentions(name)),
    }
}

/// What `PopulateLabels` (`scrape/target.go`) does after the last rule: a target without a label
/// `instance` gets its address.
fn with_instance(
    series: Series,
    instance: usize,
    address: usize,
    something: &Rc<Automaton>,
) -> impl Iterator<Item = Series> {
    let value = series.labels[instance].clone();
    let named = series.clone().constrained(&value, something, true, None);
    let mut unnamed = series.constrained(&value, something, false, None);
    let mut older = None;
    if let Some(series) = &mut unnamed {
        let value = series.labels[address].clone();
        let has_port = |text: &str| {
            let port = text.rsplit_once(':').map(|(_, port)| port);
            port.is_some_and(|port| {
                !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        if !value.text().is_some_and(has_port) {
            let mut series = series.clone();
            series.labels[instance] = series.fresh();
            series.loosen(RuleId::ADDED_PORT);
            older = Some(series);
        }
        series.labels[instance] = value;
    }
    named.into_iter().chain(unnamed).chain(older)
}

/// The language of these texts.
fn literals(texts: &[String]) -> Result<Rc<Automaton>, TooComplex> {
    Ok(Rc::new(Automaton::of_texts(texts)?))
}

/// Those of two labels to be looked at: the same value leaks the same.
fn unlike(series: &Series, [one, other]: [usize; 2]) -> impl Iterator<Item = usize> {
    let is_unlike = series.labels[one] != series.labels[other];
    std::iter::once(one).chain(is_unlike.then_some(other))
}

fn something() -> Result<Rc<Automaton>, TooComplex> {
    Ok(Rc::new(Automaton::new(&Expression::something(), true)?))
}

pub(super) fn numbered(stage: Stage, rules: &[Rule]) -> impl Iterator<Item = (RuleId, &Rule)> {
    rules
        .iter()
        .enumerate()
        .map(move |(index, rule)| (RuleId { stage, index }, rule))
}

/// Whether the rule is a *confining keep*: by itself, whatever arrives, it lets only allowed
/// namespaces through, in label `namespace` or (where `target` is set) in
/// `__meta_kubernetes_namespace`.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove it.
pub fn is_confining_keep(
    rule: &Rule,
    target: bool,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    if rule.action != Action::Keep || rule.is_unknown {
        return Ok(false);
    }
    for (place, source) in rule.source_labels.iter().enumerate() {
        let is_namespace =
            source == "namespace" || target && source == "__meta_kubernetes_namespace";
        if is_namespace
            && !lets_through(
                rule,
                place,
                allowed.forbidden().to_vec(),
                MAX_NAMESPACE,
                interpreter,
            )?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the keep may let through a text that fulfils the conditions, as the value of its source label at this
/// place, whatever the others are; it has at most so many characters.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove that it does not.
pub fn lets_through(
    rule: &Rule,
    place: usize,
    mut conditions: Vec<Condition>,
    longest: usize,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    if rule.is_unknown {
        return Ok(true);
    }
    let Ok(regex) = interpreter.compile(&rule.regex)? else {
        return Ok(true);
    };
    let separator = || Surrounding::Literal(rule.separator.clone().into_owned());
    let mut before = Vec::new();
    for _ in 0..place {
        before.extend([Surrounding::ANYTHING, separator()]);
    }
    let mut after = Vec::new();
    for _ in place + 1..rule.source_labels.len() {
        after.extend([separator(), Surrounding::ANYTHING]);
    }
    conditions.push(Condition {
        before,
        after,
        ..Condition::inside(Rc::clone(&regex.automaton))
    });
    let budget = &mut interpreter.budget;
    exists(&conditions, u128::MAX, longest, &[], budget)
}
