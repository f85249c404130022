//! What is given on the command line: a chart, or manifests that name charts; without either, the charts of the configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use env_isolation_check::chart::Chart;
use env_isolation_check::config::{self, Config};
use env_isolation_check::helm::Release;
use env_isolation_check::helm::chart_source::ChartSource;
use env_isolation_check::helm::home::Home;
use env_isolation_check::helm::installed::Installed;
use env_isolation_check::input::{self, Input};
use env_isolation_check::judge::Outcome;

use crate::arguments::Helm;

/// The name of a release that has none, as Helm has it.
const RELEASE: &str = "release-name";

/// The manifests that may be given instead of a chart.
#[derive(Default)]
pub(super) struct Manifests {
    pub files: Vec<PathBuf>,
    /// What is passed over, and why.
    pub passed_over: Vec<Input>,
    pub outcomes: Vec<Outcome>,
}

impl Manifests {
    pub(super) fn find(arguments: &Helm, config: &Config) -> Result<Self> {
        let mut manifests = Self::default();
        let Some(path) = arguments
            .chart
            .as_ref()
            .filter(|_| arguments.repo.is_none())
        else {
            return Ok(manifests);
        };
        let path = Path::new(path);
        let is_file = |file: &Path| {
            let extension = file.extension().unwrap_or_default();
            input::EXTENSIONS.iter().any(|it| extension == *it)
        };
        let is_glob = !path.exists() && path.to_string_lossy().contains('*');
        if path.join("Chart.yaml").is_file()
            || !(path.is_dir() || is_glob || is_file(path) && path.exists())
        {
            return Ok(manifests);
        }
        let found = config.find(path)?;
        manifests.files = found.files;
        for (index, (path, reason)) in found.unjudged.into_iter().enumerate() {
            manifests
                .outcomes
                .push(Outcome::unjudged(index, 0..0, reason, 0..0));
            manifests
                .passed_over
                .push(Input::new(Some(path), String::new()));
        }
        Ok(manifests)
    }

    /// Forgets the charts that are passed over, but are those of releases.
    pub(super) fn forget_charts(&mut self, installed: &Installed) {
        let releases = installed.releases.iter();
        let charts: Vec<_> = releases
            .map(|it| it.chart.path.canonicalize().ok())
            .collect();
        self.outcomes.retain(|outcome| {
            let path = self.passed_over[outcome.input].path.as_ref();
            let path = path.and_then(|it| it.canonicalize().ok());
            path.is_none() || !charts.contains(&path)
        });
    }

    /// Tells what is passed over, where nothing else is found.
    pub(super) fn tell_passed_over(&self) {
        for outcome in &self.outcomes {
            let input = &self.passed_over[outcome.input];
            for finding in &outcome.findings {
                eprintln!("env-isolation-check: {}: {}", input.name(), finding.message);
            }
        }
    }

    /// What cannot be read or is not judged, with its inputs.
    pub(super) fn unjudged<'a>(
        &'a self,
        installed: &'a Installed,
    ) -> [(&'a [Input], &'a [Outcome]); 2] {
        [
            (&installed.inputs, &installed.outcomes),
            (&self.passed_over, &self.outcomes),
        ]
    }
}

/// The chart that is given.
pub(super) fn chart(arguments: &Helm) -> Result<Option<ChartSource>> {
    let (repo, version) = (arguments.repo.as_deref(), arguments.version.as_deref());
    let chart = arguments.chart.as_ref();
    chart
        .map(|chart| ChartSource::find(chart, repo, version))
        .transpose()
}

/// The charts that manifests name.
pub(super) fn charts(arguments: &Helm) -> Result<BTreeMap<String, ChartSource>> {
    let charts = arguments.charts.iter();
    let chart =
        |(name, path): &(String, String)| Ok((name.clone(), ChartSource::find(path, None, None)?));
    charts.map(chart).collect()
}

/// The flags of `helm template` that set no values.
pub(super) fn flags(arguments: &Helm) -> Vec<OsString> {
    let mut flags: Vec<OsString> = vec![
        "--kube-version".into(),
        arguments.kube_version.clone().into(),
    ];
    for version in &arguments.api_versions {
        flags.extend(["--api-versions".into(), version.into()]);
    }
    flags.extend(arguments.flags.iter().cloned());
    flags
}

/// Manifests have the release and the values of their charts.
pub(super) fn refuse_flags_of_charts(arguments: &Helm) -> Result<()> {
    let has_values = [&arguments.set, &arguments.set_string]
        .iter()
        .any(|it| !it.is_empty())
        || !arguments.values.is_empty()
        || arguments.write_to.is_some();
    if has_values || arguments.release.is_some() {
        bail!(
            "manifests say themselves which release and values they install: RELEASE, -f, --set and --write-to are for a chart; \
             a folder, or a glob in quotes, names several manifests"
        );
    }
    Ok(())
}

/// The chart that is given; without one, those of the configuration.
pub(super) fn releases(
    arguments: &Helm,
    config: &Config,
    source: Option<&ChartSource>,
    flags: &[OsString],
) -> Result<Vec<Release>> {
    let set: Vec<String> = arguments
        .set
        .iter()
        .chain(&arguments.set_string)
        .cloned()
        .collect();
    let mut all = flags.to_vec();
    for (name, set) in [
        ("--set", &arguments.set),
        ("--set-string", &arguments.set_string),
    ] {
        all.extend(set.iter().flat_map(|set| [name.into(), set.into()]));
    }
    let charts = match source {
        Some(source) => {
            let Some(namespace) = crate::namespace(&arguments.judging, config) else {
                bail!(
                    "the namespace of the release decides what its objects may see; give it with -n NAMESPACE"
                );
            };
            if let Some((name, _)) = arguments.charts.first() {
                bail!("--chart {name}=… is for manifests, and this is a chart");
            }
            let release = arguments.release.as_deref().unwrap_or(RELEASE);
            vec![Chart {
                path: source.folder.clone(),
                release: release.to_owned(),
                namespace: namespace.to_owned(),
                values: arguments.values.clone(),
                flags: Vec::new(),
                called: source.called.clone(),
            }]
        }
        None if config.charts.is_empty() => {
            bail!(
                "no CHART is given, and no charts in {} (see --help)",
                config::NAME
            )
        }
        None => config.charts.clone(),
    };
    let release = |chart: Chart| {
        let target = arguments
            .write_to
            .clone()
            .or_else(|| chart.values.last().cloned());
        let mut values = chart.values.clone();
        // What is written into a new file comes after all others.
        values.extend(
            arguments
                .write_to
                .clone()
                .filter(|it| it.exists() && !values.contains(it)),
        );
        Release {
            chart: Chart {
                values,
                flags: all.clone(),
                ..chart
            },
            flags: flags.to_vec(),
            set: set.clone(),
            set_by: "on the command line",
            turn_off: arguments.turn_off,
            placeholders: None,
            home: target.clone().map(Home::File),
            target,
        }
    };
    Ok(charts.into_iter().map(release).collect())
}
