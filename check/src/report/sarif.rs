//! The report as SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format").

use std::io::{Result, Write};
use std::path::{Component, Path};

use serde_json::{Value, json};

use super::{Report, subject, told};
use crate::judge::{Finding, Outcome, Verdict};

/// The schema that the output is valid against.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What each rule demands, in one sentence.
const RULES: [(&str, &str); 8] = [
    (
        "release-label",
        "A monitoring object carries exactly the release of its namespace's environment.",
    ),
    (
        "namespace-filter",
        "Nothing that is scraped brings in a series of another environment.",
    ),
    (
        "selector",
        "A Prometheus selects only objects of its environment's release.",
    ),
    (
        "scrape-override",
        "A Prometheus changes nothing about the namespaces of what it scrapes.",
    ),
    (
        "storage-class",
        "A Prometheus volume is on one of the storage classes meant for it.",
    ),
    ("refused", "The policy can read the object."),
    (
        "warning",
        "The policy has nothing to say besides its verdict.",
    ),
    ("unreadable", "The manifest can be read."),
];

pub(super) fn write(report: &Report<'_>, out: &mut impl Write) -> Result<()> {
    let results = report.outcomes.iter().flat_map(|outcome| {
        let findings = outcome.findings.iter();
        findings.map(|finding| result(report, outcome, finding))
    });
    let rules = RULES
        .iter()
        .map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}}));
    let readable = report
        .outcomes
        .iter()
        .all(|one| one.verdict != Verdict::Unreadable);
    let sarif = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "env-isolation-check",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.collect::<Value>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": readable}],
            "results": results.collect::<Value>(),
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

fn result(report: &Report<'_>, outcome: &Outcome, finding: &Finding) -> Value {
    let (start, end) = report.places(outcome, finding);
    let mut location = json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(report, outcome)},
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }});
    let name = subject(outcome, finding);
    let mut text = told(finding);
    if !name.is_empty() {
        text = format!("{name}: {text}");
        location["logicalLocations"] = json!([{"fullyQualifiedName": name}]);
    }
    json!({
        "ruleId": finding.kind.rule(),
        "level": if finding.kind.is_warning() { "warning" } else { "error" },
        "message": {"text": text},
        "locations": [location],
    })
}

/// The URI of an input (RFC 3986): relative where the path is.
fn uri(report: &Report<'_>, outcome: &Outcome) -> String {
    let Some(path) = &report.input(outcome).path else {
        return "stdin".to_owned();
    };
    let parts = Path::new(path).components().filter_map(|part| match part {
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
