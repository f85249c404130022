//! Position automata (Glushkov): one state for each character that the expression reads, and none
//! without a character, so that a set of states is a bitset and a step is two bit operations.
//!
//! State 0 is the start; state `p` means "the character at position `p` was read last". From a
//! state one may go on to the states that `follow` it, if their class has the character.
//!
//! Most languages that people write are unions of globs. Of these the globs are kept, the table of
//! states is made only when somebody walks it, and most questions are answered without.

use std::cell::OnceCell;

use std::fmt;

use super::alphabet::{Case, Class, is_namespace, symbol};
use super::budget::TooComplex;
use super::expression::{Expression, copies};
use super::glob;

/// Words of 64 states.
pub(crate) type Word = u64;

/// The most positions that one automaton may have. A pattern that people write has tens; a state
/// set of this size is 256 bytes, and the table of followers half a megabyte.
pub const MAX_POSITIONS: usize = 2000;

/// The largest expression that is made an automaton of, counted repetitions written out: there may be much in
/// it that reads nothing.
pub(crate) const MAX_SIZE: usize = 16 * MAX_POSITIONS;

/// The most words that are written for the table of one automaton.
const MAX_WORK: usize = 2_000_000;

/// The longest text that is read, times the states to read it with.
const MAX_READ: usize = 1 << 18;

/// The language has more than [`MAX_POSITIONS`] positions, so there is no automaton of it.
///
/// This is an error, and not the absence of a language: what is too large to be looked at must never
/// pass for what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is too large")
    }
}

impl From<TooLarge> for TooComplex {
    fn from(_: TooLarge) -> Self {
        Self
    }
}

/// A language, as an automaton that reads one character a step.
#[derive(Clone, Debug)]
pub struct Automaton {
    /// Whether the language is the one that was asked for, or one that surely contains it.
    exact: bool,
    states: usize,
    known: Known,
    /// INVARIANT: there, where nothing else is known.
    table: OnceCell<Table>,
}

/// What a language is known as. It is exact then.
#[derive(Clone, Debug)]
enum Known {
    /// Nothing simple.
    Nothing,
    /// The union of these globs.
    Globs(Vec<String>),
    /// What a namespace can be called, but for the length.
    Namespaces,
}

/// The states, and how they follow each other.
#[derive(Clone, Debug)]
struct Table {
    /// The class of each state; the start has none.
    classes: Vec<Class>,
    /// For each state, the states that may come next: rows of `words` words.
    follow: Vec<Word>,
    /// The states in which a text may end.
    last: Vec<Word>,
    words: usize,
    /// How many words were written, to be paid for.
    work: usize,
    /// After how many it ends.
    most: usize,
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
    /// What it costs at most to find that an expression is [`TooLarge`].
    pub(crate) const GIVING_UP: usize = MAX_WORK / 16;

    /// The automaton of an expression; `exact` says whether the expression is, or only contains,
    /// the language that was meant.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if it has more than [`MAX_POSITIONS`] positions.
    pub fn new(expression: &Expression, exact: bool) -> Result<Self, TooLarge> {
        let positions = expression.positions();
        if positions > MAX_POSITIONS || expression.size() > MAX_SIZE {
            return Err(TooLarge);
        }
        let table = Table::new(expression, positions, MAX_WORK);
        if table.work > MAX_WORK {
            return Err(TooLarge);
        }
        Ok(Self {
            exact,
            states: positions + 1,
            known: Known::Nothing,
            table: table.into(),
        })
    }

    /// The automaton of what a namespace can be called, but for the length
    /// ([`Expression::namespace`]).
    #[must_use]
    pub(crate) fn of_namespaces() -> Self {
        Self {
            exact: true,
            states: Expression::namespace().positions() + 1,
            known: Known::Namespaces,
            table: OnceCell::new(),
        }
    }

    /// The automaton of a union of globs over ASCII.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if it has more than [`MAX_POSITIONS`] positions and globs.
    pub fn of_globs(mut globs: Vec<String>) -> Result<Self, TooLarge> {
        for glob in globs.iter_mut().filter(|glob| glob.contains("**")) {
            // Several in a row are one.
            let mut last = ' ';
            glob.retain(|character| {
                let is_more = character == '*' && last == '*';
                last = character;
                !is_more
            });
        }
        let positions: usize = globs.iter().map(String::len).sum();
        // Each glob is held against texts, the empty one, too.
        if positions + globs.len() > MAX_POSITIONS {
            return Err(TooLarge);
        }
        Ok(Self {
            exact: true,
            states: positions + 1,
            known: Known::Globs(globs),
            table: OnceCell::new(),
        })
    }

    /// The automaton of these texts.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if it has more than [`MAX_POSITIONS`] positions.
    pub(crate) fn of_texts<T: AsRef<str>>(texts: &[T]) -> Result<Self, TooLarge> {
        let texts = || texts.iter().map(AsRef::as_ref);
        if texts().all(|text| text.is_ascii() && !text.contains('*')) {
            return Self::of_globs(texts().map(str::to_owned).collect());
        }
        Self::new(
            &Expression::Alternation(texts().map(Expression::literal).collect()),
            true,
        )
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            let expression = match &self.known {
                Known::Globs(globs) => {
                    let globs = globs.iter().map(|glob| glob::expression(glob));
                    Expression::Alternation(globs.collect())
                }
                _ => Expression::namespace(),
            };
            // Of globs it is never so much work that it would have to end.
            Table::new(&expression, self.states - 1, usize::MAX)
        })
    }

    /// The globs whose union the language is, where that is known.
    #[must_use]
    pub fn globs(&self) -> Option<&[String]> {
        match &self.known {
            Known::Globs(globs) => Some(globs),
            _ => None,
        }
    }

    /// The number of words of a set of states.
    #[must_use]
    pub(crate) const fn words(&self) -> usize {
        self.states.div_ceil(Word::BITS as usize)
    }

    /// The number of states, the start included.
    #[must_use]
    pub const fn states(&self) -> usize {
        self.states
    }

    /// Whether the language is exactly the one that was asked for. Otherwise it contains it: it
    /// may stand for a keep, never for a drop.
    #[must_use]
    pub(crate) const fn is_exact(&self) -> bool {
        self.exact
    }

    /// The class of each state.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.table().classes
    }

    /// The states in which a text may end.
    #[must_use]
    pub fn last(&self) -> &[Word] {
        &self.table().last
    }

    /// The set of the start alone.
    #[must_use]
    pub fn start(&self) -> Vec<Word> {
        let mut set = vec![0; self.words()];
        insert(&mut set, 0);
        set
    }

    /// Adds to `next` every state that may follow one of `set`, whatever the character.
    pub(crate) fn followers(&self, set: &[Word], next: &mut [Word]) {
        let Table { follow, words, .. } = self.table();
        for state in states(set) {
            let row = &follow[state * words..][..*words];
            for (word, follow) in next.iter_mut().zip(row) {
                *word |= follow;
            }
        }
    }

    /// The states whose class has what `case` makes of the symbol, surely (`must`) or possibly.
    #[must_use]
    pub(crate) fn readers(&self, symbol: u8, must: bool, case: Case) -> Vec<Word> {
        self.readers_of_each(&[symbol], must, case)
    }

    /// The same for several symbols, one set after the other.
    #[must_use]
    pub(crate) fn readers_of_each(&self, each: &[u8], must: bool, case: Case) -> Vec<Word> {
        let words = self.words();
        let mut sets = vec![0; words * each.len()];
        for (state, class) in self.classes().iter().enumerate() {
            let class = class.before(case);
            let symbols = if must { class.must } else { class.may };
            if symbols != 0 {
                for (set, symbol) in sets.chunks_exact_mut(words).zip(each) {
                    if symbols >> symbol & 1 != 0 {
                        insert(set, state);
                    }
                }
            }
        }
        sets
    }

    /// The states whose class possibly has one of the symbols.
    #[must_use]
    pub(crate) fn readers_of(&self, symbols: u128) -> Vec<Word> {
        let mut set = vec![0; self.words()];
        for (state, class) in self.classes().iter().enumerate() {
            if class.may & symbols != 0 {
                insert(&mut set, state);
            }
        }
        set
    }

    /// The states from which `symbol` leads into `set`.
    #[must_use]
    pub(crate) fn predecessors(&self, set: &[Word], readers: &[Word]) -> Vec<Word> {
        let Table { follow, words, .. } = self.table();
        let mut before = vec![0; *words];
        for state in 0..self.states() {
            let row = &follow[state * words..][..*words];
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
        if !self.is_read(text) {
            return Membership::Unknown;
        }
        match self.reads(text, false) {
            false => Membership::No,
            true if self.exact && self.reads(text, true) => Membership::Yes,
            true => Membership::Unknown,
        }
    }

    /// The lengths of the beginnings of an ASCII text that the language surely contains.
    #[must_use]
    pub(crate) fn prefixes(&self, text: &str) -> Vec<usize> {
        let mut set = self.start();
        let mut next = set.clone();
        let mut lengths = Vec::new();
        for (length, character) in (0..).zip(text.chars().map(Some).chain([None])) {
            if intersects(&set, self.last()) {
                lengths.push(length);
            }
            if let Some(character) = character {
                self.step(&set, &mut next, character, true);
                std::mem::swap(&mut set, &mut next);
            }
        }
        lengths
    }

    /// What it costs to make it, in the unit of the budget: nothing, where its table was not made.
    #[must_use]
    pub(crate) fn making(&self) -> usize {
        let table = self.table.get();
        table.map_or(0, |table| table.follow.len() / 4 + table.work / 16)
    }

    /// What it costs to read the text, in the unit of the budget.
    #[must_use]
    pub fn reading(&self, text: &str) -> usize {
        let length = 1 + text.len();
        match &self.known {
            Known::Namespaces => 1,
            Known::Globs(globs) => 1 + length * globs.len() / 16,
            Known::Nothing if !self.is_read(text) => 1,
            Known::Nothing => 1 + length * self.states * self.words() / 16,
        }
    }

    /// Whether the text is short enough to be read.
    pub(super) const fn is_read(&self, text: &str) -> bool {
        text.len().saturating_mul(self.states()) <= MAX_READ
    }

    /// Whether the language surely (`must`) or possibly contains the text.
    #[must_use]
    pub(super) fn reads(&self, text: &str, must: bool) -> bool {
        match &self.known {
            Known::Nothing => {}
            Known::Globs(globs) => return globs.iter().any(|glob| glob::reads(glob, text, must)),
            Known::Namespaces => return is_namespace(text),
        }
        let mut set = self.start();
        let mut next = set.clone();
        for character in text.chars() {
            self.step(&set, &mut next, character, must);
            std::mem::swap(&mut set, &mut next);
        }
        intersects(&set, self.last())
    }

    /// Makes `next` the states that one of `set` goes on to by this character.
    fn step(&self, set: &[Word], next: &mut [Word], character: char, must: bool) {
        let symbol = symbol(character);
        next.fill(0);
        self.followers(set, next);
        for (index, word) in next.iter_mut().enumerate() {
            for state in states(&[*word]) {
                let class = self.classes()[index * Word::BITS as usize + state];
                let symbols = if must { class.must } else { class.may };
                if symbols >> symbol & 1 == 0 {
                    *word &= !(1 << state);
                }
            }
        }
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
pub(crate) fn intersects(one: &[Word], other: &[Word]) -> bool {
    one.iter().zip(other).any(|(one, other)| one & other != 0)
}

fn insert(set: &mut [Word], state: usize) {
    set[state / Word::BITS as usize] |= 1 << (state % Word::BITS as usize);
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

impl Table {
    /// The table; one that takes more than so much work is not whole.
    fn new(expression: &Expression, positions: usize, most: usize) -> Self {
        let words = (positions + 1).div_ceil(Word::BITS as usize);
        let mut table = Self {
            classes: vec![Class::NONE],
            follow: vec![0; words * (positions + 1)],
            last: vec![0; words],
            words,
            work: 0,
            most,
        };
        let whole = table.add(expression);
        table.connect(&[0], &whole.first);
        for &state in &whole.last {
            insert(&mut table.last, state);
        }
        if whole.nullable {
            insert(&mut table.last, 0);
        }
        table
    }

    fn connect(&mut self, from: &[usize], to: &[usize]) {
        let words = self.words;
        self.work += (1 + from.len()) * words + to.len();
        if self.work > self.most {
            return;
        }
        let mut set = vec![0; words];
        for &state in to {
            insert(&mut set, state);
        }
        for &state in from {
            let row = &mut self.follow[state * words..][..words];
            for (word, set) in row.iter_mut().zip(&set) {
                *word |= set;
            }
        }
    }

    fn add(&mut self, expression: &Expression) -> Fragment {
        match expression {
            Expression::Empty => Fragment::EMPTY,
            Expression::Class(class) => {
                let state = self.classes.len();
                self.classes.push(*class);
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
