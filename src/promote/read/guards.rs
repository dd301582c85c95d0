//! What keeps readers of prod's table from some of its rows or values. A new table in its place has none of it, and would show
//! everything to whoever may read it.

use anyhow::Result;

use crate::dbt::{Answer, Query};
use crate::event::Emit;
use crate::failure::{Failure, FailureKind};
use crate::promote::plan::{Facts, Physical};
use crate::warehouse::{Dialect, Relation};
use crate::workspace::OpenTarget;

/// The question about one table, where the catalogue's other questions do not answer it: it takes rights that not every user has,
/// and a question that fails takes the others with it.
fn question(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        // Postgres' catalogue may be read by everybody; the other two have nothing of the kind.
        Dialect::Postgres | Dialect::DuckDb | Dialect::Spark => None,
        // Empty for whoever is neither superuser nor sys:secadmin.
        Dialect::Redshift => Some(
            "select 'row level security' from svv_rls_relation where relschema = '@0.schema@' and relname = '@0.identifier@' and \
             is_rls_on",
        ),
        Dialect::Snowflake => Some(
            "select lower(replace(policy_kind, '_', ' ')) || ' ' || policy_name || coalesce(' on ' || ref_column_name, '') from \
             table(@0.database@.information_schema.policy_references(ref_entity_name => '@0@', ref_entity_domain => 'table'))",
        ),
        Dialect::BigQuery => Some(
            "select concat('row access policy ', row_access_policy_name) from \
             `@0.database@`.`@0.schema@`.INFORMATION_SCHEMA.ROW_ACCESS_POLICIES where table_name = '@0.identifier@'",
        ),
        Dialect::Databricks => Some(
            "select concat('row filter ', filter_name) from `@0.database@`.information_schema.row_filters where table_schema = \
             '@0.schema@' and table_name = '@0.identifier@' union all select concat('mask of ', column_name) from \
             `@0.database@`.information_schema.column_masks where table_schema = '@0.schema@' and table_name = '@0.identifier@'",
        ),
    }
}

/// Asks for the tables that prod has. A user who may not ask is no error: the script says then what is not known.
///
/// # Errors
/// dbt cannot be called; the warehouse cannot be reached any more.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let Some(sql) = question(facts.dialect) else { return Ok(()) };
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
    let told = match prod.query(&queries, emit) {
        Ok(told) => told,
        // A user without the right to ask is one thing, a warehouse that has gone is another.
        Err(error) => {
            return match error.downcast::<Failure>()? {
                failure if failure.kind == FailureKind::Connection => Err(failure.into()),
                _ => Ok(()),
            };
        }
    };
    for ((_, physical), answer) in asked.iter_mut().zip(&told.answers) {
        if let Answer::Rows(rows) = answer {
            physical.guards = Some(rows.iter().filter_map(|row| row.first().cloned().flatten()).collect());
        }
    }
    Ok(())
}
