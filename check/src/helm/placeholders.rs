//! The placeholders in the template of an `ApplicationSet`, `{{name}}` and `{{.name}}`: filled for a release, and put back into
//! values that are to be written for all releases of the template.

use std::collections::BTreeMap;

use serde_json::Value;

/// What placeholders stand for, by their names.
pub type Parameters = BTreeMap<String, String>;

/// The placeholders, as they are filled for one release.
#[derive(Clone, Debug)]
pub struct Placeholders {
    /// What they stand for.
    pub parameters: Parameters,
    /// Whether they are those of Go's templates.
    pub is_go: bool,
}

impl Placeholders {
    /// The template with its placeholders filled.
    ///
    /// # Errors
    ///
    /// With a sentence, if one of them is not known.
    pub fn filled(&self, template: &Value) -> Result<Value, String> {
        each_text(template, &|text| self.fill(text))
    }

    fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
            let name = inner.trim();
            let name = if self.is_go {
                name.strip_prefix('.')
            } else {
                Some(name)
            };
            let value = name.and_then(|name| self.parameters.get(name));
            let value = value.ok_or_else(|| {
                format!(
                    "not judged, for {{{{{inner}}}}} in its template is none of the simple placeholders that are replaced"
                )
            })?;
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        Ok(filled + rest)
    }

    /// The values with placeholders for whole words that are what these stand for; none if something in them would be taken
    /// for a placeholder that is not meant as one.
    #[must_use]
    pub fn put_back(&self, values: &Value) -> Option<Value> {
        each_text(values, &|text| self.put_back_into(text)).ok()
    }

    fn put_back_into(&self, text: &str) -> Result<String, ()> {
        if text.contains("{{") {
            return Err(());
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut parts = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let is_start = !parts.ends_with(is_word);
            let fits = |value: &str| {
                let after = rest.strip_prefix(value);
                is_start && !value.is_empty() && after.is_some_and(|it| !it.starts_with(is_word))
            };
            let found = self.parameters.iter().filter(|(_, value)| fits(value));
            if let Some((name, value)) = found.max_by_key(|(_, value)| value.len()) {
                let dot = if self.is_go { "." } else { "" };
                parts.extend(["{{", dot, name, "}}"]);
                rest = &rest[value.len()..];
            } else {
                let length = rest.chars().next().map_or(0, char::len_utf8);
                parts.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
        Ok(parts)
    }
}

/// The value with all its texts changed, keys too.
fn each_text<E>(value: &Value, change: &impl Fn(&str) -> Result<String, E>) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => Value::String(change(text)?),
        Value::Array(items) => {
            let items = items.iter().map(|it| each_text(it, change));
            items.collect::<Result<_, _>>()?
        }
        Value::Object(members) => {
            let member =
                |(key, value): (&String, &Value)| Ok((change(key)?, each_text(value, change)?));
            members.iter().map(member).collect::<Result<_, E>>()?
        }
        _ => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn placeholders(is_go: bool) -> Placeholders {
        let parameters = [("x", "1"), ("y.z", "dev")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Placeholders {
            parameters: parameters.into(),
            is_go,
        }
    }

    #[rstest]
    #[case("a-{{ x }}-{{y.z}}", false, Some("a-1-dev"))]
    #[case("a-{{.x}}-{{ .y.z }}", true, Some("a-1-dev"))]
    #[case("plain", false, Some("plain"))]
    #[case("{{unknown}}", false, None)]
    #[case("{{ .x | upper }}", true, None)]
    #[case("{{x}}", true, None)]
    #[case("{{ range .y }}", true, None)]
    fn simple_placeholders_are_filled(
        #[case] text: &str,
        #[case] is_go: bool,
        #[case] expected: Option<&str>,
    ) {
        let filled = placeholders(is_go).fill(text);
        assert_eq!(filled.ok().as_deref(), expected);
    }

    #[rstest]
    #[case(
        "dev|.*-dev|device|_dev",
        false,
        Some("{{y.z}}|.*-{{y.z}}|device|_dev")
    )]
    #[case("monitoring-dev", true, Some("monitoring-{{.y.z}}"))]
    #[case("{{ $labels.x }}", true, None)]
    fn whole_words_become_placeholders(
        #[case] text: &str,
        #[case] is_go: bool,
        #[case] expected: Option<&str>,
    ) {
        let put_back = placeholders(is_go).put_back(&text.into());
        assert_eq!(put_back, expected.map(Value::from));
    }
}
