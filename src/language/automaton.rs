//! Position automata (Glushkov): one state for each character that the expression reads, and none
//! without a character, so that a set of states is a bitset and a step is two bit operations.
//!
//! State 0 is the start; state `p` means "the character at position `p` was read last". From a
//! state one may go on to the states that `follow` it, if their class has the character.

use super::alphabet::{Case, Class, symbol};
use super::expression::{Expression, copies};

/// Words of 64 states.
pub type Word = u64;

/// The most positions that one automaton may have. A pattern that people write has tens; a state
/// set of this size is 256 bytes, and the table of followers half a megabyte.
pub const MAX_POSITIONS: usize = 2000;

/// The longest text that is read, times the states to read it with.
const MAX_READ: usize = 1 << 18;

/// A language, as an automaton that reads one character a step.
#[derive(Clone, Debug)]
pub struct Automaton {
    /// The class of each state; the start has none.
    classes: Vec<Class>,
    /// For each state, the states that may come next: rows of `words` words.
    follow: Vec<Word>,
    /// The states in which a text may end.
    last: Vec<Word>,
    words: usize,
    /// Whether the language is the one that was asked for, or one that surely contains it.
    exact: bool,
}

/// What is known of a text: whether a language contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Surely.
    Yes,
    /// Surely not.
    No,
    /// It depends on characters that are not told apart.
    Unknown,
}

impl Automaton {
    /// The automaton of an expression; `exact` says whether the expression is, or only contains,
    /// the language that was meant. None if it has more than [`MAX_POSITIONS`] positions.
    #[must_use]
    pub fn new(expression: &Expression, exact: bool) -> Option<Self> {
        let positions = expression.positions();
        if positions > MAX_POSITIONS {
            return None;
        }
        let words = (positions + 1).div_ceil(Word::BITS as usize);
        let mut builder = Builder {
            automaton: Self {
                classes: vec![Class::NONE],
                follow: vec![0; words * (positions + 1)],
                last: vec![0; words],
                words,
                exact,
            },
        };
        let whole = builder.add(expression);
        builder.connect(&[0], &whole.first);
        let automaton = &mut builder.automaton;
        for &state in &whole.last {
            insert(&mut automaton.last, state);
        }
        if whole.nullable {
            insert(&mut automaton.last, 0);
        }
        Some(builder.automaton)
    }

    /// The number of words of a set of states.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.words
    }

    /// The number of states, the start included.
    #[must_use]
    pub const fn states(&self) -> usize {
        self.classes.len()
    }

    /// Whether the language is exactly the one that was asked for. Otherwise it contains it: it
    /// may stand for a keep, never for a drop.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.exact
    }

    /// The class of each state.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The states in which a text may end.
    #[must_use]
    pub fn last(&self) -> &[Word] {
        &self.last
    }

    /// The set of the start alone.
    #[must_use]
    pub fn start(&self) -> Vec<Word> {
        let mut set = vec![0; self.words];
        insert(&mut set, 0);
        set
    }

    /// Adds to `next` every state that may follow one of `set`, whatever the character.
    pub fn followers(&self, set: &[Word], next: &mut [Word]) {
        for state in states(set) {
            let row = &self.follow[state * self.words..][..self.words];
            for (word, follow) in next.iter_mut().zip(row) {
                *word |= follow;
            }
        }
    }

    /// The states whose class has what `case` makes of the symbol, surely (`must`) or possibly.
    #[must_use]
    pub fn readers(&self, symbol: u8, must: bool, case: Case) -> Vec<Word> {
        let mut set = vec![0; self.words];
        for (state, class) in self.classes.iter().enumerate() {
            let class = class.before(case);
            let symbols = if must { class.must } else { class.may };
            if symbols >> symbol & 1 != 0 {
                insert(&mut set, state);
            }
        }
        set
    }

    /// The states whose class possibly has one of the symbols.
    #[must_use]
    pub fn readers_of(&self, symbols: u128) -> Vec<Word> {
        let mut set = vec![0; self.words];
        for (state, class) in self.classes.iter().enumerate() {
            if class.may & symbols != 0 {
                insert(&mut set, state);
            }
        }
        set
    }

    /// The states from which `symbol` leads into `set`.
    #[must_use]
    pub fn predecessors(&self, set: &[Word], readers: &[Word]) -> Vec<Word> {
        let mut before = vec![0; self.words];
        for state in 0..self.states() {
            let row = &self.follow[state * self.words..][..self.words];
            let leads = row
                .iter()
                .zip(set)
                .zip(readers)
                .any(|((follow, set), readers)| follow & set & readers != 0);
            if leads {
                insert(&mut before, state);
            }
        }
        before
    }

    /// Whether the language contains the text.
    #[must_use]
    pub fn contains(&self, text: &str) -> Membership {
        if text.len() * self.states() > MAX_READ {
            return Membership::Unknown;
        }
        match (self.reads(text, true), self.reads(text, false)) {
            (true, _) if self.exact => Membership::Yes,
            (_, false) => Membership::No,
            _ => Membership::Unknown,
        }
    }

    /// The lengths of the beginnings of an ASCII text that the language surely contains.
    #[must_use]
    pub fn prefixes(&self, text: &str) -> Vec<usize> {
        let mut set = self.start();
        let mut lengths = Vec::new();
        for (length, character) in (0..).zip(text.chars().map(Some).chain([None])) {
            if intersects(&set, &self.last) {
                lengths.push(length);
            }
            if let Some(character) = character {
                set = self.step(&set, character, true);
            }
        }
        lengths
    }

    fn reads(&self, text: &str, must: bool) -> bool {
        let set = text.chars().fold(self.start(), |set, character| {
            self.step(&set, character, must)
        });
        intersects(&set, &self.last)
    }

    fn step(&self, set: &[Word], character: char, must: bool) -> Vec<Word> {
        let symbol = symbol(character);
        let mut next = vec![0; self.words];
        self.followers(set, &mut next);
        for state in states(&next.clone()) {
            let class = self.classes[state];
            let symbols = if must { class.must } else { class.may };
            if symbols >> symbol & 1 == 0 {
                remove(&mut next, state);
            }
        }
        next
    }
}

/// The states of a set, in ascending order.
pub fn states(set: &[Word]) -> impl Iterator<Item = usize> {
    set.iter().enumerate().flat_map(|(index, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                index * Word::BITS as usize + bit
            })
        })
    })
}

/// Whether two sets have a state in common.
#[must_use]
pub fn intersects(one: &[Word], other: &[Word]) -> bool {
    one.iter().zip(other).any(|(one, other)| one & other != 0)
}

fn insert(set: &mut [Word], state: usize) {
    set[state / Word::BITS as usize] |= 1 << (state % Word::BITS as usize);
}

fn remove(set: &mut [Word], state: usize) {
    set[state / Word::BITS as usize] &= !(1 << (state % Word::BITS as usize));
}

/// What an expression adds to the automaton around it.
struct Fragment {
    nullable: bool,
    first: Vec<usize>,
    last: Vec<usize>,
}

impl Fragment {
    const EMPTY: Self = Self {
        nullable: true,
        first: Vec::new(),
        last: Vec::new(),
    };
}

struct Builder {
    automaton: Automaton,
}

impl Builder {
    fn connect(&mut self, from: &[usize], to: &[usize]) {
        let words = self.automaton.words;
        let mut set = vec![0; words];
        for &state in to {
            insert(&mut set, state);
        }
        for &state in from {
            let row = &mut self.automaton.follow[state * words..][..words];
            for (word, set) in row.iter_mut().zip(&set) {
                *word |= set;
            }
        }
    }

    fn add(&mut self, expression: &Expression) -> Fragment {
        match expression {
            Expression::Empty => Fragment::EMPTY,
            Expression::Class(class) => {
                let state = self.automaton.classes.len();
                self.automaton.classes.push(*class);
                Fragment {
                    nullable: false,
                    first: vec![state],
                    last: vec![state],
                }
            }
            Expression::Concatenation(parts) => {
                let mut whole = Fragment::EMPTY;
                for part in parts {
                    let part = self.add(part);
                    whole = self.then(whole, part);
                }
                whole
            }
            Expression::Alternation(parts) => {
                let mut whole = Fragment {
                    nullable: false,
                    ..Fragment::EMPTY
                };
                for part in parts {
                    let part = self.add(part);
                    whole.nullable |= part.nullable;
                    whole.first.extend(part.first);
                    whole.last.extend(part.last);
                }
                whole
            }
            Expression::Repetition {
                inner,
                minimum,
                maximum,
            } => {
                let mut whole = Fragment::EMPTY;
                let copies = copies(*minimum, *maximum);
                for copy in 0..copies {
                    let mut part = self.add(inner);
                    if maximum.is_none() && copy + 1 == copies {
                        self.connect(&part.last, &part.first);
                    }
                    if copy >= *minimum {
                        part.nullable = true;
                    }
                    whole = self.then(whole, part);
                }
                whole
            }
        }
    }

    fn then(&mut self, before: Fragment, after: Fragment) -> Fragment {
        self.connect(&before.last, &after.first);
        let mut first = before.first;
        if before.nullable {
            first.extend(&after.first);
        }
        let mut last = after.last;
        if after.nullable {
            last.extend(&before.last);
        }
        Fragment {
            nullable: before.nullable && after.nullable,
            first,
            last,
        }
    }
}
