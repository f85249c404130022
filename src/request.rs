//! What the API server asks: a borrowed view of the admission request.
//!
//! Only the envelope is read here; the objects stay text until a rule needs a field of theirs.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Strict;

/// What the policy server passes to a policy: a request, and the policy's settings.
#[derive(Debug, Deserialize)]
pub struct Payload<'a> {
    /// The request.
    #[serde(borrow)]
    pub request: Strict<Request<'a>>,
    /// The settings, as they were given.
    #[serde(borrow)]
    pub settings: Option<&'a RawValue>,
}

/// The part of an admission request that decides (`AdmissionRequest` in Kubernetes'
/// `admission.k8s.io/v1`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The type of the object.
    #[serde(borrow)]
    pub kind: Strict<Kind<'a>>,
    /// Set where the request is not for the object itself.
    #[serde(borrow, alias = "sub_resource")]
    pub sub_resource: Option<Text<'a>>,
    /// The object's name; empty where the server is to make one up.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// The object's namespace.
    #[serde(borrow)]
    pub namespace: Option<Text<'a>>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[serde(borrow)]
    pub operation: Option<Text<'a>>,
    /// The object as it is to be.
    #[serde(borrow)]
    pub object: Option<&'a RawValue>,
    /// The object as it was.
    #[serde(borrow, alias = "old_object")]
    pub old_object: Option<&'a RawValue>,
}

/// The type of an object; its version does not matter.
#[derive(Debug, Deserialize)]
pub struct Kind<'a> {
    /// The API group; empty for the core group.
    #[serde(borrow)]
    pub group: Option<Text<'a>>,
    /// The kind.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
}

/// Text that is borrowed where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The text, where there is one; else the empty text.
#[must_use]
pub fn text<'a>(text: &'a Option<Text<'_>>) -> &'a str {
    text.as_ref().map_or("", |text| &text.0)
}
