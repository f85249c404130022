//! Prometheus' regexes as expressions.
//!
//! Prometheus compiles `^(?s:` + pattern + `)$` with Go's `regexp`, that is in RE2's syntax
//! (`NewRegexp` in Prometheus' `model/relabel/relabel.go`). Here the bare pattern is parsed with
//! `regex-syntax`, which has another syntax in mind, so its tree is translated node by node and
//! every node is a decision: *followed* (both read it alike), *over-approximated* (the language
//! contains the real one, and [`Pattern::exact`] says so), *refused* (Go does not compile it), or
//! *not followed* (they differ, or Rust refuses what Go may take).
//!
//! | construct | decision |
//! | --- | --- |
//! | literals, `\.`, `\x41`, `\x{41}`, `\t` | followed |
//! | `.` | followed; with the newline, but for `(?-s)` |
//! | `[a-z]`, `[^a]`, `[[:alpha:]]`, `\d` `\s` `\w` and their negations | followed; ASCII as in RE2 |
//! | `x*`, `x+`, `x?`, `x{n}`, `x{n,}`, `x{n,m}`, greedy or not | followed |
//! | groups, named or not; flags `i`, `s`, `m`, `U`, to the end of their group | followed |
//! | `^`, `\A` at the start, `$`, `\z` at the end, of the pattern or of an alternative | followed |
//! | `^`, `$` and the like elsewhere, `\b`, `\B` | over-approximated by the empty string |
//! | `\pL`, `\p{Greek}` | over-approximated by any character |
//! | `a**`, `x{2}{3}`, counts above 1000 (nested ones multiplied), flags `x` `u` `R`, `\u0061`, `[[:foo:]]` | refused |
//! | `[a&&b]`, `[a--b]`, `[a~~b]`, nested classes, `[]-a]` | not followed: literal text in RE2 |
//! | `x{,3}`, `x{1 ,3}`, `\b{start}`, `\<` | not followed: literal text in RE2 |
//! | what `regex-syntax` cannot parse: `\Q..\E`, octal escapes, `a)\|(b` … | not followed |
//!
//! The tests hold each row against what Go answered.

use std::fmt;

use regex_syntax::ast::{
    AssertionKind, Ast, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, Flag, Flags, FlagsItemKind, GroupKind, HexLiteralKind, Literal, LiteralKind,
    Repetition, Span, parse::ParserBuilder,
};

use super::alphabet::Class;
use super::automaton::MAX_POSITIONS;
use super::expression::Expression;

/// How deep groups and classes may be nested. Deeper ones are not followed.
const NESTING: u32 = 60;

/// The longest pattern that is looked at, in bytes: four for each position is generous.
const MAX_LENGTH: usize = 4 * MAX_POSITIONS;

/// The highest count that RE2 takes (Go's `regexp/syntax/parse.go`, `repeatIsValid`).
const MAX_COUNT: u32 = 1000;

/// A pattern that was understood.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What the whole value must match.
    pub expression: Expression,
    /// Whether that is exactly what Prometheus matches, or more.
    pub exact: bool,
    /// What each capture group can hold, by index; group 0 is the whole.
    pub groups: Vec<Group>,
    /// Set where the pattern is one group between two literals.
    pub outline: Option<Outline>,
}

/// What a capture group can hold.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// A language that contains all it can hold.
    pub expression: Expression,
}

/// A pattern of the form `before(group)after`: what the group holds is what is left of the value
/// without the two literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The literal before the group.
    pub before: String,
    /// The index of the group; 0 if the pattern has none, and is literal as a whole.
    pub group: usize,
    /// The literal after the group.
    pub after: String,
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
}

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => write!(formatter, "Prometheus does not compile it: {reason}"),
            Self::NotFollowed(reason) => formatter.write_str(reason),
            Self::TooLarge => formatter.write_str("it is too large"),
        }
    }
}

impl Pattern {
    /// Translates a pattern as it stands in a relabeling, without the anchors that Prometheus adds.
    ///
    /// # Errors
    ///
    /// See [`PatternError`].
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > MAX_LENGTH {
            return Err(PatternError::TooLarge);
        }
        let ast = ParserBuilder::new()
            .nest_limit(NESTING)
            .build()
            .parse(pattern)
            .map_err(|_| PatternError::NotFollowed("its syntax is not known here"))?;
        let mut translator = Translator {
            pattern,
            flags: CurrentFlags {
                fold: false,
                dot_is_all: true,
            },
            exact: true,
            conditional: false,
            groups: vec![Group {
                name: None,
                expression: Expression::Empty,
            }],
        };
        let expression = translator.translate(
            &ast,
            Edge {
                start: true,
                end: true,
            },
        )?;
        if expression.positions() > MAX_POSITIONS {
            return Err(PatternError::TooLarge);
        }
        let mut groups = translator.groups;
        groups[0].expression = expression.clone();
        Ok(Self {
            expression,
            exact: translator.exact,
            groups,
            outline: outline(&ast),
        })
    }
}

/// Whether nothing can come before, or after, what is being translated.
#[derive(Clone, Copy)]
struct Edge {
    start: bool,
    end: bool,
}

#[derive(Clone, Copy)]
struct CurrentFlags {
    fold: bool,
    dot_is_all: bool,
}

struct Translator<'a> {
    pattern: &'a str,
    flags: CurrentFlags,
    exact: bool,
    /// Whether a match may go past what is being translated.
    conditional: bool,
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
            Ast::Dot(_) => Ok(Expression::Class(if self.flags.dot_is_all {
                Class::ALL
            } else {
                Class::NOT_NEWLINE
            })),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine | AssertionKind::StartText => {
                    self.exact &= edge.start;
                    Ok(Expression::Empty)
                }
                AssertionKind::EndLine | AssertionKind::EndText => {
                    self.exact &= edge.end;
                    Ok(Expression::Empty)
                }
                AssertionKind::WordBoundary | AssertionKind::NotWordBoundary => {
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
            Ast::ClassUnicode(_) => {
                self.exact = false;
                Ok(Expression::Class(Class::ALL))
            }
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
                let transparent = |ast: &Ast| matches!(ast, Ast::Flags(_) | Ast::Assertion(_));
                let first = concat.asts.iter().position(|ast| !transparent(ast));
                let last = concat.asts.iter().rposition(|ast| !transparent(ast));
                let parts = concat
                    .asts
                    .iter()
                    .enumerate()
                    .map(|(index, ast)| {
                        let edge = Edge {
                            start: edge.start && first.is_none_or(|first| index <= first),
                            end: edge.end && last.is_none_or(|last| index >= last),
                        };
                        self.translate(ast, edge)
                    })
                    .collect::<Result<_, _>>()?;
                Ok(Expression::Concatenation(parts))
            }
        }
    }

    fn set_flags(&mut self, flags: &Flags) -> Result<(), PatternError> {
        let mut on = true;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation => on = false,
                FlagsItemKind::Flag(Flag::CaseInsensitive) => self.flags.fold = on,
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => self.flags.dot_is_all = on,
                // At the edges, lines begin and end where the text does; elsewhere assertions are
                // over-approximated anyway. What is greedy does not matter to a whole match.
                FlagsItemKind::Flag(Flag::MultiLine | Flag::SwapGreed) => {}
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
        if matches!(*repetition.ast, Ast::Repetition(_)) {
            return Err(PatternError::Refused(
                "a repetition directly after another one",
            ));
        }
        let (minimum, maximum) = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => (0, Some(1)),
            RepetitionKind::ZeroOrMore => (0, None),
            RepetitionKind::OneOrMore => (1, None),
            RepetitionKind::Range(range) => {
                let source = self.source(&repetition.op.span);
                let source = source.strip_suffix('?').unwrap_or(source);
                let plain = source
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b',' | b'{' | b'}'));
                if !plain || source.starts_with("{,") {
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
        if !count_fits(repetition, MAX_COUNT) {
            return Err(PatternError::Refused("a count above 1000"));
        }
        let outer = std::mem::replace(&mut self.conditional, true);
        let inner = self.translate(
            &repetition.ast,
            Edge {
                start: false,
                end: false,
            },
        )?;
        self.conditional = outer;
        Ok(inner.repeated(minimum, maximum))
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
            ClassSetItem::Unicode(_) => {
                self.exact = false;
                Ok(Class {
                    must: 0,
                    may: u128::MAX,
                })
            }
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

/// Whether the counts of nested repetitions, multiplied, stay within RE2's limit.
fn count_fits(repetition: &Repetition, limit: u32) -> bool {
    use regex_syntax::ast::{RepetitionKind, RepetitionRange};
    let RepetitionKind::Range(
        RepetitionRange::Exactly(count)
        | RepetitionRange::AtLeast(count)
        | RepetitionRange::Bounded(_, count),
    ) = repetition.op.kind
    else {
        return counts_fit(&repetition.ast, limit);
    };
    count <= limit && counts_fit(&repetition.ast, limit / count.max(1))
}

fn counts_fit(ast: &Ast, limit: u32) -> bool {
    match ast {
        Ast::Repetition(repetition) => count_fits(repetition, limit),
        Ast::Group(group) => counts_fit(&group.ast, limit),
        Ast::Alternation(alternation) => alternation.asts.iter().all(|ast| counts_fit(ast, limit)),
        Ast::Concat(concat) => concat.asts.iter().all(|ast| counts_fit(ast, limit)),
        _ => true,
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

fn outline(ast: &Ast) -> Option<Outline> {
    let parts = match ast {
        Ast::Concat(concat) => concat.asts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut outline = Outline {
        before: String::new(),
        group: 0,
        after: String::new(),
    };
    for part in parts {
        match part {
            Ast::Literal(literal) if outline.group == 0 => outline.before.push(literal.c),
            Ast::Literal(literal) => outline.after.push(literal.c),
            Ast::Group(group) if outline.group == 0 && group.is_capturing() => outline.group = 1,
            Ast::Assertion(assertion)
                if matches!(
                    assertion.kind,
                    AssertionKind::StartLine
                        | AssertionKind::StartText
                        | AssertionKind::EndLine
                        | AssertionKind::EndText
                ) => {}
            _ => return None,
        }
    }
    Some(outline)
}
