//! Which of the values that reach a field is the right one: the one that reaches least besides.

use std::collections::BTreeSet;

use serde_json::Value;

use super::goal::Change;
use super::marks::{Candidate, Shape, Sighting};
use super::render::Id;
use super::values::{self, Path};

/// What a new content of a value does for a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The value.
    pub path: Path,
    /// The field: the one of the violation, or its equivalent.
    pub change: Change,
    /// The value that was seen, around which or at which it is.
    pub candidate: Candidate,
}

/// What choices are ranked by; the least is the best.
type Rank = (bool, bool, usize, bool, usize, usize, Path);

/// What is known when choices are ranked.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// The values that templates see.
    pub values: &'a Value,
    /// The values of the files that are given.
    pub given: &'a [Value],
    /// Where values were seen: in the templates of the objects that are rejected.
    pub near: &'a [Sighting],
    /// The same in the whole chart.
    pub far: &'a [Sighting],
    /// The fields that have to change.
    pub wanted: BTreeSet<(Id, Path)>,
}

impl Ranking<'_> {
    /// The values that reach a field of a document, the best one first.
    #[must_use]
    pub fn choices(&self, id: &Id, change: &Change) -> Vec<Choice> {
        let mut ranked = self.all(id, change);
        ranked.retain(|choice| self.immutable_of(choice).is_none());
        ranked
    }

    /// One that reaches a field, and where it is that the API server lets nobody change: an upgrade would fail.
    #[must_use]
    pub fn immutable(&self, id: &Id, change: &Change) -> Option<(Choice, &Sighting)> {
        let mut choices = self.all(id, change).into_iter();
        choices.find_map(|choice| {
            let sighting = self.immutable_of(&choice)?;
            Some((choice, sighting))
        })
    }

    fn immutable_of(&self, choice: &Choice) -> Option<&Sighting> {
        let mut seen = self.far.iter().chain(self.near);
        seen.find(|one| one.candidate == choice.candidate && one.is_immutable)
    }

    fn all(&self, id: &Id, change: &Change) -> Vec<Choice> {
        let seen = self.near.iter().filter(|one| one.is_whole && one.id == *id);
        let choices = seen.filter_map(|sighting| self.choice(sighting, change));
        let mut ranked: Vec<(Rank, Choice)> = choices.map(|it| (self.rank(&it), it)).collect();
        ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
        ranked.dedup_by(|(_, one), (_, other)| one.path == other.path);
        ranked.into_iter().map(|(_, choice)| choice).collect()
    }

    fn choice(&self, sighting: &Sighting, change: &Change) -> Option<Choice> {
        let rest = change.pointer.strip_prefix(sighting.pointer.as_slice())?;
        let fits = match sighting.candidate.shape {
            Shape::List => rest.is_empty() && change.after.is_array(),
            Shape::Text => rest.is_empty() && !change.after.is_array() && !change.after.is_object(),
            Shape::Map => !rest.is_empty(),
        };
        let path: Path = sighting
            .candidate
            .path
            .iter()
            .chain(rest)
            .cloned()
            .collect();
        let is_known = |depth: &usize| values::at(self.values, &path[..*depth]).is_some();
        // No value is made an item of a list that is not there.
        let start = sighting.candidate.path.len();
        let is_item =
            |depth: usize| path[depth].parse::<usize>().is_ok() && !is_known(&(depth + 1));
        let has_room = values::has_room(self.values, &path) && !(start..path.len()).any(is_item);
        (fits && has_room).then(|| Choice {
            path,
            change: change.clone(),
            candidate: sighting.candidate.clone(),
        })
    }

    fn rank(&self, choice: &Choice) -> Rank {
        let of_it = |one: &&Sighting| one.candidate == choice.candidate;
        let mut far: Vec<&Sighting> = self.far.iter().filter(of_it).collect();
        if far.is_empty() {
            far = self.near.iter().filter(of_it).collect();
        }
        let is_wanted = |one: &&&Sighting| {
            let is_it =
                |(id, pointer): &(Id, Path)| *id == one.id && pointer.starts_with(&one.pointer);
            one.is_whole && self.wanted.iter().any(is_it)
        };
        let others: BTreeSet<_> = far
            .iter()
            .filter(|one| !is_wanted(one))
            .map(|one| (&one.id, &one.pointer))
            .collect();
        let now = values::at(self.values, &choice.path);
        // The chart prints this key already, beside the mapping.
        let is_twice =
            choice.candidate.shape == Shape::Map && now.is_none() && choice.change.before.is_some();
        let is_given = self
            .given
            .iter()
            .any(|file| values::at(file, &choice.path).is_some());
        let name = |path: &[String]| {
            path.last()
                .map(|name| name.to_lowercase())
                .unwrap_or_default()
        };
        let distance = strsim::levenshtein(&name(&choice.path), &name(&choice.change.pointer));
        // A list of the chart's would have to be copied as a whole.
        let is_in_list = (0..choice.path.len()).any(|depth| {
            values::at(self.values, &choice.path[..depth]).is_some_and(Value::is_array)
        });
        (
            is_twice,
            is_in_list && !is_given,
            others.len(),
            !is_given,
            distance,
            choice.path.len(),
            choice.path.clone(),
        )
    }
}
