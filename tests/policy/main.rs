//! The policy as policy-server runs it: `policy.wasm` in its engine, a request in, a verdict
//! out. `make test` builds the module first.

mod budget;
#[path = "../../benches/cases/mod.rs"]
mod cases;
mod costs;
mod endpoints;
mod examples;
mod families;
mod fields;
mod fixes;
mod golden;
mod harness;
mod labels;
mod library;
mod limits;
mod metadata;
mod module;
mod offline;
mod prometheuses;
mod questions;
mod redirects;
mod requests;
mod scrapes;
mod seams;
mod settings;
mod storage;
