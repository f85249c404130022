//! The `HelmRelease` of Flux.

use serde_json::Value;

use super::{Around, Described, Found, Object, Values, items, text};

/// The sources that are repositories of files, in which a chart is a path.
const REPOSITORIES: [&str; 2] = ["GitRepository", "Bucket"];

/// The key of the values in a `ConfigMap`, unless another one is named.
const VALUES: &str = "values.yaml";

/// The release.
pub(super) fn described(object: &Object, around: &Around<'_>) -> Found {
    vec![release(object, around)]
}

fn release(object: &Object, around: &Around<'_>) -> Result<Described, String> {
    let content = &object.content;
    let of = |pointer| text(content, pointer).filter(|it| !it.is_empty());
    for field in ["postRenderers", "commonMetadata"] {
        if content["spec"].get(field).is_some_and(|it| !it.is_null()) {
            return Err(format!(
                "not judged, for its `{field}` changes what Helm renders"
            ));
        }
    }
    let chart = match (content.pointer("/spec/chart"), of("/spec/chartRef/name")) {
        (Some(template), _) => chart(template, around)?,
        (None, Some(name)) => referred(content, name, around)?,
        (None, None) => return Err("not judged, for it names no chart".to_owned()),
    };
    let mut values = Vec::new();
    for from in items(content, "/spec/valuesFrom") {
        values.extend(values_from(object, from, around)?);
    }
    let home = object.home(&["spec", "values"]);
    let here = content.pointer("/spec/values").filter(|it| it.is_object());
    values.extend(here.map(|it| Values::Here(it.clone(), home.clone())));
    let name = of("/metadata/name").unwrap_or_default();
    let into = of("/spec/targetNamespace");
    let name = match (of("/spec/releaseName"), into) {
        (Some(name), _) => name.to_owned(),
        (None, Some(into)) => format!("{into}-{name}"),
        (None, None) => name.to_owned(),
    };
    Ok(Described {
        name,
        namespace: into.or(of("/metadata/namespace")).map(str::to_owned),
        chart,
        values,
        set: Vec::new(),
        last: home,
        placeholders: None,
    })
}

type Chart = (std::path::PathBuf, Option<String>);

/// The chart of a template for a `HelmChart`, or of one itself.
fn chart(template: &Value, around: &Around<'_>) -> Result<Chart, String> {
    if !items(template, "/spec/valuesFiles").is_empty() {
        return Err("not judged, for its `valuesFiles` are not read".to_owned());
    }
    let name = text(template, "/spec/chart").unwrap_or_default();
    let kind = text(template, "/spec/sourceRef/kind").unwrap_or_default();
    if REPOSITORIES.contains(&kind) {
        around.at(name)
    } else {
        around.given(name)
    }
}

/// The chart of the source that is referred to, if it is among the manifests, or the one that is given by its name.
fn referred(release: &Value, name: &str, around: &Around<'_>) -> Result<Chart, String> {
    let kind = text(release, "/spec/chartRef/kind").unwrap_or_default();
    let namespace = text(release, "/spec/chartRef/namespace");
    let namespace = namespace.or_else(|| text(release, "/metadata/namespace"));
    match find(kind, name, namespace, around) {
        Some(found) if kind == "HelmChart" => chart(&found.content, around),
        Some(found) => around.given(text(&found.content, "/spec/url").unwrap_or(name)),
        None => around.given(name),
    }
}

/// The values in a `ConfigMap`.
fn values_from(
    object: &Object,
    from: &Value,
    around: &Around<'_>,
) -> Result<Option<Values>, String> {
    let kind = text(from, "/kind").unwrap_or_default();
    let name = text(from, "/name").unwrap_or_default();
    if kind != "ConfigMap" {
        return Err(format!(
            "not judged, for its values come from the {kind} {name}"
        ));
    }
    if text(from, "/targetPath").is_some_and(|it| !it.is_empty()) {
        return Err("not judged, for the `targetPath` of its values is not read".to_owned());
    }
    let key = text(from, "/valuesKey").unwrap_or(VALUES);
    let namespace = text(&object.content, "/metadata/namespace");
    let found = find(kind, name, namespace, around);
    let text = found.and_then(|it| Some((it, it.content["data"].get(key)?.as_str()?)));
    match text {
        Some((map, text)) => {
            let home = map.home(&["data", key]);
            Ok(Some(Values::Text(text.to_owned(), home)))
        }
        None if found.is_none() => Err(format!(
            "not judged, for the ConfigMap {name} with its values is not among the manifests"
        )),
        None if from["optional"] == true => Ok(None),
        None => Err(format!("not judged, for the ConfigMap {name} has no {key}")),
    }
}

/// The object of this kind and name among the manifests. What names no namespace may be in any.
fn find<'a>(
    kind: &str,
    name: &str,
    namespace: Option<&str>,
    around: &Around<'a>,
) -> Option<&'a Object> {
    let is_it = |object: &&Object| {
        let of = |pointer| text(&object.content, pointer);
        let other = of("/metadata/namespace");
        let is_there = other.is_none() || namespace.is_none() || other == namespace;
        of("/kind") == Some(kind) && of("/metadata/name") == Some(name) && is_there
    };
    around.objects.iter().find(is_it)
}
