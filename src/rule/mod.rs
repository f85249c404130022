//! The rules, one file each. A rule gets an object and the settings, and adds what it finds to a
//! verdict.

pub mod namespace_filter;
pub mod release_label;
pub mod scrape_override;
pub mod selector;
pub mod storage_class;
pub mod verdict;
pub mod warnings;
