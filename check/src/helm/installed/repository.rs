//! The repository around a manifest: the files that it names are looked for there, and nowhere else.

use std::path::{Path, PathBuf};

/// A repository on this machine.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    /// Its folder, as messages show it.
    root: PathBuf,
    /// Its folder without links.
    real: PathBuf,
}

impl Repository {
    /// The one around a file: the nearest folder that has `.git`.
    pub(super) fn around(file: &Path) -> Option<Self> {
        let file = std::path::absolute(file).ok()?;
        let root = file.ancestors().find(|it| it.join(".git").exists())?;
        let here = std::env::current_dir().ok();
        let shown = here.and_then(|here| root.strip_prefix(here).ok().map(Path::to_owned));
        Some(Self {
            real: root.canonicalize().ok()?,
            root: shown.unwrap_or_else(|| root.to_owned()),
        })
    }

    /// What is at a path in it, if it is there.
    pub(super) fn find(&self, path: &str) -> Option<PathBuf> {
        self.inside(&self.root.join(".").join(path.trim_start_matches('/')))
    }

    /// A path that is there, and in it, by the shortest way; each file has one such path only.
    pub(super) fn inside(&self, path: &Path) -> Option<PathBuf> {
        let relative = self.relative(path)?;
        let is_root = relative.as_os_str().is_empty();
        Some(if is_root {
            self.root.join(".")
        } else {
            self.root.join(relative)
        })
    }

    /// Whether something is there, and in it.
    pub(super) fn has(&self, path: &Path) -> bool {
        is_in(path, &self.real)
    }

    /// The files in it that a glob matches.
    pub(super) fn matching(&self, pattern: &str) -> Vec<PathBuf> {
        let root = glob::Pattern::escape(&self.root.join(".").to_string_lossy());
        let pattern = format!("{root}/{}", pattern.trim_start_matches('/'));
        let found = glob::glob(&pattern).into_iter().flatten();
        let found = found.filter_map(Result::ok);
        found.filter(|it| it.is_file() && self.has(it)).collect()
    }

    /// The path of what is in it from its root.
    pub(super) fn relative(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        path.strip_prefix(&self.real).ok().map(Path::to_owned)
    }
}

/// Whether something is there, and in a folder. Links count as what they lead to.
pub(super) fn is_in(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (path.canonicalize(), folder.canonicalize());
    path.is_ok_and(|path| folder.is_ok_and(|folder| path.starts_with(folder)))
}
