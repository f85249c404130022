//! Which values reach which fields of which objects, as experiments with a copy of the chart show.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Release;
use super::candidates::{self, Inventory, Wanted};
use super::goal::{Change, Goal};
use super::marks::{self, Candidate, Shape, Sighting};
use super::rank::Ranking;
use super::render::{self, Id, Renderer};
use super::scratch::{self, Scratch};
use super::search::{Search, Seen};
use super::values::{self, Path};
use crate::chart::Chart;

/// How many values are turned off to see whether an object is there for them.
const MAX_SWITCHES: usize = 5;

/// A way to look for candidates.
type Look<'i> = fn(&Inventory<'i>, &Wanted<'_>) -> Vec<Candidate>;

/// The ways, in their order: what the first ones find is not looked for any more.
const fn looks<'i>() -> [Look<'i>; 3] {
    [Inventory::named, Inventory::guessed, Inventory::mappings]
}

/// What experiments showed.
#[derive(Debug)]
pub struct Reach<'a> {
    release: &'a Release,
    renderer: &'a Renderer<'a>,
    /// What the files of values have.
    given: &'a [Value],
    /// The values that the templates see.
    pub values: Value,
    /// Where values were seen: in the templates of the objects that are rejected.
    near: Vec<Sighting>,
    /// The same in the whole chart.
    far: Vec<Sighting>,
    /// The values that are called like a field, but with which the chart does not render, and what Helm says.
    pub refused: Vec<(Candidate, String)>,
    /// Those that a template reads for a field, and that do not come out.
    pub unseen: BTreeSet<(Id, Path, Path)>,
    /// The fields that are the name of the release.
    pub named_by_release: BTreeSet<(Id, Path)>,
    /// The values that objects are there for, by their templates: for those that the policy has no fix for.
    pub switches: BTreeMap<String, Vec<Path>>,
    /// How many values were marked.
    pub candidates: usize,
    /// Why nothing could be looked for, if so.
    pub unfound: Option<String>,
}

impl<'a> Reach<'a> {
    /// Before anything is looked for.
    #[must_use]
    pub fn new(release: &'a Release, renderer: &'a Renderer<'a>, given: &'a [Value]) -> Self {
        Self {
            release,
            renderer,
            given,
            values: Value::Null,
            near: Vec::new(),
            far: Vec::new(),
            refused: Vec::new(),
            unseen: BTreeSet::new(),
            named_by_release: BTreeSet::new(),
            switches: BTreeMap::new(),
            candidates: 0,
            unfound: None,
        }
    }

    /// What choices are ranked with, where these fields have to change.
    #[must_use]
    pub fn ranking(&self, wanted: BTreeSet<(Id, Path)>) -> Ranking<'_> {
        Ranking {
            values: &self.values,
            given: self.given,
            near: &self.near,
            far: &self.far,
            wanted,
        }
    }

    /// Looks for the values that reach the fields, and for those that make the objects of some templates.
    ///
    /// # Errors
    ///
    /// If there is no Helm, or the chart cannot be copied.
    pub fn search(&mut self, goals: &[Goal], unfixed: &BTreeSet<String>) -> Result<()> {
        let chart = &self.release.chart;
        let mut near = Scratch::new(&chart.path)?;
        let names = goals.iter().map(|goal| goal.id.template.clone());
        let names: BTreeSet<String> = names.chain(unfixed.iter().cloned()).collect();
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
        for (index, look) in looks().into_iter().enumerate() {
            let open: Vec<&(Id, Change)> = all
                .iter()
                .filter(|(id, change)| self.ranking(BTreeSet::new()).choices(id, change).is_empty())
                .collect();
            let known: BTreeSet<Candidate> =
                self.near.iter().map(|one| one.candidate.clone()).collect();
            let wanted = open.iter().map(|(id, change)| Wanted {
                change,
                template: &id.template,
                prefix: candidates::prefix(&id.template),
            });
            let found: BTreeSet<Candidate> = wanted
                .flat_map(|wanted| look(&inventory, &wanted))
                .collect();
            let found: Vec<Candidate> = distinct(found.difference(&known).cloned());
            self.candidates += found.len();
            let Seen { sightings, refused } = search.run(&near, &found)?;
            self.near.extend(sightings);
            if index == 0 {
                self.refused = refused;
                self.unseen = self.unseen(&inventory, &all);
            }
        }
        self.look_for_release(&near, &all)?;
        for template in unfixed {
            self.look_for_switches(&near, &inventory, template)?;
        }
        // One rendering of the whole chart says what else the values reach.
        let reaching: BTreeSet<Candidate> = {
            let ranking = self.ranking(BTreeSet::new());
            let choices = all
                .iter()
                .flat_map(|(id, change)| ranking.choices(id, change));
            choices.map(|choice| choice.candidate).collect()
        };
        if !reaching.is_empty() {
            let whole = Scratch::new(&chart.path)?;
            whole.forget_defaults()?;
            let mut seen = Seen::default();
            search.mark(&whole, &distinct(reaching.into_iter()), &mut seen)?;
            self.far = seen.sightings;
        }
        Ok(())
    }

    /// The values that are called like a field and that its template reads, but that were not seen.
    fn unseen(
        &self,
        inventory: &Inventory<'_>,
        all: &[(Id, Change)],
    ) -> BTreeSet<(Id, Path, Path)> {
        let known = self
            .near
            .iter()
            .filter(|one| one.is_whole)
            .map(|one| &one.candidate.path);
        let refused = self.refused.iter().map(|(candidate, _)| &candidate.path);
        let known: BTreeSet<&Path> = known.chain(refused).collect();
        let of = |(id, change): &(Id, Change)| {
            let wanted = Wanted {
                change,
                template: &id.template,
                prefix: candidates::prefix(&id.template),
            };
            let read = inventory.called_so(&wanted).into_iter();
            let read =
                read.filter(|path| !known.contains(path) && inventory.is_read(&id.template, path));
            let (id, pointer) = (id.clone(), change.pointer.clone());
            let unseen = read.map(move |path| (id.clone(), pointer.clone(), path));
            unseen.collect::<Vec<_>>()
        };
        all.iter().flat_map(of).collect()
    }

    /// Finds out whether a field that no value reaches is the name of the release.
    fn look_for_release(&mut self, scratch: &Scratch, all: &[(Id, Change)]) -> Result<()> {
        let ranking = self.ranking(BTreeSet::new());
        let is_open = |(id, change): &&(Id, Change)| {
            let is_name = |text: &str| text == self.release.chart.release;
            let is_named = change
                .before
                .as_ref()
                .and_then(Value::as_str)
                .is_some_and(is_name);
            is_named || change.after.is_string() && ranking.choices(id, change).is_empty()
        };
        let open: Vec<&(Id, Change)> = all.iter().filter(is_open).collect();
        if open.is_empty() {
            return Ok(());
        }
        let chart = Chart {
            release: marks::mark(0),
            ..scratch.with(&self.release.chart, &self.values, &self.release.flags)?
        };
        let candidate = Candidate {
            path: Path::new(),
            shape: Shape::Text,
        };
        if let Ok(rendered) = self.renderer.render(&chart)? {
            let seen = marks::seen(&rendered.text, &[candidate]);
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

    /// Finds the values without which a template makes no object, and all others do.
    fn look_for_switches(
        &mut self,
        scratch: &Scratch,
        inventory: &Inventory<'_>,
        template: &str,
    ) -> Result<()> {
        let made = |text: &str| -> BTreeSet<Id> {
            render::documents(text)
                .into_iter()
                .map(|document| document.id)
                .collect()
        };
        let chart = scratch.with(&self.release.chart, &self.values, &self.release.flags)?;
        let switches = inventory.switches(template);
        if switches.is_empty() {
            return Ok(());
        }
        let Ok(before) = self.renderer.render(&chart)? else {
            return Ok(());
        };
        let before = made(&before.text);
        for path in switches.into_iter().take(MAX_SWITCHES) {
            let mut values = self.values.clone();
            values::put(&mut values, &path, false.into());
            let chart = scratch.with(&self.release.chart, &values, &self.release.flags)?;
            let Ok(after) = self.renderer.render(&chart)? else {
                continue;
            };
            let after = made(&after.text);
            let gone: Vec<&Id> = before.difference(&after).collect();
            if !gone.is_empty() && gone.iter().all(|id| id.template == template) {
                self.switches
                    .entry(template.to_owned())
                    .or_default()
                    .push(path);
            }
        }
        Ok(())
    }
}

/// The candidates, each value once: as what it was seen as first.
fn distinct(candidates: impl Iterator<Item = Candidate>) -> Vec<Candidate> {
    let mut paths = BTreeSet::new();
    candidates
        .filter(|candidate| paths.insert(candidate.path.clone()))
        .collect()
}
