//! What Helm renders, document by document. Renderings are counted, for each is a run of a program.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rayon::prelude::*;
use serde_json::Value;

use crate::chart::Chart;
use crate::input::Input;
use crate::manifest;
use crate::yaml::{self, Node};

/// How many renderings there may be.
pub const MAX_RENDERINGS: usize = 100;

/// Has Helm render charts, and counts how often.
#[derive(Debug)]
pub struct Renderer<'a> {
    api_groups: &'a [String],
    count: Cell<usize>,
    time: Cell<Duration>,
}

/// A document of a rendering, as it is found again in the next one: names and contents may differ there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The template.
    pub template: String,
    /// The kind of the object.
    pub kind: String,
    /// How many documents of this template and kind come before it.
    pub index: usize,
}

/// A document of a rendering.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is.
    pub id: Id,
    /// Its bytes.
    pub range: Range<usize>,
}

impl<'a> Renderer<'a> {
    /// For a cluster that has the operator's kinds in these API groups.
    #[must_use]
    pub fn new(api_groups: &'a [String]) -> Self {
        Self {
            api_groups,
            count: Cell::new(0),
            time: Cell::default(),
        }
    }

    /// What Helm renders of a chart, or what it says where it cannot.
    ///
    /// # Errors
    ///
    /// If there is no Helm, or if it rendered too often.
    pub fn render(&self, chart: &Chart) -> Result<Result<Input, String>> {
        if self.left() == 0 {
            bail!("Helm rendered {MAX_RENDERINGS} times, and more is not tried");
        }
        self.count.set(self.count.get() + 1);
        let start = Instant::now();
        let text = chart.try_render(self.api_groups);
        self.time.set(self.time.get() + start.elapsed());
        Ok(text?.map(|text| Input::rendered(chart.clone(), text)))
    }

    /// How many renderings there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// How many more there may be.
    #[must_use]
    pub fn left(&self) -> usize {
        MAX_RENDERINGS.saturating_sub(self.count.get())
    }

    /// How long Helm ran.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.time.get()
    }
}

/// The documents of a rendering.
#[must_use]
pub fn documents(text: &str) -> Vec<Document> {
    let mut counts = BTreeMap::new();
    let documents = yaml::documents(text).into_iter();
    let document = |range: Range<usize>| {
        let document = &text[range.clone()];
        let template = manifest::template(document)?.to_owned();
        let mut lines = document.lines();
        let kind = lines.find_map(|line| line.strip_prefix("kind:"));
        let kind = kind
            .unwrap_or_default()
            .trim()
            .trim_matches(['"', '\''])
            .to_owned();
        let count = counts.entry((template.clone(), kind.clone())).or_insert(0);
        let index = *count;
        *count += 1;
        let id = Id {
            template,
            kind,
            index,
        };
        Some(Document { id, range })
    };
    documents.filter_map(document).collect()
}

/// The contents of the documents that have this text in them.
#[must_use]
pub fn contents(text: &str, part: &str) -> Vec<(Id, Value)> {
    let documents = documents(text).into_par_iter();
    let content = |document: Document| {
        let text = &text[document.range.clone()];
        if !text.contains(part) {
            return None;
        }
        let node = Node::read(text, 0).ok()?;
        Some((document.id, node.value()))
    };
    documents.filter_map(content).collect()
}
