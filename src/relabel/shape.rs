//! The shape of what a regex matches: one for each of its alternatives, with literals and parts one
//! after the other.

use std::rc::Rc;

use crate::language::automaton::{Automaton, TooLarge};
use crate::language::budget::{Budget, TooComplex};
use crate::language::expression::Expression;
use crate::language::pattern::{Item, Pattern, Preference};

/// The longest text that is split, in bytes.
const MAX_TEXT: usize = 256;

/// An alternative of a pattern.
#[derive(Debug)]
pub struct Shape {
    pub(crate) items: Vec<ShapeItem>,
    /// The alternative as a whole.
    pub(crate) whole: Rc<Automaton>,
    /// Where it is anything, a literal, and anything: at which of them the literal cannot occur
    /// once more, and the texts in which it does.
    pub(crate) apart: Option<(usize, Rc<Automaton>)>,
}

/// A part of an alternative.
#[derive(Debug)]
pub(crate) enum ShapeItem {
    Literal(String),
    Part {
        group: Option<usize>,
        /// None where it may be anything.
        automaton: Option<Rc<Automaton>>,
        preference: Preference,
    },
}

impl ShapeItem {
    pub(crate) const fn group(&self) -> Option<usize> {
        match self {
            Self::Literal(_) => None,
            Self::Part { group, .. } => *group,
        }
    }
}

impl Shape {
    /// The alternatives of a pattern.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if one of them is.
    pub fn of(pattern: &Pattern) -> Result<Vec<Rc<Self>>, TooLarge> {
        let alternative = |items: &Vec<Item>| {
            // `.` and `(?s:.)` stop at different places in Prometheus 2.
            let parts = || items.iter().filter_map(Item::part);
            let anything = || parts().filter(|part| part.expression.is_anything());
            let first = anything().next();
            let reads_alike = anything()
                .all(|part| Some(&part.expression) == first.map(|first| &first.expression));
            let expressions = items.iter().map(|item| match item {
                Item::Literal(text) => Expression::literal(text),
                Item::Part(part) => part.expression.clone(),
            });
            let whole = Expression::Concatenation(expressions.collect());
            let whole = Rc::new(Automaton::new(&whole, pattern.exact)?);
            let item = |item: &Item| {
                Ok(match item {
                    Item::Literal(text) => ShapeItem::Literal(text.clone()),
                    Item::Part(part) => ShapeItem::Part {
                        group: part.group,
                        automaton: if part.expression.is_anything() {
                            None
                        } else {
                            Some(Rc::new(Automaton::new(&part.expression, pattern.exact)?))
                        },
                        preference: part.preference,
                    },
                })
            };
            let items = items.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            // An assertion between them is no item, and decides which literal it is.
            let apart = if reads_alike && pattern.exact {
                apart(&items)?
            } else {
                None
            };
            Ok(Rc::new(Self {
                items,
                whole,
                apart,
            }))
        };
        pattern.alternatives.iter().map(alternative).collect()
    }

    /// What each item takes of a text; none where that cannot be told.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub fn split<'t>(
        &self,
        text: &'t str,
        budget: &mut Budget,
    ) -> Result<Option<Vec<&'t str>>, TooComplex> {
        // Where `.` stops at a newline, the split depends on the version of Prometheus.
        let is_plain = text.is_ascii() && !text.contains('\n');
        if !is_plain || text.len() > MAX_TEXT || !self.whole.is_exact() {
            return Ok(None);
        }
        // For each item and each place, how many ways lead to the end from there: 0, 1 or more.
        let mut ways = vec![vec![0_u8; text.len() + 1]; self.items.len() + 1];
        ways[self.items.len()][text.len()] = 1;
        for (index, item) in self.items.iter().enumerate().rev() {
            for start in 0..=text.len() {
                let mut sum = 0;
                for end in item.ends(text, start, budget)? {
                    sum = (sum + ways[index + 1][end]).min(2);
                }
                ways[index][start] = sum;
            }
        }
        let known = self.items.iter().all(|item| {
            !matches!(item, ShapeItem::Part { preference, .. } if *preference == Preference::Unknown)
        });
        if ways[0][0] == 0 || ways[0][0] > 1 && !known {
            return Ok(None);
        }
        let mut taken = Vec::new();
        let mut start = 0;
        for (index, item) in self.items.iter().enumerate() {
            let ends = item.ends(text, start, budget)?;
            let mut possible = ends.iter().filter(|&&end| ways[index + 1][end] > 0);
            let shortest = matches!(item, ShapeItem::Part { preference, .. } if *preference == Preference::Shortest);
            let end = if shortest {
                possible.next()
            } else {
                possible.next_back()
            };
            let Some(&end) = end else { return Ok(None) };
            taken.push(&text[start..end]);
            start = end;
        }
        Ok(Some(taken))
    }

    /// The texts of which a group may hold this; none if it is not one of the items.
    #[must_use]
    pub(crate) fn holding(&self, group: usize, held: &str) -> Option<Expression> {
        let mut found = false;
        let parts = self.items.iter().map(|item| match item {
            ShapeItem::Literal(text) => Expression::literal(text),
            ShapeItem::Part { .. } if item.group() == Some(group) => {
                found = true;
                Expression::literal(held)
            }
            ShapeItem::Part { .. } => Expression::anything(),
        });
        let whole = Expression::Concatenation(parts.collect());
        found.then_some(whole)
    }

    /// What a group holds, by what the items took.
    #[must_use]
    pub(crate) fn held<'t, T>(&self, group: usize, taken: &'t [T]) -> Option<&'t T> {
        let place = self
            .items
            .iter()
            .position(|item| item.group() == Some(group))?;
        taken.get(place)
    }
}

/// In `(.*);.*` the last `;` counts, in `(.*?);.*` the first.
fn apart(items: &[ShapeItem]) -> Result<Option<(usize, Rc<Automaton>)>, TooLarge> {
    let [
        ShapeItem::Part {
            automaton: None,
            preference,
            ..
        },
        ShapeItem::Literal(literal),
        ShapeItem::Part {
            automaton: None, ..
        },
    ] = items
    else {
        return Ok(None);
    };
    let place = match preference {
        Preference::Longest => 2,
        Preference::Shortest => 0,
        Preference::Unknown => return Ok(None),
    };
    let containing = Expression::Concatenation(vec![
        Expression::anything(),
        Expression::literal(literal),
        Expression::anything(),
    ]);
    Ok(Some((place, Rc::new(Automaton::new(&containing, true)?))))
}

impl ShapeItem {
    /// The places where the item may end if it begins at `start`, in ascending order.
    fn ends(
        &self,
        text: &str,
        start: usize,
        budget: &mut Budget,
    ) -> Result<Vec<usize>, TooComplex> {
        let rest = &text[start..];
        budget.spend(1 + rest.len() / 8)?;
        match self {
            Self::Literal(literal) => Ok(if rest.starts_with(literal) {
                vec![start + literal.len()]
            } else {
                Vec::new()
            }),
            Self::Part {
                automaton: None, ..
            } => Ok((start..=text.len()).collect()),
            Self::Part {
                automaton: Some(automaton),
                ..
            } => {
                budget.spend((rest.len() + 1) * automaton.states())?;
                let lengths = automaton.prefixes(rest).into_iter();
                Ok(lengths.map(|length| start + length).collect())
            }
        }
    }
}
