//! Manifests, and the admission requests that the API server would make of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use prometheus_env_isolation_policy::resource::Kind;
use serde_json::{Value, json};

/// The manifest files below a path, in order; the path itself if it is a file.
///
/// # Errors
///
/// If the path cannot be read.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = path
        .read_dir()
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let manifest = |extension| ["yaml", "yml", "json"].iter().any(|one| *one == extension);
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(manifest) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The objects of a text: documents of YAML or JSON, the items of lists one by one.
///
/// # Errors
///
/// If the text is not YAML.
pub fn objects(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    let mut objects = Vec::new();
    for document in documents {
        add(document, &mut objects);
    }
    Ok(objects)
}

fn add(mut document: Value, objects: &mut Vec<Value>) {
    let is_list = document["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"));
    if is_list && let Value::Array(items) = document["items"].take() {
        for item in items {
            add(item, objects);
        }
    } else if !document.is_null() {
        objects.push(document);
    }
}

/// The admission request for the creation of an object; none for kinds that the policy is not
/// about. `namespace` is that of objects that name none.
///
/// # Errors
///
/// If no namespace is known.
pub fn request(object: &Value, namespace: Option<&str>) -> Result<Option<Value>> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = object["kind"].as_str().unwrap_or_default();
    let Some(known) = Kind::of(group, kind) else {
        return Ok(None);
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let Some(namespace) = object["metadata"]["namespace"].as_str().or(namespace) else {
        bail!("{kind} {name:?} names no namespace; give one with --namespace");
    };
    Ok(Some(json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {
            "group": group,
            "version": version,
            "resource": known.resource(),
        },
        "name": name,
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": {"username": "env-isolation-check", "groups": null},
        "object": object,
        "oldObject": null,
        "dryRun": true,
        "options": null,
    })))
}
