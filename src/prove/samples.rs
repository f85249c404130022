//! The samples of a target: its labels merged with those that the exporter exposes (`mutateSampleLabels` in
//! Prometheus' `scrape/scrape.go`).

use std::rc::Rc;

use crate::language::automaton::Automaton;
use crate::language::budget::TooComplex;
use crate::pipeline::scrape_job::numbered;
use crate::relabel::config::Action;
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{
    DISPLACED, EXPORTED_NAMESPACE, MERGED, MERGED_EXPORTED, METRIC_NAME, NAMESPACE, NAMESPACES,
};
use crate::relabel::state::{Origin, State};
use crate::relabel::value::{Part, Text, Value};
use crate::relabel::{ConfigId, Stage};

use super::Run;
use super::targets::{may_have_any_label, unsettled};

impl Run<'_> {
    /// The samples of the targets, those of their labels merged that are read afterwards.
    pub(super) fn merged(
        &self,
        targets: Vec<State>,
        interpreter: &mut Interpreter,
    ) -> Result<Vec<State>, TooComplex> {
        let (labels, read) = (&self.labels, &self.exposed);
        let something = interpreter.something()?;
        let reads_namespace =
            self.job.metric_relabelings.iter().any(|config| {
                config.action == Action::LabelMap || config.reads(NAMESPACES[NAMESPACE])
            });
        let mut samples = Vec::new();
        for target in targets {
            let mut target = target;
            target.dropped.clear();
            target.refilled = false;
            let given = target.labels[EXPORTED_NAMESPACE].clone();
            let judges_exported = self.judges_exported || target.is_cluster_wide;
            let origin = Origin::Target("exported_namespace".to_owned());
            let before = target.given.iter().find(|(given, _)| *given == origin);
            let before = before.map_or_else(Value::default, |(_, value)| value.clone());
            let mut all = vec![target];
            for (place, name) in labels.names().iter().enumerate() {
                if name.is_empty() || !(read[place] || place == NAMESPACE) {
                    continue;
                }
                let label = Exposed {
                    place,
                    name,
                    text: self.texts.get(name),
                    something: &something,
                };
                let exposed_only =
                    name.starts_with("__") || self.job.honor_labels && place != NAMESPACE;
                all = all
                    .into_iter()
                    .flat_map(|state| {
                        if exposed_only {
                            // Whatever the target's label is, an exporter may expose the same.
                            vec![label.exposed(state)]
                        } else if self.job.honor_labels {
                            vec![label.exposed(state.clone()), state]
                        } else {
                            label.filled(state)
                        }
                    })
                    .collect();
                interpreter.budget.spend(all.len())?;
                interpreter.bound(&mut all)?;
            }
            if judges_exported && reads_namespace && !self.job.honor_labels {
                // By what the target's own namespace is, what is exported may be filtered.
                let own = Value::literal(self.job.own);
                let others = all.iter().filter(|state| state.labels[NAMESPACE] != own);
                let mut enforced: Vec<State> = others.cloned().collect();
                for state in &mut enforced {
                    state.labels[NAMESPACE] = own.clone();
                    state.approximate(ConfigId::ENFORCED_NAMESPACE);
                }
                all.extend(enforced);
            }
            for mut state in unsettled(all, labels, read, false) {
                state.labels[MERGED] = state.labels[NAMESPACE].clone();
                let exported = state.labels[EXPORTED_NAMESPACE].clone();
                // Where a config, or a discovery of any labels, gave the target such a label, the exposed
                // namespace makes room once more, and nothing is known of it: otherwise that would hide it.
                let is_given = state.writers[EXPORTED_NAMESPACE].is_some()
                    || given.text().is_some_and(|text| !text.is_empty())
                    || may_have_any_label(&state);
                let taken = !self.job.honor_labels && is_given && exported == given;
                state.labels[MERGED_EXPORTED] = exported;
                state.labels[DISPLACED] = if taken {
                    let varies = !before.0.is_empty() && before.text().is_none();
                    if varies && !may_have_any_label(&state) {
                        // A config that changed nothing gave nothing.
                        state.know_different(&before, &given);
                    }
                    let origin = Origin::Exposed("namespace".to_owned());
                    let known = state.given.iter().find(|(given, _)| *given == origin);
                    let known = known.map(|(_, value)| value.clone());
                    known.unwrap_or_else(|| state.fresh_from(origin))
                } else {
                    Value::default()
                };
                state.writers[MERGED_EXPORTED] = state.writers[EXPORTED_NAMESPACE];
                state.writers[MERGED] = state.writers[NAMESPACE];
                state.writers[NAMESPACE] = None;
                interpreter.budget.spend(state.size())?;
                if taken && let Some(id) = self.maps_displaced(interpreter)? {
                    state.approximate(id);
                }
                let landing = labels.place(EXPORTED_TWICE);
                match landing.filter(|place| taken && read[*place]) {
                    None => samples.push(state),
                    Some(place) => samples.extend(landed(state, place, &something)),
                }
            }
            interpreter.bound(&mut samples)?;
        }
        Ok(samples)
    }

    /// A `labelmap` of samples that maps the exposed namespace from where it landed to a label that counts.
    fn maps_displaced(
        &self,
        interpreter: &mut Interpreter,
    ) -> Result<Option<ConfigId>, TooComplex> {
        let configs = numbered(Stage::MetricRelabelings, &self.job.metric_relabelings);
        for (id, config) in configs.filter(|(_, config)| config.action == Action::LabelMap) {
            for name in self.labels.names().iter().filter(|name| !name.is_empty()) {
                if interpreter.maps(config, EXPORTED_TWICE, name)? {
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }
}

/// Where the exposed namespace lands that had to make room twice.
const EXPORTED_TWICE: &str = "exported_exported_namespace";

/// The states in which the label at this place is the exposed namespace that made room, and in which it makes room
/// once more, for that label is there already.
fn landed(state: State, place: usize, something: &Rc<Automaton>) -> impl Iterator<Item = State> {
    let value = state.labels[place].clone();
    let absent = state.clone().constrained(&value, something, false, None);
    let here = absent.map(|mut state| {
        state.labels[place] = state.labels[DISPLACED].clone();
        state
    });
    let further = state.constrained(&value, something, true, None);
    here.into_iter().chain(further)
}

/// A label that an exporter may expose.
struct Exposed<'a> {
    place: usize,
    name: &'a str,
    /// The text that it has, if it is to have one.
    text: Option<&'a String>,
    /// The language of all texts but the empty one.
    something: &'a Rc<Automaton>,
}

impl Exposed<'_> {
    /// The state with the label exposed.
    fn exposed(&self, mut state: State) -> State {
        let value = state.given_as(Origin::Exposed(self.name.to_owned()), self.text);
        if self.name == METRIC_NAME && self.text.is_none() {
            // What comes without a name fails the scrape, unless a config gives it one.
            state.assume(&value, self.something, true, None);
        }
        state.labels[self.place] = value;
        state.writers[self.place] = None;
        state
    }

    /// With `honorLabels: false`, the target's label where it has one, else what is exposed: for
    /// `exported_namespace` also the exposed namespace, which had to make room.
    fn filled(&self, state: State) -> Vec<State> {
        let (place, something) = (self.place, self.something);
        let value = state.labels[place].clone();
        if let Some(text) = value.text() {
            return vec![if text.is_empty() {
                self.exposed(state)
            } else {
                state
            }];
        }
        let never_empty = value.0.iter().any(|part| match part {
            Part::Literal(_) => true,
            Part::Variable(index, _) => state.variables[*index] == Text::Namespace,
        });
        if never_empty {
            return vec![state];
        }
        let variable = value.plain_variable();
        // Where it counts that the target has the exported one, it is asked.
        let may_be_given = may_have_any_label(&state) || state.writers[place].is_some();
        let is_free = place != EXPORTED_NAMESPACE || !may_be_given;
        if is_free && variable.is_some_and(|variable| state.is_own(variable, place)) {
            // Free on the target, free in what is exposed: free.
            return vec![self.exposed(state)];
        }
        let kept = state.clone().constrained(&value, something, true, None);
        let absent = state.constrained(&value, something, false, None);
        kept.into_iter()
            .chain(absent.map(|state| self.exposed(state)))
            .collect()
    }
}
