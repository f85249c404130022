//! What is not judged, and told: ways around a proof that only a person can decide about.

pub mod prometheus;
pub mod scraped;
