//! What a var's value is worth.

use serde_yaml::Value;

/// How many days of events a run may process.
pub(super) const LIMIT: &str = "snowplow__backfill_limit_days";

/// A number, in quotes or without; not what only Rust takes for one, such as `inf`.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// Whether dbt, which reads YAML 1.1, takes a text that our reader sees for a number, such as `1_000`.
pub(super) fn is_number_to_dbt(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit() && first != '0')
        && digits.contains('_')
        && digits.chars().all(|character| character.is_ascii_digit() || character == '_')
}

/// A string, or a number as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Nothing, as the packages see it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

/// What dbt, which reads YAML 1.1, takes for `false`; our reader sees text. In quotes they are true, which is not told apart.
const NO: [&str; 6] = ["no", "No", "NO", "off", "Off", "OFF"];

/// True, as Jinja sees it once dbt has read it.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) if NO.contains(&text.as_str()) => false,
        other => !is_empty(other),
    }
}

/// For people.
pub(super) fn shown(value: &Value) -> String {
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
