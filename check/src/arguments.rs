//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use env_isolation_check::manifest::is_namespace;

/// Gives the verdicts of the prometheus-env-isolation-policy over manifests, as the cluster would.
///
/// Exits with 0 if all objects are accepted, 1 if one is rejected, 2 if something that may be one
/// cannot be read.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub check: Check,
}

/// What is done instead of judging.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Walk through the proof of each monitor, rule by rule.
    Explain(Explain),
    /// Find the values of a Helm chart that mend what is rendered of it.
    Helm(Box<Helm>),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

/// What every verdict depends on.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// The policy's settings: a YAML or JSON file of them, or of the `ClusterAdmissionPolicy` or
    /// `AdmissionPolicy` that has them; the defaults unless given.
    #[arg(long, short, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The file that says what is not given here; `env-isolation.yaml` of the working directory or a
    /// folder around it unless given.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Look for no such file.
    #[arg(long)]
    pub no_config: bool,
    /// The namespace of objects that name none.
    #[arg(long, short, value_name = "NAMESPACE", value_parser = namespace)]
    pub namespace: Option<String>,
}

/// How it is reported, and what of it fails.
#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// How to report.
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: Output,
    /// Exit with 1 for a warning, too.
    #[arg(long)]
    pub warnings_as_errors: bool,
    /// How many findings the text shows; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub max_findings: usize,
    /// Whether the report has colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// List all objects with their verdicts, too; of charts, how often Helm rendered.
    #[arg(long, short)]
    pub verbose: bool,
}

/// The name of a namespace.
fn namespace(text: &str) -> Result<String, &'static str> {
    if is_namespace(text) {
        Ok(text.to_owned())
    } else {
        Err("no namespace can have this name: at most 63 lower-case letters, digits and `-` inside")
    }
}

/// A name and a path.
fn named_chart(text: &str) -> Result<(String, String), &'static str> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=PATH")?;
    Ok((name.to_owned(), path.to_owned()))
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Check {
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub report: Reporting,
    /// Print the fixes as a patch (for `git apply` or `patch -p1`) instead of the report.
    #[arg(long, conflicts_with_all = ["write", "output"])]
    pub fix: bool,
    /// Write the fixes into the files, and report what is left. Comments and order stay.
    #[arg(long)]
    pub write: bool,
    /// List the exceptions that stand beside objects, instead of judging.
    #[arg(long, conflicts_with_all = ["fix", "write", "output"])]
    pub list_exceptions: bool,
    /// Let what is wrong already as this file has it not fail; tell what of it is gone.
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    pub baseline: Option<PathBuf>,
    /// Write what is wrong now into this file, for --baseline.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fix", "write"])]
    pub write_baseline: Option<PathBuf>,
    /// Exit with 2 for what may bring in objects but is not judged, too.
    #[arg(long)]
    pub strict: bool,
    /// Manifests: files, folders, globs, or - for standard input; unless given, the charts of
    /// `env-isolation.yaml`, as Helm renders them.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub judging: Judging,
    /// Only the objects of this name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Whether the walk has colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Manifests: files, folders, globs, or - for standard input; unless given, the charts of
    /// `env-isolation.yaml`, as Helm renders them.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Flags that Helm has, too, are called and mean as they do there.
#[derive(Debug, Args)]
pub(crate) struct Helm {
    #[command(flatten)]
    pub judging: Judging,
    /// The files with values; a later one wins.
    #[arg(
        long,
        short = 'f',
        value_name = "FILE",
        value_delimiter = ',',
        requires = "chart"
    )]
    pub values: Vec<PathBuf>,
    /// Set values.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Set values that are texts.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set_string: Vec<String>,
    /// The version of the chart that is pulled.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// The repository that the chart is pulled from.
    #[arg(long, value_name = "URL")]
    pub repo: Option<String>,
    /// The version of Kubernetes that the chart is rendered for.
    #[arg(long, value_name = "VERSION", default_value = KUBE_VERSION)]
    pub kube_version: String,
    /// What the cluster has besides the operator's kinds.
    #[arg(long, short, value_name = "VERSION", value_delimiter = ',')]
    pub api_versions: Vec<String>,
    #[command(flatten)]
    pub report: Reporting,
    /// Write the new contents into the last file of values, or where the values of a manifest stand, and report what is
    /// left. Comments and order stay.
    #[arg(long)]
    pub write: bool,
    /// Turn off the objects that the policy has no fix for, where a value does that.
    #[arg(long)]
    pub turn_off: bool,
    /// Write them into this file instead: one of the files of values, or one that comes after them.
    #[arg(long, value_name = "FILE", requires = "chart")]
    pub write_to: Option<PathBuf>,
    /// A chart that manifests name: its folder or archive.
    #[arg(id = "charts", long = "chart", value_name = "NAME=PATH", value_parser = named_chart, requires = "chart")]
    pub charts: Vec<(String, String)>,
    /// Exit with 2 for a release that is not judged, too.
    #[arg(long)]
    pub strict: bool,
    /// The chart: its folder or archive, oci://…, or its name in the repository of --repo. Or manifests of Argo CD
    /// (`Application`, `ApplicationSet`) or Flux (`HelmRelease`): a file, a folder or a glob. Unless given, the charts of
    /// `env-isolation.yaml`.
    #[arg(value_name = "CHART")]
    pub chart: Option<String>,
    /// The name of the release; `release-name` unless given.
    #[arg(value_name = "RELEASE")]
    pub release: Option<String>,
    /// Further flags of `helm template`, after --.
    #[arg(value_name = "FLAGS", last = true)]
    pub flags: Vec<OsString>,
}

/// The version of Kubernetes that charts are rendered for, unless another one is given. Helm has one of its own, but a
/// Helm that was built from source has one so old that charts refuse it.
const KUBE_VERSION: &str = "1.33.0";

/// The formats of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Excerpts of the manifests, for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanners.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// When there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless the environment variable `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
