//! Why a request is rejected without a verdict on its object.

use std::fmt;

use crate::json::unreadable::Unreadable;

/// What is wrong with a request, so that nothing of its object is judged. What it displays is told to whoever sent the
/// object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// It is not UTF-8.
    NotUtf8,
    /// It cannot be read.
    Request(Unreadable),
    /// The object, or the settings, cannot be read.
    Unreadable(Unreadable),
    /// Its operation is none of the API server's.
    Operation,
    /// It names no namespace.
    NoNamespace,
    /// It has no object.
    NoObject,
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotUtf8 => "the request is not UTF-8",
            Self::Request(unreadable) => {
                return write!(formatter, "the request cannot be read: {unreadable}");
            }
            Self::Unreadable(unreadable) => return unreadable.fmt(formatter),
            Self::Operation => "the request's operation is none that the API server has",
            Self::NoNamespace => {
                "the request has no namespace, though objects of its kind have one"
            }
            Self::NoObject => "the request has no object",
        })
    }
}

impl std::error::Error for RequestError {}

impl From<Unreadable> for RequestError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}
