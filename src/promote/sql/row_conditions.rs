//! Conditions on the rows of incremental manifests: before a promotion, after it, and after its rollback.

use anyhow::Result;
use serde::Serialize;

use super::row_contexts::{OneModel, OneRow, Rows};
use crate::promote::plan::{Direction, Ledger, MovedRow};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::Dialect;

/// Which of prod's rows a condition accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Only those that the plan found.
    Planned,
    /// Also those that an earlier execution of the same script wrote.
    PlannedOrPromoted,
}

/// Staging holds one row for each model, all at the planned time.
pub(super) fn staging_as_planned_condition(dialect: Dialect, ledger: &Ledger) -> Result<Sql> {
    render(dialect, "conditions/staging_as_planned.sql", &Rows::of(ledger))
}

/// Prod holds no row of an added model, and of each moved one the row that the plan found.
pub(super) fn prod_as_planned_condition(
    dialect: Dialect,
    ledger: &Ledger,
    accepted: Accepted,
) -> Result<Sql> {
    let mut conditions = Vec::new();
    if !ledger.added.is_empty() {
        let name = match accepted {
            Accepted::Planned => "conditions/none_added.sql",
            Accepted::PlannedOrPromoted => "conditions/none_but_promoted.sql",
        };
        conditions.push(render(dialect, name, &Rows::of(ledger))?);
    }
    for row in &ledger.moved {
        conditions.push(one_row_condition(dialect, ledger, row, accepted)?);
    }
    Ok(Sql::all(&conditions))
}

/// Prod holds one row of a model.
fn one_row_condition(dialect: Dialect, ledger: &Ledger, row: &MovedRow, accepted: Accepted) -> Result<Sql> {
    let name = match accepted {
        // Without a time, nobody knows what the promotion wrote.
        Accepted::PlannedOrPromoted if ledger.recorded().is_some() => {
            "conditions/row_as_planned_or_promoted.sql"
        }
        Accepted::PlannedOrPromoted | Accepted::Planned => "conditions/row_as_planned.sql",
    };
    render(dialect, name, &OneRow::of(ledger, row))
}

/// Prod holds one row for each model: the same as staging's, or at the time that the plan caps it to.
pub(super) fn recorded_condition(dialect: Dialect, ledger: &Ledger) -> Result<Sql> {
    render(dialect, "conditions/recorded.sql", &Rows::of(ledger))
}

/// Prod's rows are those that the promotion wrote, whatever staging did since.
pub(super) fn promoted_condition(dialect: Dialect, ledger: &Ledger) -> Result<Sql> {
    match ledger.recorded() {
        Some(_) => render(dialect, "conditions/promoted.sql", &Rows::of(ledger)),
        None => recorded_condition(dialect, ledger),
    }
}

/// Prod's row of a model is the one from before the promotion. A row that the promotion set back may stay
/// there: prod then reads too much rather than too little.
pub(super) fn taken_back_condition(dialect: Dialect, ledger: &Ledger, model: &str) -> Result<Sql> {
    let Some(row) = ledger.moved.iter().find(|row| row.model == model) else {
        return render(dialect, "conditions/no_row.sql", &OneModel { prod: Name(&ledger.prod), model });
    };
    let accepted = match ledger.direction(row) {
        Direction::Back => Accepted::PlannedOrPromoted,
        Direction::Forward => Accepted::Planned,
    };
    one_row_condition(dialect, ledger, row, accepted)
}

#[derive(Serialize)]
struct Standing {
    promoted: Sql,
    as_planned: Sql,
    as_planned_or_promoted: Sql,
}

/// A query that answers which rows of a package prod has.
///
/// # Errors
/// A template is wrong.
pub fn standing_query(dialect: Dialect, ledger: &Ledger) -> Result<Sql> {
    let standing = Standing {
        promoted: promoted_condition(dialect, ledger)?,
        as_planned: prod_as_planned_condition(dialect, ledger, Accepted::Planned)?,
        as_planned_or_promoted: prod_as_planned_condition(dialect, ledger, Accepted::PlannedOrPromoted)?,
    };
    render(dialect, "queries/standing.sql", &standing)
}
