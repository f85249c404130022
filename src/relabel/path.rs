//! Paths of exporters, as servers route them.
//!
//! `//federate`, `/FEDERATE/` and `/prom/federate?match[]=x` are answered by what answers `/federate`: by
//! a router that cleans paths, by one that ignores case, behind a proxy that strips a prefix. So a path is
//! compared cleaned, in lower case, and by its end.

use crate::language::alphabet::Class;
use crate::language::expression::Expression;

use super::value::{Part, Value};

/// Whether the path leads to what is known by the other one.
///
/// ```
/// use prometheus_env_isolation_policy::relabel::path::leads_to;
/// assert!(leads_to("/api/v1/nodes/n/proxy/metrics/./cadvisor/", "/metrics/cadvisor"));
/// assert!(!leads_to("/metrics", "/metrics/cadvisor"));
/// ```
#[must_use]
pub fn leads_to(path: &str, known: &str) -> bool {
    let last = known.rsplit('/').find(|segment| !segment.is_empty());
    let has = |last: &str| {
        let mut places = path.as_bytes().windows(last.len());
        places.any(|text| text.eq_ignore_ascii_case(last.as_bytes()))
    };
    // Mostly it does not even have the last segment.
    let may_lead = !path.is_ascii() || last.is_none_or(has);
    may_lead && segments(path).ends_with(&segments(known))
}

/// The segments of a path, cleaned (`path.Clean` in Go) and in lower case.
fn segments(path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            // A matrix parameter is none of the name's.
            other => {
                let name = other.split(';').next().unwrap_or_default();
                segments.push(name.to_lowercase());
            }
        }
    }
    segments
}

/// A language of the paths that lead to what is known by this one; of those that go a directory up, only by
/// one segment after it ([`goes_up`] has the rest). A `?` in it is no query: Prometheus escapes it.
pub(super) fn leading_to(known: &str) -> Expression {
    let slash = || Expression::literal("/");
    let insignificant = Class::character('/').union(Class::character('.'));
    let insignificant = || Expression::Class(insignificant).repeated(0, None);
    let before = Expression::Concatenation(vec![Expression::anything(), slash()]);
    let mut parts = vec![before.repeated(0, Some(1))];
    for (index, segment) in segments(known).iter().enumerate() {
        if index > 0 {
            parts.extend([slash(), insignificant()]);
        }
        let letters = segment.chars();
        parts.extend(letters.map(|letter| Expression::Class(Class::folded_range(letter, letter))));
    }
    // Slashes and dots, a parameter, a segment that is gone up from.
    let no_slash = || Expression::Class(Class::character('/').negated()).repeated(0, None);
    let parameter = Expression::Concatenation(vec![Expression::literal(";"), no_slash()]);
    let up = vec![slash(), no_slash(), Expression::literal("/..")];
    let rest = vec![insignificant(), parameter, Expression::Concatenation(up)];
    parts.push(Expression::Alternation(rest).repeated(0, None));
    Expression::Concatenation(parts)
}

/// Whether some of the path's text goes a directory up, so that its end says nothing.
pub(super) fn goes_up(path: &Value) -> bool {
    let up = |part: &Part| matches!(part, Part::Literal(text) if text.contains(".."));
    path.0.iter().any(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/federate", true)]
    #[case("federate", true)]
    #[case("/federate/", true)]
    #[case("/FEDERATE", true)]
    #[case("//federate", true)]
    #[case("/./federate", true)]
    #[case("/x/../federate", true)]
    #[case("/prom/federate", true)]
    #[case("/federate?match[]=x", true)]
    #[case("/federate;x", true)]
    #[case("/federate/x/..", true)]
    #[case("/federated", false)]
    #[case("/un-federate", false)]
    #[case("/federate/x", false)]
    #[case("/metrics", false)]
    #[case("", false)]
    fn paths_are_compared_as_they_are_routed(#[case] path: &str, #[case] leads: bool) {
        assert_eq!(leads_to(path, "/federate"), leads, "{path}");
    }

    #[rstest]
    #[case("/metrics//cadvisor", true)]
    #[case("/api/v1/nodes/n/proxy/metrics/cadvisor", true)]
    #[case("/cadvisor", false)]
    fn all_segments_count(#[case] path: &str, #[case] leads: bool) {
        assert_eq!(leads_to(path, "/metrics/cadvisor"), leads, "{path}");
    }
}
