//! Regular expressions as a tree: what patterns and globs are translated into, and what automata
//! are built from.

use super::alphabet::{Class, NAMESPACE, OTHER, symbol};

/// A regular expression over [`Class`]es.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// The empty string.
    Empty,
    /// One character of a class.
    Class(Class),
    /// One after the other.
    Concatenation(Vec<Expression>),
    /// One of them; none of them is the empty language.
    Alternation(Vec<Expression>),
    /// `minimum` times at least, `maximum` times at most.
    Repetition {
        /// What is repeated.
        inner: Box<Expression>,
        /// How often at least.
        minimum: u32,
        /// How often at most; none is without end.
        maximum: Option<u32>,
    },
}

impl Expression {
    /// Exactly this text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::Concatenation(
            text.chars()
                .map(|character| Self::Class(Class::character(character)))
                .collect(),
        )
    }

    /// Any text, the empty one included.
    #[must_use]
    pub fn anything() -> Self {
        Self::Class(Class::ALL).repeated(0, None)
    }

    /// The text, where it is only one, of ASCII.
    #[must_use]
    pub(crate) fn only_text(&self) -> Option<String> {
        match self {
            Self::Empty => Some(String::new()),
            Self::Class(class) if class.must == class.may && class.may.is_power_of_two() => {
                let symbol = u8::try_from(class.may.trailing_zeros()).ok()?;
                (symbol != OTHER).then(|| char::from(symbol).to_string())
            }
            Self::Concatenation(parts) => parts.iter().map(Self::only_text).collect(),
            _ => None,
        }
    }

    /// A text of the language, of ASCII: the first alternative, repeated as rarely as can be; none where that is not known.
    #[must_use]
    pub fn sample(&self) -> Option<String> {
        match self {
            Self::Empty => Some(String::new()),
            Self::Class(class) => {
                let readable = class.must & NAMESPACE;
                let symbols = if readable == 0 {
                    class.must & !(1 << OTHER)
                } else {
                    readable
                };
                let symbol = u8::try_from(symbols.trailing_zeros()).ok()?;
                (symbols != 0).then(|| char::from(symbol).to_string())
            }
            Self::Concatenation(parts) => parts.iter().map(Self::sample).collect(),
            Self::Alternation(parts) => parts.iter().find_map(Self::sample),
            Self::Repetition { inner, minimum, .. } => {
                let once = if *minimum == 0 {
                    String::new()
                } else {
                    inner.sample()?
                };
                Some(once.repeat(*minimum as usize))
            }
        }
    }

    /// Whether the language contains a short text, without an automaton; none where that depends on what is not told
    /// apart, or the text is too long.
    #[must_use]
    pub fn contains(&self, text: &str) -> Option<bool> {
        let symbols: Vec<u8> = text.chars().map(symbol).collect();
        let end = 1_u64.checked_shl(u32::try_from(symbols.len()).ok()?)?;
        let reaches = |must| self.ends(&symbols, 1, must) & end != 0;
        match (reaches(true), reaches(false)) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => None,
        }
    }

    /// The places, as bits, at which it may end that begins at one of these.
    fn ends(&self, symbols: &[u8], from: u64, must: bool) -> u64 {
        match self {
            Self::Empty => from,
            Self::Class(class) => {
                let class = if must { class.must } else { class.may };
                let places = symbols.iter().enumerate();
                let read = places.filter(|(place, symbol)| {
                    let (begins, reads) = (from >> place & 1 == 1, class >> **symbol & 1 == 1);
                    begins && reads
                });
                read.fold(0, |ends, (place, _)| ends | 2 << place)
            }
            Self::Concatenation(parts) => parts
                .iter()
                .fold(from, |from, part| part.ends(symbols, from, must)),
            Self::Alternation(parts) => parts
                .iter()
                .fold(0, |ends, part| ends | part.ends(symbols, from, must)),
            Self::Repetition {
                inner,
                minimum,
                maximum,
            } => {
                let mut last = from;
                for _ in 0..*minimum {
                    last = inner.ends(symbols, last, must);
                }
                let mut all = last;
                // More often than there are places, nothing is new.
                let more = maximum.map_or(u32::MAX, |maximum| maximum - minimum);
                for _ in 0..more.min(u64::BITS) {
                    last = inner.ends(symbols, last, must);
                    all |= last;
                }
                all
            }
        }
    }

    /// Whether every text is possibly one of it: it is [`Self::anything`], or `.*` in Prometheus' dialect.
    #[must_use]
    pub(crate) fn is_anything(&self) -> bool {
        let any = |class: &Self| matches!(class, Self::Class(Class::ALL | Class::DOT));
        matches!(self, Self::Repetition { inner, minimum: 0, maximum: None } if any(inner))
    }

    /// Any text but the empty one.
    #[must_use]
    pub fn something() -> Self {
        Self::Class(Class::ALL).repeated(1, None)
    }

    /// What a namespace can be called, but for the length: a DNS-1123 label
    /// (`IsDNS1123Label` in k8s.io/apimachinery `pkg/util/validation`).
    #[must_use]
    pub fn namespace() -> Self {
        let hyphen = 1 << b'-';
        let edge = Self::Class(Class::exactly(NAMESPACE & !hyphen));
        let inner = Self::Class(Class::exactly(NAMESPACE));
        Self::Concatenation(vec![
            edge.clone(),
            Self::Concatenation(vec![inner.repeated(0, None), edge]).repeated(0, Some(1)),
        ])
    }

    /// This expression, several times in a row.
    #[must_use]
    pub fn repeated(self, minimum: u32, maximum: Option<u32>) -> Self {
        Self::Repetition {
            inner: Box::new(self),
            minimum,
            maximum,
        }
    }

    /// The expressions that it is made of, counted repetitions written out; saturating.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Empty | Self::Class(_) => 1,
            Self::Concatenation(parts) | Self::Alternation(parts) => parts
                .iter()
                .fold(1, |sum, part| sum.saturating_add(part.size())),
            Self::Repetition {
                inner,
                minimum,
                maximum,
            } => {
                let copies = copies(*minimum, *maximum) as usize;
                inner.size().saturating_mul(copies).saturating_add(1)
            }
        }
    }

    /// The characters to read in the automaton, counted repetitions written out; saturating.
    #[must_use]
    pub fn positions(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Class(_) => 1,
            Self::Concatenation(parts) | Self::Alternation(parts) => parts
                .iter()
                .fold(0, |sum, part| sum.saturating_add(part.positions())),
            Self::Repetition {
                inner,
                minimum,
                maximum,
            } => {
                let copies = copies(*minimum, *maximum);
                inner.positions().saturating_mul(copies as usize)
            }
        }
    }
}

/// How often a repeated expression is written out: `x{2,}` is `xx+`, `x{0,2}` is `(x(x)?)?`.
#[must_use]
pub(super) fn copies(minimum: u32, maximum: Option<u32>) -> u32 {
    maximum.unwrap_or_else(|| minimum.max(1))
}
