//! Where a chart comes from: a folder, an archive, or what Helm pulls. Nothing is fetched unless `--repo` or `oci://` asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::scratch;
use crate::chart;

/// A chart's folder, and for how long it is there.
#[derive(Debug)]
pub struct ChartSource {
    /// The folder.
    pub folder: PathBuf,
    /// What it is called, where that is not its folder.
    pub called: Option<String>,
    _unpacked: Option<TempDir>,
}

impl ChartSource {
    /// The chart of this name.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be unpacked or pulled.
    pub fn find(name: &str, repository: Option<&str>, version: Option<&str>) -> Result<Self> {
        let is_remote = repository.is_some() || name.starts_with("oci://");
        let path = Path::new(name);
        if !is_remote && path.is_dir() {
            if !path.join("Chart.yaml").is_file() {
                bail!(
                    "{name} is no chart: it has no Chart.yaml; nor is there an Application, ApplicationSet or HelmRelease in it"
                );
            }
            return Ok(Self {
                folder: path.to_owned(),
                called: None,
                _unpacked: None,
            });
        }
        let unpacked = tempfile::tempdir().context("cannot make a folder for the chart")?;
        if is_remote {
            let mut command = Command::new(chart::program());
            command.arg("pull").arg(name).arg("--untar");
            command.arg("--untardir").arg(unpacked.path());
            if let Some(repository) = repository {
                command.args(["--repo", repository]);
            }
            if let Some(version) = version {
                command.args(["--version", version]);
            }
            if let Err(said) = chart::run(&mut command)? {
                bail!("cannot pull {name}: {said}");
            }
        } else {
            if !path.is_file() {
                bail!(
                    "there is no chart {name}: give its folder or archive, or name it with --repo or oci:// to have Helm pull it"
                );
            }
            scratch::unpack(path, unpacked.path())?;
        }
        let inner = std::fs::read_dir(unpacked.path())?;
        let mut inner = inner.filter_map(|entry| Some(entry.ok()?.path()));
        let folder = inner.find(|folder| folder.join("Chart.yaml").is_file());
        Ok(Self {
            folder: folder.with_context(|| format!("{name} is no archive of a chart"))?,
            called: Some(name.to_owned()),
            _unpacked: Some(unpacked),
        })
    }
}
