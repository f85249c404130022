//! From a release to the values that mend it: the rounds of choosing, rendering and judging.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Release;
use super::candidates::{self, Inventory, Wanted};
use super::goal::{self, Change, Goal, Key};
use super::marks::{Candidate, Shape, Sighting};
use super::rank::{Choice, Ranking};
use super::render::{self, Id, Renderer};
use super::scratch::{self, Scratch};
use super::search::{Search, Seen};
use super::values::{self, Edits, Path};
use crate::chart::Chart;
use crate::input::Input;
use crate::judge::{Judge, NewValue, Outcome, Remedy};
use crate::{report, yaml};

/// What became of a release.
#[derive(Debug)]
pub struct Repaired {
    /// What Helm renders of it.
    pub rendered: Input,
    /// The verdicts on that, and what is to be done about each violation.
    pub outcomes: Vec<Outcome>,
    /// The values that get new contents, as `--set` has them.
    pub edits: Vec<String>,
    /// The new text of the file of values, if there is one and it can be edited.
    pub text: Option<String>,
    /// The verdicts on what Helm renders then.
    pub after: Vec<Outcome>,
    /// How often Helm rendered.
    pub renderings: usize,
    /// How long it took.
    pub time: Duration,
    /// How many values were marked.
    pub candidates: usize,
}

/// Finds the values.
///
/// # Errors
///
/// If there is no Helm, the chart does not render, or a file of values is no YAML.
pub fn repair(release: &Release, judge: &Judge<'_>) -> Result<Repaired> {
    let renderer = Renderer::new(judge.api_groups);
    let given = given(release)?;
    let rendered = match renderer.render(&release.chart)? {
        Ok(rendered) => rendered,
        Err(said) => bail!(hinted(&release.chart, &said)),
    };
    let mut outcomes = judge.input(0, &rendered)?;
    let goals = goal::goals(&rendered, &render::documents(&rendered.text), &outcomes);
    let mut repair = Repair {
        release,
        judge,
        renderer: &renderer,
        given: &given,
        values: Value::Null,
        near: Vec::new(),
        far: Vec::new(),
        wanted: BTreeSet::new(),
        refused: Vec::new(),
        unfound: None,
        edits: Edits::new(),
        solved_by: BTreeMap::new(),
        tried: BTreeSet::new(),
        reasons: BTreeMap::new(),
        named_by_release: BTreeSet::new(),
        candidates: 0,
    };
    let mut after = None;
    if !goals.is_empty() {
        repair.search(&goals)?;
        after = repair.rounds(&goals, &outcomes)?;
    }
    let after = after.map(|(_, outcomes)| outcomes).unwrap_or_default();
    let left: BTreeSet<Key> = goal::keys(&after).map(|(key, ..)| key).collect();
    let mut after = after;
    repair.remedies(&mut outcomes, &goals, &left);
    repair.remedies(&mut after, &goals, &left);
    Ok(Repaired {
        rendered,
        outcomes,
        edits: repair
            .edits
            .keys()
            .map(|path| values::shown(path, &repair.values))
            .collect(),
        text: repair.text()?,
        after,
        renderings: renderer.count(),
        time: renderer.time(),
        candidates: repair.candidates,
    })
}

impl Repaired {
    /// How many violations values solve.
    #[must_use]
    pub fn solved(&self) -> usize {
        let findings = self.outcomes.iter().flat_map(|outcome| &outcome.findings);
        let is_solved = |remedy: &Remedy| matches!(remedy, Remedy::Values(_));
        findings
            .filter(|finding| finding.remedy.as_deref().is_some_and(is_solved))
            .count()
    }
}

/// How many violations there are.
#[must_use]
pub fn violations(outcomes: &[Outcome]) -> usize {
    goal::keys(outcomes).count()
}

/// What Helm renders of the files as they are now, and the verdicts on that.
///
/// # Errors
///
/// If the chart does not render.
pub fn confirmed(
    release: &Release,
    judge: &Judge<'_>,
    repaired: &Repaired,
) -> Result<(Input, Vec<Outcome>)> {
    let mut chart = release.chart.clone();
    chart.values.extend(
        release
            .target
            .clone()
            .filter(|it| !release.chart.values.contains(it)),
    );
    let rendered = match Renderer::new(judge.api_groups).render(&chart)? {
        Ok(rendered) => rendered,
        Err(said) => bail!(hinted(&chart, &said)),
    };
    let mut outcomes = judge.input(0, &rendered)?;
    let remedies = goal::keys(&repaired.after)
        .filter_map(|(key, outcome, index)| Some((key, outcome.findings[index].remedy.clone()?)));
    let remedies: BTreeMap<Key, Box<Remedy>> = remedies.collect();
    for outcome in &mut outcomes {
        let object = outcome
            .name
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        for finding in &mut outcome.findings {
            if let Some(key) = goal::key(&object, finding) {
                finding.remedy = remedies.get(&key).cloned();
            }
        }
    }
    Ok((rendered, outcomes))
}

/// What the files of values have.
fn given(release: &Release) -> Result<Vec<Value>> {
    let mut given = Vec::new();
    for file in &release.chart.values {
        let input = Input::read(file)?;
        let Some(range) = yaml::documents(&input.text).into_iter().next() else {
            given.push(Value::Object(serde_json::Map::new()));
            continue;
        };
        let root = yaml::Node::read(&input.text[range.clone()], range.start);
        let root = root.map_err(|broken| {
            let place = broken.offset..broken.offset + 1;
            anyhow::anyhow!(report::excerpt(&input, &place, &broken.message))
        })?;
        let value = root.value();
        if !value.is_object() && !value.is_null() {
            bail!(report::excerpt(
                &input,
                &root.first(),
                "expected a mapping of values"
            ));
        }
        given.push(value);
    }
    Ok(given)
}

/// What Helm says, and what to do where it is known.
fn hinted(chart: &Chart, said: &str) -> String {
    let hint = if said.contains("missing in charts/ directory") {
        format!(
            "\nrun `helm dependency build {}` first",
            chart.path.display()
        )
    } else {
        String::new()
    };
    format!("{}: Helm cannot render it: {said}{hint}", chart.name())
}

struct Repair<'a> {
    release: &'a Release,
    judge: &'a Judge<'a>,
    renderer: &'a Renderer<'a>,
    given: &'a [Value],
    /// The values that the templates see.
    values: Value,
    near: Vec<Sighting>,
    far: Vec<Sighting>,
    /// The fields that have to change.
    wanted: BTreeSet<(Id, Path)>,
    refused: Vec<(Candidate, String)>,
    /// Why no values were found, if they could not be looked for.
    unfound: Option<String>,
    edits: Edits,
    solved_by: BTreeMap<Key, Vec<Path>>,
    tried: BTreeSet<(Key, Path)>,
    reasons: BTreeMap<Key, Vec<String>>,
    /// The fields that are the name of the release.
    named_by_release: BTreeSet<(Id, Path)>,
    candidates: usize,
}

/// What is tried in a round for a violation.
struct Try {
    key: Key,
    choices: Vec<Choice>,
}

impl Repair<'_> {
    /// Looks for the values that reach the fields.
    fn search(&mut self, goals: &[Goal]) -> Result<()> {
        let chart = &self.release.chart;
        let mut near = Scratch::new(&chart.path)?;
        let names: BTreeSet<String> = goals.iter().map(|goal| goal.id.template.clone()).collect();
        near.keep(&names)?;
        let mut printed = self.renderer.render(&near.of(chart))?;
        if printed.is_err() {
            // A template needs another one.
            near = Scratch::new(&chart.path)?;
            printed = self.renderer.render(&near.of(chart))?;
        }
        let rendered = match printed {
            Ok(rendered) => rendered,
            Err(said) => {
                self.unfound = Some(format!("a copy of the chart does not render: {said}"));
                return Ok(());
            }
        };
        self.values = scratch::printed(&rendered.text)
            .context("the values that a chart prints are no JSON")?;
        near.forget_defaults()?;
        let values = self.values.clone();
        let inventory = Inventory::new(&values, &near.templates);
        let search = Search {
            renderer: self.renderer,
            chart,
            flags: &self.release.flags,
            values: &values,
        };
        let all: Vec<(Id, Change)> = goals
            .iter()
            .flat_map(|goal| {
                goal.changes
                    .iter()
                    .map(|change| (goal.id.clone(), change.clone()))
            })
            .collect();
        type Look<'i> = fn(&Inventory<'i>, &Wanted<'_>) -> Vec<Candidate>;
        let looks: [Look<'_>; 3] = [Inventory::named, Inventory::guessed, Inventory::mappings];
        for look in looks {
            let open: Vec<&(Id, Change)> = all
                .iter()
                .filter(|(id, change)| self.ranking().choices(id, change).is_empty())
                .collect();
            let known: BTreeSet<Candidate> =
                self.near.iter().map(|one| one.candidate.clone()).collect();
            let wanted = open.iter().map(|(id, change)| Wanted {
                change,
                prefix: candidates::prefix(&id.template),
            });
            let found: BTreeSet<Candidate> = wanted
                .flat_map(|wanted| look(&inventory, &wanted))
                .collect();
            let found: Vec<Candidate> = distinct(found.difference(&known).cloned());
            self.candidates += found.len();
            let Seen { sightings, refused } = search.run(&near, &found)?;
            self.near.extend(sightings);
            self.refused.extend(refused);
        }
        self.look_for_release(&near, &all)?;
        // One rendering of the whole chart says what else the values reach.
        let reaching: BTreeSet<Candidate> = {
            let ranking = self.ranking();
            let choices = all
                .iter()
                .flat_map(|(id, change)| ranking.choices(id, change));
            choices.map(|choice| choice.candidate).collect()
        };
        if reaching.len() > 1 {
            let whole = Scratch::new(&chart.path)?;
            whole.forget_defaults()?;
            let mut seen = Seen::default();
            search.mark(&whole, &distinct(reaching.into_iter()), &mut seen)?;
            self.far = seen.sightings;
        }
        Ok(())
    }

    /// Finds out whether a field that no value reaches is the name of the release.
    fn look_for_release(&mut self, scratch: &Scratch, all: &[(Id, Change)]) -> Result<()> {
        let ranking = self.ranking();
        let is_open = |(id, change): &&(Id, Change)| {
            change.after.is_string() && ranking.choices(id, change).is_empty()
        };
        let open: Vec<&(Id, Change)> = all.iter().filter(is_open).collect();
        if open.is_empty() {
            return Ok(());
        }
        let chart = Chart {
            release: super::marks::mark(0),
            ..scratch.with(&self.release.chart, &self.values, &self.release.flags)?
        };
        let candidate = Candidate {
            path: Path::new(),
            shape: Shape::Text,
        };
        if let Ok(rendered) = self.renderer.render(&chart)? {
            let seen = super::marks::seen(&rendered.text, &[candidate]);
            let is_its = |id: &Id, change: &Change| {
                seen.iter()
                    .any(|one| one.is_whole && one.id == *id && one.pointer == change.pointer)
            };
            let named = open.into_iter().filter(|(id, change)| is_its(id, change));
            self.named_by_release = named
                .map(|(id, change)| (id.clone(), change.pointer.clone()))
                .collect();
        }
        Ok(())
    }

    fn ranking(&self) -> Ranking<'_> {
        Ranking {
            values: &self.values,
            given: self.given,
            near: &self.near,
            far: &self.far,
            wanted: &self.wanted,
        }
    }

    /// Chooses, renders and judges until nothing is left to be tried; what is rendered in the end, and the verdicts on it.
    fn rounds(
        &mut self,
        first: &[Goal],
        outcomes: &[Outcome],
    ) -> Result<Option<(Input, Vec<Outcome>)>> {
        let known: BTreeSet<String> = goal::keys(outcomes).map(|(key, ..)| key.object).collect();
        let mut goals = first.to_vec();
        let mut last = None;
        let mut at_most = usize::MAX;
        while self.renderer.left() > 1 {
            let mut trial = self.edits.clone();
            self.want(&goals);
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
            let worse = open.iter().any(|key| !known.contains(&key.object));
            if worse && tries.len() > 1 {
                at_most = tries.len() / 2;
                continue;
            }
            let mut kept: BTreeSet<Path> = self.edits.keys().cloned().collect();
            let mut failed = false;
            for Try { key, choices } in tries {
                let paths: Vec<Path> = choices.iter().map(|choice| choice.path.clone()).collect();
                if open.contains(&key) || worse {
                    failed = true;
                    for path in paths {
                        let reason = format!(
                            "{} was tried, and does not help",
                            values::shown(&path, &self.values)
                        );
                        self.reasons.entry(key.clone()).or_default().push(reason);
                        self.tried.insert((key.clone(), path));
                    }
                } else {
                    kept.extend(
                        paths
                            .iter()
                            .map(|path| values::lifted(&self.values, path, Value::Null).0),
                    );
                    self.solved_by.insert(key, paths);
                }
            }
            self.edits = trial;
            self.edits.retain(|path, _| kept.contains(path));
            goals = goal::goals(&rendered, &render::documents(&rendered.text), &outcomes);
            last = (!failed).then_some((rendered, outcomes));
        }
        if self.edits.is_empty() {
            return Ok(None);
        }
        let last = self.minimize(last)?;
        if last.is_some() {
            return Ok(last);
        }
        match self.render(&self.edits)? {
            Ok(rendered) => {
                let outcomes = self.judge.input(0, &rendered)?;
                Ok(Some((rendered, outcomes)))
            }
            Err(said) => bail!(hinted(&self.release.chart, &said)),
        }
    }

    /// Takes out the values that others do the work of.
    fn minimize(
        &mut self,
        mut last: Option<(Input, Vec<Outcome>)>,
    ) -> Result<Option<(Input, Vec<Outcome>)>> {
        let count = |outcomes: &[Outcome]| goal::keys(outcomes).count();
        for path in self.edits.keys().cloned().collect::<Vec<_>>() {
            let solves_it = |paths: &&Vec<Path>| paths.contains(&path);
            let is_needed = self.solved_by.values().filter(solves_it).count() > 0;
            if is_needed || self.renderer.left() < 2 {
                continue;
            }
            let mut fewer = self.edits.clone();
            fewer.remove(&path);
            let Some((_, before)) = &last else { break };
            if let Ok(rendered) = self.render(&fewer)? {
                let outcomes = self.judge.input(0, &rendered)?;
                if count(&outcomes) <= count(before) {
                    self.edits = fewer;
                    last = Some((rendered, outcomes));
                }
            }
        }
        Ok(last)
    }

    /// Notes which fields have to change.
    fn want(&mut self, goals: &[Goal]) {
        let fields = goals.iter().flat_map(|goal| {
            let pointers = goal.changes.iter().map(|change| change.pointer.clone());
            pointers.map(|pointer| (goal.id.clone(), pointer))
        });
        self.wanted = fields.collect();
    }

    /// The best choice for each violation that has one left; the contents go into the edits.
    fn choose(&self, goals: &[Goal], trial: &mut Edits, at_most: usize) -> Vec<Try> {
        let mut values = self.values.clone();
        for (path, content) in trial.iter() {
            values::put(&mut values, path, content.clone());
        }
        let ranking = self.ranking();
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
        let is_named = |choice: &Choice| {
            choice
                .path
                .last()
                .is_some_and(|name| said.contains(name.as_str()))
        };
        let named: Vec<&Try> = tries
            .iter()
            .filter(|one| one.choices.iter().any(is_named))
            .collect();
        let guilty: Vec<&Try> = match (named.len(), tries.len()) {
            (0, 1) => tries.iter().collect(),
            (0, many) => return many / 2,
            (few, many) if few < many || many == 1 => named,
            (_, many) => return many / 2,
        };
        for one in guilty {
            for choice in &one.choices {
                let path = values::shown(&choice.path, &self.values);
                let reason = format!("the chart refuses {path}: {}", said.trim());
                self.reasons
                    .entry(one.key.clone())
                    .or_default()
                    .push(reason);
                self.tried.insert((one.key.clone(), choice.path.clone()));
            }
        }
        usize::MAX
    }

    /// The text of the file of values with the edits.
    fn text(&self) -> Result<Option<String>> {
        let text = match &self.release.target {
            Some(target) if target.exists() => Input::read(target)?.text,
            _ => String::new(),
        };
        Ok(values::edited(&text, &self.edits))
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

    /// Says for each violation what is to be done; some are left when the values are given.
    fn remedies(&self, outcomes: &mut [Outcome], goals: &[Goal], left: &BTreeSet<Key>) {
        let target = self.release.target.as_ref().filter(|it| it.exists());
        let target = target.and_then(|it| Input::read(it).ok()).map(Arc::new);
        for outcome in outcomes {
            let Some(name) = outcome.name.clone() else {
                continue;
            };
            let object = name.to_string();
            for finding in &mut outcome.findings {
                let Some(key) = goal::key(&object, finding) else {
                    continue;
                };
                let goal = goals.iter().find(|goal| goal.key == key);
                let is_solved = !self.edits.is_empty() && !left.contains(&key);
                finding.remedy = Some(Box::new(if is_solved {
                    Remedy::Values(self.new_values(&key, goal, target.as_ref()))
                } else {
                    Remedy::Elsewhere {
                        reasons: goal.map(|goal| self.why_not(goal)).unwrap_or_default(),
                        patch: finding.kind.fix().map(|fix| kustomize(&name, fix)),
                    }
                }));
            }
        }
    }

    /// The values that solve a violation.
    fn new_values(
        &self,
        key: &Key,
        goal: Option<&Goal>,
        target: Option<&Arc<Input>>,
    ) -> Vec<NewValue> {
        let by = |path: &Path| values::lifted(&self.values, path, Value::Null).0;
        let mut paths: Vec<Path> = self
            .solved_by
            .get(key)
            .into_iter()
            .flatten()
            .map(by)
            .collect();
        if paths.is_empty() {
            // Another violation's values did it.
            let ranking = self.ranking();
            let choices = goal.into_iter().flat_map(|goal| {
                let of = |change| ranking.choices(&goal.id, change);
                goal.changes.iter().flat_map(of)
            });
            paths = choices
                .map(|choice| by(&choice.path))
                .filter(|it| self.edits.contains_key(it))
                .collect();
        }
        if paths.is_empty() {
            paths = self.edits.keys().cloned().collect();
        }
        paths.sort();
        paths.dedup();
        paths.retain(|path| self.edits.contains_key(path));
        paths
            .into_iter()
            .map(|path| self.new_value(path, target))
            .collect()
    }

    fn new_value(&self, path: Path, target: Option<&Arc<Input>>) -> NewValue {
        let content = self.edits[&path].clone();
        let mut whole = Value::Object(serde_json::Map::new());
        values::put(&mut whole, &path, content.clone());
        let mut notes = Vec::new();
        let is_given = self
            .given
            .iter()
            .any(|file| values::at(file, &path).is_some());
        let copied = values::at(&self.values, &path).and_then(Value::as_array);
        if let (false, Some(list)) = (is_given, copied.filter(|list| !list.is_empty())) {
            notes.push(format!(
                "Helm replaces a list as a whole: the chart's own {} are copied, and stay as they are now when the chart changes",
                if list.len() == 1 { "item is one that".to_owned() } else { format!("{} items", list.len()) }
            ));
        }
        NewValue {
            path: values::shown(&path, &self.values),
            range: target.map_or(0..0, |file| values::place(file, &path)),
            file: target.cloned(),
            content,
            yaml: values::yaml_of(&whole),
            notes,
        }
    }

    /// Why no value solves it.
    fn why_not(&self, goal: &Goal) -> Vec<String> {
        let mut reasons = self.reasons.get(&goal.key).cloned().unwrap_or_default();
        reasons.extend(self.unfound.clone());
        let ranking = self.ranking();
        for change in &goal.changes {
            let choices = ranking.choices(&goal.id, change);
            for choice in &choices {
                let path = values::shown(&choice.path, &self.values);
                if self.release.set.iter().any(|set| is_set(set, &path)) {
                    reasons.push(format!(
                        "{path} is set on the command line, which wins over files"
                    ));
                }
            }
            if self
                .named_by_release
                .contains(&(goal.id.clone(), change.pointer.clone()))
            {
                let name = change.after.as_str().unwrap_or_default();
                reasons.push(format!(
                    "it is the name of the release: install it as {name}"
                ));
            } else if choices.is_empty() && self.unfound.is_none() {
                reasons.push(format!(
                    "no value reaches it: {} hard-codes it",
                    goal.id.template
                ));
            }
        }
        reasons.dedup();
        reasons
    }
}

/// Whether `--set` sets this value, or one around or in it.
fn is_set(set: &str, path: &str) -> bool {
    set.split(',').any(|set| {
        let name = set.split_once('=').map_or(set, |(name, _)| name);
        name.starts_with(path) || path.starts_with(name)
    })
}

/// The candidates, each value once: as what it was seen as first.
fn distinct(candidates: impl Iterator<Item = Candidate>) -> Vec<Candidate> {
    let mut paths = BTreeSet::new();
    candidates
        .filter(|candidate| paths.insert(candidate.path.clone()))
        .collect()
}

/// A patch for a kustomization, ready to use.
fn kustomize(name: &crate::manifest::Name, fix: &Value) -> String {
    let group = "monitoring.coreos.com";
    let operations = json!({ "x": fix });
    let operations = values::yaml_of(&operations);
    let lines = operations
        .lines()
        .skip(1)
        .map(|line| format!("      {}\n", line.strip_prefix("  ").unwrap_or(line)));
    format!(
        "patches:\n  - target: {{group: {group}, kind: {}, name: {}}}\n    patch: |\n{}",
        name.kind,
        name.name,
        lines.collect::<String>()
    )
}
