//! Putting a table in place by renaming or moving it, in one transaction with the rows; and taking it back.

use anyhow::Result;

use super::duckdb;
use super::script::Statement;
use crate::promote::plan::{Action, CopyStrategy, Table};
use crate::warehouse::{Dialect, Relation};

/// The end of the name of a copy that is not in place yet.
const WORKING: &str = "__promote";

/// Where the copy is made before it is put in place.
///
/// # Errors
/// The warehouse does not allow the name.
pub fn working_copy(table: &Table) -> Result<Relation> {
    table.facts.prod.with_suffix(WORKING)
}

/// Gives prod's table its backup name, where it is replaced.
#[must_use]
pub fn step_aside_statement(table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let sql = format!("alter table {} rename to {}", table.facts.prod, backup.identifier_sql());
    Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql))
}

/// Gives a finished copy the name of prod's table.
#[must_use]
pub fn put_in_place_statement(table: &Table, working: &Relation) -> Statement {
    let sql = format!("alter table {working} rename to {}", table.facts.prod.identifier_sql());
    Statement::plain(format!("put {} in place", table.model), sql)
}

/// Moves a table into the schema of another name, and gives it that name.
pub(super) fn move_statements(from: &Relation, to: &Relation, title: &str) -> Vec<Statement> {
    let mut statements =
        vec![Statement::plain(title, format!("alter table {from} set schema {}", to.bare_schema_sql()))];
    if from.identifier() != to.identifier()
        && let Ok(moved) = to.sibling(from.identifier())
    {
        let sql = format!("alter table {moved} rename to {}", to.identifier_sql());
        statements.push(Statement::plain(format!("{title}: its name"), sql));
    }
    statements
}

/// The rollback of one table.
#[must_use]
pub fn take_back_statements(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<Statement> {
    let (prod, staging, model) = (&table.facts.prod, &table.facts.staging, &table.model);
    match &table.action {
        Action::Keep => Vec::new(),
        Action::Create if strategy == CopyStrategy::Move => {
            move_statements(prod, staging, &format!("give {model} back to staging"))
        }
        Action::Create => {
            vec![Statement::plain(format!("drop prod's {model}"), format!("drop table {prod}"))]
        }
        Action::Replace { backup } => {
            let mut statements = vec![
                Statement::plain(format!("drop prod's new {model}"), format!("drop table {prod}")),
                Statement::plain(
                    format!("put prod's former {model} back"),
                    format!("alter table {backup} rename to {}", prod.identifier_sql()),
                ),
            ];
            if dialect == Dialect::DuckDb {
                let indexes = duckdb::index_statements(&table.facts.replaced, prod).into_iter();
                statements
                    .extend(indexes.map(|sql| Statement::plain(format!("{model}: an index as before"), sql)));
            }
            statements
        }
    }
}
