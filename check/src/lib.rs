//! The verdicts of the policy over manifests: [`manifest`] reads them and makes of each the request
//! that the API server would send, [`engine`] evaluates the policy's WebAssembly module on it, and
//! [`report`] prints the outcome.

pub mod engine;
pub mod manifest;
pub mod report;
