//! Where targets are discovered.

use crate::language::alphabet::is_namespace;
use crate::relabel::config::has_placeholder;
use crate::relabel::labels::ADDRESS;
use crate::resource::Labels;
use crate::resource::endpoint::NamespaceSelector;
use crate::resource::scrape_config::KubernetesDiscovery;

use super::scrape_job::{Discovery, Source};

/// How many names of namespaces one automaton has room for.
const CHUNK: usize = 30;

/// Targets that stand in the object; none if there are none.
pub(super) fn fixed_targets(addresses: Option<&Vec<String>>, labels: &Labels) -> Option<Source> {
    let addresses = addresses.filter(|addresses| !addresses.is_empty())?;
    let discovery = if labels.keys().any(|name| has_placeholder(name)) {
        Discovery::Anywhere
    } else if addresses.iter().any(|address| has_placeholder(address)) {
        Discovery::Nowhere
    } else {
        Discovery::Fixed(addresses.as_slice().into())
    };
    Some(Source {
        chosen: [ADDRESS.to_owned()].into(),
        labels: labels.clone().into_iter().collect::<Vec<_>>().into(),
        ..Source::of(discovery)
    })
}

/// Where a namespace selector discovers, and why, as a clause.
pub(super) fn discovery(
    selector: &NamespaceSelector,
    namespace: &str,
) -> (&'static str, Vec<Source>) {
    let names = selector
        .match_names
        .as_ref()
        .filter(|names| !names.is_empty());
    let own = || Discovery::In([namespace.to_owned()].into());
    let (reason, found) = match names {
        _ if selector.any == Some(true) => (
            "namespaceSelector.any discovers all namespaces",
            Discovery::Everywhere,
        ),
        Some(names) => (
            if names.iter().all(|name| is_namespace(name)) {
                "namespaceSelector.matchNames discovers it"
            } else {
                "namespaceSelector.matchNames has a name that no namespace can have (a placeholder?), and so bounds \
                 nothing"
            },
            Discovery::In(names.as_slice().into()),
        ),
        None => ("", own()),
    };
    let is_elsewhere = match &found {
        Discovery::In(names) => !names.iter().any(|name| name == namespace),
        _ => false,
    };
    let mut sources: Vec<Source> = in_chunks(found).map(Source::of).collect();
    if is_elsewhere {
        // A Prometheus may ignore what the selector says.
        sources.push(Source {
            is_possible: true,
            ..Source::of(own())
        });
    }
    (reason, sources)
}

/// The discovery, in parts with so few namespaces that each has an automaton.
pub(super) fn in_chunks(discovery: Discovery) -> impl Iterator<Item = Discovery> {
    let (whole, names) = match discovery {
        Discovery::In(names) if names.len() > CHUNK => (None, Some(names)),
        other => (Some(other), None),
    };
    let chunk = |names: &[String]| Discovery::In(names.into());
    let chunks: Vec<Discovery> = names
        .iter()
        .flat_map(|it| it.chunks(CHUNK).map(chunk))
        .collect();
    whole.into_iter().chain(chunks)
}

/// The discoveries that one in Kubernetes stands for.
pub(super) fn kubernetes_discovery(
    config: &KubernetesDiscovery,
) -> impl Iterator<Item = Discovery> {
    let listed = |names: Vec<String>| Discovery::In(names.into());
    // Nodes are in no namespace.
    let is_node = config.is_of("node");
    let namespaces = config.namespaces.as_deref();
    let own = namespaces.is_some_and(|namespaces| namespaces.own_namespace == Some(true));
    let names = namespaces.and_then(|namespaces| namespaces.names.clone());
    let names = names.filter(|names| !names.is_empty());
    let found = match (is_node, own, names) {
        (true, ..) => [Some(Discovery::Nowhere), None],
        (_, true, names) => [Some(Discovery::Own), names.map(listed)],
        (_, false, Some(names)) => [Some(listed(names)), None],
        (_, false, None) => [Some(Discovery::Everywhere), None],
    };
    found.into_iter().flatten()
}
