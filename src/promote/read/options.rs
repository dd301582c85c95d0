//! BigQuery: the options of a table, as the project configures them and as the catalogue shows them.

use std::sync::LazyLock;

use anyhow::{Result, bail};
use regex::Regex;
use serde_json::{Map, Value};

use super::clauses::unescaped;
use super::words::{described, one_line};
use crate::promote::plan::{Held, property_of};
use crate::warehouse::Dialect;

/// An option of a table.
pub(super) struct TableOption {
    pub(super) name: String,
    /// Its value as SQL; none where it is not understood.
    pub(super) value: Option<String>,
    /// It in words, one for each label or tag.
    items: Vec<String>,
}

impl TableOption {
    fn new(name: &str, value: String, items: Vec<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value), items }
    }

    /// What the catalogue says: a name, and a value in its own words.
    pub(super) fn shown(name: String, value: &str) -> Option<Self> {
        // A table that is not asked for a filter shows it, or does not.
        if value == "false" {
            return None;
        }
        let items = match name.as_str() {
            "labels" | "tags" => pairs(value).iter().map(|(key, value)| pair(&name, key, value)).collect(),
            "description" => vec![described(&text(value))],
            "kms_key_name" => vec![key(&text(value))],
            "expiration_timestamp" => vec![EXPIRATION.to_owned()],
            "partition_expiration_days" => vec![partitions_expire(value)],
            "require_partition_filter" => vec![FILTER.to_owned()],
            "enable_change_history" => vec![HISTORY.to_owned()],
            _ => vec![format!("the option {name} = {}", one_line(value))],
        };
        let value = is_understood(value).then(|| value.to_owned());
        Some(Self { name, value, items })
    }

    /// Adds it to what a table has.
    pub(super) fn add_to(&self, held: &mut Held) {
        held.entry(property_of(&self.name)).or_default().extend(self.items.iter().cloned());
    }
}

const EXPIRATION: &str = "an expiration";
const FILTER: &str = "the filter by partition that every query needs";
const HISTORY: &str = "its change history";

/// The options that dbt sets from the project's configuration.
///
/// # Errors
/// A value is not what dbt takes.
pub(super) fn configured(config: &Map<String, Value>, description: Option<&str>) -> Result<Vec<TableOption>> {
    let mut options = plain(config)?;
    if let Some(hours) = config.get("hours_to_expiration").filter(|value| !value.is_null()) {
        let Some(hours) = hours.as_u64() else {
            bail!("the configuration hours_to_expiration: {hours} is not a number of hours")
        };
        let value = format!("timestamp_add(current_timestamp(), interval {hours} hour)");
        options.push(TableOption::new("expiration_timestamp", value, vec![EXPIRATION.to_owned()]));
    }
    if let Some(name) = config.get("kms_key_name").filter(|value| !value.is_null()) {
        let Some(name) = name.as_str() else { bail!("the configuration kms_key_name: {name} is not a text") };
        options.push(TableOption::new("kms_key_name", literal(name), vec![key(name)]));
    }
    for (name, pairs) in [("labels", labels(config)?), ("tags", texts(config, "resource_tags")?)] {
        if !pairs.is_empty() {
            let items = pairs.iter().map(|(key, value)| pair(name, key, value)).collect();
            let pairs = pairs.iter().map(|(key, value)| format!("({}, {})", literal(key), literal(value)));
            let value = format!("[{}]", pairs.collect::<Vec<_>>().join(", "));
            options.push(TableOption::new(name, value, items));
        }
    }
    if let Some(description) = description {
        options.push(TableOption::new("description", literal(description), vec![described(description)]));
    }
    Ok(options)
}

/// Those that are a number or a boolean.
fn plain(config: &Map<String, Value>) -> Result<Vec<TableOption>> {
    let mut options = Vec::new();
    for name in ["require_partition_filter", "partition_expiration_days", "enable_change_history"] {
        let items = match (name, config.get(name)) {
            (_, None | Some(Value::Null)) => continue,
            (_, Some(Value::Bool(false))) => Vec::new(),
            ("require_partition_filter", Some(Value::Bool(true))) => vec![FILTER.to_owned()],
            ("enable_change_history", Some(Value::Bool(true))) => vec![HISTORY.to_owned()],
            ("partition_expiration_days", Some(Value::Number(days))) => {
                vec![partitions_expire(&days.to_string())]
            }
            (_, Some(other)) => {
                bail!("the configuration {name}: {other} is not what BigQuery takes for it")
            }
        };
        options.push(TableOption::new(name, config[name].to_string(), items));
    }
    Ok(options)
}

/// `labels`, and before them `meta`, where `labels_from_meta` says so.
fn labels(config: &Map<String, Value>) -> Result<Vec<(String, String)>> {
    let is_from_meta = config.get("labels_from_meta").and_then(Value::as_bool) == Some(true);
    let mut labels = if is_from_meta { texts(config, "meta")? } else { Vec::new() };
    let own = texts(config, "labels")?;
    labels.retain(|(key, _)| own.iter().all(|(other, _)| other != key));
    labels.extend(own);
    Ok(labels)
}

fn texts(config: &Map<String, Value>, name: &str) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for (key, value) in config.get(name).and_then(Value::as_object).into_iter().flatten() {
        let Some(value) = value.as_str() else {
            bail!("the configuration {name}: {key} is {value}, but BigQuery takes only texts")
        };
        texts.push((key.clone(), value.to_owned()));
    }
    Ok(texts)
}

fn literal(text: &str) -> String {
    Dialect::BigQuery.text_literal(text)
}

fn pair(name: &str, key: &str, value: &str) -> String {
    let what = if name == "tags" { "resource tag" } else { "label" };
    format!("the {what} {key}: {value}")
}

fn key(name: &str) -> String {
    format!("the encryption key {name}")
}

/// The catalogue writes `30.0`.
fn partitions_expire(days: &str) -> String {
    let days = days.parse::<f64>().map_or_else(|_| days.to_owned(), |days| days.to_string());
    format!("partitions that expire after {days} days")
}

const TEXT: &str = r#""((?:[^"\\\r\n]|\\.)*)""#;

/// Whether a value is written as the catalogue writes them: a boolean, a number, a text, a time, a list of pairs
/// of texts. Values go into SQL.
fn is_understood(value: &str) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        let pair = format!(r"(?:STRUCT)?\({TEXT}, {TEXT}\)");
        Regex::new(&format!(r"^(?:true|false|[0-9.]+|(?:TIMESTAMP )?{TEXT}|\[{pair}(?:, {pair})*\])$"))
            .expect("a pattern")
    });
    VALUE.is_match(value)
}

/// A text without its quotes.
fn text(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    unescaped(inner.unwrap_or(value))
}

fn pairs(value: &str) -> Vec<(String, String)> {
    static PAIR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!(r"\({TEXT}, {TEXT}\)")).expect("a pattern"));
    PAIR.captures_iter(value).map(|found| (unescaped(&found[1]), unescaped(&found[2]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(config: &Value) -> Vec<(String, String)> {
        let options = configured(config.as_object().expect("an object"), None).expect("allowed");
        options.into_iter().map(|option| (option.name, option.value.expect("SQL"))).collect()
    }

    #[test]
    fn options_are_those_that_dbt_sets() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let config = json!({
            "labels": {"team": "it's"}, "labels_from_meta": true, "meta": {"team": "x", "owner": "anna"},
            "resource_tags": {"p/env": "prod"}, "hours_to_expiration": 24, "kms_key_name": "k",
            "enable_change_history": false, "partition_expiration_days": null
        });
        assert_eq!(
            values(&config),
            [
                pair("enable_change_history", "false"),
                pair("expiration_timestamp", "timestamp_add(current_timestamp(), interval 24 hour)"),
                pair("kms_key_name", "'k'"),
                pair("labels", "[('owner', 'anna'), ('team', 'it\\'s')]"),
                pair("tags", "[('p/env', 'prod')]"),
            ]
        );
        assert_eq!(values(&json!({"meta": {"owner": {"name": "anna"}}})), []);
        for wrong in [
            json!({"hours_to_expiration": "1 hour); drop table t; --"}),
            json!({"labels_from_meta": true, "meta": {"owner": {"name": "anna"}}}),
            json!({"kms_key_name": 1}),
            json!({"enable_change_history": "yes"}),
        ] {
            assert!(configured(wrong.as_object().expect("an object"), None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_project_and_the_catalogue_say_is_comparable() {
        let config = json!({
            "labels": {"team": "web"}, "partition_expiration_days": 30, "kms_key_name": "k",
            "hours_to_expiration": 2, "enable_change_history": true, "require_partition_filter": true,
            "resource_tags": {"p/env": "prod"}
        });
        let (mut ours, mut theirs) = (Held::new(), Held::new());
        for option in configured(config.as_object().expect("an object"), Some("it's")).expect("allowed") {
            option.add_to(&mut ours);
        }
        for (name, value) in [
            ("labels", r#"[STRUCT("team", "web")]"#),
            ("tags", r#"[STRUCT("p/env", "prod")]"#),
            ("partition_expiration_days", "30.0"),
            ("kms_key_name", "\"k\""),
            ("expiration_timestamp", "TIMESTAMP \"2030-01-01T00:00:00.000Z\""),
            ("enable_change_history", "true"),
            ("require_partition_filter", "true"),
            ("description", r#""it\'s""#),
        ] {
            let option = TableOption::shown(name.to_owned(), value).expect("an option");
            assert_eq!(option.value.as_deref(), Some(value));
            option.add_to(&mut theirs);
        }
        assert_eq!(ours, theirs);
    }

    #[test]
    fn a_value_that_could_end_a_statement_is_no_sql() {
        for value in [r#""x"); drop table y; --""#, "INTERVAL 1 DAY", "1); drop table y"] {
            let option = TableOption::shown("friendly_name".to_owned(), value).expect("an option");
            assert_eq!(option.value, None, "{value}");
            let mut held = Held::new();
            option.add_to(&mut held);
            assert!(!held.is_empty(), "a note names it");
        }
    }
}
