//! Questions to the warehouse's catalogue about one table, whose name dbt puts into them.

use anyhow::Result;
use serde::Serialize;

use super::environment::render;
use super::values::Sql;
use crate::warehouse::Dialect;

/// What stands for the table until dbt has found it: its name as dbt renders it, and the parts of the name as
/// the warehouse holds them.
#[derive(Serialize)]
struct Asked {
    table: Sql,
    database: Sql,
    schema: Sql,
    identifier: Sql,
    /// The kind of relation, in dbt's word.
    kind: Sql,
}

/// A question about any table.
///
/// # Errors
/// The template is wrong.
pub fn question(dialect: Dialect, template: &str) -> Result<String> {
    let [table, database, schema, identifier, kind] =
        ["@0@", "@0.database@", "@0.schema@", "@0.identifier@", "@0.type@"].map(Sql::of_checked);
    Ok(render(dialect, template, &Asked { table, database, schema, identifier, kind })?.into())
}
