//! Prometheus' regexes as expressions.
//!
//! Prometheus 3 compiles `^(?s:` + pattern + `)$` with Go's `regexp`, that is in RE2's syntax, and
//! Prometheus 2 does so without the flag (`NewRegexp` in `model/relabel/relabel.go`). Here the bare pattern is parsed with
//! `regex-syntax`, which has another syntax in mind, so its tree is translated node by node and
//! every node is a decision: *followed* (both read it alike), *over-approximated* (the language
//! contains the real one, and [`Pattern::exact`] says so), *refused* (Go does not compile it), or
//! *not followed* (they differ, or Rust refuses what Go may take).
//!
//! | construct | decision |
//! | --- | --- |
//! | literals, `\.`, `\x41`, `\x{41}`, `\t` | followed |
//! | `.` | followed; the newline possibly, for Prometheus 2 differs from 3; surely after `(?s)`, not after `(?-s)` |
//! | `[a-z]`, `[^a]`, `[[:alpha:]]`, `\d` `\s` `\w` and their negations | followed; ASCII as in RE2 |
//! | `x*`, `x+`, `x?`, `x{n}`, `x{n,}`, `x{n,m}`, greedy or not | followed |
//! | groups, named or not; flags `i`, `s`, `m`, `U`, to the end of their group | followed |
//! | `^`, `\A` at the start, `$`, `\z` at the end, of the pattern or of an alternative | followed |
//! | `^`, `$` and the like elsewhere, `\b`, `\B` | over-approximated by the empty string |
//! | `\pL`, `\p{Greek}` and their negations | followed for the common ones, as far as ASCII goes; others are not followed, for which there are depends on Go's version |
//! | `\Q..\E` | followed: literal text |
//! | `(a`, `*a`, `a**`, `x{2}{3}`, counts above 1000 (nested ones multiplied), flags `x` `u` `R`, `\u0061`, `[[:foo:]]` | refused |
//! | `[a&&b]`, `[a--b]`, `[a~~b]`, nested classes, `[]-a]` | not followed: literal text in RE2 |
//! | `x{,3}`, `x{1 ,3}`, `\b{start}`, `\<` | not followed: literal text in RE2 |
//! | what `regex-syntax` cannot parse: octal escapes, `a)\|(b` … | not followed |
//!
//! The tests hold each row against what Go answered.

use std::borrow::Cow;
use std::fmt;

use regex_syntax::ast::{
    AssertionKind, Ast, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, ClassUnicode, ClassUnicodeKind, ErrorKind, Flag, Flags, FlagsItemKind, GroupKind,
    HexLiteralKind, Literal, LiteralKind, Repetition, Span, parse::ParserBuilder,
};

use super::alphabet::{Class, letters};
use super::automaton::{MAX_POSITIONS, TooLarge};
use super::expression::Expression;

/// How deep groups and classes may be nested. Deeper ones are not followed.
const NESTING: u32 = 60;

/// The longest pattern that is looked at, in bytes: four for each position is generous.
pub const MAX_LENGTH: usize = 4 * MAX_POSITIONS;

/// The most that the expressions of all groups may be large: a group inside of another one is kept twice.
const MAX_KEPT: usize = 16 * MAX_POSITIONS;

/// The highest count that RE2 takes (Go's `regexp/syntax/parse.go`, `repeatIsValid`).
const MAX_COUNT: u32 = 1000;

/// What `.` stands for, where the pattern does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dot {
    /// Every character, the newline only possibly: what holds so holds for every Prometheus.
    #[default]
    Either,
    /// Every character, as in Prometheus 3.
    WithNewline,
    /// Every character but the newline, as in Prometheus 2.
    WithoutNewline,
}

impl Dot {
    const fn class(self) -> Class {
        match self {
            Self::Either => Class::DOT,
            Self::WithNewline => Class::ALL,
            Self::WithoutNewline => Class::NOT_NEWLINE,
        }
    }
}

/// A pattern that was understood.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What the whole value must match.
    pub expression: Expression,
    /// Whether that is exactly what Prometheus matches, or more.
    pub exact: bool,
    /// What each capture group can hold, by index; group 0 is the whole.
    pub groups: Vec<Group>,
    /// The alternatives of the pattern as a whole, each as what stands in it one after the other.
    pub alternatives: Vec<Vec<Item>>,
}

/// What a capture group can hold.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// A language that contains all it can hold.
    pub expression: Expression,
}

/// What stands in an alternative of a pattern, as seen from its outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// This text.
    Literal(String),
    /// Something that may match more than one text.
    Part(Part),
}

impl Item {
    /// The part, where it is one.
    #[must_use]
    pub const fn part(&self) -> Option<&Part> {
        match self {
            Self::Literal(_) => None,
            Self::Part(part) => Some(part),
        }
    }
}

/// A part of a pattern that may match more than one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The index of the group, where the part is one that captures.
    pub group: Option<usize>,
    /// A language that contains all it can match.
    pub expression: Expression,
    /// Which text it takes, where several would do.
    pub preference: Preference,
}

/// Which of several texts a part takes, as leftmost-first matching does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The longest.
    Longest,
    /// The shortest.
    Shortest,
    /// It depends on what is inside.
    Unknown,
}

/// Why there is no expression for a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// Go does not compile it.
    Refused(&'static str),
    /// It cannot be told what Go reads in it.
    NotFollowed(&'static str),
    /// It has more than [`MAX_POSITIONS`] positions.
    TooLarge,
    /// Its automaton took too much work to be made.
    GivenUp,
}

impl From<TooLarge> for PatternError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => write!(formatter, "Prometheus does not compile it: {reason}"),
            Self::NotFollowed(reason) => formatter.write_str(reason),
            Self::TooLarge | Self::GivenUp => TooLarge.fmt(formatter),
        }
    }
}

/// Whether the pattern is a text that stands for itself only; not every such text is known to be one.
#[must_use]
pub(crate) fn is_literal(pattern: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    pattern.bytes().all(is_plain)
}

impl Pattern {
    /// Translates a pattern as it stands in a relabeling, without the anchors that Prometheus adds.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        Self::parse_as(pattern, Dot::Either)
    }

    /// The same, with this meaning of `.`.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub(crate) fn parse_as(pattern: &str, dot: Dot) -> Result<Self, PatternError> {
        let parsed = Self::of_any_size(pattern, dot)?;
        if parsed.expression.positions() > MAX_POSITIONS {
            return Err(PatternError::TooLarge);
        }
        Ok(parsed)
    }

    /// The same, of a pattern that may be too large for an automaton.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub(crate) fn of_any_size(pattern: &str, dot: Dot) -> Result<Self, PatternError> {
        if pattern.len() > MAX_LENGTH {
            return Err(PatternError::TooLarge);
        }
        let pattern = &*unquoted(pattern)?;
        let ast = ParserBuilder::new()
            .nest_limit(NESTING)
            .build()
            .parse(pattern)
            .map_err(|error| match error.kind() {
                // A bracket in a class is a class for Rust, and so may hide where a group ends.
                ErrorKind::GroupUnclosed if !has_nested_class(pattern) => {
                    PatternError::Refused("a group is not closed")
                }
                ErrorKind::RepetitionMissing if repeats_nothing(pattern, error.span()) => {
                    PatternError::Refused("a repetition of nothing")
                }
                _ => PatternError::NotFollowed("its syntax is not known here"),
            })?;
        let mut translator = Translator {
            pattern,
            flags: CurrentFlags {
                fold: false,
                dot: dot.class(),
                swap_greed: false,
            },
            exact: true,
            conditional: false,
            kept: 0,
            groups: vec![Group {
                name: None,
                expression: Expression::Empty,
            }],
        };
        let (expression, alternatives) = translator.whole(&ast)?;
        let mut groups = translator.groups;
        groups[0].expression = expression.clone();
        Ok(Self {
            expression,
            exact: translator.exact,
            groups,
            alternatives,
        })
    }
}

/// The pattern with what stands between `\Q` and `\E` escaped, which `regex-syntax` does not know
/// (`parse` in Go's `regexp/syntax/parse.go`). Where no `\E` is, what Prometheus puts behind the pattern is
/// quoted as well.
fn unquoted(pattern: &str) -> Result<Cow<'_, str>, PatternError> {
    // After an empty quotation Go takes a repetition to be of what stands before; in a class there
    // is none.
    if !pattern.contains("\\Q") || pattern.contains("\\Q\\E") || pattern.contains('[') {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut plain = String::new();
    let mut rest = pattern;
    while let Some(place) = rest.find('\\') {
        plain.push_str(&rest[..place]);
        rest = &rest[place..];
        if let Some(quoted) = rest.strip_prefix("\\Q") {
            if is_cut(&plain) {
                return Err(PatternError::NotFollowed(
                    "the quotation in its middle is none in RE2",
                ));
            }
            let Some((literal, after)) = quoted.split_once("\\E") else {
                // A bracket before it may close the group that Prometheus puts around.
                return Err(if plain.contains(')') {
                    PatternError::NotFollowed("a quotation is not closed")
                } else {
                    PatternError::Refused("a quotation is not closed")
                });
            };
            plain.push_str(&regex_syntax::escape(literal));
            rest = after;
        } else {
            let escape = rest
                .char_indices()
                .nth(2)
                .map_or(rest.len(), |(end, _)| end);
            plain.push_str(&rest[..escape]);
            rest = &rest[escape..];
        }
    }
    plain.push_str(rest);
    Ok(Cow::Owned(plain))
}

/// Whether the beginning of a pattern ends inside of what Go reads as one: flags, a group's name, a count, an
/// escape.
fn is_cut(beginning: &str) -> bool {
    let after = |opening: &str, closing: &[char]| {
        let place = beginning.rfind(opening);
        place.is_some_and(|place| !beginning[place..].contains(closing))
    };
    let digit = |c: char| c.is_ascii_hexdigit();
    let escape = beginning.strip_suffix(digit).unwrap_or(beginning);
    after("(?", &[':', '>', ')'])
        || after("{", &['}'])
        || escape.ends_with("\\x")
        || beginning.ends_with("\\p")
        || beginning.ends_with("\\P")
}

/// Whether a `[` may stand in a class.
fn has_nested_class(pattern: &str) -> bool {
    let mut classes = pattern.split('[').skip(1);
    !classes.all(|rest| rest.contains(']'))
}

/// Whether the operator at this place repeats nothing for Go, too: a `{` that begins no count is literal
/// text there, `(?` begins flags, and what stands before flags is repeated after them.
fn repeats_nothing(pattern: &str, operator: &Span) -> bool {
    let (before, rest) = pattern.split_at(operator.start.offset);
    let is_operator = rest.starts_with(['*', '+', '?']);
    is_operator && !before.ends_with(')') && !(rest.starts_with('?') && before.ends_with('('))
}

/// Whether nothing can come before, or after, what is being translated.
#[derive(Clone, Copy)]
struct Edge {
    start: bool,
    end: bool,
    /// Whether a word surely begins, or ends, at the edge.
    word: bool,
}

/// The parts of a concatenation, each with the edges that it is at.
fn edges(asts: &[Ast], edge: Edge) -> impl Iterator<Item = (&Ast, Edge)> {
    let transparent = |ast: &Ast| matches!(ast, Ast::Flags(_) | Ast::Assertion(_));
    let first = asts.iter().position(|ast| !transparent(ast));
    let last = asts.iter().rposition(|ast| !transparent(ast));
    let is_word = |index: usize| {
        let letter = |literal: &Literal| literal.c.is_ascii_alphanumeric() || literal.c == '_';
        matches!(&asts[index], Ast::Literal(literal) if letter(literal))
    };
    asts.iter().enumerate().map(move |(index, ast)| {
        let start = edge.start && first.is_none_or(|first| index <= first);
        let end = edge.end && last.is_none_or(|last| index >= last);
        let word = start && first.is_some_and(|first| index < first && is_word(first))
            || end && last.is_some_and(|last| index > last && is_word(last));
        (ast, Edge { start, end, word })
    })
}

#[derive(Clone, Copy)]
struct CurrentFlags {
    fold: bool,
    dot: Class,
    swap_greed: bool,
}

struct Translator<'a> {
    pattern: &'a str,
    flags: CurrentFlags,
    exact: bool,
    /// Whether a match may go past what is being translated.
    conditional: bool,
    /// How large the expressions of the groups are together.
    kept: usize,
    groups: Vec<Group>,
}

impl Translator<'_> {
    fn translate(&mut self, ast: &Ast, edge: Edge) -> Result<Expression, PatternError> {
        match ast {
            Ast::Empty(_) => Ok(Expression::Empty),
            Ast::Flags(set) => {
                self.set_flags(&set.flags)?;
                Ok(Expression::Empty)
            }
            Ast::Literal(literal) => self.literal(literal).map(Expression::Class),
            Ast::Dot(_) => Ok(Expression::Class(self.flags.dot)),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::StartText => {
                    self.exact &= edge.start;
                    Ok(Expression::Empty)
                }
                AssertionKind::EndLine | AssertionKind::EndText => {
                    self.exact &= edge.end;
                    Ok(Expression::Empty)
                }
                AssertionKind::WordBoundary => {
                    self.exact &= edge.word;
                    Ok(Expression::Empty)
                }
                AssertionKind::NotWordBoundary => {
                    self.exact = false;
                    Ok(Expression::Empty)
                }
                AssertionKind::WordBoundaryStart
                | AssertionKind::WordBoundaryEnd
                | AssertionKind::WordBoundaryStartAngle
                | AssertionKind::WordBoundaryEndAngle
                | AssertionKind::WordBoundaryStartHalf
                | AssertionKind::WordBoundaryEndHalf => Err(PatternError::NotFollowed(
                    "its word boundary is literal text in RE2",
                )),
            },
            Ast::ClassUnicode(class) => self.unicode(class).map(Expression::Class),
            Ast::ClassPerl(class) => Ok(Expression::Class(self.perl(class))),
            Ast::ClassBracketed(class) => self.bracketed(class).map(Expression::Class),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::Group(group) => self.group(group, edge),
            Ast::Alternation(alternation) => {
                let outer = std::mem::replace(&mut self.conditional, true);
                let parts = alternation
                    .asts
                    .iter()
                    .map(|ast| self.translate(ast, edge))
                    .collect::<Result<_, _>>()?;
                self.conditional = outer;
                Ok(Expression::Alternation(parts))
            }
            Ast::Concat(concat) => {
                let parts = edges(&concat.asts, edge)
                    .map(|(ast, edge)| self.translate(ast, edge))
                    .collect::<Result<_, _>>()?;
                Ok(Expression::Concatenation(parts))
            }
        }
    }

    /// The pattern as a whole, and what its alternatives are made of.
    fn whole(&mut self, ast: &Ast) -> Result<(Expression, Vec<Vec<Item>>), PatternError> {
        let alternatives = match ast {
            Ast::Alternation(alternation) => alternation.asts.as_slice(),
            single => std::slice::from_ref(single),
        };
        self.conditional = alternatives.len() > 1;
        let edge = Edge {
            start: true,
            end: true,
            word: false,
        };
        let (mut expressions, mut items) = (Vec::new(), Vec::new());
        for alternative in alternatives {
            let asts = match alternative {
                Ast::Concat(concat) => concat.asts.as_slice(),
                single => std::slice::from_ref(single),
            };
            let (mut parts, mut row) = (Vec::new(), Vec::new());
            for (ast, edge) in edges(asts, edge) {
                let group = self.groups.len();
                let part = self.translate(ast, edge)?;
                self.item(ast, group, &part, &mut row);
                parts.push(part);
            }
            expressions.push(Expression::Concatenation(parts));
            items.push(row);
        }
        let expression = match expressions.len() {
            1 => expressions.remove(0),
            _ => Expression::Alternation(expressions),
        };
        Ok((expression, items))
    }

    /// Appends an item to those of an alternative.
    fn item(&self, ast: &Ast, group: usize, expression: &Expression, row: &mut Vec<Item>) {
        let fold = self.flags.fold;
        match (ast, row.last_mut()) {
            (Ast::Empty(_) | Ast::Flags(_) | Ast::Assertion(_), _) => {}
            (Ast::Literal(literal), Some(Item::Literal(text))) if !fold => text.push(literal.c),
            (Ast::Literal(literal), _) if !fold => row.push(Item::Literal(literal.c.to_string())),
            _ => row.push(Item::Part(Part {
                group: match ast {
                    Ast::Group(inner) if inner.is_capturing() => Some(group),
                    _ => None,
                },
                expression: expression.clone(),
                preference: self.preference(ast),
            })),
        }
    }

    fn preference(&self, ast: &Ast) -> Preference {
        use regex_syntax::ast::RepetitionKind;
        let single = |ast: &Ast| {
            matches!(
                ast,
                Ast::Literal(_)
                    | Ast::Dot(_)
                    | Ast::ClassUnicode(_)
                    | Ast::ClassPerl(_)
                    | Ast::ClassBracketed(_)
            )
        };
        match ast {
            Ast::Group(group) if !matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty()) => {
                self.preference(&group.ast)
            }
            Ast::Repetition(repetition) if single(&repetition.ast) => {
                let exactly = matches!(
                    repetition.op.kind,
                    RepetitionKind::Range(regex_syntax::ast::RepetitionRange::Exactly(_))
                );
                if exactly || repetition.greedy != self.flags.swap_greed {
                    Preference::Longest
                } else {
                    Preference::Shortest
                }
            }
            ast if single(ast) => Preference::Longest,
            _ => Preference::Unknown,
        }
    }

    fn set_flags(&mut self, flags: &Flags) -> Result<(), PatternError> {
        let mut on = true;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.flags.fold = on,
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => {
                    self.flags.dot = if on { Class::ALL } else { Class::NOT_NEWLINE };
                }
                // What is greedy matters to what a group holds only.
                FlagsItemKind::Flag(Flag::SwapGreed) => self.flags.swap_greed = on,
                // At the edges, lines begin and end where the text does; elsewhere assertions are
                // over-approximated anyway.
                FlagsItemKind::Flag(Flag::MultiLine) => {}
                FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace) => {
                    return Err(PatternError::Refused("RE2 has no flag `x`, `u` or `R`"));
                }
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        group: &regex_syntax::ast::Group,
        edge: Edge,
    ) -> Result<Expression, PatternError> {
        let outer = self.flags;
        let index = self.groups.len();
        match &group.kind {
            GroupKind::CaptureIndex(_) => self.groups.push(Group {
                name: None,
                expression: Expression::Empty,
            }),
            GroupKind::CaptureName { name, .. } => {
                let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                if !name.name.bytes().all(word) {
                    return Err(PatternError::Refused("RE2 takes no such group name"));
                }
                self.groups.push(Group {
                    name: Some(name.name.clone()),
                    expression: Expression::Empty,
                });
            }
            GroupKind::NonCapturing(flags) => self.set_flags(flags)?,
        }
        let inner = self.translate(&group.ast, edge)?;
        if group.is_capturing() {
            // What is inside of many groups is kept once for each.
            self.kept += inner.size();
            if self.kept > MAX_KEPT {
                return Err(PatternError::TooLarge);
            }
            self.groups[index].expression = if self.conditional {
                inner.clone().repeated(0, Some(1))
            } else {
                inner.clone()
            };
        }
        self.flags = outer;
        Ok(inner)
    }

    fn repetition(&mut self, repetition: &Repetition) -> Result<Expression, PatternError> {
        use regex_syntax::ast::{RepetitionKind, RepetitionRange};
        let (minimum, maximum) = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => (0, Some(1)),
            RepetitionKind::ZeroOrMore => (0, None),
            RepetitionKind::OneOrMore => (1, None),
            RepetitionKind::Range(range) => {
                if !self.is_count(repetition) {
                    return Err(PatternError::NotFollowed(
                        "its count is literal text in RE2",
                    ));
                }
                match *range {
                    RepetitionRange::Exactly(count) => (count, Some(count)),
                    RepetitionRange::AtLeast(minimum) => (minimum, None),
                    RepetitionRange::Bounded(minimum, maximum) => (minimum, Some(maximum)),
                }
            }
        };
        if let Ast::Repetition(inner) = &*repetition.ast {
            // What is no count for Go is text that may be repeated.
            return Err(if self.is_count(inner) {
                PatternError::Refused("a repetition directly after another one")
            } else {
                PatternError::NotFollowed("a count in it is literal text in RE2")
            });
        }
        if !self.count_fits(repetition, MAX_COUNT) {
            return Err(PatternError::Refused("a count above 1000"));
        }
        // What is repeated once at least is matched.
        let outer = self.conditional;
        self.conditional |= minimum == 0;
        let inner = self.translate(
            &repetition.ast,
            Edge {
                start: false,
                end: false,
                word: false,
            },
        )?;
        self.conditional = outer;
        Ok(inner.repeated(minimum, maximum))
    }

    /// Whether a repetition is one for Go, too: a count has no white space, no leading zeros, and a minimum
    /// (`repeat` and `parseInt` in Go's `regexp/syntax/parse.go`).
    fn is_count(&self, repetition: &Repetition) -> bool {
        let source = self.source(&repetition.op.span);
        let source = source.strip_suffix('?').unwrap_or(source);
        let Some(inner) = source
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        else {
            return true;
        };
        let is_number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain && (text == "0" || !text.starts_with('0'))
        };
        match inner.split_once(',') {
            Some((minimum, maximum)) => {
                is_number(minimum) && (maximum.is_empty() || is_number(maximum))
            }
            None => is_number(inner),
        }
    }

    /// Whether the counts of nested repetitions, multiplied, stay within RE2's limit. What is no count for Go is
    /// text.
    fn count_fits(&self, repetition: &Repetition, limit: u32) -> bool {
        use regex_syntax::ast::{RepetitionKind, RepetitionRange};
        match repetition.op.kind {
            RepetitionKind::Range(
                RepetitionRange::Exactly(count)
                | RepetitionRange::AtLeast(count)
                | RepetitionRange::Bounded(_, count),
            ) if self.is_count(repetition) => {
                count <= limit && self.counts_fit(&repetition.ast, limit / count.max(1))
            }
            _ => self.counts_fit(&repetition.ast, limit),
        }
    }

    fn counts_fit(&self, ast: &Ast, limit: u32) -> bool {
        let all = |asts: &[Ast]| asts.iter().all(|ast| self.counts_fit(ast, limit));
        match ast {
            Ast::Repetition(repetition) => self.count_fits(repetition, limit),
            Ast::Group(group) => self.counts_fit(&group.ast, limit),
            Ast::Alternation(alternation) => all(&alternation.asts),
            Ast::Concat(concat) => all(&concat.asts),
            _ => true,
        }
    }

    fn literal(&self, literal: &Literal) -> Result<Class, PatternError> {
        match &literal.kind {
            LiteralKind::HexFixed(kind) | LiteralKind::HexBrace(kind)
                if *kind != HexLiteralKind::X =>
            {
                Err(PatternError::Refused("RE2 has no escape `\\u` or `\\U`"))
            }
            _ if self.flags.fold => Ok(Class::folded_range(literal.c, literal.c)),
            _ => Ok(Class::character(literal.c)),
        }
    }

    fn perl(&self, class: &ClassPerl) -> Class {
        let set = match class.kind {
            ClassPerlKind::Digit => Class::DIGIT,
            ClassPerlKind::Space => Class::SPACE,
            ClassPerlKind::Word => Class::WORD,
        };
        let set = self.fold(set);
        if class.negated { set.negated() } else { set }
    }

    /// What of a Unicode class is ASCII; its tables are not linked.
    fn unicode(&self, class: &ClassUnicode) -> Result<Class, PatternError> {
        const UPPER: Class = Class::exactly(letters(b'A'));
        const LOWER: Class = Class::exactly(letters(b'a'));
        let name = match &class.kind {
            ClassUnicodeKind::OneLetter(letter) => letter.to_string(),
            ClassUnicodeKind::Named(name) => name.clone(),
            ClassUnicodeKind::NamedValue { .. } => String::new(),
        };
        let mut set = match name.as_str() {
            "L" | "Latin" => UPPER.union(LOWER),
            "Lu" => UPPER,
            "Ll" => LOWER,
            "N" | "Nd" => Class::DIGIT,
            "Lm" | "Lo" | "Lt" | "Nl" | "No" | "Greek" | "Cyrillic" | "Han" | "Arabic"
            | "Hebrew" | "Hiragana" | "Katakana" | "Hangul" | "Thai" | "Devanagari" => Class::NONE,
            _ => {
                return Err(PatternError::NotFollowed(
                    "its Unicode class is none that is known here",
                ));
            }
        };
        if self.flags.fold {
            set = Class::UNKNOWN;
        }
        set.may |= Class::range(char::MAX, char::MAX).may;
        Ok(if class.negated { set.negated() } else { set })
    }

    fn bracketed(&mut self, class: &ClassBracketed) -> Result<Class, PatternError> {
        let source = self.source(&class.span);
        let inner = source.trim_start_matches('[').trim_start_matches('^');
        if inner.starts_with("]-") || source.contains("--") {
            return Err(PatternError::NotFollowed(
                "a hyphen in its class is read otherwise by RE2",
            ));
        }
        let ClassSet::Item(item) = &class.kind else {
            return Err(PatternError::NotFollowed(
                "the set operation in its class is literal text in RE2",
            ));
        };
        let set = self.class_item(item)?;
        Ok(if class.negated { set.negated() } else { set })
    }

    fn class_item(&mut self, item: &ClassSetItem) -> Result<Class, PatternError> {
        match item {
            ClassSetItem::Empty(_) => Ok(Class::NONE),
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Range(range) => {
                self.literal(&range.start)?;
                self.literal(&range.end)?;
                let (first, last) = (range.start.c, range.end.c);
                Ok(if self.flags.fold {
                    Class::folded_range(first, last)
                } else {
                    Class::range(first, last)
                })
            }
            ClassSetItem::Ascii(class) => {
                let set = self.fold(posix(&class.kind));
                Ok(if class.negated { set.negated() } else { set })
            }
            ClassSetItem::Unicode(class) => self.unicode(class),
            ClassSetItem::Perl(class) => Ok(self.perl(class)),
            ClassSetItem::Bracketed(class) => {
                let rest = &self.pattern[class.span.start.offset..];
                if rest.starts_with("[:") && rest[2..].contains(":]") {
                    return Err(PatternError::Refused("an unknown POSIX class"));
                }
                Err(PatternError::NotFollowed(
                    "the bracket in its class is literal text in RE2",
                ))
            }
            ClassSetItem::Union(union) => union.items.iter().try_fold(Class::NONE, |set, item| {
                Ok(set.union(self.class_item(item)?))
            }),
        }
    }

    fn fold(&self, class: Class) -> Class {
        if self.flags.fold {
            class.folded()
        } else {
            class
        }
    }

    fn source(&self, span: &Span) -> &str {
        &self.pattern[span.start.offset..span.end.offset]
    }
}

/// The POSIX classes as RE2 reads them (Go's `regexp/syntax/perl_groups.go`).
fn posix(kind: &ClassAsciiKind) -> Class {
    let ranges: &[(char, char)] = match kind {
        ClassAsciiKind::Alnum => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Alpha => &[('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Ascii => {
            return Class {
                must: u128::MAX >> 1,
                may: u128::MAX,
            };
        }
        ClassAsciiKind::Blank => &[('\t', '\t'), (' ', ' ')],
        ClassAsciiKind::Cntrl => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        ClassAsciiKind::Digit => &[('0', '9')],
        ClassAsciiKind::Graph => &[('!', '~')],
        ClassAsciiKind::Lower => &[('a', 'z')],
        ClassAsciiKind::Print => &[(' ', '~')],
        ClassAsciiKind::Punct => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        ClassAsciiKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassAsciiKind::Upper => &[('A', 'Z')],
        ClassAsciiKind::Word => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        ClassAsciiKind::Xdigit => &[('0', '9'), ('A', 'F'), ('a', 'f')],
    };
    ranges.iter().fold(Class::NONE, |set, &(first, last)| {
        set.union(Class::range(first, last))
    })
}
