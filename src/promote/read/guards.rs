//! Policies and masks on both sides' tables, which keep readers from some rows or values. A copy that reads staging's table
//! through a query stores only what its reader sees, and a new table in the place of prod's has none of them, and would
//! show everything to its readers.

use anyhow::Result;

use super::question::{about, question};
use crate::dbt::Answer;
use crate::event::Emit;
use crate::promote::plan::Facts;
use crate::warehouse::Dialect;
use crate::workspace::OpenTarget;

/// A question about the guards of one table.
#[derive(Debug, Clone, Copy)]
pub struct GuardsQuestion {
    pub template: &'static str,
    /// What stands before the first column of each row of the answer.
    prefix: &'static str,
}

/// The questions about one table, where they have to be asked apart from the catalogue's other ones, each in a call of its
/// own: not every user may ask them, not every version knows them, and one question that fails makes the whole call fail.
#[must_use]
pub fn guards_questions(dialect: Dialect) -> &'static [GuardsQuestion] {
    const GUARDS: GuardsQuestion = GuardsQuestion { template: "catalogue/guards.sql", prefix: "" };
    const POLICIES: GuardsQuestion =
        GuardsQuestion { template: "catalogue/policies.sql", prefix: "the policy " };
    match dialect {
        // Everybody may read this in Postgres' catalogue, so it is asked there. The other two have no
        // policies.
        Dialect::Postgres | Dialect::DuckDb | Dialect::Spark => &[],
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery => &[GUARDS],
        Dialect::Databricks => &[GUARDS, POLICIES],
    }
}

/// Asks about the tables that exist. It is no error if the user may not ask: the script then says what is not known.
///
/// # Errors
/// dbt cannot be called, or the warehouse cannot be reached.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let dialect = facts.dialect;
    let questions = guards_questions(dialect);
    let mut asked = facts.existing_tables();
    if questions.is_empty() || asked.is_empty() {
        return Ok(());
    }
    let mut all_told = true;
    for asking in questions {
        let question = question(dialect, asking.template)?;
        let queries: Vec<_> = asked.iter().map(|(table, _)| about(table, &question)).collect();
        let Ok(told) = prod.query_if_allowed(&queries, emit)? else {
            all_told = false;
            continue;
        };
        for ((_, physical), answer) in asked.iter_mut().zip(&told.answers) {
            if let Answer::Rows(rows) = answer {
                let found = rows.iter().filter_map(|row| row.first().cloned().flatten());
                let guards = physical.guards.get_or_insert_default();
                guards.extend(found.map(|guard| format!("{}{guard}", asking.prefix)));
            }
        }
    }
    for (_, physical) in asked {
        // That there are none is only known if every question was answered.
        if !all_told && physical.guards.as_ref().is_some_and(Vec::is_empty) {
            physical.guards = None;
        }
        // Whom they let pass is not known.
        physical.hidden.clone_from(&physical.guards);
    }
    Ok(())
}
