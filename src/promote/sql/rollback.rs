//! The script that takes a promotion back: rows first, because a row is what prod's next run believes.

use anyhow::Result;

use super::composer::Composer;
use super::row_conditions::{Accepted, prod_as_planned_condition, promoted_condition};
use super::row_statements::{delete_rows_statement, restore_row_statement};
use super::script::{Script, Statement};
use super::{replace, restate, swap};
use crate::promote::plan::{
    Action, CopyStrategy, Direction, Ledger, MovedRow, Plan, Table, dependents_questions,
};
use crate::promote::templates::question;

/// Questions for what keeps prod's new table from being dropped: what stands before the names in their answers, and
/// the SQL.
///
/// # Errors
/// A template is wrong.
pub fn holders_questions(plan: &Plan, table: &Table) -> Result<Vec<(&'static str, String)>> {
    if table.action == Action::Keep || plan.strategy == CopyStrategy::Move {
        return Ok(Vec::new());
    }
    let holding = dependents_questions(plan.dialect).iter().filter(|asking| asking.holds);
    holding.map(|asking| Ok((asking.prefix, question(plan.dialect, asking.template)?))).collect()
}

/// Where tables are part of a transaction.
pub(super) fn in_one_transaction(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.begin()?;
    composer.limit_waiting()?;
    composer.see_all_rows()?;
    composer.lock_prod()?;
    composer.lock_rows()?;
    composer.return_staging_rows()?;
    for ledger in &plan.ledgers {
        let message = format!(
            "{} does not hold the rows of this promotion: prod ran since, or it never happened",
            ledger.prod
        );
        composer.check(
            &format!("{}: prod's rows are those of the promotion", ledger.package),
            &promoted_condition(plan.dialect, ledger)?,
            &message,
        )?;
        for row in &ledger.moved {
            restore_row(&mut composer, ledger, row)?;
        }
        delete_rows(&mut composer, ledger)?;
    }
    for table in plan.tables.iter().rev() {
        composer.extend(swap::take_back_statements(plan.dialect, plan.strategy, table)?);
    }
    composer.commit()?;
    Ok(composer.script)
}

/// Where each statement takes effect by itself.
pub(super) fn in_steps(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.use_utc()?;
    for ledger in &plan.ledgers {
        let condition = prod_as_planned_condition(plan.dialect, ledger, Accepted::PlannedOrPromoted)?;
        let message = format!("{} does not hold the rows of this promotion: prod ran since", ledger.prod);
        composer.check(&format!("{}: prod did not run since", ledger.package), &condition, &message)?;
    }
    for ledger in &plan.ledgers {
        delete_rows(&mut composer, ledger)?;
    }
    // As in the promotion, a row whose time gets earlier goes before its table, and one whose time gets later
    // after it.
    restore_rows(&mut composer, Direction::Forward)?;
    for table in plan.tables.iter().rev().filter(|table| table.action != Action::Keep) {
        composer.check_taken_back(table)?;
        composer.extend(take_back(plan, table)?.map(|statement| statement.of_table(&table.model)));
        composer.extend(restate::after_restoring_statements(plan.dialect, table)?);
    }
    restore_rows(&mut composer, Direction::Back)?;
    Ok(composer.script)
}

fn take_back(plan: &Plan, table: &Table) -> Result<Option<Statement>> {
    match &table.action {
        Action::Keep => Ok(None),
        Action::Create => {
            let sql = swap::drop_if_exists_statement(plan.dialect, &table.facts.prod)?;
            Ok(Some(Statement::plain(format!("drop prod's {}", table.model), sql)))
        }
        Action::Replace { .. } => replace::restore_statement(plan.dialect, table),
    }
}

/// Sets back the rows that the promotion moved in this direction.
fn restore_rows(composer: &mut Composer<'_>, moved: Direction) -> Result<()> {
    for ledger in &composer.plan.ledgers {
        for row in ledger.moved.iter().filter(|row| ledger.direction(row) == moved) {
            restore_row(composer, ledger, row)?;
        }
    }
    Ok(())
}

fn restore_row(composer: &mut Composer<'_>, ledger: &Ledger, row: &MovedRow) -> Result<()> {
    let sql = restore_row_statement(composer.plan.dialect, ledger, row)?;
    composer.add(format!("{}: the row of {} as before", ledger.package, row.model), sql);
    Ok(())
}

fn delete_rows(composer: &mut Composer<'_>, ledger: &Ledger) -> Result<()> {
    if let Some(delete) = delete_rows_statement(composer.plan.dialect, ledger)? {
        composer.add(format!("{}: forget {}", ledger.package, ledger.added.join(", ")), delete);
    }
    Ok(())
}
