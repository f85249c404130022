//! A proof, step by step, as a person can follow it: what from outside of the environment can come
//! through after each rule.
//!
//! After each rule the same question is asked as at the end of a pipeline, of the pipeline up to
//! there. One witness is one group of namespaces; what it stands for is then allowed, too, and the
//! question asked again, until nothing else comes through. Each question has a budget of its own. In the end the same
//! is asked about what the environment may see, so that a filter that keeps everything out is seen, too.

use crate::language::budget::{Budget, TooComplex};
use crate::pipeline::scrape_job::{Discovery, ScrapeJob};
use crate::relabel::Stage;
use crate::relabel::config::{Action, DEFAULT_REGEX, RelabelConfig};
use crate::relabel::interpreter::Interpreter;
use crate::resource::Object;
use crate::resource::scraped::Scraped;
use crate::rule::verdict::Verdict;
use crate::settings::{Environment, Membership, Settings};

use super::{Judge, allowed};
use crate::pipeline::Definition;
use crate::prove::leak::Witness;
use crate::prove::prove;
use crate::prove::stored::{Stored, stored};

/// The steps of one scrape job.
#[derive(Clone, Debug, PartialEq)]
pub struct Walkthrough {
    /// Where it stands in the object.
    pub field: String,
    /// The environment that it is scraped for.
    pub environment: String,
    /// The globs of the namespaces that this may see.
    pub visible: Vec<String>,
    /// The steps of its targets, from discovery to what shows in the report samples (`up`).
    pub targets: Vec<Step>,
    /// The steps of its samples, from the merging of labels to the database.
    pub samples: Vec<Step>,
    /// What is stored in the end of what the environment may see, glob by glob.
    pub left: Vec<Left>,
    /// Whether there may be series without label `namespace`.
    pub has_unlabelled: bool,
    /// The rules that prometheus-operator or Prometheus refuses, and why; then there are no steps.
    pub refused: Vec<String>,
}

/// A step of an explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done: `relabelings[0]`, or another step by its name.
    pub name: String,
    /// How, as a clause.
    pub text: String,
    /// What of namespaces outside of the environment can have come through.
    pub outside: Outside,
}

/// What of namespaces outside of an environment can have come through.
#[derive(Clone, Debug, PartialEq)]
pub enum Outside {
    /// This much, group by group; nothing if it is empty.
    Groups(Vec<NamespaceGroup>),
    /// More than the proof could find out with its budget.
    TooComplex,
}

/// Namespaces that come through, one standing for others.
#[derive(Clone, Debug, PartialEq)]
pub enum NamespaceGroup {
    /// Of this environment, for example this one.
    Environment(String, Witness),
    /// Of no environment, for example this one.
    Nobody(Witness),
    /// It is not known which: a rule cannot be followed.
    Unknown,
}

/// What is stored of the namespaces of a glob.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// The glob.
    pub glob: String,
    /// What is stored of them.
    pub share: Share,
}

/// Some of the namespaces of a glob.
#[derive(Clone, Debug, PartialEq)]
pub enum Share {
    /// These.
    All(Vec<String>),
    /// These, and others.
    Some(Vec<String>),
    /// It is not known which: a rule cannot be followed.
    Unknown,
    /// More than could be found out with the budget.
    TooComplex,
}

/// How many namespaces of a glob are named.
const NAMED: usize = 3;

impl Outside {
    /// Whether nothing comes through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Groups(groups) if groups.is_empty())
    }
}

impl Walkthrough {
    /// What leaks in the end: of targets, and of samples.
    #[must_use]
    pub fn leaks(&self) -> [Option<&Outside>; 2] {
        [&self.targets, &self.samples].map(|steps| {
            let last = steps.last().map(|step| &step.outside);
            last.filter(|outside| !outside.is_empty())
        })
    }
}

/// An explanation of each thing that is scraped for an object in this namespace.
#[must_use]
pub(crate) fn explanations(
    object: &Object<'_>,
    scraped: &Scraped,
    namespace: &str,
    settings: &Settings,
) -> Vec<Walkthrough> {
    let release = object.label(&settings.release_label);
    let Some(environment) = settings.environment_scraping(namespace, release) else {
        return Vec::new();
    };
    let Ok(allowed) = allowed(settings, environment, std::iter::empty()) else {
        return Vec::new();
    };
    let mut verdict = Verdict::default();
    let mut judge = Judge {
        object,
        settings,
        environment,
        allowed,
        interpreter: Interpreter::default(),
        verdict: &mut verdict,
    };
    let definitions = Definition::all(scraped, namespace, settings);
    definitions
        .map(|definition| judge.explain(&definition, namespace))
        .collect()
}

impl Judge<'_, '_> {
    fn explain(&mut self, definition: &Definition<'_>, namespace: &str) -> Walkthrough {
        let mut explanation = Walkthrough {
            field: definition.field(),
            environment: self.environment.name.clone(),
            visible: self
                .settings
                .visible_to(self.environment)
                .map(str::to_owned)
                .collect(),
            targets: Vec::new(),
            samples: Vec::new(),
            left: Vec::new(),
            has_unlabelled: false,
            refused: Vec::new(),
        };
        self.interpreter = Interpreter::default();
        let relabelings = self.configs(definition, Stage::Relabelings);
        let metric_relabelings = self.configs(definition, Stage::MetricRelabelings);
        let refused = self.verdict.violations.drain(..);
        explanation.refused = refused
            .map(|one| format!("{}: {}", one.field, one.message))
            .collect();
        let (Ok(Some(relabelings)), Ok(Some(metric_relabelings))) =
            (relabelings, metric_relabelings)
        else {
            return explanation;
        };
        let job = definition.job(relabelings, metric_relabelings, &mut self.interpreter);
        let Ok(whole) = job else {
            return explanation;
        };
        let explainer = Explainer {
            settings: self.settings,
            environment: self.environment,
            definition,
        };
        let first = ("discovery", discovered(&whole));
        explanation.targets =
            explainer.steps(Stage::Relabelings, &whole.relabelings, first, |rules| {
                ScrapeJob {
                    relabelings: rules.to_vec(),
                    metric_relabelings: Vec::new(),
                    ..whole.clone()
                }
            });
        // Whether `exported_namespace` matters is said by the rules that are still to come, too.
        let exported = prove(&whole, &self.allowed, &mut Interpreter::default())
            .map_or(true, |found| found.judges_exported);
        let first = ("merging", merged(&whole, exported));
        let (stage, rules) = (Stage::MetricRelabelings, &whole.metric_relabelings);
        explanation.samples = explainer.steps(stage, rules, first, |rules| ScrapeJob {
            metric_relabelings: rules.to_vec(),
            cluster_wide: exported,
            ..whole.clone()
        });
        let globs = explanation.visible.iter();
        let stored = stored(&whole, &self.allowed, &mut Interpreter::default());
        explanation.left = globs
            .map(|glob| Left {
                glob: glob.clone(),
                share: match &stored {
                    Ok(stored) => share(stored, glob, namespace).unwrap_or(Share::TooComplex),
                    Err(TooComplex) => Share::TooComplex,
                },
            })
            .collect();
        let may_lack_it = |stored: &Stored| stored.may_lack_it(&mut Budget::default());
        explanation.has_unlabelled = stored.is_ok_and(|stored| may_lack_it(&stored) == Ok(true));
        explanation
    }
}

/// What is stored of the namespaces of a glob; the object's own is named first.
fn share(stored: &Stored, glob: &str, own: &str) -> Result<Share, TooComplex> {
    let mut named = Vec::new();
    while let Some(found) = stored.of(glob, &named, own, &mut Budget::default())? {
        match found.witness {
            Some(witness) if named.len() < NAMED => named.push(witness.namespace),
            None if named.is_empty() => return Ok(Share::Unknown),
            _ => return Ok(Share::Some(named)),
        }
    }
    Ok(Share::All(named))
}

struct Explainer<'a> {
    settings: &'a Settings,
    environment: &'a Environment,
    definition: &'a Definition<'a>,
}

impl Explainer<'_> {
    /// The first step, and one for each rule of a stage; `up_to` gives the scrape with some of them.
    fn steps<'j>(
        &self,
        stage: Stage,
        rules: &[RelabelConfig],
        first: (&str, String),
        up_to: impl Fn(&[RelabelConfig]) -> ScrapeJob<'j>,
    ) -> Vec<Step> {
        let list = self.definition.list(stage).name();
        let step = |(index, rule)| (format!("{list}[{index}]"), described(rule));
        let names = rules.iter().enumerate().map(step);
        std::iter::once((first.0.to_owned(), first.1))
            .chain(names)
            .enumerate()
            .map(|(count, (name, text))| {
                let groups = self.groups(&up_to(&rules[..count]), stage);
                let outside = groups.map_or(Outside::TooComplex, Outside::Groups);
                Step {
                    name,
                    text,
                    outside,
                }
            })
            .collect()
    }

    fn groups(&self, job: &ScrapeJob<'_>, stage: Stage) -> Result<Vec<NamespaceGroup>, TooComplex> {
        let mut groups = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let allowed = allowed(self.settings, self.environment, seen.iter().copied())?;
            let found = prove(job, &allowed, &mut Interpreter::default())?;
            let leak = match stage {
                Stage::MetricRelabelings => found.sample.or(found.exported),
                _ => found.target,
            };
            let Some(leak) = leak else {
                return Ok(groups);
            };
            let Some(witness) = leak.witness else {
                groups.push(NamespaceGroup::Unknown);
                return Ok(groups);
            };
            let of = self.settings.environment_of(&witness.namespace);
            let Membership::Of(environment) = of else {
                groups.push(NamespaceGroup::Nobody(witness));
                return Ok(groups);
            };
            seen.extend(environment.namespaces.iter().map(String::as_str));
            groups.push(NamespaceGroup::Environment(
                environment.name.clone(),
                witness,
            ));
        }
    }
}

/// Where targets come from, as a clause.
fn discovered(job: &ScrapeJob<'_>) -> String {
    let certain = job.sources.iter().filter(|source| !source.is_possible);
    let places = certain.map(|source| match &source.discovery {
        Discovery::Everywhere => "in all namespaces".to_owned(),
        Discovery::In(names) => format!("in {}", names.join(", ")),
        Discovery::Own => "in the namespace of the Prometheus".to_owned(),
        Discovery::Fixed(addresses) => format!("{} static", addresses.len()),
        Discovery::Nowhere => "by a discovery that knows no namespaces".to_owned(),
        Discovery::Anywhere => "with labels that cannot be known".to_owned(),
    });
    let places: Vec<String> = places.collect();
    let mut text = if places.is_empty() {
        "no targets".to_owned()
    } else {
        format!("targets {}", places.join("; "))
    };
    if job.is_named {
        text += "; their namespace becomes label `namespace`";
    }
    let copied = job.operator.all().iter().filter(|rule| {
        rule.action == Action::Replace && rule.regex == "(.+)" && rule.target_label == "namespace"
    });
    if copied.count() > 0 {
        text += ", which targetLabels overwrites";
    }
    text
}

/// What becomes of the exporter's labels, as a clause.
fn merged(job: &ScrapeJob<'_>, exported: bool) -> String {
    let text = if job.honor_labels {
        "honorLabels is true: the exporter's own label `namespace` wins"
    } else if !job.is_named {
        "honorLabels is false, but unless a rule gave the target a label `namespace`, the exporter's own stays"
    } else {
        "honorLabels is false: the target's label `namespace` wins"
    };
    match (job.honor_labels || !job.is_named, exported) {
        (true, _) => text.to_owned(),
        (false, true) => {
            format!(
                "{text}, and the exporter's own becomes `exported_namespace`, which counts here"
            )
        }
        (false, false) => format!("{text}; what the exporter says of itself is its own business"),
    }
}

/// What a rule does, as a clause.
fn described(rule: &RelabelConfig) -> String {
    let RelabelConfig {
        action,
        regex,
        target_label: target,
        replacement,
        ..
    } = rule;
    let sources: Vec<String> = rule
        .source_labels
        .iter()
        .map(|one| format!("`{one}`"))
        .collect();
    let sources = match sources.len() {
        0 => "nothing".to_owned(),
        1 => sources.concat(),
        _ => format!("{} joined by {:?}", sources.join(" "), rule.separator),
    };
    match action {
        Action::Keep => format!("keep what has {sources} match {regex:?}"),
        Action::Drop => format!("drop what has {sources} match {regex:?}"),
        Action::KeepEqual => format!("keep what has {sources} equal to `{target}`"),
        Action::DropEqual => format!("drop what has {sources} equal to `{target}`"),
        Action::Replace if replacement.is_empty() => {
            format!("remove `{target}` where {sources} matches {regex:?}")
        }
        Action::Replace if regex == DEFAULT_REGEX => {
            format!("write {replacement:?} of {sources} to `{target}`")
        }
        Action::Replace => {
            format!("write {replacement:?} to `{target}` where {sources} matches {regex:?}")
        }
        Action::HashMod => {
            format!(
                "write the hash of {sources} modulo {} to `{target}`",
                rule.modulus
            )
        }
        Action::Lowercase | Action::Uppercase => {
            format!("write {sources} in {action} to `{target}`")
        }
        Action::LabelMap => format!("copy labels that match {regex:?} to {replacement:?}"),
        Action::LabelDrop => format!("remove labels that match {regex:?}"),
        Action::LabelKeep => format!("remove labels that do not match {regex:?}"),
    }
}
