//! The proof: whether anything from outside of an environment can come through a scrape job ([`prove`]).
//!
//! A job is run symbolically, from [`targets`] as they are discovered, over the [`ways`] that their scrapes take, to
//! the [`samples`] that are stored. What is left in the end is asked for a namespace that [leaks](leak), which
//! [`solver`] answers with texts for the variables.
//!
//! Four things make it cheap. [`fast_path`] accepts what needs no run. [`mod@slice`] leaves out the filters that cannot
//! matter. And what leaks is run once more with all of its relabel configs, for the counterexample.

pub mod address;
mod answers;
pub mod fast_path;
pub mod keep;
pub mod leak;
mod samples;
mod slice;
pub mod solver;
pub mod stored;
mod targets;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::budget::TooComplex;
use crate::language::pattern::Dot;
use crate::pipeline::scrape_job::{ScrapeJob, numbered};
use crate::relabel::config::{Action, RelabelConfig};
use crate::relabel::interpreter::{Interpreter, is_legacy_name};
use crate::relabel::labels::{
    ADDRESS, DISPLACED, EXPORTED_NAMESPACE, Labels, MERGED, MERGED_EXPORTED, METRICS_PATH,
    NAMESPACE, TARGET,
};
use crate::relabel::state::{Origin, State};
use crate::relabel::{ConfigId, Stage};

use address::Standing;
use leak::{Allowed, Leak};

/// What can come through a scrape job.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by itself")]
pub struct Findings {
    /// A target of a forbidden namespace, or with such a label: it shows in the report samples.
    pub target: Option<Leak>,
    /// A sample of a forbidden namespace.
    pub sample: Option<Leak>,
    /// A sample of a forbidden namespace in `exported_namespace`.
    pub exported: Option<Leak>,
    /// What is scraped elsewhere than its labels say, and the relabel config that moves it there, if one does.
    pub standing: Option<(Standing, Option<ConfigId>)>,
    /// Whether there may be targets, where the operator does not name their namespace.
    pub has_targets: bool,
    /// Whether a relabel config may send the scrape elsewhere than its target stands.
    pub moves_address: bool,
    /// Whether, where one may do so, what was discovered may be scraped all the same.
    pub keeps_address: bool,
    /// Whether it mattered what of the exporter's own label `namespace` was moved to `exported_namespace`.
    pub judges_exported: bool,
    /// Whether a label that is not known decides whether the path is one at which an exporter reports on many
    /// namespaces.
    pub has_free_path: bool,
    /// Whether nothing that the environment may see can come through.
    pub is_empty: bool,
}

impl Findings {
    /// Takes note that not all relabel configs were looked at, of which this is the first that was left out.
    fn doubt(&mut self, left_out: Option<ConfigId>) {
        for leak in [&mut self.target, &mut self.sample, &mut self.exported]
            .into_iter()
            .flatten()
        {
            leak.witness = None;
            leak.approximated_by = left_out;
        }
        if let Some((standing, _)) = &mut self.standing {
            standing.namespace = None;
        }
    }

    /// Whether a leak is in doubt because of a regex that matches newlines in one Prometheus, and not in another.
    fn depends_on_newlines(&self, job: &ScrapeJob<'_>) -> bool {
        let has_dot = |id: ConfigId| {
            let config = job.config(id);
            config.is_some_and(|config| !config.is_unknown && config.regex.contains('.'))
        };
        let leaks = [&self.target, &self.sample, &self.exported];
        let mut leaks = leaks.into_iter().flatten();
        leaks.any(|leak| leak.witness.is_none() && leak.approximated_by.is_some_and(has_dot))
    }

    /// What is found of Prometheus 3, as this is, or else of Prometheus 2.
    fn or_of_2(self, two: Self) -> Self {
        let leak = |three: Option<Leak>, two: Option<Leak>| {
            let is_shown = |leak: &Leak| leak.witness.is_some();
            let is_of_2 = three.is_none();
            let two = two.map(|leak| Leak { is_of_2, ..leak });
            let is_better =
                two.as_ref().is_some_and(is_shown) && !three.as_ref().is_some_and(is_shown);
            if is_better { two } else { three.or(two) }
        };
        Self {
            target: leak(self.target, two.target),
            sample: leak(self.sample, two.sample),
            exported: leak(self.exported, two.exported),
            standing: self.standing.or(two.standing),
            has_targets: self.has_targets || two.has_targets,
            moves_address: self.moves_address || two.moves_address,
            keeps_address: self.keeps_address || two.keeps_address,
            judges_exported: self.judges_exported || two.judges_exported,
            has_free_path: self.has_free_path || two.has_free_path,
            is_empty: self.is_empty && two.is_empty,
        }
    }

    /// Whether there is a witness for each leak of the others.
    fn shows(&self, others: &Self) -> bool {
        let leaks = [
            (&self.target, &others.target),
            (&self.sample, &others.sample),
            (&self.exported, &others.exported),
        ];
        leaks.into_iter().all(|(own, other)| {
            let is_shown = own.as_ref().is_some_and(|leak| leak.witness.is_some());
            other.is_none() || is_shown
        })
    }

    /// Whether a leak was found.
    #[must_use]
    pub const fn leaks(&self) -> bool {
        self.target.is_some()
            || self.sample.is_some()
            || self.exported.is_some()
            || self.standing.is_some()
    }
}

/// What can come through the job: by the [fast path](fast_path), else by a [run].
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove it.
pub fn prove(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    if fast_path::is_confined(job, allowed, interpreter) == Ok(true) {
        return Ok(Findings::default());
    }
    run(job, allowed, interpreter)
}

/// What can come through the job, by running it: for all versions of Prometheus at once, and where that leaves a leak in
/// doubt, for each by itself.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove it.
pub fn run(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    let found = run_at_once(job, allowed, interpreter)?;
    if !found.depends_on_newlines(job) {
        return Ok(found);
    }
    let kept = interpreter.budget.set_aside(4);
    let mut with =
        |dot| interpreter.with_dot(dot, |interpreter| run_at_once(job, allowed, interpreter));
    let three = with(Dot::WithNewline);
    let each = three.and_then(|three| {
        let mut two = with(Dot::WithoutNewline)?;
        // Whether a Prometheus 2 gets the object at all depends on the operator's version.
        if let Some(config) = refused_by_2(job) {
            two.doubt(Some(config));
        }
        Ok(three.or_of_2(two))
    });
    interpreter.budget.give_back(kept);
    Ok(each.unwrap_or(found))
}

/// A relabel config with a target that is no legacy name: for a Prometheus 2, prometheus-operator refuses such an object
/// (`ValidateRelabelConfig` in its `pkg/prometheus/validation/validator.go`, v0.93), templates among them.
fn refused_by_2(job: &ScrapeJob<'_>) -> Option<ConfigId> {
    let configs = [Stage::Relabelings, Stage::MetricRelabelings];
    let configs = configs.map(|stage| numbered(stage, job.configs(stage)));
    let mut configs = configs.into_iter().flatten();
    let found = configs.find(|(_, config)| !is_legacy_name(&config.target_label));
    found.map(|(id, _)| id)
}

/// What can come through the job: first [`over`], and what leaks of that with all relabel configs, for the
/// counterexample: first with a text for each label by which was filtered, then with any.
fn run_at_once(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    let left_out = slice::left_out(job, interpreter)?;
    let kept = interpreter.budget.set_aside(2);
    let found = over(job, &left_out, allowed, interpreter);
    interpreter.budget.give_back(kept);
    let Ok(mut found) = found else {
        return counterexample(job, &left_out, allowed, interpreter);
    };
    if is_settled(job, &found) || left_out.is_empty() {
        return Ok(found);
    }
    // What is too complex with all relabel configs leaves something for what comes after it.
    let kept = interpreter.budget.set_aside(6);
    let mut shown = None;
    if !goes_elsewhere(&found) {
        let tried = with_texts(job, &left_out, allowed, interpreter);
        shown = tried.ok().filter(|tried| tried.shows(&found));
    }
    let whole = match shown {
        Some(shown) => Ok(Findings {
            target: shown.target,
            sample: shown.sample,
            exported: shown.exported,
            ..found.clone()
        }),
        None => over(job, &BTreeSet::new(), allowed, interpreter),
    };
    interpreter.budget.give_back(kept);
    if let Ok(whole) = whole {
        return Ok(whole);
    }
    found.doubt(left_out.first().copied());
    if found.standing.is_none() {
        let kept = interpreter.budget.set_aside(6);
        let some = counterexample(job, &left_out, allowed, interpreter);
        interpreter.budget.give_back(kept);
        let some = some.unwrap_or_default();
        found.target = some.target.or(found.target);
        found.sample = some.sample.or(found.sample);
        found.exported = some.exported.or(found.exported);
    }
    Ok(found)
}

/// What comes through the job with a text for each label by which those filters filter.
fn with_texts(
    job: &ScrapeJob<'_>,
    filters: &BTreeSet<ConfigId>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    let texts = slice::texts(job, filters, interpreter)?;
    let nothing = BTreeSet::new();
    Run::new(job, &nothing, &texts, allowed, interpreter)?.findings(interpreter)
}

/// A counterexample of a job that is too complex for a proof, along a few of the ways through it.
///
/// # Errors
///
/// [`TooComplex`] if none is found.
fn counterexample(
    job: &ScrapeJob<'_>,
    filters: &BTreeSet<ConfigId>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    let at = interpreter.at;
    interpreter.follows_some = true;
    let found = with_texts(job, filters, allowed, interpreter);
    interpreter.follows_some = false;
    let mut found = found.unwrap_or_default();
    for leak in [&mut found.target, &mut found.sample, &mut found.exported] {
        leak.take_if(|leak| leak.witness.is_none());
    }
    found.standing = None;
    if !found.leaks() {
        interpreter.at = at;
        return Err(TooComplex);
    }
    Ok(found)
}

/// Whether nothing leaks, as far as that is proved without filters by labels that never flow into a namespace
/// ([`mod@slice`]); what is found besides.
///
/// # Errors
///
/// [`TooComplex`] if the budget does not suffice to prove it.
pub(crate) fn prove_repaired(
    job: &ScrapeJob<'_>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    if fast_path::is_confined(job, allowed, interpreter) == Ok(true) {
        return Ok(Findings::default());
    }
    let left_out = slice::left_out(job, interpreter)?;
    let found = over(job, &left_out, allowed, interpreter)?;
    if found.leaks() || is_settled(job, &found) || left_out.is_empty() {
        return Ok(found);
    }
    over(job, &BTreeSet::new(), allowed, interpreter)
}

/// Whether what is found without some filters holds with all of them. A choice of a label does not: they may leave none.
const fn is_settled(job: &ScrapeJob<'_>, found: &Findings) -> bool {
    !found.leaks() && !goes_elsewhere(found) && (job.is_named || !found.has_targets)
}

/// Whether a label may decide where, or at which path, is scraped.
const fn goes_elsewhere(found: &Findings) -> bool {
    found.has_free_path || found.moves_address || found.standing.is_some()
}

/// What can come through the job without some of its filters. That lets only more through, so where nothing of it
/// leaks, nothing leaks.
fn over(
    job: &ScrapeJob<'_>,
    left_out: &BTreeSet<ConfigId>,
    allowed: &Allowed,
    interpreter: &mut Interpreter,
) -> Result<Findings, TooComplex> {
    let none = BTreeMap::new();
    Run::new(job, left_out, &none, allowed, interpreter)?.findings(interpreter)
}

/// One symbolic run of a job.
struct Run<'a> {
    job: &'a ScrapeJob<'a>,
    allowed: &'a Allowed,
    /// The relabel configs that are left out.
    left_out: &'a BTreeSet<ConfigId>,
    /// Labels that have these texts, wherever nobody else chose them.
    texts: &'a BTreeMap<String, String>,
    /// The labels that matter.
    labels: Labels,
    /// The labels by which a scrape may go elsewhere than its target stands, or to another path.
    moved: Vec<&'static str>,
    /// Whether it matters what of the exporter's own label `namespace` is moved to `exported_namespace`.
    judges_exported: bool,
    /// The labels of a sample that are read after merging, by their places.
    exposed: Vec<bool>,
    /// The labels of a sample that are judged in the end, by their places.
    stored: Vec<bool>,
}

impl<'a> Run<'a> {
    fn new(
        job: &'a ScrapeJob<'a>,
        left_out: &'a BTreeSet<ConfigId>,
        texts: &'a BTreeMap<String, String>,
        allowed: &'a Allowed,
        interpreter: &mut Interpreter,
    ) -> Result<Self, TooComplex> {
        let moved = ways::moved(job, interpreter)?;
        let mut labels = targets::labels(job, left_out, &mut interpreter.budget)?;
        for name in &moved {
            labels.add(name)?;
        }
        let mut stored = vec![false; labels.names().len()];
        stored[NAMESPACE] = true;
        let configs = kept(job, Stage::MetricRelabelings, left_out);
        let (mut exposed, _) = interpreter.needs(&configs, &labels, &stored)?;
        let judges_exported = job.judges_exported(interpreter)?;
        exposed[EXPORTED_NAMESPACE] |= judges_exported
            || moved.contains(&METRICS_PATH)
            || job.sources.iter().any(|source| source.is_cluster_wide);
        Ok(Self {
            job,
            allowed,
            left_out,
            texts,
            labels,
            moved,
            judges_exported,
            exposed,
            stored,
        })
    }

    /// What can come through.
    fn findings(&self, interpreter: &mut Interpreter) -> Result<Findings, TooComplex> {
        let mut found = Findings {
            moves_address: self.moved.contains(&ADDRESS),
            judges_exported: self.judges_exported,
            ..Findings::default()
        };
        let mut targets = self.targets(interpreter)?;
        // A counterexample does without.
        if !interpreter.follows_some {
            self.find_ways(&mut targets, &mut found, interpreter)?;
        }
        for target in &targets {
            self.note(&mut found.target, target, [TARGET, NAMESPACE], interpreter)?;
        }
        let merged = self.merged(targets, interpreter)?;
        let configs = kept(self.job, Stage::MetricRelabelings, self.left_out);
        let samples = interpreter.run(&configs, &self.labels, &self.stored, merged)?;
        for sample in &samples {
            self.note(&mut found.sample, sample, [MERGED, NAMESPACE], interpreter)?;
            if self.judges_exported || sample.is_cluster_wide {
                let labels = [MERGED_EXPORTED, DISPLACED];
                self.note(&mut found.exported, sample, labels, interpreter)?;
            }
        }
        found.is_empty = !found.leaks()
            && !self.job.sources.is_empty()
            && !self.is_any_seen(&samples, interpreter);
        Ok(found)
    }

    /// Whether something of these that the environment may see comes through.
    fn is_any_seen(&self, samples: &[State], interpreter: &mut Interpreter) -> bool {
        samples.iter().any(|sample| {
            // What only a Prometheus of some kind would let through does not count.
            let is_certain = sample
                .approximated_by
                .is_none_or(|config| config.stage != Stage::Prometheus);
            let budget = &mut interpreter.budget;
            // It is only a warning: where that is too complex, there is none.
            is_certain
                && self
                    .allowed
                    .admits(sample, NAMESPACE, budget)
                    .unwrap_or(true)
        })
    }

    /// Takes note of a leak by one of two labels, unless there is one already that says more.
    fn note(
        &self,
        known: &mut Option<Leak>,
        state: &State,
        [one, other]: [usize; 2],
        interpreter: &mut Interpreter,
    ) -> Result<(), TooComplex> {
        // The same value leaks the same.
        let is_unlike = state.labels[one] != state.labels[other];
        for label in std::iter::once(one).chain(is_unlike.then_some(other)) {
            if known.as_ref().is_some_and(|leak| leak.witness.is_some()) {
                return Ok(());
            }
            let Some(mut leak) = self.allowed.leak(state, label, &mut interpreter.budget)? else {
                continue;
            };
            if leak.witness.is_some() {
                leak.approximated_by = self.remapping(state, interpreter)?;
                leak.witness = leak.witness.filter(|_| leak.approximated_by.is_none());
            }
            if known.is_none() || leak.witness.is_some() {
                *known = Some(leak);
            }
        }
        Ok(())
    }

    /// A `labelmap` because of which a label that the state was given, and that no relabel config mentions, may not do what
    /// the witness says: another label is mapped to it, or two configs map it.
    fn remapping(
        &self,
        state: &State,
        interpreter: &mut Interpreter,
    ) -> Result<Option<ConfigId>, TooComplex> {
        let is_unmentioned = |name: &String| self.labels.place(name).is_none();
        let names = || state.given.iter().map(|(origin, _)| origin.name());
        if !names().any(is_unmentioned) {
            return Ok(None);
        }
        let configs = [Stage::Relabelings, Stage::MetricRelabelings];
        let configs = configs.map(|stage| numbered(stage, self.job.configs(stage)));
        let maps = |(_, config): &(ConfigId, &RelabelConfig)| config.action == Action::LabelMap;
        let configs: Vec<_> = configs.into_iter().flatten().filter(maps).collect();
        for (id, config) in &configs {
            for from in names().chain(self.labels.names()) {
                for to in names().filter(|to| is_unmentioned(to) && *to != from) {
                    if interpreter.maps(config, from, to)? {
                        return Ok(Some(*id));
                    }
                }
            }
        }
        let given = state.given.iter().map(|(origin, _)| origin);
        for origin in given.filter(|origin| is_unmentioned(origin.name())) {
            let mut is_mapped = false;
            for (id, config) in &configs {
                let is_there = match origin {
                    Origin::Exposed(_) => id.stage == Stage::MetricRelabelings,
                    Origin::Target(name) => {
                        id.stage == Stage::Relabelings || !name.starts_with("__")
                    }
                };
                for to in self
                    .labels
                    .names()
                    .iter()
                    .filter(|to| is_there && !to.is_empty())
                {
                    if interpreter.maps(config, origin.name(), to)? {
                        if is_mapped {
                            return Ok(Some(*id));
                        }
                        is_mapped = true;
                        break;
                    }
                }
            }
        }
        Ok(None)
    }
}

/// The object's own relabel configs of a stage, but for those that are left out.
fn kept<'a>(
    job: &'a ScrapeJob<'a>,
    stage: Stage,
    left_out: &BTreeSet<ConfigId>,
) -> Vec<(ConfigId, &'a RelabelConfig)> {
    let configs = numbered(stage, job.configs(stage));
    configs.filter(|(id, _)| !left_out.contains(id)).collect()
}
