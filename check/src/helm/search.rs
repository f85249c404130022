//! The experiment: all candidates are marked at once, and the marks are looked for in what is rendered. Where Helm fails, its
//! message often names the value; else the candidates are halved.

use std::collections::BTreeSet;
use std::ffi::OsString;

use anyhow::Result;
use serde_json::Value;

use super::candidates;
use super::marks::{self, Candidate, Sighting};
use super::render::Renderer;
use super::scratch::Scratch;
use super::values;
use crate::chart::Chart;

/// How many renderings are kept for trying what was found.
const RESERVED: usize = 40;

/// A place for experiments.
#[derive(Debug)]
pub struct Search<'a> {
    /// Renders.
    pub renderer: &'a Renderer<'a>,
    /// The chart.
    pub chart: &'a Chart,
    /// Flags of Helm, without those that set values.
    pub flags: &'a [OsString],
    /// The values without marks.
    pub values: &'a Value,
}

/// What experiments showed.
#[derive(Debug, Default)]
pub struct Seen {
    /// What was found in what is rendered.
    pub sightings: Vec<Sighting>,
    /// The candidates with which the chart does not render, with what Helm says.
    pub refused: Vec<(Candidate, String)>,
}

impl Search<'_> {
    /// Marks the candidates, and those that are not seen then once more by themselves: one value can hide another.
    ///
    /// # Errors
    ///
    /// If there is no Helm.
    pub fn run(&self, scratch: &Scratch, candidates: &[Candidate]) -> Result<Seen> {
        let mut seen = Seen::default();
        self.mark(scratch, candidates, &mut seen)?;
        let of = |seen: &Seen| -> BTreeSet<Candidate> {
            let found = seen
                .sightings
                .iter()
                .filter(|one| one.is_whole)
                .map(|one| one.candidate.clone());
            let refused = seen.refused.iter().map(|(candidate, _)| candidate.clone());
            found.chain(refused).collect()
        };
        let known = of(&seen);
        let unseen: Vec<_> = candidates
            .iter()
            .filter(|it| !known.contains(it))
            .cloned()
            .collect();
        if !unseen.is_empty() && unseen.len() < candidates.len() {
            self.mark(scratch, &unseen, &mut seen)?;
        }
        seen.sightings.sort();
        seen.sightings.dedup();
        Ok(seen)
    }

    /// Marks the candidates.
    ///
    /// # Errors
    ///
    /// If there is no Helm.
    pub fn mark(&self, scratch: &Scratch, candidates: &[Candidate], seen: &mut Seen) -> Result<()> {
        if candidates.is_empty() || self.renderer.left() <= RESERVED {
            return Ok(());
        }
        let candidates = &candidates[..candidates.len().min(marks::MAX_MARKS)];
        let values = marks::marked(self.values, candidates);
        let chart = scratch.with(self.chart, &values, self.flags)?;
        let said = match self.renderer.render(&chart)? {
            Ok(rendered) => {
                seen.sightings
                    .extend(marks::seen(&rendered.text, candidates));
                return Ok(());
            }
            Err(said) => said,
        };
        if let [candidate] = candidates {
            seen.refused.push((candidate.clone(), said));
            return Ok(());
        }
        let (named, rest): (Vec<_>, Vec<_>) =
            candidates
                .iter()
                .cloned()
                .enumerate()
                .partition(|(index, candidate)| {
                    is_named(&said, &marks::mark(*index), candidate, self.values)
                });
        if !named.is_empty() && !rest.is_empty() {
            let named = named
                .into_iter()
                .map(|(_, candidate)| (candidate, said.clone()));
            seen.refused.extend(named);
            let rest: Vec<_> = rest.into_iter().map(|(_, candidate)| candidate).collect();
            return self.mark(scratch, &rest, seen);
        }
        let (first, second) = candidates.split_at(candidates.len() / 2);
        self.mark(scratch, first, seen)?;
        self.mark(scratch, second, seen)
    }
}

/// Whether Helm's message names a value, or has its mark.
fn is_named(said: &str, mark: &str, candidate: &Candidate, values: &Value) -> bool {
    if said.contains(mark) {
        return true;
    }
    // The template's expression, `at <.Values.a.b>`. The values of a chart in the chart have no prefix there.
    let expressions = said.split("at <").skip(1);
    let expressions = expressions.filter_map(|rest| Some(rest.split_once('>')?.0));
    let mut chains = expressions.flat_map(candidates::chains);
    let path = &candidate.path;
    // With something in it, an empty mapping is there for the template, which then wants more of it.
    let parent = &path[..path.len().saturating_sub(1)];
    let is_filled = values::at(values, parent).is_none_or(values::is_empty);
    chains.any(|chain| {
        let Some(start) = chain.iter().position(|name| *name == "Values") else {
            // In a loop, or below `with`, only the last names are there.
            return chain.last().copied() == path.last().map(String::as_str);
        };
        let names = &chain[start + 1..];
        let is_named = |prefix: usize| {
            let path = &path[prefix..];
            let pairs = path.iter().zip(names);
            let common = pairs.take_while(|(one, other)| one == other).count();
            let whole = path.len().min(names.len());
            let needed = if is_filled && path.len() > 1 {
                whole - 1
            } else {
                whole
            };
            common >= needed && common >= names.len().min(2)
        };
        !names.is_empty() && (0..path.len()).any(is_named)
    })
}
