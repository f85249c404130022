//! Rule `storage-class`: whose claims they are, and which class they ask for.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rstest::rstest;
use serde_json::{Value, json};

use super::harness::{create, evaluate, fixed, only, update, yaml};

const OPERATORS: &str = "prometheus-k8s-db-prometheus-k8s-0";

fn claim(name: &str, label: Option<(&str, &str)>, class: Option<&str>) -> Value {
    let claim = PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("monitoring-dev".to_owned()),
            labels: label.map(|(key, value)| [(key.to_owned(), value.to_owned())].into()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: class.map(str::to_owned),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    };
    serde_json::to_value(claim).expect("JSON")
}

#[rstest]
#[case::labelled("data", Some(("app.kubernetes.io/name", "prometheus")), Some("nfs"), false)]
#[case::labelled_by_the_operator("data", Some(("operator.prometheus.io/name", "k8s")), Some("nfs"), false)]
#[case::named(OPERATORS, None, Some("nfs"), false)]
#[case::named_ephemeral("prometheus-k8s-0-prometheus-k8s-db", None, Some("nfs"), false)]
#[case::right_class(OPERATORS, None, Some("local-path"), true)]
#[case::grafana("grafana", Some(("app.kubernetes.io/name", "grafana")), Some("nfs"), true)]
#[case::alertmanager("alertmanager-a-db-alertmanager-a-0", Some(("app.kubernetes.io/name", "alertmanager")), Some("nfs"), true)]
#[case::loki("storage-loki-0", Some(("app.kubernetes.io/name", "loki")), None, true)]
#[case::absent(OPERATORS, None, None, false)]
#[case::empty(OPERATORS, None, Some(""), false)]
fn a_prometheus_claim_has_its_class(
    #[case] name: &str,
    #[case] label: Option<(&str, &str)>,
    #[case] class: Option<&str>,
    #[case] accepted: bool,
) {
    let object = claim(name, label, class);
    let answer = create(&object, &Value::Null);
    assert_eq!(answer.accepted, accepted, "{:?}", answer.message);
    if !accepted {
        let violation = only(&answer);
        assert_eq!(violation.rule, "storage-class");
        assert_eq!(violation.field, "spec.storageClassName");
        let fixed = fixed(&object, &answer).expect("a fix");
        assert!(create(&fixed, &Value::Null).accepted);
    }
}

#[rstest]
#[case::wrong(Some("nfs"), "but the class here is \"nfs\"")]
#[case::absent(
    None,
    "but the class here is missing, which leaves the class to the cluster's default"
)]
#[case::empty(
    Some(""),
    "but the class here is empty, which asks for no storage class at all"
)]
fn each_mistake_has_its_wording(#[case] class: Option<&str>, #[case] wording: &str) {
    let answer = create(&claim(OPERATORS, None, class), &Value::Null);
    let violation = only(&answer);
    assert!(
        violation.message.ends_with(wording),
        "{}",
        violation.message
    );
}

/// The annotation wins over the field.
#[test]
fn a_class_in_an_annotation_is_judged() {
    let mut claim = yaml(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, namespace: monitoring-dev, \
         labels: {app.kubernetes.io/name: prometheus}}, spec: {storageClassName: local-path}}",
    );
    for (class, accepted) in [("nfs-monitoring", false), ("local-path", true)] {
        claim["metadata"]["annotations"] =
            json!({"volume.beta.kubernetes.io/storage-class": class});
        assert_eq!(create(&claim, &Value::Null).accepted, accepted, "{class}");
    }
}

#[rstest]
#[case("volumeName: nfs-1", true)]
#[case("dataSource: {kind: PersistentVolumeClaim, name: x}", true)]
#[case("dataSourceRef: {kind: PersistentVolumeClaim, name: x}", true)]
#[case("volumeMode: Filesystem", false)]
fn what_a_claim_is_made_of_is_warned_of(#[case] field: &str, #[case] warned: bool) {
    let claim = yaml(&format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: a, namespace: monitoring-dev, \
         labels: {{app.kubernetes.io/name: prometheus}}}}, spec: {{storageClassName: local-path, {field}}}}}"
    ));
    let answer = create(&claim, &Value::Null);
    assert!(answer.accepted);
    assert_eq!(!answer.warnings.is_empty(), warned);
}

#[test]
fn the_first_of_several_classes_is_proposed() {
    let settings = json!({"prometheusStorageClasses": ["fast", "faster"]});
    let object = claim(OPERATORS, None, Some("nfs"));
    let answer = create(&object, &settings);
    assert!(only(&answer).message.contains("one of fast, faster"));
    let fixed = fixed(&object, &answer).expect("a fix");
    assert_eq!(fixed["spec"]["storageClassName"], "fast");
}

#[test]
fn a_volume_controller_may_bind_a_claim_that_is_there() {
    let old = claim(OPERATORS, None, Some("nfs"));
    let mut new = old.clone();
    new["spec"]["volumeName"] = "pv-1".into();
    new["metadata"]["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes"});
    assert!(evaluate(&update(&old, &new), &Value::Null).accepted);
    new["spec"]["storageClassName"] = "other".into();
    assert!(!evaluate(&update(&old, &new), &Value::Null).accepted);
}
