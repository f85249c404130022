//! `env-isolation-check helm`: the values of a chart that mend what is rendered of it.

use std::ffi::OsString;
use std::io::BufWriter;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use env_isolation_check::chart::Chart;
use env_isolation_check::config::{self, Config};
use env_isolation_check::helm::chart_source::ChartSource;
use env_isolation_check::helm::repair::{self, Repaired};
use env_isolation_check::helm::{Release, difference};
use env_isolation_check::judge::Judge;
use env_isolation_check::report::{Format, Part, Report, Style};

use crate::arguments::{Helm, Output};

/// How many objects that are rendered differently are listed.
const MAX_LISTED: usize = 40;

/// Finds the values of each release, and reports or writes them.
pub(crate) fn run(arguments: &Helm) -> Result<ExitCode> {
    let config = crate::read_config(&arguments.judging)?;
    let (settings, understood) = crate::read_settings(&arguments.judging, &config)?;
    let judge = Judge {
        settings: &settings,
        api_groups: &understood.api_groups,
        namespace: None,
    };
    let mut done = Vec::new();
    let mut failed = false;
    let mut fail = |error: anyhow::Error| {
        eprintln!("env-isolation-check: {error:#}");
        failed = true;
    };
    // Kept until the end: what was unpacked goes with it.
    let source = arguments.chart.as_ref().map(|chart| {
        ChartSource::find(
            chart,
            arguments.repo.as_deref(),
            arguments.version.as_deref(),
        )
    });
    let source = source.transpose()?;
    for release in releases(arguments, &config, source.as_ref())? {
        match one(arguments, &release, &judge) {
            Ok((repaired, is_written)) => done.push((release, repaired, is_written)),
            Err(error) => fail(error),
        }
    }
    if done.is_empty() {
        return Ok(ExitCode::from(2));
    }
    let out = BufWriter::new(std::io::stdout());
    let mut report = Report::new(format(arguments), out);
    for (release, repaired, is_written) in done {
        // Another release may have had its values written into the same file.
        let (rendered, outcomes) = if is_written {
            match repair::confirmed(&release, &judge, &repaired) {
                Ok((rendered, outcomes)) => {
                    tell_difference(&repaired.rendered.text, &rendered.text);
                    (rendered, outcomes)
                }
                Err(error) => {
                    fail(error);
                    continue;
                }
            }
        } else {
            (repaired.rendered, repaired.outcomes)
        };
        report.add(&Part {
            inputs: &[rendered],
            outcomes: &outcomes,
            settings: &understood,
        })?;
        if arguments.verbose {
            eprintln!(
                "env-isolation-check: {}: {} renderings, {} values tried, {:.1} s in Helm",
                release.chart.name(),
                repaired.renderings + usize::from(is_written),
                repaired.candidates,
                repaired.time.as_secs_f64()
            );
        }
    }
    let counts = report.end()?;
    let wrong = counts.rejected > 0 || arguments.warnings_as_errors && counts.warnings > 0;
    Ok(ExitCode::from(if failed || counts.unreadable > 0 {
        2
    } else {
        u8::from(wrong)
    }))
}

/// Finds the values of a release, and writes them if that is wanted; whether it was done.
fn one(arguments: &Helm, release: &Release, judge: &Judge<'_>) -> Result<(Repaired, bool)> {
    let repaired = repair::repair(release, judge)?;
    let is_wanted = arguments.write || arguments.write_to.is_some();
    let is_written = is_wanted && write(release, &repaired)?;
    Ok((repaired, is_written))
}

/// The chart that is given; without one, those of the configuration.
fn releases(
    arguments: &Helm,
    config: &Config,
    source: Option<&ChartSource>,
) -> Result<Vec<Release>> {
    let mut flags: Vec<OsString> = vec![
        "--kube-version".into(),
        arguments.kube_version.clone().into(),
    ];
    for version in &arguments.api_versions {
        flags.extend(["--api-versions".into(), version.into()]);
    }
    flags.extend(arguments.flags.iter().cloned());
    let set: Vec<String> = arguments
        .set
        .iter()
        .chain(&arguments.set_string)
        .cloned()
        .collect();
    let mut all = flags.clone();
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
            vec![Chart {
                path: source.folder.clone(),
                release: arguments.release.clone(),
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
            flags: flags.clone(),
            set: set.clone(),
            turn_off: arguments.turn_off,
            target,
        }
    };
    Ok(charts.into_iter().map(release).collect())
}

/// Writes the file of values, if there is something to be written and it can be.
fn write(release: &Release, repaired: &Repaired) -> Result<bool> {
    if repaired.edits.is_empty() {
        return Ok(false);
    }
    let Some(target) = &release.target else {
        bail!("there is no file of values to be written: give one with -f or --write-to");
    };
    let Some(text) = &repaired.text else {
        let name = target.display();
        eprintln!(
            "env-isolation-check: {name}: not written, because it cannot be edited without changing something else; \
             --write-to FILE writes another file that comes after it"
        );
        return Ok(false);
    };
    std::fs::write(target, text).with_context(|| format!("cannot write {}", target.display()))?;
    eprintln!("env-isolation-check: wrote {}:", target.display());
    for path in &repaired.edits {
        eprintln!("  {path}");
    }
    Ok(true)
}

/// Tells which fields Helm renders differently now.
fn tell_difference(before: &str, after: &str) {
    let changed = difference::between(before, after);
    let count = match changed.len() {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    };
    eprintln!("env-isolation-check: Helm renders {count} differently:");
    for one in changed.iter().take(MAX_LISTED) {
        let fields = one
            .whole
            .map_or_else(|| one.fields.join(", "), str::to_owned);
        eprintln!("  {}: {fields}", one.object);
    }
    if changed.len() > MAX_LISTED {
        eprintln!("  … and {} more", changed.len() - MAX_LISTED);
    }
}

fn format(arguments: &Helm) -> Format {
    match arguments.output {
        Output::Text => Format::Text(Style {
            colored: crate::colored(arguments.color),
            verbose: arguments.verbose,
            width: crate::width(),
            most: arguments.max_findings,
        }),
        Output::Json => Format::Json,
        Output::Sarif => Format::Sarif,
        Output::Github => Format::Github,
    }
}
