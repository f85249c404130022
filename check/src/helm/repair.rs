//! From a release to the values that mend it: the rounds of choosing, rendering and judging.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value};

use super::Release;
use super::goal::{self, Key};
use super::reach::Reach;
use super::remedy::Remedies;
use super::render::{self, Renderer};
use super::rounds::Rounds;
use super::values::{self, Edits};
use crate::chart::Chart;
use crate::input::{Input, STANDARD_INPUT};
use crate::judge::{Judge, Outcome, Remedy};
use crate::report;
use crate::yaml::{self, Node};

/// What became of a release.
#[derive(Debug)]
pub struct Repaired {
    /// What Helm renders of it.
    pub rendered: Input,
    /// The verdicts on that, and what is to be done about each violation.
    pub outcomes: Vec<Outcome>,
    /// The values that get new contents, as `--set` has them.
    pub edits: Vec<String>,
    /// Their new contents.
    pub contents: Edits,
    /// The verdicts on what Helm renders then.
    pub after: Vec<Outcome>,
    /// How often Helm rendered.
    pub renderings: usize,
    /// How long it took.
    pub time: Duration,
    /// How many values were marked.
    pub candidates: usize,
}

/// Finds the values.
///
/// # Errors
///
/// If there is no Helm, the chart does not render, or a file of values is no YAML.
pub fn repair(release: &Release, judge: &Judge<'_>) -> Result<Repaired> {
    let helm = Renderer::new(judge.api_groups);
    let given = given(release)?;
    let rendered = match helm.render(&release.chart)? {
        Ok(rendered) => rendered,
        Err(said) => bail!(hinted(&release.chart, &said)),
    };
    let mut outcomes = judge.input(0, &rendered)?;
    let goals = goal::goals(&rendered, &render::documents(&rendered.text), &outcomes);
    let unfixed = unfixed(&outcomes);
    let mut reach = Reach::new(release, &helm, &given);
    if !goals.is_empty() || !unfixed.is_empty() {
        reach.search(&goals, &unfixed)?;
    }
    let mut rounds = Rounds::new(release, judge, &helm, &reach);
    let mut after = rounds.run(&goals, &outcomes)?;
    let remedies = Remedies {
        rounds: &rounds,
        given: &given,
        goals: &goals,
        left: goal::keys(&after).map(|(key, ..)| key).collect(),
    };
    remedies.add_to(&mut outcomes);
    remedies.add_to(&mut after);
    let edits = rounds.edits.keys();
    Ok(Repaired {
        rendered,
        outcomes,
        edits: edits
            .map(|path| values::shown(path, &reach.values))
            .collect(),
        contents: rounds.edits.clone(),
        after,
        renderings: helm.count(),
        time: helm.time(),
        candidates: reach.candidates,
    })
}

/// What Helm renders of the files as they are now, and the verdicts on that.
///
/// # Errors
///
/// If the chart does not render.
pub fn confirmed(
    release: &Release,
    judge: &Judge<'_>,
    repaired: &Repaired,
) -> Result<(Input, Vec<Outcome>)> {
    let mut chart = release.chart.clone();
    chart.values.extend(
        release
            .target
            .clone()
            .filter(|it| !release.chart.values.contains(it)),
    );
    let rendered = match Renderer::new(judge.api_groups).render(&chart)? {
        Ok(rendered) => rendered,
        Err(said) => bail!(hinted(&chart, &said)),
    };
    let mut outcomes = judge.input(0, &rendered)?;
    let remedies = goal::keys(&repaired.after)
        .filter_map(|(key, outcome, index)| Some((key, outcome.findings[index].remedy.clone()?)));
    let remedies: BTreeMap<Key, Box<Remedy>> = remedies.collect();
    for outcome in &mut outcomes {
        let object = outcome
            .name
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        for finding in &mut outcome.findings {
            if let Some(key) = goal::key(&object, finding) {
                finding.remedy = remedies.get(&key).cloned();
            }
        }
    }
    Ok((rendered, outcomes))
}

/// The templates of objects with a violation that the policy has no fix for.
fn unfixed(outcomes: &[Outcome]) -> BTreeSet<String> {
    let unfixed = goal::keys(outcomes)
        .filter(|(_, outcome, index)| outcome.findings[*index].kind.fix().is_none());
    unfixed
        .filter_map(|(_, outcome, _)| outcome.template.clone())
        .collect()
}

/// What the files of values have.
fn given(release: &Release) -> Result<Vec<Value>> {
    let mut given = Vec::new();
    for file in &release.chart.values {
        if file.as_os_str() == STANDARD_INPUT {
            bail!(
                "values cannot come from standard input, for Helm reads them more than once: give a file"
            );
        }
        let input = Input::read(file)?;
        let Some(range) = yaml::documents(&input.text).into_iter().next() else {
            given.push(Value::Object(Map::new()));
            continue;
        };
        let root = Node::read(&input.text[range.clone()], range.start);
        let root = root.map_err(|broken| {
            let place = broken.offset..broken.offset + 1;
            anyhow!(report::excerpt(&input, &place, &broken.message))
        })?;
        let value = root.value();
        if !value.is_object() && !value.is_null() {
            bail!(report::excerpt(
                &input,
                &root.first(),
                "expected a mapping of values"
            ));
        }
        given.push(value);
    }
    Ok(given)
}

/// What Helm says, and what to do where it is known.
pub(super) fn hinted(chart: &Chart, said: &str) -> String {
    let hint = if said.contains("missing in charts/ directory") {
        format!(
            "\nrun `helm dependency build {}` first",
            chart.path.display()
        )
    } else {
        String::new()
    };
    format!("{}: Helm cannot render it: {said}{hint}", chart.name())
}
