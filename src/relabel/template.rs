//! Replacement templates: what Go's `Regexp.Expand` makes of `$1`, `${1}`, `${name}` and `$$`.

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
            if let Some(index) = index(name, groups) {
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

fn index(name: &str, groups: &[Group]) -> Option<usize> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        // Go reads a number with a leading zero as a name.
        let plain = name == "0" || !name.starts_with('0');
        return name
            .parse()
            .ok()
            .filter(|&index| plain && index < groups.len());
    }
    groups
        .iter()
        .position(|group| group.name.as_deref() == Some(name))
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
