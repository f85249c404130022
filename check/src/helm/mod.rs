//! The values of a chart that mend what Helm renders of it. Nobody who runs a chart edits a `ServiceMonitor`: he writes
//! values. Which value is behind a field is found by experiment, never by a table of charts:
//!
//! 1. [`render`] has Helm render the chart, and the policy judges what comes out; a [`goal`] is what has to change.
//! 2. [`scratch`] copies the chart, and prints the values that its templates see. Of these, [`candidates`] may hold a field.
//! 3. [`search`] has them all rendered with [`marks`] in them, and sees which ones come out, and where.
//!    [`reach`] keeps what was seen.
//! 4. [`rounds`] give those that reach least besides what the policy wants there their new contents ([`rank`]), have
//!    everything rendered and judged again, drop what did not help, and try the next ones.
//! 5. [`remedy`] says for each violation which value solves it, or why none does and what does it instead.
//!
//! [`repair`] does all of that for a release; [`chart_source`] finds its chart, [`values`] writes into its file of values, and
//! [`difference`] tells what else is rendered differently then. [`installed`] reads the releases from the manifests of Argo CD
//! and Flux; a [`home`] is where their values stand, and [`placeholders`] are what is filled into templates of them.

pub mod candidates;
pub mod chart_source;
pub mod difference;
pub mod goal;
pub mod home;
pub mod installed;
pub mod marks;
pub mod placeholders;
pub mod rank;
pub mod reach;
pub mod remedy;
pub mod render;
pub mod repair;
pub mod rounds;
pub mod scratch;
pub mod search;
pub mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::chart::Chart;
use home::Home;
use placeholders::Placeholders;

/// A chart as it is installed, and the file of values that may be changed.
#[derive(Clone, Debug)]
pub struct Release {
    /// The chart, with all flags.
    pub chart: Chart,
    /// The flags without those that set values.
    pub flags: Vec<OsString>,
    /// What is set beside the files, `path=value` each: it wins over them.
    pub set: Vec<String>,
    /// Where that is.
    pub set_by: &'static str,
    /// Whether objects that the policy has no fix for are turned off, where a value does that.
    pub turn_off: bool,
    /// The file of values that gets new contents: one of the chart's, or one that is to be its last.
    pub target: Option<PathBuf>,
    /// What was filled into the template that describes it, if one does.
    pub placeholders: Option<Placeholders>,
    /// Where its contents stand, and are written.
    pub home: Option<Home>,
}
