//! Regular languages: what passes a pattern, a glob, several of them at once.
//!
//! This module knows nothing of Prometheus' relabeling or of Kubernetes but what their dialects
//! look like: [`pattern`] and [`glob`] give an [`expression`], from that an [`automaton`] is made.
//! A [`condition`] is to be inside or outside of one; the [`product`] of several is searched for the
//! shortest text that fulfils all of them, within a [`budget`], unless the answer is [`direct`].

pub mod alphabet;
pub mod automaton;
pub mod budget;
pub mod condition;
mod direct;
pub mod expression;
pub mod glob;
pub mod pattern;
pub mod product;
