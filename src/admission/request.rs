//! What the API server asks: a borrowed view of the admission request.
//!
//! Only the envelope is read here, around whatever the objects are read as.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Strict;

/// What the policy server passes to a policy: a request about objects `O`, and the policy's settings.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "O: Deserialize<'de>"))]
pub struct Payload<'a, O> {
    /// The request.
    #[serde(borrow)]
    pub request: Strict<Request<'a, O>>,
    /// The settings, as they were given.
    #[serde(borrow)]
    pub settings: Option<&'a RawValue>,
}

/// The part of an admission request that decides (`AdmissionRequest` in Kubernetes'
/// `admission.k8s.io/v1`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "O: Deserialize<'de>"))]
pub struct Request<'a, O> {
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
    pub object: Option<O>,
    /// The object as it was.
    #[serde(alias = "old_object")]
    pub old_object: Option<O>,
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

impl<'a, O> Request<'a, O> {
    /// The request with its objects as something else.
    pub fn map<P>(self, mut read: impl FnMut(O) -> P) -> Request<'a, P> {
        Request {
            kind: self.kind,
            sub_resource: self.sub_resource,
            name: self.name,
            namespace: self.namespace,
            operation: self.operation,
            object: self.object.map(&mut read),
            old_object: self.old_object.map(&mut read),
        }
    }
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
