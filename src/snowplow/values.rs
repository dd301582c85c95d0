//! How dbt and the packages read the value of a var.

use serde_yaml::Value;

use crate::dbt;

/// The var for where models without a row begin.
pub const START_DATE: &str = "snowplow__start_date";

/// The var for the column that windows of the session family follow.
pub const SESSION_TIMESTAMP: &str = "snowplow__session_timestamp";

/// The var for how many days of events a run may process.
pub const LIMIT: &str = "snowplow__backfill_limit_days";

/// A number, with or without quotes. What only Rust takes for a number, such as `inf`, is none.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Whether dbt reads a text as a number, such as `1_000`: it reads YAML 1.1, our reader YAML 1.2.
#[must_use]
pub fn is_number_to_dbt(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit() && first != '0')
        && digits.contains('_')
        && digits.chars().all(|character| character.is_ascii_digit() || character == '_')
}

/// Whether only dbt knows what a value is: it renders strings, but not what lists and mappings hold.
#[must_use]
pub fn holds_jinja(value: &Value) -> bool {
    value.as_str().is_some_and(dbt::holds_jinja)
}

/// Whether the packages treat a value as not set.
#[must_use]
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

/// Words that dbt reads as `false`, because it reads YAML 1.1. Our reader sees text, so it cannot tell them
/// from quoted words, which are true.
const NO: [&str; 6] = ["no", "No", "NO", "off", "Off", "OFF"];

/// Whether Jinja treats a value as true after dbt has read it.
#[must_use]
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) if NO.contains(&text.as_str()) => false,
        other => !is_empty(other),
    }
}

/// A value in a message.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_and_numbers_as_dbt_does() {
        let value = |text: &str| serde_yaml::from_str::<Value>(text).expect("YAML");
        for no in ["no", "NO", "off", "Off", "false", "0", "''", "null", "[]", "0.0"] {
            assert!(!is_true(&value(no)), "{no}");
        }
        for yes in ["yes", "on", "true", "1", "'false'", "nO", "[1]"] {
            assert!(is_true(&value(yes)), "{yes}");
        }
        assert_eq!(number(&value("1_000")), Some(1000.0));
        assert_eq!(
            (number(&value("inf")), number(&value("'nan'")), number(&value(".inf"))),
            (None, None, None)
        );
        assert!(is_number_to_dbt("1_000") && is_number_to_dbt("-1_0"));
        assert!(!["1000", "_1", "1_a", "", "010_0"].into_iter().any(is_number_to_dbt));
    }
}
