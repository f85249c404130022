//! The verdicts of the policy over manifests: [`input`] finds them, [`yaml`] reads them,
//! [`manifest`] makes of each object the request that the API server would send, and [`judge`] has
//! the policy's WebAssembly module answer it in the [`engine`]; [`report`] prints the outcome, and
//! [`fix`] writes the fixes into the text. [`explain`] walks through a proof instead. [`settings`]
//! reads the policy's.

pub mod engine;
pub mod explain;
pub mod fix;
pub mod input;
pub mod judge;
pub mod manifest;
pub mod report;
pub mod settings;
pub mod yaml;
