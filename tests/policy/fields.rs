//! Each field of the operator's API is read, or left out for a reason.
//!
//! `tests/golden/fields.jsonl` has the fields, as `make golden` took them from the operator's Go
//! types. A field that is read is not accepted with a wrong type; one that is left out is.

use serde::Deserialize;
use serde_json::{Value, json};

use super::harness::{create, lines};

#[derive(Deserialize)]
pub(crate) struct Field {
    pub kind: String,
    pub path: String,
    pub r#type: String,
}

/// Fields that are not read, by the end of their path, with the reason.
const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "how a target, a server or a registry is spoken to; whoever answers was discovered before",
        &[
            "authorization",
            "azureAd",
            "basicAuth",
            "bearerToken",
            "bearerTokenFile",
            "bearerTokenSecret",
            "enableHTTP2",
            "enableHttp2",
            "enableCompression",
            "followRedirects",
            "headers",
            "noProxy",
            "oauth2",
            "proxyConnectHeader",
            "proxyFromEnvironment",
            "kubernetesSDConfigs[].proxyUrl",
            "scheme",
            "sigv4",
            "tlsConfig",
            "grpcServerTlsConfig",
            "imagePullSecrets",
            "imagePullPolicy",
            "remoteTimeout",
            "roundRobinDNS",
            "messageVersion",
            "remoteWriteReceiverMessageVersions",
        ],
    ),
    (
        "what is asked of a target that was discovered; what it answers is proved, whatever it is",
        &[
            "params",
            "module",
            "scrapeProtocols",
            "fallbackScrapeProtocol",
        ],
    ),
    (
        "when a target is scraped, and how its samples are stored, not whose they are",
        &[
            "interval",
            "scrapeInterval",
            "scrapeTimeout",
            "evaluationInterval",
            "honorTimestamps",
            "overrideHonorTimestamps",
            "trackTimestampsStaleness",
            "scrapeClassicHistograms",
            "scrapeNativeHistograms",
            "convertClassicHistogramsToNHCB",
            "nativeHistogramBucketLimit",
            "nativeHistogramMinBucketFactor",
            "nameValidationScheme",
            "nameEscapingScheme",
            "ruleQueryOffset",
            "resendDelay",
            "ruleOutageTolerance",
            "ruleGracePeriod",
            "ruleConcurrentEval",
        ],
    ),
    (
        "a limit: it only takes away",
        &[
            "sampleLimit",
            "targetLimit",
            "labelLimit",
            "labelNameLengthLimit",
            "labelValueLengthLimit",
            "keepDroppedTargets",
            "bodySizeLimit",
            "enforcedSampleLimit",
            "enforcedTargetLimit",
            "enforcedLabelLimit",
            "enforcedLabelNameLengthLimit",
            "enforcedLabelValueLengthLimit",
            "enforcedKeepDroppedTargets",
            "enforcedBodySizeLimit",
        ],
    ),
    (
        "it only narrows: a label that is forced on series, or selectors that are not heard",
        &[
            "excludedFromEnforcement",
            "prometheusRulesExcludedFromEnforce",
            "ignoreNamespaceSelectors",
            "arbitraryFSAccessThroughSMs",
        ],
    ),
    (
        "further labels of discovered targets; they range over all values in the proof",
        &["attachMetadata", "serviceDiscoveryRole"],
    ),
    (
        "the port chooses among the ports of a target; only its label `endpoint` is of interest, \
         which this field does not make",
        &["portNumber"],
    ),
    (
        "a discovery that knows no namespaces, or gives any labels; that it is there is read",
        &[
            "azureSDConfigs",
            "consulSDConfigs",
            "digitalOceanSDConfigs",
            "dockerSwarmSDConfigs",
            "ec2SDConfigs",
            "eurekaSDConfigs",
            "fileSDConfigs",
            "gceSDConfigs",
            "hetznerSDConfigs",
            "httpSDConfigs",
            "ionosSDConfigs",
            "kumaSDConfigs",
            "lightSailSDConfigs",
            "linodeSDConfigs",
            "nomadSDConfigs",
            "openstackSDConfigs",
            "ovhcloudSDConfigs",
            "puppetDBSDConfigs",
            "scalewaySDConfigs",
        ],
    ),
    (
        "another cluster's API server; the namespaces of that cluster are judged as this one's",
        &["apiserverConfig"],
    ),
    (
        "the server's pods and what surrounds them; whoever may write these may do anything",
        &[
            "podMetadata",
            "sha",
            "paused",
            "replicas",
            "shards",
            "shardingStrategy",
            "shardRetentionPolicy",
            "logLevel",
            "logFormat",
            "externalUrl",
            "routePrefix",
            "externalPrefix",
            "volumes",
            "persistentVolumeClaimRetentionPolicy",
            "web",
            "Prometheus spec.resources",
            "PrometheusAgent spec.resources",
            "ThanosRuler spec.resources",
            "nodeSelector",
            "schedulerName",
            "serviceAccountName",
            "automountServiceAccountToken",
            "secrets",
            "configMaps",
            "affinity",
            "tolerations",
            "topologySpreadConstraints",
            "securityContext",
            "dnsPolicy",
            "dnsConfig",
            "listenLocal",
            "podManagementPolicy",
            "updateStrategy",
            "enableServiceLinks",
            "priorityClassName",
            "portName",
            "minReadySeconds",
            "hostAliases",
            "walCompression",
            "hostNetwork",
            "hostUsers",
            "reloadStrategy",
            "maximumStartupDurationSeconds",
            "tsdb",
            "serviceName",
            "runtime",
            "terminationGracePeriodSeconds",
            "mode",
        ],
    ),
    (
        "what is done with series and alerts once they are there",
        &[
            "retention",
            "retentionSize",
            "disableCompaction",
            "Prometheus spec.rules",
            "query",
            "thanos",
            "queryLogFile",
            "scrapeFailureLogFile",
            "allowOverlappingBlocks",
            "exemplars",
            "enableAdminAPI",
            "externalLabels",
            "prometheusExternalLabelName",
            "tracingConfig",
            "tracingConfigFile",
            "objectStorageConfig",
            "objectStorageConfigFile",
            "alertmanagersUrl",
            "alertmanagersConfig",
            "ThanosRuler spec.labels",
            "alertDropLabels",
            "alertQueryUrl",
            "alertRelabelConfigs",
            "alertRelabelConfigFile",
            "otlp",
        ],
    ),
    (
        "what is sent to a server, and what is asked of one: that it is there is warned of",
        &[
            "remoteWrite[].name",
            "remoteRead[].name",
            "sendExemplars",
            "sendNativeHistograms",
            "queueConfig",
            "metadataConfig",
            "requiredMatchers",
            "readRecent",
            "filterExternalLabels",
            "remoteWrite[].proxyUrl",
            "remoteRead[].proxyUrl",
            "additionalArgs[].value",
        ],
    ),
    (
        "what a claim asks for besides its storage class",
        &[
            "disableMountSubPath",
            "volumeClaimTemplate.status",
            "volumeClaimTemplate.kind",
            "volumeClaimTemplate.apiVersion",
            "volumeClaimTemplate.spec.accessModes",
            "volumeClaimTemplate.spec.resources",
            "volumeClaimTemplate.spec.selector",
            "volumeMode",
            "dataSource",
            "dataSourceRef",
            "volumeAttributesClassName",
        ],
    ),
];

/// Fields of which is read only whether they are there.
const ONLY_PRESENCE: &[&str] = &[
    "emptyDir",
    "additionalScrapeConfigs",
    "queryConfig",
    "additionalAlertRelabelConfigs",
    "additionalAlertManagerConfigs",
];

/// Whether the field, or what it is a part of, is left out.
pub(crate) fn is_left_out(field: &Field) -> bool {
    let ends = || LEFT_OUT.iter().flat_map(|(_, ends)| *ends);
    let is_end = |path: &str| {
        let whole = format!("{} {path}", field.kind);
        ends().any(|end| whole == *end || path.ends_with(&format!(".{end}")))
    };
    let parts = field
        .path
        .match_indices('.')
        .map(|(place, _)| &field.path[..place]);
    let mut parts = parts.chain([field.path.as_str()]);
    parts.any(|part| is_end(part.trim_end_matches("[]")))
}

/// An object whose field has this value.
pub(crate) fn object(field: &Field, value: &Value) -> Value {
    let place = |value: Value, segment: &str| match segment.strip_suffix("[]") {
        Some(name) => json!({ name: [value] }),
        None => json!({ segment: value }),
    };
    let spec = field.path.split('.').rev().fold(value.clone(), place);
    let version = match field.kind.as_str() {
        "ScrapeConfig" | "PrometheusAgent" => "v1alpha1",
        _ => "v1",
    };
    json!({
        "apiVersion": format!("monitoring.coreos.com/{version}"),
        "kind": field.kind,
        "metadata": {"name": "a", "namespace": "shop-dev", "labels": {"release": "monitoring-dev"}},
        "spec": spec["spec"],
    })
}

fn of_wrong_type(field: &Field) -> Value {
    match field.r#type.as_str() {
        "string" => json!(1),
        _ => json!("text"),
    }
}

/// What is said of a field that does not have its type.
fn complaint(field: &Field) -> Option<String> {
    let answer = create(&object(field, &of_wrong_type(field)), &Value::Null);
    let path = field.path.replace("[]", "[0]");
    let violations = answer.violations().expect("the annotation").into_iter();
    let mut refused = violations.filter(|it| it.rule == "refused" && it.field == path);
    refused.next().map(|violation| violation.message)
}

#[test]
fn every_field_is_read_or_left_out_for_a_reason() {
    let fields: Vec<Field> = lines("fields.jsonl");
    let mut wrong = Vec::new();
    for field in &fields {
        let name = field.path.rsplit('.').next().unwrap_or_default();
        if field.r#type == "any" || ONLY_PRESENCE.contains(&name) {
            continue;
        }
        if complaint(field).is_some() == is_left_out(field) {
            wrong.push(format!("{} {}", field.kind, field.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "read though left out, or not read: {wrong:#?}"
    );
}

#[test]
fn every_reason_is_about_a_field() {
    let fields: Vec<Field> = lines("fields.jsonl");
    for end in LEFT_OUT.iter().flat_map(|(_, ends)| *ends) {
        let is_there = fields.iter().any(|field| {
            format!("{} {}", field.kind, field.path) == *end
                || field.path.ends_with(&format!(".{end}"))
        });
        assert!(is_there, "{end}");
    }
}
