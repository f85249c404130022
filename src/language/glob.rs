//! Globs over namespaces: `*` is any run of characters, everything else stands for itself.

use super::expression::Expression;

/// Whether the glob matches the whole text.
///
/// ```
/// use prometheus_env_isolation_policy::language::glob;
/// assert!(glob::matches("*-dev", "shop-dev"));
/// assert!(!glob::matches("*-dev", "shop-dev-prod"));
/// ```
#[must_use]
pub fn matches(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let Some((middle, last)) = rest.rsplit_once('*') else {
        return text.ends_with(rest);
    };
    // The leftmost place of each part leaves the most for the parts after it.
    for part in middle.split('*') {
        let Some(place) = text.find(part) else {
            return false;
        };
        text = &text[place + part.len()..];
    }
    text.ends_with(last)
}

/// Whether the text is a glob over the characters of a namespace.
#[must_use]
pub fn is_valid(glob: &str) -> bool {
    !glob.is_empty()
        && glob
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'*'))
}

/// The glob as an expression.
#[must_use]
pub fn expression(glob: &str) -> Expression {
    let mut parts = Vec::new();
    for (index, literal) in glob.split('*').enumerate() {
        if index > 0 {
            parts.push(Expression::anything());
        }
        parts.push(Expression::literal(literal));
    }
    Expression::Concatenation(parts)
}

/// The glob as a regex in Prometheus' dialect.
#[must_use]
pub fn to_regex(glob: &str) -> String {
    glob.replace('*', ".*")
}

#[cfg(test)]
mod tests {
    use super::super::automaton::{Automaton, Membership};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::whole("dev", "dev", true)]
    #[case::not_a_prefix("dev", "dev-1", false)]
    #[case::suffix("*-dev", "shop-dev", true)]
    #[case::suffix_only("*-dev", "shop-dev-prod", false)]
    #[case::empty_run("*dev", "dev", true)]
    #[case::prefix("dev-*", "dev-shop", true)]
    #[case::inner("a*b*c", "a-b-b-c", true)]
    #[case::parts_do_not_overlap("ab*ba", "aba", false)]
    #[case::parts_in_order("*a*b*", "b-a", false)]
    #[case::everything("*", "x", true)]
    #[case::doubled("a**b", "ab", true)]
    fn matches_as_its_automaton_does(#[case] glob: &str, #[case] text: &str, #[case] found: bool) {
        assert_eq!(matches(glob, text), found);
        let automaton = Automaton::new(&expression(glob), true).expect("a small glob");
        let membership = if found {
            Membership::Yes
        } else {
            Membership::No
        };
        assert_eq!(automaton.contains(text), membership);
    }

    #[rstest]
    #[case("*-dev", true)]
    #[case("", false)]
    #[case("Dev", false)]
    #[case("dev?", false)]
    fn knows_what_a_glob_is(#[case] glob: &str, #[case] valid: bool) {
        assert_eq!(is_valid(glob), valid);
    }
}
