//! What is read: files, folders, globs and standard input, and places in their texts.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

/// The path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// The extensions of the manifests that are looked for in folders.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A text with manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file; none for standard input.
    pub path: Option<PathBuf>,
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
        Self { path, text, lines }
    }

    /// Reads a file, or standard input.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self> {
        if path == Path::new(STANDARD_INPUT) {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            return Ok(Self::new(None, text));
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self::new(Some(path.to_owned()), text))
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "<stdin>".to_owned(),
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

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// The files that a path stands for, in order: those below a folder, those that a glob matches, or
/// itself.
///
/// # Errors
///
/// If there is none.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path == Path::new(STANDARD_INPUT) || path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        return below(path);
    }
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        // A pipe is neither of both; what does not exist is told when it is read.
        return Ok(vec![path.to_owned()]);
    }
    let matches = glob::glob(&text).with_context(|| format!("{text} is no glob"))?;
    let mut found = Vec::new();
    for path in matches {
        let path = path?;
        if path.is_dir() {
            found.extend(below(&path)?);
        } else {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!("no file matches {text}");
    }
    Ok(found)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let extension = entry.path().extension();
        let is_manifest = EXTENSIONS
            .iter()
            .any(|one| extension.is_some_and(|it| it == *one));
        if is_manifest && !entry.file_type().is_dir() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
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
            let found = files(&folder.path().join(pattern))?;
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
