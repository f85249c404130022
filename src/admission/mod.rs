//! From a request to a response: which rules are about an object, and when none is asked.

pub mod error;
pub mod fix;
pub mod request;
pub mod response;
mod unreadable;

use serde_json::value::RawValue;

use crate::json::unreadable::Unreadable;
use crate::json::{self, Strict};
use crate::resource::scraped::Scraped;
use crate::resource::{Kind, Object};
use crate::rule::case::{Case, Spec};
use crate::rule::namespace_filter::explanation::{self, Walkthrough};
use crate::rule::registry;
use crate::settings::Settings;

use error::RequestError;
use request::{Payload, Request, text};
use response::Response;

/// Judges what the policy server passes: an admission request and the settings, in JSON.
#[must_use]
pub fn validate(payload: &[u8]) -> Response {
    judge(payload).unwrap_or_else(|error| Response::rejected(error.to_string()))
}

/// All that is wrong with the settings that the policy server passes, in JSON: a sentence for each mistake.
#[must_use]
pub fn validate_settings(payload: &[u8]) -> Vec<String> {
    let Ok(text) = str::from_utf8(payload) else {
        return vec!["the settings are not UTF-8".to_owned()];
    };
    // Nothing at all is no mistake either.
    let text = if text.trim().is_empty() { "null" } else { text };
    crate::settings::problems(text)
}

/// The walk of the proof through each thing that is scraped for the object of a request: none for
/// an object of another kind, or one of no environment.
///
/// # Errors
///
/// What cannot be read, as in the response of [`validate`].
pub fn explain(payload: &[u8]) -> Result<Vec<Walkthrough>, RequestError> {
    let (request, settings) = read(payload)?;
    let settings = Settings::read(settings)?;
    let (group, kind) = (text(&request.kind.group), text(&request.kind.kind));
    let kind = Kind::of(group, kind, &settings.api_groups);
    let namespace = text(&request.namespace);
    let (Some(kind), Some(object)) = (kind, request.object) else {
        return Ok(Vec::new());
    };
    let object = object?;
    let scraped = Scraped::read(kind, &object, namespace)?;
    let explanations =
        scraped.map(|scraped| explanation::explanations(&object, &scraped, namespace, &settings));
    Ok(explanations.unwrap_or_default())
}

/// What the policy server passes: the request, its objects read, and the settings.
fn read(payload: &[u8]) -> Result<(ReadRequest<'_>, Option<&RawValue>), RequestError> {
    let payload = str::from_utf8(payload).map_err(|_| RequestError::NotUtf8)?;
    // Mostly the objects are as they should be, and all is read in one pass. If not, the request is
    // read around them, for it may be one that is accepted whatever they are.
    if let Ok(Strict(payload)) =
        serde_json::from_str::<Strict<Payload<'_, Strict<Object<'_>>>>>(payload)
    {
        let request = payload.request.0.map(|Strict(object)| Ok(object));
        return Ok((request, payload.settings));
    }
    let payload: Payload<'_, &RawValue> =
        json::object(payload, None).map_err(RequestError::Request)?;
    let request = payload.request.0.map(|object| Object::read(object.get()));
    Ok((request, payload.settings))
}

/// A request whose objects were read, if they could be.
type ReadRequest<'a> = Request<'a, Result<Object<'a>, Unreadable>>;

fn judge(payload: &[u8]) -> Result<Response, RequestError> {
    let (request, settings) = read(payload)?;
    let (group, kind) = (text(&request.kind.group), text(&request.kind.kind));
    let operation = text(&request.operation);
    let is_removal = matches!(operation, "DELETE" | "CONNECT");
    if Kind::named(kind).is_none() || !text(&request.sub_resource).is_empty() || is_removal {
        return Ok(Response::accepted());
    }
    let settings = Settings::read(settings)?;
    let Some(kind) = Kind::of(group, kind, &settings.api_groups) else {
        return Ok(Response::accepted());
    };
    let is_update = match operation {
        "CREATE" => false,
        "UPDATE" => true,
        _ => return Err(RequestError::Operation),
    };
    let namespace = text(&request.namespace);
    if namespace.is_empty() {
        return Err(RequestError::NoNamespace);
    }
    let object = request.object.ok_or(RequestError::NoObject)?;
    let old = request.old_object.filter(|_| is_update);
    let old = old.and_then(Result::ok);
    if let (Ok(object), Some(old)) = (&object, &old)
        && object.says_the_same_as(old)
    {
        // Controllers must be able to take finalizers off an object that was let in before.
        return Ok(Response::accepted());
    }
    let metadata = object.as_ref().ok().and_then(|it| it.metadata.as_ref());
    let name = metadata.and_then(|it| it.name.as_deref());
    let name = name.unwrap_or_else(|| text(&request.name));
    let verdict = |object: &Object<'_>| {
        let spec = Spec::read(kind, object, namespace)?;
        Ok(registry::judge(&Case {
            kind,
            object,
            spec,
            namespace,
            name,
            old: old.as_ref(),
            settings: &settings,
        }))
    };
    let judged = match &object {
        Ok(object) => verdict(object),
        Err(unreadable) => Err(unreadable.clone()),
    };
    let judged = match judged {
        Ok(judged) => judged,
        Err(unreadable) => {
            let object = object_text(payload).ok_or(RequestError::NoObject)?;
            unreadable::judge(kind, object, unreadable, verdict)?
        }
    };
    Ok(judged.response(&format!("{} {namespace}/{name}", text(&request.kind.kind))))
}

/// The object of a request, as text.
fn object_text(payload: &[u8]) -> Option<&str> {
    let Strict(payload) = serde_json::from_slice::<Strict<Payload<'_, &RawValue>>>(payload).ok()?;
    payload.request.0.object.map(RawValue::get)
}
