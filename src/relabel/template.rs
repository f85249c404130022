//! Replacement templates: what Go's `Regexp.Expand` makes of `$1`, `${1}`, `${name}` and `$$`.

use std::collections::BTreeMap;

use crate::language::pattern::Group;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Literal(String),
    /// What the group of this index holds.
    Group(usize),
    /// Anything: Go and Rust differ on which characters beyond ASCII belong to a name.
    Unknown,
}

/// The pieces of a template for a pattern with these groups, adjacent literals joined.
///
/// A reference to a group that the pattern does not have is empty, and a `$` that begins no
/// reference is itself (`expand` and `extract` in Go's `regexp/regexp.go`).
#[must_use]
pub fn parse(template: &str, groups: &[Group]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let groups = Groups::of(groups);
    let mut rest = template;
    while let Some(place) = rest.find('$') {
        literal(&mut pieces, &rest[..place]);
        rest = &rest[place + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            literal(&mut pieces, "$");
            rest = after;
        } else if is_vague(rest) {
            pieces.push(Piece::Unknown);
            return pieces;
        } else if let Some((name, after)) = reference(rest) {
            if let Some(index) = groups.index(name) {
                pieces.push(Piece::Group(index));
            }
            rest = after;
        } else {
            literal(&mut pieces, "$");
        }
    }
    literal(&mut pieces, rest);
    pieces
}

fn literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Literal(before)) => before.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// Whether the name after a `$` goes up to a character beyond ASCII.
fn is_vague(text: &str) -> bool {
    let name = text.strip_prefix('{').unwrap_or(text);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.is_some_and(|end| !name[end..].starts_with(|c: char| c.is_ascii()))
}

/// The name after a `$`, and what comes after it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (inner, braces) = match text.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    let (name, after) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    if braces {
        Some((name, after.strip_prefix('}')?))
    } else {
        Some((name, after))
    }
}

/// The groups of a pattern, by their names.
struct Groups<'a> {
    count: usize,
    named: BTreeMap<&'a str, usize>,
}

impl<'a> Groups<'a> {
    fn of(groups: &'a [Group]) -> Self {
        // Of several of one name, the first.
        let named = groups.iter().enumerate().rev();
        let named = named.filter_map(|(index, group)| Some((group.name.as_deref()?, index)));
        Self {
            count: groups.len(),
            named: named.collect(),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            // Go reads a number with a leading zero as a name.
            let plain = name == "0" || !name.starts_with('0');
            let index = name.parse().ok();
            return index.filter(|&index| plain && index < self.count);
        }
        self.named.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::pattern::Pattern;
    use rstest::rstest;

    #[rstest]
    #[case::number("$1", "{1}")]
    #[case::braces("a${1}b", "a{1}b")]
    #[case::longest_name("$1b", "")]
    #[case::named("${env}-x", "{2}-x")]
    #[case::unknown("$7-$missing", "-")]
    #[case::dollar("$$1", "$1")]
    #[case::alone("a$-$", "a$-$")]
    #[case::open_brace("${1", "${1")]
    #[case::leading_zero("${01}", "")]
    #[case::beyond_ascii("a$1²", "a?")]
    #[case::only_beyond_ascii("$é", "?")]
    fn expands_as_go_does(#[case] template: &str, #[case] expected: &str) {
        let pattern = Pattern::parse("(.*)-(?P<env>.*)").expect("a plain pattern");
        let text: String = parse(template, &pattern.groups)
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text,
                Piece::Group(index) => format!("{{{index}}}"),
                Piece::Unknown => "?".to_owned(),
            })
            .collect();
        assert_eq!(text, expected);
    }
}
