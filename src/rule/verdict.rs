//! What the rules find: violations and warnings.

use serde_json::Value;

use crate::prove::leak::Witness;

/// Something that keeps an object out.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The rule that is violated.
    pub rule: &'static str,
    /// The path of the field.
    pub field: String,
    /// What is wrong, in one sentence without its full stop.
    pub message: String,
    /// A namespace that leaks, where one can be named.
    pub witness: Option<Witness>,
    /// What repairs it, where no person has to decide.
    pub fix: Option<Fix>,
}

/// A field and its whole new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Where the field is, as the segments of a JSON Pointer (RFC 6901).
    pub pointer: Vec<String>,
    /// Its new value.
    pub value: Value,
    /// How many of the last segments do not exist yet, beyond the field itself.
    pub missing: usize,
}

/// The answer about an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What keeps it out.
    pub violations: Vec<Violation>,
    /// What its author should know, even if it comes in.
    pub warnings: Vec<String>,
    /// What the proofs cost, in the unit of [`crate::language::budget::BUDGET`].
    pub spent: u64,
}

/// How much of what somebody wrote is told in a message, in bytes.
const EXCERPT: usize = 256;

/// As much of a text as is told in a message.
pub(crate) fn excerpt(text: &str) -> String {
    cut(text.to_owned(), EXCERPT)
}

/// The text, or as much of it as fits into so many bytes.
pub(crate) fn cut(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut end = most - "…".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
