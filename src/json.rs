//! Typed reading of JSON, with errors that name the field.
//!
//! Types are read with serde as usual, in one pass. Only when that fails, the place that serde
//! reports is walked to once more, to say which field it is, what it should be and what it is;
//! never what it contains.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A JSON object. What serde derives would also take an array of the fields in their order.
#[derive(Debug, Default)]
pub struct Strict<T>(pub T);

impl<T> Deref for Strict<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// The most items of a list of objects, and the most members of a map, that are read. People write some
/// tens; reading and judging more must not take longer than anybody waits.
pub const MOST: usize = 5000;

/// The most texts of a list that are read.
pub const MOST_TEXTS: usize = 20_000;

/// Reads a list of objects, which must not have more than [`MOST`].
///
/// # Errors
///
/// If it has, or cannot be read.
pub fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    deserializer.deserialize_option(Items(MOST, PhantomData))
}

/// Reads a list of texts, which must not have more than [`MOST_TEXTS`].
///
/// # Errors
///
/// If it has, or cannot be read.
pub fn few_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    deserializer.deserialize_option(Items(MOST_TEXTS, PhantomData))
}

/// Reads up to so many items, or null.
struct Items<T>(usize, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            if all.len() == self.0 {
                return Err(too_many(self.0));
            }
            all.push(item);
        }
        Ok(Some(all))
    }
}

fn too_many<E: Error>(most: usize) -> E {
    E::custom(format_args!("too many, expected at most {most} of them"))
}

/// Reads a map of texts, which must not have more than [`MOST`] members.
///
/// # Errors
///
/// If it has, or cannot be read.
pub fn few_members<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Option<BTreeMap<String, String>>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some((key, value)) = members.next_entry()? {
                if all.len() == MOST {
                    return Err(too_many(MOST));
                }
                all.insert(key, value);
            }
            Ok(Some(all))
        }
    }

    deserializer.deserialize_option(Members)
}

/// Reads an object. `root` is its path, for the errors.
///
/// # Errors
///
/// See [`read`].
pub fn object<'de, T: Deserialize<'de>>(text: &'de str, root: &str) -> Result<T, String> {
    read(text, root).map(|Strict(value)| value)
}

/// Reads a value. `root` is the path of the text within its object, for the errors.
///
/// # Errors
///
/// A sentence such as `spec.endpoints[0].path: expected a string, found a number`.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str, root: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| explain(text, root, &error))
}

/// The value at a place in the text, given by the segments of a JSON Pointer; nothing around it is
/// kept. None if there is none.
///
/// # Errors
///
/// If the value, or what is on the way to it, cannot be read.
pub fn at(text: &str, place: &[String]) -> serde_json::Result<Option<Value>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    At(place).deserialize(&mut deserializer)
}

/// A place that is walked to.
struct At<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return Value::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = members.next_key::<Cow<'_, str>>()? {
            if key == self.0[0] {
                found = members.next_value_seed(At(&self.0[1..]))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let index: usize = self.0[0].parse().unwrap_or(usize::MAX);
        for _ in 0..index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = items.next_element_seed(At(&self.0[1..]))?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found.flatten())
    }
}

fn explain(text: &str, root: &str, error: &serde_json::Error) -> String {
    if !error.is_data() {
        let what = if root.is_empty() { "the text" } else { root };
        return format!("{what} is not valid JSON");
    }
    let message = error.to_string();
    // serde_json reports the end of a scalar, but the start of what has parts.
    let has_parts = ["invalid type: map", "invalid type: sequence"];
    let has_parts = has_parts.iter().any(|start| message.starts_with(start));
    let offset = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum::<usize>()
        + error.column().saturating_sub(usize::from(!has_parts));
    let mut walk = Walk {
        text: text.as_bytes(),
        place: 0,
        goal: offset,
        path: root.to_owned(),
        depth: 0,
        found: None,
    };
    walk.value();
    let (path, start) = walk.found.unwrap_or((root.to_owned(), 0));
    let path = if path.is_empty() {
        "the text".to_owned()
    } else {
        path
    };
    let Some((_, expected)) = message.split_once(", expected ") else {
        let field = message.split('`').nth(1).unwrap_or_default();
        return format!("{path}: field `{field}` cannot be read");
    };
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    if expected.starts_with("at most ") {
        return format!("{path}: expected {expected}");
    }
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "i64" => "an integer",
        other => other,
    };
    format!(
        "{path}: expected {expected}, found {}",
        kind(text.as_bytes().get(start))
    )
}

fn kind(first: Option<&u8>) -> &'static str {
    match first {
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A walk through JSON that is known to be well-formed up to its goal.
struct Walk<'a> {
    text: &'a [u8],
    place: usize,
    goal: usize,
    path: String,
    depth: usize,
    /// The path and start of the innermost value around the goal.
    found: Option<(String, usize)>,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<u8> {
        while self.text.get(self.place)?.is_ascii_whitespace() {
            self.place += 1;
        }
        self.text.get(self.place).copied()
    }

    fn value(&mut self) -> Option<()> {
        let first = self.next()?;
        let start = self.place;
        match first {
            b'{' => self.members(b'}')?,
            b'[' => self.members(b']')?,
            b'"' => drop(self.string()?),
            _ => {
                while self.text.get(self.place).is_some_and(|byte| {
                    !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace()
                }) {
                    self.place += 1;
                }
            }
        }
        self.note(start);
        Some(())
    }

    fn note(&mut self, start: usize) {
        if self.found.is_none() && (start..self.place.max(start + 1)).contains(&self.goal) {
            self.found = Some((self.path.clone(), start));
        }
    }

    fn members(&mut self, end: u8) -> Option<()> {
        // serde_json reads nothing typed that is nested deeper.
        self.depth += 1;
        if self.depth > 128 {
            return None;
        }
        let start = self.place;
        self.place += 1;
        if self.goal == start {
            self.note(start);
        }
        let mut index = 0;
        loop {
            match self.next()? {
                byte if byte == end => break,
                b',' => self.place += 1,
                _ => {
                    let length = self.path.len();
                    if end == b']' {
                        let _ = write!(self.path, "[{index}]");
                        index += 1;
                    } else {
                        let key = self.string()?;
                        push_key(&mut self.path, &key);
                        self.next()?;
                        self.place += 1;
                    }
                    self.value()?;
                    self.path.truncate(length);
                }
            }
            if self.found.is_some() {
                return Some(());
            }
        }
        self.place += 1;
        self.depth -= 1;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        let start = self.place;
        self.place += 1;
        while *self.text.get(self.place)? != b'"' {
            self.place += if self.text[self.place] == b'\\' { 2 } else { 1 };
        }
        self.place += 1;
        serde_json::from_slice(&self.text[start..self.place]).ok()
    }
}

/// Appends a key to a field's path: `.key`, or `["a.b/c"]` where that would be ambiguous.
pub fn push_key(path: &mut String, key: &str) {
    let plain = key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !plain {
        let _ = write!(path, "[{key:?}]");
    } else if path.is_empty() {
        path.push_str(key);
    } else {
        let _ = write!(path, ".{key}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Outer {
        #[serde(default, deserialize_with = "few")]
        inner_list: Option<Vec<Strict<Inner>>>,
        labels: Option<BTreeMap<String, String>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        text: Option<String>,
        flag: Option<bool>,
        number: Option<i64>,
    }

    #[rstest]
    #[case(MOST, true)]
    #[case(MOST + 1, false)]
    fn a_list_is_read_up_to_a_limit(#[case] length: usize, #[case] is_read: bool) {
        let text = format!("{{\"innerList\": [{}]}}", vec!["{}"; length].join(","));
        let error = object::<Outer>(&text, "").err();
        let expected = (!is_read).then(|| format!("innerList: expected at most {MOST} of them"));
        assert_eq!(error, expected);
    }

    #[rstest]
    #[case::whole("", Some("{\"a\":[1,{\"b/c\":[2]}],\"d\":null}"))]
    #[case::member("d", Some("null"))]
    #[case::item("a 0", Some("1"))]
    #[case::inside("a 1 b/c", Some("[2]"))]
    #[case::no_such_member("b", None)]
    #[case::no_such_item("a 2", None)]
    #[case::no_index("a x", None)]
    #[case::of_a_scalar("a 0 b", None)]
    fn finds_a_place(#[case] place: &str, #[case] expected: Option<&str>) {
        let text = r#"{"a": [1, {"b/c": [2]}], "d": null}"#;
        let place: Vec<String> = place.split_whitespace().map(str::to_owned).collect();
        let found = at(text, &place).ok().flatten();
        let found = found.map(|value| value.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[rstest]
    #[case::number_for_string(
        r#"{"innerList": [{}, {"text": 5}]}"#,
        "innerList[1].text: expected a string, found a number"
    )]
    #[case::string_for_bool(
        r#"{"innerList":[{"flag":"x\"]"}]}"#,
        "innerList[0].flag: expected a boolean, found a string"
    )]
    #[case::object_for_string(
        r#"{"innerList":[{"text":{"a":[1]}}]}"#,
        "innerList[0].text: expected a string, found an object"
    )]
    #[case::array_for_object(
        r#"{"innerList":[[]]}"#,
        "innerList[0]: expected an object, found an array"
    )]
    #[case::null_in_a_list(
        r#"{"innerList":[null]}"#,
        "innerList[0]: expected an object, found null"
    )]
    #[case::string_for_list(r#"{"innerList":"x"}"#, "innerList: expected an array, found a string")]
    #[case::float(
        r#"{"innerList":[{"number":1.5}]}"#,
        "innerList[0].number: expected an integer, found a number"
    )]
    #[case::escaped_key(
        r#"{"labels":{"a.b/c":true}}"#,
        r#"labels["a.b/c"]: expected a string, found a boolean"#
    )]
    #[case::several_lines(
        "{\n \"labels\": {\n  \"a\": \"b\",\n  \"c\": []}}",
        "labels.c: expected a string, found an array"
    )]
    #[case::array_of_the_fields("[null, {}]", "the text: expected an object, found an array")]
    #[case::root("[1]", "the text: expected an object, found an array")]
    #[case::twice(
        r#"{"labels":{},"labels":{}}"#,
        "the text: field `labels` cannot be read"
    )]
    #[case::syntax("not json", "the text is not valid JSON")]
    #[case::cut_off(r#"{"labels":{"#, "the text is not valid JSON")]
    fn an_error_names_the_field(#[case] text: &str, #[case] message: &str) {
        let error = object::<Outer>(text, "").expect_err("a wrong type");
        assert_eq!(error, message);
    }
}
