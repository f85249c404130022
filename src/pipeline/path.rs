//! Paths of exporters, as servers route them.
//!
//! `//federate`, `/FEDERATE/` and `/prom/federate?match[]=x` are answered by what answers `/federate`: by
//! a router that cleans paths, by one that ignores case, behind a proxy that strips a prefix. So a path is
//! compared cleaned, in lower case, and by its end.

use crate::language::alphabet::Class;
use crate::language::expression::Expression;

/// The longest path that is looked at, in bytes: of a longer one everything is assumed.
const MAX_PATH: usize = 4096;

/// Whether the path leads to what is known by the other one.
///
/// ```
/// use prometheus_env_isolation_policy::pipeline::path::leads_to;
/// assert!(leads_to("/api/v1/nodes/n/proxy/metrics/./cadvisor/", "/metrics/cadvisor"));
/// assert!(!leads_to("/metrics", "/metrics/cadvisor"));
/// ```
#[must_use]
pub fn leads_to(path: &str, known: &str) -> bool {
    if path.len() > MAX_PATH {
        return true;
    }
    let last = known.rsplit('/').find(|segment| !segment.is_empty());
    let has = |last: &str| {
        let mut places = path.as_bytes().windows(last.len());
        places.any(|text| text.eq_ignore_ascii_case(last.as_bytes()))
    };
    // Mostly it does not even have the last segment.
    let may_lead = !path.is_ascii() || last.is_none_or(has);
    let leads = |path: &str| segments(path).ends_with(&segments(known));
    // Prometheus escapes a `?`, so that it is a part of the path; for what unescapes it, it begins a query.
    let until_query = path.split(['?', '#']).next().unwrap_or_default();
    may_lead && (leads(path) || leads(until_query))
}

/// The segments of a path, cleaned (`path.Clean` in Go) and in lower case.
fn segments(path: &str) -> Vec<String> {
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

/// A language of the paths that may lead to what one of these is known by. A `?` in one is no query:
/// Prometheus escapes it.
pub(crate) fn leading_to(known: &[String]) -> Expression {
    let slash = || Expression::literal("/");
    let any = Expression::anything;
    let insignificant = Class::character('/').union(Class::character('.'));
    let insignificant = || Expression::Class(insignificant).repeated(0, None);
    let no_slash = || Expression::Class(Class::character('/').negated()).repeated(0, None);
    let parameter = || {
        let parameter = vec![Expression::literal(";"), no_slash()];
        Expression::Concatenation(parameter).repeated(0, Some(1))
    };
    // What goes up again as far as it went down: anything that ends in a directory up.
    let detour = || {
        let detour = vec![slash(), any(), Expression::literal("..")];
        Expression::Concatenation(detour).repeated(0, Some(1))
    };
    let path = |known: &String| {
        let before = Expression::Concatenation(vec![any(), slash()]);
        let mut parts = vec![before.repeated(0, Some(1))];
        for (index, segment) in segments(known).iter().enumerate() {
            if index > 0 {
                parts.extend([slash(), insignificant()]);
            }
            let letter = |letter| Expression::Class(Class::folded_range(letter, letter));
            parts.extend(segment.chars().map(letter));
            parts.extend([parameter(), detour()]);
        }
        let end = Expression::Concatenation(vec![slash(), insignificant()]);
        parts.push(end.repeated(0, Some(1)));
        Expression::Concatenation(parts)
    };
    Expression::Alternation(known.iter().map(path).collect())
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
