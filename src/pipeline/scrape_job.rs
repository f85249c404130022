//! A scrape job: what Prometheus scrapes for one part of an object and how, as one complete value.
//!
//! It is what prometheus-operator makes of an endpoint, a probe or a scrape configuration
//! (`generateServiceMonitorConfig` and its neighbours in `pkg/prometheus/promcfg.go`, v0.93), as far as namespaces
//! are concerned.

use std::rc::Rc;

use crate::language::automaton::Membership;
use crate::language::budget::TooComplex;
use crate::language::pattern::is_literal;
use crate::relabel::config::{Action, RelabelConfig, has_placeholder};
use crate::relabel::interpreter::Interpreter;
use crate::relabel::labels::{Discovered, EXPORTED_NAMESPACE, KEYS, META_KUBERNETES, NAMESPACES};
use crate::relabel::regex::Regex;
use crate::relabel::{ConfigId, Stage};

use super::operator::OperatorConfigs;
use super::path::leads_to;

/// Where targets are discovered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discovery {
    /// In all namespaces of the cluster.
    Everywhere,
    /// In these.
    In(Rc<[String]>),
    /// In the one of the Prometheus that scrapes, which is one that its environment may see.
    Own,
    /// They stand in the object, with these addresses and with no labels but those given.
    Fixed(Rc<[String]>),
    /// Somewhere that knows no namespaces.
    Nowhere,
    /// Somewhere that gives its targets whatever labels it likes.
    Anywhere,
}

/// Where some of the targets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where they are discovered.
    pub discovery: Discovery,
    /// Labels that each of them is given.
    pub labels: Rc<[(String, String)]>,
    /// Whether it depends on the Prometheus that scrapes that there are any.
    pub is_possible: bool,
    /// Whether exporters that report on many namespaces may be among them.
    pub is_cluster_wide: bool,
    /// Labels that discovery gives them, and whose values the object chooses.
    pub chosen: Rc<[String]>,
}

/// What an endpoint is about, as far as namespaces are concerned.
#[derive(Clone, Debug)]
pub struct ScrapeJob<'a> {
    /// Where its targets come from.
    pub sources: Vec<Source>,
    /// Whether the operator gives each target its namespace as label `namespace`.
    pub is_named: bool,
    /// Whether labels that the exporter exposes win over the target's.
    pub honor_labels: bool,
    /// Whether the exporter reports on many namespaces even where `honor_labels` is false.
    pub cluster_wide: bool,
    /// The path where the metrics are, unless a config or a label says otherwise.
    pub path: &'a str,
    /// The namespace of the object.
    pub own: &'a str,
    /// The paths at which an exporter reports on many namespaces.
    pub cluster_wide_paths: Rc<[String]>,
    /// The relabel configs that the operator puts before the object's own, those that set label `namespace` aside.
    pub operator: OperatorConfigs<'a>,
    /// `relabelings`.
    pub relabelings: Vec<RelabelConfig>,
    /// `metricRelabelings`.
    pub metric_relabelings: Vec<RelabelConfig>,
}

impl Source {
    /// What is discovered so, with no labels of its own.
    #[must_use]
    pub fn of(discovery: Discovery) -> Self {
        Self {
            discovery,
            labels: Rc::default(),
            is_possible: false,
            is_cluster_wide: false,
            chosen: Rc::default(),
        }
    }
}

impl ScrapeJob<'_> {
    /// The object's own relabel configs of a stage; the operator has its own field.
    #[must_use]
    pub fn configs(&self, stage: Stage) -> &[RelabelConfig] {
        match stage {
            Stage::Operator | Stage::Prometheus => &[],
            Stage::Relabelings => &self.relabelings,
            Stage::MetricRelabelings => &self.metric_relabelings,
        }
    }

    /// The relabel config at a place, if it stands in the object or the operator writes it.
    #[must_use]
    pub fn config(&self, id: ConfigId) -> Option<&RelabelConfig> {
        match id.stage {
            Stage::Operator => self.operator.all().get(id.index),
            stage => self.configs(stage).get(id.index),
        }
    }

    /// What is known of the labels of targets that have a name of Kubernetes' discovery.
    #[must_use]
    pub fn discovered(&self) -> Discovered {
        let is_discovered = |source: &Source| {
            let mut labels = source.labels.iter();
            source.discovery != Discovery::Anywhere
                && !labels.any(|(name, _)| name.starts_with(META_KUBERNETES))
        };
        if !self.sources.iter().all(is_discovered) {
            return Discovered::Unknown;
        }
        let configs = self.relabelings.iter().map(discovered_after);
        configs.min().unwrap_or(Discovered::Given)
    }

    /// Whether the exporter, or its path, is one that reports on many namespaces.
    #[must_use]
    pub(crate) fn is_cluster_wide(&self) -> bool {
        let known = || self.cluster_wide_paths.iter();
        self.cluster_wide
            || has_placeholder(self.path)
            || known().any(|known| leads_to(self.path, known))
    }

    /// Whether it matters what of the exporter's own label `namespace` is moved to
    /// `exported_namespace`.
    ///
    /// # Errors
    ///
    /// [`TooComplex`] if the budget does not suffice.
    pub(crate) fn judges_exported(
        &self,
        interpreter: &mut Interpreter,
    ) -> Result<bool, TooComplex> {
        if self.honor_labels {
            return Ok(false);
        }
        if self.is_cluster_wide() {
            return Ok(true);
        }
        for config in self.relabelings.iter().chain(&self.metric_relabelings) {
            if config.reads("exported_namespace") {
                return Ok(true);
            }
            if config.action == Action::LabelMap {
                let maps = match interpreter.compile(&config.regex)? {
                    _ if has_placeholder(&config.regex) => true,
                    Regex::Compiled(regex) => {
                        let exported = NAMESPACES[EXPORTED_NAMESPACE];
                        interpreter.contains(&regex.automaton, exported)? != Membership::No
                    }
                    Regex::NotCompiled(_) => true,
                };
                if maps {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// What is known, once the config has run, of labels that have a name of Kubernetes' discovery, all of which Kubernetes
/// gave before. A labelmap of keys to their ends writes names that end as keys do, and one of keys as a whole none of
/// discovery's, for keys begin otherwise.
fn discovered_after(config: &RelabelConfig) -> Discovered {
    let writes = match config.action {
        Action::LabelMap => {
            // Where the template begins with other text, so does the name.
            let begins = config.replacement.split('$').next().unwrap_or_default();
            let is_other =
                !META_KUBERNETES.starts_with(begins) && !begins.starts_with(META_KUBERNETES);
            if is_other && !config.is_unknown {
                return Discovered::Given;
            }
            let mut ends = ["(.+)", "(.*)"].into_iter();
            let from = ends.find_map(|end| config.regex.strip_suffix(end));
            let from = from.and_then(|from| from.strip_prefix(META_KUBERNETES));
            let is_end = matches!(&*config.replacement, "$1" | "${1}");
            let Some(from) = from.filter(|from| is_end && is_literal(from)) else {
                return Discovered::Unknown;
            };
            let key = KEYS.iter().find_map(|kind| {
                let (object, key) = from.split_once(kind)?;
                let is_word = object.bytes().all(|byte| byte.is_ascii_lowercase());
                (is_word && !object.is_empty()).then_some(key)
            });
            return match key {
                Some("") => Discovered::Given,
                Some(_) => Discovered::Mapped,
                None if from.is_empty() => Discovered::Given,
                None => Discovered::Unknown,
            };
        }
        Action::Replace | Action::Lowercase | Action::Uppercase | Action::HashMod => {
            let target = &config.target_label;
            !config.writes_one_label() || target.starts_with(META_KUBERNETES) || config.is_unknown
        }
        Action::LabelDrop | Action::LabelKeep => config.is_unknown,
        Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual => false,
    };
    if writes {
        Discovered::Unknown
    } else {
        Discovered::Given
    }
}

/// Each relabel config of a list with its place.
pub fn numbered(
    stage: Stage,
    configs: &[RelabelConfig],
) -> impl Iterator<Item = (ConfigId, &RelabelConfig)> {
    configs
        .iter()
        .enumerate()
        .map(move |(index, config)| (ConfigId { stage, index }, config))
}
