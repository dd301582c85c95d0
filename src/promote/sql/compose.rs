//! The three scripts of a promotion: one order for warehouses whose transactions hold tables too, one for the others.
//!
//! Everywhere the table comes first and its row last, because the row is what prod's next run believes; a rollback goes the
//! other way. Where both cannot be one unit, every stop in between is harmless and a second execution finishes it.

use anyhow::Result;

use super::script::{Script, Statement, StatementKind};
use super::{assertion, content, grants, header, rows, table, verify};
use crate::promote::plan::{Action, CopyStrategy, Ledger, Plan, Table};
use crate::warehouse::Dialect;

/// All that is written for one promotion.
#[derive(Debug, Clone)]
pub struct Scripts {
    /// Does it.
    pub promote: Script,
    /// Takes it back.
    pub rollback: Script,
    /// Shows whether both sides hold the same.
    pub verify: Script,
    /// All of it happens, or nothing.
    pub is_one_unit: bool,
}

/// What belongs together on a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Tables and rows in one transaction.
    Whole,
    /// The same, but its lock keeps readers out: the copy is made before.
    ShortLock,
    /// Statement by statement; rows alone may have a transaction.
    Steps,
}

fn unit(dialect: Dialect) -> Unit {
    match dialect {
        Dialect::Postgres | Dialect::DuckDb => Unit::Whole,
        Dialect::Redshift => Unit::ShortLock,
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => Unit::Steps,
    }
}

impl Scripts {
    /// Writes them.
    ///
    /// # Errors
    /// A name that the warehouse does not keep.
    pub fn of(plan: &Plan) -> Result<Self> {
        let (promote, rollback) = match unit(plan.dialect) {
            Unit::Whole => (whole(plan)?, whole_rollback(plan)),
            Unit::ShortLock => (short_lock(plan)?, whole_rollback(plan)),
            Unit::Steps => (steps(plan), steps_rollback(plan)),
        };
        let verify = Script { header: header::verify(plan), statements: verify::verify(plan) };
        Ok(Self {
            promote: Script { header: header::promote(plan), ..promote },
            rollback: Script { header: header::rollback(plan), ..rollback },
            verify,
            is_one_unit: unit(plan.dialect) == Unit::Whole,
        })
    }
}

/// Adds what a plan asks for to a script.
struct Composer<'p> {
    plan: &'p Plan,
    script: Script,
}

impl<'p> Composer<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self { plan, script: Script::default() }
    }

    fn add(&mut self, title: impl Into<String>, sql: impl Into<String>) {
        self.script.add(title, sql);
    }

    fn extend(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.script.statements.extend(statements);
    }

    fn check(&mut self, title: &str, condition: &str, message: &str) {
        self.of_kind(StatementKind::Check, title, assertion::assert(self.plan.dialect, condition, message));
    }

    fn begin(&mut self) {
        let sql = match self.plan.dialect {
            // Each statement is to see what others committed before it, whatever the server's default.
            Dialect::Postgres => "begin isolation level read committed",
            Dialect::Redshift => "begin",
            _ => "begin transaction",
        };
        let what =
            if unit(self.plan.dialect) == Unit::Steps { "all rows are" } else { "tables and rows are" };
        self.of_kind(StatementKind::Begin, format!("{what} one unit"), sql);
    }

    fn commit(&mut self) {
        self.of_kind(StatementKind::Commit, "all is well", "commit");
    }

    fn of_kind(&mut self, kind: StatementKind, title: impl Into<String>, sql: impl Into<String>) {
        self.extend([Statement { kind, ..Statement::plain(title, sql) }]);
    }

    fn check_before(&mut self, or_done: bool) {
        let plan = self.plan;
        for ledger in &plan.ledgers {
            self.check_staging(ledger);
            let condition = rows::free_or_done(plan.dialect, ledger, or_done);
            let message = format!(
                "{} records these models already, or other rows than planned: promoted before, or prod ran them",
                ledger.prod
            );
            self.check(&format!("{}: prod's rows are as planned", ledger.package), &condition, &message);
        }
    }

    fn check_staging(&mut self, ledger: &Ledger) {
        let condition = rows::as_planned(self.plan.dialect, ledger);
        let message = format!("{} moved since this was planned: plan again", ledger.staging);
        self.check(&format!("{}: staging's rows are as planned", ledger.package), &condition, &message);
    }

    fn check_content(&mut self) {
        for table in &self.plan.tables {
            let (dialect, model) = (self.plan.dialect, &table.model);
            let (staging, prod) = (&table.facts.staging, &table.facts.prod);
            let message = format!("{prod} does not hold what {staging} holds");
            if self.is_somebody_elses(table) {
                let other_columns = format!("{prod} has other columns than {staging}");
                self.check(
                    &format!("{model} has the same columns"),
                    &content::columns_equal(dialect, table),
                    &other_columns,
                );
                self.check(
                    &format!("{model} is the same"),
                    &content::content_equals(dialect, table),
                    &message,
                );
            } else if self.plan.strategy != CopyStrategy::Move {
                self.check(&format!("{model} is complete"), &content::content_matches(table), &message);
            }
        }
    }

    /// Whether the script may find a table in prod that it did not make, and takes it for the copy.
    fn is_somebody_elses(&self, table: &Table) -> bool {
        match table.action {
            Action::Keep => true,
            // What is there already is kept, and without a connection nobody knows whether it is.
            Action::Create => unit(self.plan.dialect) == Unit::Steps && table.facts.prod_exists.is_none(),
            Action::Replace { .. } => false,
        }
    }

    fn check_rows(&mut self) {
        for ledger in &self.plan.ledgers {
            let condition = rows::recorded(self.plan.dialect, ledger);
            let message = format!("a row of {} is missing, doubled, or not staging's", ledger.prod);
            self.check(&format!("{}: one row a model", ledger.package), &condition, &message);
        }
    }

    /// Right before a table goes: prod may have written its row since the rollback began, and then no row was taken back.
    fn check_taken_back(&mut self, table: &Table) {
        let plan = self.plan;
        let its = |ledger: &&Ledger| ledger.models().any(|model| model == table.model);
        if let Some(ledger) = plan.ledgers.iter().find(its) {
            let condition = rows::taken_back(plan.dialect, ledger, &table.model);
            let message = format!("{} still records {}: prod ran meanwhile", ledger.prod, table.model);
            self.check(&format!("no row is left of {}'s new table", table.model), &condition, &message);
        }
    }

    fn lock_rows(&mut self) {
        for ledger in &self.plan.ledgers {
            if let Some(lock) = rows::lock(self.plan.dialect, ledger) {
                self.add(format!("{}: nobody else writes rows until this is done", ledger.package), lock);
            }
        }
    }

    fn record(&mut self) {
        for ledger in &self.plan.ledgers {
            if let Some(insert) = rows::insert_rows(self.plan.dialect, ledger) {
                self.add(format!("{}: record {}", ledger.package, ledger.added.join(", ")), insert);
            }
        }
    }

    /// Sets rows that prod has to staging's time: those that go back, or those that go forward.
    fn set_rows(&mut self, lower: bool) {
        for ledger in &self.plan.ledgers {
            for row in ledger.moved.iter().filter(|row| rows::lower(ledger, row) == lower) {
                let sql = rows::set_row(self.plan.dialect, ledger, row);
                self.add(format!("{}: set the row of {} to staging's", ledger.package, row.model), sql);
            }
        }
    }

    fn grants(&mut self, table: &Table) {
        for grant in grants::project_grants(self.plan.dialect, &table.facts) {
            self.add(format!("{}: a grant of the project", table.model), grant);
        }
    }

    fn analyze(&mut self) {
        if matches!(self.plan.dialect, Dialect::Postgres | Dialect::Redshift) {
            for table in &self.plan.tables {
                self.add(format!("statistics of {}", table.model), format!("analyze {}", table.facts.prod));
            }
        }
    }

    fn staging_gives(&mut self, back: bool) {
        if self.plan.strategy != CopyStrategy::Move {
            return;
        }
        for ledger in &self.plan.ledgers {
            let moved = self.plan.tables.iter().map(|table| table.model.as_str());
            let models: Vec<_> = moved.filter(|model| ledger.models().any(|own| own == *model)).collect();
            if !models.is_empty() {
                let title = format!("{}: staging's rows go with its tables", ledger.package);
                self.add(title, rows::staging_moves(ledger, &models, back));
            }
        }
    }
}

fn whole(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.begin();
    if plan.dialect == Dialect::Postgres {
        composer.of_kind(
            StatementKind::Setting,
            "rather give up than wait for ever",
            "set local lock_timeout = '60s'",
        );
        let tables = plan.tables.iter().map(|table| &table.facts.staging);
        let staging = tables.chain(plan.ledgers.iter().map(|ledger| &ledger.staging));
        composer.add("staging stands still, where this user may see to that", rows::still(staging));
    }
    composer.check_before(false);
    for table in &plan.tables {
        let dialect = plan.dialect;
        let target = match &table.action {
            Action::Keep => continue,
            Action::Create => table.facts.prod.clone(),
            // What has an index cannot be renamed there, so that the copy has to be made in its place.
            Action::Replace { .. } if dialect == Dialect::DuckDb => {
                composer.extend(table::drop_backup_indexes(table));
                composer.extend(table::step_aside(table));
                table.facts.prod.clone()
            }
            Action::Replace { .. } => table::working_copy(table)?,
        };
        composer.extend(table::copy(dialect, plan.strategy, table, &target));
        if plan.strategy != CopyStrategy::Move {
            composer.extend(table::describe(dialect, table, &target));
        }
    }
    // The copy took its time; from here on it is a moment.
    composer.lock_rows();
    if plan.dialect == Dialect::Postgres {
        for ledger in &plan.ledgers {
            let condition = rows::free_or_done(plan.dialect, ledger, false);
            let message = format!("{} was written to while the tables were copied: plan again", ledger.prod);
            composer.check(
                &format!("{}: prod's rows still are as planned", ledger.package),
                &condition,
                &message,
            );
        }
    }
    for table in &plan.tables {
        if let Action::Replace { backup } = &table.action {
            if plan.dialect != Dialect::DuckDb {
                composer.extend(table::step_aside(table));
                composer.extend([table::put_in_place(table, &table::working_copy(table)?)]);
            }
            if let Some(grants) = grants::keep_grants(plan.dialect, &table.facts.prod, backup) {
                composer.add(format!("{}: the grants of the table before", table.model), grants);
            }
        }
        composer.grants(table);
    }
    finish_whole(&mut composer);
    Ok(composer.script)
}

fn short_lock(plan: &Plan) -> Result<Script> {
    let mut composer = Composer::new(plan);
    composer.check_before(false);
    for table in &plan.tables {
        if table.action == Action::Keep {
            continue;
        }
        let working = table::working_copy(table)?;
        composer.add(
            format!("what a call that was stopped left of {}", table.model),
            format!("drop table if exists {working}"),
        );
        composer.extend(table::copy(plan.dialect, plan.strategy, table, &working));
        composer.extend(table::describe(plan.dialect, table, &working));
    }
    composer.begin();
    composer.lock_rows();
    composer.check_before(false);
    for table in &plan.tables {
        if table.action != Action::Keep {
            composer.extend(table::step_aside(table));
            composer.extend([table::put_in_place(table, &table::working_copy(table)?)]);
        }
        if matches!(table.action, Action::Replace { .. }) {
            for grant in grants::known_grants(plan.dialect, &table.facts) {
                composer.add(format!("{}: a grant of the table before", table.model), grant);
            }
        }
        composer.grants(table);
    }
    finish_whole(&mut composer);
    Ok(composer.script)
}

fn finish_whole(composer: &mut Composer<'_>) {
    composer.set_rows(true);
    composer.set_rows(false);
    composer.record();
    composer.check_content();
    composer.check_rows();
    composer.staging_gives(false);
    composer.commit();
    composer.analyze();
}

fn whole_rollback(plan: &Plan) -> Script {
    let mut composer = Composer::new(plan);
    composer.begin();
    if plan.dialect == Dialect::Postgres {
        composer.of_kind(
            StatementKind::Setting,
            "rather give up than wait for ever",
            "set local lock_timeout = '60s'",
        );
    }
    composer.lock_rows();
    composer.staging_gives(true);
    for ledger in &plan.ledgers {
        let message = format!(
            "{} does not hold the rows of this promotion: prod ran since, or it never happened",
            ledger.prod
        );
        let condition = rows::written(plan.dialect, ledger);
        composer.check(
            &format!("{}: prod's rows are those of the promotion", ledger.package),
            &condition,
            &message,
        );
        for row in &ledger.moved {
            let sql = rows::restored(plan.dialect, ledger, row);
            composer.add(format!("{}: the row of {} as before", ledger.package, row.model), sql);
        }
        if let Some(delete) = rows::delete_rows(plan.dialect, ledger) {
            composer.add(format!("{}: forget {}", ledger.package, ledger.added.join(", ")), delete);
        }
    }
    for table in plan.tables.iter().rev() {
        composer.extend(table::take_back(plan.dialect, plan.strategy, table));
    }
    composer.commit();
    composer.script
}

fn steps(plan: &Plan) -> Script {
    let dialect = plan.dialect;
    let mut composer = Composer::new(plan);
    if dialect == Dialect::Snowflake {
        composer.of_kind(StatementKind::Setting, "times are UTC", "alter session set timezone = 'UTC'");
        composer.of_kind(
            StatementKind::Setting,
            "seen in the query history",
            "alter session set query_tag = 'snowplow-backfill promote'",
        );
    }
    composer.check_before(true);
    for table in &plan.tables {
        composer.extend(table::back_up(dialect, table));
    }
    // A row that goes back goes before its table: prod reads too much rather than too little if this stops in between.
    composer.set_rows(true);
    for table in &plan.tables {
        if table.action != Action::Keep {
            composer.extend([table::replace(dialect, plan.strategy, table).of_table(&table.model)]);
        }
        // Also where the call that copied it was stopped before this; what is done twice does no harm.
        composer.extend(table::after_copy(dialect, plan.strategy, table));
        composer.grants(table);
    }
    composer.check_content();
    record_in_steps(&mut composer);
    composer.script
}

fn record_in_steps(composer: &mut Composer<'_>) {
    let is_written = |ledger: &Ledger| {
        !ledger.added.is_empty() || ledger.moved.iter().any(|row| !rows::lower(ledger, row))
    };
    match composer.plan.dialect {
        // All rows went back before, so there is nothing to wait for.
        _ if !composer.plan.ledgers.iter().any(is_written) => composer.check_rows(),
        Dialect::BigQuery => one_block(composer),
        Dialect::Snowflake => {
            composer.begin();
            composer.lock_rows();
            composer.set_rows(false);
            composer.record();
            composer.check_rows();
            composer.commit();
        }
        _ => {
            composer.set_rows(false);
            composer.record();
            composer.check_rows();
        }
    }
}

/// BigQuery keeps a transaction within one script, which has to be sent as one.
fn one_block(composer: &mut Composer<'_>) {
    let mut inner = Composer::new(composer.plan);
    inner.begin();
    inner.lock_rows();
    inner.set_rows(false);
    inner.record();
    inner.check_rows();
    inner.script.add("", "commit transaction");
    let statements: Vec<_> = inner
        .script
        .statements
        .iter()
        .map(|statement| format!("  {};", statement.sql.replace('\n', "\n  ")))
        .collect();
    let block = format!(
        "begin\n{}\nexception when error then\n  rollback transaction;\n  raise;\nend",
        statements.join("\n")
    );
    let models: Vec<_> = composer.plan.ledgers.iter().flat_map(Ledger::models).collect();
    composer.add(format!("record {}", models.join(", ")), block);
}

fn steps_rollback(plan: &Plan) -> Script {
    let dialect = plan.dialect;
    let mut composer = Composer::new(plan);
    if dialect == Dialect::Snowflake {
        composer.of_kind(StatementKind::Setting, "times are UTC", "alter session set timezone = 'UTC'");
    }
    for ledger in &plan.ledgers {
        let condition = rows::free_or_done(dialect, ledger, true);
        let message = format!("{} does not hold the rows of this promotion: prod ran since", ledger.prod);
        composer.check(&format!("{}: prod did not run since", ledger.package), &condition, &message);
    }
    let set_back = |composer: &mut Composer<'_>, raised: bool| {
        for ledger in &plan.ledgers {
            for row in ledger.moved.iter().filter(|row| rows::lower(ledger, row) != raised) {
                let sql = rows::restored(dialect, ledger, row);
                composer.add(format!("{}: the row of {} as before", ledger.package, row.model), sql);
            }
        }
    };
    for ledger in &plan.ledgers {
        if let Some(delete) = rows::delete_rows(dialect, ledger) {
            composer.add(format!("{}: forget {}", ledger.package, ledger.added.join(", ")), delete);
        }
    }
    // Again: a row that goes back goes before its table, one that goes forward after it.
    set_back(&mut composer, true);
    for table in plan.tables.iter().rev().filter(|table| table.action != Action::Keep) {
        composer.check_taken_back(table);
        match &table.action {
            Action::Keep => {}
            Action::Create => {
                let sql = format!("drop table if exists {}", table.facts.prod);
                let drop = Statement::plain(format!("drop prod's {}", table.model), sql);
                composer.extend([drop.of_table(&table.model)]);
            }
            Action::Replace { .. } => {
                let restored = table::restore(dialect, plan.strategy, table);
                composer.extend(restored.map(|statement| statement.of_table(&table.model)));
            }
        }
    }
    set_back(&mut composer, false);
    composer.script
}
