//! From documents to outcomes: each object's verdict, and the places of what is wrong with it.

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde_json::Value;

use crate::answer::{Answer, Violation};
use crate::exception::{self, Exception, Malformed};
use crate::input::Input;
use crate::manifest::{self, Found, Name, Object};
use crate::unjudged::Unjudged;
use crate::yaml::{self, Node};

/// What requests are made and judged with.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The policy's settings.
    pub settings: &'a Value,
    /// The API groups that have the operator's kinds, by the settings.
    pub api_groups: &'a [String],
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
    /// The exceptions that stand beside it.
    pub exceptions: Vec<Exception>,
}

/// The verdict on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cluster would let it in.
    Accepted,
    /// The cluster would keep it out.
    Rejected,
    /// The cluster would keep it out, for nothing but what the baseline or an exception lets be.
    Known,
    /// Nothing is known, for it cannot be read.
    Unreadable,
    /// Nothing is known, for it was passed over.
    Unjudged,
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
    /// What the field that a fix mends has now.
    pub before: Option<Value>,
    /// What mends it instead, where Helm rendered it.
    pub remedy: Option<Box<Remedy>>,
}

/// What is to be done about a violation of what Helm rendered.
#[derive(Clone, Debug)]
pub enum Remedy {
    /// Values get new contents.
    Values {
        /// The values.
        values: Vec<NewValue>,
        /// All of them as YAML, from the outermost keys.
        yaml: String,
    },
    /// No value does it.
    Elsewhere {
        /// Why not.
        reasons: Vec<String>,
        /// What does: a patch for Kustomize, if the policy has a fix.
        patch: Option<String>,
    },
}

/// A value that gets a new content.
#[derive(Clone, Debug)]
pub struct NewValue {
    /// The value, as `--set` has it.
    pub path: String,
    /// The file that gets it, as it is now; none if there is no file.
    pub file: Option<Arc<Input>>,
    /// The bytes of its key in the file, or of the innermost one around it that stands there.
    pub range: Range<usize>,
    /// Its new content.
    pub content: Value,
    /// What should be known about it.
    pub notes: Vec<String>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The object does not come in, or nothing is known of it.
    Error,
    /// The object comes in, but something is odd about it.
    Warning,
    /// Something is not judged.
    Note,
}

/// What a finding is.
#[derive(Clone, Debug)]
pub enum FindingKind {
    /// A violation of a rule.
    Violation(Box<Violation>),
    /// The policy cannot read the object, and so rejects it.
    Refusal,
    /// A warning of the policy's, or about the text.
    Warning,
    /// The document cannot be read.
    Unreadable,
    /// It was passed over.
    Unjudged(Unjudged),
}

impl FindingKind {
    /// How grave it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Violation(_) | Self::Refusal | Self::Unreadable => Level::Error,
            Self::Warning => Level::Warning,
            Self::Unjudged(_) => Level::Note,
        }
    }

    /// Whether the object can come in nevertheless.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        matches!(self, Self::Warning)
    }

    /// Whether it is about what the policy cannot be about.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::Unjudged(reason) if reason.is_harmless())
    }

    /// What mends it, a JSON Patch, where no person has to decide.
    #[must_use]
    pub fn fix(&self) -> Option<&Value> {
        match self {
            Self::Violation(violation) => violation.fix.as_ref(),
            _ => None,
        }
    }

    /// The rule that is violated; what else it is called, where it is none.
    #[must_use]
    pub fn rule(&self) -> &str {
        match self {
            Self::Violation(violation) => &violation.rule,
            Self::Refusal => "refused",
            Self::Warning => "warning",
            Self::Unreadable => "unreadable",
            Self::Unjudged(_) => "unjudged",
        }
    }
}

impl Outcome {
    /// The fixes of its violations, one JSON Patch each.
    pub fn fixes(&self) -> impl Iterator<Item = &Value> {
        self.findings
            .iter()
            .filter_map(|finding| finding.kind.fix())
    }
}

impl Judge<'_> {
    /// The outcomes of an input, in order, judged in parallel.
    ///
    /// # Errors
    ///
    /// If the policy does not answer as it should.
    pub fn input(&self, index: usize, input: &Input) -> Result<Vec<Outcome>> {
        let documents = yaml::documents(&input.text).into_par_iter();
        let outcomes = documents.map(|document| self.document(index, input, document));
        let outcomes: Result<Vec<Vec<Outcome>>> = outcomes.collect();
        Ok(outcomes?.into_iter().flatten().collect())
    }

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
                let place = broken.offset..broken.offset + 1;
                return Ok(vec![if manifest::is_foreign(text) {
                    let reason = Unjudged::Broken(broken.message);
                    Outcome::unjudged(index, document, reason, place)
                } else {
                    let message = hinted(broken.message, text);
                    Outcome::unreadable(index, document, message, place)
                }]);
            }
        };
        let template = manifest::template(text);
        let chart = input.chart.as_ref();
        let namespace = chart
            .map(|chart| chart.namespace.as_str())
            .or(self.namespace);
        let outcome = |found: &Found<'_>| {
            let (Found::Object(object) | Found::Unversioned(object) | Found::Unjudged(object, _)) =
                found;
            let name = object.name(namespace);
            let (verdict, findings) = match found {
                Found::Object(object) => self
                    .object(object, &name)
                    .with_context(|| format!("{}: {name}", input.name()))?,
                Found::Unversioned(object) => {
                    let version = object.node.get("apiVersion").and_then(Node::text);
                    let what =
                        version.map_or("no apiVersion", |_| "an apiVersion without API group");
                    let message =
                        format!("the object has {what}, so that no cluster would take it");
                    let range = object.node.field("kind");
                    (
                        Verdict::Unreadable,
                        vec![Finding::unreadable(message, range)],
                    )
                }
                Found::Unjudged(object, reason) => {
                    let finding = Finding::unjudged(reason.clone(), object.node.first());
                    (Verdict::Unjudged, vec![finding])
                }
            };
            Ok(Outcome {
                input: index,
                document: document.clone(),
                pointer: object.pointer.clone(),
                start: object.node.first(),
                name: (!name.kind.is_empty()).then_some(name),
                template: template.map(str::to_owned),
                verdict,
                findings,
                exceptions: Vec::new(),
            })
        };
        let found = manifest::contents(&root, self.api_groups);
        let outcomes: Result<Vec<Outcome>> = found.par_iter().map(outcome).collect();
        let mut outcomes = outcomes?;
        for exception in exception::find(&input.text, document.clone()) {
            let (Ok(Exception { range, .. }) | Err(Malformed { range, .. })) = &exception;
            if let Some(owner) = owner(&input.text, range, &outcomes) {
                outcomes[owner].except(exception);
            }
        }
        Ok(outcomes)
    }

    /// The verdict on an object, and what there is to say.
    fn object(&self, object: &Object<'_>, name: &Name) -> Result<(Verdict, Vec<Finding>)> {
        if name.namespace.is_empty() {
            let message = "the object names no namespace; give one with --namespace".to_owned();
            let range = object.node.field("metadata.name");
            return Ok((
                Verdict::Unreadable,
                vec![Finding::unreadable(message, range)],
            ));
        }
        if !manifest::is_namespace(&name.namespace) {
            let message = "no namespace can have this name, so that nothing is known of the object; judge it as \
                           it is deployed";
            let range = object.node.field("metadata.namespace");
            let finding = Finding::unreadable(message.to_owned(), range);
            return Ok((Verdict::Unreadable, vec![finding]));
        }
        let request = manifest::request(&object.node.value(), &name.namespace);
        let answer = request.map(|request| Answer::to(&request, self.settings));
        let answer = answer.context("the policy is not about it")?;
        let verdict = if answer.accepted {
            Verdict::Accepted
        } else {
            Verdict::Rejected
        };
        let mut findings = findings(&answer, object.node)?;
        findings.extend(object.node.repeated().into_iter().map(|repeated| Finding {
            message: format!(
                "{} is given more than once: this one counts, for Helm and the API server read the last one",
                repeated.path
            ),
            range: repeated.range,
            before: None,
            remedy: None,
            kind: FindingKind::Warning,
        }));
        Ok((verdict, findings))
    }
}

impl Finding {
    fn warning(message: String, range: Range<usize>) -> Self {
        Self {
            kind: FindingKind::Warning,
            message,
            range,
            before: None,
            remedy: None,
        }
    }

    fn unreadable(message: String, range: Range<usize>) -> Self {
        Self {
            kind: FindingKind::Unreadable,
            message,
            range,
            before: None,
            remedy: None,
        }
    }

    fn unjudged(reason: Unjudged, range: Range<usize>) -> Self {
        Self {
            message: reason.to_string(),
            kind: FindingKind::Unjudged(reason),
            range,
            before: None,
            remedy: None,
        }
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
        let finding = Finding::unreadable(message, range);
        Self::of_text(input, document, Verdict::Unreadable, finding)
    }

    /// The outcome of what is passed over.
    #[must_use]
    pub fn unjudged(
        input: usize,
        document: Range<usize>,
        reason: Unjudged,
        range: Range<usize>,
    ) -> Self {
        let finding = Finding::unjudged(reason, range);
        Self::of_text(input, document, Verdict::Unjudged, finding)
    }

    fn of_text(input: usize, document: Range<usize>, verdict: Verdict, finding: Finding) -> Self {
        Self {
            input,
            document,
            pointer: String::new(),
            start: finding.range.clone(),
            name: None,
            template: None,
            verdict,
            findings: vec![finding],
            exceptions: Vec::new(),
        }
    }

    /// Takes out what an exception allows. One that is none, is over or allows nothing gets a warning.
    fn except(&mut self, exception: Result<Exception, Malformed>) {
        let exception = match exception {
            Ok(exception) => exception,
            Err(Malformed { problem, range }) => {
                let warning = Finding::warning(problem.to_string(), range);
                return self.findings.push(warning);
            }
        };
        let (rule, range) = (exception.rule.clone(), exception.range.clone());
        let is_over = exception.is_over();
        let until = exception.until;
        self.exceptions.push(exception);
        if is_over {
            let message = format!("the exception from {rule} ended on {until}");
            return self.findings.push(Finding::warning(message, range));
        }
        let before = self.findings.len();
        let is_excepted = |finding: &Finding| matches!(&finding.kind, FindingKind::Violation(violation) if violation.rule == rule);
        self.findings.retain(|finding| !is_excepted(finding));
        if self.findings.len() == before {
            let message = format!("the exception allows nothing: {rule} is not violated");
            return self.findings.push(Finding::warning(message, range));
        }
        let is_error = |finding: &Finding| finding.kind.level() == Level::Error;
        if !self.findings.iter().any(is_error) {
            self.verdict = Verdict::Known;
        }
    }
}

/// Which of the outcomes of a document a comment is about: the one that it stands above of, or in.
fn owner(text: &str, comment: &Range<usize>, outcomes: &[Outcome]) -> Option<usize> {
    let judged = |outcome: &Outcome| {
        matches!(
            outcome.verdict,
            Verdict::Accepted | Verdict::Rejected | Verdict::Known
        )
    };
    let next = outcomes
        .iter()
        .position(|outcome| outcome.start.start > comment.start);
    let is_above = next.is_some_and(|next| {
        let mut between = text[comment.end..outcomes[next].start.start].lines();
        between.all(|line| {
            let line = line.trim_start_matches([' ', '-']);
            line.is_empty() || line.starts_with('#')
        })
    });
    let owner = match next {
        Some(next) if is_above => Some(next),
        Some(next) => next.checked_sub(1),
        None => outcomes.len().checked_sub(1),
    };
    owner.filter(|owner| judged(&outcomes[*owner]))
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
            before: before(&violation, object),
            remedy: None,
            kind: FindingKind::Violation(Box::new(violation)),
        });
    }
    if let Some(message) = answer.message.as_ref().filter(|_| findings.is_empty()) {
        findings.push(Finding {
            kind: FindingKind::Refusal,
            message: message.clone(),
            range: object.field(field_of(message)),
            before: None,
            remedy: None,
        });
    }
    for warning in &answer.warnings {
        findings.push(Finding {
            kind: FindingKind::Warning,
            message: warning.clone(),
            range: object.field(field_of(warning)),
            before: None,
            remedy: None,
        });
    }
    Ok(findings)
}

/// What the field that the fix of a violation mends has now.
fn before(violation: &Violation, object: &Node) -> Option<Value> {
    let path = violation.fix.as_ref()?.get(0)?.get("path")?.as_str()?;
    object.at(&segments(path)).map(Node::value)
}

/// The segments of a JSON Pointer (RFC 6901).
pub(crate) fn segments(pointer: &str) -> Vec<String> {
    let segment = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
    pointer.split('/').skip(1).map(segment).collect()
}

/// The field that a message begins with, if it does.
fn field_of(message: &str) -> &str {
    let end = message.find([' ', ':']).unwrap_or(message.len());
    &message[..end]
}
