//! `env-isolation-check helm`: the values of a chart that mend what is rendered of it.

mod given;
mod writing;

use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use env_isolation_check::helm::home::Home;
use env_isolation_check::helm::installed::{Given, Installed};
use env_isolation_check::helm::repair::{self, Repaired};
use env_isolation_check::helm::{Release, difference};
use env_isolation_check::input::Input;
use env_isolation_check::judge::{Judge, Outcome};
use env_isolation_check::report::{Part, Report};

use crate::arguments::Helm;
use given::Manifests;

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
    let flags = given::flags(arguments);
    let charts = given::charts(arguments)?;
    let given = Given {
        charts: &charts,
        namespace: crate::namespace(&arguments.judging, &config),
        flags: &flags,
        turn_off: arguments.turn_off,
    };
    let mut manifests = Manifests::find(arguments, &config)?;
    let installed = Installed::read(&manifests.files, &given)?;
    // Kept until the end: what was unpacked goes with it.
    let source = if installed.is_some() {
        None
    } else {
        manifests.tell_passed_over();
        given::chart(arguments)?
    };
    let releases = match &installed {
        Some(installed) => {
            given::refuse_flags_of_charts(arguments)?;
            manifests.forget_charts(installed);
            installed.releases.clone()
        }
        None => given::releases(arguments, &config, source.as_ref(), &flags)?,
    };
    let mut failed = false;
    let mut fail = |error: anyhow::Error| {
        eprintln!("env-isolation-check: {error:#}");
        failed = true;
    };
    let repaired = releases.iter().map(|it| repair::repair(it, &judge));
    let all: Vec<Option<Repaired>> = repaired.map(|it| it.map_err(&mut fail).ok()).collect();
    let mut written = Vec::new();
    if arguments.write || arguments.write_to.is_some() {
        written = writing::write(&releases, &all, &mut fail);
    }
    // What was written is read back: the manifests, too.
    let mut again = None;
    if !written.is_empty() && installed.is_some() {
        again = Installed::read(&manifests.files, &given)?;
    }
    let now = again.as_ref().map_or(&releases, |again| &again.releases);
    if now.len() != releases.len() {
        bail!("the manifests describe other releases since their values were written");
    }
    if all.iter().all(Option::is_none) && !releases.is_empty() {
        return Ok(ExitCode::from(2));
    }
    let out = BufWriter::new(std::io::stdout());
    let mut report = Report::new(arguments.report.format(), out);
    let installed = again.as_ref().or(installed.as_ref());
    for (inputs, outcomes) in installed.into_iter().flat_map(|it| manifests.unjudged(it)) {
        report.add(&Part {
            inputs,
            outcomes,
            settings: &understood,
            title: None,
        })?;
    }
    for ((release, before), repaired) in now.iter().zip(&releases).zip(all) {
        let Some(repaired) = repaired else { continue };
        let effort = effort(&repaired, is_written(release, &repaired, &written));
        let (name, namespace) = (release.chart.name(), &release.chart.namespace);
        let title = format!("{name}, namespace {namespace}");
        let title = (releases.len() > 1).then_some(title.as_str());
        let (rendered, outcomes) = match last((release, before), repaired, &written, title, &judge)
        {
            Ok(it) => it,
            Err(error) => {
                fail(error);
                continue;
            }
        };
        if arguments.report.verbose {
            eprintln!("env-isolation-check: {name}: {effort}");
        }
        report.add(&Part {
            inputs: &[rendered],
            outcomes: &outcomes,
            settings: &understood,
            title,
        })?;
    }
    let counts = report.end()?;
    let wrong = arguments.report.is_wrong(&counts);
    let unknown = counts.unreadable > 0 || arguments.strict && counts.unjudged > 0;
    Ok(ExitCode::from(if failed || unknown {
        2
    } else {
        u8::from(wrong)
    }))
}

/// Whether its new contents are written.
fn is_written(release: &Release, repaired: &Repaired, written: &[Home]) -> bool {
    let home = release.home.as_ref();
    !repaired.contents.is_empty() && home.is_some_and(|home| written.contains(home))
}

/// What it took to find the values of a release.
fn effort(repaired: &Repaired, is_written: bool) -> String {
    format!(
        "{} renderings, {} values tried, {:.1} s in Helm",
        repaired.renderings + usize::from(is_written),
        repaired.candidates,
        repaired.time.as_secs_f64()
    )
}

/// What Helm renders of a release in the end, and the verdicts on that.
fn last(
    (release, before): (&Release, &Release),
    repaired: Repaired,
    written: &[Home],
    title: Option<&str>,
    judge: &Judge<'_>,
) -> Result<(Input, Vec<Outcome>)> {
    if is_written(release, &repaired, written) {
        let (rendered, outcomes) = repair::confirmed(release, judge, &repaired)?;
        tell_difference(title, &repaired.rendered.text, &rendered.text);
        return Ok((rendered, outcomes));
    }
    // Another release may have had its values written into one of its files.
    let files = || release.chart.values.iter();
    let mut pairs = files().zip(&before.chart.values);
    let is_other =
        |(new, old): (&PathBuf, &PathBuf)| std::fs::read(new).ok() != std::fs::read(old).ok();
    let is_touched = files().any(|file| written.iter().any(|home| home.file() == file));
    if is_touched || !written.is_empty() && pairs.any(is_other) {
        let repaired = repair::repair(release, judge)?;
        return Ok((repaired.rendered, repaired.outcomes));
    }
    Ok((repaired.rendered, repaired.outcomes))
}

/// Tells which fields Helm renders differently now.
fn tell_difference(title: Option<&str>, before: &str, after: &str) {
    let changed = difference::between(before, after);
    let count = match changed.len() {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    };
    let title = title.map(|it| format!("{it}: ")).unwrap_or_default();
    eprintln!("env-isolation-check: {title}Helm renders {count} differently:");
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
