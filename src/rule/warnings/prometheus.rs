//! Warnings about the roads into a Prometheus that cannot be judged when it is admitted.

use crate::prove::address;
use crate::resource::LabelSelector;
use crate::resource::prometheus::{Prometheus, Remote};
use crate::rule::verdict::Verdict;
use crate::settings::{Environment, Membership, Settings};

/// The namespace whose objects Kubewarden accepts unseen, so that it can be installed and mended
/// (`--always-accept-admission-reviews-on-namespace` of policy-server, as Kubewarden's charts set
/// it).
const NEVER_JUDGED: &str = "kubewarden";

/// The label that Kubernetes gives every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The features that are receivers (`cmd/prometheus/main.go` in Prometheus).
const RECEIVERS: [&str; 2] = ["remote-write-receiver", "otlp-write-receiver"];

/// The containers that the operator makes, which hold the configuration (`pkg/prometheus/server`,
/// `pkg/thanos` and `pkg/operator/config_reloader.go` in prometheus-operator).
const CONTAINERS: [&str; 4] = [
    "prometheus",
    "thanos-ruler",
    "config-reloader",
    "init-config-reloader",
];

/// Warns of what a Prometheus has of that kind, where it belongs to an environment.
pub(crate) fn warn(
    prometheus: &Prometheus,
    (environment, settings): (&Environment, &Settings),
    verdict: &mut Verdict,
) {
    let mut warn = |field: &str, what: &str| {
        verdict.warnings.push(format!("spec.{field}: {what}"));
    };
    if prometheus.additional_scrape_configs.is_some() {
        warn(
            "additionalScrapeConfigs",
            "what stands in that Secret is scraped without being judged; ScrapeConfig objects are",
        );
    }
    for (field, what) in hidden(prometheus) {
        warn(field, what);
    }
    if prometheus.remote_read.iter().flatten().next().is_some() {
        warn(
            "remoteRead",
            "what that server answers is shown without being judged",
        );
    }
    let receives = "whoever reaches it can send series of any namespace";
    if prometheus.enable_remote_write_receiver == Some(true) {
        warn("enableRemoteWriteReceiver", receives);
    }
    if prometheus.enable_otlp_receiver == Some(true) {
        warn("enableOTLPReceiver", receives);
    }
    let features = prometheus.enable_features.iter().flatten();
    if let Some(feature) = features
        .flat_map(|features| features.split(','))
        .map(str::trim)
        .find(|feature| RECEIVERS.contains(feature))
    {
        warn(&format!("enableFeatures ({feature})"), receives);
    }
    let arguments = prometheus.additional_args.iter().flatten();
    let arguments: Vec<&str> = arguments.filter_map(|one| one.name.as_deref()).collect();
    if !arguments.is_empty() {
        let names = arguments.join(", ");
        warn(
            "additionalArgs",
            &format!("an argument can open what is not judged here ({names})"),
        );
    }
    for (field, what) in changes_of_pods(prometheus) {
        warn(field, &what);
    }
    let written = prometheus.remote_write.iter().flatten();
    for (index, remote) in written.enumerate() {
        if let Some(other) = reached(remote, environment, settings) {
            warn(
                &format!("remoteWrite[{index}]"),
                &format!("its series go to environment {other:?}"),
            );
        }
    }
    for (index, url) in prometheus.query_endpoints.iter().flatten().enumerate() {
        if let Some(other) = foreign(url, environment, settings) {
            warn(
                &format!("queryEndpoints[{index}]"),
                &format!("its rules are evaluated over the series of environment {other:?}"),
            );
        }
    }
    let reaching = prometheus.namespace_selectors();
    let reaching = reaching.filter_map(|((field, namespaces), (_, selector))| {
        (selector.is_some() && namespaces.is_some_and(reaches_never_judged)).then_some(field)
    });
    let reaching: Vec<&str> = reaching.collect();
    if !reaching.is_empty() {
        warn(
            &reaching.join(", "),
            &format!(
                "Kubewarden skips namespace `{NEVER_JUDGED}`; exclude it: \
                 {{key: {NAME_LABEL}, operator: NotIn, values: [{NEVER_JUDGED}]}}"
            ),
        );
    }
}

/// What changes the pods in which the configuration is, each with its field.
fn changes_of_pods(prometheus: &Prometheus) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (field, containers) in [
        ("containers", &prometheus.containers),
        ("initContainers", &prometheus.init_containers),
    ] {
        let names = containers.iter().flatten();
        let mut names = names.filter_map(|one| one.name.as_deref());
        if let Some(name) = names.find(|name| CONTAINERS.contains(name)) {
            let what =
                format!("container {name:?} is the operator's own; a change of it is not judged");
            found.push((field, what));
        }
    }
    let mounts = prometheus.volume_mounts.iter().flatten();
    let mut paths = mounts.filter_map(|mount| mount.mount_path.as_deref());
    let found_there = |path| Some((path, hidden_by_a_mount(path)?));
    if let Some((path, what)) = paths.find_map(found_there) {
        let what = format!("what is mounted at {path:?} may take the place of {what}");
        found.push(("volumeMounts", what));
    }
    if let Some(name) = prometheus.claim_name() {
        let what = if VOLUMES.contains(&name) {
            format!(
                "a claim called {name:?} takes the place of the operator's own volume, which is not judged"
            )
        } else {
            format!(
                "claims called {name:?}-… are judged by their labels only; one that is there already is taken as it is"
            )
        };
        found.push(("storage.volumeClaimTemplate.metadata.name", what));
    }
    found
}

/// The volumes that the operator makes (`pkg/prometheus/server` in prometheus-operator).
const VOLUMES: [&str; 4] = ["config", "config-out", "tls-assets", "web-config"];

/// Places in a container that decide what is scraped and stored, and what they are.
const PLACES: [(&str, &str); 9] = [
    ("/etc/prometheus/config", "the configuration"),
    ("/etc/prometheus/config_out", "the configuration"),
    ("/etc/hosts", "the names of targets"),
    ("/etc/resolv.conf", "the names of targets"),
    ("/etc/nsswitch.conf", "the names of targets"),
    (
        "/var/run/secrets/kubernetes.io/serviceaccount",
        "the namespace that it takes for its own",
    ),
    (
        "/run/secrets/kubernetes.io/serviceaccount",
        "the namespace that it takes for its own",
    ),
    ("/bin/prometheus", "the program"),
    ("/prometheus", "the storage, whose class is judged"),
];

/// What a mount there, or above, may hide.
fn hidden_by_a_mount(path: &str) -> Option<&'static str> {
    let path = cleaned(path);
    let found = PLACES.iter().find(|(place, _)| {
        let is_above = |above: &str, below: &str| {
            below
                .strip_prefix(above)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || above == "/")
        };
        is_above(&path, place) || is_above(place, &path)
    });
    found.map(|(_, what)| *what)
}

/// The path as the kernel takes it.
fn cleaned(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// Fields of which it only matters that they are there, with what that means.
fn hidden(prometheus: &Prometheus) -> impl Iterator<Item = (&'static str, &'static str)> {
    let another_name = "the name of a target may be another one's";
    let all = [
        ("dnsConfig", &prometheus.dns_config, another_name),
        ("hostAliases", &prometheus.host_aliases, another_name),
        (
            "apiserverConfig",
            &prometheus.api_server_config,
            "targets are discovered in another cluster, whose namespaces are not these",
        ),
        (
            "queryConfig",
            &prometheus.query_config,
            "what stands in that Secret is queried without being judged; queryEndpoints are",
        ),
        (
            "additionalAlertRelabelConfigs",
            &prometheus.additional_alert_relabel_configs,
            "what stands in that Secret is not judged; a regex `~` there ends the filters of all scrapes",
        ),
        (
            "additionalAlertManagerConfigs",
            &prometheus.additional_alert_manager_configs,
            "what stands in that Secret is not judged; a regex `~` there ends the filters of all scrapes",
        ),
    ];
    let given = all.into_iter().filter(|(_, value, _)| value.is_some());
    given.map(|(field, _, what)| (field, what))
}

/// Says that one that belongs to no environment is not judged.
pub(crate) fn warn_of_none(namespace: &str, release_label: &str, verdict: &mut Verdict) {
    verdict.warnings.push(format!(
        "namespace {namespace:?} belongs to no environment (nor is it a shared one whose label {release_label} \
         says for which it is): what this object picks up is not judged"
    ));
}

/// Whether the selector takes the namespace that is never judged. That somebody gave it a label
/// which the selector wants is not assumed.
fn reaches_never_judged(selector: &LabelSelector) -> bool {
    let labels = selector.match_labels.iter().flatten().map(|(key, _)| key);
    let expressions = selector.match_expressions.iter().flatten();
    let wanted = expressions
        .filter(|requirement| matches!(requirement.operator.as_deref(), Some("In" | "Exists")));
    let wanted = wanted.filter_map(|requirement| requirement.key.as_ref());
    labels.chain(wanted).all(|key| key == NAME_LABEL)
        && selector.admits(NAME_LABEL, NEVER_JUDGED) != Some(false)
}

fn reached<'a>(
    remote: &Remote,
    environment: &Environment,
    settings: &'a Settings,
) -> Option<&'a str> {
    foreign(remote.url.as_deref()?, environment, settings)
}

/// The other environment, if it is in a namespace of it that the URL leads to.
fn foreign<'a>(url: &str, environment: &Environment, settings: &'a Settings) -> Option<&'a str> {
    let namespaces = address::namespaces(without_user(url));
    namespaces
        .into_iter()
        .find_map(|namespace| match settings.environment_of(&namespace) {
            Membership::Of(other) if other.name != environment.name => Some(other.name.as_str()),
            _ => None,
        })
}

/// The URL without `user:password@`.
fn without_user(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let authority = url[start..]
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let user = authority.rfind('@').map_or(0, |at| at + 1);
    &url[start + user..]
}
