//! The way of a series from service discovery into the database, for one endpoint: what
//! prometheus-operator makes of it (`generateServiceMonitorConfig`, `generatePodMonitorConfig` in
//! `pkg/prometheus/promcfg.go`, v0.93) and what Prometheus does then (`PopulateLabels` in
//! `scrape/target.go`, `mutateSampleLabels` in `scrape/scrape.go`).

use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership};
use crate::language::budget::TooComplex;
use crate::language::condition::{Condition, Surrounding};
use crate::language::expression::Expression;
use crate::language::product::exists;

use super::interpret::{Interpreter, MAX_SERIES};
use super::labels::{
    EXPORTED_NAMESPACE, Labels, MAX_LABELS, MERGED, MERGED_EXPORTED, META_NAMESPACE, METRIC_NAME,
    NAMESPACE, TARGET,
};
use super::leak::{Allowed, Leak, MAX_NAMESPACE};
use super::rule::{Action, Rule, has_placeholder};
use super::series::{Origin, Series};
use super::value::{Part, Value};
use super::{RuleId, Stage};

const META: &str = "__meta_kubernetes_namespace";
const ADDRESS: &str = "__address__";
const INSTANCE: &str = "instance";

/// Where targets are discovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// In all namespaces of the cluster.
    Everywhere,
    /// In these.
    In(Rc<[String]>),
    /// In the one of the Prometheus that scrapes, which is one that its environment may see.
    Own,
    /// They stand in the object, with these addresses and with no labels but those given.
    Fixed(Vec<String>),
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
}

/// The most targets that stand in an object and are followed one by one.
const FOLLOWED_ADDRESSES: usize = 64;

impl Source {
    /// The addresses of its targets where they are known and where it matters, some at a time: of
    /// many, all that is known of each is that it is one of some.
    fn addresses<'a>(&'a self, labels: &Labels) -> impl Iterator<Item = &'a [String]> {
        let known = match &self.discovery {
            Discovery::Fixed(addresses) if labels.place(ADDRESS).is_some() => addresses.as_slice(),
            _ => &[],
        };
        let some = if known.len() > FOLLOWED_ADDRESSES {
            32
        } else {
            1
        };
        let unknown = known.is_empty().then_some(known);
        known.chunks(some).chain(unknown)
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
pub struct Verdict {
    /// A target of a forbidden namespace, or with such a label: it shows in the report samples.
    pub target: Option<Leak>,
    /// A sample of a forbidden namespace.
    pub sample: Option<Leak>,
    /// A sample of a forbidden namespace in `exported_namespace`.
    pub exported: Option<Leak>,
    /// Whether nothing that the environment may see can come through.
    pub is_empty: bool,
}

impl Verdict {
    /// Whether a leak was found.
    #[must_use]
    pub const fn leaks(&self) -> bool {
        self.target.is_some() || self.sample.is_some() || self.exported.is_some()
    }
}

impl Scrape {
    /// What can come through.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice to prove it.
    pub fn judge(
        &self,
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Verdict, TooComplex> {
        let labels = self.labels()?;
        let rules: Vec<(RuleId, &Rule)> =
            numbered(Stage::MetricRelabelings, &self.metric_relabelings).collect();
        let mut needed = vec![false; labels.names().len()];
        needed[NAMESPACE] = true;
        let (mut exposed, _) = interpreter.needs(&rules, &labels, &needed)?;
        let judges_exported = self.judges_exported(interpreter)?;
        exposed[EXPORTED_NAMESPACE] |= judges_exported;
        let targets = self.targets(&labels, &exposed, allowed, interpreter)?;
        let mut verdict = Verdict::default();
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
        let merged = self.merged(&labels, &exposed, targets)?;
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
            if judges_exported {
                let exported = &mut verdict.exported;
                self.note(
                    exported,
                    &labels,
                    series,
                    MERGED_EXPORTED,
                    allowed,
                    interpreter,
                )?;
            }
        }
        if !verdict.leaks() {
            verdict.is_empty = !self.sources.is_empty();
            for series in &samples {
                // It is only a warning: where that is too complex, there is none.
                if allowed
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

    /// The labels that the endpoint's rules mention, and what these depend on.
    fn labels(&self) -> Result<Labels, TooComplex> {
        let mut labels = Labels::default();
        let own = || self.relabelings.iter().chain(&self.metric_relabelings);
        // Rules that write labels, or read them, that they do not name.
        let names_none = |rule: &Rule| {
            rule.action == Action::LabelMap
                || rule.target_label.contains('$')
                || rule.has_placeholder()
        };
        let all = own().any(names_none);
        for rule in own() {
            labels.mention(rule);
        }
        let maps = |rule: &Rule| rule.action == Action::LabelMap;
        if self.metric_relabelings.iter().any(maps) {
            // Each sample has one, so that it may be what is mapped last.
            labels.add(METRIC_NAME);
        }
        if labels.place(INSTANCE).is_some() || all {
            labels.add(INSTANCE);
            labels.add(ADDRESS);
        }
        // Backwards, for a rule may read what one before it wrote.
        for rule in self.operator.iter().rev() {
            if all || is_read(rule, &labels) {
                labels.mention(rule);
            }
        }
        if all {
            let given = self.sources.iter().flat_map(|source| &source.labels);
            given.for_each(|(name, _)| labels.add(name));
        }
        let sources = own().map(|rule| rule.source_labels.len()).max();
        if labels.names().len() > MAX_LABELS || sources > Some(MAX_LABELS) {
            return Err(TooComplex);
        }
        Ok(labels)
    }

    /// The targets that survive relabeling.
    fn targets(
        &self,
        labels: &Labels,
        exposed: &[bool],
        allowed: &Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Vec<Series>, TooComplex> {
        let mut discovered = Vec::new();
        for source in &self.sources {
            for addresses in source.addresses(labels) {
                interpreter.budget.spend(labels.names().len())?;
                let mut target = self.discovered(source, addresses, labels, allowed)?;
                if matches!(source.discovery, Discovery::Fixed(_)) {
                    for (names, have) in PROMETHEUS_OWN {
                        let names = interpreter.compile(names)?.map_err(|_| TooComplex)?;
                        target.dropped.push((Rc::clone(&names.automaton), !have));
                    }
                }
                discovered.push(target);
            }
        }
        let rules: Vec<(RuleId, &Rule)> = numbered(Stage::Operator, &self.operator)
            .filter(|(_, rule)| is_read(rule, labels))
            .chain(numbered(Stage::Relabelings, &self.relabelings))
            .collect();
        let mut needed: Vec<bool> = labels
            .names()
            .iter()
            .zip(exposed)
            .map(|(name, read)| name == "namespace" || *read && !name.starts_with("__"))
            .collect();
        let instance = labels.place(INSTANCE).filter(|place| needed[*place]);
        let Some((instance, address)) = instance.zip(labels.place(ADDRESS)) else {
            return interpreter.run(&rules, labels, &needed, discovered);
        };
        needed[address] = true;
        let relabeled = interpreter.run(&rules, labels, &needed, discovered)?;
        let something = something()?;
        let named = |series| with_instance(series, instance, address, &something);
        Ok(relabeled.into_iter().flat_map(named).collect())
    }

    /// A target as it is discovered, with one of these addresses.
    fn discovered(
        &self,
        source: &Source,
        addresses: &[String],
        labels: &Labels,
        allowed: &Allowed,
    ) -> Result<Series, TooComplex> {
        let mut series = Series::new(labels.names().len());
        let namespace = namespace_of(source, &mut series, allowed)?;
        let nothing = literals(&[])?;
        for (name, value) in &source.labels {
            let value = if has_placeholder(value) {
                // It is not known, and so no witness can be made of it.
                let value = series.fresh();
                series.assume(&value, &nothing, true, None);
                value
            } else {
                Value::literal(value)
            };
            series.given.push((Origin::Target(name.clone()), value));
        }
        for (place, name) in labels.names().iter().enumerate() {
            let mut given = series.given.iter();
            let given = given.find(|(origin, _)| origin.name() == name);
            let value = match (place, given) {
                (MERGED | MERGED_EXPORTED, _) => Value::default(),
                (TARGET, _) if source.discovery == Discovery::Anywhere => Value::default(),
                (TARGET, _) => namespace.clone(),
                // The operator's own rules have set it before any of the monitor's.
                (NAMESPACE, _) if self.is_named => namespace.clone(),
                (_, Some((_, value))) if name != ADDRESS => value.clone(),
                (META_NAMESPACE, _) => namespace.clone(),
                (NAMESPACE, _) if source.discovery != Discovery::Anywhere => Value::default(),
                _ if source.lacks(name) => Value::default(),
                _ => series.fresh_from(Origin::Target(name.clone())),
            };
            series.labels[place] = value;
        }
        if let Some(place) = labels.place(ADDRESS) {
            let address = series.labels[place].clone();
            if let [address] = addresses {
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
        targets: Vec<Series>,
    ) -> Result<Vec<Series>, TooComplex> {
        let something = something()?;
        let mut samples = Vec::new();
        for target in targets {
            let mut target = target;
            target.dropped.clear();
            target.refilled = false;
            let given = target.labels[EXPORTED_NAMESPACE].clone();
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
            for mut series in all {
                series.labels[MERGED] = series.labels[NAMESPACE].clone();
                let exported = series.labels[EXPORTED_NAMESPACE].clone();
                // Where a rule gave the target such a label, the exposed namespace makes room once
                // more, and nothing is known of it: otherwise that rule would hide it.
                let is_given = series.writers[EXPORTED_NAMESPACE].is_some()
                    || given.text().is_some_and(|text| !text.is_empty());
                let taken = !self.honor_labels && is_given && exported == given;
                series.labels[MERGED_EXPORTED] = if taken {
                    if !before.0.is_empty() && before.text().is_none() {
                        // A rule that changed nothing gave nothing.
                        series.know_different(&before, &given);
                    }
                    let origin = Origin::Exposed("namespace".to_owned());
                    let known = series.given.iter().find(|(given, _)| *given == origin);
                    let known = known.map(|(_, value)| value.clone());
                    known.unwrap_or_else(|| series.fresh_from(origin))
                } else {
                    exported
                };
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
            Part::Variable(index, _) => series.variables[*index],
        });
        if never_empty {
            return vec![series];
        }
        let variable = value.plain_variable();
        if variable.is_some_and(|variable| series.is_own(variable, place)) {
            // Free on the target, free in what is exposed: free.
            return vec![exposed(series, place, name, something)];
        }
        let kept = series.clone().constrained(&value, something, true, None);
        let absent = series.constrained(&value, something, false, None);
        kept.into_iter()
            .chain(absent.map(|series| exposed(series, place, name, something)))
            .collect()
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
        if self.cluster_wide {
            return Ok(true);
        }
        for rule in self.relabelings.iter().chain(&self.metric_relabelings) {
            if rule.reads("exported_namespace") {
                return Ok(true);
            }
            if rule.action == Action::LabelMap {
                let maps = match interpreter.compile(&rule.regex)? {
                    _ if has_placeholder(&rule.regex) => true,
                    Ok(regex) => regex.automaton.contains("exported_namespace") != Membership::No,
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
    series.variables[0] = true;
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
    if let Some(series) = &mut unnamed {
        series.labels[instance] = series.labels[address].clone();
    }
    named.into_iter().chain(unnamed)
}

/// The language of these texts.
fn literals(texts: &[String]) -> Result<Rc<Automaton>, TooComplex> {
    Automaton::of_texts(texts).map(Rc::new).ok_or(TooComplex)
}

/// Those of two labels to be looked at: the same value leaks the same.
fn unlike(series: &Series, [one, other]: [usize; 2]) -> impl Iterator<Item = usize> {
    let is_unlike = series.labels[one] != series.labels[other];
    std::iter::once(one).chain(is_unlike.then_some(other))
}

fn something() -> Result<Rc<Automaton>, TooComplex> {
    let something = Automaton::new(&Expression::something(), true);
    something.map(Rc::new).ok_or(TooComplex)
}

fn numbered(stage: Stage, rules: &[Rule]) -> impl Iterator<Item = (RuleId, &Rule)> {
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
    if rule.action != Action::Keep || rule.has_placeholder() {
        return Ok(false);
    }
    let Ok(regex) = interpreter.compile(&rule.regex)? else {
        return Ok(false);
    };
    for (place, source) in rule.source_labels.iter().enumerate() {
        let is_namespace =
            source == "namespace" || target && source == "__meta_kubernetes_namespace";
        if !is_namespace {
            continue;
        }
        let separator = || Surrounding::Literal(rule.separator.clone().into_owned());
        let mut before = Vec::new();
        for _ in 0..place {
            before.extend([Surrounding::ANYTHING, separator()]);
        }
        let mut after = Vec::new();
        for _ in place + 1..rule.source_labels.len() {
            after.extend([separator(), Surrounding::ANYTHING]);
        }
        let mut conditions = allowed.forbidden().to_vec();
        conditions.push(Condition {
            before,
            after,
            ..Condition::inside(Rc::clone(&regex.automaton))
        });
        let alphabet = crate::language::alphabet::NAMESPACE;
        let budget = &mut interpreter.budget;
        if !exists(&conditions, alphabet, MAX_NAMESPACE, &[], budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}
