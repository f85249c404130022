//! The report as one JSON object.

use std::io::{Result, Write};

use serde_json::{Value, json};

use super::{Counts, Form, Part};
use crate::judge::{Finding, FindingKind, NewValue, Outcome, Remedy, Verdict};

/// The form. What was not judged comes last, so it is kept.
#[derive(Default)]
pub(super) struct Json {
    objects: usize,
    unreadable: Vec<Value>,
    unjudged: Vec<Value>,
}

impl Form for Json {
    fn part(&mut self, part: &Part<'_>, out: &mut dyn Write) -> Result<()> {
        for outcome in part.outcomes {
            let findings = outcome.findings.iter();
            let messages = findings.map(|finding| message(part, outcome, finding));
            match outcome.verdict {
                Verdict::Unreadable => self.unreadable.extend(messages),
                Verdict::Unjudged => self.unjudged.extend(messages),
                Verdict::Accepted | Verdict::Rejected | Verdict::Known => {
                    let before = if self.objects == 0 {
                        "{\n\"objects\": ["
                    } else {
                        ","
                    };
                    self.objects += 1;
                    write!(out, "{before}\n{:#}", object(part, outcome))?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, counts: Counts, out: &mut dyn Write) -> Result<()> {
        if self.objects == 0 {
            write!(out, "{{\n\"objects\": [")?;
        }
        let mut summary = json!({
            "objects": counts.objects,
            "accepted": counts.objects - counts.rejected - counts.known,
            "rejected": counts.rejected,
            "known": counts.known,
            "violations": counts.violations,
            "warnings": counts.warnings,
            "unreadable": counts.unreadable,
            "unjudged": counts.unjudged,
        });
        if counts.by_values > 0 {
            summary["solvedByValues"] = counts.by_values.into();
        }
        let unreadable = Value::from(std::mem::take(&mut self.unreadable));
        let unjudged = Value::from(std::mem::take(&mut self.unjudged));
        writeln!(
            out,
            "],\n\"unreadable\": {unreadable:#},\n\"unjudged\": {unjudged:#},\n\"summary\": {summary:#}\n}}"
        )
    }
}

fn object(part: &Part<'_>, outcome: &Outcome) -> Value {
    let input = part.input(outcome);
    let mut object = json!({
        "file": input.name(),
        "line": input.place(outcome.start.start).line,
        "verdict": match outcome.verdict {
            Verdict::Accepted => "accepted",
            Verdict::Known => "known",
            _ => "rejected",
        },
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
            .map(|one| message(part, outcome, one))
            .collect()
    };
    object["violations"] = all(violations);
    object["warnings"] = all(warnings);
    object
}

/// A finding: a violation as the policy's audit annotation has it, with its place.
fn message(part: &Part<'_>, outcome: &Outcome, finding: &Finding) -> Value {
    let (start, _) = part.places(outcome, finding);
    let mut message = json!({
        "file": part.input(outcome).name(),
        "line": start.line,
        "column": start.column,
        "message": finding.message,
    });
    if let Some(remedy) = &finding.remedy {
        add_remedy(&mut message, remedy);
    }
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

/// The values that mend a violation; the first one's place is that of the finding.
fn add_remedy(message: &mut Value, remedy: &Remedy) {
    match remedy {
        Remedy::Elsewhere { reasons, patch } => {
            message["reasons"] = reasons.clone().into();
            message["patch"] = patch.clone().into();
        }
        Remedy::Values { values, .. } => {
            let values: Vec<Value> = values.iter().map(new_value).collect();
            for (key, value) in values
                .first()
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                message[key] = value.clone();
            }
            if values.len() > 1 {
                message["values"] = values.into();
            }
        }
    }
}

fn new_value(value: &NewValue) -> Value {
    let place = value
        .file
        .as_ref()
        .map(|file| file.place(value.range.start));
    json!({
        "value": value.path,
        "file": value.file.as_ref().map(|file| file.name()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "content": value.content,
        "notes": value.notes,
    })
}
