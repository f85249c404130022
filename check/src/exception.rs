//! Exceptions that stand beside an object: a rule that it may violate until a day, and why.
//!
//! ```yaml
//! # env-isolation: allow namespace-filter until 2026-12-31 because the exporter is replaced in the winter
//! apiVersion: monitoring.coreos.com/v1
//! ```
//!
//! They are the checker's alone. The cluster does not know them, and rejects the object all the same.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use prometheus_env_isolation_policy::rule::registry::RULES;

/// What a comment that has one begins with.
const MARK: &str = "# env-isolation:";

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The rule that may be violated.
    pub rule: String,
    /// The last day on which it may, in UTC.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// The bytes of the comment.
    pub range: Range<usize>,
}

/// A comment that looks like an exception and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it.
    pub problem: Problem,
    /// The bytes of the comment.
    pub range: Range<usize>,
}

/// What is wrong with an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has not all of its parts.
    Incomplete,
    /// There is no such rule.
    NoRule,
    /// There is no such day.
    NoDay,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => formatter.write_str(
                "an exception reads `# env-isolation: allow RULE until YYYY-MM-DD because REASON`",
            ),
            Self::NoRule => write!(
                formatter,
                "an exception is from one of the rules {}",
                RULES.map(|rule| rule.name).join(", ")
            ),
            Self::NoDay => formatter.write_str("an exception ends on a day, YYYY-MM-DD"),
        }
    }
}

impl Exception {
    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until < Offset::UTC.to_datetime(Timestamp::now()).date()
    }
}

/// The exceptions in these bytes of a text: comments that have a line for themselves.
#[must_use]
pub fn find(text: &str, within: Range<usize>) -> Vec<Result<Exception, Malformed>> {
    let mut start = within.start;
    let mut found = Vec::new();
    for line in text[within].split_inclusive('\n') {
        let comment = line.trim();
        let from = start + line.len() - line.trim_start().len();
        if let Some(exception) = comment.strip_prefix(MARK) {
            let range = from..from + comment.len();
            let exception = parse(exception, range.clone());
            found.push(exception.map_err(|problem| Malformed { problem, range }));
        }
        start += line.len();
    }
    found
}

fn parse(text: &str, range: Range<usize>) -> Result<Exception, Problem> {
    let parts = || {
        let rest = text.trim().strip_prefix("allow ")?;
        let (rule, rest) = rest.split_once(" until ")?;
        let (until, reason) = rest.split_once(" because ")?;
        (!reason.trim().is_empty()).then_some((rule.trim(), until.trim(), reason.trim()))
    };
    let (rule, until, reason) = parts().ok_or(Problem::Incomplete)?;
    if !RULES.iter().any(|known| known.name == rule) {
        return Err(Problem::NoRule);
    }
    Ok(Exception {
        rule: rule.to_owned(),
        until: until.parse().map_err(|_| Problem::NoDay)?,
        reason: reason.to_owned(),
        range,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn an_exception_has_its_parts_and_its_place() {
        let text = "a: 1\n  # env-isolation: allow selector until 2026-12-31 because of us\nb: 1\n";
        let found = find(text, 0..text.len());
        let [Ok(exception)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(exception.rule, "selector");
        assert_eq!(exception.until.to_string(), "2026-12-31");
        assert_eq!(exception.reason, "of us");
        assert!(text[exception.range.clone()].starts_with("# env-isolation: allow"));
        assert!(text[exception.range.clone()].ends_with("of us"));
    }

    #[rstest]
    #[case("allow selector until 2026-12-31", Problem::Incomplete)]
    #[case("allow selector until 2026-12-31 because ", Problem::Incomplete)]
    #[case("allow selector because of us", Problem::Incomplete)]
    #[case("ignore", Problem::Incomplete)]
    #[case("allow everything until 2026-12-31 because of us", Problem::NoRule)]
    #[case("allow selector until 2026-02-30 because of us", Problem::NoDay)]
    #[case("allow selector until winter because of us", Problem::NoDay)]
    fn what_is_none_is_told(#[case] text: &str, #[case] problem: Problem) {
        let text = format!("# env-isolation: {text}\n");
        let found = find(&text, 0..text.len());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].as_ref().map_err(|it| it.problem), Err(problem));
    }
}
