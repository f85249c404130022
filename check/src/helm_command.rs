//! `env-isolation-check helm`: the values of a chart that mend what is rendered of it.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use env_isolation_check::chart::Chart;
use env_isolation_check::helm::chart_source::ChartSource;
use env_isolation_check::helm::repair::{self, Repaired};
use env_isolation_check::helm::{Release, difference};
use env_isolation_check::input::Input;
use env_isolation_check::judge::{Judge, Outcome};
use env_isolation_check::report::{Format, Part, Report, Style};
use prometheus_env_isolation_policy::settings::Settings;

use crate::arguments::{Helm, Output};

/// How many objects that are rendered differently are listed.
const MAX_LISTED: usize = 40;

/// Finds the values, and reports or writes them.
pub(crate) fn run(arguments: &Helm) -> Result<ExitCode> {
    let config = crate::read_config(&arguments.judging)?;
    let (settings, understood) = crate::read_settings(&arguments.judging, &config)?;
    let Some(namespace) = crate::namespace(&arguments.judging, &config) else {
        bail!(
            "the namespace of the release decides what its objects may see; give it with -n NAMESPACE"
        );
    };
    let source = ChartSource::find(
        &arguments.chart,
        arguments.repo.as_deref(),
        arguments.version.as_deref(),
    )?;
    let release = release(arguments, &source, namespace);
    let judge = Judge {
        settings: &settings,
        api_groups: &understood.api_groups,
        namespace: Some(namespace),
    };
    let repaired = repair::repair(&release, &judge)?;
    let is_written =
        (arguments.write || arguments.write_to.is_some()) && write(&release, &repaired)?;
    let (rendered, outcomes) = if is_written {
        let (rendered, outcomes) = repair::confirmed(&release, &judge, &repaired)?;
        tell_difference(&repaired.rendered.text, &rendered.text);
        (rendered, outcomes)
    } else {
        (repaired.rendered.clone(), repaired.outcomes.clone())
    };
    let code = report(arguments, &understood, rendered, &outcomes)?;
    if arguments.verbose {
        eprintln!(
            "env-isolation-check: {} renderings, {} values tried, {:.1} s in Helm",
            repaired.renderings + usize::from(is_written),
            repaired.candidates,
            repaired.time.as_secs_f64()
        );
    }
    Ok(code)
}

fn release(arguments: &Helm, source: &ChartSource, namespace: &str) -> Release {
    let mut flags: Vec<OsString> = vec![
        "--kube-version".into(),
        arguments.kube_version.clone().into(),
    ];
    for version in &arguments.api_versions {
        flags.extend(["--api-versions".into(), version.into()]);
    }
    flags.extend(arguments.flags.iter().cloned());
    let mut all = flags.clone();
    for (name, set) in [
        ("--set", &arguments.set),
        ("--set-string", &arguments.set_string),
    ] {
        all.extend(set.iter().flat_map(|set| [name.into(), set.into()]));
    }
    let mut values = arguments.values.clone();
    let target = arguments
        .write_to
        .clone()
        .or_else(|| values.last().cloned());
    // What is written into a new file comes after all others.
    values.extend(
        arguments
            .write_to
            .clone()
            .filter(|it| it.exists() && !arguments.values.contains(it)),
    );
    Release {
        chart: Chart {
            path: source.folder.clone(),
            release: arguments.release.clone(),
            namespace: namespace.to_owned(),
            values,
            flags: all,
            called: source.called.clone(),
        },
        flags,
        set: arguments
            .set
            .iter()
            .chain(&arguments.set_string)
            .cloned()
            .collect(),
        target,
    }
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
    eprintln!(
        "env-isolation-check: Helm renders {} objects differently:",
        changed.len()
    );
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

fn report(
    arguments: &Helm,
    settings: &Settings,
    rendered: Input,
    outcomes: &[Outcome],
) -> Result<ExitCode> {
    let format = match arguments.output {
        Output::Text => Format::Text(Style {
            colored: crate::colored(arguments.color),
            verbose: arguments.verbose,
            width: crate::width(),
            most: arguments.max_findings,
        }),
        Output::Json => Format::Json,
        Output::Sarif => Format::Sarif,
        Output::Github => Format::Github,
    };
    let mut out = BufWriter::new(std::io::stdout());
    let mut report = Report::new(format, &mut out);
    report.add(&Part {
        inputs: &[rendered],
        outcomes,
        settings,
    })?;
    let counts = report.end()?;
    out.flush()?;
    Ok(ExitCode::from(if counts.unreadable > 0 {
        2
    } else {
        u8::from(counts.rejected > 0 || arguments.warnings_as_errors && counts.warnings > 0)
    }))
}
