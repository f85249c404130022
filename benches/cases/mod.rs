//! What is measured: requests as an API server sends them, of the shapes and sizes that clusters have,
//! and the worst that somebody thought of. The benchmarks and the tests of costs share them.

pub(crate) mod adversaries;

use serde_json::{Value, json};

/// The namespaces of dev, as the regex that confines an endpoint.
pub(crate) const DEV: &str = ".*-dev|dev|kube-system";

/// A request, and the settings that it is judged under.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it is called in tables.
    pub(crate) name: &'static str,
    /// The request.
    pub(crate) request: Value,
    /// The settings.
    pub(crate) settings: Value,
    /// Whether the object comes in.
    pub(crate) accepted: bool,
}

/// Every case, adversaries apart.
pub(crate) fn all() -> Vec<Case> {
    let case = |name, object: Value, accepted| Case {
        name,
        request: request(object),
        settings: json!({}),
        accepted,
    };
    let proven = |case: Case, name| Case {
        name,
        settings: json!({"namespaceFilter": "proven"}),
        ..case
    };
    let mut managed = kubelet(true);
    manage(&mut managed);
    vec![
        case("ServiceMonitor, 1 endpoint", small(true), true),
        case("ServiceMonitor, 1 endpoint, rejected", small(false), false),
        proven(
            case("", small(false), true),
            "ServiceMonitor, 1 endpoint, mode proven",
        ),
        case("kubelet, 3 endpoints", kubelet(true), true),
        case("kubelet, rejected", kubelet(false), false),
        proven(case("", kubelet(true), true), "kubelet, mode proven"),
        case("kubelet with managedFields", managed, true),
        case("50 endpoints, 50 regexes", endpoints(50, true), true),
        case("50 endpoints, rejected", endpoints(50, false), false),
        case("PodMonitor", pod_monitor(), true),
        case("PVC", claim("local-path"), true),
        case("PVC, rejected", claim("nfs-monitoring"), false),
        case("PrometheusRule, 1 KB", rules(1), true),
        case("PrometheusRule, 18 KB", rules(18), true),
        case("PrometheusRule, 500 KB", rules(500), true),
    ]
}

/// The request to create an object.
///
/// # Panics
///
/// If the object has no kind that is judged.
pub(crate) fn request(mut object: Value) -> Value {
    let namespace = object["metadata"]["namespace"]
        .as_str()
        .expect("a namespace")
        .to_owned();
    object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    object["metadata"]["generation"] = 1.into();
    object["metadata"]["uid"] = "5c0a3b1e-8f1d-4a57-9f0e-0d4b7f1c2a3b".into();
    let mut request =
        env_isolation_check::manifest::request(&object, &namespace).expect("a known kind");
    request["requestKind"] = request["kind"].clone();
    request["requestResource"] = request["resource"].clone();
    request["userInfo"] = json!({
        "username": "system:serviceaccount:argocd:argocd-application-controller",
        "uid": "7d1f0c9a-2b3c-4d5e-8f90-a1b2c3d4e5f6",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:argocd", "system:authenticated"],
    });
    request["dryRun"] = false.into();
    request["options"] = json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "CreateOptions",
        "fieldManager": "argocd-controller",
    });
    request
}

fn labels(name: &str) -> Value {
    json!({
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": "monitoring-dev",
        "app.kubernetes.io/managed-by": "Helm",
        "release": "monitoring-dev",
    })
}

fn keep(regex: &str) -> Value {
    json!({"action": "keep", "sourceLabels": ["namespace"], "regex": regex})
}

/// A `ServiceMonitor` in `namespace`.
pub(crate) fn service_monitor(name: &str, namespace: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": name, "namespace": namespace, "labels": labels(name)},
        "spec": spec,
    })
}

fn small(filtered: bool) -> Value {
    let mut endpoint = json!({"port": "http"});
    if filtered {
        endpoint["relabelings"] = json!([keep(DEV)]);
    }
    let spec = json!({"selector": {"matchLabels": {"app": "shop"}}, "endpoints": [endpoint]});
    service_monitor("shop", "shop-dev", &spec)
}

/// The monitor of the kubelets, as kube-prometheus-stack makes it; one of the three endpoints may be
/// without its filter.
fn kubelet(filtered: bool) -> Value {
    let endpoint = |path: &str, filtered: bool| {
        let mut endpoint = json!({
            "port": "https-metrics",
            "scheme": "https",
            "path": path,
            "honorLabels": true,
            "honorTimestamps": true,
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "tlsConfig": {
                "caFile": "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
                "insecureSkipVerify": true,
            },
            "relabelings": [{
                "action": "replace",
                "sourceLabels": ["__metrics_path__"],
                "targetLabel": "metrics_path",
            }],
        });
        if filtered {
            endpoint["metricRelabelings"] = json!([keep(DEV)]);
        }
        endpoint
    };
    let spec = json!({
        "jobLabel": "k8s-app",
        "attachMetadata": {"node": false},
        "namespaceSelector": {"matchNames": ["kube-system"]},
        "selector": {"matchLabels": {"app.kubernetes.io/name": "kubelet", "k8s-app": "kubelet"}},
        "endpoints": [
            endpoint("/metrics", true),
            endpoint("/metrics/cadvisor", true),
            endpoint("/metrics/probes", filtered),
        ],
    });
    service_monitor("kubelet", "monitoring-dev", &spec)
}

/// A `ServiceMonitor` with as many endpoints, each with a regex of its own.
pub(crate) fn endpoints(count: usize, filtered: bool) -> Value {
    let endpoint = |index: usize| {
        let regex = if filtered {
            format!("team-{index}-.*-dev|kube-system")
        } else {
            format!("team-{index}-.*-dev.*")
        };
        json!({"port": format!("http-{index}"), "honorLabels": true, "metricRelabelings": [keep(&regex)]})
    };
    let spec = json!({
        "selector": {"matchLabels": {"app": "shop"}},
        "endpoints": (0..count).map(endpoint).collect::<Vec<_>>(),
    });
    service_monitor("shop", "shop-dev", &spec)
}

fn pod_monitor() -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "workers", "namespace": "airflow-dev", "labels": labels("workers")},
        "spec": {
            "selector": {"matchLabels": {"app": "airflow-worker"}},
            "podMetricsEndpoints": [{"port": "metrics", "relabelings": [keep(DEV)]}],
        },
    })
}

fn claim(class: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "prometheus-monitoring-dev-db-prometheus-monitoring-dev-0",
            "namespace": "monitoring-dev",
            "labels": {
                "app.kubernetes.io/name": "prometheus",
                "operator.prometheus.io/name": "monitoring-dev",
            },
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": {"requests": {"storage": "50Gi"}},
            "volumeMode": "Filesystem",
        },
    })
}

/// A `PrometheusRule` of about as many kilobytes.
pub(crate) fn rules(kilobytes: usize) -> Value {
    let rule = |index: usize| {
        json!({
            "alert": format!("ShopIsSlow{index}"),
            "expr": format!("histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket{{job=\"shop-{index}\"}}[5m]))) > 1"),
            "for": "10m",
            "labels": {"severity": "critical", "team": "shop"},
            "annotations": {
                "summary": "One request in a hundred takes more than a second",
                "description": "The slowest requests of {{ $labels.job }} take {{ $value | humanizeDuration }}",
            },
        })
    };
    let mut object = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "shop", "namespace": "shop-dev", "labels": labels("shop")},
        "spec": {"groups": [{"name": "shop", "rules": []}]},
    });
    let (base, one) = (object.to_string().len(), rule(100).to_string().len() + 1);
    let count = (kilobytes * 1024).saturating_sub(base) / one;
    object["spec"]["groups"][0]["rules"] = (0..count).map(rule).collect();
    object
}

/// Gives an object the `managedFields` that server-side apply would give it: each field once more, as
/// a name.
fn manage(object: &mut Value) {
    fn fields(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (format!("f:{key}"), fields(value)))
                .collect(),
            _ => json!({}),
        }
    }
    let owned = json!({"f:metadata": {"f:labels": fields(&object["metadata"]["labels"])}, "f:spec": fields(&object["spec"])});
    object["metadata"]["managedFields"] = json!([{
        "apiVersion": object["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": owned,
        "manager": "argocd-controller",
        "operation": "Apply",
        "time": "2026-01-01T00:00:00Z",
    }]);
}
