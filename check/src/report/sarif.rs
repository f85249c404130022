//! The report as SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format").

use std::io::{Result, Write};
use std::ops::Range;
use std::path::{Component, Path};

use prometheus_env_isolation_policy::rule::registry::RULES;
use serde_json::{Value, json};

use super::{Counts, Form, Part, subject, template_file, told, value_file};
use crate::fix;
use crate::input::Input;
use crate::judge::{Finding, Level, Outcome};

/// The schema that the output is valid against.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What else is reported, as a rule and what it demands.
const OTHERS: [(&str, &str); 4] = [
    ("refused", "The policy can read the object."),
    (
        "warning",
        "The policy has nothing to say besides its verdict.",
    ),
    ("unreadable", "The manifest can be read."),
    (
        "unjudged",
        "What may bring in monitoring objects is judged.",
    ),
];

/// The rules of the policy, and what else is reported.
fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rules = RULES.into_iter().map(|rule| (rule.name, rule.demand));
    rules.chain(OTHERS)
}

/// The form.
#[derive(Default)]
pub(super) struct Sarif {
    results: usize,
}

impl Form for Sarif {
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()> {
        for (outcome, finding) in part.findings() {
            if finding.kind.is_harmless() {
                continue;
            }
            if self.results == 0 {
                begin(out)?;
            } else {
                write!(out, ",")?;
            }
            self.results += 1;
            write!(out, "\n{:#}", result(part, outcome, finding))?;
        }
        Ok(())
    }

    fn end(&mut self, counts: Counts, out: &mut dyn Write) -> Result<()> {
        if self.results == 0 {
            begin(out)?;
        }
        let rules = rules().map(|(id, text)| {
            let page = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules.md");
            json!({
                "id": id,
                "shortDescription": {"text": text},
                "helpUri": format!("{page}#{id}"),
            })
        });
        let tool = json!({"driver": {
            "name": "env-isolation-check",
            "version": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules.collect::<Value>(),
        }});
        let invocations = json!([{"executionSuccessful": counts.unreadable == 0}]);
        writeln!(
            out,
            "],\n\"columnKind\": \"unicodeCodePoints\",\n\"invocations\": {invocations:#},\n\"tool\": {tool:#}\n}}]}}"
        )
    }
}

fn begin(out: &mut dyn Write) -> Result<()> {
    write!(
        out,
        "{{\"$schema\": \"{SCHEMA}\", \"version\": \"2.1.0\", \"runs\": [{{\n\"results\": ["
    )
}

fn result(part: &Part<'_>, outcome: &Outcome, finding: &Finding) -> Value {
    let input = part.input(outcome);
    let file = match value_file(finding).and_then(|(_, file)| file.path.as_ref()) {
        Some(path) => json!({"uri": relative(path)}),
        None => json!({"uri": uri(part, outcome)}),
    };
    let mut location = json!({"physicalLocation": {"artifactLocation": file}});
    if let Some((value, file)) = value_file(finding) {
        location["physicalLocation"]["region"] = region(file, &value.range);
    } else if input.chart.is_none() {
        location["physicalLocation"]["region"] = region(input, &finding.range);
    }
    let name = subject(outcome, finding);
    let mut text = told(finding);
    if !name.is_empty() {
        text = format!("{name}: {text}");
        location["logicalLocations"] = json!([{"fullyQualifiedName": name}]);
    }
    // What Helm renders is mended in its template, or in the values.
    let fix = finding.kind.fix().filter(|_| input.chart.is_none());
    let fixes = fix.and_then(|fix| {
        let (range, text) = fix::replacement(input, outcome, fix)?;
        let replacement = json!({
            "deletedRegion": region(input, &range),
            "insertedContent": {"text": text},
        });
        Some(json!([{
            "description": {"text": "what the policy accepts"},
            "artifactChanges": [{"artifactLocation": file, "replacements": [replacement]}],
        }]))
    });
    let mut result = json!({
        "ruleId": finding.kind.rule(),
        "level": match finding.kind.level() {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        },
        "message": {"text": text},
        "locations": [location],
    });
    if let Some(fixes) = fixes {
        result["fixes"] = fixes;
    }
    result
}

fn region(input: &Input, range: &Range<usize>) -> Value {
    let (start, end) = (input.place(range.start), input.place(range.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// The URI of an input (RFC 3986): relative where the path is.
fn uri(part: &Part<'_>, outcome: &Outcome) -> String {
    let input = part.input(outcome);
    let path = match (&input.path, &input.chart) {
        (Some(path), _) => path.clone(),
        (None, Some(chart)) => template_file(part, outcome).unwrap_or_else(|| chart.path.clone()),
        (None, None) => return "stdin".to_owned(),
    };
    relative(&path)
}

fn relative(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::CurDir => None,
        Component::RootDir => Some("file://".to_owned()),
        part => Some(encoded(&part.as_os_str().to_string_lossy())),
    });
    parts.collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::rules;

    #[test]
    fn each_rule_has_its_section_of_the_page() {
        let page = include_str!("../../../docs/rules.md");
        for (id, _) in rules() {
            assert!(page.contains(&format!("\n## {id}\n")), "{id}");
        }
        assert_eq!(page.matches("\n## ").count(), rules().count());
    }
}
