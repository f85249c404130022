//! What mends releases, written to where their values stand.

use anyhow::{Context, Result, anyhow};
use env_isolation_check::helm::Release;
use env_isolation_check::helm::home::Home;
use env_isolation_check::helm::repair::Repaired;
use env_isolation_check::helm::values::Edits;

/// Writes the values of the releases to where they stand, if there is something to be written and it can be; where that was.
pub(super) fn write(
    releases: &[Release],
    all: &[Option<Repaired>],
    fail: &mut impl FnMut(anyhow::Error),
) -> Vec<Home> {
    let mut written = Vec::new();
    for (release, repaired) in releases.iter().zip(all) {
        let Some(repaired) = repaired.as_ref().filter(|it| !it.contents.is_empty()) else {
            continue;
        };
        let Some(home) = &release.home else {
            fail(anyhow!(
                "there is no file of values to be written: give one with -f or --write-to"
            ));
            continue;
        };
        if written.contains(home) {
            continue;
        }
        let sharing = releases.iter().zip(all);
        let sharing = sharing.filter(|(it, _)| it.home.as_ref() == Some(home));
        let Some(contents) = shared(home, &sharing.collect::<Vec<_>>()) else {
            eprintln!(
                "env-isolation-check: {}: not written for {}, because other releases have the same values and need other ones, \
                 or what is written would be taken for a placeholder: give each release a file of its own that comes last",
                home.file().display(),
                release.chart.name()
            );
            continue;
        };
        match write_one(home, &contents, &repaired.edits) {
            Ok(true) => written.push(home.clone()),
            Ok(false) => {}
            Err(error) => fail(error),
        }
    }
    written
}

/// What all releases need that have their values there; with placeholders, where these stand in a template and differ.
fn shared(home: &Home, releases: &[(&Release, &Option<Repaired>)]) -> Option<Edits> {
    let contents = |(_, repaired): &(&Release, &Option<Repaired>)| {
        let repaired = repaired.as_ref()?;
        Some(repaired.contents.clone())
    };
    let plain: Vec<Edits> = releases.iter().map(contents).collect::<Option<_>>()?;
    let mut all = vec![plain];
    if matches!(home, Home::Manifest { .. }) {
        let pairs = releases.iter().zip(&all[0]);
        let put_back = |((release, _), edits): (&(&Release, _), &Edits)| match &release.placeholders
        {
            Some(placeholders) => {
                let edits = edits.iter();
                let put_back =
                    edits.map(|(path, it)| Some((path.clone(), placeholders.put_back(it)?)));
                put_back.collect()
            }
            None => Some(edits.clone()),
        };
        let filled_in: Option<Vec<Edits>> = pairs.map(put_back).collect();
        all.push(filled_in?);
    }
    let is_same = |edits: &Vec<Edits>| edits.windows(2).all(|pair| pair[0] == pair[1]);
    all.into_iter().find(is_same)?.into_iter().next()
}

/// Writes new contents of values; whether it was done.
fn write_one(home: &Home, contents: &Edits, edits: &[String]) -> Result<bool> {
    let file = home.file();
    let Some(text) = home.edited(contents)? else {
        let hint = match home {
            Home::File(_) => "; --write-to FILE writes another file that comes after it",
            Home::Manifest { .. } => "",
        };
        eprintln!(
            "env-isolation-check: {}: not written, because it cannot be edited without changing something else{hint}",
            file.display()
        );
        return Ok(false);
    };
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("env-isolation-check: wrote {}:", file.display());
    for path in edits {
        eprintln!("  {path}");
    }
    Ok(true)
}
