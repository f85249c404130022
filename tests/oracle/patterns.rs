//! A filter: patterns and texts in, one JSON line each, and what the policy reads in them out, line for line.
//!
//! ```text
//! echo '{"pattern": ".*-dev", "texts": ["shop-dev"]}' | patterns
//! ```
//!
//! The test of patterns against Go's runs it.

use std::io::{BufRead, Write};

use anyhow::Result;
use prometheus_env_isolation_policy::language::automaton::{Automaton, Membership};
use prometheus_env_isolation_policy::language::pattern::{Pattern, PatternError};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Asked {
    pattern: String,
    #[serde(default)]
    texts: Vec<String>,
}

#[derive(Serialize)]
struct Answer {
    claim: &'static str,
    #[serde(rename = "in")]
    inside: Vec<&'static str>,
}

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        writeln!(out, "{}", serde_json::to_string(&answer(&asked))?)?;
        out.flush()?;
    }
    Ok(())
}

fn answer(asked: &Asked) -> Answer {
    let automaton = Pattern::parse(&asked.pattern).and_then(|pattern| {
        let automaton = Automaton::new(&pattern.expression, pattern.exact);
        Ok(automaton?)
    });
    let claim = match &automaton {
        Ok(_) => "followed",
        Err(PatternError::Refused(_)) => "refused",
        Err(PatternError::NotFollowed(_)) => "not followed",
        Err(PatternError::TooLarge | PatternError::GivenUp) => "too large",
    };
    let contains = |automaton: &Automaton| {
        let of = |text: &String| match automaton.contains(text) {
            Membership::Yes => "yes",
            Membership::No => "no",
            Membership::Unknown => "unknown",
        };
        asked.texts.iter().map(of).collect()
    };
    Answer {
        claim,
        inside: automaton.as_ref().map_or_else(|_| Vec::new(), contains),
    }
}
