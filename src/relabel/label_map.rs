//! Action `labelmap`: labels that are copied to other names.
//!
//! The names are known, so the regex is simply run on them. A label that no config mentions may be
//! mapped as well; then a name of that kind is looked for.

use std::rc::Rc;

use crate::language::automaton::{Automaton, Membership, TooLarge};
use crate::language::budget::TooComplex;
use crate::language::condition::Condition;
use crate::language::expression::Expression;
use crate::language::product::shortest;

use super::Stage;
use super::capture::{Held, captures};
use super::config::RelabelConfig;
use super::interpreter::{Interpreter, Step};
use super::labels::{Discovered, Labels};
use super::regex::{Compiled, Made, Regex};
use super::state::{Origin, State};
use super::template::Piece;
use super::value::Value;

/// The characters that the name of a label is made of where nobody quotes it.
const LABEL_NAME: u128 = {
    let mut set = 1 << b'_';
    let mut symbol = b'0';
    while symbol <= b'z' {
        if symbol.is_ascii_alphanumeric() {
            set |= 1 << symbol;
        }
        symbol += 1;
    }
    set
};

/// A label that is mapped to another one where it is there.
struct Source {
    value: Value,
    /// Whether the regex surely maps it.
    surely: bool,
    /// Whether a config mentions it, so that what becomes of it is followed.
    is_mentioned: bool,
}

/// A label that no config mentions and that is mapped to another one.
enum Unmentioned {
    /// There is none.
    None,
    /// There may be one.
    Possibly,
    /// This one is.
    Surely(String),
}

impl Interpreter {
    /// Marks the labels that the config may map to one that is read afterwards.
    pub(crate) fn map_needs(
        &mut self,
        config: &RelabelConfig,
        labels: &Labels,
        now: &mut [bool],
    ) -> Result<(), TooComplex> {
        if config.is_unknown {
            return Ok(());
        }
        let Regex::Compiled(regex) = self.compile(&config.regex)? else {
            return Ok(());
        };
        let pieces = self.template(&config.replacement, &regex)?;
        let after = now.to_vec();
        for (source, from) in labels.writable() {
            for (target, to) in labels.writable() {
                if after[target] && !now[source] {
                    now[source] = self.renames(&regex, &pieces, from, to)? != Membership::No;
                }
            }
        }
        Ok(())
    }

    /// Whether the config possibly maps one label to another.
    pub(crate) fn maps(
        &mut self,
        config: &RelabelConfig,
        from: &str,
        to: &str,
    ) -> Result<bool, TooComplex> {
        if config.is_unknown {
            return Ok(true);
        }
        let Regex::Compiled(regex) = self.compile(&config.regex)? else {
            return Ok(true);
        };
        let pieces = self.template(&config.replacement, &regex)?;
        Ok(self.renames(&regex, &pieces, from, to)? != Membership::No)
    }

    pub(crate) fn label_map(
        &mut self,
        step: &Step<'_>,
        regex: &Compiled,
        state: State,
        out: &mut Vec<State>,
    ) -> Result<(), TooComplex> {
        let pieces = self.template(&step.config.replacement, regex)?;
        // What is read is what stood there before the config, whatever it writes meanwhile.
        let before = state.labels.clone();
        let mut all = vec![state];
        for (target, name) in step.writable() {
            let mut next = Vec::new();
            for state in all {
                self.mapped(
                    step,
                    regex,
                    &pieces,
                    &before,
                    (target, name),
                    state,
                    &mut next,
                )?;
            }
            all = next;
            self.bound(&mut all)?;
        }
        for mut state in all {
            let known = self.may_write_given(step, &state)?;
            state.refill(known);
            out.push(state);
        }
        Ok(())
    }

    /// Whether the config may write a label that the state was given and that no config mentions.
    pub(crate) fn may_write_given(
        &mut self,
        step: &Step<'_>,
        state: &State,
    ) -> Result<bool, TooComplex> {
        let discovered = discovered(step);
        for (origin, _) in &state.given {
            let name = origin.name();
            if step.labels.place(name).is_none()
                && self.may_change_of(step.config, name, discovered)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What becomes of one label when others are mapped to it.
    #[expect(
        clippy::too_many_arguments,
        reason = "the body of the loop in `label_map`"
    )]
    fn mapped(
        &mut self,
        step: &Step<'_>,
        regex: &Compiled,
        pieces: &[Piece],
        before: &[Value],
        (target, name): (usize, &str),
        state: State,
        out: &mut Vec<State>,
    ) -> Result<(), TooComplex> {
        let id = step.id;
        let mut sources = Vec::new();
        for (source, from) in step.labels.writable() {
            let renamed = self.renames(regex, pieces, from, name)?;
            if renamed != Membership::No {
                let surely = renamed == Membership::Yes;
                let value = before[source].clone();
                sources.push(Source {
                    value,
                    surely,
                    is_mentioned: true,
                });
            }
        }
        // One that was found for another config is a source of this one, too.
        for (origin, value) in &state.given {
            let from = origin.name();
            let dropped = id.stage == Stage::MetricRelabelings
                && matches!(origin, Origin::Target(name) if name.starts_with("__"));
            if step.labels.place(from).is_none() && !dropped {
                let renamed = self.renames(regex, pieces, from, name)?;
                if renamed != Membership::No {
                    let surely = renamed == Membership::Yes;
                    let value = value.clone();
                    sources.push(Source {
                        value,
                        surely,
                        is_mentioned: false,
                    });
                }
            }
        }
        let unmentioned = self.unmentioned(regex, pieces, step, &state, name)?;
        if sources.is_empty() && matches!(unmentioned, Unmentioned::None) {
            out.push(state);
            return Ok(());
        }
        let something = self.something()?;
        let nothing = Rc::new(Automaton::of_texts(&[""])?);
        // What is not written comes first: its witness has fewer labels.
        let mut rest = Some(state.clone());
        for source in &sources {
            if source.surely && source.is_mentioned {
                rest = rest.and_then(|state| {
                    state.constrained(&source.value, &something, false, Some(id))
                });
            } else if let Some(rest) = &mut rest {
                // It may have been dropped meanwhile.
                rest.assume(&source.value, &nothing, true, Some(id));
            }
        }
        out.extend(rest);
        let mut write = |state: State, value: &Value, surely: bool, but: Option<usize>| {
            if let Some(mut written) = state.constrained(value, &something, true, Some(id)) {
                if !surely {
                    written.approximate(id);
                }
                // Of several sources that are there Prometheus takes the last one, in an order
                // that is not followed; a witness has only one.
                let others = sources.iter().enumerate();
                for (_, other) in others.filter(|(index, _)| Some(*index) != but) {
                    if other.value.text().is_none() {
                        written.assume(&other.value, &nothing, true, Some(id));
                    } else if other.value.text() != Some("") {
                        written.approximate(id);
                    }
                }
                // A label that is mapped to itself stays what it is.
                if *value != before[target] {
                    written.write(target, value.clone(), id);
                }
                out.push(written);
            }
        };
        for (index, source) in sources.iter().enumerate() {
            write(state.clone(), &source.value, source.surely, Some(index));
        }
        let mut written = state;
        match unmentioned {
            Unmentioned::None => {}
            Unmentioned::Possibly => {
                let value = written.fresh();
                write(written, &value, false, None);
            }
            Unmentioned::Surely(label) => {
                let value = written.fresh_from(match id.stage {
                    Stage::MetricRelabelings => Origin::Exposed(label),
                    _ => Origin::Target(label),
                });
                write(written, &value, true, None);
            }
        }
        Ok(())
    }

    /// Whether a label that no config mentions may be mapped to `name`.
    fn unmentioned(
        &mut self,
        regex: &Compiled,
        pieces: &[Piece],
        step: &Step<'_>,
        state: &State,
        name: &str,
    ) -> Result<Unmentioned, TooComplex> {
        let labels = step.labels;
        let Some(candidates) = self.candidates(regex, pieces, name)? else {
            return Ok(Unmentioned::None);
        };
        if let Some(label) = candidates.only_text() {
            return self.mapped_from(label, regex, pieces, step, state, name);
        }
        let mut conditions = vec![Condition::inside(Rc::clone(&regex.automaton))];
        let mentioned = labels.writable().map(|(_, name)| Expression::literal(name));
        let mentioned = Expression::Alternation(mentioned.collect());
        for (expression, inside) in [(candidates, true), (mentioned, false)] {
            let Made::Automaton(automaton) = self.automaton(&expression, true)? else {
                return Ok(Unmentioned::Possibly);
            };
            conditions.push(Condition {
                inside,
                ..Condition::inside(automaton)
            });
        }
        let impossible = self.impossible(discovered(step))?;
        conditions.extend(impossible.map(Condition::outside));
        for (dropped, inside) in &state.dropped {
            conditions.push(Condition {
                inside: !inside,
                ..Condition::inside(Rc::clone(dropped))
            });
        }
        let outside = |names: &mut dyn Iterator<Item = &String>| {
            let names = names.map(|name| Expression::literal(name)).collect();
            let names = Automaton::new(&Expression::Alternation(names), true);
            names.map(|names| Condition::outside(Rc::new(names)))
        };
        let exposed = |origin: &Origin| matches!(origin, Origin::Exposed(_));
        let is_sample = step.id.stage == Stage::MetricRelabelings;
        if !state.refilled {
            // Those that were found for other configs of the list are sources already.
            let known = state.given.iter().map(|(given, _)| given);
            let known = known.filter(|given| exposed(given) == is_sample);
            match outside(&mut known.map(Origin::name)) {
                Ok(condition) => conditions.push(condition),
                Err(TooLarge) => return Ok(Unmentioned::Possibly),
            }
        }
        let others = state.given.iter().map(|(given, _)| given.name());
        for (alphabet, further) in [
            // What the target was given is not what the exporter exposes.
            (LABEL_NAME, outside(&mut { others }).ok()),
            (u128::MAX, None),
        ] {
            let surely = further.is_some() && !state.refilled;
            let conditions: Vec<Condition> = conditions.iter().cloned().chain(further).collect();
            let found = shortest(&conditions, alphabet, usize::MAX, &mut self.budget)?;
            let Some(label) = found else { continue };
            let label: String = label.into_iter().map(char::from).collect();
            let starts_well = !label.starts_with(|first: char| first.is_ascii_digit());
            let surely = surely
                && starts_well
                && self.renames(regex, pieces, &label, name)? == Membership::Yes;
            return Ok(if surely {
                Unmentioned::Surely(label)
            } else {
                Unmentioned::Possibly
            });
        }
        Ok(Unmentioned::None)
    }

    /// What the groups of the regex hold, once it has matched the name of a label; none where that cannot be told.
    fn captured(&mut self, regex: &Compiled, name: &str) -> Result<Option<Rc<Held>>, TooComplex> {
        if let Some(known) = regex.captured.borrow().get(name) {
            return Ok(known.clone());
        }
        let held = match regex.shapes() {
            Ok(shapes) => captures(regex.pattern(), shapes, name, &mut self.budget)?.map(Rc::new),
            Err(TooLarge) => None,
        };
        let mut captured = regex.captured.borrow_mut();
        captured.insert(name.to_owned(), held.clone());
        Ok(held)
    }

    /// A language that contains every label that the config may map to `name`; none if it maps none.
    pub(crate) fn candidates(
        &mut self,
        regex: &Compiled,
        pieces: &[Piece],
        name: &str,
    ) -> Result<Option<Expression>, TooComplex> {
        let anything = Some(Expression::something());
        let (before, group, after) = match pieces {
            [] => return Ok(anything.filter(|_| name.is_empty())),
            [Piece::Literal(text)] => return Ok(anything.filter(|_| text == name)),
            [Piece::Group(group)] => ("", *group, ""),
            [Piece::Literal(before), Piece::Group(group)] => (before.as_str(), *group, ""),
            [Piece::Group(group), Piece::Literal(after)] => ("", *group, after.as_str()),
            [
                Piece::Literal(before),
                Piece::Group(group),
                Piece::Literal(after),
            ] => (before.as_str(), *group, after.as_str()),
            _ => return Ok(anything),
        };
        let held = name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let Some(held) = held else {
            return Ok(None);
        };
        if let Made::Automaton(possible) = self.group(regex, group)?
            && self.contains(&possible, held)? == Membership::No
        {
            return Ok(None);
        }
        if group == 0 {
            return Ok(Some(Expression::literal(held)));
        }
        Ok(match regex.shapes() {
            Ok([shape]) => shape.holding(group, held).or(anything),
            _ => anything,
        })
    }

    /// Whether the only label that the config can map to `name` is one that no config mentions.
    fn mapped_from(
        &mut self,
        label: String,
        regex: &Compiled,
        pieces: &[Piece],
        step: &Step<'_>,
        state: &State,
        name: &str,
    ) -> Result<Unmentioned, TooComplex> {
        let labels = step.labels;
        let is_sample = step.id.stage == Stage::MetricRelabelings;
        let exposed = |origin: &Origin| matches!(origin, Origin::Exposed(_));
        let mut given = state.given.iter().map(|(given, _)| given);
        let mut is_given = false;
        let mut is_known = labels.place(&label).is_some();
        for given in given.by_ref().filter(|given| *given.name() == label) {
            is_given = true;
            is_known |= !state.refilled && exposed(given) == is_sample;
        }
        let mut is_there = !is_known && self.names(regex, &label)? != Membership::No;
        is_there = is_there && self.may_be_there(&label, discovered(step))?;
        for (dropped, drops) in &state.dropped {
            let is_dropped = if *drops {
                Membership::Yes
            } else {
                Membership::No
            };
            is_there = is_there && self.contains(dropped, &label)? != is_dropped;
        }
        if !is_there {
            return Ok(Unmentioned::None);
        }
        let is_plain = label.bytes().all(|byte| LABEL_NAME >> byte & 1 != 0)
            && !label.starts_with(|first: char| first.is_ascii_digit());
        let surely = is_plain
            && !is_given
            && !state.refilled
            && self.renames(regex, pieces, &label, name)? == Membership::Yes;
        Ok(if surely {
            Unmentioned::Surely(label)
        } else {
            Unmentioned::Possibly
        })
    }

    /// Whether a config maps the label `from` to the label `to`.
    fn renames(
        &mut self,
        regex: &Compiled,
        pieces: &[Piece],
        from: &str,
        to: &str,
    ) -> Result<Membership, TooComplex> {
        let matched = self.names(regex, from)?;
        if matched == Membership::No {
            return Ok(Membership::No);
        }
        if let ([Piece::Literal(text)], Membership::Yes) = (pieces, matched) {
            return Ok(equals(text, to));
        }
        if let Some(held) = self.captured(regex, from)? {
            let mut expanded = Some(String::new());
            for piece in pieces {
                let text = match piece {
                    Piece::Literal(text) => Some(text.as_str()),
                    Piece::Group(group) => held.group(*group).and_then(Value::text),
                    Piece::Unknown => None,
                };
                expanded = expanded.zip(text).map(|(before, text)| before + text);
            }
            if let Some(expanded) = expanded {
                return Ok(equals(&expanded, to));
            }
        }
        let possible = match self.candidates(regex, pieces, to)? {
            None => false,
            Some(candidates) => match self.automaton(&candidates, false)? {
                Made::TooLarge => true,
                Made::Automaton(candidates) => self.contains(&candidates, from)? != Membership::No,
            },
        };
        Ok(if possible {
            Membership::Unknown
        } else {
            Membership::No
        })
    }
}

/// What is known of the labels with a name of discovery that the config sees. An exporter may expose any.
fn discovered(step: &Step<'_>) -> Discovered {
    match step.id.stage {
        Stage::MetricRelabelings => Discovered::Unknown,
        _ => step.labels.discovered,
    }
}

fn equals(one: &str, other: &str) -> Membership {
    if one == other {
        Membership::Yes
    } else {
        Membership::No
    }
}
