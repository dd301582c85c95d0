//! Statements on the rows of incremental manifests: the last thing that a promotion writes, and the first
//! that its rollback takes back.

use anyhow::Result;
use serde::Serialize;

use super::row_contexts::{MovedAlong, OneRow, Rows};
use crate::promote::plan::{Ledger, MovedRow};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Gives prod the rows that it lacks, with the values that staging holds.
pub(super) fn insert_rows_statement(dialect: Dialect, ledger: &Ledger) -> Result<Option<Sql>> {
    if ledger.added.is_empty() {
        return Ok(None);
    }
    render(dialect, "insert_rows.sql", &Rows::of(ledger)).map(Some)
}

/// Sets a row of prod to staging's values, as long as it is the one that the plan found.
pub(super) fn set_row_statement(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> Result<Sql> {
    render(dialect, "set_row.sql", &OneRow::of(ledger, row))
}

/// Sets a row of prod back to what it was. The plan knows the time: without a connection, no row is moved.
pub(super) fn restore_row_statement(dialect: Dialect, ledger: &Ledger, row: &MovedRow) -> Result<Sql> {
    render(dialect, "restore_row.sql", &OneRow::of(ledger, row))
}

/// Takes the added rows out of prod, as long as they are those that the promotion wrote.
pub(super) fn delete_rows_statement(dialect: Dialect, ledger: &Ledger) -> Result<Option<Sql>> {
    if ledger.added.is_empty() {
        return Ok(None);
    }
    render(dialect, "delete_rows.sql", &Rows::of(ledger)).map(Some)
}

/// `--strategy move`: staging's rows leave with their tables.
pub(super) fn delete_staging_rows_statement(
    dialect: Dialect,
    ledger: &Ledger,
    models: &[&str],
) -> Result<Sql> {
    render(dialect, "delete_staging_rows.sql", &MovedAlong::of(ledger, models))
}

/// The rollback of `--strategy move`: staging's rows come back with their tables.
pub(super) fn return_staging_rows_statement(
    dialect: Dialect,
    ledger: &Ledger,
    models: &[&str],
) -> Result<Sql> {
    render(dialect, "return_staging_rows.sql", &MovedAlong::of(ledger, models))
}

/// Makes everybody else who writes prod's rows wait until the transaction ends.
pub(super) fn lock_rows_statement(dialect: Dialect, ledger: &Ledger) -> Result<Option<Sql>> {
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery => {
            render(dialect, "lock_rows.sql", &Rows::of(ledger)).map(Some)
        }
        // On the first two, one statement decides; on DuckDB, the database file is the lock.
        Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => Ok(None),
    }
}

#[derive(Serialize)]
struct Locked<'a> {
    tables: Vec<Name<'a>>,
}

/// Postgres: makes everybody who writes to staging wait.
pub(super) fn lock_staging_statement<'a>(staging: impl Iterator<Item = &'a Relation>) -> Result<Sql> {
    render(Dialect::Postgres, "lock_staging.sql", &Locked { tables: staging.map(Name).collect() })
}

/// Tables that are replaced, and the incremental manifests.
#[derive(Serialize)]
struct Alone<'a> {
    tables: Vec<Name<'a>>,
    manifests: Vec<Name<'a>>,
}

/// Postgres: waits until nobody uses the tables that are replaced, and nobody writes rows.
pub(super) fn lock_prod_statement<'a>(
    replaced: impl Iterator<Item = &'a Relation>,
    manifests: impl Iterator<Item = &'a Relation>,
) -> Result<Sql> {
    let alone = Alone { tables: replaced.map(Name).collect(), manifests: manifests.map(Name).collect() };
    render(Dialect::Postgres, "lock_prod.sql", &alone)
}

#[derive(Serialize)]
struct Block {
    statements: Vec<Sql>,
}

/// BigQuery: a transaction of these statements.
pub(super) fn one_unit_statement(dialect: Dialect, statements: Vec<Sql>) -> Result<Sql> {
    render(dialect, "rows_as_one_unit.sql", &Block { statements })
}
