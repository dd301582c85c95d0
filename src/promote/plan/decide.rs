//! Deciding from the facts what is promoted. Pure.

use anyhow::{Result, bail};

use super::action::Candidate;
use super::copying::{reads_by_query, written_as};
use super::facts::{Facts, ModelFacts, PackageFacts, TableFacts};
use super::parts::{Action, Ledger, MovedRow, Plan, Table, Wishes};
use super::readiness::{prod_rows, staging_time};
use super::strategy::CopyStrategy;
use super::{fingerprint, forecast, hidden, kinds, notes};
use crate::failure::Refusal;
use crate::snowplow::Row;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

impl Plan {
    /// Plans a promotion, or says why it is not safe.
    ///
    /// # Errors
    /// A [`Refusal`] with its reason and the way out; a usage error where the warehouse cannot do what was
    /// asked.
    pub fn of(facts: &Facts, wishes: Wishes, made_at: Timestamp) -> Result<Self> {
        let strategy = check_places(facts, wishes)?;
        hidden::refuse_hidden_rows(facts)?;
        let mut plan = Self {
            dialect: facts.dialect,
            from: facts.from.clone(),
            to: facts.to.clone(),
            selection: facts.selection.clone(),
            made_at,
            strategy,
            verify: wishes.verify,
            schemas: Vec::new(),
            tables: Vec::new(),
            ledgers: Vec::new(),
            left_alone: Vec::new(),
            forecasts: Vec::new(),
            notes: Vec::new(),
            fingerprints: fingerprint::of(facts),
        };
        for (place, package) in facts.packages.iter().enumerate() {
            let models: Vec<_> = facts.models.iter().filter(|model| model.package == place).collect();
            plan.add_package(facts, package, &models, wishes)?;
        }
        if plan.ledgers.is_empty() {
            bail!(Refusal(format!(
                "{} already runs all selected models ({}). To replace their tables with staging's, use \
                 --replace",
                facts.to,
                plan.left_alone.join(", ")
            )))
        }
        if let Some(now) = facts.now {
            plan.forecasts = facts
                .packages
                .iter()
                .filter_map(|package| Some((package, plan.rows_after(package)?)))
                .map(|(package, rows)| forecast::of(package, &rows, now, &facts.to))
                .collect::<Result<_>>()?;
        }
        plan.refuse_what_memory_lacks(facts)?;
        plan.schemas = plan.lacking_schemas(facts);
        plan.check_strategy()?;
        plan.refuse_filtered_reads()?;
        plan.refuse_unsuited_tables()?;
        plan.refuse_lacking_rights(facts)?;
        plan.notes = notes::of(&plan, facts);
        Ok(plan)
    }

    fn add_package(
        &mut self,
        facts: &Facts,
        package: &PackageFacts,
        models: &[&ModelFacts],
        wishes: Wishes,
    ) -> Result<()> {
        let rows = package.tables.as_ref().map(|tables| prod_rows(tables, package)).transpose()?;
        let mut ledger = Ledger::empty(package);
        let mut tables = Vec::new();
        for model in models {
            let row = rows.and_then(|rows| rows.iter().find(|row| row.model == model.name));
            let exists = model.table.as_ref().and_then(|table| table.prod_exists).unwrap_or(false);
            let runs_in_prod = row.is_some() && (exists || model.table.is_none());
            if runs_in_prod && !(wishes.replace && model.table.is_some()) {
                self.left_alone.push(model.name.clone());
                continue;
            }
            if let Some(table) = &model.table {
                let action = Candidate {
                    dialect: self.dialect,
                    to: &facts.to,
                    model: &model.name,
                    table,
                    is_tracked: model.is_tracked,
                    is_recorded: row.is_some(),
                }
                .action(wishes, self.made_at)?;
                tables.push(Table {
                    model: model.name.clone(),
                    facts: table.clone(),
                    action,
                    is_free: wishes.strategy.is_none(),
                });
            }
            match row {
                _ if !model.is_tracked => {}
                Some(row) => ledger.moved.push(moved_row(package, row)?),
                None => ledger.added.push(model.name.clone()),
            }
        }
        if ledger.models().next().is_none() {
            return Ok(());
        }
        set_times(&mut ledger, facts, package, wishes)?;
        self.ledgers.push(ledger);
        self.tables.extend(tables);
        Ok(())
    }

    /// Where all rows of a package go ahead of what prod has processed, its next run begins there, but what it keeps of
    /// sessions ends before.
    fn refuse_what_memory_lacks(&self, facts: &Facts) -> Result<()> {
        for package in facts.packages.iter().filter(|package| !package.memory.is_empty()) {
            let times = |rows: &[Row]| rows.iter().filter_map(|row| row.last_success).collect::<Vec<_>>();
            let before = package.tables.as_ref().and_then(|tables| tables.prod_rows.as_deref()).map(times);
            let after = self.rows_after(package).map(|rows| times(&rows));
            let (before, after) = (before.into_iter().flatten().max(), after.into_iter().flatten().min());
            if let (Some(before), Some(after)) = (before, after)
                && after > before
            {
                bail!(Refusal(format!(
                    "all rows of {} in {to} would be at {after} or later, but {to} has processed events only up to {before}: \
                     what it keeps of sessions ({}) would lack what is in between, and its next run would cut sessions off. \
                     Run {to} up to there first, or rename these tables of {to} and run the same command again: it then \
                     takes staging's along",
                    package.name,
                    package.memory.join(", "),
                    to = self.to
                )))
            }
        }
        Ok(())
    }

    /// The schemas that prod lacks and needs.
    fn lacking_schemas(&self, facts: &Facts) -> Vec<Relation> {
        let tables = self.tables.iter().map(|table| &table.facts.prod);
        let needed: Vec<_> = tables.chain(self.ledgers.iter().map(|ledger| &ledger.prod)).collect();
        Relation::first_of_each_schema(facts.without_schema.iter().filter(|lacking| needed.contains(lacking)))
    }

    /// The rows that prod will have of a package; none offline.
    fn rows_after(&self, package: &PackageFacts) -> Option<Vec<Row>> {
        let mut rows = package.tables.as_ref()?.prod_rows.clone().unwrap_or_default();
        let Some(ledger) = self.ledgers.iter().find(|ledger| ledger.package == package.name) else {
            return Some(rows);
        };
        rows.retain(|row| ledger.models().all(|model| model != row.model));
        rows.extend(
            ledger.models().map(|model| Row { model: model.to_owned(), last_success: ledger.recorded() }),
        );
        Some(rows)
    }

    fn check_strategy(&self) -> Result<()> {
        for Ledger { staging, prod, package, .. } in self.ledgers.iter().filter(|ledger| ledger.new.is_some())
        {
            if self.dialect == Dialect::Redshift && !staging.is_in_database_of(prod) {
                bail!(
                    "{prod} does not exist, and redshift makes no table like one in another database: run {package} once in \
                     {}, then promote with --replace",
                    self.to
                );
            }
        }
        for table in &self.tables {
            let (staging, prod) = (&table.facts.staging, &table.facts.prod);
            if !staging.is_in_database_of(prod)
                && let Some(way_out) = self.way_out_of_two_databases()
            {
                bail!(
                    "{staging} and {prod} are in different databases, and {} cannot copy between them: \
                     {way_out}",
                    self.dialect
                );
            }
            if self.strategy == CopyStrategy::Move && table.action != Action::Create {
                bail!(
                    "{prod} exists, and --strategy move would leave no table in staging to compare it with: \
                     use --strategy like"
                );
            }
        }
        Ok(())
    }

    /// What is copied through a policy or a mask is a part of what there is, and looks complete to the same reader.
    fn refuse_filtered_reads(&self) -> Result<()> {
        for table in &self.tables {
            let (staging, hidden) = (&table.facts.staging, table.facts.physical.hidden.as_deref());
            let Some(hidden @ [_, ..]) = hidden else { continue };
            if !reads_by_query(self.dialect, self.strategy, table) {
                continue;
            }
            bail!(Refusal(format!(
                "{staging} has {}, so that the connection of {} may see only some of its rows, or masked values: prod \
                 would get those, and record them as everything. {}",
                hidden.join(", "),
                self.to,
                self.way_out_of_filtered_reads(table)
            )))
        }
        Ok(())
    }

    /// Tables of a kind that the strategy cannot copy.
    fn refuse_unsuited_tables(&self) -> Result<()> {
        for table in self.tables.iter().filter(|table| table.action != Action::Keep) {
            let how = written_as(self.dialect, self.strategy, table);
            if let Some(why) = kinds::why_unsuited(self.dialect, how, table) {
                bail!(Refusal(why))
            }
        }
        Ok(())
    }

    /// How to copy a table whole that is guarded.
    fn way_out_of_filtered_reads(&self, table: &Table) -> &'static str {
        match self.dialect {
            Dialect::Postgres if table.action == Action::Create => {
                "Promote as a role that bypasses row level security, disable it on staging's table, or use --strategy move"
            }
            Dialect::Postgres => {
                "Promote as a role that bypasses row level security, or disable it on staging's table"
            }
            Dialect::Snowflake | Dialect::BigQuery
                if self.strategy == CopyStrategy::Ctas && table.action != Action::Keep =>
            {
                "Drop them from staging's table, or promote without --strategy ctas"
            }
            Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => "Drop them from staging's table for the promotion",
        }
    }

    /// What to do where the warehouse cannot copy from one database to another; none where it can.
    fn way_out_of_two_databases(&self) -> Option<&'static str> {
        match self.dialect {
            Dialect::Postgres => Some(
                "move staging's schemas into prod's database with pg_dump, point the target there, and promote from it",
            ),
            Dialect::Redshift => (self.strategy == CopyStrategy::Like)
                .then_some("use --strategy ctas, which reads across databases"),
            Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => None,
        }
    }
}

fn moved_row(package: &PackageFacts, row: &Row) -> Result<MovedRow> {
    let Some(from) = row.last_success else {
        bail!(Refusal(format!(
            "prod's row of {} in {} has no last_success: delete that row, then run the same command again",
            row.model, package.prod_manifest
        )))
    };
    let first = package.tables.as_ref().and_then(|tables| tables.prod_first_success.get(&row.model));
    Ok(MovedRow { model: row.model.clone(), from, first: first.copied() })
}

/// The times of a ledger, where rows were read.
fn set_times(ledger: &mut Ledger, facts: &Facts, package: &PackageFacts, wishes: Wishes) -> Result<()> {
    let Some(read) = &package.tables else { return Ok(()) };
    let names: Vec<_> = ledger.models().map(str::to_owned).collect();
    let time = staging_time(read, package, &names, facts)?;
    ledger.time = Some(time);
    let others = read.prod_rows.iter().flatten().filter(|row| !names.contains(&row.model));
    let latest = others.filter_map(|row| row.last_success).max();
    ledger.cap = latest.filter(|&latest| wishes.sync && latest < time);
    Ok(())
}

/// Checks what needs no reading: that both sides differ, and that the warehouse can do what is asked.
///
/// # Errors
/// A [`Refusal`] where both sides are the same; a usage error for a strategy that the warehouse does not
/// have.
pub fn check_places(facts: &Facts, wishes: Wishes) -> Result<CopyStrategy> {
    for package in &facts.packages {
        if package.staging_manifest.is_same_table(&package.prod_manifest) {
            bail!(Refusal(format!(
                "{} and {} share one incremental manifest of {} ({}): both targets resolve to the same \
                 schema, so there is nothing to promote. Give them different schemas",
                facts.from, facts.to, package.name, package.prod_manifest
            )))
        }
    }
    for model in &facts.models {
        let Some(TableFacts { staging, prod, .. }) = &model.table else { continue };
        if staging.is_same_table(prod) {
            bail!(Refusal(format!(
                "{} is one and the same table on both targets ({prod}), so there is nothing to copy. Give \
                 the targets different schemas",
                model.name
            )))
        }
    }
    CopyStrategy::choose(facts.dialect, wishes.strategy)
}
