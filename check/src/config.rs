//! What a repository says once for all runs: `env-isolation.yaml`, looked for from the working
//! directory upwards. It is the checker's alone: the cluster knows its policy's settings only.
//!
//! ```yaml
//! settings: deploy/policy.yaml   # or the settings themselves
//! namespace: shop-dev            # of objects that name none
//! exclude: ["**/testdata/**"]    # globs, from this file's folder
//! baseline: known.json
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use glob::{MatchOptions, Pattern};

use crate::input::Input;
use crate::report;
use crate::yaml::{self, Content, Node};

/// What the file is called.
pub const NAME: &str = "env-isolation.yaml";

/// What a repository says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where the settings are; none where the file has none.
    pub settings: Option<Settings>,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// The file of known findings.
    pub baseline: Option<PathBuf>,
    folder: PathBuf,
    exclude: Vec<Pattern>,
}

/// Where the settings are.
#[derive(Clone, Debug)]
pub enum Settings {
    /// In this file.
    File(PathBuf),
    /// Below the key `settings` of this text.
    Here(Input),
}

impl Config {
    /// The file of the innermost folder around this one that has it.
    #[must_use]
    pub fn around(folder: &Path) -> Option<PathBuf> {
        let files = folder.ancestors().map(|folder| folder.join(NAME));
        files.into_iter().find(|file| file.is_file())
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or says something else than is known.
    pub fn read(path: &Path) -> Result<Self> {
        let input = Input::read(path)?;
        let mut config = Self {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            ..Self::default()
        };
        let Some(range) = yaml::documents(&input.text).into_iter().next() else {
            return Ok(config);
        };
        let wrong = |place, message: &str| anyhow!(report::excerpt(&input, &place, message));
        let root = Node::read(&input.text[range.clone()], range.start)
            .map_err(|broken| wrong(broken.offset..broken.offset + 1, &broken.message))?;
        let Content::Mapping(members) = &root.content else {
            bail!(wrong(
                root.first(),
                "expected settings, namespace, exclude or baseline"
            ));
        };
        for (key, place, value) in members {
            let text = || {
                value
                    .text()
                    .ok_or_else(|| wrong(value.first(), "expected a text"))
            };
            match key.as_str() {
                "settings" => {
                    config.settings = Some(match value.text() {
                        Some(path) => Settings::File(config.folder.join(path)),
                        None => Settings::Here(input.clone()),
                    });
                }
                "namespace" => config.namespace = Some(text()?.to_owned()),
                "baseline" => config.baseline = Some(config.folder.join(text()?)),
                "exclude" => {
                    let Content::List(items) = &value.content else {
                        bail!(wrong(value.first(), "expected a list of globs"));
                    };
                    for item in items {
                        let glob = item.text().and_then(|text| Pattern::new(text).ok());
                        let glob = glob.ok_or_else(|| wrong(item.first(), "this is no glob"))?;
                        config.exclude.push(glob);
                    }
                }
                _ => bail!(wrong(
                    place.clone(),
                    "unknown key; known are settings, namespace, exclude, baseline"
                )),
            }
        }
        Ok(config)
    }

    /// Whether a file is left out.
    ///
    /// # Errors
    ///
    /// If it is not known where the file is.
    pub fn excludes(&self, file: &Path) -> Result<bool> {
        if self.exclude.is_empty() {
            return Ok(false);
        }
        let whole = |path: &Path| {
            let name = || format!("cannot find {}", path.display());
            std::path::absolute(path).with_context(name)
        };
        let (file, folder) = (whole(file)?, whole(&self.folder.join("."))?);
        let Ok(path) = file.strip_prefix(&folder) else {
            return Ok(false);
        };
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::default()
        };
        let matches = |glob: &Pattern| glob.matches_path_with(path, options);
        Ok(self.exclude.iter().any(matches))
    }
}
