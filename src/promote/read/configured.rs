//! What prod's project configures for a table, besides its layout.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::{Map, Value};

use super::layout::table_properties;
use super::options;
use super::words::{described, of_column, property, tagged};
use crate::dbt::Node;
use crate::promote::plan::{Configured, Layout, Property, arrangement};
use crate::warehouse::Dialect;

/// Reads a model's configuration. The description is the one that dbt writes to the warehouse, and the tags are those of
/// columns on Databricks.
///
/// # Errors
/// A value is not what dbt takes, and it would become a part of the script.
pub fn read(
    dialect: Dialect,
    config: &Map<String, Value>,
    description: Option<&str>,
    column_tags: &BTreeMap<String, Value>,
) -> Result<Configured> {
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
        Dialect::Databricks => {
            describe(&mut configured, description);
            of_databricks(&mut configured, config, column_tags)?;
            hold_properties(&mut configured, config);
        }
        Dialect::Spark => {
            describe(&mut configured, description);
            hold_properties(&mut configured, config);
        }
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {}
    }
    for (property, words) in arrangement(dialect, &Layout::configured(dialect, config, description)?) {
        configured.held.entry(property).or_default().push(words);
    }
    Ok(configured)
}

/// Databricks and Spark: where the files of a model's table are, as dbt's adapters put it together; none where the
/// project leaves that to the warehouse.
pub(super) fn location(dialect: Dialect, node: &Node) -> Option<String> {
    let root = node.config.get("location_root").and_then(Value::as_str)?;
    let with_names = node.config.get("include_full_name_in_path").and_then(Value::as_bool) == Some(true);
    match dialect {
        Dialect::Spark => Some(format!("{root}/{}", node.alias)),
        Dialect::Databricks => {
            let database = node.database.as_deref().unwrap_or("hive_metastore");
            let names = if with_names { vec![database, node.schema.as_str()] } else { Vec::new() };
            let path: Vec<_> = names.into_iter().chain([node.alias.as_str()]).collect();
            Some(format!("{}/{}", root.strip_suffix('/').unwrap_or(root), path.join("/")))
        }
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            None
        }
    }
}

fn hold_properties(configured: &mut Configured, config: &Map<String, Value>) {
    let properties = table_properties(config);
    configured.held.insert(
        Property::TableProperties,
        properties.iter().map(|(key, value)| property(key, value)).collect(),
    );
}

/// Databricks: tags of Unity Catalog, of the table and of its columns.
fn of_databricks(
    configured: &mut Configured,
    config: &Map<String, Value>,
    columns: &BTreeMap<String, Value>,
) -> Result<()> {
    if let Some((sql, words)) = tags(config.get("databricks_tags"))? {
        configured.tags = Some(sql);
        configured.held.insert(Property::Tags, words);
    }
    for (column, value) in columns {
        let Some((sql, words)) = tags(Some(value)).with_context(|| format!("the column {column}"))? else {
            continue;
        };
        configured.column_tags.insert(column.clone(), sql);
        let words = words.iter().map(|tag| of_column(tag, column));
        configured.held.entry(Property::ColumnTags).or_default().extend(words);
    }
    Ok(())
}

/// The configuration `databricks_tags` as SQL and in words; none where it has no tag.
fn tags(value: Option<&Value>) -> Result<Option<(String, Vec<String>)>> {
    let tags = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(tags)) => tags,
        Some(other) => bail!("the configuration databricks_tags: {other} is not a list of tags with values"),
    };
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let literal = |text: &str| Dialect::Databricks.text_literal(text);
    let tags: Vec<_> = tags.iter().map(|(tag, value)| (tag, text(value))).collect();
    let pairs = tags.iter().map(|(tag, value)| format!("{} = {}", literal(tag), literal(value)));
    let sql = pairs.collect::<Vec<_>>().join(", ");
    let words = tags.iter().map(|(tag, value)| tagged(tag, value)).collect();
    Ok((!sql.is_empty()).then_some((sql, words)))
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
        read(Dialect::Snowflake, config.as_object().expect("an object"), Some("It's\nours"), &BTreeMap::new())
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
    fn a_location_is_where_dbt_would_put_the_table() {
        let node = |config: Value| Node {
            database: Some("main".to_owned()),
            schema: "prod".to_owned(),
            alias: "t".to_owned(),
            config: config.as_object().cloned().expect("an object"),
            ..Node::default()
        };
        let root = node(json!({"location_root": "s3://b/tables/"}));
        assert_eq!(location(Dialect::Databricks, &root).as_deref(), Some("s3://b/tables/t"));
        assert_eq!(location(Dialect::Spark, &root).as_deref(), Some("s3://b/tables//t"));
        let named = node(json!({"location_root": "s3://b", "include_full_name_in_path": true}));
        assert_eq!(location(Dialect::Databricks, &named).as_deref(), Some("s3://b/main/prod/t"));
        assert_eq!(location(Dialect::Databricks, &node(json!({}))), None);
    }

    #[test]
    fn tags_of_databricks_are_texts() {
        let of_columns = |config: Value, columns: &BTreeMap<String, Value>| {
            read(Dialect::Databricks, config.as_object().expect("an object"), None, columns)
        };
        let read = |config: Value| of_columns(config, &BTreeMap::new());
        let configured =
            read(json!({"databricks_tags": {"team": "it's", "pii": null, "n": 1}})).expect("allowed");
        assert_eq!(configured.tags.as_deref(), Some("'team' = 'it\\'s', 'pii' = '', 'n' = '1'"));
        assert_eq!(read(json!({"databricks_tags": {}})).expect("allowed").tags, None);
        assert!(read(json!({"databricks_tags": "team"})).is_err());
        let columns = |tags: Value| BTreeMap::from([("id".to_owned(), tags)]);
        let tagged = of_columns(json!({}), &columns(json!({"pii": "yes"}))).expect("allowed");
        assert_eq!(tagged.column_tags["id"], "'pii' = 'yes'");
        assert_eq!(tagged.held[&Property::ColumnTags], ["the tag pii: yes of its column id"]);
        assert!(of_columns(json!({}), &columns(json!({}))).expect("allowed").column_tags.is_empty());
        let error = of_columns(json!({}), &columns(json!(["pii"]))).expect_err("no tags");
        assert_eq!(error.to_string(), "the column id");
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
