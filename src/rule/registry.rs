//! All rules: what each demands, and of which kinds.

use crate::resource::Kind;

use super::case::Case;
use super::verdict::Verdict;
use super::{namespace_filter, release_label, scrape_override, selector, storage_class, warnings};

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, as it stands in answers.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub demand: &'static str,
    /// The kinds that it is about.
    pub kinds: &'static [Kind],
    judge: fn(&Case<'_>, &mut Verdict),
}

/// The rules, in the order in which they are asked.
pub const RULES: [Rule; 5] = [
    Rule {
        name: release_label::NAME,
        demand: "A monitoring object carries exactly the release of its namespace's environment.",
        kinds: &[
            Kind::ServiceMonitor,
            Kind::PodMonitor,
            Kind::Probe,
            Kind::ScrapeConfig,
            Kind::PrometheusRule,
        ],
        judge: release_label::judge,
    },
    Rule {
        name: namespace_filter::NAME,
        demand: "Nothing that is scraped brings in a series of another environment.",
        kinds: &[
            Kind::ServiceMonitor,
            Kind::PodMonitor,
            Kind::Probe,
            Kind::ScrapeConfig,
        ],
        judge: namespace_filter::judge,
    },
    Rule {
        name: storage_class::NAME,
        demand: "A Prometheus volume is on one of the storage classes meant for it.",
        kinds: &[
            Kind::Prometheus,
            Kind::PrometheusAgent,
            Kind::ThanosRuler,
            Kind::PersistentVolumeClaim,
        ],
        judge: storage_class::judge,
    },
    Rule {
        name: selector::NAME,
        demand: "A Prometheus selects only objects of its environment's release.",
        kinds: &[Kind::Prometheus, Kind::PrometheusAgent, Kind::ThanosRuler],
        judge: selector::judge,
    },
    Rule {
        name: scrape_override::NAME,
        demand: "A Prometheus changes nothing about the namespaces of what it scrapes.",
        kinds: &[Kind::Prometheus, Kind::PrometheusAgent, Kind::ThanosRuler],
        judge: scrape_override::judge,
    },
];

/// Asks the rules that are about the object's kind, and warns of what none of them judges.
#[must_use]
pub fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in RULES.iter().filter(|rule| rule.kinds.contains(&case.kind)) {
        (rule.judge)(case, &mut verdict);
    }
    warnings::warn(case, &mut verdict);
    verdict
}
