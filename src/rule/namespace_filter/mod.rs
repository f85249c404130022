//! Rule `namespace-filter`: nothing that is scraped brings in a series of another environment.
//!
//! Each scrape job of an object (an endpoint of a monitor, a probe, a scrape configuration) is [proved](prove) by itself.
//! What leaks is [repaired](repair) where it leaks: targets in `relabelings`, samples in `metricRelabelings`. A fix is
//! proposed only after the repaired job was proved, too.

pub mod explanation;
mod message;
mod repair;

use std::borrow::Cow;

use crate::json;
use crate::language::budget::TooComplex;
use crate::language::pattern::PatternError;
use crate::pipeline::Definition;
use crate::pipeline::scrape_job::ScrapeJob;
use crate::prove::address::{Standing, stands_outside};
use crate::prove::keep::is_confining_keep;
use crate::prove::leak::{Allowed, Leak, Witness};
use crate::prove::{Findings, prove, prove_repaired};
use crate::relabel::config::{
    READ_AS_NULL, REFUSES_ALL, Refusal, RelabelConfig, has_placeholder, is_read_as_null,
};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::regex::Regex;
use crate::relabel::state::State;
use crate::relabel::value::Value;
use crate::relabel::{ConfigId, Stage};
use crate::resource::Object;
use crate::rule::case::{Case, Spec};
use crate::rule::verdict::{Fix, Verdict, Violation};
use crate::settings::{Environment, NamespaceFilter, Settings};

use repair::{Edit, Edits, Irreparable, Repaired};

/// The rule's name.
pub const NAME: &str = "namespace-filter";

/// What it costs to look at something that is scraped, in the unit of the budget.
const DEFINITION: usize = 32;
/// What it costs to read a rule, or a name or an address of a list.
const ITEM: usize = 8;
/// What it costs to tell of a violation.
const VIOLATION: usize = 256;
/// What is said where a keep would be no fix.
const LEAVES_NOTHING: &str = "; a keep of what this environment may see would leave nothing to be scraped, so \
                              choose: another selector, or the namespace in sharedNamespaces";

/// The same, of samples.
const LEAVES_NO_SAMPLES: &str = "; a keep of what this environment may see would leave nothing to be stored, so \
                                 that a rule has to be changed";

/// How many violations are told of one object.
const MAX_VIOLATIONS: usize = 500;

/// Judges an object for the environment that it is scraped for: its namespace's, or in a shared
/// namespace the one whose release it carries.
pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let (Spec::Scraped(scraped), Some(environment)) = (&case.spec, case.environment()) else {
        return;
    };
    let Case {
        object,
        namespace,
        settings,
        ..
    } = *case;
    let definitions = Definition::all(scraped, namespace, settings);
    let allowed = allowed(settings, environment, std::iter::empty());
    let Ok(allowed) = allowed else {
        verdict.violations.push(Violation {
            rule: NAME,
            field: "spec".to_owned(),
            message: "the globs of the policy's settings are too many for a proof".to_owned(),
            witness: None,
            fix: None,
        });
        return;
    };
    let mut judge = Judge {
        object,
        settings,
        environment,
        allowed,
        interpreter: Interpreter::default(),
        verdict,
    };
    for (index, definition) in definitions.enumerate() {
        // What is not worth a proof costs, too, and has to end.
        if judge.interpreter.budget.spend(DEFINITION).is_err()
            || judge.verdict.violations.len() >= MAX_VIOLATIONS
        {
            let message = format!(
                "too much to check in one object: what follows after the first {index} was not judged"
            );
            judge.push(definition.list_field(), message, None, None);
            break;
        }
        judge.judge(&definition);
    }
    judge.verdict.spent += judge.interpreter.budget.spent();
}

/// What the environment may see, and `further` namespaces, given as globs.
fn allowed<'a>(
    settings: &'a Settings,
    environment: &'a Environment,
    further: impl Iterator<Item = &'a str>,
) -> Result<Allowed, TooComplex> {
    Allowed::new(
        settings.visible_to(environment).chain(further),
        others(settings, environment).flat_map(|other| other.namespaces.iter().map(String::as_str)),
        others(settings, environment)
            .flat_map(|other| [other.name.clone(), other.release.clone()])
            .chain(["default".to_owned()])
            .collect(),
    )
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

/// The judgement of one object.
struct Judge<'a, 'v> {
    object: &'a Object<'a>,
    settings: &'a Settings,
    environment: &'a Environment,
    allowed: Allowed,
    interpreter: Interpreter,
    verdict: &'v mut Verdict,
}

impl Judge<'_, '_> {
    fn judge(&mut self, definition: &Definition<'_>) {
        if self.judge_definition(definition) == Err(TooComplex) {
            let because = match self.interpreter.at {
                Some(ConfigId { stage, index }) if stage != Stage::Operator => {
                    format!(", because of {}[{index}]", definition.list(stage).name())
                }
                _ => String::new(),
            };
            let message =
                format!("too complex to check{because}; write its relabelings more simply");
            self.push(definition.field(), message, None, None);
        }
    }

    fn judge_definition(&mut self, definition: &Definition<'_>) -> Result<(), TooComplex> {
        self.interpreter.at = None;
        // Each of the operator's relabel configs is made once more for each endpoint.
        self.interpreter
            .budget
            .spend(ITEM * definition.operator_len())?;
        if !self.judge_ports(definition)? {
            // Prometheus would not do what the rest says.
            return Ok(());
        }
        let relabelings = self.configs(definition, Stage::Relabelings)?;
        let metric_relabelings = self.configs(definition, Stage::MetricRelabelings)?;
        let (Some(relabelings), Some(metric_relabelings)) = (relabelings, metric_relabelings)
        else {
            return Ok(());
        };
        let job = definition.job(relabelings, metric_relabelings, &mut self.interpreter)?;
        self.judge_job(definition, &job)
    }

    fn prove(&mut self, job: &ScrapeJob<'_>) -> Result<Findings, TooComplex> {
        prove(job, &self.allowed, &mut self.interpreter)
    }

    /// What is found of a job that was repaired.
    fn prove_repaired(&mut self, job: &ScrapeJob<'_>) -> Result<Findings, TooComplex> {
        prove_repaired(job, &self.allowed, &mut self.interpreter)
    }

    /// What the operator writes into a relabel config of its own, and Prometheus reads otherwise, or not at all; tells
    /// whether there is nothing of that kind.
    fn judge_ports(&mut self, definition: &Definition<'_>) -> Result<bool, TooComplex> {
        let before = self.verdict.violations.len();
        for (field, text) in definition.regexes() {
            let message = if is_read_as_null(&text) {
                READ_AS_NULL.to_owned()
            } else if let Regex::NotCompiled(PatternError::Refused(reason)) =
                self.interpreter.compile(&text)?
            {
                format!(
                    "it is a regex for Prometheus, which does not compile ({reason}), {REFUSES_ALL}"
                )
            } else {
                continue;
            };
            self.push(field, message, None, None);
        }
        if let Some(field) = definition.refused_name() {
            let message = format!("Prometheus takes no label of this name, {REFUSES_ALL}");
            self.push(field, message, None, None);
        }
        Ok(self.verdict.violations.len() == before)
    }

    /// The relabel configs of a list as Prometheus takes them; none where the object would be refused, which
    /// is then said.
    fn configs(
        &mut self,
        definition: &Definition<'_>,
        stage: Stage,
    ) -> Result<Option<Vec<RelabelConfig>>, TooComplex> {
        let list = definition.list(stage);
        let relabelings = list.relabelings;
        let sources = relabelings.iter().flat_map(|one| &one.source_labels);
        let sources: usize = sources.map(Vec::len).sum();
        self.interpreter
            .budget
            .spend(ITEM * (relabelings.len() + sources))?;
        let mut configs = Vec::new();
        let mut refused = false;
        for (index, relabeling) in relabelings.iter().enumerate() {
            let refusal = match RelabelConfig::new(relabeling) {
                Err(refusal) => refusal,
                Ok(config) => match self.interpreter.compile(&config.regex) {
                    Ok(Regex::NotCompiled(PatternError::Refused(reason))) if !config.is_unknown => {
                        let reason = format!("has a regex that Go does not compile ({reason})");
                        Refusal::Ignored(reason)
                    }
                    _ => {
                        configs.push(config);
                        continue;
                    }
                },
            };
            refused = true;
            self.interpreter.budget.spend(VIOLATION)?;
            let field = format!("{}[{index}]", list.path());
            self.push(field, refusal.to_string(), None, None);
        }
        Ok((!refused).then_some(configs))
    }

    fn judge_job(
        &mut self,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
    ) -> Result<(), TooComplex> {
        let mut found = self.prove(job)?;
        if self.judge_addresses(definition, &found)? {
            // What is not known of its targets cannot be an example.
            return Ok(());
        }
        if found.has_free_path {
            self.verdict.warnings.push(format!(
                "{}: a label decides at which path is scraped; should it be one that reports on many \
                 namespaces ({}), that is not judged",
                definition.list(Stage::Relabelings).path(),
                self.settings.cluster_wide_exporters.paths.join(", ")
            ));
        }
        if found.is_empty {
            self.verdict.warnings.push(format!(
                "{}: this endpoint would scrape nothing for environment {:?}; check the regexes",
                definition.field(),
                self.environment.name
            ));
        }
        // What leaks is repaired list by list, each on top of the one before; a list that leaks only
        // because of the one before is not reported.
        let mut repaired = Cow::Borrowed(job);
        let mut relabelings = Edits::of(job, Stage::Relabelings);
        let mut metric_relabelings = Edits::of(job, Stage::MetricRelabelings);
        if let Some(leak) = found.target.take() {
            let stage = Stage::Relabelings;
            let mut fix = self.repair(&repaired, stage, &leak, |found| found.target.is_some());
            if let Ok(fix) = &mut fix
                && fix.edits.only_add()
                && !fix.found.leaks()
            {
                found = fix.found.clone();
            } else if let Ok(fix) = &mut fix {
                // What leaks behind it must be a leak of the object as it stands.
                let adding = fix.edits.only_adding(job, stage);
                let mut confined = job.clone();
                adding.apply(stage, job, &mut confined);
                found = self.prove(&confined)?;
                if !found.leaks() && self.prove_repaired(&fix.job)?.leaks() {
                    fix.edits = adding;
                    fix.job = confined;
                }
            }
            let mut message = self.target_leaks(&leak, definition, job);
            if fix.as_ref().err() == Some(&Irreparable::LeavesNothing) {
                message.push_str(LEAVES_NOTHING);
            }
            self.report(definition, stage, message, &leak, fix.as_ref().ok());
            let Ok(fix) = fix else {
                // What is behind it cannot be judged without it.
                return Ok(());
            };
            repaired = Cow::Owned(fix.job);
            relabelings = fix.edits;
        }
        let stage = Stage::MetricRelabelings;
        if let Some(leak) = found.sample.as_ref().or(found.exported.as_ref()) {
            let mut message = if found.sample.is_some() {
                self.sample_leaks(leak, definition, job)
            } else {
                self.exported_leaks(leak, definition, job)
            };
            let fix = self.repair(&repaired, stage, leak, |found| {
                found.sample.is_some() || found.exported.is_some()
            });
            if fix.as_ref().err() == Some(&Irreparable::LeavesNothing) {
                message.push_str(LEAVES_NO_SAMPLES);
            }
            self.report(definition, stage, message, leak, fix.as_ref().ok());
            let Ok(fix) = fix else { return Ok(()) };
            repaired = Cow::Owned(fix.job);
            metric_relabelings = fix.edits;
        }
        let required = self.settings.namespace_filter == NamespaceFilter::Required;
        if required && definition.is_monitored() {
            let (stage, edits) = if job.honor_labels {
                (Stage::MetricRelabelings, metric_relabelings)
            } else {
                (Stage::Relabelings, relabelings)
            };
            let leaks = matches!(repaired, Cow::Owned(_));
            self.demand_keep(definition, job, &repaired, stage, edits, leaks)?;
        }
        Ok(())
    }

    /// What is scraped, or probed, at an address in a namespace that may not be seen; says whether an address
    /// is not known.
    fn judge_addresses(
        &mut self,
        definition: &Definition<'_>,
        found: &Findings,
    ) -> Result<bool, TooComplex> {
        let mut is_unknown = false;
        if let Some((standing, writer)) = &found.standing {
            let list = definition.list(Stage::Relabelings);
            let field = match writer {
                Some(rule) if rule.stage == Stage::Relabelings => {
                    format!("{}[{}]", list.path(), rule.index)
                }
                _ => list.path(),
            };
            self.push_standing(field, standing, true);
        }
        if (!found.moves_address || found.keeps_address)
            && (found.has_targets || definition.is_named())
        {
            for (field, address) in definition.addresses() {
                if let Some(standing) = self.standing(address)? {
                    self.interpreter.budget.spend(VIOLATION)?;
                    // Whether this one among others is kept was not asked.
                    self.push_standing(field, &standing, false);
                } else if has_placeholder(address) {
                    is_unknown = true;
                    self.interpreter.budget.spend(VIOLATION)?;
                    let message = "it cannot be told where it stands: the config reloader replaces its \
                                   $(NAME) after admission";
                    self.push(field, message.to_owned(), None, None);
                }
            }
        }
        let stays = found.keeps_address || found.standing.is_some();
        let is_moved = found.moves_address && !stays;
        for (field, address) in definition.probed(is_moved) {
            if let Some(standing) = self.standing(address)? {
                self.interpreter.budget.spend(VIOLATION)?;
                let namespace = standing.namespace.unwrap_or_default();
                self.verdict.warnings.push(format!(
                    "{field}: {:?} is probed, which stands in namespace {namespace:?}",
                    standing.address
                ));
            }
        }
        Ok(is_unknown)
    }

    /// Where the address stands, if that is a namespace that may not be seen.
    fn standing(&mut self, address: &str) -> Result<Option<Standing>, TooComplex> {
        let budget = &mut self.interpreter.budget;
        budget.spend(ITEM)?;
        let address = Value::literal(address);
        stands_outside(&self.allowed, &State::new(0), &address, budget)
    }

    fn push_standing(&mut self, field: String, standing: &Standing, is_scraped: bool) {
        let environment = &self.environment.name;
        let address = &standing.address;
        let mut message = match &standing.namespace {
            Some(namespace) => format!(
                "{address:?} stands in namespace {namespace:?}, which environment {environment:?} must not \
                 see; whatever labels its series get, they are of that namespace"
            ),
            None => format!(
                "it is not known in which namespace {address:?} stands, so that it may be one which environment \
                 {environment:?} must not see"
            ),
        };
        if standing.is_bare {
            message.push_str(
                "; if it is a host outside of the cluster, end its name with a dot (`db01.prod.:9100`)",
            );
        }
        let namespace = standing.namespace.clone().filter(|_| is_scraped);
        let witness = namespace.map(|namespace| Witness {
            namespace,
            target: Vec::new(),
            exposed: Vec::new(),
        });
        self.verdict.violations.push(Violation {
            rule: NAME,
            field,
            message,
            witness,
            fix: None,
        });
    }

    /// Mode `required`: one of the endpoint's own rules confines it. If not, one is added to the
    /// list of `stage`, which was edited so before.
    fn demand_keep(
        &mut self,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
        repaired: &ScrapeJob<'_>,
        stage: Stage,
        mut edits: Edits,
        leaks: bool,
    ) -> Result<(), TooComplex> {
        for (rules, target) in [
            (&repaired.relabelings, true),
            (&repaired.metric_relabelings, false),
        ] {
            for rule in rules {
                if is_confining_keep(rule, target, &self.allowed, &mut self.interpreter)? {
                    return Ok(());
                }
            }
        }
        edits
            .0
            .insert(0, Edit::Added(self.keep("namespace", false)));
        let mut confined = repaired.clone();
        edits.apply(stage, job, &mut confined);
        let still = self.prove_repaired(&confined)?;
        let fix = (!still.leaks())
            .then(|| self.fix(definition, stage, &edits))
            .flatten();
        let environment = &self.environment.name;
        let mut message = format!(
            "mode \"required\": add a keep on `namespace` that lets only namespaces of environment {environment:?} \
             through"
        );
        if !leaks {
            message.push_str(" (this endpoint does not leak: mode \"proven\" would accept it)");
        }
        self.push(definition.list(stage).path(), message, None, fix);
        Ok(())
    }

    fn fix(&mut self, definition: &Definition<'_>, stage: Stage, edits: &Edits) -> Option<Fix> {
        let pointer = definition.list(stage).pointer();
        let spec = self.object.spec?.get();
        // It is read once more, up to the list.
        self.interpreter.budget.spend(spec.len() / 16).ok()?;
        let list = json::at(spec, &pointer[1..]).ok()?;
        Some(Fix {
            value: edits.list(&list.unwrap_or_default())?,
            pointer,
            missing: 0,
        })
    }

    fn report(
        &mut self,
        definition: &Definition<'_>,
        stage: Stage,
        message: String,
        leak: &Leak,
        repaired: Option<&Repaired<'_>>,
    ) {
        let fix = repaired.and_then(|repaired| self.fix(definition, stage, &repaired.edits));
        let field = definition.list(stage).path();
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
            witness: witness.cloned(),
            fix,
        });
    }
}
