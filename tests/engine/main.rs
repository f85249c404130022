//! The engine by itself, natively: languages, relabeling, the proof. `make unit` runs it, without a module.

mod fast_path;
mod languages;
mod layout;
mod relabeling;
mod slice;
