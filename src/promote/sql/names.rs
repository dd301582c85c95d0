//! Postgres: the names of what belongs to a table. A copy's indexes, keys, sequences and extended statistics would be
//! named after the name that it is made under.

use anyhow::Result;
use serde::Serialize;

use super::script::Statement;
use crate::promote::plan::{Action, CopyStrategy, LONGEST_WITH_END, Table, written_as};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Things of a table that get other names.
#[derive(Serialize)]
struct Renamed<'a> {
    table: Name<'a>,
    /// A query for the kind, the name and the wanted name of each.
    wanted: Sql,
    /// The bytes of the longest name.
    longest: usize,
}

/// What one of the templates in `names/` is given.
#[derive(Serialize)]
struct Wanted {
    /// The definition of the query `things`.
    things: Sql,
    /// The sides of `things` besides the new table, in the order in which their names count.
    others: Vec<Sql>,
    is_replaced: bool,
    /// The bytes of the longest name that gets another end.
    longest_with_end: usize,
}

#[derive(Serialize)]
struct Things<'a> {
    tables: Vec<Side<'a>>,
}

/// A table, and what the query calls it.
#[derive(Serialize)]
struct Side<'a> {
    side: Sql,
    name: Name<'a>,
}

/// Whether a copy has what has names of its own, beside its columns.
fn has_things(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> bool {
    match dialect {
        Dialect::Postgres => written_as(dialect, strategy, table) == CopyStrategy::Like,
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => false,
    }
}

/// Renames what a table has, as one of the templates in `names/` wants it. `others` are tables whose names it can take.
fn rename_things(of: &Relation, others: &[(&str, &Relation)], template: &str) -> Result<Sql> {
    let dialect = Dialect::Postgres;
    let side = |&(side, name): &(&str, _)| Side { side: Sql::of_checked(side), name: Name(name) };
    let tables = [("new", of)].iter().chain(others).map(side).collect();
    let wanted = Wanted {
        things: render(dialect, "names/things.sql", &Things { tables })?,
        others: others.iter().map(|(side, _)| Sql::of_checked(*side)).collect(),
        is_replaced: others.len() > 1,
        longest_with_end: LONGEST_WITH_END,
    };
    let wanted = render(dialect, template, &wanted)?;
    render(
        dialect,
        "rename_things.sql",
        &Renamed { table: Name(of), wanted, longest: dialect.longest_name() },
    )
}

/// When the new table is in place: its things take the names of those of the table before, where they are alike, else
/// staging's. What the backup has steps aside.
pub(super) fn take_names_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Vec<Statement>> {
    let (prod, model) = (&table.facts.prod, &table.model);
    let staging = ("staging", &table.facts.staging);
    let mut statements = Vec::new();
    if !has_things(dialect, strategy, table) {
        return Ok(statements);
    }
    let title = format!("{model}: the names of its indexes, keys, sequences and statistics");
    match &table.action {
        Action::Keep => {}
        Action::Create => {
            statements.push(Statement::plain(title, rename_things(prod, &[staging], "names/of_new.sql")?));
        }
        Action::Replace { backup } => {
            let sql = rename_things(backup, &[], "names/step_aside.sql")?;
            statements.push(Statement::plain(format!("{model}: the backup's things make room"), sql));
            let sql = rename_things(prod, &[("former", backup), staging], "names/of_new.sql")?;
            statements.push(Statement::plain(title, sql));
        }
    }
    Ok(statements)
}

/// When prod's former table is back in place: the names that it had.
pub(super) fn names_as_before_statement(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Option<Statement>> {
    if !has_things(dialect, strategy, table) {
        return Ok(None);
    }
    let sql = rename_things(&table.facts.prod, &[], "names/as_before.sql")?;
    let title =
        format!("{}: the names of its indexes, keys, sequences and statistics, as before", table.model);
    Ok(Some(Statement::plain(title, sql)))
}
