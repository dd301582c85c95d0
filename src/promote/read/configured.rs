//! What prod's project configures for a table, besides its layout.

use anyhow::Result;
use serde_json::{Map, Value};

use super::options;
use crate::promote::plan::Configured;
use crate::warehouse::Dialect;

/// Reads a model's configuration. The description is the one that dbt writes to the warehouse.
///
/// # Errors
/// A value is not what dbt takes, and it would become a part of the script.
pub fn read(dialect: Dialect, config: &Map<String, Value>, description: Option<&str>) -> Result<Configured> {
    let format = config.get("table_format").and_then(Value::as_str);
    let is_iceberg = format.is_some_and(|format| format.eq_ignore_ascii_case("iceberg"));
    let mut configured = Configured { is_iceberg, ..Configured::default() };
    match dialect {
        Dialect::BigQuery => {
            for option in options::configured(config, description)? {
                option.add_to(&mut configured.held);
            }
        }
        Dialect::Snowflake
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::Postgres
        | Dialect::Redshift
        | Dialect::DuckDb => {}
    }
    Ok(configured)
}
