//! What a run is about: the files below the paths that are given, and the charts of the configuration
//! that they touch.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::chart::Chart;
use crate::config::{self, Config};
use crate::unjudged::Unjudged;

/// What a run is about.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The charts that are rendered.
    pub charts: Vec<Chart>,
    /// What is passed over, and why.
    pub unjudged: Vec<(PathBuf, Unjudged)>,
}

impl Chosen {
    /// What these paths are about; without a path the charts of the configuration.
    ///
    /// # Errors
    ///
    /// If there is nothing.
    pub fn new(paths: &[PathBuf], config: &Config) -> Result<Self> {
        if paths.is_empty() {
            if config.charts.is_empty() {
                bail!(
                    "no PATH is given, and no charts in {} (see --help)",
                    config::NAME
                );
            }
            return Ok(Self {
                charts: config.charts.clone(),
                ..Self::default()
            });
        }
        let mut chosen = Self::default();
        for path in paths {
            let found = config.find(path)?;
            chosen.files.extend(found.files);
            chosen.unjudged.extend(found.unjudged);
        }
        chosen.unjudged.sort();
        chosen.unjudged.dedup();
        for chart in &config.charts {
            if chosen.touches(paths, chart) {
                chosen.charts.push(chart.clone());
            }
        }
        // What belongs to a chart is rendered with it.
        let charts = &chosen.charts;
        let is_of_one = |file: &PathBuf| {
            let mut values = charts.iter().flat_map(|chart| &chart.values);
            values.any(|values| is_same(values, file))
        };
        chosen.files.retain(|file| !is_of_one(file));
        let is_one = |path: &Path| charts.iter().any(|chart| is_same(&chart.path, path));
        let is_left =
            |(path, reason): &(PathBuf, Unjudged)| *reason != Unjudged::Chart || !is_one(path);
        chosen.unjudged.retain(is_left);
        Ok(chosen)
    }

    /// Whether the paths contain the chart, or what belongs to it.
    fn touches(&self, paths: &[PathBuf], chart: &Chart) -> bool {
        let is_around = |path: &PathBuf| {
            let (path, chart) = (path.canonicalize(), chart.path.canonicalize());
            path.is_ok_and(|path| chart.is_ok_and(|chart| chart.starts_with(path)))
        };
        let is_its = |file: &PathBuf| chart.values.iter().any(|values| is_same(values, file));
        let is_it = |(path, _): &(PathBuf, Unjudged)| is_same(path, &chart.path);
        paths.iter().any(is_around)
            || self.files.iter().any(is_its)
            || self.unjudged.iter().any(is_it)
    }
}

/// Whether two paths lead to the same.
fn is_same(one: &Path, other: &Path) -> bool {
    let (one, other) = (one.canonicalize(), other.canonicalize());
    one.is_ok_and(|one| other.is_ok_and(|other| one == other))
}
