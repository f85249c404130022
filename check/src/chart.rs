//! Charts. Helm renders them, as it would install them; nothing of a chart is read here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::input::Input;

/// The environment variable that names Helm's program, where it is not the one on `PATH`.
const PROGRAM: &str = "HELM";

/// The operator's kinds, by their versions. A chart may ask whether the cluster has them.
const KINDS: [(&str, &[&str]); 2] = [
    (
        "v1",
        &[
            "PodMonitor",
            "Probe",
            "Prometheus",
            "PrometheusRule",
            "ServiceMonitor",
            "ThanosRuler",
        ],
    ),
    ("v1alpha1", &["PrometheusAgent", "ScrapeConfig"]),
];

/// A chart, as it is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its folder.
    pub path: PathBuf,
    /// The name of the release.
    pub release: String,
    /// The namespace that it is installed into.
    pub namespace: String,
    /// The files with its values; a later one wins.
    pub values: Vec<PathBuf>,
    /// Further flags of `helm template`.
    pub flags: Vec<OsString>,
    /// What messages call it, where that is not its folder.
    pub called: Option<String>,
}

impl Chart {
    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        let folder = || self.path.display().to_string();
        let called = self.called.clone().unwrap_or_else(folder);
        format!("chart {called}, release {}", self.release)
    }

    /// What Helm renders of it, for a cluster that has the operator's kinds in these API groups.
    ///
    /// # Errors
    ///
    /// If there is no Helm, or if it fails: with what it says.
    pub fn render(&self, api_groups: &[String]) -> Result<Input> {
        match self.try_render(api_groups)? {
            Ok(text) => Ok(Input::rendered(self.clone(), text)),
            Err(said) => {
                let name = program();
                let name = name.to_string_lossy();
                bail!("{name} cannot render it: {said}")
            }
        }
    }

    /// The text that Helm renders of it, or what it says where it cannot.
    ///
    /// # Errors
    ///
    /// If there is no Helm.
    pub fn try_render(&self, api_groups: &[String]) -> Result<Result<String, String>> {
        // No path is taken for an option or for the name of a repository.
        let here = |path: &Path| Path::new(".").join(path);
        let mut command = Command::new(program());
        command.arg("template").arg(&self.release);
        command.arg(here(&self.path)).args(["-n", &self.namespace]);
        for file in &self.values {
            command.arg("-f").arg(here(file));
        }
        for version in api_versions(api_groups) {
            command.args(["--api-versions", &version]);
        }
        run(command.args(&self.flags))
    }

    /// The file of a template as Helm names it: by the chart's name and its path in the chart.
    #[must_use]
    pub fn file(&self, template: &str) -> Option<PathBuf> {
        let (_, path) = template.split_once('/')?;
        let file = self.path.join(path);
        file.is_file().then_some(file)
    }
}

/// Helm's program.
#[must_use]
pub fn program() -> OsString {
    std::env::var_os(PROGRAM).unwrap_or_else(|| OsString::from("helm"))
}

/// What Helm writes, or what it says where it fails.
///
/// # Errors
///
/// If there is no Helm.
pub fn run(command: &mut Command) -> Result<Result<String, String>> {
    let name = program();
    let name = name.to_string_lossy();
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| {
        format!(
            "cannot run {name}, which renders it ({PROGRAM} may name another program); \
             https://helm.sh/docs/intro/install says how to get Helm"
        )
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Ok(Err(said.trim().to_owned()));
    }
    let text = String::from_utf8(output.stdout);
    let text = text.with_context(|| format!("what {name} renders is not UTF-8"))?;
    Ok(Ok(text))
}

/// What the cluster says that it has.
fn api_versions(api_groups: &[String]) -> impl Iterator<Item = String> {
    api_groups.iter().flat_map(|group| {
        KINDS.iter().flat_map(move |(version, kinds)| {
            let version = format!("{group}/{version}");
            let kinds = kinds.iter().map(|kind| format!("{version}/{kind}"));
            let kinds: Vec<String> = kinds.collect();
            std::iter::once(version).chain(kinds)
        })
    })
}
