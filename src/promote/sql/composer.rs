//! Adding to a script what a plan asks for, one method for each purpose.

use anyhow::Result;

use super::assertion::check_statement;
use super::content::{same_columns_condition, same_content_condition, same_counts_condition};
use super::grants::project_grant_statements;
use super::room::room_statements;
use super::row_conditions::{
    Accepted, prod_as_planned_condition, recorded_condition, staging_as_planned_condition,
    taken_back_condition,
};
use super::row_statements::{
    delete_staging_rows_statement, insert_rows_statement, lock_prod_statement, lock_rows_statement,
    lock_staging_statement, return_staging_rows_statement, set_row_statement,
};
use super::script::{Script, Statement, StatementKind};
use super::swap::{self, analyze_statement};
use super::unit::Unit;
use crate::promote::plan::{Action, CopyStrategy, Direction, Ledger, Plan, Table};
use crate::promote::templates::{Sql, render};
use crate::warehouse::Dialect;

/// A plan, and the script that is being written for it.
pub(super) struct Composer<'p> {
    pub(super) plan: &'p Plan,
    pub(super) script: Script,
}

impl<'p> Composer<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self { plan, script: Script::default() }
    }

    pub(super) fn add(&mut self, title: impl Into<String>, sql: impl Into<String>) {
        self.script.add(title, sql);
    }

    pub(super) fn extend(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.script.statements.extend(statements);
    }

    pub(super) fn check(&mut self, title: &str, condition: &Sql, message: &str) -> Result<()> {
        let sql = check_statement(self.plan.dialect, condition, message)?;
        self.of_kind(StatementKind::Check, title, sql);
        Ok(())
    }

    fn of_kind(&mut self, kind: StatementKind, title: impl Into<String>, sql: impl Into<String>) {
        self.extend([Statement { kind, ..Statement::plain(title, sql) }]);
    }

    /// A statement that says the same for every plan.
    fn constant(&mut self, kind: StatementKind, title: &str, template: &str) -> Result<()> {
        let sql = render(self.plan.dialect, template, &())?;
        self.of_kind(kind, title, sql);
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        let title = match Unit::of(self.plan.dialect) {
            Unit::Whole | Unit::ShortLock => "tables and rows are one unit",
            Unit::Steps => "all rows are one unit",
        };
        self.constant(StatementKind::Begin, title, "begin.sql")
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        self.constant(StatementKind::Commit, "all is well", "commit.sql")
    }

    /// Gives up instead of waiting for a lock forever.
    pub(super) fn limit_waiting(&mut self) -> Result<()> {
        if !others_go_on(self.plan.dialect) {
            return Ok(());
        }
        self.constant(StatementKind::Setting, "rather give up than wait for ever", "limit_waiting.sql")
    }

    /// Fails instead of reading only the rows that the user may see, and taking them for all.
    pub(super) fn see_all_rows(&mut self) -> Result<()> {
        match self.plan.dialect {
            Dialect::Postgres => self.constant(
                StatementKind::Setting,
                "fail rather than take the rows that this user may see for all rows",
                "see_all_rows.sql",
            ),
            Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => Ok(()),
        }
    }

    /// Makes times independent of the session's zone.
    pub(super) fn use_utc(&mut self) -> Result<()> {
        if !has_session(self.plan.dialect) {
            return Ok(());
        }
        self.constant(StatementKind::Setting, "times are UTC", "use_utc.sql")
    }

    /// Marks the statements in the query history.
    pub(super) fn tag_queries(&mut self) -> Result<()> {
        if !has_session(self.plan.dialect) {
            return Ok(());
        }
        self.constant(StatementKind::Setting, "seen in the query history", "tag_queries.sql")
    }

    /// Makes the schemas and the incremental manifests that prod lacks.
    pub(super) fn make_room(&mut self) -> Result<()> {
        self.extend(room_statements(self.plan)?);
        Ok(())
    }

    /// Keeps others from writing to what is read of staging.
    pub(super) fn lock_staging(&mut self) -> Result<()> {
        if !others_go_on(self.plan.dialect) {
            return Ok(());
        }
        let tables = self.plan.tables.iter().map(|table| &table.facts.staging);
        let staging = tables.chain(self.plan.ledgers.iter().map(|ledger| &ledger.staging));
        let sql = lock_staging_statement(staging)?;
        self.add("staging stands still, where this user may see to that", sql);
        Ok(())
    }

    pub(super) fn check_before(&mut self, accepted: Accepted) -> Result<()> {
        let plan = self.plan;
        for ledger in &plan.ledgers {
            self.check_staging(ledger)?;
            let condition = prod_as_planned_condition(plan.dialect, ledger, accepted)?;
            let message = format!(
                "{} records these models already, or other rows than planned: promoted before, or prod ran \
                 them",
                ledger.prod
            );
            self.check(&format!("{}: prod's rows are as planned", ledger.package), &condition, &message)?;
        }
        Ok(())
    }

    fn check_staging(&mut self, ledger: &Ledger) -> Result<()> {
        let condition = staging_as_planned_condition(self.plan.dialect, ledger)?;
        let message = format!("{} moved since this was planned: plan again", ledger.staging);
        self.check(&format!("{}: staging's rows are as planned", ledger.package), &condition, &message)
    }

    /// Prod may have run while the copies were made.
    pub(super) fn check_rows_again(&mut self) -> Result<()> {
        if !others_go_on(self.plan.dialect) {
            return Ok(());
        }
        for ledger in &self.plan.ledgers {
            let condition = prod_as_planned_condition(self.plan.dialect, ledger, Accepted::Planned)?;
            let title = format!("{}: prod's rows still are as planned", ledger.package);
            let message = format!("{} was written to while the tables were copied: plan again", ledger.prod);
            self.check(&title, &condition, &message)?;
        }
        Ok(())
    }

    pub(super) fn check_content(&mut self) -> Result<()> {
        for table in &self.plan.tables {
            let (dialect, model) = (self.plan.dialect, &table.model);
            let (staging, prod) = (&table.facts.staging, &table.facts.prod);
            let message = format!("{prod} does not hold what {staging} holds");
            if self.may_be_somebody_elses(table) {
                self.check(
                    &format!("{model} has the same columns"),
                    &same_columns_condition(dialect, table)?,
                    &format!("{prod} has other columns than {staging}"),
                )?;
                let condition = same_content_condition(dialect, table)?;
                self.check(&format!("{model} is the same"), &condition, &message)?;
            } else if self.plan.strategy != CopyStrategy::Move && !swap::waits_beside(dialect, table) {
                let condition = same_counts_condition(dialect, table, prod)?;
                self.check(&format!("{model} is complete"), &condition, &message)?;
            }
        }
        Ok(())
    }

    /// Checks the copies that are not in place yet: from then on, readers of prod's tables have to wait.
    pub(super) fn check_copies(&mut self) -> Result<()> {
        let dialect = self.plan.dialect;
        for table in self.plan.tables.iter().filter(|table| swap::waits_beside(dialect, table)) {
            let copy = swap::working_copy(table)?;
            let condition = same_counts_condition(dialect, table, &copy)?;
            let message = format!("the copy {copy} does not hold what {} holds", table.facts.staging);
            self.check(&format!("the copy of {} is complete", table.model), &condition, &message)?;
        }
        Ok(())
    }

    /// Postgres: takes back what others may do with a table.
    pub(super) fn revoke_grants(&mut self, table: &Table) -> Result<()> {
        let sql = swap::of_table(self.plan.dialect, swap::REVOKE_GRANTS, &table.facts.prod)?;
        self.add(format!("{}: no grants but those that follow", table.model), sql);
        Ok(())
    }

    /// Waits until nobody reads the tables that are replaced, where readers keep a table from being renamed.
    pub(super) fn lock_prod(&mut self) -> Result<()> {
        let plan = self.plan;
        let is_replaced = |table: &&Table| matches!(table.action, Action::Replace { .. });
        if !others_go_on(plan.dialect) || !plan.tables.iter().any(|table| is_replaced(&table)) {
            return Ok(());
        }
        let replaced = plan.tables.iter().filter(is_replaced).map(|table| &table.facts.prod);
        let sql = lock_prod_statement(replaced, plan.ledgers.iter().map(|ledger| &ledger.prod))?;
        self.add("for a moment, nobody reads what is replaced", sql);
        Ok(())
    }

    /// Whether the script may take a table for the copy that it did not make.
    fn may_be_somebody_elses(&self, table: &Table) -> bool {
        match table.action {
            Action::Keep => true,
            // There an existing table is kept, and without a connection nobody knows whether there is one.
            Action::Create => Unit::of(self.plan.dialect) == Unit::Steps && table.facts.prod_exists.is_none(),
            Action::Replace { .. } => false,
        }
    }

    pub(super) fn check_rows(&mut self) -> Result<()> {
        for ledger in &self.plan.ledgers {
            let condition = recorded_condition(self.plan.dialect, ledger)?;
            let message = format!("a row of {} is missing, doubled, or not staging's", ledger.prod);
            self.check(&format!("{}: one row a model", ledger.package), &condition, &message)?;
        }
        Ok(())
    }

    /// Right before a rollback drops a table: prod may have written its row since the rollback began, and
    /// then the rollback did not take that row back.
    pub(super) fn check_taken_back(&mut self, table: &Table) -> Result<()> {
        let plan = self.plan;
        let its = |ledger: &&Ledger| ledger.models().any(|model| model == table.model);
        if let Some(ledger) = plan.ledgers.iter().find(its) {
            let condition = taken_back_condition(plan.dialect, ledger, &table.model)?;
            let message = format!("{} still records {}: prod ran meanwhile", ledger.prod, table.model);
            return self.check(
                &format!("no row is left of {}'s new table", table.model),
                &condition,
                &message,
            );
        }
        // What a package keeps beside its rows went to prod with all of them.
        for ledger in plan.ledgers.iter().filter(|ledger| !ledger.added.is_empty()) {
            let added = Ledger { moved: Vec::new(), ..ledger.clone() };
            let condition = prod_as_planned_condition(plan.dialect, &added, Accepted::Planned)?;
            let message = format!("{} records models again: prod ran meanwhile", ledger.prod);
            self.check(
                &format!("{}: no row is left of the promotion", ledger.package),
                &condition,
                &message,
            )?;
        }
        Ok(())
    }

    pub(super) fn lock_rows(&mut self) -> Result<()> {
        for ledger in &self.plan.ledgers {
            if let Some(lock) = lock_rows_statement(self.plan.dialect, ledger)? {
                self.add(format!("{}: nobody else writes rows until this is done", ledger.package), lock);
            }
        }
        Ok(())
    }

    /// Gives prod the rows that it lacks.
    pub(super) fn record(&mut self) -> Result<()> {
        for ledger in &self.plan.ledgers {
            if let Some(insert) = insert_rows_statement(self.plan.dialect, ledger)? {
                self.add(format!("{}: record {}", ledger.package, ledger.added.join(", ")), insert);
            }
        }
        Ok(())
    }

    /// Sets rows that prod has to staging's time: those that this moves in one direction.
    pub(super) fn set_rows(&mut self, direction: Direction) -> Result<()> {
        for ledger in &self.plan.ledgers {
            for row in ledger.moved.iter().filter(|row| ledger.direction(row) == direction) {
                let sql = set_row_statement(self.plan.dialect, ledger, row)?;
                self.add(format!("{}: set the row of {} to staging's", ledger.package, row.model), sql);
            }
        }
        Ok(())
    }

    /// Grants what prod's project configures for a table.
    pub(super) fn grant(&mut self, table: &Table) -> Result<()> {
        for grant in project_grant_statements(self.plan.dialect, &table.facts)? {
            self.add(format!("{}: a grant of the project", table.model), grant);
        }
        Ok(())
    }

    /// Updates the statistics of new tables, where no copy does so by itself.
    pub(super) fn analyze(&mut self) -> Result<()> {
        match self.plan.dialect {
            Dialect::Postgres | Dialect::Redshift => {
                for table in &self.plan.tables {
                    let sql = analyze_statement(self.plan.dialect, &table.facts.prod)?;
                    self.add(format!("statistics of {}", table.model), sql);
                }
            }
            Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => {}
        }
        Ok(())
    }

    /// `--strategy move`: staging's rows leave with their tables.
    pub(super) fn delete_staging_rows(&mut self) -> Result<()> {
        self.staging_rows_of_moved_tables(delete_staging_rows_statement)
    }

    /// The rollback of `--strategy move`: staging's rows come back with their tables.
    pub(super) fn return_staging_rows(&mut self) -> Result<()> {
        self.staging_rows_of_moved_tables(return_staging_rows_statement)
    }

    fn staging_rows_of_moved_tables(
        &mut self,
        statement: fn(Dialect, &Ledger, &[&str]) -> Result<Sql>,
    ) -> Result<()> {
        if self.plan.strategy != CopyStrategy::Move {
            return Ok(());
        }
        for ledger in &self.plan.ledgers {
            let moved = self.plan.tables.iter().map(|table| table.model.as_str());
            let models: Vec<_> = moved.filter(|model| ledger.models().any(|own| own == *model)).collect();
            if !models.is_empty() {
                let title = format!("{}: staging's rows go with its tables", ledger.package);
                self.add(title, statement(self.plan.dialect, ledger, &models)?);
            }
        }
        Ok(())
    }
}

/// Whether others can write while a transaction makes its copies, and it sees what they wrote.
fn others_go_on(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => true,
        // DuckDB's file has one writer. The others make their copies before the transaction.
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => false,
    }
}

/// Whether the session has settings that a script depends on.
fn has_session(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Snowflake => true,
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => false,
    }
}
