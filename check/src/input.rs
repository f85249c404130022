//! What is read: files, folders, globs and standard input, and places in their texts.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use walkdir::WalkDir;

use crate::chart::Chart;
use crate::config;
use crate::unjudged::Unjudged;

/// The path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// The extensions of the manifests that are looked for in folders.
pub const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// What describes a chart, in its folder.
const CHART: &str = "Chart.yaml";

/// What describes a kustomization, in its folder.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A text with manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file; none for standard input and for what Helm renders.
    pub path: Option<PathBuf>,
    /// The chart that Helm rendered to it.
    pub chart: Option<Chart>,
    /// Its text.
    pub text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Input {
    /// The text of a file; of standard input, if there is no path.
    #[must_use]
    pub fn new(path: Option<PathBuf>, text: String) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self {
            path,
            chart: None,
            text,
            lines,
        }
    }

    /// The text that Helm rendered of a chart.
    #[must_use]
    pub fn rendered(chart: Chart, text: String) -> Self {
        Self {
            chart: Some(chart),
            ..Self::new(None, text)
        }
    }

    /// Reads a file, or standard input.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no text in UTF-8.
    pub fn read(path: &Path) -> Result<Self> {
        if path == Path::new(STANDARD_INPUT) {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            return Ok(Self::new(
                None,
                text(bytes).context("cannot read standard input")?,
            ));
        }
        let cannot_read = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(path).with_context(cannot_read)?;
        let text = text(bytes).with_context(cannot_read)?;
        Ok(Self::new(Some(path.to_owned()), text))
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.path, &self.chart) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(chart)) => chart.name(),
            (None, None) => "<stdin>".to_owned(),
        }
    }

    /// Where the byte is at this offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        Place {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            anyhow!("it is UTF-16; save it as UTF-8")
        } else if bytes.contains(&0) {
            anyhow!("it is binary")
        } else {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .split(|byte| *byte == b'\n')
                .count();
            anyhow!("its line {line} is not UTF-8")
        }
    })
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// What a path stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The files, in order; [`STANDARD_INPUT`] may be one of them.
    pub files: Vec<PathBuf>,
    /// What is passed over, and why.
    pub unjudged: Vec<(PathBuf, Unjudged)>,
}

/// What a path stands for: the files below a folder, those that a glob matches, or itself. Charts and
/// kustomizations are passed over, for their files are no manifests yet.
///
/// # Errors
///
/// If there is nothing.
pub fn find(path: &Path) -> Result<Found> {
    let mut found = Found::default();
    if path == Path::new(STANDARD_INPUT) {
        found.files.push(path.to_owned());
        return Ok(found);
    }
    let text = path.to_string_lossy();
    if path.exists() || !text.contains(['*', '?', '[']) {
        // What does not exist is told when it is read.
        found.add(path.to_owned())?;
        return Ok(found);
    }
    let matches = glob::glob(&text).with_context(|| format!("{text} is no glob"))?;
    for path in matches {
        found.add(path?)?;
    }
    if found == Found::default() {
        bail!("no file matches {text}");
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, path: PathBuf) -> Result<()> {
        if path.is_dir() {
            return self.add_below(path);
        }
        let is_kustomization = |name: &&str| path.file_name().is_some_and(|it| it == *name);
        if let Some(chart) = chart_around(&path) {
            self.pass_over(chart, Unjudged::Chart);
        } else if KUSTOMIZATIONS.iter().any(is_kustomization) {
            self.pass_over(folder_of(&path), Unjudged::Kustomization);
        } else {
            self.files.push(path);
        }
        Ok(())
    }

    fn add_below(&mut self, folder: PathBuf) -> Result<()> {
        let before = (self.files.len(), self.unjudged.len());
        let mut entries = WalkDir::new(&folder).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if entry.file_type().is_dir() {
                if let Some(reason) = passed_over(entry.path()) {
                    self.pass_over(entry.into_path(), reason);
                    entries.skip_current_dir();
                }
                continue;
            }
            let extension = entry.path().extension();
            if entry.file_name() == config::NAME {
                continue;
            }
            if EXTENSIONS
                .iter()
                .any(|one| extension.is_some_and(|it| it == *one))
            {
                self.files.push(entry.into_path());
            }
        }
        if before == (self.files.len(), self.unjudged.len()) {
            self.pass_over(folder, Unjudged::NoManifest);
        }
        Ok(())
    }

    fn pass_over(&mut self, path: PathBuf, reason: Unjudged) {
        let entry = (path, reason);
        if !self.unjudged.contains(&entry) {
            self.unjudged.push(entry);
        }
    }
}

/// Why the files of a folder are no manifests, if they are none.
fn passed_over(folder: &Path) -> Option<Unjudged> {
    let has = |names: &[&str]| names.iter().any(|name| folder.join(name).is_file());
    if has(&[CHART]) {
        Some(Unjudged::Chart)
    } else if has(&KUSTOMIZATIONS) {
        Some(Unjudged::Kustomization)
    } else {
        None
    }
}

/// The chart of which a file is a template, its description or its values.
fn chart_around(file: &Path) -> Option<PathBuf> {
    let is_templates = |folder: &&Path| folder.file_name().is_some_and(|name| name == "templates");
    let is_described = |chart: &Path| chart.join(CHART).is_file();
    let mut templates = file.ancestors().filter(is_templates);
    if let Some(templates) = templates.find(|it| it.parent().is_some_and(is_described)) {
        return Some(folder_of(templates));
    }
    let name = file.file_name()?.to_string_lossy();
    let is_its_own = name == CHART || name.starts_with("values");
    (is_its_own && is_described(&folder_of(file))).then(|| folder_of(file))
}

/// The folder of a file.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, 1, 1)]
    #[case(2, 1, 2)]
    #[case(4, 2, 1)]
    #[case(6, 2, 3)]
    #[case(7, 3, 1)]
    fn a_place_counts_characters(
        #[case] offset: usize,
        #[case] line: usize,
        #[case] column: usize,
    ) {
        let text = "é\r\nab\n".to_owned();
        let input = Input::new(None, text);
        assert_eq!(input.place(offset), Place { line, column });
    }

    #[test]
    fn a_glob_and_a_folder_find_the_same_files() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("b"))?;
        for name in ["b/c.yaml", "a.yml", "d.json", "e.txt"] {
            std::fs::write(folder.path().join(name), "")?;
        }
        let names = |pattern: &str| -> Result<Vec<String>> {
            let found = find(&folder.path().join(pattern))?.files;
            let name = |path: &PathBuf| Ok(path.strip_prefix(folder.path())?.display().to_string());
            found.iter().map(name).collect()
        };
        assert_eq!(names("")?, ["a.yml", "b/c.yaml", "d.json"]);
        assert_eq!(names("*.y*ml")?, ["a.yml"]);
        assert_eq!(names("**/*.yaml")?, ["b/c.yaml"]);
        assert_eq!(names("?")?, ["b/c.yaml"]);
        let error = names("*.toml").unwrap_err().to_string();
        assert!(error.starts_with("no file matches"), "{error}");
        Ok(())
    }
}
