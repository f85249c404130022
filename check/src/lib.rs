//! The verdicts of the policy over manifests: [`input`] finds them, [`chosen`] says which are meant, [`chart`] has Helm
//! render some, [`yaml`] reads them,
//! [`manifest`] makes of each object the request that the API server would send, [`answer`] asks the
//! policy's library, and [`judge`] puts the two together; [`report`] prints the outcome, and [`fix`]
//! writes the fixes into the text. [`explain`] walks through a proof instead, and [`helm`] finds the
//! values of a chart that mend what is rendered of it. [`settings`] reads the
//! policy's; [`unjudged`] says why something is passed over, and a
//! [`baseline`] what was wrong before, an [`exception`] what may be wrong for a while; [`config`] is what a repository says once.

pub mod answer;
pub mod baseline;
pub mod chart;
pub mod chosen;
pub mod config;
pub mod exception;
pub mod explain;
pub mod fix;
pub mod helm;
pub mod input;
pub mod judge;
pub mod manifest;
pub mod report;
pub mod settings;
pub mod unjudged;
pub mod yaml;
