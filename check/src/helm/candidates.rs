//! Which values may hold what a field needs. Those that are called like the field come first; what no such value reaches is
//! looked for more widely. Whether a candidate reaches the field, an experiment says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::goal::Change;
use super::marks::{Candidate, Shape};
use super::scratch::{self, Template};
use super::values::{self, Path};

/// The names that the operator has for lists of relabel configs, and those that charts have besides.
const RELABEL: [&str; 4] = [
    "metricRelabelings",
    "relabelings",
    "metricRelabelConfigs",
    "relabelConfigs",
];

/// What all of them have in their names, in lower case.
const RELABEL_STEM: &str = "relabel";

/// By how many letters a chart may misspell one of them.
const MISSPELLED: usize = 2;

/// The values that charts in a chart see as well.
const GLOBAL: &str = "global";

/// What a field needs, and where its template can look for it.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The field.
    pub change: &'a Change,
    /// The template.
    pub template: &'a str,
    /// Where the values of the template's chart are.
    pub prefix: Path,
}

/// Where the values of a template's chart are, by its name in `# Source:`.
#[must_use]
pub fn prefix(template: &str) -> Path {
    let mut segments = template.split('/').skip(1);
    let mut prefix = Vec::new();
    while segments.next() == Some("charts") {
        prefix.extend(segments.next().map(str::to_owned));
    }
    prefix
}

/// All values that templates mention or charts have, with what the charts have.
#[derive(Debug)]
pub struct Inventory<'a> {
    values: &'a Value,
    paths: Vec<Path>,
    /// What templates mention, beside what the values have.
    mentioned: BTreeSet<Path>,
    /// What templates look into: it is no list and no text.
    around: BTreeSet<Path>,
    /// The names of fields that templates mention.
    words: BTreeSet<String>,
    /// What each template mentions, by its path in its chart.
    read: BTreeMap<String, BTreeSet<Path>>,
}

impl<'a> Inventory<'a> {
    /// Of these values and templates.
    #[must_use]
    pub fn new(values: &'a Value, templates: &[Template]) -> Self {
        let mut inventory = Self {
            values,
            paths: Vec::new(),
            mentioned: BTreeSet::new(),
            around: BTreeSet::new(),
            words: BTreeSet::new(),
            read: BTreeMap::new(),
        };
        walk(&mut Vec::new(), values, &mut inventory.paths);
        for template in templates {
            inventory.mention(template);
        }
        inventory
    }

    fn mention(&mut self, template: &Template) {
        for chain in chains(&template.text) {
            if let Some(word) = chain.last() {
                self.words.insert((*word).to_owned());
            }
            let Some(start) = chain.iter().position(|name| *name == "Values") else {
                continue;
            };
            let names = &chain[start + 1..];
            if names.is_empty() {
                continue;
            }
            for prefix in &template.prefixes {
                let names = names.iter().map(|name| (*name).to_owned());
                let path: Path = prefix.iter().cloned().chain(names).collect();
                for depth in prefix.len() + 1..path.len() {
                    self.around.insert(path[..depth].to_vec());
                }
                let read = self.read.entry(template.name()).or_default();
                read.insert(path.clone());
                if values::at(self.values, &path).is_none() && values::has_room(self.values, &path)
                {
                    self.mentioned.insert(path);
                }
            }
        }
    }

    /// Those whose name and type can hold it.
    #[must_use]
    pub fn named(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let mut found = self.called(wanted);
        found.extend(self.printed(wanted));
        found
    }

    /// The paths of those that are called like the field.
    #[must_use]
    pub fn called_so(&self, wanted: &Wanted<'_>) -> Vec<Path> {
        let called = self.called(wanted).into_iter();
        called.map(|candidate| candidate.path).collect()
    }

    /// Whether a template mentions a value.
    #[must_use]
    pub fn is_read(&self, template: &str, path: &Path) -> bool {
        let read = self.read.get(&scratch::tail(template));
        read.is_some_and(|read| read.contains(path))
    }

    fn called(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let words = words(wanted.change);
        let all = self.paths.iter().chain(&self.mentioned);
        let visible = all.filter(|path| is_visible(path, &wanted.prefix));
        let candidate = |path: &Path| {
            let name = path.last()?.to_lowercase();
            let fits = |(shape, word): &&(Shape, String)| {
                is_called(&name, word) && self.can_be(path, *shape)
            };
            let (shape, _) = words.iter().find(fits)?;
            Some(Candidate {
                path: path.clone(),
                shape: *shape,
            })
        };
        visible.filter_map(candidate).collect()
    }

    /// The mappings that the template of the object mentions itself, for labels and endpoints: it may print one of them there
    /// as it is, whatever it is called.
    fn printed(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let is_label = name(&wanted.change.pointer, 1) == "labels";
        let read = self.read.get(&scratch::tail(wanted.template));
        let read = read.filter(|_| is_label || wanted.change.after.is_array());
        let read = read
            .into_iter()
            .flatten()
            .filter(|path| is_visible(path, &wanted.prefix));
        let is_mapping = |path: &&Path| match values::at(self.values, path) {
            Some(value) => value.is_object(),
            // What has no default may be a mapping, of which a label is one.
            None => is_label && self.mentioned.contains(*path),
        };
        let candidate = |path: &Path| Candidate {
            path: path.clone(),
            shape: Shape::Map,
        };
        read.filter(is_mapping).map(candidate).collect()
    }

    /// Names of the operator's, which some mapping may take although nothing says so, and texts that are what stands in the field.
    #[must_use]
    pub fn guessed(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let change = wanted.change;
        let mut found = Vec::new();
        let visible = self
            .paths
            .iter()
            .filter(|path| is_visible(path, &wanted.prefix));
        let leaf = name(&change.pointer, 0).to_owned();
        let mut words: Vec<String> = Vec::new();
        if change.after.is_array() {
            words.extend(RELABEL.map(str::to_owned));
            let is_one = |word: &&String| is_called(&word.to_lowercase(), RELABEL_STEM);
            words.extend(self.words.iter().filter(is_one).cloned());
        } else {
            words.push(leaf);
        }
        words.sort();
        words.dedup();
        for path in visible {
            let Some(value) = values::at(self.values, path) else {
                continue;
            };
            if value.is_string() && change.before.as_ref() == Some(value) {
                found.push(Candidate {
                    path: path.clone(),
                    shape: Shape::Text,
                });
            }
            // These have nothing but texts in them.
            let name = name(path, 0).to_lowercase();
            if !value.is_object() || name.contains("label") || name.contains("annotation") {
                continue;
            }
            for word in &words {
                let path: Path = path.iter().chain([word]).cloned().collect();
                let shape = if change.after.is_array() {
                    Shape::List
                } else {
                    Shape::Text
                };
                if values::at(self.values, &path).is_none() {
                    found.push(Candidate { path, shape });
                }
            }
        }
        found
    }

    /// All mappings: a template may print one of them into the object as it is.
    #[must_use]
    pub fn mappings(&self, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let visible = self
            .paths
            .iter()
            .filter(|path| is_visible(path, &wanted.prefix));
        let is_one = |path: &&Path| values::at(self.values, path).is_some_and(Value::is_object);
        let candidate = |path: &Path| Candidate {
            path: path.clone(),
            shape: Shape::Map,
        };
        visible.filter(is_one).map(candidate).collect()
    }

    /// What a template reads that is true: without it, there may be no object.
    #[must_use]
    pub fn switches(&self, template: &str) -> Vec<Path> {
        let prefix = prefix(template);
        let read = self.read.get(&scratch::tail(template));
        let read = read.into_iter().flatten();
        let is_switch = |path: &&Path| {
            is_visible(path, &prefix) && values::at(self.values, path) == Some(&Value::Bool(true))
        };
        read.filter(is_switch).cloned().collect()
    }

    fn can_be(&self, path: &[String], shape: Shape) -> bool {
        if shape != Shape::Map && self.around.contains(path) {
            return false;
        }
        let Some(value) = values::at(self.values, path) else {
            return true;
        };
        match shape {
            Shape::List => match value {
                Value::Array(items) => items.iter().all(Value::is_object),
                other => values::is_empty(other),
            },
            Shape::Map => {
                value.is_object()
                    || values::is_empty(value) && !value.is_array() && !value.is_boolean()
            }
            Shape::Text => value.is_string() || value.is_null(),
        }
    }
}

/// Whether a template whose chart has its values at the prefix sees this value.
fn is_visible(path: &[String], prefix: &[String]) -> bool {
    // A chart's own copy of the global values is overwritten by those of the outermost one.
    if path.iter().skip(1).any(|segment| segment == GLOBAL) {
        return false;
    }
    path.first().is_some_and(|first| first == GLOBAL)
        || path.len() > prefix.len() && path.starts_with(prefix)
}

/// Whether a value is called like this, both in lower case. Some charts misspell their own values.
fn is_called(name: &str, word: &str) -> bool {
    let is_near = |known: &&str| strsim::levenshtein(&known.to_lowercase(), name) <= MISSPELLED;
    name.contains(word) || word == RELABEL_STEM && RELABEL.iter().any(is_near)
}

/// How values are called that may hold a field, with what they then are.
fn words(change: &Change) -> Vec<(Shape, String)> {
    let stem = |name: &str| {
        let name = name.to_lowercase();
        if name.contains(RELABEL_STEM) {
            return RELABEL_STEM.to_owned();
        }
        let name = name.strip_suffix("name").unwrap_or(&name);
        name.strip_suffix('s').unwrap_or(name).to_owned()
    };
    let leaf = name(&change.pointer, 0);
    if change.after.is_array() {
        return vec![(Shape::List, stem(leaf))];
    }
    let around = (1..change.pointer.len()).map(|depth| name(&change.pointer, depth));
    let around = around.filter(|name| {
        !matches!(*name, "spec" | "metadata" | "") && name.parse::<usize>().is_err()
    });
    std::iter::once((Shape::Text, stem(leaf)))
        .chain(around.map(|name| (Shape::Map, stem(name))))
        .collect()
}

fn name(pointer: &[String], depth: usize) -> &str {
    pointer.iter().rev().nth(depth).map_or("", String::as_str)
}

/// The paths of all values, those of mappings and lists as well.
fn walk(path: &mut Path, value: &Value, found: &mut Vec<Path>) {
    if !path.is_empty() {
        found.push(path.clone());
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                walk(path, item, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                path.push(key.clone());
                walk(path, member, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The chains of names in a template: `.Values.a.b`, `$monitor.relabelings`.
pub(super) fn chains(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let chains = text
        .split(move |c: char| !is_part(c))
        .filter(|chain| chain.contains('.') && chain.len() > 1);
    chains.map(|chain| chain.split('.').filter(|name| !name.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("shop/templates/a.yaml", &[])]
    #[case("shop/charts/database/templates/a.yaml", &["database"])]
    #[case("shop/charts/a/charts/b/templates/c/d.yaml", &["a", "b"])]
    fn the_values_of_a_chart_in_a_chart_have_its_name(
        #[case] template: &str,
        #[case] expected: &[&str],
    ) {
        assert_eq!(prefix(template), expected);
    }

    #[rstest]
    #[case("metricrelabelings", "relabel", true)]
    #[case("metricrelableings", "relabel", true)]
    #[case("extrarelabelconfigs", "relabel", true)]
    #[case("labels", "relabel", false)]
    #[case("storageclass", "storageclass", true)]
    fn a_value_may_be_misspelled(#[case] name: &str, #[case] word: &str, #[case] expected: bool) {
        assert_eq!(is_called(name, word), expected);
    }

    #[rstest]
    #[case("a", &[], true)]
    #[case("a/b", &["a"], true)]
    #[case("a", &["a"], false)]
    #[case("b/c", &["a"], false)]
    #[case("global/c", &["a"], true)]
    #[case("a/global/c", &["a"], false)]
    fn a_chart_sees_its_own_values(
        #[case] path: &str,
        #[case] prefix: &[&str],
        #[case] expected: bool,
    ) {
        let path: Path = path.split('/').map(str::to_owned).collect();
        let prefix: Path = prefix.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(is_visible(&path, &prefix), expected);
    }

    #[test]
    fn a_template_mentions_values_by_chains_of_names() {
        let text = "{{ tpl (toYaml $.Values.a.b) . }} {{ .c.d }} 1.5 e";
        let found: Vec<_> = chains(text).collect();
        assert_eq!(
            found,
            [vec!["Values", "a", "b"], vec!["c", "d"], vec!["1", "5"]]
        );
    }
}
