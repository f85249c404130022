//! Whether what is asked for may be an exporter that reports on many namespaces, such as kube-state-metrics
//! (setting `clusterWideExporters`).

use std::rc::Rc;

use crate::json::Strict;
use crate::language::automaton::Automaton;
use crate::language::budget::TooComplex;
use crate::language::condition::Condition;
use crate::relabel::config::{Action, has_placeholder};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::keep::lets_through;
use crate::relabel::labels::META_KUBERNETES;
use crate::resource::scrape_config::{DiscoverySelector, KubernetesDiscovery};
use crate::resource::{LabelSelector, Labels};
use crate::settings::Settings;

use super::operator::sanitized;
use super::scrape_job::ScrapeJob;

/// How labels of what may be an exporter begin.
const OBJECTS: [&str; 4] = [
    "pod_label_",
    "service_label_",
    "endpoints_label_",
    "endpointslice_label_",
];

/// The labels with the name of what Kubernetes discovers, without how they all begin.
const NAMES: [&str; 5] = [
    "service_name",
    "endpoints_name",
    "endpointslice_name",
    "pod_name",
    "pod_controller_name",
];

/// Whether a discovery in Kubernetes asks for an exporter that reports on many namespaces, or for everything.
pub(super) fn asks_for_cluster_wide(kubernetes: &KubernetesDiscovery, settings: &Settings) -> bool {
    if kubernetes.is_of("node") || kubernetes.is_of("ingress") {
        return false;
    }
    let known = &settings.cluster_wide_exporters.selectors;
    let excludes = |labels: &Labels| {
        let mut own = own_selectors(kubernetes);
        own.any(|selector| {
            let field = selector.field.as_deref().unwrap_or_default();
            requirements(selector.label.as_deref().unwrap_or_default())
                .any(|text| excludes(text, labels))
                || requirements(field).any(|text| excludes_by_name(text, labels))
        })
    };
    names_cluster_wide(kubernetes, settings) || known.iter().any(|labels| !excludes(labels))
}

/// Whether a discovery asks for such an exporter by one of its labels.
pub(super) fn names_cluster_wide(kubernetes: &KubernetesDiscovery, settings: &Settings) -> bool {
    let known = settings.cluster_wide_exporters.selectors.iter().flatten();
    let mut own = own_selectors(kubernetes);
    own.any(|selector| {
        let mut texts = requirements(selector.label.as_deref().unwrap_or_default());
        texts.any(|text| {
            let mut known = known.clone();
            !is_negative(text)
                && known.any(|(key, value)| text.contains(key) && text.contains(value))
        })
    })
}

/// The selectors of the discovery's own role; those of other roles only decide which labels a target gets.
fn own_selectors(
    kubernetes: &KubernetesDiscovery,
) -> impl Iterator<Item = &Strict<DiscoverySelector>> {
    kubernetes.selectors.iter().flatten().filter(|selector| {
        let role = selector.role.as_deref();
        role.is_some_and(|role| kubernetes.is_of(role))
    })
}

/// The requirements of a selector, as `kubectl --selector` takes it.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let pieces = selector.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    pieces.filter(|piece| !piece.trim().is_empty())
}

fn is_negative(requirement: &str) -> bool {
    requirement.contains('!') || requirement.contains("notin")
}

/// Whether what fulfils the requirement is none of the exporters with these labels: it names other values, or
/// it rules one of theirs out. Whoever asks for another label does not get them, as with the selector of a monitor.
fn excludes(requirement: &str, labels: &Labels) -> bool {
    if has_placeholder(requirement) {
        return false;
    }
    let names = |text: &String| requirement.contains(text.as_str());
    if !is_negative(requirement) {
        let has_values = requirement.contains(['=', '(']);
        return !labels.values().any(names) && (has_values || !labels.keys().any(names));
    }
    let parts = requirement
        .split_once("!=")
        .or_else(|| requirement.split_once("notin"));
    parts.is_some_and(|(key, values)| {
        let values = values.trim().trim_matches(['(', ')']);
        let value = labels.get(key.trim());
        value.is_some_and(|value| values.split(',').any(|one| one.trim() == value))
    })
}

/// Whether what fulfils the requirement of fields has another name. Other fields tell nothing of what it is.
fn excludes_by_name(requirement: &str, labels: &Labels) -> bool {
    let name = requirement.trim().strip_prefix("metadata.name=");
    let name = name.filter(|name| !has_placeholder(name));
    name.is_some_and(|name| !labels.values().any(|value| name.contains(value.as_str())))
}

/// Whether a selector may select an exporter that reports on many namespaces.
pub(super) fn selects_cluster_wide(selector: &LabelSelector, settings: &Settings) -> bool {
    let known = &settings.cluster_wide_exporters.selectors;
    let is_positive = |operator: Option<&str>| !matches!(operator, Some("NotIn" | "DoesNotExist"));
    let mut expressions = selector.match_expressions.iter().flatten();
    // Whoever asks for another label does not get such an exporter; whoever only rules something out does.
    let asks = selector.match_labels.iter().flatten().next().is_some()
        || expressions.any(|one| is_positive(one.operator.as_deref()));
    let admitted = known.iter().map(|labels| {
        let admitted = labels
            .iter()
            .filter_map(|(key, value)| admits(selector, key, value));
        admitted.reduce(|all, one| all && one)
    });
    let (is_asked_for, is_ruled_out) = admitted.fold((false, false), |(asked, out), one| {
        (asked || one == Some(true), out || one == Some(false))
    });
    is_asked_for || !known.is_empty() && !asks && !is_ruled_out
}

/// Whether what is selected may have the label with this value; none where the selector does not name it. The
/// operator makes a regex of each value, and of keys the names of meta labels, which differ less.
fn admits(selector: &LabelSelector, key: &str, value: &str) -> Option<bool> {
    let is_it = |other: &str| other.len() == key.len() && sanitized(other) == sanitized(key);
    // The value of a label is made of these; as a regex, only its dots are more than themselves. Of anything else,
    // everything is assumed.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let may_be = |regex: &String| {
        let mut pairs = regex.bytes().zip(value.bytes());
        let is_same =
            regex.len() == value.len() && pairs.all(|(one, two)| one == two || one == b'.');
        is_same || !regex.bytes().all(is_plain)
    };
    let exact = selector.match_labels.iter().flatten();
    let exact = exact
        .filter(|(key, _)| is_it(key))
        .map(|(_, regex)| may_be(regex));
    let required = selector.match_expressions.iter().flatten();
    let required = required
        .filter(|one| one.key.as_deref().is_some_and(is_it))
        .map(|one| {
            let values = || one.values.iter().flatten();
            match one.operator.as_deref() {
                Some("In") => values().any(may_be),
                Some("NotIn") => !values().any(|one| one == value),
                Some("DoesNotExist") => false,
                _ => true,
            }
        });
    exact.chain(required).reduce(|all, one| all && one)
}

/// Whether one of the relabel configs keeps only targets of which the name, or a label, is not one of an exporter that
/// reports on many namespaces; `is_named` tells whether a discovery asks for one by a label.
pub(super) fn asks_for_something_else(
    job: &ScrapeJob<'_>,
    is_named: bool,
    settings: &Settings,
    interpreter: &mut Interpreter,
) -> Result<bool, TooComplex> {
    let configs = &job.relabelings;
    let discovered = job.discovered();
    let known = || settings.cluster_wide_exporters.selectors.iter().flatten();
    let keeps = configs.iter().enumerate();
    let keeps = keeps.filter(|(_, config)| config.action == Action::Keep);
    for (index, config) in keeps {
        for (place, name) in config.source_labels.iter().enumerate() {
            let Some(label) = name.strip_prefix(META_KUBERNETES) else {
                continue;
            };
            let has_key = |(key, _): &(&String, &String)| {
                label.ends_with(&format!("_label_{}", sanitized(key)))
            };
            // Whoever asks for another label does not get it, as with the selector of a monitor. A name is
            // mostly that of a release with the value at its end.
            let mut values = vec![String::new()];
            if NAMES.contains(&label) {
                values.extend(known().map(|(_, value)| format!("*{value}*")));
            } else if OBJECTS.iter().any(|object| label.starts_with(object)) {
                let mut of = known().filter(has_key).peekable();
                if is_named && of.peek().is_none() {
                    continue;
                }
                values.extend(of.map(|(_, value)| value.clone()));
            } else {
                continue;
            }
            let values = Condition::inside(Rc::new(Automaton::of_globs(values)?));
            let mut excludes = !lets_through(config, place, vec![values], usize::MAX, interpreter)?;
            for before in &configs[..index] {
                excludes = excludes && !interpreter.may_change_of(before, name, discovered)?;
            }
            if excludes {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
