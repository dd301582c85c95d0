//! Reads YAML as dbt's own parser does.

use std::fmt;

use anyhow::Result;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::{Mapping, Value};

/// Reads a document. If a mapping holds a key twice, the last value counts. `<<` merges mappings.
///
/// # Errors
/// The text is not YAML.
pub(super) fn parse(text: &str) -> Result<Value> {
    let Lenient(mut value) = serde_yaml::from_str(text)?;
    value.apply_merge()?;
    Ok(value)
}

/// A value whose mappings may hold a key more than once. serde_yaml's own type refuses that.
struct Lenient(Value);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML as dbt reads it")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Lenient(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut mapping = Mapping::new();
        while let Some((Lenient(key), Lenient(value))) = entries.next_entry()? {
            mapping.insert(key, value);
        }
        Ok(mapping.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_kinds_of_values() {
        let text =
            "null: ~\nn: -1\nbig: 18446744073709551615\nf: 1.5\ntext: x\nyes: true\nlist: [a, {b: 1}]\n";
        let expected: Value = serde_yaml::from_str(text).expect("YAML");
        assert_eq!(parse(text).expect("YAML"), expected);
        assert_eq!(parse("").expect("YAML"), Value::Null);
    }

    #[test]
    fn the_last_value_of_a_repeated_key_counts() {
        assert_eq!(
            parse("a: {x: 1}\nb: 2\na: {y: 1}").expect("YAML"),
            parse("a: {y: 1}\nb: 2").expect("YAML")
        );
    }

    #[test]
    fn merges_mappings() {
        let merged = parse("one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nall: {<<: [*one, *two], a: 0}\n");
        assert_eq!(merged.expect("YAML")["all"], parse("{a: 0, b: 1, c: 2}").expect("YAML"));
        assert!(parse("a: {<<: 3}").is_err());
    }

    #[test]
    fn errors_name_the_place() {
        let error = parse("a: 1\nb: [").expect_err("no end").to_string();
        assert!(error.contains("line 3 column 1"), "{error}");
    }
}
