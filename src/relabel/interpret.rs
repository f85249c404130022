//! The interpreter: Prometheus' `relabel` (`model/relabel/relabel.go`), one action after the
//! other, on a [`Series`] instead of a set of labels.
//!
//! [`Interpreter::apply`] is laid out as the switch there, so that the two can be read side by
//! side. Where Prometheus returns false, no series comes out; where the outcome depends on a
//! variable, two come out, each with its condition. What cannot be followed is over-approximated
//! and marked ([`Series::loosen`]): an unknown keep keeps everything, an unknown drop drops
//! nothing, an unknown write leaves a label of which nothing is known.

use std::rc::Rc;

use crate::language::alphabet::Case;
use crate::language::automaton::{Automaton, Membership};
use crate::language::expression::Expression;
use crate::language::pattern::{Outline, Pattern, PatternError};
use crate::language::product::{Budget, Condition, TooComplex, shortest};

use super::RuleId;
use super::labels::{Labels, NAMESPACE};
use super::rule::{Action, DEFAULT_REGEX, Rule};
use super::series::{Part, Series, Value};
use super::template::{self, Piece};

/// The most series that one pipeline may be split into. People's pipelines make a handful.
pub const MAX_SERIES: usize = 512;

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The pattern as it was understood.
    pub pattern: Pattern,
    /// Its automaton.
    pub automaton: Rc<Automaton>,
}

/// Compiles each distinct regex of an object once, and keeps the budget of its proofs.
#[derive(Debug, Default)]
pub struct Interpreter {
    patterns: Vec<(String, Result<Rc<Compiled>, PatternError>)>,
    /// What is left to be spent.
    pub budget: Budget,
}

impl Interpreter {
    /// The regex, compiled.
    ///
    /// # Errors
    ///
    /// See [`PatternError`]; [`TooComplex`] if the budget does not suffice.
    pub fn compile(
        &mut self,
        regex: &str,
    ) -> Result<Result<Rc<Compiled>, PatternError>, TooComplex> {
        if let Some((_, known)) = self.patterns.iter().find(|(known, _)| known == regex) {
            return Ok(known.clone());
        }
        self.budget.spend(regex.len())?;
        let compiled = Pattern::parse(regex).and_then(|pattern| {
            let automaton = Automaton::new(&pattern.expression, pattern.exact)
                .map(Rc::new)
                .ok_or(PatternError::TooLarge)?;
            Ok(Rc::new(Compiled { pattern, automaton }))
        });
        if let Ok(compiled) = &compiled {
            let automaton = &compiled.automaton;
            let (states, words) = (automaton.states(), automaton.words());
            self.budget
                .spend(states * words + states * states * words / 256)?;
        }
        self.patterns.push((regex.to_owned(), compiled.clone()));
        Ok(compiled)
    }

    /// Runs the rules on the series. `needed` says which labels are read after the last rule.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if there come to be too many series, or the budget does not suffice.
    pub fn run(
        &mut self,
        rules: &[(RuleId, &Rule)],
        labels: &Labels,
        needed: &[bool],
        mut series: Vec<Series>,
    ) -> Result<Vec<Series>, TooComplex> {
        let (_, needs) = self.needs(rules, labels, needed)?;
        for ((id, rule), needed) in rules.iter().zip(&needs) {
            let mut next = Vec::new();
            for one in series {
                self.budget.spend(one.size())?;
                self.apply(*id, rule, labels, needed, one, &mut next)?;
                if next.len() > MAX_SERIES {
                    return Err(TooComplex);
                }
            }
            series = next;
        }
        Ok(series)
    }

    /// Which labels are read before the first rule, and which after each, if `needed` are read in
    /// the end. A label that is not need not be followed.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn needs(
        &mut self,
        rules: &[(RuleId, &Rule)],
        labels: &Labels,
        needed: &[bool],
    ) -> Result<(Vec<bool>, Vec<Vec<bool>>), TooComplex> {
        let mut now = needed.to_vec();
        let mut after = vec![Vec::new(); rules.len()];
        for (index, (_, rule)) in rules.iter().enumerate().rev() {
            self.budget.spend(labels.names().len())?;
            after[index].clone_from(&now);
            let target = labels.place(&rule.target_label);
            let reads = match rule.action {
                Action::Keep | Action::Drop => true,
                Action::KeepEqual | Action::DropEqual => {
                    if let Some(target) = target {
                        now[target] = true;
                    }
                    true
                }
                Action::LabelDrop | Action::LabelKeep => false,
                Action::LabelMap => {
                    self.map_needs(rule, labels, &mut now)?;
                    false
                }
                Action::Replace | Action::Lowercase | Action::Uppercase | Action::HashMod => {
                    rule.target_label.contains('$') || target.is_some_and(|target| now[target])
                }
            };
            if reads {
                let sources = rule.source_labels.iter();
                for place in sources.filter_map(|name| labels.place(name)) {
                    now[place] = true;
                }
            }
        }
        Ok((now, after))
    }

    fn map_needs(
        &mut self,
        rule: &Rule,
        labels: &Labels,
        now: &mut [bool],
    ) -> Result<(), TooComplex> {
        let Ok(regex) = self.compile(&rule.regex)? else {
            return Ok(());
        };
        let pieces = template::parse(&rule.replacement, &regex.pattern.groups);
        let after = now.to_vec();
        for (source, from) in labels.writable() {
            self.budget.spend(from.len() * regex.automaton.words())?;
            now[source] |= regex.automaton.contains(from) != Membership::No
                && labels.writable().any(|(target, to)| {
                    after[target] && renames(&regex, &pieces, from, to) != Membership::No
                });
        }
        Ok(())
    }

    fn apply(
        &mut self,
        id: RuleId,
        rule: &Rule,
        labels: &Labels,
        needed: &[bool],
        mut series: Series,
        out: &mut Vec<Series>,
    ) -> Result<(), TooComplex> {
        let compiled = self.compile(&rule.regex)?;
        if rule.has_placeholder() {
            unknown(id, rule, labels, needed, series, out);
            return Ok(());
        }
        let values: Vec<Value> = rule
            .source_labels
            .iter()
            .map(|name| {
                let place = labels.place(name);
                place.map_or_else(Value::default, |place| series.labels[place].clone())
            })
            .collect();
        let value = Value::joined(&values, &rule.separator);
        let target = labels.place(&rule.target_label);
        let is_needed = target.is_some_and(|target| needed[target]);

        match rule.action {
            Action::Drop => match compiled {
                Ok(regex) => out.extend(series.constrained(&value, &regex.automaton, false, id)),
                Err(_) => unknown(id, rule, labels, needed, series, out),
            },
            Action::Keep => match compiled {
                Ok(regex) => out.extend(series.constrained(&value, &regex.automaton, true, id)),
                Err(_) => unknown(id, rule, labels, needed, series, out),
            },
            Action::DropEqual | Action::KeepEqual => {
                let equal = rule.action == Action::KeepEqual;
                let target = target.map_or_else(Value::default, |at| series.labels[at].clone());
                out.extend(compared(series, &target, &value, equal, id));
            }
            Action::Replace => match compiled {
                Ok(regex) => Self::replace(id, rule, &regex, &value, labels, needed, series, out),
                Err(_) => unknown(id, rule, labels, needed, series, out),
            },
            Action::Lowercase | Action::Uppercase => {
                if let (true, Some(target)) = (is_needed, target) {
                    let case = match rule.action {
                        Action::Lowercase => Case::Lower,
                        _ => Case::Upper,
                    };
                    let converted = converted(&value, case, &mut series, id);
                    series.write(target, converted, id);
                }
                out.push(series);
            }
            Action::HashMod => {
                if let (true, Some(target)) = (is_needed, target) {
                    let hash = hash(rule.modulus, &mut series, id);
                    series.write(target, hash, id);
                }
                out.push(series);
            }
            Action::LabelMap => match compiled {
                Ok(regex) => {
                    self.label_map(id, &regex, &rule.replacement, labels, needed, series, out)?;
                }
                Err(_) => unknown(id, rule, labels, needed, series, out),
            },
            Action::LabelDrop | Action::LabelKeep => match compiled {
                Ok(regex) => {
                    let drops = rule.action == Action::LabelDrop;
                    label_drop(id, &regex, drops, labels, needed, series, out)?;
                }
                Err(_) => unknown(id, rule, labels, needed, series, out),
            },
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one case of `apply`, moved out for its length"
    )]
    fn replace(
        id: RuleId,
        rule: &Rule,
        regex: &Compiled,
        value: &Value,
        labels: &Labels,
        needed: &[bool],
        series: Series,
        out: &mut Vec<Series>,
    ) {
        let targets = template::parse(&rule.target_label, &regex.pattern.groups);
        let fixed = match targets.as_slice() {
            [Piece::Literal(name)] => Some(name.as_str()),
            [] => Some(""),
            _ => None,
        };
        if let Some(name) = fixed
            && !labels.place(name).is_some_and(|target| needed[target])
        {
            out.push(series);
            return;
        }
        let always = rule.regex == DEFAULT_REGEX;
        if !always {
            let unmatched = series.clone();
            out.extend(unmatched.constrained(value, &regex.automaton, false, id));
        }
        let matched = if always {
            Some(series)
        } else {
            series.constrained(value, &regex.automaton, true, id)
        };
        let Some(mut series) = matched else { return };
        let replacement = template::parse(&rule.replacement, &regex.pattern.groups);
        let matched = Match::new(regex, value, &mut series);
        let written = matched.expand(&replacement, &mut series, id);
        if let Some(target) = fixed.and_then(|name| labels.place(name)) {
            series.write(target, written, id);
            out.push(series);
            return;
        }
        // The name of the target depends on the value, so the value's condition on the name is
        // what the series of each possible name have.
        let name = matched.expand(&targets, &mut series, id);
        series.dropped.clear();
        let mut rest = Some(series);
        for (target, label) in labels.writable() {
            if !needed[target] {
                continue;
            }
            let Some(literal) = Automaton::new(&Expression::literal(label), true).map(Rc::new)
            else {
                continue;
            };
            if let Some(series) = &rest
                && let Some(mut series) = series.clone().constrained(&name, &literal, true, id)
            {
                series.write(target, written.clone(), id);
                out.push(series);
            }
            rest = rest.and_then(|series| series.constrained(&name, &literal, false, id));
        }
        out.extend(rest);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one case of `apply`, moved out for its length"
    )]
    fn label_map(
        &mut self,
        id: RuleId,
        regex: &Compiled,
        replacement: &str,
        labels: &Labels,
        needed: &[bool],
        series: Series,
        out: &mut Vec<Series>,
    ) -> Result<(), TooComplex> {
        let pieces = template::parse(replacement, &regex.pattern.groups);
        // What is read is what stood there before the rule, whatever it writes meanwhile.
        let before = series.labels.clone();
        let mut all = vec![series];
        for (target, name) in labels.writable() {
            if !needed[target] {
                continue;
            }
            let mut next = Vec::new();
            for series in all {
                self.mapped(
                    id, regex, &pieces, labels, &before, target, name, series, &mut next,
                )?;
            }
            all = next;
            if all.len() > MAX_SERIES {
                return Err(TooComplex);
            }
        }
        for mut series in all {
            series.dropped.clear();
            out.push(series);
        }
        Ok(())
    }

    /// What becomes of one label when others are mapped to it.
    #[expect(
        clippy::too_many_arguments,
        reason = "the body of the loop in `label_map`"
    )]
    fn mapped(
        &mut self,
        id: RuleId,
        regex: &Compiled,
        pieces: &[Piece],
        labels: &Labels,
        before: &[Value],
        target: usize,
        name: &str,
        series: Series,
        out: &mut Vec<Series>,
    ) -> Result<(), TooComplex> {
        let sources: Vec<(usize, Membership)> = labels
            .writable()
            .map(|(source, from)| (source, renames(regex, pieces, from, name)))
            .filter(|(_, renamed)| *renamed != Membership::No)
            .collect();
        let unmentioned = self.unmentioned(regex, pieces, labels, &series, name)?;
        if sources.is_empty() && unmentioned == Membership::No {
            out.push(series);
            return Ok(());
        }
        let something = Automaton::new(&Expression::something(), true).map(Rc::new);
        let something = something.ok_or(TooComplex)?;
        // Of several sources that are there, Prometheus takes the last one; any is assumed.
        let alone = sources.len() + usize::from(unmentioned != Membership::No) == 1;
        let mut write = |series: Series, value: Value, surely: Membership| {
            if let Some(mut written) = series.constrained(&value, &something, true, id) {
                if !alone || surely == Membership::Unknown {
                    written.loosen(id);
                }
                written.write(target, value, id);
                out.push(written);
            }
        };
        let mut rest = Some(series.clone());
        for (source, renamed) in sources {
            write(series.clone(), before[source].clone(), renamed);
            if renamed == Membership::Yes {
                rest = rest
                    .and_then(|series| series.constrained(&before[source], &something, false, id));
            }
        }
        if unmentioned != Membership::No {
            let mut written = series;
            let value = written.fresh();
            write(written, value, unmentioned);
        }
        out.extend(rest);
        Ok(())
    }

    /// Whether a label that no rule mentions may be mapped to `name`.
    fn unmentioned(
        &mut self,
        regex: &Compiled,
        pieces: &[Piece],
        labels: &Labels,
        series: &Series,
        name: &str,
    ) -> Result<Membership, TooComplex> {
        let (candidates, exact) = match preimage(regex, pieces, name) {
            Preimage::None => return Ok(Membership::No),
            Preimage::Text(text) => (Expression::literal(&text), true),
            Preimage::Any(exact) => (Expression::something(), exact),
        };
        let Some(candidates) = Automaton::new(&candidates, true) else {
            return Ok(Membership::Unknown);
        };
        let mut conditions = vec![
            Condition::inside(Rc::clone(&regex.automaton)),
            Condition::inside(Rc::new(candidates)),
        ];
        let mentioned = labels.writable().map(|(_, name)| Expression::literal(name));
        let mentioned = Expression::Alternation(mentioned.collect());
        if let Some(mentioned) = Automaton::new(&mentioned, true) {
            conditions.push(Condition::outside(Rc::new(mentioned)));
        }
        for (dropped, inside) in &series.dropped {
            conditions.push(Condition {
                inside: !inside,
                ..Condition::inside(Rc::clone(dropped))
            });
        }
        let found = shortest(&conditions, u128::MAX, usize::MAX, &mut self.budget)?;
        Ok(match found {
            None => Membership::No,
            Some(_) if exact && regex.pattern.exact => Membership::Yes,
            Some(_) => Membership::Unknown,
        })
    }
}

/// The names that a rule maps to a given one.
enum Preimage {
    /// None.
    None,
    /// Just this one, if it matches.
    Text(String),
    /// Any that matches, surely or possibly.
    Any(bool),
}

fn preimage(regex: &Compiled, pieces: &[Piece], name: &str) -> Preimage {
    let (before, inner, after) = match pieces {
        [] => {
            return if name.is_empty() {
                Preimage::Any(true)
            } else {
                Preimage::None
            };
        }
        [Piece::Literal(text)] => {
            return if text == name {
                Preimage::Any(true)
            } else {
                Preimage::None
            };
        }
        [Piece::Group(group)] => ("", *group, ""),
        [Piece::Literal(before), Piece::Group(group)] => (before.as_str(), *group, ""),
        [Piece::Group(group), Piece::Literal(after)] => ("", *group, after.as_str()),
        [
            Piece::Literal(before),
            Piece::Group(group),
            Piece::Literal(after),
        ] => (before.as_str(), *group, after.as_str()),
        _ => return Preimage::Any(false),
    };
    let inner_text = name
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    let Some(inner_text) = inner_text else {
        return Preimage::None;
    };
    match &regex.pattern.outline {
        _ if inner == 0 => Preimage::Text(inner_text.to_owned()),
        Some(outline) if outline.group == inner => {
            Preimage::Text(format!("{}{inner_text}{}", outline.before, outline.after))
        }
        _ => {
            // Where the group stands is not followed, but what it can hold is known.
            let held = Automaton::new(&regex.pattern.groups[inner].expression, false);
            match held.map(|held| held.contains(inner_text)) {
                Some(Membership::No) => Preimage::None,
                _ => Preimage::Any(false),
            }
        }
    }
}

/// Whether a rule maps the label `from` to the label `to`.
fn renames(regex: &Compiled, pieces: &[Piece], from: &str, to: &str) -> Membership {
    let matched = regex.automaton.contains(from);
    if matched == Membership::No {
        return Membership::No;
    }
    let exact = match preimage(regex, pieces, to) {
        Preimage::None => return Membership::No,
        Preimage::Text(text) if text != from => return Membership::No,
        Preimage::Text(_) | Preimage::Any(true) => true,
        Preimage::Any(false) => false,
    };
    if exact { matched } else { Membership::Unknown }
}

/// A value that a regex matched, and what its group holds, if that can be told.
struct Match<'a> {
    regex: &'a Compiled,
    whole: Value,
    held: Option<Value>,
}

impl<'a> Match<'a> {
    fn new(regex: &'a Compiled, value: &Value, series: &mut Series) -> Self {
        let outline = regex.pattern.outline.as_ref();
        let held = outline
            .filter(|outline| outline.group != 0)
            .and_then(|outline| strip(outline, value, series));
        let mut whole = Value::default();
        match (&held, outline) {
            (Some(held), Some(outline)) => {
                whole.push_literal(&outline.before);
                whole.push(held);
                whole.push_literal(&outline.after);
            }
            _ => whole.push(value),
        }
        Self { regex, whole, held }
    }

    /// The value of a template.
    fn expand(&self, pieces: &[Piece], series: &mut Series, id: RuleId) -> Value {
        let pattern = &self.regex.pattern;
        let mut expanded = Value::default();
        for piece in pieces {
            match (piece, &pattern.outline, &self.held) {
                (Piece::Literal(text), ..) => expanded.push_literal(text),
                (Piece::Unknown, ..) => {
                    expanded.push(&series.fresh());
                    series.loosen(id);
                }
                (Piece::Group(0), ..) => expanded.push(&self.whole),
                (Piece::Group(group), Some(outline), Some(held)) if outline.group == *group => {
                    expanded.push(held);
                }
                (Piece::Group(group), ..) => {
                    let held = &pattern.groups[*group].expression;
                    expanded.push(&series.fresh_inside(held));
                    series.loosen(id);
                }
            }
        }
        expanded
    }
}

/// What is left of the value without the literals around the group, if that can be told.
fn strip(outline: &Outline, value: &Value, series: &mut Series) -> Option<Value> {
    if outline.before.is_empty() && outline.after.is_empty() {
        return Some(value.clone());
    }
    if let Some(text) = value.text() {
        let inner = text.strip_prefix(&outline.before)?;
        return Some(Value::literal(inner.strip_suffix(&outline.after)?));
    }
    let variable = value.plain_variable()?;
    if !outline.before.is_ascii() || !outline.after.is_ascii() {
        return None;
    }
    let inner = series.fresh();
    let mut whole = Value::literal(&outline.before);
    whole.push(&inner);
    whole.push_literal(&outline.after);
    series.substitute(variable, &whole);
    Some(inner)
}

/// The series in which the label's value is, or is not, the other value.
fn compared(
    mut series: Series,
    label: &Value,
    other: &Value,
    equal: bool,
    id: RuleId,
) -> Option<Series> {
    if label == other {
        return equal.then_some(series);
    }
    for (literal, value) in [(label, other), (other, label)] {
        if let Some(text) = literal.text() {
            return match Automaton::new(&Expression::literal(text), true) {
                // Text beyond ASCII is not told apart, so `constrained` cannot be left to say no.
                Some(automaton) if text.is_ascii() => {
                    series.constrained(value, &Rc::new(automaton), equal, id)
                }
                _ => {
                    series.loosen(id);
                    Some(series)
                }
            };
        }
    }
    if !equal {
        // Two that vary can differ, unless something else binds them.
        for index in other.variables().chain(label.variables()) {
            let variable = &mut series.variables[index];
            let bound = variable.is_tied || !variable.conditions.is_empty();
            if bound && !variable.is_namespace {
                series.loose.get_or_insert(id);
            }
        }
        for index in other.variables() {
            series.variables[index].is_tied = true;
        }
        return Some(series);
    }
    if let (Some(one), Some(two)) = (label.plain_variable(), other.plain_variable()) {
        // A namespace stays the variable that it is.
        let (gone, kept) = if series.variables[one].is_namespace {
            (two, one)
        } else {
            (one, two)
        };
        series.substitute(gone, &Value::variable(kept));
        return Some(series);
    }
    for (variable, value) in [(label, other), (other, label)] {
        if variable.plain_variable().is_some() {
            series.loosen(id);
            return match Automaton::new(&value.expression(), true) {
                Some(automaton) => series.constrained(variable, &Rc::new(automaton), true, id),
                None => Some(series),
            };
        }
    }
    series.loosen(id);
    Some(series)
}

fn converted(value: &Value, case: Case, series: &mut Series, id: RuleId) -> Value {
    let mut converted = Value::default();
    for part in &value.0 {
        match part {
            Part::Literal(text) => {
                if let Some(text) = case.convert_text(text) {
                    converted.push_literal(&text);
                } else {
                    series.loosen(id);
                    let unknown = series.fresh();
                    converted.push(&unknown);
                }
            }
            Part::Variable(index, _) => converted.0.push(Part::Variable(*index, case)),
        }
    }
    converted
}

/// A number below the modulus, in decimal digits.
fn hash(modulus: u64, series: &mut Series, id: RuleId) -> Value {
    if modulus == 1 {
        return Value::literal("0");
    }
    let digits = (modulus - 1).to_string().len();
    let digit = Expression::Class(crate::language::alphabet::Class::DIGIT);
    let more = u32::try_from(digits).unwrap_or(u32::MAX);
    let number = digit.repeated(1, Some(more));
    series.loosen(id);
    series.fresh_inside(&number)
}

fn label_drop(
    id: RuleId,
    regex: &Compiled,
    drops: bool,
    labels: &Labels,
    needed: &[bool],
    mut series: Series,
    out: &mut Vec<Series>,
) -> Result<(), TooComplex> {
    if regex.pattern.exact {
        series.dropped.push((Rc::clone(&regex.automaton), drops));
    }
    let mut all = vec![series];
    for (label, name) in labels.writable() {
        if !needed[label] {
            continue;
        }
        let matched = regex.automaton.contains(name);
        let hit = if drops {
            Membership::Yes
        } else {
            Membership::No
        };
        if matched == Membership::Unknown {
            let mut gone = all.clone();
            for series in &mut gone {
                series.write(label, Value::default(), id);
            }
            all.extend(gone);
            for series in &mut all {
                series.loosen(id);
            }
            if all.len() > MAX_SERIES {
                return Err(TooComplex);
            }
        } else if matched == hit {
            for series in &mut all {
                series.write(label, Value::default(), id);
            }
        }
    }
    out.extend(all);
    Ok(())
}

/// A rule that cannot be followed at all.
fn unknown(
    id: RuleId,
    rule: &Rule,
    labels: &Labels,
    needed: &[bool],
    mut series: Series,
    out: &mut Vec<Series>,
) {
    series.loosen(id);
    match rule.action {
        Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual => out.push(series),
        Action::LabelDrop | Action::LabelKeep => {
            let mut all = vec![series];
            for (label, _) in labels.writable() {
                if !needed[label] {
                    continue;
                }
                if label == NAMESPACE {
                    let mut gone = all.clone();
                    for series in &mut gone {
                        series.write(label, Value::default(), id);
                    }
                    all.extend(gone);
                } else {
                    for series in &mut all {
                        let value = series.fresh();
                        series.write(label, value, id);
                    }
                }
            }
            out.extend(all);
        }
        _ => {
            let fixed = !rule.target_label.contains('$') && rule.action != Action::LabelMap;
            let target = labels.place(&rule.target_label);
            series.dropped.clear();
            for (label, _) in labels.writable() {
                let hit = !fixed || target == Some(label);
                if hit && needed[label] {
                    let value = series.fresh();
                    series.write(label, value, id);
                }
            }
            out.push(series);
        }
    }
}
