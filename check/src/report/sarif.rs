//! The report as SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format").

use std::io::{Result, Write};
use std::path::{Component, Path};

use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString,
    PhysicalLocation, Region, ReportingDescriptor, ResultLevel, Run, Sarif, Tool, ToolComponent,
};

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
    let rules = RULES.iter().map(|(id, text)| {
        let description = MultiformatMessageString::builder().text(*text).build();
        ReportingDescriptor::builder()
            .id(*id)
            .short_description(description)
            .build()
    });
    let driver = ToolComponent::builder()
        .name("env-isolation-check")
        .version(env!("CARGO_PKG_VERSION"))
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.collect::<Vec<_>>())
        .build();
    let readable = report
        .outcomes
        .iter()
        .all(|one| one.verdict != Verdict::Unreadable);
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(serde_json::json!("unicodeCodePoints"))
        .invocations(vec![
            Invocation::builder().execution_successful(readable).build(),
        ])
        .results(results.collect::<Vec<_>>())
        .build();
    let sarif = Sarif::builder()
        .schema(SCHEMA)
        .version(serde_json::json!("2.1.0"))
        .runs(vec![run])
        .build();
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

fn result(report: &Report<'_>, outcome: &Outcome, finding: &Finding) -> serde_sarif::sarif::Result {
    let (start, end) = report.places(outcome, finding);
    let region = Region::builder()
        .start_line(number(start.line))
        .start_column(number(start.column))
        .end_line(number(end.line))
        .end_column(number(end.column))
        .build();
    let file = ArtifactLocation::builder()
        .uri(uri(report, outcome))
        .build();
    let place = PhysicalLocation::builder()
        .artifact_location(file)
        .region(region)
        .build();
    let name = subject(outcome, finding);
    let mut text = told(finding);
    let mut location = Location::builder().physical_location(place).build();
    if !name.is_empty() {
        text = format!("{name}: {text}");
        let logical = LogicalLocation::builder()
            .fully_qualified_name(name)
            .build();
        location.logical_locations = Some(vec![logical]);
    }
    let level = if finding.kind.is_warning() {
        ResultLevel::Warning
    } else {
        ResultLevel::Error
    };
    serde_sarif::sarif::Result::builder()
        .rule_id(finding.kind.rule())
        .level(level)
        .message(Message::builder().text(text).build())
        .locations(vec![location])
        .build()
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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
