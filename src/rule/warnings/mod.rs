//! What is not judged, and told: ways around a proof that only a person can decide about.

pub mod prometheus;
pub mod scraped;

use super::case::{Case, Spec};
use super::verdict::Verdict;

/// Warns of what the object has of that kind.
pub(super) fn warn(case: &Case<'_>, verdict: &mut Verdict) {
    match &case.spec {
        Spec::Scraped(scraped) => scraped::warn(scraped, verdict),
        Spec::Prometheus(prometheus) => {
            if let Some(environment) = case.environment() {
                prometheus::warn(prometheus, (environment, case.settings), verdict);
            } else {
                let key = &case.settings.release_label;
                prometheus::warn_of_none(case.namespace, key, verdict);
            }
        }
        Spec::Rules | Spec::Claim(_) => {}
    }
}
