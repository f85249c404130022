//! A folder in which the program is run.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use walkdir::WalkDir;

/// A chart with what makes it hard.
pub(crate) const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shop-chart");

/// Helm, or nothing: then it says what is skipped.
pub(crate) fn helm() -> Option<String> {
    let helm = std::env::var("HELM").unwrap_or_else(|_| "helm".to_owned());
    if Command::new(&helm).arg("version").output().is_ok() {
        return Some(helm);
    }
    eprintln!("skipped: there is no helm on PATH, with which the chart of the tests is rendered");
    None
}

/// A folder, and the program in it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        place
    }

    /// With the chart in `shop`, too.
    pub(crate) fn with_shop(files: &[(&str, &str)]) -> Self {
        let place = Self::with(files);
        for entry in WalkDir::new(CHART) {
            let entry = entry.expect("a file");
            let name = entry.path().strip_prefix(CHART).expect("a path");
            let to = place.path().join("shop").join(name);
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).expect("a folder");
            } else {
                std::fs::copy(entry.path(), to).expect("a file");
            }
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on("", arguments)
    }

    pub(crate) fn run_on(&self, input: &str, arguments: &[&str]) -> Ran {
        Self::run_command(input, self.command().args(arguments))
    }

    /// The program in this folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_env-isolation-check"));
        command.current_dir(self.path());
        command
    }

    pub(crate) fn run_command(input: &str, command: &mut Command) -> Ran {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        // It may end before it has read everything.
        let _ = child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes());
        Ran::from(child.wait_with_output().expect("an end"))
    }
}

#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}
