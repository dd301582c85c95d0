//! Reading how a table is laid out: from the project's configuration, or from the statement that the
//! warehouse shows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Result, bail};
use regex::Regex;
use serde_json::{Map, Value};

use super::clauses::{Clauses, unescaped};
use super::options;
use crate::promote::plan::Layout;
use crate::warehouse::Dialect;

impl Layout {
    /// What a model's configuration asks for.
    ///
    /// # Errors
    /// A value is not a plain SQL expression, and it would become a part of the script.
    pub fn configured(
        dialect: Dialect,
        config: &Map<String, Value>,
        description: Option<&str>,
    ) -> Result<Self> {
        match dialect {
            Dialect::Postgres | Dialect::DuckDb => Ok(Self::default()),
            Dialect::Redshift => redshift(config),
            Dialect::Snowflake => Ok(Self {
                cluster_by: list(config, "cluster_by")?,
                transient: config.get("transient").and_then(Value::as_bool),
                ..Self::default()
            }),
            Dialect::BigQuery => {
                let mut layout = Self {
                    partition_by: config.get("partition_by").map_or(Ok(None), bigquery_partition)?,
                    cluster_by: list(config, "cluster_by")?,
                    properties: options(config, description)?,
                    ..Self::default()
                };
                layout.find_partition_column();
                Ok(layout)
            }
            Dialect::Databricks | Dialect::Spark => Ok(Self {
                partition_by: list(config, "partition_by")?,
                cluster_by: list(config, "liquid_clustered_by")?.filter(|_| dialect == Dialect::Databricks),
                buckets: buckets(config)?,
                properties: table_properties(config),
                format: file_format(config)?,
                is_clustered_by_choice: dialect == Dialect::Databricks
                    && config.get("auto_liquid_cluster").and_then(Value::as_bool) == Some(true)
                    && config.get("liquid_clustered_by").is_none_or(Value::is_null),
                ..Self::default()
            }),
        }
    }

    /// BigQuery: finds the column that a filter by partition has to name.
    pub(super) fn find_partition_column(&mut self) {
        static COLUMN: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^(?:\w+\s*\(\s*)?`?([A-Za-z_]\w*)").expect("a pattern"));
        let partition = self.partition_by.as_deref();
        self.partition_column =
            partition.and_then(|text| COLUMN.captures(text)).map(|found| found[1].to_owned());
    }

    /// What the warehouse shows of a table: `ddl` on BigQuery, `show create table` on Spark and Databricks.
    ///
    /// None where the statement is not understood, or where a part of it may not be put into a script.
    #[must_use]
    pub fn of_statement(statement: &str) -> Option<Self> {
        let clauses = Clauses::of(statement)?;
        let plain = |text: String| expression("", &text).ok();
        let bare = |text: String| match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            Some(inner) => inner.to_owned(),
            None => text,
        };
        let mut properties = clauses.rest("TBLPROPERTIES").map(properties).unwrap_or_default();
        // What Databricks says about clustering that is its own choice.
        let is_chosen = properties.remove("clusterByAuto").is_some_and(|value| value == "true");
        properties.remove("clusteringColumns");
        let format = clauses.line("USING").and_then(|word| plain_word(&word));
        let cluster_by = clauses.line("CLUSTER BY");
        let is_auto =
            format.is_some() && cluster_by.as_ref().is_some_and(|by| by.eq_ignore_ascii_case("auto"));
        let is_clustered_by_choice = is_auto || is_chosen;
        let cluster_by = cluster_by.filter(|_| !is_clustered_by_choice);
        let partition = clauses.line("PARTITION BY").or_else(|| clauses.line("PARTITIONED BY").map(bare));
        let buckets = clauses.line("CLUSTERED BY").zip(clauses.line("INTO"));
        let buckets =
            buckets.map(|(columns, number)| plain(format!("{columns} into {}", number.to_lowercase())));
        Some(Self {
            buckets: buckets.map_or(Some(None), |it| it.map(Some))?,
            partition_by: partition.map_or(Some(None), |text| plain(text).map(Some))?,
            cluster_by: cluster_by.map(bare).map_or(Some(None), |text| plain(text).map(Some))?,
            properties,
            format,
            location: clauses.quoted("LOCATION"),
            is_clustered_by_choice,
            ..Self::default()
        })
    }
}

/// Properties that describe one table and not its copy.
const OF_ONE_TABLE: [&str; 9] = [
    "current-snapshot-id",
    "current-snapshot-summary",
    "current-snapshot-timestamp-ms",
    "current-schema",
    "default-partition-spec",
    "default-sort-order",
    "format",
    "snapshot-count",
    "uuid",
];

/// The pairs of `TBLPROPERTIES (…)`, without those that describe the one table.
fn properties(text: &str) -> BTreeMap<String, String> {
    static PAIR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"'((?:[^'\\]|\\.)*)'\s*=\s*'((?:[^'\\]|\\.)*)'").expect("a pattern"));
    let pairs = PAIR.captures_iter(text).map(|found| (unescaped(&found[1]), unescaped(&found[2])));
    let kept = pairs.filter(|(key, _)| {
        !OF_ONE_TABLE.contains(&key.as_str())
            && !key.starts_with("delta.m")
            && !key.starts_with("delta.feature")
    });
    kept.collect()
}

fn redshift(config: &Map<String, Value>) -> Result<Layout> {
    let distribution = text(config, "dist")?.map(|dist| match dist.trim().to_lowercase().as_str() {
        style @ ("all" | "even" | "auto") => format!("diststyle {style}"),
        key => format!("diststyle key distkey ({key})"),
    });
    let kind = text(config, "sort_type")?.map_or_else(String::new, |kind| format!("{kind} "));
    let sort_key = list(config, "sort")?.map(|columns| match columns.as_str() {
        "auto" => "sortkey auto".to_owned(),
        _ => format!("{kind}sortkey ({columns})"),
    });
    Ok(Layout { distribution, sort_key, ..Layout::default() })
}

/// Databricks and Spark: the configurations `clustered_by` and `buckets`, of which dbt takes none without the other.
fn buckets(config: &Map<String, Value>) -> Result<Option<String>> {
    let number = config.get("buckets").and_then(Value::as_u64);
    Ok(list(config, "clustered_by")?
        .zip(number)
        .map(|(columns, number)| format!("({columns}) into {number} buckets")))
}

/// Databricks and Spark: the configuration `tblproperties`.
pub(super) fn table_properties(config: &Map<String, Value>) -> BTreeMap<String, String> {
    let properties = config.get("tblproperties").and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    properties.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Databricks and Spark: the configuration `file_format`.
fn file_format(config: &Map<String, Value>) -> Result<Option<String>> {
    let Some(format) = text(config, "file_format")? else { return Ok(None) };
    match plain_word(&format) {
        Some(word) => Ok(Some(word)),
        None => bail!("the configuration file_format: {format} is not the name of a format"),
    }
}

/// A name of letters and digits, in lower case.
fn plain_word(text: &str) -> Option<String> {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    is_plain.then(|| text.to_ascii_lowercase())
}

fn text(config: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    config.get(key).and_then(Value::as_str).map(|text| expression(key, text)).transpose()
}

/// A string, or a list of strings, joined by commas.
fn list(config: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    let items: Vec<&str> = match config.get(key) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let items: Vec<_> = items.into_iter().map(|item| expression(key, item)).collect::<Result<_>>()?;
    Ok((!items.is_empty()).then(|| items.join(", ")))
}

/// BigQuery: the options that dbt sets from the project's configuration, as SQL.
fn options(config: &Map<String, Value>, description: Option<&str>) -> Result<BTreeMap<String, String>> {
    let options = options::configured(config, description)?;
    Ok(options.into_iter().filter_map(|option| Some((option.name, option.value?))).collect())
}

fn bigquery_partition(value: &Value) -> Result<Option<String>> {
    let get = |key: &str| {
        value.get(key).and_then(Value::as_str).map(|text| expression("partition_by", text)).transpose()
    };
    let Some(field) = get("field")? else { return Ok(None) };
    let granularity = get("granularity")?.unwrap_or_else(|| "day".to_owned());
    if value.get("time_ingestion_partitioning").and_then(Value::as_bool) == Some(true) {
        // The field is the pseudo-column's source, and no column of the table.
        let is_date = get("data_type")?.is_none_or(|kind| kind.eq_ignore_ascii_case("date"));
        return Ok(Some(if is_date && granularity.eq_ignore_ascii_case("day") {
            "_PARTITIONDATE".to_owned()
        } else {
            format!("timestamp_trunc(_PARTITIONTIME, {granularity})")
        }));
    }
    Ok(Some(match get("data_type")?.unwrap_or_default().to_lowercase().as_str() {
        "int64" => {
            let number =
                |key| value.pointer(&format!("/range/{key}")).and_then(Value::as_i64).unwrap_or_default();
            format!(
                "range_bucket({field}, generate_array({}, {}, {}))",
                number("start"),
                number("end"),
                number("interval")
            )
        }
        "timestamp" => format!("timestamp_trunc({field}, {granularity})"),
        "datetime" => format!("datetime_trunc({field}, {granularity})"),
        // Where the project says nothing, dbt takes it for a date.
        _ if granularity.eq_ignore_ascii_case("day") => field,
        _ => format!("date_trunc({field}, {granularity})"),
    }))
}

/// Checks that a text has only columns and calls of functions, and nothing that could end the statement.
fn expression(key: &str, text: &str) -> Result<String> {
    let plain = Regex::new(r#"^[A-Za-z0-9_ ,.()'"`:+*/-]+$"#)?;
    if !plain.is_match(text) || text.contains("--") || text.contains("/*") {
        bail!("the configuration {key}: {text} is not a plain expression, so it cannot be put into a script");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn configured(dialect: Dialect, config: &Value) -> Layout {
        Layout::configured(dialect, config.as_object().expect("an object"), None).expect("plain")
    }

    #[test]
    fn reads_what_dbts_adapters_take() {
        let config =
            json!({"partition_by": {"field": "t", "data_type": "timestamp"}, "cluster_by": ["a", "b"]});
        let layout = configured(Dialect::BigQuery, &config);
        assert_eq!(layout.partition_by.as_deref(), Some("timestamp_trunc(t, day)"));
        assert_eq!(layout.cluster_by.as_deref(), Some("a, b"));
        let range = json!({"start": 0, "end": 9, "interval": 3});
        let range = json!({"partition_by": {"field": "n", "data_type": "int64", "range": range}});
        assert_eq!(
            configured(Dialect::BigQuery, &range).partition_by.as_deref(),
            Some("range_bucket(n, generate_array(0, 9, 3))")
        );
        let redshift = configured(
            Dialect::Redshift,
            &json!({"dist": "id", "sort": ["a", "b"], "sort_type": "compound"}),
        );
        assert_eq!(redshift.distribution.as_deref(), Some("diststyle key distkey (id)"));
        assert_eq!(redshift.sort_key.as_deref(), Some("compound sortkey (a, b)"));
        let spelt = configured(Dialect::Redshift, &json!({"dist": " EVEN "}));
        assert_eq!(spelt.distribution.as_deref(), Some("diststyle even"));
        let bare = configured(Dialect::BigQuery, &json!({"partition_by": {"field": "d"}}));
        assert_eq!(bare.partition_by.as_deref(), Some("d"), "dbt takes it for a date");
        let buckets = json!({"clustered_by": ["a", "b"], "buckets": 4});
        assert_eq!(configured(Dialect::Spark, &buckets).buckets.as_deref(), Some("(a, b) into 4 buckets"));
        let shown = "CREATE TABLE t (\n  a STRING)\nUSING parquet\nCLUSTERED BY (a, b)\nINTO 4 BUCKETS\n";
        let shown = Layout::of_statement(shown).expect("understood");
        assert_eq!(shown.buckets.as_deref(), Some("(a, b) into 4 buckets"));
        assert_eq!(configured(Dialect::Postgres, &config), Layout::default());
    }

    #[test]
    fn reads_what_warehouses_say_of_a_table() {
        let spark = "CREATE TABLE c.s.t (\n  a STRING)\nUSING iceberg\nPARTITIONED BY (days(t), \
                     b)\nTBLPROPERTIES (\n  'current-snapshot-id' = '1',\n  'write.format.default' = \
                     'parquet')\n";
        let layout = Layout::of_statement(spark).expect("understood");
        assert_eq!(layout.partition_by.as_deref(), Some("days(t), b"));
        assert_eq!(
            layout.properties.into_iter().collect::<Vec<_>>(),
            [("write.format.default".into(), "parquet".into())]
        );
        let bigquery =
            "CREATE TABLE `p.d.t`\n(\n  a STRING\n)\nPARTITION BY TIMESTAMP_TRUNC(t, DAY)\nCLUSTER BY a, b;";
        let layout = Layout::of_statement(bigquery).expect("understood");
        assert_eq!(layout.partition_by.as_deref(), Some("TIMESTAMP_TRUNC(t, DAY)"));
        assert_eq!(layout.cluster_by.as_deref(), Some("a, b"));
    }

    #[test]
    fn only_clauses_of_the_table_itself_count() {
        let spark = "CREATE TABLE c.s.t (\n  a STRING COMMENT 'not\nPARTITIONED BY (x)\nTBLPROPERTIES \
                     (\\'a\\' = \\'b\\')',\n  `b)` DECIMAL(18, 6))\nUSING iceberg\nPARTITIONED BY \
                     (b)\nCOMMENT 'it\\'s\nCLUSTER BY (y)'\nTBLPROPERTIES ('k' = 'v')\n";
        let layout = Layout::of_statement(spark).expect("understood");
        assert_eq!((layout.partition_by.as_deref(), layout.cluster_by), (Some("b"), None));
        assert_eq!(layout.properties.into_iter().collect::<Vec<_>>(), [("k".into(), "v".into())]);
        // What could end the script's statement is not understood.
        let odd = "CREATE TABLE t (a STRING)\nPARTITIONED BY (a); drop table b";
        assert_eq!(Layout::of_statement(odd), None);
    }

    #[test]
    fn files_have_a_format_and_a_place() {
        let shown = "CREATE TABLE c.s.t (\n  a STRING)\nUSING delta\nCLUSTER BY AUTO\nLOCATION \
                     's3://it\\'s/t'\nTBLPROPERTIES (\n  'clusterByAuto' = 'true',\n  'k' = 'v')\n";
        let layout = Layout::of_statement(shown).expect("understood");
        assert_eq!(
            (layout.format.as_deref(), layout.location.as_deref()),
            (Some("delta"), Some("s3://it's/t"))
        );
        assert_eq!(
            (layout.cluster_by, layout.is_clustered_by_choice, layout.properties.len()),
            (None, true, 1)
        );
        let bigquery = "CREATE TABLE `p.d.t`\n(\n  auto STRING\n)\nCLUSTER BY auto;";
        let layout = Layout::of_statement(bigquery).expect("understood");
        assert_eq!((layout.cluster_by.as_deref(), layout.is_clustered_by_choice), (Some("auto"), false));
        let auto = json!({"file_format": "Delta", "auto_liquid_cluster": true});
        let layout = configured(Dialect::Databricks, &auto);
        assert_eq!((layout.format.as_deref(), layout.is_clustered_by_choice), (Some("delta"), true));
        let both = json!({"auto_liquid_cluster": true, "liquid_clustered_by": "a"});
        assert!(!configured(Dialect::Databricks, &both).is_clustered_by_choice, "dbt takes the columns");
        let wrong = json!({"file_format": "delta location 'x'"});
        assert!(Layout::configured(Dialect::Spark, wrong.as_object().expect("an object"), None).is_err());
    }

    #[test]
    fn bigquery_tables_may_ask_for_a_filter() {
        let config = json!({
            "partition_by": {"field": "t", "data_type": "timestamp"}, "require_partition_filter": true,
            "partition_expiration_days": 30
        });
        let layout = configured(Dialect::BigQuery, &config);
        assert_eq!(layout.filtered_by(), Some("t"));
        assert_eq!(layout.properties["partition_expiration_days"], "30");
        for (partition, column) in [
            ("t", "t"),
            ("DATE(t)", "t"),
            ("TIMESTAMP_TRUNC(_PARTITIONTIME, HOUR)", "_PARTITIONTIME"),
            ("RANGE_BUCKET(`n`, GENERATE_ARRAY(0, 9, 3))", "n"),
        ] {
            let mut layout = Layout { partition_by: Some(partition.to_owned()), ..Layout::default() };
            layout.properties.insert("require_partition_filter".to_owned(), "true".to_owned());
            layout.find_partition_column();
            assert_eq!(layout.filtered_by(), Some(column));
        }
    }

    #[test]
    fn a_configuration_that_could_end_a_statement_is_refused() {
        for wrong in ["a; drop table b", "a -- b", "a /* b", "a\nb"] {
            let config = json!({"cluster_by": wrong});
            let result = Layout::configured(Dialect::Snowflake, config.as_object().expect("an object"), None);
            assert!(result.is_err(), "{wrong}");
        }
    }
}
