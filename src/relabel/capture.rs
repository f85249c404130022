//! What the groups of a regex hold after a match.
//!
//! A known text is [split](Shape::split) among the parts of a [`Shape`] as leftmost-first matching
//! does it. A [`Value`] is [aligned](align): wherever an item may end, within a literal or within a
//! variable, the state goes on as one of its own, in which that variable is two. The real split is
//! among them. Which one it is can be told of a known text only, so it is a constraint that a witness is
//! held against.

use std::rc::Rc;

use crate::language::alphabet::{Case, NAMESPACE};
use crate::language::automaton::Automaton;
use crate::language::budget::{Budget, TooComplex};
use crate::language::pattern::Pattern;

use super::ConfigId;
use super::shape::{Shape, ShapeItem};
use super::state::{ConstraintKind, State, WORDS};
use super::value::{Part, Text, Value};

/// The most ways in which one value is split. Patterns that people write have one or two.
const MAX_SPLITS: usize = 16;

/// What the groups of a pattern hold.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// What was matched.
    pub whole: Value,
    /// What each group holds, by its index; none where that cannot be told.
    groups: Vec<Option<Value>>,
}

impl Held {
    /// What the group holds, where that can be told.
    #[must_use]
    pub(crate) fn group(&self, index: usize) -> Option<&Value> {
        if index == 0 {
            return Some(&self.whole);
        }
        self.groups.get(index).and_then(Option::as_ref)
    }

    /// Of a match with the default regex, which is one group.
    #[must_use]
    pub(crate) fn of_the_default(whole: Value) -> Self {
        Self {
            groups: vec![None, Some(whole.clone())],
            whole,
        }
    }

    /// Of a match of which nothing is known.
    #[must_use]
    pub(crate) const fn unknown(whole: Value) -> Self {
        Self {
            whole,
            groups: Vec::new(),
        }
    }
}

/// What the groups of a pattern hold once it has matched a text; none where that cannot be told.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn captures(
    pattern: &Pattern,
    shapes: &[Rc<Shape>],
    text: &str,
    budget: &mut Budget,
) -> Result<Option<Held>, TooComplex> {
    use crate::language::automaton::Membership;
    for (index, shape) in shapes.iter().enumerate() {
        match shape.whole.contains(text) {
            Membership::No => {}
            Membership::Unknown => return Ok(None),
            Membership::Yes => {
                let Some(taken) = shape.split(text, budget)? else {
                    return Ok(None);
                };
                let taken: Vec<Value> = taken.into_iter().map(Value::literal).collect();
                return Ok(Some(Held {
                    whole: Value::literal(text),
                    groups: groups(pattern, shapes, index, &taken),
                }));
            }
        }
    }
    Ok(None)
}

fn groups(
    pattern: &Pattern,
    shapes: &[Rc<Shape>],
    matched: usize,
    taken: &[Value],
) -> Vec<Option<Value>> {
    let group = |group| {
        let elsewhere =
            |shape: &Rc<Shape>| shape.items.iter().any(|item| item.group() == Some(group));
        match shapes[matched].held(group, taken) {
            Some(value) => Some(value.clone()),
            // A group of another alternative is empty.
            None if shapes.iter().any(elsewhere) => Some(Value::default()),
            None => None,
        }
    };
    (0..pattern.groups.len()).map(group).collect()
}

/// The ways in which the value, which the pattern matched, can be split among its items; none
/// where that cannot be followed.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice.
pub(crate) fn align(
    state: &State,
    value: &Value,
    pattern: &Pattern,
    shapes: &[Rc<Shape>],
    config: ConfigId,
    budget: &mut Budget,
) -> Result<Option<Vec<(State, Held)>>, TooComplex> {
    if let Some(text) = value.text() {
        let held = captures(pattern, shapes, text, budget)?;
        return Ok(held.map(|held| vec![(state.clone(), held)]));
    }
    let mut ways = Vec::new();
    for (index, shape) in shapes.iter().enumerate() {
        budget.spend(state.size() + index * (WORDS + value.size() / 8))?;
        let mut state = state.clone();
        for before in &shapes[..index] {
            state.assume(value, &before.whole, false, Some(config));
        }
        let split = Split {
            state,
            whole: value.clone(),
            taken: Vec::new(),
            rest: value.clone(),
        };
        let Some(splits) = split.among(shape, config, budget)? else {
            return Ok(None);
        };
        for split in splits {
            let mut state = split.state;
            if let Some((place, containing)) = &shape.apart {
                let part = &split.taken[*place];
                let Some(apart) = state.constrained(part, containing, false, Some(config)) else {
                    continue;
                };
                state = apart;
            }
            let groups = groups(pattern, shapes, index, &split.taken);
            let kind = ConstraintKind::Captured {
                value: split.whole.clone(),
                shape: Rc::clone(shape),
                taken: split.taken,
            };
            state.know(kind, Some(config));
            let whole = split.whole;
            ways.push((state, Held { whole, groups }));
        }
        if ways.len() > MAX_SPLITS {
            return Ok(None);
        }
    }
    Ok(Some(ways))
}

/// A value that is split from its start.
#[derive(Clone)]
struct Split {
    state: State,
    whole: Value,
    taken: Vec<Value>,
    rest: Value,
}

/// The value has something that cannot be split.
struct NotFollowed;

impl Split {
    fn among(
        self,
        shape: &Shape,
        config: ConfigId,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Self>>, TooComplex> {
        let mut splits = vec![self];
        for (index, item) in shape.items.iter().enumerate() {
            let is_last = index + 1 == shape.items.len();
            let mut next = Vec::new();
            for split in splits {
                budget.spend(split.state.size())?;
                let result = match (item, shape.items.get(index + 1)) {
                    (ShapeItem::Literal(text), _) => split.literal(text, is_last, &mut next),
                    (ShapeItem::Part { automaton, .. }, None) => {
                        split.take_all(automaton.as_ref(), config, &mut next);
                        Ok(())
                    }
                    (ShapeItem::Part { automaton, .. }, Some(following)) => {
                        let mut cuts = Vec::new();
                        split.cut(following, &mut cuts);
                        for cut in cuts {
                            cut.checked(automaton.as_ref(), config, &mut next);
                        }
                        Ok(())
                    }
                };
                if result.is_err() || next.len() > MAX_SPLITS {
                    return Ok(None);
                }
            }
            splits = next;
        }
        if shape.items.is_empty() {
            splits = splits.into_iter().filter_map(Self::finished).collect();
        }
        Ok(Some(splits))
    }

    fn substitute(&mut self, variable: usize, by: &Value) {
        self.state.substitute(variable, by);
        let values = [&mut self.whole, &mut self.rest].into_iter();
        for value in values.chain(&mut self.taken) {
            if let Some(replaced) = value.substituted(variable, by) {
                *value = replaced;
            }
        }
    }

    /// The split in which nothing is left, if that can be.
    fn finished(mut self) -> Option<Self> {
        while let Some(part) = self.rest.0.first() {
            match part {
                Part::Literal(_) => return None,
                Part::Variable(index, _) => self.substitute(*index, &Value::default()),
            }
        }
        Some(self)
    }

    fn literal(
        mut self,
        text: &str,
        is_last: bool,
        next: &mut Vec<Self>,
    ) -> Result<(), NotFollowed> {
        if !text.is_ascii() {
            return Err(NotFollowed);
        }
        self.taken.push(Value::literal(text));
        let mut open = vec![(self, text)];
        while let Some((mut split, text)) = open.pop() {
            if open.len() > MAX_SPLITS {
                return Err(NotFollowed);
            }
            if text.is_empty() {
                next.extend(if is_last {
                    split.finished()
                } else {
                    Some(split)
                });
                continue;
            }
            match split.rest.0.first().cloned() {
                None => {}
                Some(Part::Literal(known)) => {
                    if let Some(after) = known.strip_prefix(text) {
                        split.drop_first(after);
                        open.push((split, ""));
                    } else if let Some(text) = text.strip_prefix(known.as_str()) {
                        split.drop_first("");
                        open.push((split, text));
                    }
                }
                Some(Part::Variable(_, Case::Lower | Case::Upper)) => return Err(NotFollowed),
                Some(Part::Variable(index, Case::Kept)) => {
                    if split.rest.0.len() > 1 {
                        if text.len() > MAX_SPLITS {
                            return Err(NotFollowed);
                        }
                        // It may end within the literal.
                        for length in 0..text.len() {
                            let mut shorter = split.clone();
                            shorter.substitute(index, &Value::literal(&text[..length]));
                            shorter.drop_text(length);
                            open.push((shorter, &text[length..]));
                        }
                    }
                    let mut by = Value::literal(text);
                    by.push(&split.state.fresh());
                    split.substitute(index, &by);
                    split.drop_text(text.len());
                    open.push((split, ""));
                }
            }
        }
        Ok(())
    }

    /// Takes the first part away, but for this end of it.
    fn drop_first(&mut self, end: &str) {
        self.rest.0.remove(0);
        if !end.is_empty() {
            self.rest.0.insert(0, Part::Literal(end.to_owned()));
        }
    }

    /// Takes as many bytes of literal text away.
    fn drop_text(&mut self, length: usize) {
        if let (true, Some(Part::Literal(text))) = (length > 0, self.rest.0.first()) {
            let end = text[length..].to_owned();
            self.drop_first(&end);
        }
    }

    fn take_all(
        mut self,
        automaton: Option<&Rc<Automaton>>,
        config: ConfigId,
        next: &mut Vec<Self>,
    ) {
        self.taken.push(std::mem::take(&mut self.rest));
        self.checked(automaton, config, next);
    }

    /// Keeps the split if what was taken last can be in the language.
    fn checked(self, automaton: Option<&Rc<Automaton>>, config: ConfigId, next: &mut Vec<Self>) {
        let Some(automaton) = automaton else {
            next.push(self);
            return;
        };
        let Self {
            state,
            whole,
            taken,
            rest,
        } = self;
        let last = taken.last().cloned().unwrap_or_default();
        let state = state.constrained(&last, automaton, true, Some(config));
        next.extend(state.map(|state| Self {
            state,
            whole,
            taken,
            rest,
        }));
    }

    /// All places at which the value can be cut, `following` being what comes next.
    fn cut(self, following: &ShapeItem, cuts: &mut Vec<Self>) {
        let literal = match following {
            ShapeItem::Literal(text) => text.as_str(),
            ShapeItem::Part { .. } => "",
        };
        // A namespace is not cut before what no namespace contains; one that was converted may be.
        let foreign = |split: &Self, index: usize, case: Case| {
            let first = literal.bytes().next();
            case == Case::Kept
                && split.state.variables[index] == Text::Namespace
                && first.is_some_and(|byte| byte > 127 || NAMESPACE >> byte & 1 == 0)
        };
        let parts = self.rest.0.clone();
        let cuttable = |part: Option<&Part>| matches!(part, Some(Part::Variable(index, case)) if !foreign(&self, *index, *case));
        for place in 0..=parts.len() {
            let before = place.checked_sub(1).and_then(|place| parts.get(place));
            if !cuttable(before) && !cuttable(parts.get(place)) {
                let rest = Value(parts[place..].to_vec());
                cuts.extend(self.cut_at(Value(parts[..place].to_vec()), rest, literal));
            }
            match parts.get(place) {
                Some(Part::Variable(index, case)) if cuttable(parts.get(place)) => {
                    let mut split = self.clone();
                    let (one, two) = (split.state.fresh(), split.state.fresh());
                    let mut by = one.clone();
                    by.push(&two);
                    split.substitute(*index, &by);
                    // The value may hold the variable several times.
                    let parts = |parts: &[Part]| {
                        let value = Value(parts.to_vec());
                        value.substituted(*index, &by).unwrap_or(value)
                    };
                    let cased = |value: &Value| match value.0.as_slice() {
                        [Part::Variable(index, _)] => Value(vec![Part::Variable(*index, *case)]),
                        _ => Value::default(),
                    };
                    let mut taken = parts(&self.rest.0[..place]);
                    taken.push(&cased(&one));
                    let mut rest = cased(&two);
                    rest.push(&parts(&self.rest.0[place + 1..]));
                    split.taken.push(taken);
                    split.rest = rest;
                    cuts.push(split);
                }
                Some(Part::Literal(text)) => {
                    for (offset, _) in text.char_indices().skip(1) {
                        let mut taken = Value(parts[..place].to_vec());
                        taken.push_literal(&text[..offset]);
                        let mut rest = Value::literal(&text[offset..]);
                        rest.push(&Value(parts[place + 1..].to_vec()));
                        cuts.extend(self.cut_at(taken, rest, literal));
                    }
                }
                _ => {}
            }
        }
    }

    fn cut_at(&self, taken: Value, rest: Value, literal: &str) -> Option<Self> {
        if let Some(Part::Literal(text)) = rest.0.first()
            && !text.starts_with(literal)
            && !literal.starts_with(text.as_str())
        {
            return None;
        }
        let mut split = self.clone();
        split.taken.push(taken);
        split.rest = rest;
        Some(split)
    }
}
