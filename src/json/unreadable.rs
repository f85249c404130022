//! What cannot be read: which field it is, what it should be and what it is; never what it contains.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

/// A field that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands; nothing for the whole text.
    pub place: Vec<Step>,
    /// Why it cannot be read.
    pub problem: Problem,
}

/// A step on the way to a place in a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the member of an object.
    Member(String),
    /// To the item of an array, from 0.
    Item(usize),
}

/// Why a field cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no JSON.
    NotJson,
    /// It has this member twice, or lacks it.
    Member(String),
    /// It has more than so many items.
    TooMany(usize),
    /// It is not of the type that is expected.
    Type {
        /// What is expected.
        expected: String,
        /// What it is.
        found: &'static str,
    },
    /// More of it cannot be read than is told.
    More,
}

impl Unreadable {
    /// What serde could not read of a text, which stands in the field `root` of an object, if it does.
    pub(super) fn new(text: &str, root: Option<&str>, error: &serde_json::Error) -> Self {
        let root: Vec<Step> = root
            .map(|root| Step::Member(root.to_owned()))
            .into_iter()
            .collect();
        if !error.is_data() {
            return Self {
                place: root,
                problem: Problem::NotJson,
            };
        }
        let message = error.to_string();
        // serde_json reports the end of a scalar, but the start of what has parts.
        let has_parts = ["invalid type: map", "invalid type: sequence"];
        let has_parts = has_parts.iter().any(|start| message.starts_with(start));
        let offset = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum::<usize>()
            + error.column().saturating_sub(usize::from(!has_parts));
        let mut walk = Walk {
            text: text.as_bytes(),
            at: 0,
            goal: offset,
            place: root.clone(),
            depth: 0,
            found: None,
        };
        walk.value();
        let (mut place, start) = walk.found.unwrap_or((root, 0));
        let first = text.as_bytes().get(start);
        let problem = problem(&message, first);
        if matches!(problem, Problem::TooMany(_)) && !matches!(first, Some(b'[' | b'{')) {
            // It is the first of what is too many.
            place.pop();
        }
        Self { place, problem }
    }

    /// The path of the field, as people write it; empty for the whole text.
    #[must_use]
    pub fn path(&self) -> String {
        path(&self.place)
    }

    /// Puts something of the type that is expected into its place. Tells whether there is that place.
    pub(crate) fn replace_in(&self, value: &mut Value) -> bool {
        let mut steps = self.place.iter();
        let found = steps.try_fold(value, |value, step| match step {
            Step::Member(name) => value.get_mut(name),
            Step::Item(index) => value.get_mut(index),
        });
        let Some(found) = found else { return false };
        *found = match &self.problem {
            Problem::TooMany(_) if found.is_array() => json!([]),
            Problem::Type { expected, .. } => match expected.as_str() {
                "an object" => json!({}),
                "an array" => json!([]),
                "a string" => json!(""),
                "a boolean" => json!(false),
                _ => json!(0),
            },
            _ => json!({}),
        };
        true
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        let path = if path.is_empty() { "the text" } else { &path };
        match self.problem {
            Problem::NotJson => write!(formatter, "{path} {}", self.problem),
            _ => write!(formatter, "{path}: {}", self.problem),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => formatter.write_str("is not valid JSON"),
            Self::Member(name) => write!(formatter, "field `{name}` cannot be read"),
            Self::TooMany(most) => write!(formatter, "expected at most {most} of them"),
            Self::Type { expected, found } => {
                write!(formatter, "expected {expected}, found {found}")
            }
            Self::More => formatter.write_str("more of it cannot be read than is told here"),
        }
    }
}

/// What serde's message about a value says, which begins with this byte.
fn problem(message: &str, first: Option<&u8>) -> Problem {
    let Some((_, expected)) = message.split_once(", expected ") else {
        let member = message.split('`').nth(1).unwrap_or_default();
        return Problem::Member(member.to_owned());
    };
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    if let Some(most) = expected.strip_prefix("at most ") {
        let most = most.split(' ').next().and_then(|most| most.parse().ok());
        return Problem::TooMany(most.unwrap_or_default());
    }
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "i64" => "an integer",
        other => other,
    };
    Problem::Type {
        expected: expected.to_owned(),
        found: kind(first),
    }
}

fn kind(first: Option<&u8>) -> &'static str {
    match first {
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A place as people write it.
#[must_use]
pub fn path(place: &[Step]) -> String {
    let mut path = String::new();
    for step in place {
        match step {
            Step::Member(name) => push_key(&mut path, name),
            Step::Item(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}

/// Appends a key to a field's path: `.key`, or `["a.b/c"]` where that would be ambiguous.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let plain = key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !plain {
        let _ = write!(path, "[{key:?}]");
    } else if path.is_empty() {
        path.push_str(key);
    } else {
        let _ = write!(path, ".{key}");
    }
}

/// A walk through JSON that is known to be well-formed up to its goal.
struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    goal: usize,
    place: Vec<Step>,
    depth: usize,
    /// The place and start of the innermost value around the goal.
    found: Option<(Vec<Step>, usize)>,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<u8> {
        while self.text.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn value(&mut self) -> Option<()> {
        let first = self.next()?;
        let start = self.at;
        match first {
            b'{' => self.members(b'}')?,
            b'[' => self.members(b']')?,
            b'"' => drop(self.string()?),
            _ => {
                while self.text.get(self.at).is_some_and(|byte| {
                    !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace()
                }) {
                    self.at += 1;
                }
            }
        }
        self.note(start);
        Some(())
    }

    fn note(&mut self, start: usize) {
        if self.found.is_none() && (start..self.at.max(start + 1)).contains(&self.goal) {
            self.found = Some((self.place.clone(), start));
        }
    }

    fn members(&mut self, end: u8) -> Option<()> {
        // serde_json reads nothing typed that is nested deeper.
        self.depth += 1;
        if self.depth > 128 {
            return None;
        }
        let start = self.at;
        self.at += 1;
        if self.goal == start {
            self.note(start);
        }
        let mut index = 0;
        loop {
            match self.next()? {
                byte if byte == end => break,
                b',' => self.at += 1,
                _ => {
                    if end == b']' {
                        self.place.push(Step::Item(index));
                        index += 1;
                    } else {
                        let key = self.string()?;
                        self.place.push(Step::Member(key));
                        self.next()?;
                        self.at += 1;
                    }
                    self.value()?;
                    self.place.pop();
                }
            }
            if self.found.is_some() {
                return Some(());
            }
        }
        self.at += 1;
        self.depth -= 1;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.at += 1;
        while *self.text.get(self.at)? != b'"' {
            self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_slice(&self.text[start..self.at]).ok()
    }
}
