//! Rule `namespace-filter`: through no endpoint can a series of another environment come.
//!
//! Each endpoint is proved by itself ([`Scrape::judge`]). What leaks is mended where it leaks:
//! targets in `relabelings`, samples in `metricRelabelings`. A fix is proposed only after the
//! mended endpoint was proved, too.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::json::Strict;
use crate::language::glob;
use crate::language::pattern::PatternError;
use crate::language::product::TooComplex;
use crate::relabel::interpret::Interpreter;
use crate::relabel::leak::{Allowed, Leak, Witness};
use crate::relabel::rule::{Action, Relabeling, Rule, has_placeholder};
use crate::relabel::scrape::{self, Discovery, Scrape, is_confining_keep};
use crate::relabel::{RuleId, Stage};
use crate::resource::Object;
use crate::resource::endpoint::{Endpoint, Monitor};
use crate::resource::operator_rules::operator_rules;
use crate::settings::{Environment, Membership, NamespaceFilter, Settings};
use crate::verdict::{self, Fix, Verdict, Violation};

/// The rule's name.
pub const NAME: &str = "namespace-filter";

const NAMESPACE: &str = "namespace";
const META_NAMESPACE: &str = "__meta_kubernetes_namespace";

/// The path of an endpoint that gives none (`Endpoint` in prometheus-operator's
/// `pkg/apis/monitoring/v1`).
const DEFAULT_PATH: &str = "/metrics";

/// Judges the endpoints of a monitor.
pub fn judge(
    object: &Object<'_>,
    monitor: &Monitor,
    namespace: &str,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let environment = match settings.environment_of(namespace) {
        Membership::Of(environment) => environment,
        Membership::Shared => {
            let release = object.label(&settings.release_label);
            match release.and_then(|release| settings.environment_with(release)) {
                Some(environment) => environment,
                None => return,
            }
        }
        Membership::None => return,
    };
    if let Some(class) = &monitor.scrape_class {
        verdict.warnings.push(format!(
            "spec.scrapeClass: the rules of scrape class {class:?} are those of the Prometheus, \
             and are not part of the proof"
        ));
    }
    let allowed = Allowed::new(
        settings.visible_to(environment),
        others(settings, environment).flat_map(|other| other.namespaces.iter().map(String::as_str)),
        others(settings, environment)
            .flat_map(|other| [other.name.clone(), other.release.clone()])
            .chain(["default".to_owned()])
            .collect(),
    );
    let Ok(allowed) = allowed else {
        verdict.violations.push(Violation {
            rule: NAME,
            field: format!("spec.{}", monitor.endpoints_field),
            message: "the globs of the policy's settings are too many for a proof".to_owned(),
            witness: None,
            fix: None,
        });
        return;
    };
    let mut judge = Judge {
        object,
        monitor,
        namespace,
        settings,
        environment,
        allowed,
        interpreter: Interpreter::default(),
        spec: Value::Null,
        verdict,
    };
    for (index, endpoint) in monitor.endpoints.iter().enumerate() {
        judge.endpoint(index, endpoint);
    }
}

fn others<'a>(
    settings: &'a Settings,
    environment: &'a Environment,
) -> impl Iterator<Item = &'a Environment> {
    settings
        .environments
        .iter()
        .filter(move |other| other.name != environment.name)
}

/// The judgement of one monitor.
struct Judge<'a, 'v> {
    object: &'a Object<'a>,
    monitor: &'a Monitor,
    namespace: &'a str,
    settings: &'a Settings,
    environment: &'a Environment,
    allowed: Allowed,
    interpreter: Interpreter,
    /// The whole `spec`, read only when a fix is made of it.
    spec: Value,
    verdict: &'v mut Verdict,
}

impl Judge<'_, '_> {
    fn endpoint(&mut self, index: usize, endpoint: &Endpoint) {
        let path = format!("spec.{}[{index}]", self.monitor.endpoints_field);
        let Some(scrape) = self.scrape(endpoint, &path) else {
            return;
        };
        self.warn_of_constant_address(&scrape, &path);
        let proof = self.prove(index, &path, &scrape);
        if proof == Err(TooComplex) {
            self.push(
                path,
                "too complex to prove that it does not leak; simplify the regexes of its \
                 relabelings"
                    .to_owned(),
                None,
                None,
            );
        }
    }

    /// The endpoint as the operator understands it; none where it refuses the object, which is
    /// then said.
    fn scrape(&mut self, endpoint: &Endpoint, path: &str) -> Option<Scrape> {
        let relabelings = self.rules(endpoint.relabelings.as_deref(), path, "relabelings");
        let metrics = endpoint.metric_relabelings.as_deref();
        let metric_relabelings = self.rules(metrics, path, "metricRelabelings");
        let selector = &self.monitor.namespace_selector;
        let names = selector
            .match_names
            .as_ref()
            .filter(|names| !names.is_empty());
        let discovery = match names {
            _ if selector.any == Some(true) => Discovery::Everywhere,
            Some(names) => Discovery::In(names.clone()),
            None => Discovery::In(vec![self.namespace.to_owned()]),
        };
        Some(Scrape {
            discovery,
            honor_labels: endpoint.honor_labels.unwrap_or(false),
            cluster_wide: self.is_cluster_wide(endpoint),
            operator: operator_rules(self.monitor, endpoint),
            relabelings: relabelings?,
            metric_relabelings: metric_relabelings?,
        })
    }

    fn rules(
        &mut self,
        relabelings: Option<&[Strict<Relabeling>]>,
        path: &str,
        field: &str,
    ) -> Option<Vec<Rule>> {
        let mut rules = Vec::new();
        let mut refused = false;
        for (index, relabeling) in relabelings.unwrap_or_default().iter().enumerate() {
            let reason = match Rule::new(relabeling) {
                Err(refusal) => refusal.0,
                Ok(rule) => match self.interpreter.compile(&rule.regex) {
                    Ok(Err(PatternError::Refused(reason))) if !rule.has_placeholder() => {
                        format!("has a regex that Go does not compile ({reason})")
                    }
                    _ => {
                        rules.push(rule);
                        continue;
                    }
                },
            };
            refused = true;
            self.push(
                format!("{path}.{field}[{index}]"),
                format!("it {reason}, so that prometheus-operator would ignore the whole object"),
                None,
                None,
            );
        }
        (!refused).then_some(rules)
    }

    fn is_cluster_wide(&self, endpoint: &Endpoint) -> bool {
        let exporters = &self.settings.cluster_wide_exporters;
        let path = match endpoint.path.as_deref() {
            None | Some("") => DEFAULT_PATH,
            Some(path) => path,
        };
        // A rule may have the last word on the path.
        let rewritten = endpoint.relabelings.iter().flatten();
        let rewritten = rewritten
            .filter(|rule| rule.target_label.as_deref() == Some("__metrics_path__"))
            .filter_map(|rule| rule.replacement.as_deref());
        let leads_to = |path: &str, known: &str| {
            let path = path.split('?').next().unwrap_or_default();
            path.trim_start_matches('/') == known.trim_start_matches('/')
        };
        if std::iter::once(path).chain(rewritten).any(|path| {
            has_placeholder(path) || exporters.paths.iter().any(|known| leads_to(path, known))
        }) {
            return true;
        }
        let selector = &self.monitor.selector;
        !exporters.selectors.is_empty() && selector.is_empty()
            || exporters.selectors.iter().any(|labels| {
                let admitted = labels
                    .iter()
                    .filter_map(|(key, value)| selector.admits(key, value));
                admitted.reduce(|all, one| all && one) == Some(true)
            })
    }

    fn warn_of_constant_address(&mut self, scrape: &Scrape, path: &str) {
        for (index, rule) in scrape.relabelings.iter().enumerate() {
            let constant = rule.action == Action::Replace && !rule.replacement.contains('$');
            if constant && rule.target_label == "__address__" {
                self.verdict.warnings.push(format!(
                    "{path}.relabelings[{index}]: a constant __address__ sends the scrape \
                     elsewhere; what is there is not part of the proof"
                ));
            }
        }
    }

    fn prove(&mut self, index: usize, path: &str, scrape: &Scrape) -> Result<(), TooComplex> {
        let mut found = scrape.judge(&self.allowed, &mut self.interpreter)?;
        if found.is_empty {
            self.verdict.warnings.push(format!(
                "{path}: nothing that environment {:?} may see can come through; check the regexes",
                self.environment.name
            ));
        }
        // What leaks is mended list by list, each on top of the one before; a list that leaks only
        // because of the one before is not reported.
        let mut mended = scrape.clone();
        if let Some(leak) = &found.target {
            let fix = self.mend(&mended, Stage::Relabelings, leak, |found| {
                found.target.is_some()
            });
            let message = self.target_leaks(leak, scrape);
            self.report(index, path, Stage::Relabelings, message, leak, fix.as_ref());
            let Some(fix) = fix else {
                // What is behind it cannot be judged without it.
                return Ok(());
            };
            mended = fix.scrape;
            found = mended.judge(&self.allowed, &mut self.interpreter)?;
        }
        let stage = Stage::MetricRelabelings;
        if let Some(leak) = found.sample.as_ref().or(found.exported.as_ref()) {
            let message = if found.sample.is_some() {
                self.sample_leaks(leak, scrape)
            } else {
                self.exported_leaks(leak, scrape)
            };
            let fix = self.mend(&mended, stage, leak, |found| {
                found.sample.is_some() || found.exported.is_some()
            });
            self.report(index, path, stage, message, leak, fix.as_ref());
            let Some(fix) = fix else { return Ok(()) };
            mended = fix.scrape;
        }
        if self.settings.namespace_filter == NamespaceFilter::Required {
            self.demand_keep(index, path, scrape, &mended)?;
        }
        Ok(())
    }

    /// Mode `required`: one of the endpoint's own rules confines it.
    fn demand_keep(
        &mut self,
        index: usize,
        path: &str,
        scrape: &Scrape,
        mended: &Scrape,
    ) -> Result<(), TooComplex> {
        for (rules, target) in [
            (&mended.relabelings, true),
            (&mended.metric_relabelings, false),
        ] {
            for rule in rules {
                if is_confining_keep(rule, target, &self.allowed, &mut self.interpreter)? {
                    return Ok(());
                }
            }
        }
        let stage = if scrape.honor_labels {
            Stage::MetricRelabelings
        } else {
            Stage::Relabelings
        };
        let mut edits = Edits::of(mended, stage);
        edits
            .0
            .insert(0, Edit::Added(self.keep("namespace", false)));
        let mut confined = mended.clone();
        edits.apply(stage, &mut confined);
        let still = confined.judge(&self.allowed, &mut self.interpreter)?;
        let fix = (!still.leaks())
            .then(|| self.fix(index, stage, &edits))
            .flatten();
        let message = format!(
            "no rule of this endpoint is a keep that lets only namespaces of environment {:?} \
             through, as namespaceFilter \"required\" demands",
            self.environment.name
        );
        self.push(format!("{path}.{}", field(stage)), message, None, fix);
        Ok(())
    }

    /// The first of the usual repairs of a list of rules that is proved to stop the leak.
    fn mend(
        &mut self,
        scrape: &Scrape,
        stage: Stage,
        leak: &Leak,
        leaks: impl Fn(&scrape::Verdict) -> bool,
    ) -> Option<Mended> {
        let original = Edits::of(scrape, stage);
        let namespace = || Edit::Added(self.keep("namespace", false));
        let first = match stage {
            Stage::MetricRelabelings => "namespace",
            _ => "__meta_kubernetes_namespace",
        };
        let first = || Edit::Added(self.keep(first, false));
        let exported = || Edit::Added(self.keep("exported_namespace", true));
        let mut proposals = Vec::new();
        for filter in leak.filters.iter().filter(|filter| filter.stage == stage) {
            if let Some(rule) = rules_of(scrape, stage).get(filter.index)
                && rule.action == Action::Keep
                && matches!(rule.source_labels.as_slice(), [label] if label == "namespace")
            {
                let mut narrowed = original.clone();
                narrowed.0[filter.index] = Edit::Narrowed(filter.index, self.regex());
                proposals.push(narrowed);
            }
        }
        let around = |before: Vec<Edit>, after: Vec<Edit>| {
            let rules = original.0.iter().cloned();
            Edits(before.into_iter().chain(rules).chain(after).collect())
        };
        proposals.push(around(vec![first()], vec![]));
        if stage == Stage::MetricRelabelings {
            proposals.push(around(vec![exported()], vec![]));
            proposals.push(around(vec![first()], vec![namespace()]));
            proposals.push(around(vec![first(), exported()], vec![]));
            proposals.push(around(vec![first(), exported()], vec![namespace()]));
        } else {
            proposals.push(around(vec![], vec![namespace()]));
            proposals.push(around(vec![first()], vec![namespace()]));
        }
        for edits in proposals {
            let mut mended = scrape.clone();
            edits.apply(stage, &mut mended);
            // Where the proof of a fix is too complex, the leak is told without one.
            let found = mended.judge(&self.allowed, &mut self.interpreter).ok()?;
            if !leaks(&found) {
                let scrape = mended;
                return Some(Mended { scrape, edits });
            }
        }
        None
    }

    /// A keep of the environment's namespaces.
    fn keep(&self, label: &str, optional: bool) -> Rule {
        let regex = self.regex();
        Rule {
            action: Action::Keep,
            source_labels: vec![label.to_owned()],
            separator: ";".to_owned(),
            regex: if optional {
                format!("({regex})?")
            } else {
                regex
            },
            target_label: String::new(),
            replacement: "$1".to_owned(),
            modulus: 0,
        }
    }

    /// The regex of the environment's namespaces.
    fn regex(&self) -> String {
        let globs = self.settings.visible_to(self.environment);
        globs.map(glob::to_regex).collect::<Vec<_>>().join("|")
    }

    fn fix(&mut self, index: usize, stage: Stage, edits: &Edits) -> Option<Fix> {
        if self.spec.is_null() {
            self.spec = serde_json::from_str(self.object.spec?.get()).ok()?;
        }
        let endpoints = self.monitor.endpoints_field;
        let list = &self.spec[endpoints][index][field(stage)];
        Some(Fix {
            pointer: ["spec", endpoints, &index.to_string(), field(stage)]
                .map(str::to_owned)
                .to_vec(),
            value: edits.list(list),
            missing: 0,
        })
    }

    fn report(
        &mut self,
        index: usize,
        path: &str,
        stage: Stage,
        message: String,
        leak: &Leak,
        mended: Option<&Mended>,
    ) {
        let fix = mended.and_then(|mended| self.fix(index, stage, &mended.edits));
        let field = format!("{path}.{}", field(stage));
        self.push(field, message, leak.witness.as_ref(), fix);
    }

    fn push(
        &mut self,
        field: String,
        message: String,
        witness: Option<&Witness>,
        fix: Option<Fix>,
    ) {
        self.verdict.violations.push(Violation {
            rule: NAME,
            field,
            message,
            witness: witness.map(|witness| verdict::Witness {
                namespace: witness.namespace.clone(),
                target: witness.target.clone(),
                exposed: witness.exposed.clone(),
            }),
            fix,
        });
    }

    fn target_leaks(&mut self, leak: &Leak, scrape: &Scrape) -> String {
        let why = match &scrape.discovery {
            _ if leak.writer.is_some() => String::new(),
            Discovery::Everywhere => "namespaceSelector.any discovers all namespaces".to_owned(),
            Discovery::In(_) => "namespaceSelector.matchNames discovers it".to_owned(),
        };
        let mut message = self.leaks("a target", leak, &why, Stage::Relabelings, scrape);
        if leak.writer.is_none() {
            message.push_str("; a narrower namespaceSelector would do as well");
        }
        message
    }

    fn sample_leaks(&mut self, leak: &Leak, scrape: &Scrape) -> String {
        let why = if leak.writer.is_some() {
            ""
        } else if scrape.honor_labels {
            "honorLabels is true, so the exporter's own label `namespace` wins"
        } else {
            "the target has no label `namespace`, so the exporter's own stays"
        };
        self.leaks("a series", leak, why, Stage::MetricRelabelings, scrape)
    }

    fn exported_leaks(&mut self, leak: &Leak, scrape: &Scrape) -> String {
        let why = if scrape.cluster_wide {
            "this exporter reports on many namespaces, and with honorLabels false its own label \
             arrives as `exported_namespace`"
        } else {
            "a rule reads `exported_namespace`, which is the exporter's own label `namespace`"
        };
        self.leaks("a series", leak, why, Stage::MetricRelabelings, scrape)
    }

    /// The sentence about a leak: what comes through, why, and which rule lets it.
    fn leaks(
        &mut self,
        what: &str,
        leak: &Leak,
        why: &str,
        stage: Stage,
        scrape: &Scrape,
    ) -> String {
        let environment = &self.environment.name;
        let mut message = match (&leak.witness, leak.loose) {
            (Some(witness), _) => {
                let namespace = &witness.namespace;
                format!("{what} of namespace {namespace:?} can come through")
            }
            (None, Some(rule)) => {
                let reason = self.reason(rule, scrape);
                format!(
                    "it cannot be proved that {what} from outside of environment {:?} cannot come \
                     through, because {} cannot be followed{reason}",
                    self.environment.name,
                    name(rule, scrape)
                )
            }
            (None, None) => {
                format!("{what} from outside of environment {environment:?} can come through")
            }
        };
        let filters: Vec<&RuleId> = leak
            .filters
            .iter()
            .filter(|filter| filter.stage == stage && Some(**filter) != leak.loose)
            .collect();
        if !why.is_empty() {
            let _ = write!(message, ": {why}");
        }
        if let Some(writer) = leak.writer {
            let _ = write!(message, ": {} writes the label", name(writer, scrape));
        }
        match filters.last() {
            Some(last) => {
                let _ = write!(message, ", and {} lets it through", name(**last, scrape));
            }
            None if leak.writer.is_none() && leak.loose.is_none() => {
                message.push_str(", and no rule filters it");
            }
            None => {}
        }
        if let Some(witness) = &leak.witness {
            message.push_str(&circumstances(witness, scrape));
        }
        let outside = |witness: &Witness| {
            self.settings.environment_of(&witness.namespace) == Membership::None
        };
        if leak.witness.as_ref().is_some_and(outside) {
            message.push_str(
                " (it belongs to no environment; if all may see it, list it in sharedNamespaces)",
            );
        }
        message
    }

    /// Why a rule could not be followed, in brackets.
    fn reason(&mut self, rule: RuleId, scrape: &Scrape) -> String {
        let Some(found) = rules_of(scrape, rule.stage).get(rule.index) else {
            return String::new();
        };
        if found.has_placeholder() {
            return " (the config reloader replaces its $(NAME) after admission)".to_owned();
        }
        match self.interpreter.compile(&found.regex) {
            Ok(Err(error)) => format!(" ({error})"),
            _ => String::new(),
        }
    }
}

/// An endpoint that was mended, and how.
struct Mended {
    scrape: Scrape,
    edits: Edits,
}

/// A new list of rules, in terms of the old one.
#[derive(Clone)]
struct Edits(Vec<Edit>);

#[derive(Clone)]
enum Edit {
    /// The rule at this place.
    Kept(usize),
    /// The rule at this place, with this regex.
    Narrowed(usize, String),
    /// A new rule.
    Added(Rule),
}

impl Edits {
    fn of(scrape: &Scrape, stage: Stage) -> Self {
        Self((0..rules_of(scrape, stage).len()).map(Edit::Kept).collect())
    }

    fn apply(&self, stage: Stage, scrape: &mut Scrape) {
        let old = rules_of(scrape, stage).to_vec();
        let rules = self
            .0
            .iter()
            .map(|edit| match edit {
                Edit::Kept(index) => old[*index].clone(),
                Edit::Narrowed(index, regex) => Rule {
                    regex: regex.clone(),
                    ..old[*index].clone()
                },
                Edit::Added(rule) => rule.clone(),
            })
            .collect();
        match stage {
            Stage::MetricRelabelings => scrape.metric_relabelings = rules,
            _ => scrape.relabelings = rules,
        }
    }

    /// The list as it is to stand in the object, made from the list that stands there.
    fn list(&self, old: &Value) -> Value {
        self.0
            .iter()
            .map(|edit| match edit {
                Edit::Kept(index) => old[*index].clone(),
                Edit::Narrowed(index, regex) => {
                    let mut rule = old[*index].clone();
                    rule["regex"] = regex.as_str().into();
                    rule
                }
                Edit::Added(rule) => json!({
                    "action": rule.action.to_string(),
                    "sourceLabels": rule.source_labels,
                    "regex": rule.regex,
                }),
            })
            .collect()
    }
}

fn rules_of(scrape: &Scrape, stage: Stage) -> &[Rule] {
    match stage {
        Stage::Operator => &scrape.operator,
        Stage::Relabelings => &scrape.relabelings,
        Stage::MetricRelabelings => &scrape.metric_relabelings,
    }
}

fn field(stage: Stage) -> &'static str {
    match stage {
        Stage::MetricRelabelings => "metricRelabelings",
        _ => "relabelings",
    }
}

/// The labels that the endpoint's rules are about and with which the witness comes through, the
/// namespace itself aside.
fn circumstances(witness: &Witness, scrape: &Scrape) -> String {
    let filters = |rule: &&Rule| rule.action == Action::Keep;
    let selected = |name: &String| {
        let selectors = scrape.operator.iter().filter(filters);
        selectors
            .flat_map(|rule| &rule.source_labels)
            .any(|label| label == name)
    };
    let labels = witness.target.iter().chain(&witness.exposed);
    let others = labels.filter(|(name, value)| {
        let namespace = [NAMESPACE, "exported_namespace"].contains(&name.as_str())
            && *value == witness.namespace;
        let known = name == META_NAMESPACE || name == "__address__" || selected(name);
        !value.is_empty() && !namespace && !known
    });
    let others: Vec<String> = others
        .map(|(name, value)| format!("`{name}` is {value:?}"))
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!(", for example where {}", others.join(" and "))
    }
}

/// A rule, as a reader finds it.
fn name(rule: RuleId, scrape: &Scrape) -> String {
    let Some(found) = rules_of(scrape, rule.stage).get(rule.index) else {
        return "a rule of prometheus-operator".to_owned();
    };
    if rule.stage == Stage::Operator {
        return match found.action {
            Action::Replace if found.regex == "(.+)" => {
                format!("the copy of label {:?} (targetLabels)", found.target_label)
            }
            Action::Replace => format!("prometheus-operator's label {:?}", found.target_label),
            _ => "the monitor's selector".to_owned(),
        };
    }
    let place = format!("{}[{}]", field(rule.stage), rule.index);
    match found.action {
        Action::Keep | Action::Drop | Action::LabelDrop | Action::LabelKeep | Action::LabelMap => {
            format!("{place} ({} {:?})", found.action, found.regex)
        }
        action => format!("{place} ({action})"),
    }
}
