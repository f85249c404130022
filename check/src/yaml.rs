//! YAML (and JSON, which is YAML) with the place of every value.
//!
//! A parser stops at the first mistake, so a stream is split into its [documents] first: what is
//! wrong with one hides none of the others.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Location, Spanned};

/// A value, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The bytes of the text that it takes. Of a list or a mapping, only where it begins is known.
    pub range: Range<usize>,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Neither a list nor a mapping.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A mapping: keys with the bytes that they take, and values. Of a key that is given twice the
    /// last value counts, as for Helm and the API server.
    Mapping(Vec<(String, Range<usize>, Node)>),
}

/// A key that a mapping has more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// Its path, as messages have it.
    pub path: String,
    /// The bytes of the last one, which counts.
    pub range: Range<usize>,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub offset: usize,
}

/// The bytes of each document of a stream, in order: what `---` and `...` set apart, and JSON objects
/// one after the other. Documents of nothing but white space and comments are left out.
#[must_use]
pub fn documents(text: &str) -> Vec<Range<usize>> {
    let documents = marked(text).into_iter();
    documents
        .flat_map(|document| objects(text, document))
        .collect()
}

/// The JSON objects that a document is made of; else the document itself.
fn objects(text: &str, document: Range<usize>) -> Vec<Range<usize>> {
    let json = &text[document.clone()];
    if !json.trim_start().starts_with('{') {
        return vec![document];
    }
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<IgnoredAny>();
    let mut found = Vec::new();
    let mut start = document.start;
    while let Some(value) = values.next() {
        if value.is_err() {
            // It may be YAML all the same.
            return vec![document];
        }
        let end = document.start + values.byte_offset();
        found.push(start..end);
        start = end;
    }
    if let Some(last) = found.last_mut() {
        last.end = document.end;
    }
    found
}

/// What `---` and `...` set apart.
fn marked(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut has_content = false;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let line_start = end;
        end += line.len();
        let marker = |marker: &str| {
            line.strip_prefix(marker)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
        };
        if marker("---") {
            if has_content {
                found.push(start..line_start);
            }
            start = line_start;
            has_content = is_content(&line[3..]);
        } else if marker("...") {
            if has_content {
                found.push(start..line_start);
            }
            start = end;
            has_content = false;
        } else {
            has_content |= is_content(line);
        }
    }
    if has_content {
        found.push(start..text.len());
    }
    found
}

fn is_content(line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim_start();
    !(line.is_empty() || line.starts_with('#') || line.starts_with('%'))
}

impl Node {
    /// Reads one document, which stands at `offset` in the text that places are counted in.
    ///
    /// # Errors
    ///
    /// [`Broken`] if it is not YAML, or has keys that are not text.
    pub fn read(document: &str, offset: usize) -> Result<Self, Broken> {
        // The text is in memory, so that its size bounds what is made of it; only what aliases
        // repeat stays limited. An excerpt is made elsewhere.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: usize::MAX,
                max_events: usize::MAX,
                max_buffered_comment_events: usize::MAX,
            },
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            with_snippet: false,
        };
        let parsed = serde_saphyr::from_str_with_options(document, options);
        let spanned: Spanned<Self> = parsed.map_err(|error| {
            let place = error.location().map_or(0, |it| start_of(document, it));
            // The parser tells where it noticed; what is to be mended is where it opens.
            let read = &document[..document.ceil_char_boundary(place + 1)];
            let opened = unclosed(read).pop();
            match opened.filter(|opened| unclosed(document).contains(opened)) {
                Some(opened) => Broken {
                    message: format!("`{}` is never closed", &document[opened..=opened]),
                    offset: offset + opened,
                },
                None => Broken {
                    message: said(&error),
                    offset: offset + place,
                },
            }
        })?;
        let mut node = spanned.value.placed(spanned.referenced);
        node.shift(offset);
        Ok(node)
    }

    fn placed(mut self, location: Location) -> Self {
        self.range = range_of(location);
        self
    }

    fn shift(&mut self, offset: usize) {
        let shift = |range: &mut Range<usize>| *range = range.start + offset..range.end + offset;
        shift(&mut self.range);
        match &mut self.content {
            Content::Scalar(_) => {}
            Content::List(items) => items.iter_mut().for_each(|item| item.shift(offset)),
            Content::Mapping(members) => {
                for (_, key, value) in members {
                    shift(key);
                    value.shift(offset);
                }
            }
        }
    }

    /// The member of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Content::Mapping(members) = &self.content else {
            return None;
        };
        let member = members.iter().rfind(|(name, ..)| name == key);
        member.map(|(.., value)| value)
    }

    /// The bytes of the key of a member, or of an item.
    #[must_use]
    pub fn key_of(&self, segment: &str) -> Option<Range<usize>> {
        match &self.content {
            Content::Mapping(members) => {
                let member = members.iter().rfind(|(name, ..)| name == segment);
                member.map(|(_, place, _)| place.clone())
            }
            _ => self.item(segment.parse().ok()?).map(Self::first),
        }
    }

    /// The item of a list.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<&Self> {
        match &self.content {
            Content::List(items) => items.get(index),
            _ => None,
        }
    }

    /// The value at the segments of a JSON Pointer.
    #[must_use]
    pub fn at(&self, pointer: &[String]) -> Option<&Self> {
        pointer.iter().try_fold(self, |node, segment| {
            node.get(segment)
                .or_else(|| node.item(segment.parse().ok()?))
        })
    }

    /// The text of a scalar that is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Mapping(members) => members
                .iter()
                .map(|(key, _, value)| (key.clone(), value.value()))
                .collect(),
        }
    }

    /// The bytes of the field that messages call `path` (`spec.endpoints[2].metricRelabelings`): its
    /// value if that is a scalar, else its key; where it does not exist, the same of the innermost
    /// field around it that does.
    #[must_use]
    pub fn field(&self, path: &str) -> Range<usize> {
        let (key, found) = self.find(path);
        let is_scalar = |node: &&Self| matches!(node.content, Content::Scalar(_));
        let value = found.filter(is_scalar).map(|node| node.range.clone());
        value.filter(|range| !range.is_empty()).unwrap_or(key)
    }

    /// The bytes of the key of this field, or of the innermost one around it that exists.
    #[must_use]
    pub fn key(&self, path: &str) -> Range<usize> {
        self.find(path).0
    }

    fn find(&self, path: &str) -> (Range<usize>, Option<&Self>) {
        let (mut node, mut range, mut path) = (self, self.first(), path);
        loop {
            let next = match &node.content {
                Content::Scalar(_) => None,
                Content::List(items) => index(path).and_then(|(index, rest)| {
                    let item = items.get(index)?;
                    Some((item, item.first(), rest))
                }),
                Content::Mapping(members) => {
                    let path = path.strip_prefix('.').unwrap_or(path);
                    // A key may have dots itself.
                    let found = members.iter().rev().filter_map(|(key, place, value)| {
                        let rest = path.strip_prefix(key.as_str())?;
                        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                        ends.then_some((value, place.clone(), rest))
                    });
                    found.min_by_key(|(.., rest)| rest.len())
                }
            };
            let Some((value, place, rest)) = next else {
                return (range, None);
            };
            (node, range, path) = (value, place, rest);
            if rest.is_empty() {
                return (range, Some(node));
            }
        }
    }

    /// The keys that are given more than once, at any depth.
    #[must_use]
    pub fn repeated(&self) -> Vec<Repeated> {
        let mut found = Vec::new();
        self.add_repeated("", &mut found);
        found
    }

    fn add_repeated(&self, path: &str, found: &mut Vec<Repeated>) {
        match &self.content {
            Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.add_repeated(&format!("{path}[{index}]"), found);
                }
            }
            Content::Mapping(members) => {
                let mut last = BTreeMap::new();
                for (index, (key, ..)) in members.iter().enumerate() {
                    last.entry(key).or_insert_with(Vec::new).push(index);
                }
                for (key, indices) in last {
                    let (_, range, value) = &members[indices[indices.len() - 1]];
                    let dot = if path.is_empty() { "" } else { "." };
                    let path = format!("{path}{dot}{key}");
                    if indices.len() > 1 {
                        found.push(Repeated {
                            path: path.clone(),
                            range: range.clone(),
                        });
                    }
                    value.add_repeated(&path, found);
                }
            }
        }
    }

    /// The bytes of the first key, or of the value itself where it has none.
    #[must_use]
    pub fn first(&self) -> Range<usize> {
        match &self.content {
            Content::Mapping(members) => members
                .first()
                .map_or_else(|| self.range.clone(), |(_, place, _)| place.clone()),
            Content::List(items) => items
                .first()
                .map_or_else(|| self.range.clone(), Self::first),
            Content::Scalar(_) => self.range.clone(),
        }
    }
}

/// The index that a path begins with, and the rest.
fn index(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// The brackets of a text that are open at its end, from outside to inside.
fn unclosed(text: &str) -> Vec<usize> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut is_comment = false;
    // Whether a quote, a comment or a bracket may begin here.
    let mut is_start = true;
    let mut is_escaped = false;
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some('"'), '\\') => is_escaped = !is_escaped,
            (Some(closing), _) => {
                if character == closing && !is_escaped {
                    quote = None;
                }
                is_escaped = false;
            }
            (None, '\n') => is_comment = false,
            (None, _) if is_comment => {}
            (None, '#') if is_start => is_comment = true,
            (None, '"' | '\'') if is_start => quote = Some(character),
            (None, '[' | '{') if is_start => open.push(place),
            (None, ']' | '}') => {
                open.pop();
            }
            _ => {}
        }
        is_start = character.is_whitespace() || matches!(character, '[' | '{' | ',' | ':');
    }
    open
}

/// What is wrong, without the place, which is told apart, and without what only the parser's user could do.
fn said(error: &Error) -> String {
    match error {
        Error::NullIntoString { .. }
        | Error::Unexpected {
            expected: "string scalar",
            ..
        } => "a key must be text".to_owned(),
        Error::BinaryNotUtf8 { .. } => "what is `!!binary` here is no text".to_owned(),
        Error::InvalidScalar { .. } => "this is no value of its tag".to_owned(),
        Error::NonFiniteFloat { value, .. } => format!("JSON has no number like `{value}`"),
        _ => {
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(message);
            let place = message.rsplit_once(" at line ");
            place.map_or(message, |(message, _)| message).to_owned()
        }
    }
}

/// Where an error is. Those of the scanner count characters only.
fn start_of(text: &str, location: Location) -> usize {
    let lines = text.split_inclusive('\n');
    let line = usize::try_from(location.line()).unwrap_or(usize::MAX);
    let before: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
    let column = usize::try_from(location.column()).unwrap_or(usize::MAX);
    let rest = text[before..].lines().next().unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1));
    before + within.map_or(rest.len(), |(offset, _)| offset)
}

fn range_of(location: Location) -> Range<usize> {
    let bytes = |count: Option<u64>| count.and_then(|count| usize::try_from(count).ok());
    let span = location.span();
    let start = bytes(span.byte_offset()).unwrap_or_default();
    start..start + bytes(span.byte_len()).unwrap_or_default()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

fn scalar(value: impl Into<Value>) -> Node {
    Node {
        range: 0..0,
        content: Content::Scalar(value.into()),
    }
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value that JSON can hold")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(scalar(()))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(scalar(()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(scalar(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Spanned<Node>>()? {
            items.push(item.value.placed(item.referenced));
        }
        Ok(Node {
            range: 0..0,
            content: Content::List(items),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Node, A::Error> {
        let mut members: Vec<(String, Range<usize>, Node)> = Vec::new();
        while let Some((key, value)) = mapping.next_entry::<Spanned<String>, Spanned<Node>>()? {
            let place = range_of(key.referenced);
            members.push((key.value, place, value.value.placed(value.referenced)));
        }
        Ok(Node {
            range: 0..0,
            content: Content::Mapping(members),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("a: 1\n---\nb: 2\n", &["a: 1\n", "---\nb: 2\n"])]
    #[case("---\n# c\n---\na: 1", &["---\na: 1"])]
    #[case("a: 1\n...\n# c\n...\nb: 2\n", &["a: 1\n", "b: 2\n"])]
    #[case("a: 1\r\n---\r\nb: 2\r\n", &["a: 1\r\n", "---\r\nb: 2\r\n"])]
    #[case("--- {a: 1}\n--- # c\nb: 2", &["--- {a: 1}\n", "--- # c\nb: 2"])]
    #[case("a: |\n  ---\n  b\n----: c\n", &["a: |\n  ---\n  b\n----: c\n"])]
    #[case("%YAML 1.2\n---\na: 1\n", &["---\na: 1\n"])]
    #[case("{\"a\": 1}\n{\"b\":\n2} {\"c\": 3}\n", &["{\"a\": 1}", "\n{\"b\":\n2}", " {\"c\": 3}\n"])]
    #[case("{a: 1}\n---\n{\"b\": 2}\n", &["{a: 1}\n", "---\n{\"b\": 2}\n"])]
    #[case("{\"a\": 1} # c\n", &["{\"a\": 1} # c\n"])]
    #[case(" \n# c\n", &[])]
    fn a_stream_is_split_at_its_markers(#[case] text: &str, #[case] expected: &[&str]) {
        let found: Vec<&str> = documents(text).into_iter().map(|it| &text[it]).collect();
        assert_eq!(found, expected);
    }

    const TEXT: &str = "\
metadata:
  labels: {release: 'x', example.com/a.b: \"yes\"}
  annotations:
spec:
  endpoints:
  # the first one
  - port: a
    path: é
    relabelings: &all
      - action: keep
  - &second
    relabelings: *all
    port: &web web
  - port: *web
    <<: {path: b}
";

    #[rstest]
    #[case("metadata.labels.release", "'x'")]
    #[case("metadata.labels.example.com/a.b", "\"yes\"")]
    #[case("metadata.labels.missing", "labels")]
    #[case("metadata.annotations", "annotations")]
    #[case("metadata.name", "metadata")]
    #[case("spec.endpoints", "endpoints")]
    #[case("spec.endpoints[0]", "port")]
    #[case("spec.endpoints[0].path", "é")]
    #[case("spec.endpoints[0].metricRelabelings[3].regex", "port")]
    #[case("spec.endpoints[0].relabelings[0].action", "keep")]
    #[case("spec.endpoints[1].relabelings", "relabelings")]
    #[case("spec.endpoints[2].port", "*web")]
    #[case("spec.endpoints[2].path", "{")]
    #[case("spec.endpoints[3]", "endpoints")]
    #[case("nothing", "metadata")]
    fn a_field_is_found_in_the_text(#[case] path: &str, #[case] expected: &str) {
        let node = Node::read(TEXT, 0).expect("valid YAML");
        assert_eq!(&TEXT[node.field(path)], expected);
    }

    #[rstest]
    #[case("a: yes", json!({"a": true}))]
    #[case("a: &x {b: 1}\nc: {<<: *x, d: ~}", json!({"a": {"b": 1}, "c": {"b": 1, "d": null}}))]
    #[case("{\n\t\"a\": [1.5, -2, \"\\u0041\"]\n}", json!({"a": [1.5, -2, "A"]}))]
    #[case("a:\n", json!({"a": null}))]
    #[case("a: |\n  x\n  y\n", json!({"a": "x\ny\n"}))]
    fn a_value_is_that_of_the_plain_parser(#[case] text: &str, #[case] expected: Value) {
        let node = Node::read(text, 0).expect("valid YAML");
        assert_eq!(node.value(), expected);
        let plain: Value = serde_saphyr::from_str(text).expect("valid YAML");
        assert_eq!(plain, expected);
    }

    #[rstest]
    #[case("a: {b: 1, c: 2, b: 3}\n", json!({"a": {"b": 3, "c": 2}}), &[("a.b", 16)])]
    #[case("a:\n- x: 1\n  x: {y: 1, y: 2}\na: [{x: 2}]\n", json!({"a": [{"x": 2}]}), &[("a", 28)])]
    #[case("a: &a {b: 1}\nc: {b: 2, <<: *a}\nd: {<<: *a, b: 3}\n",
        json!({"a": {"b": 1}, "c": {"b": 2}, "d": {"b": 3}}), &[])]
    #[case("1: a\ntrue: b\n", json!({"1": "a", "true": "b"}), &[])]
    fn of_a_key_that_is_given_twice_the_last_one_counts(
        #[case] text: &str,
        #[case] value: Value,
        #[case] expected: &[(&str, usize)],
    ) {
        let node = Node::read(text, 0).expect("valid YAML");
        assert_eq!(node.value(), value);
        let found = node.repeated();
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.path.as_str(), one.range.start))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_large_document_is_read() {
        let comments = "# c\n".repeat(2_000);
        let items = "- {a: [b, c]}\n".repeat(100_000);
        let text = format!("items:\n{comments}{items}");
        let node = Node::read(&text, 0).expect("valid YAML");
        let last = node.field("items[99999].a[1]");
        assert_eq!(last.start, text.len() - "c]}\n".len());
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let level = |level: usize| {
            format!(
                "a{}: &a{} [*a{level}, *a{level}, *a{level}]\n",
                level + 1,
                level + 1
            )
        };
        let text = "a0: &a0 x\n".to_owned() + &(0..40).map(level).collect::<String>();
        assert!(Node::read(&text, 0).is_err());
    }

    #[rstest]
    #[case(": x\n", "a key must be text")]
    #[case("? [a]\n: x\n", "a key must be text")]
    #[case("a: !!binary gIGC\n", "what is `!!binary` here is no text")]
    #[case("a: !!int x\n", "this is no value of its tag")]
    #[case("a: .inf\n", "JSON has no number like `.inf`")]
    fn no_message_is_for_the_parsers_user(#[case] text: &str, #[case] message: &str) {
        assert_eq!(Node::read(text, 0).unwrap_err().message, message);
    }

    #[rstest]
    #[case("a: [1\nb: 2\n", 3)]
    #[case("a: 1\nb: [1\n", 8)]
    #[case("a: '['\nb: {c: \"\\\"[\", # [\n  d: [1], e: [x, y\nf: 1\n", 38)]
    #[case("é: {{ x }}\n", 5)]
    fn what_is_broken_has_a_place(#[case] text: &str, #[case] offset: usize) {
        let broken = Node::read(text, 100).unwrap_err();
        assert_eq!(broken.offset, 100 + offset, "{}", broken.message);
        assert!(!broken.message.is_empty() && !broken.message.contains('\n'));
    }
}
