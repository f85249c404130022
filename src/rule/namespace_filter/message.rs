//! What a reader is told about a leak.

use std::fmt::Write as _;

use crate::pipeline::scrape_job::ScrapeJob;
use crate::prove::leak::{Leak, Witness};
use crate::relabel::config::{Action, RelabelConfig};
use crate::relabel::regex::Regex;
use crate::relabel::{ConfigId, Stage};
use crate::rule::verdict::excerpt;
use crate::settings::{Membership, NamespaceFilter};

use super::Judge;
use crate::pipeline::Definition;

/// What leaks, and what a Prometheus does with it.
#[derive(Clone, Copy)]
struct What {
    noun: &'static str,
    done: &'static str,
}

impl What {
    fn done_by(self, environment: &str) -> String {
        format!("{} {environment}'s Prometheus", self.done)
    }
}

const TARGETS: What = What {
    noun: "targets",
    done: "scraped by",
};

const SERIES: What = What {
    noun: "series",
    done: "stored in",
};

const NAMESPACE: &str = "namespace";
const META_NAMESPACE: &str = "__meta_kubernetes_namespace";

impl Judge<'_, '_> {
    pub(super) fn target_leaks(
        &mut self,
        leak: &Leak,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
    ) -> String {
        let why = if leak.writer.is_some() {
            ""
        } else {
            definition.discovers
        };
        let mut message = self.leaks(TARGETS, leak, why, Stage::Relabelings, definition, job);
        // A keep is required all the same.
        let is_choice = self.settings.namespace_filter == NamespaceFilter::Proven;
        if leak.writer.is_none() && is_choice {
            message.push_str(definition.narrower);
        }
        message
    }

    pub(super) fn sample_leaks(
        &mut self,
        leak: &Leak,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
    ) -> String {
        let why = if leak.writer.is_some() {
            ""
        } else if job.honor_labels {
            "honorLabels is true, so the exporter's own label `namespace` wins"
        } else {
            "the target has no label `namespace`, so the exporter's own stays"
        };
        self.leaks(SERIES, leak, why, Stage::MetricRelabelings, definition, job)
    }

    pub(super) fn exported_leaks(
        &mut self,
        leak: &Leak,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
    ) -> String {
        let reads = |rule: &RelabelConfig| rule.reads("exported_namespace");
        let rules = || job.relabelings.iter().chain(&job.metric_relabelings);
        let mut sources = job.sources.iter();
        let why = if sources.any(|source| source.is_cluster_wide) {
            "nothing keeps kube-state-metrics from being discovered, too (clusterWideExporters), whose own \
             label `namespace` arrives as `exported_namespace`"
        } else if job.is_cluster_wide() || !rules().any(reads) {
            definition.reports_on_many(job)
        } else {
            "a rule reads `exported_namespace`, which is the exporter's own label `namespace`"
        };
        self.leaks(SERIES, leak, why, Stage::MetricRelabelings, definition, job)
    }

    /// The sentence about a leak: what comes through, why, and which rule lets it.
    fn leaks(
        &mut self,
        what: What,
        leak: &Leak,
        why: &str,
        stage: Stage,
        definition: &Definition<'_>,
        job: &ScrapeJob<'_>,
    ) -> String {
        let environment = &self.environment.name.clone();
        let mut message = match (&leak.witness, leak.approximated_by) {
            (Some(witness), _) => {
                let namespace = &witness.namespace;
                format!(
                    "{} of namespace {namespace:?} would be {}",
                    what.noun,
                    what.done_by(environment)
                )
            }
            (None, Some(rule)) if rule.stage == Stage::Prometheus => {
                let where_it_is = match rule {
                    ConfigId::IGNORED_SELECTOR => {
                        "ignores namespace selectors (ignoreNamespaceSelectors)"
                    }
                    ConfigId::ENFORCED_NAMESPACE => {
                        "gives every target this object's namespace (enforcedNamespaceLabel)"
                    }
                    ConfigId::ADDED_PORT => {
                        "is of version 2, which adds a port to the address that becomes `instance`"
                    }
                    _ => "writes a label that these rules read (scrapeClasses, podTargetLabels)",
                };
                format!(
                    "possible leak where the Prometheus that scrapes {where_it_is}: {} from outside of environment \
                     {environment:?} may be {}",
                    what.noun,
                    what.done_by(environment)
                )
            }
            (None, Some(rule)) => {
                let reason = self.reason(rule, job);
                format!(
                    "possible leak: {} cannot be analysed{reason}, so {} from outside of environment {environment:?} \
                     may be {}",
                    name(rule, definition, job),
                    what.noun,
                    what.done_by(environment)
                )
            }
            (None, None) => {
                format!(
                    "{} from outside of environment {environment:?} would be {}",
                    what.noun,
                    what.done_by(environment)
                )
            }
        };
        let mut filters = leak.filters.iter().filter(|filter| {
            let is_filter = || job.config(**filter).is_none_or(RelabelConfig::is_filter);
            filter.stage == stage && Some(**filter) != leak.approximated_by && is_filter()
        });
        if !why.is_empty() {
            let _ = write!(message, ": {why}");
        }
        if let Some(writer) = leak.writer {
            let _ = write!(
                message,
                ": {} writes the label",
                name(writer, definition, job)
            );
        }
        match filters.next_back() {
            Some(last) => {
                let _ = write!(
                    message,
                    ", and {} lets it through",
                    name(*last, definition, job)
                );
            }
            None if leak.writer.is_none() && leak.approximated_by.is_none() => {
                message.push_str(", and no rule filters it");
            }
            None => {}
        }
        if let Some(witness) = &leak.witness {
            message.push_str(&circumstances(witness, job));
        }
        if leak.is_of_2 {
            message.push_str(", in Prometheus 2, where `.` matches no newline");
        }
        let outside = |witness: &Witness| {
            self.settings.environment_of(&witness.namespace) == Membership::None
        };
        if leak.witness.as_ref().is_some_and(outside) {
            message.push_str(
                " (it belongs to no environment; if all may see it, list it in sharedNamespaces)",
            );
        }
        message
    }

    /// Why a rule could not be followed, in brackets.
    fn reason(&mut self, rule: ConfigId, job: &ScrapeJob<'_>) -> String {
        let Some(found) = job.config(rule) else {
            return String::new();
        };
        if found.is_unknown {
            return " (the config reloader replaces its $(NAME) after admission, or it is too long)"
                .to_owned();
        }
        match self.interpreter.compile(&found.regex) {
            Ok(Regex::NotCompiled(error)) => format!(" ({error})"),
            _ => String::new(),
        }
    }
}

/// The labels that the endpoint's rules are about and with which the witness comes through, the
/// namespace itself aside.
fn circumstances(witness: &Witness, job: &ScrapeJob<'_>) -> String {
    let filters = |rule: &&RelabelConfig| rule.action == Action::Keep;
    let selected = |name: &String| {
        let selectors = job.operator.all().iter().filter(filters);
        selectors
            .flat_map(|rule| &rule.source_labels)
            .any(|label| label == name)
    };
    let discovered = |name: &String| {
        [NAMESPACE, META_NAMESPACE, "__address__"].contains(&name.as_str()) || selected(name)
    };
    let target = witness.target.iter().filter(|(name, _)| !discovered(name));
    let exposed = witness.exposed.iter().filter(|(name, value)| {
        let namespaces = [NAMESPACE, "exported_namespace"];
        !(namespaces.contains(&name.as_str()) && *value == witness.namespace)
    });
    let others = target.chain(exposed).filter(|(_, value)| !value.is_empty());
    let mut others: Vec<String> = others
        .map(|(name, value)| format!("`{name}` is {:?}", excerpt(value)))
        .collect();
    // The target may have the same labels as its samples.
    others.sort();
    others.dedup();
    if others.is_empty() {
        String::new()
    } else {
        format!(", for example where {}", others.join(" and "))
    }
}

/// A rule, as a reader finds it.
fn name(rule: ConfigId, definition: &Definition<'_>, job: &ScrapeJob<'_>) -> String {
    let Some(found) = job.config(rule) else {
        return "a rule of prometheus-operator".to_owned();
    };
    if rule.stage == Stage::Operator {
        return match found.action {
            Action::Replace if found.regex == "(.+)" => {
                format!("the copy of label {:?} (targetLabels)", found.target_label)
            }
            Action::Replace => format!("prometheus-operator's label {:?}", found.target_label),
            _ => "the selector".to_owned(),
        };
    }
    let place = format!("{}[{}]", definition.list(rule.stage).name(), rule.index);
    match found.action {
        Action::Keep | Action::Drop | Action::LabelDrop | Action::LabelKeep | Action::LabelMap => {
            format!("{place} ({} {:?})", found.action, excerpt(&found.regex))
        }
        action => format!("{place} ({action})"),
    }
}
