//! Policies and masks on prod's tables, which keep readers from some rows or values. A new table in the place
//! of the old one has none of them, and would show everything to its readers.

use anyhow::Result;

use crate::dbt::{Answer, Query};
use crate::event::Emit;
use crate::promote::plan::{Facts, Physical};
use crate::warehouse::{Dialect, Relation};
use crate::workspace::OpenTarget;

/// The question about one table, where it has to be asked apart from the catalogue's other questions: not
/// every user may ask it, and one question that fails makes the whole call fail.
fn query_text(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        // Everybody may read this in Postgres' catalogue, so it is asked there. The other two have no
        // policies.
        Dialect::Postgres | Dialect::DuckDb | Dialect::Spark => None,
        // Only superusers and sys:secadmin get rows.
        Dialect::Redshift => Some(
            "select 'row level security' from svv_rls_relation where relschema = '@0.schema@' and relname = \
             '@0.identifier@' and is_rls_on",
        ),
        Dialect::Snowflake => Some(
            "select lower(replace(policy_kind, '_', ' ')) || ' ' || policy_name || coalesce(' on ' || \
             ref_column_name, '') from \
             table(@0.database@.information_schema.policy_references(ref_entity_name => '@0@', \
             ref_entity_domain => 'table'))",
        ),
        Dialect::BigQuery => Some(
            "select concat('row access policy ', row_access_policy_name) from \
             `@0.database@`.`@0.schema@`.INFORMATION_SCHEMA.ROW_ACCESS_POLICIES where table_name = \
             '@0.identifier@'",
        ),
        Dialect::Databricks => Some(
            "select concat('row filter ', filter_name) from `@0.database@`.information_schema.row_filters \
             where table_schema = '@0.schema@' and table_name = '@0.identifier@' union all select \
             concat('mask of ', column_name) from `@0.database@`.information_schema.column_masks where \
             table_schema = '@0.schema@' and table_name = '@0.identifier@'",
        ),
    }
}

/// Asks about the tables that prod has. It is no error if the user may not ask: the script then says what is
/// not known.
///
/// # Errors
/// dbt cannot be called, or the warehouse cannot be reached.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let Some(sql) = query_text(facts.dialect) else { return Ok(()) };
    let tables = facts.models.iter_mut().filter_map(|model| model.table.as_mut());
    let mut asked: Vec<(&Relation, &mut Physical)> = tables
        .filter(|table| table.prod_exists == Some(true))
        .map(|table| (&table.prod, &mut table.replaced))
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let query = |relation: &Relation| Query { relations: vec![relation.name()], sql: Some(sql.to_owned()) };
    let queries: Vec<_> = asked.iter().map(|(relation, _)| query(relation)).collect();
    let Ok(told) = prod.query_if_allowed(&queries, emit)? else { return Ok(()) };
    for ((_, physical), answer) in asked.iter_mut().zip(&told.answers) {
        if let Answer::Rows(rows) = answer {
            physical.guards = Some(rows.iter().filter_map(|row| row.first().cloned().flatten()).collect());
        }
    }
    Ok(())
}
