//! Policies and masks on prod's tables, which keep readers from some rows or values. A new table in the place
//! of the old one has none of them, and would show everything to its readers.

use anyhow::Result;

use super::question::{about, question};
use crate::dbt::Answer;
use crate::event::Emit;
use crate::promote::plan::{Facts, Physical};
use crate::warehouse::{Dialect, Relation};
use crate::workspace::OpenTarget;

/// The template of the question about one table, where it has to be asked apart from the catalogue's other
/// questions: not every user may ask it, and one question that fails makes the whole call fail.
#[must_use]
pub fn guards_question(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        // Everybody may read this in Postgres' catalogue, so it is asked there. The other two have no
        // policies.
        Dialect::Postgres | Dialect::DuckDb | Dialect::Spark => None,
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks => {
            Some("catalogue/guards.sql")
        }
    }
}

/// Asks about the tables that prod has. It is no error if the user may not ask: the script then says what is
/// not known.
///
/// # Errors
/// dbt cannot be called, or the warehouse cannot be reached.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let Some(template) = guards_question(facts.dialect) else { return Ok(()) };
    let tables = facts.models.iter_mut().filter_map(|model| model.table.as_mut());
    let mut asked: Vec<(&Relation, &mut Physical)> = tables
        .filter(|table| table.prod_exists == Some(true))
        .map(|table| (&table.prod, &mut table.replaced))
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let question = question(facts.dialect, template)?;
    let queries: Vec<_> = asked.iter().map(|(table, _)| about(table, &question)).collect();
    let Ok(told) = prod.query_if_allowed(&queries, emit)? else { return Ok(()) };
    for ((_, physical), answer) in asked.iter_mut().zip(&told.answers) {
        if let Answer::Rows(rows) = answer {
            physical.guards = Some(rows.iter().filter_map(|row| row.first().cloned().flatten()).collect());
        }
    }
    Ok(())
}
