//! Questions to the warehouse's catalogue about one table, or about the schema of one.

use anyhow::Result;
use serde::Serialize;

use crate::dbt::Query;
pub use crate::promote::templates::question;
use crate::promote::templates::{Name, render};
use crate::warehouse::{Dialect, Relation};

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
