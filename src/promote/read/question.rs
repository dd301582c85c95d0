//! Questions to the warehouse's catalogue about one table. Templates write them, and dbt puts the table's name
//! into them.

use anyhow::Result;
use serde::Serialize;

use crate::dbt::Query;
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

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

#[derive(Serialize)]
struct InSchema<'a> {
    relation: Name<'a>,
}

/// A question about the schema of a relation, which need not exist.
///
/// # Errors
/// The template is wrong.
pub fn in_schema_of(relation: &Relation, dialect: Dialect, template: &str) -> Result<String> {
    Ok(render(dialect, template, &InSchema { relation: Name(relation) })?.into())
}

/// A question about any table, asked about one.
pub(super) fn about(table: &Relation, question: &str) -> Query {
    Query { relations: vec![table.name()], sql: Some(question.to_owned()) }
}
