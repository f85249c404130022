//! What mends releases, written to where their values stand.

use anyhow::{Context, Result, anyhow};
use env_isolation_check::helm::Release;
use env_isolation_check::helm::home::Home;
use env_isolation_check::helm::repair::Repaired;

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
        let sharing = releases
            .iter()
            .zip(all)
            .filter(|(it, _)| it.home.as_ref() == Some(home));
        let mut contents = sharing.map(|(_, it)| it.as_ref().map(|it| &it.contents));
        if !contents.all(|it| it == Some(&repaired.contents)) {
            eprintln!(
                "env-isolation-check: {}: not written for {}, because other releases have the same values and need other ones: \
                 give each a file of its own that comes last",
                home.file().display(),
                release.chart.name()
            );
            continue;
        }
        match write_one(home, repaired) {
            Ok(true) => written.push(home.clone()),
            Ok(false) => {}
            Err(error) => fail(error),
        }
    }
    written
}

/// Writes the values of a release; whether it was done.
fn write_one(home: &Home, repaired: &Repaired) -> Result<bool> {
    let file = home.file();
    let Some(text) = home.edited(&repaired.contents)? else {
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
    for path in &repaired.edits {
        eprintln!("  {path}");
    }
    Ok(true)
}
