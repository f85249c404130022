//! The rounds: the best value for each violation is given its new content, everything is rendered and judged, what did not
//! help is dropped, and the next one is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Release;
use super::goal::{self, Change, Goal, Key};
use super::rank::{Choice, Ranking};
use super::reach::Reach;
use super::render::{self, Renderer};
use super::values::{self, Edits, Path};
use crate::input::Input;
use crate::judge::{Finding, Judge, Outcome, Verdict};

/// What is tried for the violations, and what came of it.
#[derive(Debug)]
pub struct Rounds<'a> {
    /// The release.
    pub release: &'a Release,
    /// Judges.
    pub judge: &'a Judge<'a>,
    /// Renders.
    pub renderer: &'a Renderer<'a>,
    /// What was found out before.
    pub reach: &'a Reach<'a>,
    /// The values that get new contents.
    pub edits: Edits,
    /// Which of them solve a violation.
    pub solved_by: BTreeMap<Key, Vec<Path>>,
    /// What was found out when values were tried.
    pub reasons: BTreeMap<Key, Vec<String>>,
    tried: BTreeSet<(Key, Path)>,
}

/// What is tried in a round for a violation.
struct Try {
    key: Key,
    choices: Vec<Choice>,
}

impl<'a> Rounds<'a> {
    /// Before the first round.
    #[must_use]
    pub fn new(
        release: &'a Release,
        judge: &'a Judge<'a>,
        renderer: &'a Renderer<'a>,
        reach: &'a Reach<'a>,
    ) -> Self {
        Self {
            release,
            judge,
            renderer,
            reach,
            edits: Edits::new(),
            solved_by: BTreeMap::new(),
            reasons: BTreeMap::new(),
            tried: BTreeSet::new(),
        }
    }

    /// Chooses, renders and judges until nothing is left to be tried; what is rendered in the end, and the verdicts on it.
    ///
    /// # Errors
    ///
    /// If there is no Helm, or what was rendered before cannot be rendered again.
    pub fn run(&mut self, first: &[Goal], outcomes: &[Outcome]) -> Result<Vec<Outcome>> {
        let known = complaints(outcomes);
        if self.release.turn_off {
            self.turn_off(outcomes);
        }
        let mut goals = first.to_vec();
        let mut last = None;
        let mut at_most = usize::MAX;
        while self.renderer.left() > 1 {
            let mut trial = self.edits.clone();
            let tries = self.choose(&goals, &mut trial, at_most);
            if tries.is_empty() {
                break;
            }
            at_most = usize::MAX;
            let rendered = match self.render(&trial)? {
                Ok(rendered) => rendered,
                Err(said) => {
                    at_most = self.refuse(&tries, &said);
                    continue;
                }
            };
            let outcomes = self.judge.input(0, &rendered)?;
            let open: BTreeSet<Key> = goal::keys(&outcomes).map(|(key, ..)| key).collect();
            let worse = complaints(&outcomes).difference(&known).next().cloned();
            if worse.is_some() && tries.len() > 1 {
                at_most = tries.len() / 2;
                continue;
            }
            let mut kept = BTreeSet::new();
            let mut failed = false;
            for Try { key, choices } in tries {
                let paths: Vec<Path> = choices.into_iter().map(|choice| choice.path).collect();
                if open.contains(&key) || worse.is_some() {
                    failed = true;
                    self.fail(&key, &paths, |path| match &worse {
                        Some(worse) => format!("{path} was tried, but then {worse}"),
                        None => format!("{path} was tried, and does not help"),
                    });
                } else {
                    kept.extend(paths.iter().map(|path| self.lifted(path)));
                    self.solved_by.insert(key, paths);
                }
            }
            // What did not help goes back to what it was.
            trial.retain(|path, _| kept.contains(path));
            self.edits.extend(trial);
            goals = goal::goals(&rendered, &render::documents(&rendered.text), &outcomes);
            last = (!failed).then_some(outcomes);
        }
        if self.edits.is_empty() {
            return Ok(Vec::new());
        }
        match self.minimize(first, last)? {
            Some(last) => Ok(last),
            None => match self.render(&self.edits)? {
                Ok(rendered) => self.judge.input(0, &rendered),
                Err(said) => bail!(super::repair::hinted(&self.release.chart, &said)),
            },
        }
    }

    /// Turns off the objects that the policy has no fix for: by the innermost value that does it.
    fn turn_off(&mut self, outcomes: &[Outcome]) {
        for (key, outcome, index) in goal::keys(outcomes) {
            let template = outcome.template.as_ref();
            let switches = template.and_then(|template| self.reach.switches.get(template));
            let innermost = switches.into_iter().flatten().max_by_key(|path| path.len());
            let is_unfixed = outcome.findings[index].kind.fix().is_none();
            if let Some(path) = innermost.filter(|_| is_unfixed) {
                self.edits.insert(path.clone(), false.into());
                self.solved_by.insert(key, vec![path.clone()]);
            }
        }
    }

    fn lifted(&self, path: &[String]) -> Path {
        values::lifted(&self.reach.values, path, Value::Null).0
    }

    /// Notes that values do not solve a violation, and why.
    fn fail(&mut self, key: &Key, paths: &[Path], reason: impl Fn(&str) -> String) {
        for path in paths {
            let reason = reason(&values::shown(path, &self.reach.values));
            self.reasons.entry(key.clone()).or_default().push(reason);
            self.tried.insert((key.clone(), path.clone()));
        }
    }

    /// Takes out the values that others do the work of.
    fn minimize(
        &mut self,
        goals: &[Goal],
        mut last: Option<Vec<Outcome>>,
    ) -> Result<Option<Vec<Outcome>>> {
        for path in self.edits.keys().cloned().collect::<Vec<_>>() {
            let Some(before) = &last else { break };
            let is_goal = |key: &Key| goals.iter().any(|goal| goal.key == *key);
            let mut solved = self.solved_by.iter();
            let turns_off = solved.any(|(key, paths)| paths.contains(&path) && !is_goal(key));
            if turns_off
                || self.renderer.left() < 2
                || !goals.iter().all(|goal| self.is_solved_without(goal, &path))
            {
                continue;
            }
            let mut fewer = self.edits.clone();
            fewer.remove(&path);
            if let Ok(rendered) = self.render(&fewer)? {
                let outcomes = self.judge.input(0, &rendered)?;
                if goal::keys(&outcomes).count() <= goal::keys(before).count() {
                    self.edits = fewer;
                    last = Some(outcomes);
                }
            }
        }
        Ok(last)
    }

    /// Whether a violation may be solved without this value: it is not the one that solves it, or another one that is given
    /// reaches the same field.
    fn is_solved_without(&self, goal: &Goal, path: &Path) -> bool {
        let is_by_it = |paths: &Vec<Path>| paths.iter().any(|it| self.lifted(it) == *path);
        if !self.solved_by.get(&goal.key).is_some_and(is_by_it) {
            return true;
        }
        let ranking = self.reach.ranking(BTreeSet::new());
        let is_reached = |change: &Change| {
            let choices = ranking.choices(&goal.id, change).into_iter();
            let mut paths = choices.map(|choice| self.lifted(&choice.path));
            paths.any(|it| it != *path && self.edits.contains_key(&it))
        };
        goal.changes.iter().all(is_reached)
    }

    /// The best choice for each violation that has one left; the contents go into the edits.
    fn choose(&self, goals: &[Goal], trial: &mut Edits, at_most: usize) -> Vec<Try> {
        let mut values = self.reach.values.clone();
        for (path, content) in trial.iter() {
            values::put(&mut values, path, content.clone());
        }
        let fields = goals.iter().flat_map(|goal| {
            let pointers = goal.changes.iter().map(|change| change.pointer.clone());
            pointers.map(|pointer| (goal.id.clone(), pointer))
        });
        let ranking = self.reach.ranking(fields.collect());
        let mut tries: Vec<Try> = Vec::new();
        for goal in goals {
            if tries.len() == at_most {
                break;
            }
            let choice = |change: &Change| self.best(&ranking, goal, change);
            let choices: Option<Vec<Choice>> = goal.changes.iter().map(choice).collect();
            let Some(choices) = choices.filter(|it| !it.is_empty()) else {
                continue;
            };
            for Choice { path, change, .. } in &choices {
                let content = change.content(values::at(&values, path));
                let (path, content) = values::lifted(&values, path, content);
                values::put(&mut values, &path, content.clone());
                trial.insert(path, content);
            }
            tries.push(Try {
                key: goal.key.clone(),
                choices,
            });
        }
        tries
    }

    fn best(&self, ranking: &Ranking<'_>, goal: &Goal, change: &Change) -> Option<Choice> {
        let is_left = |choice: &Choice| {
            !self
                .tried
                .contains(&(goal.key.clone(), choice.path.clone()))
        };
        let direct = ranking.choices(&goal.id, change).into_iter().find(is_left);
        direct.or_else(|| {
            let equivalent = change.equivalent()?;
            ranking
                .choices(&goal.id, &equivalent)
                .into_iter()
                .find(is_left)
        })
    }

    /// Notes what Helm refuses; how many are tried together next.
    fn refuse(&mut self, tries: &[Try], said: &str) -> usize {
        let is_named = |one: &&Try| {
            let mut names = one.choices.iter().filter_map(|choice| choice.path.last());
            names.any(|name| said.contains(name.as_str()))
        };
        let mut guilty: Vec<&Try> = tries.iter().filter(is_named).collect();
        if tries.len() == 1 {
            guilty = tries.iter().collect();
        } else if guilty.is_empty() || guilty.len() == tries.len() {
            return tries.len() / 2;
        }
        for one in guilty {
            let paths: Vec<Path> = one.choices.iter().map(|it| it.path.clone()).collect();
            self.fail(&one.key, &paths, |path| {
                format!("the chart refuses {path}: {said}")
            });
        }
        usize::MAX
    }

    /// Renders the chart itself with the edits.
    fn render(&self, edits: &Edits) -> Result<Result<Input, String>> {
        let folder = tempfile::tempdir().context("cannot make a folder for values")?;
        let mut chart = self.release.chart.clone();
        let file = folder.path().join("values.yaml");
        let target = self.release.target.as_ref();
        let index = chart.values.iter().rposition(|it| Some(it) == target);
        let old = match index {
            Some(index) => Input::read(&chart.values[index])?.text,
            None => String::new(),
        };
        match (index, values::edited(&old, edits)) {
            (Some(index), Some(text)) => {
                fs::write(&file, text)?;
                chart.values[index] = file;
            }
            // Where the file cannot be edited, another one after it has the same effect.
            (_, text) => {
                let text = text.unwrap_or_else(|| values::edited("", edits).unwrap_or_default());
                fs::write(&file, text)?;
                chart.values.push(file);
            }
        }
        self.renderer
            .render(&chart)
            .map(|it| it.map(|rendered| Input::rendered(self.release.chart.clone(), rendered.text)))
    }
}

/// What the policy warns of where a keep leaves nothing: the endpoint is accepted, but dead.
const DEAD: &str = "this endpoint would scrape nothing";

/// What must not come up anew: objects that are rejected, and endpoints that are dead.
fn complaints(outcomes: &[Outcome]) -> BTreeSet<String> {
    let of = |outcome: &Outcome| {
        let name = outcome
            .name
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let rejected =
            (outcome.verdict == Verdict::Rejected).then(|| format!("{name} is rejected"));
        let is_dead =
            |finding: &&Finding| finding.kind.is_warning() && finding.message.contains(DEAD);
        let warnings = outcome.findings.iter().filter(is_dead);
        let warnings =
            warnings.map(|finding| format!("{name} gets a warning: {}", finding.message));
        rejected.into_iter().chain(warnings).collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}
