//! What is not judged though something that the policy is about may come of it, and why.

use std::fmt;

/// Why something is not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unjudged {
    /// A folder is a Helm chart.
    Chart,
    /// A folder is a kustomization, or a document describes one.
    Kustomization,
    /// A folder has no manifest.
    NoManifest,
    /// Standard input is empty.
    NoInput,
    /// An object names what a controller renders and installs.
    Installs,
    /// An object describes a release that is not judged, for this reason.
    Release(String),
    /// An object has one of the operator's kinds, in this API group.
    OtherGroup(String),
    /// A document is no Kubernetes object.
    NoObject,
    /// A document is a patch of an object.
    Patch,
    /// A document cannot be read, for this reason, but is of a kind that the policy is not about.
    Broken(String),
}

impl Unjudged {
    /// Whether nothing that the policy is about can come of it.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::Patch | Self::Broken(_))
    }
}

impl fmt::Display for Unjudged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chart => {
                "this is a chart: name it in `charts` of env-isolation.yaml, or judge what Helm renders of it, \
                 `helm template … | env-isolation-check -`"
            }
            Self::Kustomization => {
                "this is a kustomization: judge what it builds, \
                 `kubectl kustomize … | env-isolation-check -`"
            }
            Self::NoManifest => "this folder has no manifest (.yaml, .yml or .json)",
            Self::NoInput => "standard input is empty",
            Self::Installs => {
                "what it installs is not judged: judge what Helm or Kustomize render of it; \
                 `env-isolation-check helm` reads Applications and HelmReleases"
            }
            Self::Release(reason) => reason,
            Self::OtherGroup(group) => {
                return write!(
                    formatter,
                    "not judged, for the setting `apiGroups` does not name {group:?}"
                );
            }
            Self::NoObject => "not judged, for it is no Kubernetes object: it has no `kind`",
            Self::Patch => "not judged, for it is a patch",
            Self::Broken(message) => {
                return write!(
                    formatter,
                    "not judged, for its kind is none of the policy's; it cannot be read: {message}"
                );
            }
        })
    }
}
