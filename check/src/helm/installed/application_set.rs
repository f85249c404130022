//! The `ApplicationSet` of Argo CD: an application for each element of its lists, and for each file of its repository that it
//! names. Only the simple placeholders are replaced, `{{name}}` and `{{.name}}`.

use std::collections::BTreeMap;
use std::path::Path as File;

use serde_json::{Map, Value};

use super::{Around, Found, Object, application, items, text};
use crate::helm::values;
use crate::input::Input;

/// What placeholders stand for, by their names.
type Parameters = BTreeMap<String, String>;

/// The releases of the applications.
pub(super) fn described(object: &Object, around: &Around<'_>) -> Found {
    let set = &object.content;
    let all = match parameters(set, around) {
        Ok(all) => all,
        Err(reason) => return vec![Err(reason)],
    };
    let template = &set["spec"]["template"];
    let is_go = set["spec"]["goTemplate"] == true;
    let of = |parameters: &Parameters| match replaced(template, parameters, is_go) {
        Ok(application) => {
            let field = ["spec", "template"].map(str::to_owned);
            application::described(object, &application, &field, around)
        }
        Err(reason) => vec![Err(reason)],
    };
    all.iter().flat_map(of).collect()
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
                    let pattern = text(file, "/path").ok_or_else(unread)?;
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

/// The template with its placeholders replaced.
fn replaced(template: &Value, parameters: &Parameters, is_go: bool) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => Value::String(filled(text, parameters, is_go)?),
        Value::Array(items) => {
            let items = items.iter().map(|it| replaced(it, parameters, is_go));
            items.collect::<Result<_, _>>()?
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                Ok((
                    filled(key, parameters, is_go)?,
                    replaced(value, parameters, is_go)?,
                ))
            };
            members.iter().map(member).collect::<Result<_, String>>()?
        }
        _ => template.clone(),
    })
}

fn filled(text: &str, parameters: &Parameters, is_go: bool) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
        let name = inner.trim();
        let name = if is_go {
            name.strip_prefix('.')
        } else {
            Some(name)
        };
        let value = name.and_then(|name| parameters.get(name)).ok_or_else(|| {
            format!("not judged, for {{{{{inner}}}}} in its template is none of the simple placeholders that are replaced")
        })?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("a-{{ x }}-{{y.z}}", false, Some("a-1-b"))]
    #[case("a-{{.x}}-{{ .y.z }}", true, Some("a-1-b"))]
    #[case("plain", false, Some("plain"))]
    #[case("{{unknown}}", false, None)]
    #[case("{{ .x | upper }}", true, None)]
    #[case("{{x}}", true, None)]
    #[case("{{ range .y }}", true, None)]
    fn simple_placeholders_are_replaced(
        #[case] text: &str,
        #[case] is_go: bool,
        #[case] expected: Option<&str>,
    ) {
        let parameters = flat(&json!({"x": 1, "y": {"z": "b"}}));
        assert_eq!(filled(text, &parameters, is_go).ok().as_deref(), expected);
    }
}
