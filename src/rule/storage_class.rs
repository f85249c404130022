//! Rule `storage-class`: the volume of a Prometheus has one of the storage classes meant for it.

use serde_json::Value;

use crate::resource::persistent_volume_claim::{self, Ownership, ownership};
use crate::resource::prometheus::Prometheus;
use crate::resource::{Object, STORAGE_CLASS};
use crate::rule::case::{Case, Spec};
use crate::rule::verdict::{Fix, Verdict, Violation, excerpt};
use crate::settings::Settings;

/// The rule's name.
pub const NAME: &str = "storage-class";

/// Judges a claim, or what a Prometheus, an agent or a ruler asks for.
pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    match &case.spec {
        Spec::Claim(claim) => judge_claim(case, claim, verdict),
        Spec::Prometheus(prometheus) => judge_requested(prometheus, case.settings, verdict),
        Spec::Scraped(_) | Spec::Rules => {}
    }
}

/// Judges a claim, and how it was before, if it was.
fn judge_claim(case: &Case<'_>, spec: &persistent_volume_claim::Spec, verdict: &mut Verdict) {
    let Case {
        object,
        name,
        old,
        settings,
        ..
    } = *case;
    let Some(ownership) = ownership(object, name) else {
        return;
    };
    let class = spec.storage_class_name.as_deref();
    let annotated = annotated(object);
    let is_unannotated_change = old.is_some_and(|old| self::annotated(old) == annotated);
    // The volume controllers update claims all the time, and nobody can change a class.
    if let Some(old) = old
        && let Ok(old) = old.spec::<persistent_volume_claim::Spec>()
        && old.storage_class_name.as_deref() == class
        && is_unannotated_change
    {
        return;
    }
    for (field, is_given, what) in [
        (
            "volumeName",
            spec.volume_name.is_some(),
            "the class of that volume",
        ),
        (
            "dataSource",
            spec.data_source.is_some(),
            "whose series these are",
        ),
        (
            "dataSourceRef",
            spec.data_source_ref.is_some(),
            "whose series these are",
        ),
    ] {
        if is_given {
            verdict
                .warnings
                .push(format!("spec.{field}: {what} is not judged"));
        }
    }
    let owner = match ownership {
        Ownership::Label(label) => format!("the claim is a Prometheus' (label {label}); "),
        Ownership::Name => "the claim is a Prometheus' (by its name); ".to_owned(),
    };
    let missing = usize::from(object.spec.is_none());
    demand(&owner, class, &["spec"], missing, settings, verdict);
    forbid_annotation("metadata", annotated, settings, verdict);
}

/// The class that an annotation of the object asks for.
fn annotated<'a>(object: &'a Object<'_>) -> Option<&'a str> {
    let annotations = object.metadata.as_ref()?.annotations.as_ref()?;
    annotations.storage_class.as_deref()
}

/// Forbids an annotation that asks for another class, which would win.
fn forbid_annotation(path: &str, class: Option<&str>, settings: &Settings, verdict: &mut Verdict) {
    let allowed = &settings.prometheus_storage_classes;
    if let Some(class) = class.filter(|class| !allowed.iter().any(|one| one == class)) {
        verdict.violations.push(Violation {
            rule: NAME,
            field: format!("{path}.annotations[{STORAGE_CLASS:?}]"),
            message: format!(
                "this annotation wins over storageClassName and asks for {:?}; remove it",
                excerpt(class)
            ),
            witness: None,
            fix: None,
        });
    }
}

/// Judges the claim that a Prometheus, an agent or a ruler asks for.
fn judge_requested(prometheus: &Prometheus, settings: &Settings, verdict: &mut Verdict) {
    let Some(storage) = &prometheus.storage else {
        return;
    };
    // The operator's order (`BuildStatefulSet…` in `pkg/prometheus/server/statefulset.go`). Storage
    // that says nothing is a claim that says nothing.
    if storage.empty_dir.is_some() {
        return;
    }
    let ephemeral = [
        "spec",
        "storage",
        "ephemeral",
        "volumeClaimTemplate",
        "spec",
    ];
    let lasting = ["spec", "storage", "volumeClaimTemplate", "spec"];
    let (template, path) = match &storage.ephemeral {
        Some(volume) => (volume.volume_claim_template.as_ref(), &ephemeral[..]),
        None => (storage.volume_claim_template.as_ref(), &lasting[..]),
    };
    let spec = template.and_then(|template| template.spec.as_ref());
    let class = spec.and_then(|spec| spec.storage_class_name.as_deref());
    let missing = usize::from(template.is_none()) + usize::from(spec.is_none());
    demand("", class, path, missing, settings, verdict);
    let metadata = template.and_then(|template| template.metadata.as_ref());
    let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
    let annotated = annotations.and_then(|annotations| annotations.storage_class.as_deref());
    let path = path[..path.len() - 1].join(".") + ".metadata";
    forbid_annotation(&path, annotated, settings, verdict);
}

/// Demands a storage class of the claim whose `spec` is at `path`, of which the last `missing`
/// segments are not there yet.
fn demand(
    owner: &str,
    class: Option<&str>,
    path: &[&str],
    missing: usize,
    settings: &Settings,
    verdict: &mut Verdict,
) {
    let allowed = &settings.prometheus_storage_classes;
    if class.is_some_and(|class| allowed.iter().any(|one| one == class)) {
        return;
    }
    let choice = match allowed.as_slice() {
        [one] => format!("{one:?}"),
        several => format!("one of {}", several.join(", ")),
    };
    let wrong = match class {
        Some("") => "is empty, which asks for no storage class at all".to_owned(),
        None => "is missing, which leaves the class to the cluster's default".to_owned(),
        Some(class) => format!("is {:?}", excerpt(class)),
    };
    let path: Vec<&str> = path.iter().copied().chain(["storageClassName"]).collect();
    verdict.violations.push(Violation {
        rule: NAME,
        field: path.join("."),
        message: format!("{owner}volumes of a Prometheus must use storage class {choice}, but the class here {wrong}"),
        witness: None,
        fix: allowed.first().map(|class| Fix {
            pointer: path.iter().map(|&segment| segment.to_owned()).collect(),
            value: Value::from(class.as_str()),
            missing,
        }),
    });
}
