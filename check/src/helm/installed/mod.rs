//! What Argo CD and Flux install: the releases that their manifests describe, with chart, namespace and values. What such a
//! release needs and is not there is told; it is not judged then.

mod application;
mod application_set;
mod helm_release;
mod repository;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path as File, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use super::Release;
use super::chart_source::ChartSource;
use super::home::Home;
use super::placeholders::Placeholders;
use super::values::{self, Path};
use crate::chart::Chart;
use crate::input::Input;
use crate::judge::Outcome;
use crate::manifest::{Name, is_namespace, is_release};
use crate::unjudged::Unjudged;
use crate::yaml::{self, Node};
use repository::Repository;

/// What describes releases: the API group and the kind.
const KINDS: [(&str, &str); 3] = [
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
];

/// What the manifests do not say.
#[derive(Debug)]
pub struct Given<'a> {
    /// The charts, by their names.
    pub charts: &'a BTreeMap<String, ChartSource>,
    /// The namespace of releases that name none.
    pub namespace: Option<&'a str>,
    /// Flags of `helm template`.
    pub flags: &'a [OsString],
    /// Whether objects that the policy has no fix for are turned off, where a value does that.
    pub turn_off: bool,
}

/// The releases of some manifests.
#[derive(Debug)]
pub struct Installed {
    /// The manifests.
    pub inputs: Vec<Input>,
    /// The releases.
    pub releases: Vec<Release>,
    /// What cannot be read or is not judged, by the index of its manifest.
    pub outcomes: Vec<Outcome>,
    /// The values that stand in manifests, as files for Helm.
    folder: TempDir,
}

/// An object of a manifest.
#[derive(Debug)]
struct Object {
    input: usize,
    document: usize,
    range: Range<usize>,
    /// The bytes of its name.
    place: Range<usize>,
    file: PathBuf,
    /// Where it is in its document.
    field: Path,
    content: Value,
}

/// A release, as an object describes it.
struct Described {
    name: String,
    namespace: Option<String>,
    chart: (PathBuf, Option<String>),
    /// Its values; a later one wins.
    values: Vec<Values>,
    /// Values that are set, as flags.
    set: Vec<(&'static str, String)>,
    /// Where values can stand that win over all of these.
    last: Home,
    /// What was filled into the template that it is described by.
    placeholders: Option<Placeholders>,
}

/// Values of a release.
enum Values {
    /// A file, and whether it is in the repository.
    File(PathBuf, bool),
    /// A text, and where it stands.
    Text(String, Home),
    /// What is YAML in a manifest, and where it stands.
    Here(Value, Home),
}

/// What the objects of a manifest can refer to.
struct Around<'a> {
    repository: Option<Repository>,
    charts: &'a BTreeMap<String, ChartSource>,
    objects: &'a [Object],
}

/// Releases, or a sentence that says why one is not judged.
type Found = Vec<Result<Described, String>>;

impl Installed {
    /// The releases of these files; none if no object in them describes one.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or nothing can be written for Helm.
    pub fn read(files: &[PathBuf], given: &Given<'_>) -> Result<Option<Self>> {
        let inputs = files.iter().map(|file| Input::read(file));
        let mut installed = Self {
            inputs: inputs.collect::<Result<_>>()?,
            releases: Vec::new(),
            outcomes: Vec::new(),
            folder: tempfile::tempdir().context("cannot make a folder for values")?,
        };
        let objects = installed.objects();
        let mut is_any = !installed.outcomes.is_empty();
        for object in &objects {
            let around = Around {
                repository: Repository::around(&object.file),
                charts: given.charts,
                objects: &objects,
            };
            let found = match object.kind() {
                Some("Application") => {
                    application::described(object, &object.content, &[], &around)
                }
                Some("ApplicationSet") => application_set::described(object, &around),
                Some("HelmRelease") => helm_release::described(object, &around),
                _ => continue,
            };
            is_any = true;
            for one in found {
                let release = match one {
                    Ok(described) => installed.release(described, object, given)?,
                    Err(reason) => Err(object.unjudged(reason)),
                };
                match release {
                    Ok(release) => installed.releases.push(release),
                    Err(outcome) => installed.outcomes.push(outcome),
                }
            }
        }
        Ok(is_any.then_some(installed))
    }

    /// The objects of the inputs. What cannot be read, and may describe a release, gets an outcome.
    fn objects(&mut self) -> Vec<Object> {
        let mut objects = Vec::new();
        for (index, input) in self.inputs.iter().enumerate() {
            for (document, range) in yaml::documents(&input.text).into_iter().enumerate() {
                let text = &input.text[range.clone()];
                let root = match Node::read(text, range.start) {
                    Ok(root) => root,
                    Err(broken) => {
                        let is_kind = |(_, kind): &(&str, &str)| {
                            text.lines()
                                .any(|line| line.trim() == format!("kind: {kind}"))
                        };
                        if KINDS.iter().any(is_kind) {
                            let place = broken.offset..broken.offset + 1;
                            let message = broken.message;
                            self.outcomes
                                .push(Outcome::unreadable(index, range, message, place));
                        }
                        continue;
                    }
                };
                let mut add = |node: &Node, field: Path| {
                    objects.push(Object {
                        input: index,
                        document,
                        range: range.clone(),
                        place: node.field("metadata.name"),
                        file: input.path.clone().unwrap_or_default(),
                        field,
                        content: node.value(),
                    });
                };
                match root.get("items") {
                    Some(items) if root.get("kind").and_then(Node::text) == Some("List") => {
                        for item in 0.. {
                            let Some(node) = items.item(item) else { break };
                            add(node, vec!["items".to_owned(), item.to_string()]);
                        }
                    }
                    _ => add(&root, Path::new()),
                }
            }
        }
        objects
    }

    /// The outcome of values that are no mapping.
    fn unreadable(&self, text: &str, stands: &Home, object: &Object) -> Outcome {
        let message = match Node::read(text, 0) {
            Err(broken) => format!("these values are no YAML: {}", broken.message),
            Ok(_) => "expected a mapping of values".to_owned(),
        };
        let is_its = |input: &Input| input.path.as_deref() == Some(stands.file());
        let input = self.inputs.iter().position(is_its).unwrap_or(object.input);
        let place = stands.place(&self.inputs[input], &[]);
        Outcome::unreadable(input, place.clone(), message, place)
    }

    /// The release, with files for Helm.
    fn release(
        &self,
        described: Described,
        object: &Object,
        given: &Given<'_>,
    ) -> Result<Result<Release, Outcome>> {
        let name = described.name;
        if !is_release(&name) {
            let reason = format!("not judged, for no release can be called {name:?}");
            return Ok(Err(object.unjudged(reason)));
        }
        let namespace = described.namespace.as_deref().or(given.namespace);
        let Some(namespace) = namespace.filter(|it| is_namespace(it)) else {
            let reason = "not judged, for it does not say which namespace it installs into; -n NAMESPACE does";
            return Ok(Err(object.unjudged(reason.to_owned())));
        };
        let number = format!("{}-{}", self.releases.len(), object.input);
        let write = |index: usize, text: &str| {
            let file = self.folder.path().join(format!("{number}-{index}.yaml"));
            fs::write(&file, text).map(|()| file)
        };
        let mut files = Vec::new();
        let mut home = None;
        for (index, values) in described.values.into_iter().enumerate() {
            let (file, stands) = match values {
                Values::File(file, true) => (file.clone(), Some(Home::File(file))),
                Values::File(file, false) => (file, None),
                Values::Here(value, stands) => (write(index, &value.to_string())?, Some(stands)),
                Values::Text(text, stands) => {
                    if !values::read(&text).is_some_and(|it| it.is_object()) {
                        return Ok(Err(self.unreadable(&text, &stands, object)));
                    }
                    (write(index, &text)?, Some(stands))
                }
            };
            files.push(file);
            home = stands;
        }
        if home.is_none() {
            files.push(write(files.len(), "")?);
        }
        let mut flags = given.flags.to_vec();
        let plain = flags.clone();
        for (flag, set) in &described.set {
            flags.extend([(*flag).into(), set.into()]);
        }
        let (path, called) = described.chart;
        Ok(Ok(Release {
            target: files.last().cloned(),
            chart: Chart {
                path,
                release: name,
                namespace: namespace.to_owned(),
                values: files,
                flags,
                called,
            },
            flags: plain,
            set: described.set.into_iter().map(|(_, set)| set).collect(),
            set_by: "by a parameter of the Application",
            turn_off: given.turn_off,
            placeholders: described.placeholders,
            home: Some(home.unwrap_or(described.last)),
        }))
    }
}

impl Object {
    /// Its kind, if it describes releases.
    fn kind(&self) -> Option<&str> {
        let kind = text(&self.content, "/kind")?;
        let (group, _) = text(&self.content, "/apiVersion")?.split_once('/')?;
        KINDS.contains(&(group, kind)).then_some(kind)
    }

    /// The outcome of a release of it that is not judged.
    fn unjudged(&self, reason: String) -> Outcome {
        let reason = Unjudged::Release(reason);
        let of = |pointer| text(&self.content, pointer).unwrap_or_default().to_owned();
        let name = Name {
            kind: of("/kind"),
            namespace: of("/metadata/namespace"),
            name: of("/metadata/name"),
        };
        Outcome {
            name: Some(name),
            ..Outcome::unjudged(self.input, self.range.clone(), reason, self.place.clone())
        }
    }

    /// A field of it, as where values stand.
    fn home(&self, field: &[&str]) -> Home {
        let field = field.iter().map(|it| (*it).to_owned());
        Home::Manifest {
            file: self.file.clone(),
            document: self.document,
            field: self.field.iter().cloned().chain(field).collect(),
        }
    }
}

impl Around<'_> {
    /// The chart that is given by this name, or by its last part.
    fn given(&self, name: &str) -> Result<(PathBuf, Option<String>), String> {
        let last = name
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(name);
        let source = self.charts.get(name).or_else(|| self.charts.get(last));
        let source = source.ok_or_else(|| {
            format!(
                "not judged, for its chart {name} is not here; give it with --chart {last}=PATH"
            )
        })?;
        Ok((source.folder.clone(), Some(last.to_owned())))
    }

    /// The chart at this path of the repository, or the one that is given.
    fn at(&self, path: &str) -> Result<(PathBuf, Option<String>), String> {
        let folder = self.repository.as_ref().and_then(|it| it.find(path));
        match folder.filter(|it| it.is_dir()) {
            Some(folder) if is_chart(&folder) => Ok((folder, None)),
            Some(_) => Err(format!(
                "not judged, for {path} is no chart: judge its manifests themselves"
            )),
            None => self.given(path),
        }
    }
}

/// Whether a folder is a chart.
fn is_chart(folder: &File) -> bool {
    folder.join("Chart.yaml").is_file()
}

/// The text at a JSON Pointer.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The items at a JSON Pointer.
fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let items = value.pointer(pointer).and_then(Value::as_array);
    items.map_or(&[], Vec::as_slice)
}
