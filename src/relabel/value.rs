//! What a label's value is made of: text, and variables, which are texts that nobody chose yet.

use std::ops::Range;

use crate::language::alphabet::{Case, NAMESPACE};
use crate::language::condition::Surrounding;
use crate::language::expression::Expression;

/// A label's value: its parts, one after the other. No part is an absent label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value(pub Vec<Part>);

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Literal(String),
    /// The text of the variable of this index, in this case.
    Variable(usize, Case),
}

impl Value {
    /// This text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut value = Self::default();
        value.push_literal(text);
        value
    }

    /// The text of a variable as it is.
    #[must_use]
    pub fn variable(index: usize) -> Self {
        Self(vec![Part::Variable(index, Case::Kept)])
    }

    /// The text, where no variable is part of the value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, where the value is just its text as it is.
    #[must_use]
    pub(crate) fn plain_variable(&self) -> Option<usize> {
        match self.0.as_slice() {
            [Part::Variable(index, Case::Kept)] => Some(*index),
            _ => None,
        }
    }

    /// The variables, once for each time that they occur.
    pub fn variables(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(index, _) => Some(*index),
        })
    }

    /// Whether the value is longer than the other one, whatever the variables are: it has text besides all of its parts.
    #[must_use]
    pub fn is_longer_than(&self, other: &Self) -> bool {
        let [part @ Part::Variable(..)] = other.0.as_slice() else {
            return false;
        };
        let is_text = |part: &Part| matches!(part, Part::Literal(text) if !text.is_empty());
        self.0.contains(part) && self.0.iter().any(is_text)
    }

    /// How long it is, in bytes of text; a variable counts as 16.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.len(),
                Part::Variable(..) => 16,
            })
            .sum()
    }

    /// Appends literal text.
    pub(crate) fn push_literal(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Literal(before)) => before.push_str(text),
            _ => self.0.push(Part::Literal(text.to_owned())),
        }
    }

    /// Appends another value.
    pub fn push(&mut self, other: &Self) {
        for part in &other.0 {
            match part {
                Part::Literal(text) => self.push_literal(text),
                Part::Variable(..) => self.0.push(part.clone()),
            }
        }
    }

    /// The values, joined as Prometheus joins those of source labels.
    #[must_use]
    pub fn joined(values: &[Self], separator: &str) -> Self {
        let mut joined = Self::default();
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                joined.push_literal(separator);
            }
            joined.push(value);
        }
        joined
    }

    /// The text, once the variables have these.
    ///
    /// None where one has none yet, or where it cannot be told what becomes of it.
    #[must_use]
    pub(crate) fn text_with(&self, texts: &[Option<String>]) -> Option<String> {
        let mut whole = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => whole.push_str(text),
                Part::Variable(index, case) => {
                    whole.push_str(&case.convert_text(texts.get(*index)?.as_deref()?)?);
                }
            }
        }
        Some(whole)
    }

    /// What stands around a range of the parts, as far as the variables have texts; `known` tells what else is
    /// known of them.
    #[must_use]
    pub fn around(&self, range: Range<usize>, texts: &[Option<String>], known: &[Text]) -> Around {
        let any = |index: usize, case: Case| {
            let text = match case {
                Case::Kept => known[index],
                Case::Lower | Case::Upper => known[index].part(),
            };
            Surrounding::Over(text.symbols())
        };
        let surroundings = |parts: &[Part]| {
            let surrounding = |part: &Part| match part {
                Part::Literal(text) => Surrounding::Literal(text.clone()),
                Part::Variable(index, case) => texts
                    .get(*index)
                    .and_then(Option::as_deref)
                    .and_then(|text| case.convert_text(text))
                    .map_or_else(|| any(*index, *case), Surrounding::Literal),
            };
            parts.iter().map(surrounding).collect()
        };
        Around {
            before: surroundings(&self.0[..range.start]),
            after: surroundings(&self.0[range.end..]),
        }
    }

    /// The value with another one in the place of a variable; none if the variable is no part of
    /// it.
    ///
    /// Text that takes the place of a converted variable is converted: it must be ASCII.
    #[must_use]
    pub(crate) fn substituted(&self, variable: usize, by: &Self) -> Option<Self> {
        if self.variables().all(|index| index != variable) {
            return None;
        }
        let mut replaced = Self::default();
        for part in &self.0 {
            match part {
                Part::Literal(text) => replaced.push_literal(text),
                Part::Variable(index, case) if *index == variable => {
                    for part in &by.0 {
                        match part {
                            // INVARIANT: only ASCII is put in the place of a variable (`capture`).
                            Part::Literal(text) => {
                                replaced.push_literal(&case.convert_text(text).unwrap_or_default());
                            }
                            Part::Variable(index, inner) => {
                                let case = if *case == Case::Kept { *inner } else { *case };
                                replaced.0.push(Part::Variable(*index, case));
                            }
                        }
                    }
                }
                Part::Variable(..) => replaced.0.push(part.clone()),
            }
        }
        Some(replaced)
    }

    /// All texts that the value may have, whatever its variables are.
    #[must_use]
    pub fn expression(&self) -> Expression {
        Expression::Concatenation(
            self.0
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => Expression::literal(text),
                    Part::Variable(..) => Expression::anything(),
                })
                .collect(),
        )
    }
}

/// What is known of a variable's text from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    /// Nothing.
    #[default]
    Any,
    /// It has no newline: it is the value of a label in Kubernetes, a name, or a word of its own.
    Line,
    /// It is the namespace of a target as a whole.
    Namespace,
}

impl Text {
    /// The symbols that it is made of.
    #[must_use]
    pub const fn symbols(self) -> u128 {
        match self {
            Self::Any => u128::MAX,
            Self::Line => !(1 << b'\n'),
            Self::Namespace => NAMESPACE,
        }
    }

    /// What is known of a part of it.
    #[must_use]
    pub fn part(self) -> Self {
        self.min(Self::Line)
    }
}

/// What stands around a part of a value.
#[derive(Clone, Debug)]
pub struct Around {
    /// What stands before it.
    pub before: Vec<Surrounding>,
    /// What stands after it.
    pub after: Vec<Surrounding>,
}
