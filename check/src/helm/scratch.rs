//! A copy of a chart for experiments: without the schemas, with a template that prints the values that the chart's
//! templates see, and with the templates of some objects only, so that fewer can fail.
//!
//! The default values of the copy are empty: what is printed has them already, and is given back as the only file of
//! values.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use super::values;
use crate::chart::Chart;
use crate::yaml::Node;

/// The template that prints the values, and what stands before them.
const PRINTER: &str = "templates/env-isolation-values.yaml";
const PRINTED: &str = "envIsolationValues: ";

/// How large a chart may be, in bytes, unpacked.
const MAX_SIZE: u64 = 1 << 28;

/// A copy of a chart.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// The texts of the templates, each with the paths of the values of the charts that it belongs to.
    pub templates: Vec<Template>,
}

/// A template of a chart, or of a chart in it.
#[derive(Clone, Debug)]
pub struct Template {
    file: PathBuf,
    /// Where the values of its chart are in those of the outermost one. A chart may be there more than once, by aliases.
    pub prefixes: Vec<values::Path>,
    /// Its text.
    pub text: String,
}

impl Scratch {
    /// A copy of the chart in this folder.
    ///
    /// # Errors
    ///
    /// If the chart cannot be copied.
    pub fn new(chart: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for a copy of the chart")?;
        let mut scratch = Self {
            folder,
            templates: Vec::new(),
        };
        copy(chart, &scratch.chart())?;
        scratch.prepare(&scratch.chart(), &[Vec::new()])?;
        fs::create_dir_all(scratch.chart().join("templates"))?;
        let printer = format!("{PRINTED}{{{{ .Values | toJson }}}}\n");
        fs::write(scratch.chart().join(PRINTER), printer)?;
        Ok(scratch)
    }

    fn chart(&self) -> PathBuf {
        self.folder.path().join("chart")
    }

    /// Makes the chart in this folder, whose values are at these paths, ready, and those in it.
    fn prepare(&mut self, folder: &Path, prefixes: &[values::Path]) -> Result<()> {
        let _ = fs::remove_file(folder.join("values.schema.json"));
        let aliases = aliases(folder);
        for entry in entries(&folder.join("charts")) {
            let is_archive = entry.extension().is_some_and(|it| it == "tgz");
            if is_archive {
                let into = entry.with_extension("");
                unpack(&entry, &into)?;
                fs::remove_file(&entry)?;
            }
        }
        for chart in entries(&folder.join("charts")) {
            // What is unpacked lies one folder deeper.
            let inner = entries(&chart)
                .into_iter()
                .find(|it| it.join("Chart.yaml").is_file());
            let chart = if chart.join("Chart.yaml").is_file() {
                chart
            } else if let Some(inner) = inner {
                let into = chart.with_extension("chart");
                fs::rename(inner, &into)?;
                fs::remove_dir_all(&chart)?;
                into
            } else {
                continue;
            };
            let name = name_of(&chart);
            let names = aliases
                .get(&name)
                .cloned()
                .unwrap_or_else(|| BTreeSet::from([name]));
            let below = |prefix: &values::Path| {
                let with = |name: &String| prefix.iter().chain([name]).cloned().collect();
                names.iter().map(with).collect::<Vec<values::Path>>()
            };
            let prefixes: Vec<values::Path> = prefixes.iter().flat_map(below).collect();
            self.prepare(&chart, &prefixes)?;
        }
        let files = WalkDir::new(folder.join("templates")).sort_by_file_name();
        for entry in files.into_iter().filter_map(Result::ok) {
            if !entry.file_type().is_file() {
                continue;
            }
            // What cannot be read as text defines nothing.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                self.templates.push(Template {
                    file: entry.into_path(),
                    prefixes: prefixes.to_vec(),
                    text,
                });
            }
        }
        Ok(())
    }

    /// Leaves only the templates that Helm calls so, and those that define something.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn keep(&mut self, names: &BTreeSet<String>) -> Result<()> {
        let names: BTreeSet<String> = names.iter().map(|name| tail(name)).collect();
        let is_kept = |template: &Template| {
            template.text.contains("define") || names.contains(&template.name())
        };
        let (kept, left) = std::mem::take(&mut self.templates)
            .into_iter()
            .partition(is_kept);
        self.templates = kept;
        // Another template may include it, for a checksum.
        let left: Vec<Template> = left;
        for template in left {
            fs::write(&template.file, "")?;
        }
        Ok(())
    }

    /// The chart as the copy of this one, with nothing but these values and flags.
    ///
    /// # Errors
    ///
    /// If the values cannot be written.
    pub fn with(&self, chart: &Chart, values: &Value, flags: &[OsString]) -> Result<Chart> {
        let file = self.folder.path().join("values.json");
        fs::write(&file, values.to_string())?;
        Ok(Chart {
            path: self.chart(),
            values: vec![file],
            flags: flags.to_vec(),
            ..chart.clone()
        })
    }

    /// The chart as the copy of this one, with the same values.
    #[must_use]
    pub fn of(&self, chart: &Chart) -> Chart {
        Chart {
            path: self.chart(),
            ..chart.clone()
        }
    }

    /// Empties the default values of the copy, for the values that are given from now on have them, and prints no values
    /// any more.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn forget_defaults(&self) -> Result<()> {
        fs::remove_file(self.chart().join(PRINTER))?;
        let files = WalkDir::new(self.chart())
            .into_iter()
            .filter_map(Result::ok);
        for entry in files {
            let folder = entry.path().parent().unwrap_or(Path::new(""));
            if entry.file_name() == "values.yaml" && folder.join("Chart.yaml").is_file() {
                fs::write(entry.path(), "")?;
            }
        }
        Ok(())
    }
}

impl Template {
    /// What it is called in its chart.
    #[must_use]
    pub fn name(&self) -> String {
        tail(&self.file.to_string_lossy().replace('\\', "/"))
    }
}

/// What a template is called in its chart, of what Helm calls it. Two charts may have one of the same name.
#[must_use]
pub fn tail(name: &str) -> String {
    let tail = name.rsplit_once("/templates/");
    tail.map_or(name, |(_, tail)| tail).to_owned()
}

/// The values that a rendering of a copy prints.
#[must_use]
pub fn printed(text: &str) -> Option<Value> {
    let line = text.lines().find_map(|line| line.strip_prefix(PRINTED))?;
    serde_json::from_str(line).ok()
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = found.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found
}

fn described(chart: &Path) -> Option<Node> {
    let text = fs::read_to_string(chart.join("Chart.yaml")).ok()?;
    Node::read(&text, 0).ok()
}

fn name_of(chart: &Path) -> String {
    let node = described(chart);
    let name = node.as_ref().and_then(|node| node.get("name")?.text());
    let folder = || {
        chart
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    name.map_or_else(folder, str::to_owned)
}

/// The names by which a chart has its dependencies, by their own names.
fn aliases(chart: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut aliases = BTreeMap::new();
    let node = described(chart);
    let dependencies = node.as_ref().and_then(|node| node.get("dependencies"));
    for index in 0.. {
        let Some(dependency) = dependencies.and_then(|list| list.item(index)) else {
            break;
        };
        let text = |key| dependency.get(key).and_then(Node::text);
        if let Some(name) = text("name") {
            let alias = text("alias").unwrap_or(name).to_owned();
            aliases
                .entry(name.to_owned())
                .or_insert_with(BTreeSet::new)
                .insert(alias);
        }
    }
    aliases
}

/// Copies a folder; links are followed, as Helm follows them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut size = 0;
    let entries = WalkDir::new(from).follow_links(true).sort_by_file_name();
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            size += entry.metadata()?.len();
            if size > MAX_SIZE {
                bail!("the chart is larger than {MAX_SIZE} bytes");
            }
            fs::write(&target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// Unpacks the archive of a chart into a folder.
///
/// # Errors
///
/// If it is none, or too large.
pub fn unpack(archive: &Path, into: &Path) -> Result<()> {
    let name = || format!("cannot unpack {}", archive.display());
    let file = File::open(archive).with_context(name)?;
    fs::create_dir_all(into).with_context(name)?;
    let mut archive = tar::Archive::new(GzDecoder::new(file).take(MAX_SIZE));
    for entry in archive.entries().with_context(name)? {
        let mut entry = entry.with_context(name)?;
        // Nothing is ever written through a link.
        let kind = entry.header().entry_type();
        if kind.is_file() || kind.is_dir() {
            entry.unpack_in(into).with_context(name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An archive with a file in it, and a link that leads out of it.
    fn archive(at: &Path, link: &Path) -> Result<()> {
        let writer = flate2::write::GzEncoder::new(File::create(at)?, flate2::Compression::fast());
        let mut archive = tar::Builder::new(writer);
        let mut header = tar::Header::new_gnu();
        let text = b"name: exporter\n";
        header.set_size(text.len().try_into()?);
        header.set_mode(0o644);
        archive.append_data(&mut header, "exporter/Chart.yaml", text.as_slice())?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "exporter/values.yaml", link)?;
        archive.into_inner()?.finish()?.flush()?;
        Ok(())
    }

    #[test]
    fn nothing_outside_of_the_copy_is_written() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (chart, outside) = (folder.path().join("shop"), folder.path().join("outside"));
        fs::write(&outside, "mine")?;
        fs::create_dir_all(chart.join("charts"))?;
        fs::create_dir_all(chart.join("templates"))?;
        fs::write(chart.join("Chart.yaml"), "name: shop\n")?;
        fs::write(chart.join("templates/a.yaml"), "a")?;
        archive(&chart.join("charts/exporter-0.1.0.tgz"), &outside)?;
        let mut scratch = Scratch::new(&chart)?;
        scratch.keep(&BTreeSet::new())?;
        scratch.forget_defaults()?;
        assert!(
            scratch
                .chart()
                .join("charts/exporter-0.1.chart/Chart.yaml")
                .is_file()
        );
        assert_eq!(fs::read_to_string(outside)?, "mine");
        assert_eq!(fs::read_to_string(chart.join("templates/a.yaml"))?, "a");
        assert!(chart.join("charts/exporter-0.1.0.tgz").is_file());
        Ok(())
    }
}
