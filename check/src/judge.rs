//! From documents to outcomes: each object's verdict, and the places of what is wrong with it.

use std::ops::Range;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde_json::Value;

use crate::answer::{Answer, Violation};
use crate::input::Input;
use crate::manifest::{self, Name, Object};
use crate::yaml::Node;

/// What requests are made and judged with.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The policy's settings.
    pub settings: &'a Value,
    /// The namespace of objects that name none.
    pub namespace: Option<&'a str>,
}

/// What became of an object, or of a document that has none because it cannot be read.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which of the inputs it is from, from 0.
    pub input: usize,
    /// The bytes of its document.
    pub document: Range<usize>,
    /// Where the object is in the document: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The bytes where the object begins.
    pub start: Range<usize>,
    /// The object.
    pub name: Option<Name>,
    /// The chart's template that Helm rendered to it, if it says so.
    pub template: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong, and what its author should know.
    pub findings: Vec<Finding>,
}

/// The verdict on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cluster would let it in.
    Accepted,
    /// The cluster would keep it out.
    Rejected,
    /// Nothing is known, for it cannot be read.
    Unreadable,
}

/// Something that is wrong, or that the author should know.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// What is said about it.
    pub message: String,
    /// The bytes of the field, in the text of the input.
    pub range: Range<usize>,
}

/// What a finding is.
#[derive(Clone, Debug)]
pub enum FindingKind {
    /// A violation of a rule.
    Violation(Box<Violation>),
    /// The policy cannot read the object, and so rejects it.
    Refusal,
    /// A warning of the policy's.
    Warning,
    /// The document cannot be read.
    Unreadable,
}

impl FindingKind {
    /// Whether the object can come in nevertheless.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self, Self::Warning)
    }

    /// The rule that is violated; what else it is called, where it is none.
    #[must_use]
    pub fn rule(&self) -> &str {
        match self {
            Self::Violation(violation) => &violation.rule,
            Self::Refusal => "refused",
            Self::Warning => "warning",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Outcome {
    /// The fixes of its violations, one JSON Patch each.
    pub fn fixes(&self) -> impl Iterator<Item = &Value> {
        self.findings
            .iter()
            .filter_map(|finding| match &finding.kind {
                FindingKind::Violation(violation) => violation.fix.as_ref(),
                _ => None,
            })
    }
}

impl Judge<'_> {
    /// The outcomes of a document of the input at this index.
    ///
    /// # Errors
    ///
    /// If the policy does not answer as it should.
    pub fn document(
        &self,
        index: usize,
        input: &Input,
        document: Range<usize>,
    ) -> Result<Vec<Outcome>> {
        let text = &input.text[document.clone()];
        let root = match Node::read(text, document.start) {
            Ok(root) => root,
            Err(broken) => {
                return Ok(vec![Outcome::unreadable(
                    index,
                    document.clone(),
                    hinted(broken.message, text),
                    broken.offset..broken.offset + 1,
                )]);
            }
        };
        let template = manifest::template(text);
        let outcome = |object: &Object<'_>| {
            let name = object.name(self.namespace);
            let mut outcome = Outcome {
                input: index,
                document: document.clone(),
                pointer: object.pointer.clone(),
                start: object.node.first(),
                template: template.map(str::to_owned),
                verdict: Verdict::Unreadable,
                findings: Vec::new(),
                name: None,
            };
            if name.namespace.is_empty() {
                outcome.findings.push(Finding {
                    kind: FindingKind::Unreadable,
                    message: format!("{name} names no namespace; give one with --namespace"),
                    range: object.node.field("metadata.name"),
                });
            } else if let Some(request) = manifest::request(&object.node.value(), &name.namespace) {
                let answer = Answer::to(&request, self.settings);
                outcome.verdict = if answer.accepted {
                    Verdict::Accepted
                } else {
                    Verdict::Rejected
                };
                outcome.findings = findings(&answer, object.node)
                    .with_context(|| format!("{}: {name}", input.name()))?;
            }
            outcome.name = Some(name);
            Ok(outcome)
        };
        manifest::objects(&root).par_iter().map(outcome).collect()
    }
}

impl Outcome {
    /// The outcome of what cannot be read.
    #[must_use]
    pub fn unreadable(
        input: usize,
        document: Range<usize>,
        message: String,
        range: Range<usize>,
    ) -> Self {
        Self {
            input,
            document,
            pointer: String::new(),
            start: range.clone(),
            name: None,
            template: None,
            verdict: Verdict::Unreadable,
            findings: vec![Finding {
                kind: FindingKind::Unreadable,
                message,
                range,
            }],
        }
    }
}

/// What the message about a broken document says besides.
fn hinted(message: String, document: &str) -> String {
    if document.contains("{{") {
        message + "; if this is a Helm template, judge what `helm template` renders of it"
    } else {
        message
    }
}

fn findings(answer: &Answer, object: &Node) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for violation in answer.violations()? {
        findings.push(Finding {
            message: violation.message.clone(),
            range: object.field(&violation.field),
            kind: FindingKind::Violation(Box::new(violation)),
        });
    }
    if let Some(message) = answer.message.as_ref().filter(|_| findings.is_empty()) {
        findings.push(Finding {
            kind: FindingKind::Refusal,
            message: message.clone(),
            range: object.field(field_of(message)),
        });
    }
    for warning in &answer.warnings {
        findings.push(Finding {
            kind: FindingKind::Warning,
            message: warning.clone(),
            range: object.field(field_of(warning)),
        });
    }
    Ok(findings)
}

/// The field that a message begins with, if it does.
fn field_of(message: &str) -> &str {
    let end = message.find([' ', ':']).unwrap_or(message.len());
    &message[..end]
}
