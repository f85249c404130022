//! How a leak is stopped: rules that are added to a list, or narrowed.

use serde_json::{Value, json};

use crate::language::glob;
use crate::relabel::Stage;
use crate::relabel::leak::Leak;
use crate::relabel::rule::{Action, Rule};
use crate::relabel::scrape::{Discovery, Scrape, Source, Verdict};

use super::subject::Subject;
use super::{Judge, rules_of};

impl Judge<'_, '_> {
    /// The first of the usual repairs of a list of rules that is proved to stop the leak; none that leaves nothing to
    /// be scraped, for then a person has to say what he meant.
    pub(super) fn mend(
        &mut self,
        subject: &Subject<'_>,
        scrape: &Scrape,
        stage: Stage,
        leak: &Leak,
        leaks: impl Fn(&Verdict) -> bool,
    ) -> Result<Mended, Unmended> {
        let fixed = |source: &Source| matches!(source.discovery, Discovery::Fixed(_));
        if stage == Stage::Relabelings && leak.writer.is_none() && scrape.sources.iter().all(fixed)
        {
            // A keep would only drop what somebody wrote down; he has to say what he meant.
            return Err(Unmended::NotFound);
        }
        let original = Edits::of(scrape, stage);
        // Where the operator names no namespace, there may be none.
        let optional = !scrape.is_named;
        let namespace = || Edit::Added(self.keep("namespace", optional));
        let first = match stage {
            Stage::MetricRelabelings => "namespace",
            _ => "__meta_kubernetes_namespace",
        };
        let first = || Edit::Added(self.keep(first, optional));
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
        let mut unmended = Unmended::NotFound;
        for edits in proposals {
            let mut mended = scrape.clone();
            edits.apply(stage, scrape, &mut mended);
            // Where the proof of a fix is too complex, the leak is told without one.
            let plain = self.is_plain(subject, &mended, false);
            if !plain.map_err(|_| Unmended::NotFound)? {
                let found = mended.judge(&self.allowed, &mut self.interpreter);
                let found = found.map_err(|_| Unmended::NotFound)?;
                if leaks(&found) {
                    continue;
                }
                if found.is_empty {
                    unmended = Unmended::LeavesNothing;
                    continue;
                }
            }
            let scrape = mended;
            return Ok(Mended { scrape, edits });
        }
        Err(unmended)
    }

    /// A keep of the environment's namespaces.
    pub(super) fn keep(&self, label: &str, optional: bool) -> Rule {
        let regex = self.regex();
        let regex = if optional {
            format!("({regex})?")
        } else {
            regex
        };
        Rule::filter(Action::Keep, vec![label.to_owned()], regex)
    }

    /// The regex of the environment's namespaces.
    fn regex(&self) -> String {
        let globs = self.settings.visible_to(self.environment);
        globs.map(glob::to_regex).collect::<Vec<_>>().join("|")
    }
}

/// Why nothing was mended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmended {
    /// None of the usual repairs helps.
    NotFound,
    /// One would help, and leave nothing to be scraped.
    LeavesNothing,
}

/// An endpoint that was mended, and how.
pub(super) struct Mended {
    pub scrape: Scrape,
    pub edits: Edits,
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
    Added(Rule),
}

impl Edits {
    pub(super) fn of(scrape: &Scrape, stage: Stage) -> Self {
        Self((0..rules_of(scrape, stage).len()).map(Edit::Kept).collect())
    }

    /// The same, but with a rule more where one would get another regex: a regex may be narrower
    /// in one place and wider in another, a further rule is never.
    pub(super) fn only_adding(&self, scrape: &Scrape, stage: Stage) -> Self {
        let old = rules_of(scrape, stage);
        let added = |edit: &Edit| match edit {
            Edit::Narrowed(index, regex) => {
                let regex = regex.clone().into();
                let rule = Rule {
                    regex,
                    ..old[*index].clone()
                };
                vec![Edit::Kept(*index), Edit::Added(rule)]
            }
            edit => vec![edit.clone()],
        };
        Self(self.0.iter().flat_map(added).collect())
    }

    /// Gives `scrape` the list that becomes of the one of `original`.
    pub(super) fn apply(&self, stage: Stage, original: &Scrape, scrape: &mut Scrape) {
        let old = rules_of(original, stage);
        let rules = self
            .0
            .iter()
            .map(|edit| match edit {
                Edit::Kept(index) => old[*index].clone(),
                Edit::Narrowed(index, regex) => Rule {
                    regex: regex.clone().into(),
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
