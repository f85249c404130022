//! Typed reading of JSON, with errors that name the field.
//!
//! Types are read with serde as usual, in one pass. Only when that fails, the place that serde
//! reports is walked to once more, to say what is [unreadable].

pub mod unreadable;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use unreadable::Unreadable;

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
pub(crate) fn few_texts<'de, D: Deserializer<'de>>(
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
pub(crate) fn few_members<'de, D: Deserializer<'de>>(
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

/// Reads an object. `root` is the field of its own object in which it stands, if it does.
///
/// # Errors
///
/// See [`read`].
pub fn object<'de, T: Deserialize<'de>>(
    text: &'de str,
    root: Option<&str>,
) -> Result<T, Unreadable> {
    read(text, root).map(|Strict(value)| value)
}

/// Reads a value. `root` is the field of an object in which it stands, if it does.
///
/// # Errors
///
/// What cannot be read: `spec.endpoints[0].path: expected a string, found a number`.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str, root: Option<&str>) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|error| Unreadable::new(text, root, &error))
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
        let error = object::<Outer>(&text, None).err();
        let expected = (!is_read).then(|| format!("innerList: expected at most {MOST} of them"));
        assert_eq!(error.map(|error| error.to_string()), expected);
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
        let error = object::<Outer>(text, None).expect_err("a wrong type");
        assert_eq!(error.to_string(), message);
    }
}
