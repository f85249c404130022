//! The `Application` of Argo CD: each of its sources that is a chart is a release.

use std::path::{Path as File, PathBuf};

use serde_json::Value;

use super::repository::is_in;
use super::{Around, Described, Found, Object, Values, items, text};

/// The releases of an application, whose `spec` is in this field of the object.
pub(super) fn described(
    object: &Object,
    application: &Value,
    field: &[String],
    around: &Around<'_>,
) -> Found {
    let sources = items(application, "/spec/sources");
    let name = text(application, "/metadata/name").unwrap_or_default();
    let namespace = text(application, "/spec/destination/namespace");
    let one = |index: Option<usize>, source: &Value| {
        let mut field = field.to_vec();
        field.push("spec".to_owned());
        match index {
            Some(index) => field.extend(["sources".to_owned(), index.to_string()]),
            None => field.push("source".to_owned()),
        }
        let mut described = release(object, source, sources, &field, around)?;
        described.namespace = namespace.filter(|it| !it.is_empty()).map(str::to_owned);
        if described.name.is_empty() {
            name.clone_into(&mut described.name);
        }
        Ok(described)
    };
    // What is only referred to installs nothing.
    let is_meant = |source: &Value| source["chart"].is_string() || source["path"].is_string();
    if sources.is_empty() {
        return match application.pointer("/spec/source") {
            Some(source) if is_meant(source) => vec![one(None, source)],
            _ => vec![Err("not judged, for it names no chart".to_owned())],
        };
    }
    let meant = sources.iter().enumerate().filter(|(_, it)| is_meant(it));
    meant.map(|(index, it)| one(Some(index), it)).collect()
}

fn release(
    object: &Object,
    source: &Value,
    sources: &[Value],
    field: &[String],
    around: &Around<'_>,
) -> Result<Described, String> {
    let chart = match (text(source, "/chart"), text(source, "/path")) {
        (Some(name), _) => around.given(name)?,
        (None, path) => around.at(path.unwrap_or_default())?,
    };
    for field in ["fileParameters", "namespace"] {
        if !source["helm"][field].is_null() {
            return Err(format!("not judged, for its `helm.{field}` is not read"));
        }
    }
    let home = |name| {
        let field: Vec<&str> = field.iter().map(String::as_str).collect();
        object.home(&[field.as_slice(), &["helm", name]].concat())
    };
    let is_lenient = source.pointer("/helm/ignoreMissingValueFiles") == Some(&true.into());
    let mut values = Vec::new();
    for file in items(source, "/helm/valueFiles") {
        let name = file.as_str().unwrap_or_default();
        match find(name, &chart.0, sources, around) {
            Some((file, is_ours)) => values.push(Values::File(file, is_ours)),
            None if is_lenient => {}
            None => {
                return Err(format!(
                    "not judged, for its file of values {name} is not here"
                ));
            }
        }
    }
    // Argo CD reads the text only where there is no object.
    match source.pointer("/helm/valuesObject") {
        Some(object) if object.is_object() => {
            values.push(Values::Here(object.clone(), home("valuesObject")));
        }
        _ => {
            let text = text(source, "/helm/values").filter(|it| !it.trim().is_empty());
            values.extend(text.map(|it| Values::Text(it.to_owned(), home("values"))));
        }
    }
    let mut set = Vec::new();
    for parameter in items(source, "/helm/parameters") {
        let (name, value) = (text(parameter, "/name"), text(parameter, "/value"));
        let (name, value) = (name.unwrap_or_default(), value.unwrap_or_default());
        if value.contains("$ARGOCD_") || value.contains("${ARGOCD_") {
            return Err(format!(
                "not judged, for its parameter {name} is made by Argo CD"
            ));
        }
        let is_text = parameter["forceString"] == Value::Bool(true);
        let flag = if is_text { "--set-string" } else { "--set" };
        set.push((flag, format!("{name}={}", escaped(value))));
    }
    Ok(Described {
        name: text(source, "/helm/releaseName")
            .unwrap_or_default()
            .to_owned(),
        namespace: None,
        chart,
        values,
        set,
        last: home("valuesObject"),
        placeholders: None,
    })
}

/// A file of values, and whether it is in the repository.
fn find(
    name: &str,
    chart: &File,
    sources: &[Value],
    around: &Around<'_>,
) -> Option<(PathBuf, bool)> {
    let repository = around.repository.as_ref();
    if let Some(name) = name.strip_prefix('$') {
        let (source, path) = name.split_once('/')?;
        let is_it = |it: &Value| it["ref"] == source;
        sources.iter().find(|it| is_it(it))?;
        let file = repository?.find(path)?;
        return file.is_file().then_some((file, true));
    }
    let ours = repository.filter(|it| it.has(chart));
    let file = match (name.strip_prefix('/'), ours) {
        (Some(path), Some(repository)) => repository.find(path)?,
        (path, _) => chart.join(path.unwrap_or(name)),
    };
    match ours.and_then(|it| it.inside(&file)) {
        Some(file) => file.is_file().then_some((file, true)),
        None => (file.is_file() && is_in(&file, chart)).then_some((file, false)),
    }
}

/// The value of a parameter as Argo CD gives it to Helm: its commas set no other value, unless it is a list.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut escaped = String::new();
    for character in value.chars() {
        if character == ',' && !escaped.is_empty() && !escaped.ends_with('\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
