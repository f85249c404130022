//! A relabeling as it stands in an object, and the config that Prometheus makes of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

/// A relabeling as the API server sends it (`RelabelConfig` in prometheus-operator's
/// `pkg/apis/monitoring/v1/types.go`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relabeling {
    /// The labels whose values are joined.
    pub source_labels: Option<Vec<String>>,
    /// What they are joined with.
    pub separator: Option<String>,
    /// The label that is written or compared with.
    pub target_label: Option<String>,
    /// What the joined value, or a label's name, is matched with.
    pub regex: Option<String>,
    /// What the hash of the joined value is taken modulo of.
    pub modulus: Option<i64>,
    /// What is written.
    pub replacement: Option<String>,
    /// What is done, in any case.
    pub action: Option<String>,
}

/// What a config does (`Action` in Prometheus' `model/relabel/relabel.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "Prometheus' own names, as Prometheus documents them"
)]
pub enum Action {
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "" | "replace" => Self::Replace,
            "keep" => Self::Keep,
            "drop" => Self::Drop,
            "keepequal" => Self::KeepEqual,
            "dropequal" => Self::DropEqual,
            "hashmod" => Self::HashMod,
            "labelmap" => Self::LabelMap,
            "labeldrop" => Self::LabelDrop,
            "labelkeep" => Self::LabelKeep,
            "lowercase" => Self::Lowercase,
            "uppercase" => Self::Uppercase,
            _ => return None,
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        })
    }
}

/// A config with Prometheus' defaults filled in (`DefaultRelabelConfig` in `relabel.go`; what is
/// empty in the object is left out by `generateRelabelConfig` in the operator's `promcfg.go`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelConfig {
    /// What it does.
    pub action: Action,
    /// The labels whose values are joined.
    pub source_labels: Vec<String>,
    /// What they are joined with.
    pub separator: Cow<'static, str>,
    /// What is matched; `(.*)` unless given.
    pub regex: Cow<'static, str>,
    /// The label that is written or compared with; empty where the action has none.
    pub target_label: Cow<'static, str>,
    /// What is written.
    pub replacement: Cow<'static, str>,
    /// What the hash is taken modulo of.
    pub modulus: u64,
    /// Whether a string of the config has a placeholder `$(NAME)`, which the config reloader replaces after admission,
    /// or is so long that it is not followed.
    pub is_unknown: bool,
}

/// The longest string of a config that is followed, in bytes; a regex has a limit of its own.
const MAX_STRING: usize = 8000;

/// The regex of a config that gives none.
pub(crate) const DEFAULT_REGEX: &str = "(.*)";

const DEFAULT_REPLACEMENT: &str = "$1";
const DEFAULT_SEPARATOR: &str = ";";

/// Why a relabeling has no config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The operator or Prometheus refuses it, and with it the whole object; why, as a sentence without its
    /// subject.
    Ignored(String),
    /// Prometheus refuses its whole configuration because of it; why, as a sentence without its subject.
    RefusesAll(String),
    /// Its regex is [read as none](is_read_as_null).
    ReadAsNull,
}

/// What follows where Prometheus refuses its whole configuration.
pub(crate) const REFUSES_ALL: &str =
    "so that Prometheus would refuse its whole configuration, and go on with the one that it had";

impl fmt::Display for Refusal {
    /// A sentence without its full stop.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored(reason) => write!(
                formatter,
                "it {reason}, so that prometheus-operator would ignore the whole object"
            ),
            Self::RefusesAll(reason) => write!(formatter, "it {reason}, {REFUSES_ALL}"),
            Self::ReadAsNull => formatter.write_str(READ_AS_NULL),
        }
    }
}

/// What is wrong with a regex that is [read as none](is_read_as_null), as a sentence.
pub(crate) const READ_AS_NULL: &str = "Prometheus reads this text as no regex at all (YAML's null, even in quotes), and \
                                then takes it for the default regex of every rule of every scrape, so \
                                that the operator's own rule that sets `namespace` no longer matches until \
                                Prometheus is restarted; write it otherwise, for example in brackets";

/// Whether Prometheus reads this text, where the operator writes it as a regex, as no regex: it is null for
/// YAML, and that in quotes, too (`prepare` in `decode.go` of `go.yaml.in/yaml/v2`). `UnmarshalYAML` is then
/// passed over, and `UnmarshalText` overwrites the regex that `DefaultRelabelConfig` in Prometheus'
/// `model/relabel/relabel.go` shares with all configs that give none.
#[must_use]
pub(crate) fn is_read_as_null(regex: &str) -> bool {
    matches!(regex, "null" | "~")
}

impl RelabelConfig {
    /// A config that reads no label, and has the defaults otherwise.
    #[must_use]
    pub fn replace(
        regex: impl Into<Cow<'static, str>>,
        target_label: impl Into<Cow<'static, str>>,
        replacement: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut config = Self {
            action: Action::Replace,
            source_labels: Vec::new(),
            separator: DEFAULT_SEPARATOR.into(),
            regex: regex.into(),
            target_label: target_label.into(),
            replacement: replacement.into(),
            modulus: 0,
            is_unknown: false,
        };
        config.is_unknown = config.is_odd();
        config
    }

    /// A config that keeps, or drops, by the values of these labels.
    #[must_use]
    pub fn filter(
        action: Action,
        source_labels: Vec<String>,
        regex: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            action,
            source_labels,
            ..Self::replace(regex, "", DEFAULT_REPLACEMENT)
        }
    }

    /// A config that copies a label.
    #[must_use]
    pub fn copy(from: String, to: impl Into<Cow<'static, str>>) -> Self {
        Self {
            source_labels: vec![from],
            ..Self::replace(DEFAULT_REGEX, to, DEFAULT_REPLACEMENT)
        }
    }

    /// A config that copies a label where it is not empty.
    #[must_use]
    pub fn copy_present(from: String, to: impl Into<Cow<'static, str>>) -> Self {
        Self {
            regex: "(.+)".into(),
            ..Self::copy(from, to)
        }
    }

    /// A config that writes this text.
    #[must_use]
    pub fn constant(to: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::replace(DEFAULT_REGEX, to, text)
    }

    /// The config of a relabeling.
    ///
    /// # Errors
    ///
    /// What `ValidateRelabelConfig` in the operator's `pkg/prometheus/validation/validator.go` or
    /// `Validate` in `relabel.go` refuses, but for a regex that does not compile.
    pub fn new(relabeling: &Relabeling) -> Result<Self, Refusal> {
        let name = relabeling.action.as_deref().unwrap_or_default();
        let Some(action) = Action::named(name) else {
            let reason = "has an action that Prometheus does not know";
            return Err(Refusal::Ignored(reason.into()));
        };
        let or = |text: &Option<String>, default: &'static str| match text {
            Some(text) => Cow::Owned(text.clone()),
            None => Cow::Borrowed(default),
        };
        // The operator leaves an empty regex out.
        let has_regex = relabeling
            .regex
            .as_ref()
            .is_some_and(|text| !text.is_empty());
        let regex = if has_regex { &relabeling.regex } else { &None };
        let mut config = Self {
            action,
            source_labels: relabeling.source_labels.clone().unwrap_or_default(),
            separator: or(&relabeling.separator, DEFAULT_SEPARATOR),
            regex: or(regex, DEFAULT_REGEX),
            target_label: or(&relabeling.target_label, ""),
            replacement: or(&relabeling.replacement, DEFAULT_REPLACEMENT),
            modulus: u64::try_from(relabeling.modulus.unwrap_or(0))
                .map_err(|_| Refusal::Ignored("has a negative modulus".into()))?,
            is_unknown: false,
        };
        config.is_unknown = config.is_odd();
        if is_read_as_null(&config.regex) {
            return Err(Refusal::ReadAsNull);
        }
        if config.source_labels.iter().any(String::is_empty) {
            let reason = "reads a label with an empty name";
            return Err(Refusal::RefusesAll(reason.into()));
        }
        config.validated(has_regex)
    }

    fn validated(self, has_regex: bool) -> Result<Self, Refusal> {
        use Action as A;
        let action = self.action;
        let refuse = |reason: &str| Err(Refusal::Ignored(format!("{reason} (action {action})")));
        let writes = matches!(
            action,
            A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual
        );
        if action == A::HashMod && self.modulus == 0 {
            return refuse("has no modulus");
        }
        if writes && self.target_label.is_empty() {
            return refuse("has no targetLabel");
        }
        let plain = self.replacement == DEFAULT_REPLACEMENT;
        if matches!(action, A::Lowercase | A::Uppercase) && !plain {
            return refuse("has a replacement, which this action does not take");
        }
        if action == A::LabelMap && self.replacement.is_empty() {
            return refuse("has an empty replacement");
        }
        let bare = plain && self.modulus == 0 && self.separator == DEFAULT_SEPARATOR;
        if matches!(action, A::KeepEqual | A::DropEqual) && (has_regex || !bare) {
            let reason = "has fields other than sourceLabels and targetLabel";
            if bare && self.regex == DEFAULT_REGEX {
                // The operator takes the default, and Prometheus compares pointers.
                let reason = format!("{reason} (action {action})");
                return Err(Refusal::RefusesAll(reason));
            }
            return refuse(reason);
        }
        if matches!(action, A::LabelDrop | A::LabelKeep)
            && !(bare && self.source_labels.is_empty() && self.target_label.is_empty())
        {
            return refuse("has fields other than regex");
        }
        Ok(self)
    }

    /// Whether a text that the action reads is too long, or has a placeholder.
    fn is_odd(&self) -> bool {
        use Action as A;
        let action = self.action;
        let is_odd = |text: &str| text.len() > MAX_STRING || has_placeholder(text);
        let joins = self.source_labels.len() > 1 && action != A::LabelMap;
        let has_template = matches!(action, A::Replace | A::LabelMap);
        let has_target = action != A::LabelMap;
        let matches = !matches!(
            action,
            A::Lowercase | A::Uppercase | A::HashMod | A::KeepEqual | A::DropEqual
        );
        joins && is_odd(&self.separator)
            || has_template && is_odd(&self.replacement)
            || has_target && is_odd(&self.target_label)
            || self.source_labels.iter().any(|label| is_odd(label))
            || matches && has_placeholder(&self.regex)
    }

    /// Whether the config only ever drops as a whole.
    #[must_use]
    pub(crate) const fn is_filter(&self) -> bool {
        matches!(
            self.action,
            Action::Keep | Action::Drop | Action::KeepEqual | Action::DropEqual
        )
    }

    /// Whether the config writes one label, which it names.
    #[must_use]
    pub(crate) fn writes_one_label(&self) -> bool {
        let writes = matches!(
            self.action,
            Action::Replace | Action::HashMod | Action::Lowercase | Action::Uppercase
        );
        writes && !self.target_label.contains('$')
    }

    /// Whether the config may read the label of this name by its name.
    #[must_use]
    pub fn reads(&self, label: &str) -> bool {
        let compares = matches!(self.action, Action::KeepEqual | Action::DropEqual);
        // A name with a placeholder may become any.
        let is_it = |name: &str| name == label || has_placeholder(name);
        self.source_labels.iter().any(|name| is_it(name)) || compares && is_it(&self.target_label)
    }
}

/// Whether the text has a `$(NAME)` (`expandEnv` in the operator's config reloader replaces what
/// matches `\$\(([a-zA-Z_0-9]+)\)`).
#[must_use]
pub(crate) fn has_placeholder(text: &str) -> bool {
    text.match_indices('$').any(|(place, _)| {
        let Some(name) = text[place + 1..].strip_prefix('(') else {
            return false;
        };
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        end.is_some_and(|end| end > 0 && name[end..].starts_with(')'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("$(SHARD)", true)]
    #[case("a$(POD_NAME)b", true)]
    #[case("$()", false)]
    #[case("$(a", false)]
    #[case("$(a-b)", false)]
    #[case("$(.*)", false)]
    #[case("(a)$", false)]
    fn placeholders(#[case] text: &str, #[case] found: bool) {
        assert_eq!(has_placeholder(text), found);
    }
}
