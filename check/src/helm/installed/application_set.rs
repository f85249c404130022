//! The `ApplicationSet` of Argo CD: an application for each element of its lists, and for each file of its repository that it
//! names. Only the simple placeholders are replaced, `{{name}}` and `{{.name}}`.

use std::path::Path as File;

use serde_json::{Map, Value};

use super::{Around, Found, Object, application, items, text};
use crate::helm::placeholders::{Parameters, Placeholders};
use crate::helm::values;
use crate::input::Input;

/// The releases of the applications.
pub(super) fn described(object: &Object, around: &Around<'_>) -> Found {
    let set = &object.content;
    let all = match parameters(set, around) {
        Ok(all) => all,
        Err(reason) => return vec![Err(reason)],
    };
    let template = &set["spec"]["template"];
    let is_go = set["spec"]["goTemplate"] == true;
    let of = |parameters: Parameters| {
        let placeholders = Placeholders { parameters, is_go };
        let application = match placeholders.filled(template) {
            Ok(application) => application,
            Err(reason) => return vec![Err(reason)],
        };
        let field = ["spec", "template"].map(str::to_owned);
        let mut found = application::described(object, &application, &field, around);
        for described in found.iter_mut().flatten() {
            described.placeholders = Some(placeholders.clone());
        }
        found
    };
    all.into_iter().flat_map(of).collect()
}

/// What the generators have for each application.
fn parameters(set: &Value, around: &Around<'_>) -> Result<Vec<Parameters>, String> {
    if set.pointer("/spec/templatePatch").is_some() {
        return Err("not judged, for its `templatePatch` is not read".to_owned());
    }
    let mut all = Vec::new();
    for generator in items(set, "/spec/generators") {
        let unread = || {
            let names = generator.as_object().into_iter().flat_map(Map::keys);
            let names: Vec<&str> = names.map(String::as_str).collect();
            format!(
                "not judged, for its generator ({}) is not read: only plain lists and files in git are",
                names.join(", ")
            )
        };
        let only = generator.as_object().filter(|it| it.len() == 1);
        let (kind, content) = only.and_then(|it| it.iter().next()).ok_or_else(unread)?;
        let has_only = |names: &[&str]| {
            let mut keys = content.as_object().into_iter().flat_map(Map::keys);
            keys.all(|key| names.contains(&key.as_str()))
        };
        match kind.as_str() {
            "list" if has_only(&["elements"]) => {
                all.extend(items(content, "/elements").iter().map(flat));
            }
            "git" if has_only(&["repoURL", "revision", "files", "requeueAfterSeconds"]) => {
                for file in items(content, "/files") {
                    // What else a file has may leave it out.
                    let is_plain = file.as_object().is_some_and(|it| it.len() == 1);
                    let pattern = text(file, "/path").filter(|_| is_plain);
                    let pattern = pattern.ok_or_else(unread)?;
                    all.extend(of_files(pattern, around)?);
                }
            }
            _ => return Err(unread()),
        }
    }
    Ok(all)
}

/// What the files have that a glob matches.
fn of_files(pattern: &str, around: &Around<'_>) -> Result<Vec<Parameters>, String> {
    let repository = around.repository.as_ref();
    let files = repository
        .map(|it| it.matching(pattern))
        .unwrap_or_default();
    if files.is_empty() {
        return Err(format!(
            "not judged, for its generator reads {pattern}, and no such file is in this repository"
        ));
    }
    let mut all = Vec::new();
    for file in files {
        let content = Input::read(&file)
            .ok()
            .and_then(|it| values::read(&it.text));
        let Some(content) = content else {
            let name = file.display();
            return Err(format!(
                "not judged, for {name}, which its generator reads, is no YAML"
            ));
        };
        let elements = content.as_array().cloned().unwrap_or_else(|| vec![content]);
        let path = repository.and_then(|it| it.relative(&file));
        for element in elements {
            let mut parameters = flat(&element);
            add_path(&mut parameters, &path.clone().unwrap_or_default());
            all.push(parameters);
        }
    }
    Ok(all)
}

/// The parameters that tell where a file is. With Go's templates, the folder is `path.path`.
fn add_path(parameters: &mut Parameters, file: &File) {
    let folder = file.parent().unwrap_or(File::new(""));
    let shown =
        |name: Option<&std::ffi::OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
    for (name, value) in [
        ("path", folder.to_string_lossy().into_owned()),
        ("path.path", folder.to_string_lossy().into_owned()),
        ("path.basename", shown(folder.file_name())),
        ("path.filename", shown(file.file_name())),
    ] {
        parameters.insert(name.to_owned(), value);
    }
}

/// The texts of an element, by their paths with dots.
fn flat(element: &Value) -> Parameters {
    fn add(path: &str, value: &Value, parameters: &mut Parameters) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let dot = if path.is_empty() { "" } else { "." };
                    add(&format!("{path}{dot}{name}"), value, parameters);
                }
            }
            Value::String(text) => {
                parameters.insert(path.to_owned(), text.clone());
            }
            Value::Bool(_) | Value::Number(_) => {
                parameters.insert(path.to_owned(), value.to_string());
            }
            Value::Null | Value::Array(_) => {}
        }
    }
    let mut parameters = Parameters::new();
    add("", element, &mut parameters);
    parameters
}
