//! Putting a table in place by renaming or moving it, in one transaction with the rows; and taking it back.

use anyhow::Result;
use serde::Serialize;

use super::duckdb;
use super::grants::former_grant_statements;
use super::names::names_as_before_statement;
use super::script::Statement;
use super::unit::Unit;
use crate::promote::plan::{Action, CopyStrategy, Table};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// The end of the name of a copy that is not in place yet.
const WORKING: &str = "__promote";

/// Postgres: takes back what others may do with a table.
pub(super) const REVOKE_GRANTS: &str = "revoke_grants.sql";

/// Where the copy is made before it is put in place.
///
/// # Errors
/// The warehouse does not allow the name.
pub(super) fn working_copy(table: &Table) -> Result<Relation> {
    table.facts.prod.with_suffix(WORKING)
}

/// Whether a copy that replaces a table is made under its last name, after the other one stepped aside.
pub(super) fn is_made_in_place(dialect: Dialect) -> bool {
    match dialect {
        // A table with an index cannot be renamed.
        Dialect::DuckDb => true,
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark => false,
    }
}

/// Whether a copy is made under another name, and takes prod's name when all else is done.
pub(super) fn waits_beside(dialect: Dialect, table: &Table) -> bool {
    match (Unit::of(dialect), &table.action) {
        (_, Action::Keep) | (Unit::Steps, _) | (Unit::Whole, Action::Create) => false,
        (Unit::Whole, Action::Replace { .. }) => !is_made_in_place(dialect),
        (Unit::ShortLock, Action::Create | Action::Replace { .. }) => true,
    }
}

/// A table on its way to another name or schema.
#[derive(Serialize)]
struct Renamed<'a> {
    table: Name<'a>,
    to: Name<'a>,
}

fn rename_statement(dialect: Dialect, table: &Relation, to: &Relation) -> Result<Sql> {
    render(dialect, "rename.sql", &Renamed { table: Name(table), to: Name(to) })
}

/// Gives prod's table its backup name, where it is replaced.
pub(super) fn step_aside_statement(dialect: Dialect, table: &Table) -> Result<Option<Statement>> {
    let Action::Replace { backup } = &table.action else { return Ok(None) };
    let sql = rename_statement(dialect, &table.facts.prod, backup)?;
    Ok(Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql)))
}

/// Gives a finished copy the name of prod's table.
pub(super) fn put_in_place_statement(dialect: Dialect, table: &Table) -> Result<Statement> {
    let sql = rename_statement(dialect, &working_copy(table)?, &table.facts.prod)?;
    Ok(Statement::plain(format!("put {} in place", table.model), sql))
}

/// Postgres: moves a table into the schema of another name, and gives it that name.
pub(super) fn move_statements(from: &Relation, to: &Relation, title: &str) -> Result<Vec<Statement>> {
    let dialect = Dialect::Postgres;
    let sql = render(dialect, "move_to_schema.sql", &Renamed { table: Name(from), to: Name(to) })?;
    let mut statements = vec![Statement::plain(title, sql)];
    if from.identifier() != to.identifier()
        && let Ok(moved) = to.sibling(from.identifier())
    {
        let sql = rename_statement(dialect, &moved, to)?;
        statements.push(Statement::plain(format!("{title}: its name"), sql));
    }
    Ok(statements)
}

/// One table.
#[derive(Serialize)]
struct OneTable<'a> {
    table: Name<'a>,
}

/// A statement about a table alone.
pub(super) fn of_table(dialect: Dialect, template: &str, table: &Relation) -> Result<Sql> {
    render(dialect, template, &OneTable { table: Name(table) })
}

/// Drops a table.
pub(super) fn drop_statement(dialect: Dialect, table: &Relation) -> Result<Sql> {
    of_table(dialect, "drop.sql", table)
}

/// Drops a table, unless that was done already.
pub(super) fn drop_if_exists_statement(dialect: Dialect, table: &Relation) -> Result<Sql> {
    of_table(dialect, "drop_if_exists.sql", table)
}

/// Updates the statistics of a table.
pub(super) fn analyze_statement(dialect: Dialect, table: &Relation) -> Result<Sql> {
    of_table(dialect, "analyze.sql", table)
}

/// The rollback of one table.
pub(super) fn take_back_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Vec<Statement>> {
    let (prod, staging, model) = (&table.facts.prod, &table.facts.staging, &table.model);
    let mut statements = Vec::new();
    match &table.action {
        Action::Keep => {}
        Action::Create if strategy == CopyStrategy::Move => {
            statements = move_statements(prod, staging, &format!("give {model} back to staging"))?;
            let sql = of_table(dialect, REVOKE_GRANTS, staging)?;
            statements.push(Statement::plain(format!("{model}: no grants of prod"), sql));
            for sql in former_grant_statements(&table.facts)? {
                statements.push(Statement::plain(format!("{model}: a grant as before"), sql));
            }
        }
        Action::Create => {
            let sql = drop_statement(dialect, prod)?;
            statements.push(Statement::plain(format!("drop prod's {model}"), sql));
        }
        Action::Replace { backup } => {
            let sql = drop_statement(dialect, prod)?;
            statements.push(Statement::plain(format!("drop prod's new {model}"), sql));
            let sql = rename_statement(dialect, backup, prod)?;
            statements.push(Statement::plain(format!("put prod's former {model} back"), sql));
            statements.extend(names_as_before_statement(dialect, strategy, table)?);
            if is_made_in_place(dialect) {
                for sql in duckdb::index_statements(&table.facts.replaced, prod)? {
                    statements.push(Statement::plain(format!("{model}: an index as before"), sql));
                }
            }
        }
    }
    Ok(statements)
}
