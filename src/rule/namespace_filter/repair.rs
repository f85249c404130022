//! How a leak is stopped: rules that are added to a list, or narrowed.

use serde_json::{Value, json};

use crate::language::glob;
use crate::pipeline::scrape_job::{Discovery, ScrapeJob, Source};
use crate::prove::Findings;
use crate::prove::leak::Leak;
use crate::relabel::Stage;
use crate::relabel::config::{Action, RelabelConfig};

use super::Judge;

impl Judge<'_, '_> {
    /// The first of the usual repairs of a list of rules that is proved to stop the leak; none that leaves nothing to
    /// be scraped, for then a person has to say what he meant.
    pub(super) fn repair<'j>(
        &mut self,
        job: &ScrapeJob<'j>,
        stage: Stage,
        leak: &Leak,
        leaks: impl Fn(&Findings) -> bool,
    ) -> Result<Repaired<'j>, Irreparable> {
        let fixed = |source: &Source| matches!(source.discovery, Discovery::Fixed(_));
        if stage == Stage::Relabelings && leak.writer.is_none() && job.sources.iter().all(fixed) {
            // A keep would only drop what somebody wrote down; he has to say what he meant.
            return Err(Irreparable::NotFound);
        }
        let original = Edits::of(job, stage);
        // Where the operator names no namespace, there may be none.
        let optional = !job.is_named;
        let namespace = || Edit::Added(self.keep("namespace", optional));
        let first = match stage {
            Stage::MetricRelabelings => "namespace",
            _ => "__meta_kubernetes_namespace",
        };
        let first = || Edit::Added(self.keep(first, optional));
        let exported = || Edit::Added(self.keep("exported_namespace", true));
        let mut proposals = Vec::new();
        for filter in leak.filters.iter().filter(|filter| filter.stage == stage) {
            if let Some(rule) = job.configs(stage).get(filter.index)
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
        let mut irreparable = Irreparable::NotFound;
        for edits in proposals {
            let mut repaired = job.clone();
            edits.apply(stage, job, &mut repaired);
            // Where the proof of a fix is too complex, the leak is told without one.
            let found = self
                .prove_repaired(&repaired)
                .map_err(|_| Irreparable::NotFound)?;
            if leaks(&found) {
                continue;
            }
            if found.is_empty {
                irreparable = Irreparable::LeavesNothing;
                continue;
            }
            let job = repaired;
            return Ok(Repaired { job, edits, found });
        }
        Err(irreparable)
    }

    /// A keep of the environment's namespaces.
    pub(super) fn keep(&self, label: &str, optional: bool) -> RelabelConfig {
        let regex = self.regex();
        let regex = if optional {
            format!("({regex})?")
        } else {
            regex
        };
        RelabelConfig::filter(Action::Keep, vec![label.to_owned()], regex)
    }

    /// The regex of the environment's namespaces.
    fn regex(&self) -> String {
        let globs = self.settings.visible_to(self.environment);
        globs.map(glob::to_regex).collect::<Vec<_>>().join("|")
    }
}

/// Why nothing was repaired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Irreparable {
    /// None of the usual repairs helps.
    NotFound,
    /// One would help, and leave nothing to be scraped.
    LeavesNothing,
}

/// A job that was repaired, and how.
pub(super) struct Repaired<'a> {
    pub job: ScrapeJob<'a>,
    pub edits: Edits,
    /// What is found of it.
    pub found: Findings,
}

/// A new list of rules, in terms of the old one.
#[derive(Clone)]
pub(super) struct Edits(pub Vec<Edit>);

#[derive(Clone)]
pub(super) enum Edit {
    /// The rule at this place.
    Kept(usize),
    /// The rule at this place, with this regex.
    Narrowed(usize, String),
    /// A new rule.
    Added(RelabelConfig),
}

impl Edits {
    pub(super) fn of(job: &ScrapeJob<'_>, stage: Stage) -> Self {
        Self((0..job.configs(stage).len()).map(Edit::Kept).collect())
    }

    /// Whether no rule gets another regex.
    pub(super) fn only_add(&self) -> bool {
        let is_other = |edit: &Edit| matches!(edit, Edit::Narrowed(..));
        !self.0.iter().any(is_other)
    }

    /// The same, but with a rule more where one would get another regex: a regex may be narrower
    /// in one place and wider in another, a further rule is never.
    pub(super) fn only_adding(&self, job: &ScrapeJob<'_>, stage: Stage) -> Self {
        let old = job.configs(stage);
        let added = |edit: &Edit| match edit {
            Edit::Narrowed(index, regex) => {
                let regex = regex.clone().into();
                let rule = RelabelConfig {
                    regex,
                    ..old[*index].clone()
                };
                vec![Edit::Kept(*index), Edit::Added(rule)]
            }
            edit => vec![edit.clone()],
        };
        Self(self.0.iter().flat_map(added).collect())
    }

    /// Gives `job` the list that becomes of the one of `original`.
    pub(super) fn apply(&self, stage: Stage, original: &ScrapeJob<'_>, job: &mut ScrapeJob<'_>) {
        let old = original.configs(stage);
        let rules = self
            .0
            .iter()
            .map(|edit| match edit {
                Edit::Kept(index) => old[*index].clone(),
                Edit::Narrowed(index, regex) => RelabelConfig {
                    regex: regex.clone().into(),
                    ..old[*index].clone()
                },
                Edit::Added(rule) => rule.clone(),
            })
            .collect();
        match stage {
            Stage::MetricRelabelings => job.metric_relabelings = rules,
            _ => job.relabelings = rules,
        }
    }

    /// The list as it is to stand in the object, made from the list that stands there; none if a rule
    /// of it is missing there.
    pub(super) fn list(&self, old: &Value) -> Option<Value> {
        let edited = |edit: &Edit| {
            Some(match edit {
                Edit::Kept(index) => old.get(*index)?.clone(),
                Edit::Narrowed(index, regex) => {
                    let mut rule = old.get(*index)?.clone();
                    rule["regex"] = regex.as_str().into();
                    rule
                }
                Edit::Added(rule) => json!({
                    "action": rule.action.to_string(),
                    "sourceLabels": rule.source_labels,
                    "regex": rule.regex,
                }),
            })
        };
        self.0.iter().map(edited).collect()
    }
}
