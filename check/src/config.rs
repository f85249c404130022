//! What a repository says once for all runs: `env-isolation.yaml`, looked for from the working
//! directory upwards. It is the checker's alone: the cluster knows its policy's settings only.
//!
//! ```yaml
//! settings: deploy/policy.yaml   # or the settings themselves
//! namespace: shop-dev            # of objects that name none
//! exclude: ["**/testdata/**"]    # globs, from this file's folder
//! baseline: known.json
//! charts:                        # what Helm renders of them is judged
//!   - path: charts/shop
//!     release: shop
//!     namespace: shop-dev
//!     values: [values-dev.yaml]
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use glob::{MatchOptions, Pattern};

use crate::chart::Chart;
use crate::input::{self, Found, Input};
use crate::manifest::{is_namespace, is_release};
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
    /// The charts that Helm renders.
    pub charts: Vec<Chart>,
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
    /// The file of the innermost folder around this one that has it; of the folder itself, its name.
    #[must_use]
    pub fn around(folder: &Path) -> Option<PathBuf> {
        let mut files = folder.ancestors().map(|folder| folder.join(NAME));
        let file = files.find(|file| file.is_file())?;
        let relative = file.strip_prefix(folder).map(Path::to_owned);
        Some(relative.unwrap_or(file))
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
                "expected settings, namespace, exclude, baseline or charts"
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
                "namespace" => config.namespace = Some(namespace(&input, value)?),
                "baseline" => config.baseline = Some(config.folder.join(text()?)),
                "charts" => {
                    let Content::List(items) = &value.content else {
                        bail!(wrong(value.first(), "expected a list of charts"));
                    };
                    let charts = items.iter().map(|item| chart(&input, item, &config.folder));
                    config.charts = charts.collect::<Result<_>>()?;
                }
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
                    "unknown key; known are settings, namespace, exclude, baseline, charts"
                )),
            }
        }
        Ok(config)
    }

    /// What a path stands for ([`input::find`]), without what is left out.
    ///
    /// # Errors
    ///
    /// If there is nothing, or it is not known where a file is.
    pub fn find(&self, path: &Path) -> Result<Found> {
        let mut found = Found::default();
        let all = input::find(path)?;
        for file in all.files {
            if !self.excludes(&file)? {
                found.files.push(file);
            }
        }
        for (path, reason) in all.unjudged {
            if !self.excludes(&path)? {
                found.unjudged.push((path, reason));
            }
        }
        Ok(found)
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

fn namespace(input: &Input, value: &Node) -> Result<String> {
    let text = value.text().filter(|text| is_namespace(text));
    let wrong = || {
        anyhow!(report::excerpt(
            input,
            &value.first(),
            "no namespace can have this name"
        ))
    };
    Ok(text.ok_or_else(wrong)?.to_owned())
}

/// A chart; its paths are those from this folder.
fn chart(input: &Input, value: &Node, folder: &Path) -> Result<Chart> {
    let wrong = |place, message: &str| anyhow!(report::excerpt(input, &place, message));
    let path = |value: &Node| match value.text() {
        Some(text) => Ok(folder.join(text)),
        None => Err(wrong(value.first(), "expected a path")),
    };
    let Content::Mapping(members) = &value.content else {
        bail!(wrong(
            value.first(),
            "expected path, release, namespace and values"
        ));
    };
    let (mut folder, mut release, mut into, mut values) = (None, None, None, Vec::new());
    for (key, place, value) in members {
        match (key.as_str(), &value.content) {
            ("path", _) => folder = Some(path(value)?),
            ("namespace", _) => into = Some(namespace(input, value)?),
            ("release", _) => {
                let text = value.text().filter(|text| is_release(text));
                let wrong = || wrong(value.first(), "no release can have this name");
                release = Some(text.ok_or_else(wrong)?.to_owned());
            }
            ("values", Content::List(items)) => {
                values = items.iter().map(path).collect::<Result<_>>()?;
            }
            ("values", _) => bail!(wrong(value.first(), "expected a list of files")),
            _ => bail!(wrong(
                place.clone(),
                "unknown key; known are path, release, namespace, values"
            )),
        }
    }
    let (Some(path), Some(release), Some(namespace)) = (folder, release, into) else {
        bail!(wrong(
            value.first(),
            "a chart needs path, release and namespace"
        ));
    };
    Ok(Chart {
        path,
        release,
        namespace,
        values,
        flags: Vec::new(),
        called: None,
    })
}
