//! The rules, one file each. A rule gets a [`case`] and adds what it finds to a [`verdict`]; the [`registry`] says
//! which is about which kinds.

pub mod case;
pub mod namespace_filter;
pub mod registry;
pub mod release_label;
pub mod scrape_override;
pub mod selector;
pub mod storage_class;
pub mod verdict;
pub mod warnings;
