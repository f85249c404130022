//! What is told about each violation: the values that solve it, or why none does and what does it instead.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::candidates;
use super::goal::{self, Change, Goal, Key};
use super::marks::Candidate;
use super::reach::Reach;
use super::rounds::Rounds;
use super::values::{self, Path};
use crate::input::Input;
use crate::judge::{NewValue, Outcome, Remedy};
use crate::manifest::Name;

/// What remedies are made of.
#[derive(Debug)]
pub struct Remedies<'a> {
    /// What was tried, and what came of it.
    pub rounds: &'a Rounds<'a>,
    /// What the files of values have.
    pub given: &'a [Value],
    /// What the policy wants changed.
    pub goals: &'a [Goal],
    /// The violations that are left.
    pub left: BTreeSet<Key>,
}

impl Remedies<'_> {
    /// Says for each violation of a rendering what is to be done.
    pub fn add_to(&self, outcomes: &mut [Outcome]) {
        let home = self.rounds.release.home.as_ref();
        let target = home.and_then(|it| Input::read(it.file()).ok());
        let target = target.map(Arc::new);
        for outcome in outcomes {
            let Some(name) = outcome.name.clone() else {
                continue;
            };
            let template = outcome.template.clone().unwrap_or_default();
            let object = name.to_string();
            for finding in &mut outcome.findings {
                let Some(key) = goal::key(&object, finding) else {
                    continue;
                };
                let goal = self.goals.iter().find(|goal| goal.key == key);
                let is_solved = !self.rounds.edits.is_empty() && !self.left.contains(&key);
                finding.remedy = Some(Box::new(if is_solved {
                    self.values(&key, goal, target.as_ref())
                } else {
                    Remedy::Elsewhere {
                        reasons: match goal {
                            Some(goal) => self.why_not(goal),
                            None => self.switches(&template),
                        },
                        patch: finding.kind.fix().map(|fix| kustomize(&name, fix)),
                    }
                }));
            }
        }
    }

    fn reach(&self) -> &Reach<'_> {
        self.rounds.reach
    }

    fn shown(&self, path: &[String]) -> String {
        values::shown(path, &self.reach().values)
    }

    /// The values without which a template makes no object.
    fn switches(&self, template: &str) -> Vec<String> {
        let switches = self.reach().switches.get(template).into_iter().flatten();
        let told = |path: &Path| {
            let path = self.shown(path);
            format!("{path}: false does without the object (--turn-off writes it)")
        };
        switches.map(told).collect()
    }

    /// The values that solve a violation.
    fn values(&self, key: &Key, goal: Option<&Goal>, target: Option<&Arc<Input>>) -> Remedy {
        let edits = &self.rounds.edits;
        let lifted = |path: &Path| values::lifted(&self.reach().values, path, Value::Null).0;
        let solving = self.rounds.solved_by.get(key).into_iter().flatten();
        let mut paths: BTreeSet<Path> = solving.map(lifted).collect();
        if paths.is_empty() {
            // Another violation's values did it.
            let ranking = self.reach().ranking(BTreeSet::new());
            let choices = goal.into_iter().flat_map(|goal| {
                let of = |change| ranking.choices(&goal.id, change);
                goal.changes.iter().flat_map(of)
            });
            paths = choices.map(|choice| lifted(&choice.path)).collect();
        }
        paths.retain(|path| edits.contains_key(path));
        if paths.is_empty() {
            paths = edits.keys().cloned().collect();
        }
        let mut whole = Value::Object(Map::new());
        for path in &paths {
            values::put(&mut whole, path, edits[path].clone());
        }
        Remedy::Values {
            values: paths
                .iter()
                .map(|path| self.new_value(path, target))
                .collect(),
            yaml: values::yaml_of(&whole),
        }
    }

    fn new_value(&self, path: &Path, target: Option<&Arc<Input>>) -> NewValue {
        let content = self.rounds.edits[path].clone();
        let is_given = self
            .given
            .iter()
            .any(|file| values::at(file, path).is_some());
        let copied = values::at(&self.reach().values, path).and_then(Value::as_array);
        let copied = copied.filter(|list| !list.is_empty() && !is_given && content.is_array());
        let note = copied.map(|list| {
            format!(
                "Helm replaces a list as a whole, so what the chart has there ({}) is copied, and stays as it is when the chart changes",
                if list.len() == 1 { "1 item".to_owned() } else { format!("{} items", list.len()) }
            )
        });
        NewValue {
            path: self.shown(path),
            range: match (target, &self.rounds.release.home) {
                (Some(file), Some(home)) => home.place(file, path),
                _ => 0..0,
            },
            file: target.cloned(),
            content,
            notes: note.into_iter().collect(),
        }
    }

    /// Why no value solves it.
    fn why_not(&self, goal: &Goal) -> Vec<String> {
        let tried = self.rounds.reasons.get(&goal.key);
        let mut reasons: Vec<String> = tried.into_iter().flatten().cloned().collect();
        reasons.extend(self.reach().unfound.clone());
        for change in &goal.changes {
            reasons.extend(self.why_not_changed(goal, change));
        }
        reasons.dedup();
        reasons
    }

    fn why_not_changed(&self, goal: &Goal, change: &Change) -> Option<String> {
        let reach = self.reach();
        let field = (goal.id.clone(), change.pointer.clone());
        if reach.named_by_release.contains(&field) {
            let name = change.after.as_str().unwrap_or_default();
            return Some(format!(
                "it is the name of the release: install it as {name}"
            ));
        }
        let ranking = reach.ranking(BTreeSet::new());
        let choices = ranking.choices(&goal.id, change);
        let mut paths = choices.iter().map(|choice| self.shown(&choice.path));
        let is_set = |path: &String| self.rounds.release.set.iter().any(|set| is_set(set, path));
        if let Some(path) = paths.find(is_set) {
            return Some(format!(
                "{path} is set {}, which wins over files",
                self.rounds.release.set_by
            ));
        }
        if !choices.is_empty() || reach.unfound.is_some() {
            return None;
        }
        if let Some((choice, sighting)) = ranking.immutable(&goal.id, change) {
            let path = self.shown(&choice.path);
            let (kind, field) = (&sighting.id.kind, sighting.pointer.join("."));
            return Some(format!(
                "{path} reaches it, but also {field} of a {kind}, which nobody can change once it is there: \
                 set it for a new release only"
            ));
        }
        if let Some((candidate, said)) = self.refused(goal, change) {
            let path = self.shown(&candidate.path);
            return Some(format!("the chart fails with {path}: {said}"));
        }
        let unseen = reach
            .unseen
            .iter()
            .filter(|(id, pointer, _)| (id, pointer) == (&field.0, &field.1));
        let unseen: Vec<String> = unseen.map(|(.., path)| self.shown(path)).collect();
        let template = &goal.id.template;
        Some(if unseen.is_empty() {
            format!("no value reaches it: {template} hard-codes it")
        } else {
            let paths = unseen.join(", ");
            format!(
                "{template} reads {paths}, but does not print it here: another value may have to turn it on"
            )
        })
    }

    /// A value that is called like the field, with which the chart does not render.
    fn refused(&self, goal: &Goal, change: &Change) -> Option<&(Candidate, String)> {
        let prefix = candidates::prefix(&goal.id.template);
        let name = change.pointer.last()?;
        let is_its = |(candidate, _): &&(Candidate, String)| {
            candidate.path.starts_with(&prefix) && candidate.path.last() == Some(name)
        };
        self.reach().refused.iter().find(is_its)
    }
}

/// Whether `--set` sets this value, or one around or in it.
fn is_set(set: &str, path: &str) -> bool {
    let is_in = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    set.split(',').any(|set| {
        let name = set.split_once('=').map_or(set, |(name, _)| name);
        is_in(name, path) || is_in(path, name)
    })
}

/// A patch for a kustomization, ready to use.
fn kustomize(name: &Name, fix: &Value) -> String {
    let Name { kind, name, .. } = name;
    let operations = values::yaml_of(fix);
    let operations = operations.lines().map(|line| format!("      {line}\n"));
    let operations: String = operations.collect();
    let operations = operations.trim_end();
    format!("patches:\n  - target: {{kind: {kind}, name: {name}}}\n    patch: |\n{operations}")
}
