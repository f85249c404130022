//! Where the values of a release stand that get new contents: in a file of values, or in a manifest of Argo CD or Flux, there
//! as YAML or as a block of text. Comments and order stay, and the indentation of a block.

use std::ops::Range;
use std::path::{Path as File, PathBuf};

use anyhow::Result;

use super::values::{self, Edits, Path};
use crate::input::Input;
use crate::yaml::{self, Node};

/// Where values stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// They are a file of values, or are to be one.
    File(PathBuf),
    /// They are in a document of a file.
    Manifest {
        /// The file.
        file: PathBuf,
        /// How many documents come before.
        document: usize,
        /// The field, which need not be there yet.
        field: Path,
    },
}

impl Home {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &File {
        match self {
            Self::File(file) | Self::Manifest { file, .. } => file,
        }
    }

    /// The text of the file with these edits of the values; none where it cannot be edited without changing something else.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn edited(&self, edits: &Edits) -> Result<Option<String>> {
        let text = match self {
            Self::File(file) if !file.exists() => String::new(),
            Self::File(file) | Self::Manifest { file, .. } => Input::read(file)?.text,
        };
        let Self::Manifest {
            document, field, ..
        } = self
        else {
            return Ok(values::edited(&text, edits));
        };
        let Some(range) = yaml::documents(&text).into_iter().nth(*document) else {
            return Ok(None);
        };
        let old = &text[range.clone()];
        let new = within(old, field, edits);
        Ok(new.map(|new| [&text[..range.start], &new, &text[range.end..]].concat()))
    }

    /// The bytes of the key of a value, or of the innermost one around it that stands there.
    #[must_use]
    pub fn place(&self, input: &Input, path: &[String]) -> Range<usize> {
        let Self::Manifest {
            document, field, ..
        } = self
        else {
            return values::place(input, path);
        };
        let Some(range) = yaml::documents(&input.text).into_iter().nth(*document) else {
            return 0..0;
        };
        let start = range.start;
        let text = &input.text[range.clone()];
        let block = Node::read(text, 0).ok();
        let block = block.and_then(|root| Block::of(text, &root, field));
        if let Some(block) = block {
            let place = values::place(&Input::new(None, block.text.clone()), path);
            if !place.is_empty() {
                return start + block.offset(place.start)..start + block.offset(place.end);
            }
        }
        let path = [field.as_slice(), path].concat();
        values::place_in(input, Some(range), &path)
    }
}

/// The document with these edits of the values at a field.
fn within(document: &str, field: &[String], edits: &Edits) -> Option<String> {
    let root = Node::read(document, 0).ok()?;
    if root.at(field).and_then(Node::text).is_none() {
        let edits = edits.iter();
        let edits = edits.map(|(path, content)| ([field, path].concat(), content.clone()));
        return values::edited(document, &edits.collect());
    }
    let block = Block::of(document, &root, field)?;
    let text = values::edited(&block.text, edits)?;
    let line = |line: &str| match line.trim() {
        "" => line.to_owned(),
        _ => format!("{}{line}", " ".repeat(block.indent)),
    };
    let lines: String = text.split_inclusive('\n').map(line).collect();
    let new = [
        &document[..block.range.start],
        &lines,
        &document[block.range.end..],
    ]
    .concat();
    // It has these values now, and nothing else is changed.
    let after = Node::read(&new, 0).ok()?.value();
    let content = values::at(&after, field)?.as_str()?;
    let mut expected = root.value();
    values::put(&mut expected, field, content.into());
    let is_right = after == expected && values::read(content) == values::read(&text);
    is_right.then_some(new)
}

/// A block of text below a key, as YAML has it after `|`.
struct Block {
    /// Its lines, without their indentation and the empty ones at the end.
    text: String,
    /// The bytes that they take in the document.
    range: Range<usize>,
    /// How far they are indented.
    indent: usize,
    /// Where each line begins: in the text, and in the document.
    starts: Vec<(usize, usize)>,
}

impl Block {
    /// The block at this field; none where the text is written in another way.
    fn of(document: &str, root: &Node, field: &[String]) -> Option<Self> {
        let (name, around) = field.split_last()?;
        let key = root.at(around)?.key_of(name)?;
        let content = root.at(field)?.text()?;
        let margin = document[..key.start].rfind('\n').map_or(0, |end| end + 1);
        let column = key.start - margin;
        let end = document[key.end..].find('\n')? + key.end + 1;
        let header = document[key.end..end].trim().strip_prefix(':')?.trim();
        let header = header.strip_prefix('|')?;
        let marks = header.split(['#', ' ']).next().unwrap_or_default();
        let indicator = marks.trim_matches(['+', '-']).parse::<usize>().ok();
        let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let mut block = Self {
            text: String::new(),
            range: end..end,
            indent: column + 2,
            starts: Vec::new(),
        };
        let mut indent = indicator.map(|indicator| column + indicator);
        let mut start = end;
        let mut empty = String::new();
        for line in document[end..].split_inclusive('\n') {
            let line_start = start;
            start += line.len();
            if line.trim().is_empty() {
                empty.push_str(line.get(indent.unwrap_or(0)..).unwrap_or("\n"));
                block.starts.push((0, line_start));
                continue;
            }
            let indent = *indent.get_or_insert(indent_of(line));
            if indent <= column || indent_of(line) < indent {
                break;
            }
            block.indent = indent;
            block.text.push_str(&empty);
            empty.clear();
            block.starts.push((block.text.len(), line_start + indent));
            block.text.push_str(&line[indent..]);
            block.range.end = start;
        }
        block.starts.retain(|(_, place)| *place < block.range.end);
        (block.text.trim_end() == content.trim_end()).then_some(block)
    }

    /// Where a byte of the text is in the document.
    fn offset(&self, place: usize) -> usize {
        let line = self.starts.iter().rfind(|(start, _)| *start <= place);
        line.map_or(self.range.start, |(start, offset)| offset + place - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const FIELD: [&str; 4] = ["spec", "source", "helm", "values"];

    fn home(field: &[&str]) -> Home {
        Home::Manifest {
            file: PathBuf::new(),
            document: 0,
            field: field.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn path(text: &str) -> Path {
        text.split('/').map(str::to_owned).collect()
    }

    fn edited(document: &str, field: &[&str]) -> Option<String> {
        let Home::Manifest { field, .. } = home(field) else {
            return None;
        };
        within(document, &field, &Edits::from([(path("a/b"), 1.into())]))
    }

    const START: &str = "spec:\n  source:\n    helm:\n";

    #[rstest]
    #[case(
        "      values: |\n        a: {} # c\n",
        "      values: |\n        a: {b: 1} # c\n"
    )]
    #[case(
        "      values: |-\n         # c\n\n         x: 1\n\n      x: 1\n",
        "      values: |-\n         # c\n\n         x: 1\n         a:\n           b: 1\n\n      x: 1\n"
    )]
    #[case(
        "      values: |2 # c\n        x: 1\n        a:\n          c: 2\n",
        "      values: |2 # c\n        x: 1\n        a:\n          c: 2\n          b: 1\n"
    )]
    fn a_block_keeps_its_indentation(#[case] old: &str, #[case] expected: &str) {
        let new = edited(&format!("{START}{old}"), &FIELD);
        assert_eq!(new, Some(format!("{START}{expected}")));
    }

    #[rstest]
    #[case::folded("      values: >\n        a: {}\n")]
    #[case::quoted("      values: \"a: {}\"\n")]
    #[case::no_yaml("      values: |\n        a: [\n")]
    fn what_is_no_block_is_left_alone(#[case] text: &str) {
        assert_eq!(edited(&format!("{START}{text}"), &FIELD), None);
    }

    #[test]
    fn values_that_are_yaml_are_edited_there_or_made() {
        let text = "spec:\n  sources:\n    - chart: shop # c\n    - chart: other\n";
        let field = ["spec", "sources", "0", "helm", "valuesObject"];
        let new = edited(text, &field).expect("a text");
        let node = Node::read(&new, 0).expect("YAML");
        let expected = json!({"chart": "shop", "helm": {"valuesObject": {"a": {"b": 1}}}});
        assert_eq!(node.value()["spec"]["sources"][0], expected);
        assert!(new.contains("shop # c\n"), "{new}");
    }

    #[test]
    fn a_value_of_a_block_has_its_place_in_the_document() {
        let text = format!("{START}      values: |\n        # é\n\n        a:\n          c: 1\n");
        let input = Input::new(None, text);
        let home = home(&FIELD);
        let shown = |at: &str| &input.text[home.place(&input, &path(at))];
        assert_eq!(
            [shown("a/c"), shown("a/b"), shown("d/b")],
            ["c", "a", "values"]
        );
        assert_eq!(
            home.place(&input, &path("a/c")).start,
            input.text.len() - "c: 1\n".len()
        );
    }
}
