//! Warnings about what moves a scrape elsewhere than discovery found its target, so that the proof
//! of rule `namespace-filter` says less: it is about the labels, and what answers is not known.

use crate::json::Strict;
use crate::relabel::config::{Relabeling, has_placeholder};
use crate::resource::endpoint::Monitor;
use crate::resource::probe::Probe;
use crate::resource::scrape_config::ScrapeConfig;
use crate::resource::scraped::Scraped;
use crate::rule::verdict::{Verdict, excerpt};

/// Warns of what an object has of that kind.
pub(crate) fn warn(scraped: &Scraped, verdict: &mut Verdict) {
    match scraped {
        Scraped::Monitor(monitor) => warn_of_monitor(monitor, verdict),
        Scraped::Probe(probe) => warn_of_probe(probe, verdict),
        Scraped::ScrapeConfig(config) => warn_of_scrape_config(config, verdict),
    }
}

fn warn_of_monitor(monitor: &Monitor, verdict: &mut Verdict) {
    warn_of_scrape_class(monitor.scrape_class.as_deref(), verdict);
    for (index, endpoint) in monitor.endpoints.iter().enumerate() {
        let path = || format!("{}[{index}]", monitor.of.endpoints().join("."));
        warn_of_proxy(endpoint.proxy_url.as_deref(), path, verdict);
        let relabelings = endpoint.relabelings.as_ref();
        warn_of_rules(relabelings, || path() + ".relabelings", verdict);
    }
}

fn warn_of_probe(probe: &Probe, verdict: &mut Verdict) {
    warn_of_scrape_class(probe.scrape_class.as_deref(), verdict);
    warn_of_proxy(
        probe.proxy_url.as_deref(),
        || "spec.prober".to_owned(),
        verdict,
    );
    let targets = "spec.targets";
    let lists = [
        (
            "staticConfig",
            probe
                .static_config
                .as_ref()
                .and_then(|it| it.relabelings.as_ref()),
        ),
        (
            "ingress",
            probe
                .ingress
                .as_ref()
                .and_then(|it| it.relabelings.as_ref()),
        ),
    ];
    for (target, relabelings) in lists {
        let path = || format!("{targets}.{target}.relabelingConfigs");
        warn_of_rules(relabelings, path, verdict);
    }
}

fn warn_of_scrape_config(config: &ScrapeConfig, verdict: &mut Verdict) {
    warn_of_scrape_class(config.scrape_class.as_deref(), verdict);
    warn_of_proxy(config.proxy_url.as_deref(), || "spec".to_owned(), verdict);
    if config.gives_any_labels {
        let message = "spec: addresses, paths and labels that a file or another server gives (fileSDConfigs, \
                       httpSDConfigs, an apiServer of kubernetesSDConfigs) are not part of the proof, as far as no \
                       rule of this object filters them";
        verdict.warnings.push(message.to_owned());
    }
    let path = || "spec.relabelings".to_owned();
    warn_of_rules(config.relabelings.as_ref(), path, verdict);
}

fn warn_of_scrape_class(name: Option<&str>, verdict: &mut Verdict) {
    if let Some(name) = name.map(excerpt) {
        verdict.warnings.push(format!(
            "spec.scrapeClass: the rules of scrape class {name:?} are those of the Prometheus, \
             and are not part of the proof"
        ));
    }
}

fn warn_of_proxy(url: Option<&str>, path: impl Fn() -> String, verdict: &mut Verdict) {
    if url.is_some_and(|url| !url.is_empty()) {
        verdict.warnings.push(format!(
            "{}.proxyUrl: a proxy answers in the target's place; what it answers is not part of \
             the proof",
            path()
        ));
    }
}

fn warn_of_rules(
    relabelings: Option<&Vec<Strict<Relabeling>>>,
    path: impl Fn() -> String,
    verdict: &mut Verdict,
) {
    for (index, rule) in relabelings.into_iter().flatten().enumerate() {
        let action = rule.action.as_deref().unwrap_or_default();
        let replaces = action.is_empty() || action.eq_ignore_ascii_case("replace");
        let label = rule.target_label.as_deref().unwrap_or_default();
        let moves = matches!(label, "__address__" | "__metrics_path__" | "__scheme__")
            || label.starts_with("__param_");
        // What is made of the target's own labels (`$1:9090`) is still that target.
        let is_constant = |text: &str| {
            let is_scheme = label == "__scheme__" && matches!(text, "http" | "https");
            !is_scheme && (!text.contains('$') || has_placeholder(text))
        };
        let constant = rule.replacement.as_deref().is_some_and(is_constant);
        if replaces && moves && constant {
            verdict.warnings.push(format!(
                "{}[{index}]: a constant {label} sends the scrape elsewhere; what is there is not \
                 part of the proof",
                path()
            ));
        }
    }
}
