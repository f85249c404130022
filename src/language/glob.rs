//! Globs over namespaces: `*` is any run of characters, everything else stands for itself.

use super::alphabet::Class;
use super::expression::Expression;

/// What it costs to hold a glob against a text or another glob, in the unit of
/// [`super::budget::BUDGET`].
pub(crate) const COST: usize = 2;

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

/// Whether the glob surely (`must`) or possibly matches the whole text, if its `*` is `.*` in
/// Prometheus' dialect ([`Class::DOT`]): a run does not surely take a newline.
pub(super) fn reads(glob: &str, text: &str, must: bool) -> bool {
    // A newline is part of a glob only where the glob is a text.
    let is_split = must && text.contains('\n') && glob.contains('*');
    matches(glob, text) && !is_split
}

/// A text that the glob matches.
#[must_use]
pub fn sample(glob: &str) -> String {
    glob.replace('*', "a")
}

/// Whether everything that one glob matches is matched by the other one, too, as far as the two can be
/// held against each other run by run. Where this says no, it may still be so.
///
/// ```
/// use prometheus_env_isolation_policy::language::glob;
/// assert!(glob::includes("*-dev", "shop-*-dev"));
/// assert!(!glob::includes("*-dev", "*-dev*"));
/// ```
#[must_use]
pub fn includes(glob: &str, other: &str) -> bool {
    // A run of the other one is a character that only a run takes, and whatever that run stands for
    // is taken in its place.
    reads(glob, other, true)
}

/// The globs whose union a pattern in Prometheus' dialect is, where it is one: alternatives of plain
/// characters and `.*`, which every dialect reads alike, maybe in one group.
///
/// ```
/// use prometheus_env_isolation_policy::language::glob;
/// assert_eq!(glob::of_regex(".*-dev|dev"), Some(vec!["*-dev".to_owned(), "dev".to_owned()]));
/// assert_eq!(glob::of_regex("(.*)"), Some(vec!["*".to_owned()]));
/// assert_eq!(glob::of_regex("(dev)?"), None);
/// ```
#[must_use]
pub fn of_regex(pattern: &str) -> Option<Vec<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_;:/,=@ ".contains(c);
    let glob = |alternative: &str| {
        let glob = alternative.replace(".*", "*");
        // Every `*` has to be one that was just put there, and no `.` may be left.
        let runs = alternative.matches(".*").count();
        let is_glob =
            glob.chars().all(|c| plain(c) || c == '*') && glob.matches('*').count() == runs;
        is_glob.then_some(glob)
    };
    // A group of several alternatives is about the whole, for no other bracket is plain.
    let group = pattern
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    group.unwrap_or(pattern).split('|').map(glob).collect()
}

/// Whether the text is a glob over the characters of a namespace.
#[must_use]
pub(crate) fn is_valid(glob: &str) -> bool {
    !glob.is_empty()
        && glob
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'*'))
}

/// The glob as an expression in Prometheus' dialect.
#[must_use]
pub fn expression(glob: &str) -> Expression {
    let mut parts = Vec::new();
    for (index, literal) in glob.split('*').enumerate() {
        if index > 0 {
            parts.push(Expression::Class(Class::DOT).repeated(0, None));
        }
        parts.push(Expression::literal(literal));
    }
    Expression::Concatenation(parts)
}

/// The glob as a regex in Prometheus' dialect.
#[must_use]
pub(crate) fn to_regex(glob: &str) -> String {
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
    #[case::itself("*-dev", "*-dev", true)]
    #[case::literal("*-dev", "shop-dev", true)]
    #[case::narrower("*-dev", "team-*-x-dev", true)]
    #[case::everything("*", "*", true)]
    #[case::run_in_a_run("a*c", "a*b*c", true)]
    #[case::wider("dev", "*", false)]
    #[case::open_end("*-dev", "*-dev*", false)]
    #[case::run_across_a_literal("*-dev", "*dev", false)]
    fn includes_what_is_narrower(#[case] glob: &str, #[case] other: &str, #[case] found: bool) {
        assert_eq!(includes(glob, other), found);
    }

    #[rstest]
    #[case::alternatives(".*-dev|kube-system|a.*b", Some("*-dev|kube-system|a*b"))]
    #[case::joined(".*-dev;web-.*", Some("*-dev;web-*"))]
    #[case::empty_alternative("dev|", Some("dev|"))]
    #[case::anything(".*", Some("*"))]
    #[case::dot("shop.dev", None)]
    #[case::lazy(".*?-dev", None)]
    #[case::twice(".**", None)]
    #[case::possessive(".*+", None)]
    #[case::counted(".*{2}", None)]
    #[case::star("a*", None)]
    #[case::star_before(".a*.*", None)]
    #[case::escaped(r"\.*", None)]
    #[case::group("(.*-dev|dev)", Some("*-dev|dev"))]
    #[case::groups("(dev)|(.*-dev)", None)]
    #[case::unequal_brackets("(dev", None)]
    #[case::optional("(dev)?", None)]
    #[case::named("(?P<a>dev)", None)]
    #[case::flags("(?i)dev", None)]
    #[case::flags_of_a_group("(?i:dev)", None)]
    #[case::class("[a].*", None)]
    #[case::anchor("^dev$", None)]
    #[case::beyond_ascii("é", None)]
    fn reads_plain_regexes(#[case] pattern: &str, #[case] globs: Option<&str>) {
        let expected = globs.map(|globs| globs.split('|').map(str::to_owned).collect());
        assert_eq!(of_regex(pattern), expected);
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
