//! The report as one JSON object.

use std::io::{Result, Write};

use serde_json::{Value, json};

use super::Report;
use crate::judge::{Finding, FindingKind, Outcome, Verdict};

pub(super) fn write(report: &Report<'_>, out: &mut impl Write) -> Result<()> {
    let (unreadable, objects): (Vec<_>, Vec<_>) = report
        .outcomes
        .iter()
        .partition(|outcome| outcome.verdict == Verdict::Unreadable);
    let unreadable = unreadable.into_iter().flat_map(|outcome| {
        let findings = outcome.findings.iter();
        findings.map(|finding| message(report, outcome, finding))
    });
    let counts = report.counts();
    let whole = json!({
        "objects": objects.into_iter().map(|one| object(report, one)).collect::<Value>(),
        "unreadable": unreadable.collect::<Value>(),
        "summary": {
            "objects": counts.objects,
            "accepted": counts.objects - counts.rejected,
            "rejected": counts.rejected,
            "violations": counts.violations,
            "warnings": counts.warnings,
            "unreadable": counts.unreadable,
        },
    });
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

fn object(report: &Report<'_>, outcome: &Outcome) -> Value {
    let input = report.input(outcome);
    let mut object = json!({
        "file": input.name(),
        "line": input.place(outcome.start.start).line,
        "verdict": if outcome.verdict == Verdict::Accepted { "accepted" } else { "rejected" },
    });
    if let Some(name) = &outcome.name {
        object["kind"] = name.kind.as_str().into();
        object["namespace"] = name.namespace.as_str().into();
        object["name"] = name.name.as_str().into();
    }
    if let Some(template) = &outcome.template {
        object["template"] = template.as_str().into();
    }
    let (warnings, violations): (Vec<_>, Vec<_>) = outcome
        .findings
        .iter()
        .partition(|one| one.kind.is_warning());
    let all = |findings: Vec<&Finding>| -> Value {
        findings
            .into_iter()
            .map(|one| message(report, outcome, one))
            .collect()
    };
    object["violations"] = all(violations);
    object["warnings"] = all(warnings);
    object
}

/// A finding: a violation as the policy's audit annotation has it, with its place.
fn message(report: &Report<'_>, outcome: &Outcome, finding: &Finding) -> Value {
    let (start, _) = report.places(outcome, finding);
    let mut message = json!({
        "file": report.input(outcome).name(),
        "line": start.line,
        "column": start.column,
        "message": finding.message,
    });
    if let FindingKind::Violation(violation) = &finding.kind {
        message["rule"] = violation.rule.as_str().into();
        message["field"] = violation.field.as_str().into();
        let optional = [
            ("witness", violation.witness.clone().map(Value::from)),
            ("example", violation.example.clone()),
            ("fix", violation.fix.clone()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                message[name] = value;
            }
        }
    }
    message
}
