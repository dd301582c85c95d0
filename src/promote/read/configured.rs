//! What prod's project configures for a table, besides its layout.

use std::sync::LazyLock;

use anyhow::{Result, bail};
use regex::Regex;
use serde_json::{Map, Value};

use super::options;
use super::words::{described, tagged};
use crate::promote::plan::{Configured, Property};
use crate::warehouse::Dialect;

/// Reads a model's configuration. The description is the one that dbt writes to the warehouse.
///
/// # Errors
/// A value is not what dbt takes, and it would become a part of the script.
pub fn read(dialect: Dialect, config: &Map<String, Value>, description: Option<&str>) -> Result<Configured> {
    let mut configured = Configured { is_iceberg: is_iceberg(config), ..Configured::default() };
    match dialect {
        Dialect::BigQuery => {
            for option in options::configured(config, description)? {
                option.add_to(&mut configured.held);
            }
        }
        Dialect::Snowflake => {
            describe(&mut configured, description);
            of_snowflake(&mut configured, config)?;
        }
        Dialect::Databricks | Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {}
    }
    Ok(configured)
}

fn is_iceberg(config: &Map<String, Value>) -> bool {
    let format = config.get("table_format").and_then(Value::as_str);
    format.is_some_and(|format| format.eq_ignore_ascii_case("iceberg"))
}

fn describe(configured: &mut Configured, description: Option<&str>) {
    configured.description = description.map(str::to_owned);
    if let Some(description) = description {
        configured.held.insert(Property::Description, vec![described(description)]);
    }
}

/// Snowflake: a tag with its value.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    let name = r#"(?:[A-Za-z_][A-Za-z0-9_$]*|"[^"]+")"#;
    let tag = format!(r"((?:{name}\.){{0,2}})({name})\s*=\s*'([^'\\]*)'");
    Regex::new(&tag).expect("a pattern")
});

fn of_snowflake(configured: &mut Configured, config: &Map<String, Value>) -> Result<()> {
    configured.automatic_clustering = boolean(config, "automatic_clustering")?;
    configured.change_tracking = boolean(config, "change_tracking")?;
    configured.copies_tags = boolean(config, "copy_tags")? == Some(true);
    configured.row_access_policy = text(config, "row_access_policy")?.map(str::to_owned);
    let Some(tags) = text(config, "table_tag")? else { return Ok(()) };
    let rest = TAG.replace_all(tags, "");
    if rest.chars().any(|other| other != ',' && !other.is_whitespace()) {
        bail!(
            "the configuration table_tag: {tags} is not a list of tags with values, so it cannot be put into a script"
        )
    }
    let items = TAG.captures_iter(tags).map(|found| tagged(&stored(&found[2]), &found[3]));
    configured.held.insert(Property::Tags, items.collect());
    configured.tags = Some(tags.to_owned());
    Ok(())
}

/// A name as the catalogue has it.
fn stored(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| name.to_uppercase(), str::to_owned)
}

fn boolean(config: &Map<String, Value>, key: &str) -> Result<Option<bool>> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        // dbt takes these words, too.
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => bail!("the configuration {key}: {other} is neither true nor false"),
    }
}

fn text<'a>(config: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => bail!("the configuration {key}: {other} is not a text"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snowflake(config: &Value) -> Result<Configured> {
        read(Dialect::Snowflake, config.as_object().expect("an object"), Some("It's\nours"))
    }

    #[test]
    fn reads_what_dbt_gives_to_a_table_on_snowflake() {
        let tags = "gov.public.team = 'web', \"Cost\"='a b'";
        let config = json!({"table_tag": tags, "automatic_clustering": false, "change_tracking": "true"});
        let configured = snowflake(&config).expect("allowed");
        assert_eq!(configured.tags.as_deref(), Some(tags));
        let held: Vec<_> = configured.held.values().flatten().map(String::as_str).collect();
        assert_eq!(held, ["the description \"It's ours\"", "the tag TEAM: web", "the tag Cost: a b"]);
        assert_eq!((configured.automatic_clustering, configured.change_tracking), (Some(false), Some(true)));
        assert!(snowflake(&json!({"table_format": "ICEBERG"})).expect("allowed").is_iceberg);
    }

    #[test]
    fn what_could_end_a_statement_is_refused() {
        for wrong in [
            json!({"table_tag": "a = 'b'); drop table c; --'"}),
            json!({"table_tag": "a = b"}),
            json!({"table_tag": "a = 'b\\'"}),
            json!({"table_tag": ["a"]}),
            json!({"change_tracking": "on"}),
        ] {
            assert!(snowflake(&wrong).is_err(), "{wrong}");
        }
    }
}
