//! The scripts of a promotion: one order for warehouses whose transactions contain tables too, one for the
//! others.
//!
//! Everywhere the table comes first and its row last, because the row is what prod's next run believes. A
//! rollback goes the other way. Where both cannot be one unit, every stop in between is harmless, and a
//! second execution finishes the rest.

use anyhow::Result;

use super::composer::Composer;
use super::row_conditions::Accepted;
use super::script::Script;
use super::unit::Unit;
use super::{copy, duckdb, grants, header, names, replace, restate, rollback, row_statements, swap, verify};
use crate::promote::plan::{Action, CopyStrategy, Direction, Ledger, Plan, Table};
use crate::promote::templates::Sql;
use crate::warehouse::Dialect;

/// All that is written for one promotion.
#[derive(Debug, Clone)]
pub struct Scripts {
    pub promote: Script,
    /// Takes the promotion back.
    pub rollback: Script,
    /// Shows whether both sides hold the same.
    pub verify: Script,
    /// The promotion happens as a whole or not at all.
    pub is_one_unit: bool,
}

impl Scripts {
    /// Writes the scripts of a plan.
    ///
    /// # Errors
    /// The warehouse does not allow a name, or a template is wrong.
    pub fn of(plan: &Plan) -> Result<Self> {
        let unit = Unit::of(plan.dialect);
        let (promote, rollback) = match unit {
            Unit::Whole => (in_one_transaction(plan)?, rollback::in_one_transaction(plan)?),
            Unit::ShortLock => (with_a_short_lock(plan)?, rollback::in_one_transaction(plan)?),
            Unit::Steps => (in_steps(plan)?, rollback::in_steps(plan)?),
        };
        let verify = verify::comparison_statements(plan)?;
        Ok(Self {
            promote: Script { header: header::promotion_lines(plan), ..promote },
            rollback: Script { header: header::rollback_lines(plan), ..rollback },
            verify: Script { header: header::verification_lines(plan), statements: verify },
            is_one_unit: unit == Unit::Whole,
        })
    }
}

fn in_one_transaction(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.begin()?;
    composer.limit_waiting()?;
    composer.see_all_rows()?;
    composer.make_room()?;
    composer.lock_staging()?;
    composer.check_before(Accepted::Planned)?;
    for table in &plan.tables {
        copy_in_transaction(&mut composer, table)?;
    }
    composer.check_copies()?;
    // The copy took its time. From here on it is a moment.
    composer.lock_prod()?;
    composer.lock_rows()?;
    composer.check_rows_again()?;
    for table in &plan.tables {
        if let Action::Replace { backup } = &table.action {
            if !swap::is_made_in_place(plan.dialect) {
                composer.extend(swap::step_aside_statement(plan.dialect, table)?);
                composer.extend([swap::put_in_place_statement(plan.dialect, table)?]);
            }
            composer.extend(names::take_names_statements(plan.dialect, plan.strategy, table)?);
            if let Some(grants) = grants::copy_grants_statement(plan.dialect, &table.facts.prod, backup)? {
                composer.revoke_grants(table)?;
                composer.add(format!("{}: the grants of the table before", table.model), grants);
            }
        }
        if plan.strategy == CopyStrategy::Move {
            composer.revoke_grants(table)?;
        }
        composer.grant(table)?;
    }
    finish_transaction(&mut composer)?;
    Ok(composer.script)
}

fn copy_in_transaction(composer: &mut Composer<'_>, table: &Table) -> Result<()> {
    let Plan { dialect, strategy, .. } = *composer.plan;
    let target = match &table.action {
        Action::Keep => return Ok(()),
        Action::Create => table.facts.prod.clone(),
        Action::Replace { .. } if swap::is_made_in_place(dialect) => {
            composer.extend(duckdb::drop_index_statements(table)?);
            composer.extend(swap::step_aside_statement(dialect, table)?);
            table.facts.prod.clone()
        }
        Action::Replace { .. } => swap::working_copy(table)?,
    };
    composer.extend(copy::copy_statements(dialect, strategy, table, &target)?);
    if strategy != CopyStrategy::Move {
        composer.extend(copy::description_statements(dialect, table, &target)?);
    }
    if table.action == Action::Create {
        composer.extend(names::take_names_statements(dialect, strategy, table)?);
    }
    Ok(())
}

fn with_a_short_lock(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.make_room()?;
    composer.check_before(Accepted::Planned)?;
    for table in plan.tables.iter().filter(|table| table.action != Action::Keep) {
        let working = swap::working_copy(table)?;
        composer.add(
            format!("what a call that was stopped left of {}", table.model),
            swap::drop_if_exists_statement(plan.dialect, &working)?,
        );
        composer.extend(copy::copy_statements(plan.dialect, plan.strategy, table, &working)?);
        composer.extend(copy::description_statements(plan.dialect, table, &working)?);
    }
    composer.check_copies()?;
    composer.begin()?;
    composer.lock_rows()?;
    composer.check_before(Accepted::Planned)?;
    for table in &plan.tables {
        if table.action != Action::Keep {
            composer.extend(swap::step_aside_statement(plan.dialect, table)?);
            composer.extend([swap::put_in_place_statement(plan.dialect, table)?]);
        }
        if matches!(table.action, Action::Replace { .. }) {
            for grant in grants::known_grant_statements(plan.dialect, &table.facts)? {
                composer.add(format!("{}: a grant of the table before", table.model), grant);
            }
        }
        composer.grant(table)?;
    }
    finish_transaction(&mut composer)?;
    Ok(composer.script)
}

fn finish_transaction(composer: &mut Composer<'_>) -> Result<()> {
    composer.set_rows(Direction::Back)?;
    composer.set_rows(Direction::Forward)?;
    composer.record()?;
    composer.check_content()?;
    composer.check_rows()?;
    composer.delete_staging_rows()?;
    composer.commit()?;
    composer.analyze()
}

fn in_steps(plan: &Plan) -> Result<Script> {
    let Plan { dialect, strategy, .. } = *plan;
    let mut composer = Composer::new(plan);
    composer.use_utc()?;
    composer.tag_queries()?;
    composer.make_room()?;
    composer.check_before(Accepted::PlannedOrPromoted)?;
    for table in &plan.tables {
        composer.extend(replace::backup_statement(dialect, table)?);
    }
    // A row that is set back goes before its table: if the script stops in between, prod reads too much
    // rather than too little.
    composer.set_rows(Direction::Back)?;
    for table in &plan.tables {
        // A copy that somebody else made is only compared.
        if table.action != Action::Keep {
            composer.extend([replace::replace_statement(dialect, strategy, table)?.of_table(&table.model)]);
            composer.extend(restate::after_copy_statements(dialect, strategy, table)?);
        }
        composer.grant(table)?;
    }
    composer.check_content()?;
    record_in_steps(&mut composer)?;
    Ok(composer.script)
}

fn record_in_steps(composer: &mut Composer<'_>) -> Result<()> {
    let goes_forward =
        |ledger: &Ledger| ledger.moved.iter().any(|row| ledger.direction(row) == Direction::Forward);
    if !composer.plan.ledgers.iter().any(|ledger| !ledger.added.is_empty() || goes_forward(ledger)) {
        // All rows were set back before, so that none is left to write.
        return composer.check_rows();
    }
    match composer.plan.dialect {
        Dialect::BigQuery => record_in_one_block(composer),
        Dialect::Snowflake => {
            composer.begin()?;
            composer.lock_rows()?;
            write_rows(composer)?;
            composer.commit()
        }
        Dialect::Databricks | Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            write_rows(composer)
        }
    }
}

fn write_rows(composer: &mut Composer<'_>) -> Result<()> {
    composer.set_rows(Direction::Forward)?;
    composer.record()?;
    composer.check_rows()
}

/// BigQuery: sends the rows' transaction as one statement.
fn record_in_one_block(composer: &mut Composer<'_>) -> Result<()> {
    let mut inner = Composer::new(composer.plan);
    inner.lock_rows()?;
    write_rows(&mut inner)?;
    let statements = inner.script.statements.into_iter().map(|statement| Sql::of_checked(statement.sql));
    let block = row_statements::one_unit_statement(composer.plan.dialect, statements.collect())?;
    let models: Vec<_> = composer.plan.ledgers.iter().flat_map(Ledger::models).collect();
    composer.add(format!("record {}", models.join(", ")), block);
    Ok(())
}
