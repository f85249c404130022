//! What a text must fulfil, one condition by one: to be inside or outside of a language, maybe converted,
//! with text around it.

use std::rc::Rc;

use super::alphabet::Case;
use super::automaton::Automaton;

/// What stands before or after the text in the value that is matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Surrounding {
    /// This text.
    Literal(String),
    /// Any text over these symbols; the condition holds if it holds for one of them.
    Over(u128),
}

impl Surrounding {
    /// Any text.
    pub const ANYTHING: Self = Self::Over(u128::MAX);

    /// The text of the literal ones, one after the other.
    #[must_use]
    pub fn text(parts: &[Self]) -> String {
        let literal = |part: &Self| match part {
            Self::Literal(text) => Some(text.clone()),
            Self::Over(_) => None,
        };
        parts.iter().filter_map(literal).collect()
    }
}

/// What a text must fulfil: that some value made of it and its surroundings is inside, or is
/// outside, of a language.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The language.
    pub automaton: Rc<Automaton>,
    /// Inside or outside.
    pub inside: bool,
    /// How the text is converted before it is matched; what stands around it is not.
    pub case: Case,
    /// What stands before the text.
    pub before: Vec<Surrounding>,
    /// What stands after the text.
    pub after: Vec<Surrounding>,
}

impl Condition {
    /// That the text itself is inside of the language.
    #[must_use]
    pub const fn inside(automaton: Rc<Automaton>) -> Self {
        Self {
            automaton,
            inside: true,
            case: Case::Kept,
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// That the text itself is outside of the language.
    #[must_use]
    pub const fn outside(automaton: Rc<Automaton>) -> Self {
        Self {
            automaton,
            inside: false,
            case: Case::Kept,
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}
