//! Symbols and sets of them.
//!
//! Every automaton of this module reads the same 128 symbols: the ASCII characters up to `~` one
//! by one, and [`OTHER`] for all the rest (DEL and everything beyond ASCII). That covers exactly
//! what label names, separators and namespaces are made of, and a set of symbols is one `u128`.
//!
//! A set of *characters* may contain some of the rest and not all of it (`[é]`), or depend on the
//! version of Prometheus (`.` and the newline). So a [`Class`] is a bracket: `must` is surely inside,
//! `may` is possibly inside. A keep reads `may`, a drop reads `must`; both then err on the side that
//! admits no leak.

/// The symbol that stands for every character without a symbol of its own.
pub const OTHER: u8 = 127;

/// The 37 characters that a namespace can have (DNS-1123 label).
pub const NAMESPACE: u128 = letters(b'a') | DIGITS | bit(b'-');

const DIGITS: u128 = range(b'0', b'9');

const fn bit(symbol: u8) -> u128 {
    1 << symbol
}

const fn range(first: u8, last: u8) -> u128 {
    let mut set = 0;
    let mut symbol = first;
    while symbol <= last {
        set |= bit(symbol);
        symbol += 1;
    }
    set
}

/// The 26 letters from `first` on.
pub(super) const fn letters(first: u8) -> u128 {
    range(first, first + 25)
}

/// The symbol of a character.
///
/// ```
/// use prometheus_env_isolation_policy::language::alphabet::{OTHER, symbol};
/// assert_eq!(symbol('a'), b'a');
/// assert_eq!(symbol('é'), OTHER);
/// ```
#[must_use]
pub fn symbol(character: char) -> u8 {
    u8::try_from(character).map_or(OTHER, |byte| byte.min(OTHER))
}

/// Whether the text is what a namespace can be called, but for its length: a DNS-1123 label.
#[must_use]
pub fn is_namespace(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
    bytes.iter().all(is_inner) && is_edge(bytes.first()) && is_edge(bytes.last())
}

/// Symbols in the order in which witnesses are looked for: letters, digits, the hyphen, the rest.
pub(crate) fn in_witness_order(set: u128) -> impl Iterator<Item = u8> {
    let of = move |part: u128| {
        let mut left = set & part;
        std::iter::from_fn(move || {
            let next = u8::try_from(left.trailing_zeros()).unwrap_or(OTHER);
            (left != 0).then(|| {
                left &= left - 1;
                next
            })
        })
    };
    of(letters(b'a'))
        .chain(of(DIGITS))
        .chain(of(!(letters(b'a') | DIGITS)))
}

/// A set of characters, bracketed between two sets of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The symbols of which every character is in the set.
    pub must: u128,
    /// The symbols of which some character is in the set.
    pub may: u128,
}

impl Class {
    /// No character.
    pub(crate) const NONE: Self = Self::exactly(0);
    /// Every character.
    pub(crate) const ALL: Self = Self::exactly(u128::MAX);
    /// Some characters, of which nothing is known.
    pub const UNKNOWN: Self = Self {
        must: 0,
        may: u128::MAX,
    };
    /// What `.` means where the pattern does not say: Prometheus 3 compiles `^(?s:…)$`, where it is
    /// every character, and Prometheus 2 `^(?:…)$`, where it is not the newline (`NewRegexp` in
    /// `model/relabel/relabel.go` of either). prometheus-operator runs both.
    pub(crate) const DOT: Self = Self {
        must: !bit(b'\n'),
        may: u128::MAX,
    };
    /// Every character but the newline, which is what `.` means where flag `s` is off.
    pub(crate) const NOT_NEWLINE: Self = Self::exactly(!bit(b'\n'));
    /// `\d` as RE2 reads it: ASCII only.
    pub(crate) const DIGIT: Self = Self::exactly(DIGITS);
    /// `\w` as RE2 reads it: ASCII only.
    pub(crate) const WORD: Self = Self::exactly(letters(b'a') | letters(b'A') | DIGITS | bit(b'_'));
    /// `\s` as RE2 reads it: ASCII only, without the vertical tab.
    pub(crate) const SPACE: Self =
        Self::exactly(bit(b'\t') | bit(b'\n') | bit(0x0c) | bit(b'\r') | bit(b' '));

    /// A set whose symbols are all whole.
    #[must_use]
    pub const fn exactly(symbols: u128) -> Self {
        Self {
            must: symbols,
            may: symbols,
        }
    }

    /// The set of one character.
    #[must_use]
    pub fn character(character: char) -> Self {
        Self::range(character, character)
    }

    /// The characters from `first` to `last`, both included.
    #[must_use]
    pub fn range(first: char, last: char) -> Self {
        let mut set = Self::NONE;
        if first < '\x7f' {
            set = Self::exactly(range(symbol(first), symbol(last).min(OTHER - 1)));
        }
        if last >= '\x7f' {
            set.may |= bit(OTHER);
            if first <= '\x7f' && last == char::MAX {
                set.must |= bit(OTHER);
            }
        }
        set
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            must: self.must | other.must,
            may: self.may | other.may,
        }
    }

    /// What is not in the set.
    #[must_use]
    pub(crate) const fn negated(self) -> Self {
        Self {
            must: !self.may,
            may: !self.must,
        }
    }

    /// The set closed under case, as RE2's flag `i` does it.
    ///
    /// Beyond ASCII two characters fold to a letter: U+212A to `k` and U+017F to `s`
    /// (Unicode's `CaseFolding.txt`, Go's `unicode.SimpleFold`).
    #[must_use]
    pub const fn folded(self) -> Self {
        let beyond = bit(b'k') | bit(b'K') | bit(b's') | bit(b'S');
        let mut set = Self {
            must: fold(self.must),
            may: fold(self.may),
        };
        if set.may & beyond != 0 {
            set.may |= bit(OTHER);
        }
        set
    }

    /// The set closed under case, of one range that may hold U+212A or U+017F.
    #[must_use]
    pub(crate) fn folded_range(first: char, last: char) -> Self {
        let mut set = Self::range(first, last);
        for (beyond, letter) in [('\u{212a}', 'k'), ('\u{17f}', 's')] {
            if (first..=last).contains(&beyond) {
                set = set.union(Self::character(letter));
            }
        }
        set.folded()
    }

    /// The characters that `case` turns into one of the set: a pattern over these matches a value
    /// before the conversion exactly where the old one matches it afterwards.
    #[must_use]
    pub fn before(self, case: Case) -> Self {
        let shift = letters(b'a').trailing_zeros() - letters(b'A').trailing_zeros();
        let (from, to, to_symbols) = match case {
            Case::Kept => return self,
            Case::Lower => (letters(b'A'), letters(b'a'), [b'k', b'i', b's']),
            Case::Upper => (letters(b'a'), letters(b'A'), [b'K', b'I', b'S']),
        };
        let back = |set: u128| {
            let converted = if case == Case::Lower {
                (set & to) >> shift
            } else {
                (set & to) << shift
            };
            (set & !from & !bit(OTHER)) | converted
        };
        // Some characters beyond ASCII are converted into it: U+212A and U+0130 by ToLower,
        // U+017F and U+0131 by ToUpper. One conversion after the other reaches all of these.
        let reached = to_symbols
            .iter()
            .fold(bit(OTHER), |set, &symbol| set | bit(symbol));
        let mut set = Self {
            must: back(self.must),
            may: back(self.may),
        };
        if self.must & reached == reached {
            set.must |= bit(OTHER);
        }
        if self.may & reached != 0 {
            set.may |= bit(OTHER);
        }
        set
    }
}

const fn fold(set: u128) -> u128 {
    let shift = b'a' - b'A';
    set | ((set & letters(b'a')) >> shift) | ((set & letters(b'A')) << shift)
}

/// What the actions `lowercase` and `uppercase` did to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// Nothing.
    #[default]
    Kept,
    /// `strings.ToLower`.
    Lower,
    /// `strings.ToUpper`.
    Upper,
}

impl Case {
    /// The text after the conversion; none beyond ASCII, whose tables are not linked.
    #[must_use]
    pub(crate) fn convert_text(self, text: &str) -> Option<String> {
        match self {
            Self::Kept => Some(text.to_owned()),
            Self::Lower => text.is_ascii().then(|| text.to_ascii_lowercase()),
            Self::Upper => text.is_ascii().then(|| text.to_ascii_uppercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn set(characters: &str) -> u128 {
        characters.chars().fold(0, |set, c| set | bit(symbol(c)))
    }

    #[test]
    fn a_namespace_has_37_symbols() {
        assert_eq!(NAMESPACE.count_ones(), 37);
    }

    #[rstest]
    #[case("a", true)]
    #[case("0-a", true)]
    #[case("", false)]
    #[case("-a", false)]
    #[case("a-", false)]
    #[case("A", false)]
    #[case("a.b", false)]
    #[case("é", false)]
    fn knows_what_a_namespace_is_called(#[case] text: &str, #[case] is_one: bool) {
        use super::super::automaton::Automaton;
        use super::super::automaton::Membership::{No, Yes};
        use super::super::expression::Expression;
        assert_eq!(is_namespace(text), is_one);
        let automaton = Automaton::new(&Expression::namespace(), true).expect("a small one");
        assert_eq!(automaton.contains(text), if is_one { Yes } else { No });
    }

    #[test]
    fn witnesses_prefer_letters_to_digits_to_the_hyphen() {
        let order: Vec<u8> = in_witness_order(set("-b0a9A")).collect();
        assert_eq!(order, b"ab09-A");
    }

    #[rstest]
    #[case::ascii('a', 'c', "abc", "abc")]
    #[case::part_of_the_rest('é', 'é', "", "é")]
    #[case::into_the_rest('~', 'é', "~", "~é")]
    #[case::all('\0', char::MAX, "é", "é")]
    fn a_range_is_bracketed(
        #[case] first: char,
        #[case] last: char,
        #[case] must: &str,
        #[case] may: &str,
    ) {
        let class = Class::range(first, last);
        assert_eq!(class.must & set(must), set(must));
        assert_eq!(class.may & set(may), set(may));
        assert_eq!(class.must & bit(OTHER) != 0, first == '\0');
    }

    #[rstest]
    #[case::kelvin_sign('k', "kKé")]
    #[case::long_s('S', "sSé")]
    #[case::plain('a', "aA")]
    #[case::no_letter('-', "-")]
    fn folding_reaches_beyond_ascii(#[case] character: char, #[case] may: &str) {
        let folded = Class::character(character).folded();
        assert_eq!(folded.may, set(may));
        assert_eq!(folded.must, set(may) & !bit(OTHER));
    }

    #[test]
    fn a_range_over_the_kelvin_sign_folds_to_k() {
        let folded = Class::folded_range('\u{2100}', '\u{2200}');
        assert_eq!(folded.must, set("kK"));
    }

    #[rstest]
    #[case::lower(Case::Lower, "ab1", "aAbB1", "")]
    #[case::lower_never_gives_upper(Case::Lower, "A", "", "")]
    #[case::upper(Case::Upper, "A-", "aA-", "")]
    #[case::lower_of_the_kelvin_sign(Case::Lower, "k", "kK", "é")]
    fn before_a_conversion(
        #[case] case: Case,
        #[case] after: &str,
        #[case] must: &str,
        #[case] may: &str,
    ) {
        let class = Class::exactly(set(after)).before(case);
        assert_eq!(class.must, set(must));
        assert_eq!(class.may, set(must) | set(may));
    }
}
