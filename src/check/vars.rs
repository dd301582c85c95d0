//! What a var's value is worth.

use serde_yaml::Value;

/// How many days of events a run may process.
pub(super) const LIMIT: &str = "snowplow__backfill_limit_days";

/// A number, in quotes or without.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
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

/// Words that dbt's YAML 1.1 takes for false, and that of this tool for text. In quotes they would be text there, too, and true:
/// nobody means that.
const NO: [&str; 6] = ["no", "No", "NO", "off", "Off", "OFF"];

/// True, as Jinja sees it.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::String(text) if NO.contains(&text.as_str()) => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
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
    fn truth_is_that_of_dbts_yaml() {
        let value = |text: &str| is_true(&serde_yaml::from_str(text).expect("YAML"));
        for text in ["true", "yes", "on", "1", "'false'"] {
            assert!(value(text), "{text}");
        }
        for text in ["false", "no", "Off", "0", "''", "[]", "~"] {
            assert!(!value(text), "{text}");
        }
    }
}
