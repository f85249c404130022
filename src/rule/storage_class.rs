//! Rule `storage-class`: the volume of a Prometheus has one of the storage classes meant for it.

use serde_json::Value;

use crate::resource::Object;
use crate::resource::persistent_volume_claim::{Ownership, Spec, ownership};
use crate::settings::Settings;
use crate::verdict::{Fix, Verdict, Violation};

/// The rule's name.
pub const NAME: &str = "storage-class";

/// Judges a claim, and how it was before, if it was.
///
/// # Errors
///
/// A sentence that names the field that cannot be read.
pub fn judge(
    object: &Object<'_>,
    old: Option<&Object<'_>>,
    name: &str,
    settings: &Settings,
    verdict: &mut Verdict,
) -> Result<(), String> {
    let spec: Spec = object.spec()?;
    let Some(ownership) = ownership(object, name) else {
        return Ok(());
    };
    let class = spec.storage_class_name.as_deref();
    // The volume controllers update claims all the time, and nobody can change a class.
    if let Some(old) = old
        && let Ok(old) = old.spec::<Spec>()
        && old.storage_class_name.as_deref() == class
    {
        return Ok(());
    }
    let allowed = &settings.prometheus_storage_classes;
    if class.is_some_and(|class| allowed.iter().any(|one| one == class)) {
        return Ok(());
    }
    let choice = match allowed.as_slice() {
        [one] => format!("{one:?}"),
        several => format!("one of {}", several.join(", ")),
    };
    let owner = match ownership {
        Ownership::Label(label) => format!("the claim is a Prometheus' (label {label})"),
        Ownership::Name => "the claim is a Prometheus' (by its name)".to_owned(),
    };
    let wrong = match class {
        Some("") => "is empty, which asks for no storage class at all".to_owned(),
        None => "is missing, which leaves the class to the cluster's default".to_owned(),
        Some(class) => format!("is {class:?}"),
    };
    verdict.violations.push(Violation {
        rule: NAME,
        field: "spec.storageClassName".to_owned(),
        message: format!("{owner}, so its class must be {choice}, but it {wrong}"),
        witness: None,
        fix: allowed.first().map(|class| Fix {
            pointer: ["spec", "storageClassName"].map(str::to_owned).to_vec(),
            value: Value::from(class.as_str()),
            missing: usize::from(object.spec.is_none()),
        }),
    });
    Ok(())
}
