//! What is promoted, decided from the facts. Pure.

use anyhow::{Result, bail};
use serde::Serialize;

use super::facts::{Facts, ModelFacts, PackageFacts, TableFacts, Tables};
use super::fingerprint::{self, Fingerprints};
use super::forecast::{self, Forecast};
use super::strategy::Strategy;
use crate::failure::Refusal;
use crate::snowplow::{Family, Row, Standing};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// What the user asks for besides the models.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// How tables are copied; none: the warehouse's best.
    pub strategy: Option<Strategy>,
    /// Replace tables and rows that prod has.
    pub replace: bool,
    /// Take tables that prod has without a row as copied already.
    pub resume: bool,
    /// Record no later time than prod's own rows have, so that its next run finds all of them in step.
    pub sync: bool,
}

/// A promotion.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The warehouse.
    pub dialect: Dialect,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// The user's selection, as dbt's arguments.
    pub selection: Vec<String>,
    /// When it was worked out.
    pub made_at: Timestamp,
    /// How tables are copied.
    pub strategy: Strategy,
    /// The tables.
    pub tables: Vec<Table>,
    /// The rows, an entry a package.
    pub ledgers: Vec<Ledger>,
    /// Selected models that prod runs already.
    pub left_alone: Vec<String>,
    /// Prod's next run, an entry a package; empty offline.
    pub forecasts: Vec<Forecast>,
    /// What is not known, not carried over, or left to do by hand.
    pub notes: Vec<String>,
    /// What it was worked out from.
    pub fingerprints: Fingerprints,
}

/// A table that goes to prod.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its model.
    pub model: String,
    /// Where it is and what is known of it.
    pub facts: TableFacts,
    /// What happens to it.
    pub action: Action,
}

/// What happens to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Prod has none: it is copied.
    Create,
    /// Prod has one: it is kept under a backup name.
    Replace {
        /// That name.
        backup: Relation,
    },
    /// Prod has a copy already; only its content is checked.
    Keep,
}

/// The rows of one package.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The package.
    pub package: String,
    /// How it works out its windows: the columns hang on it.
    pub family: Family,
    /// Staging's incremental manifest.
    pub staging: Relation,
    /// Prod's.
    pub prod: Relation,
    /// `last_success` of all these models in staging; none offline.
    pub time: Option<Timestamp>,
    /// What prod is to record where that is not staging's time: its own models' earlier one, from which its next run hands
    /// them all the same events.
    pub cap: Option<Timestamp>,
    /// Models whose rows prod gets.
    pub added: Vec<String>,
    /// Models whose rows prod has, with their `last_success` there.
    pub moved: Vec<MovedRow>,
}

/// A row that prod has and that is set to staging's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedRow {
    /// The model.
    pub model: String,
    /// Its `last_success` in prod now.
    pub from: Timestamp,
}

impl Ledger {
    /// The time that prod records; none offline, where it is whatever staging has.
    #[must_use]
    pub fn recorded(&self) -> Option<Timestamp> {
        self.cap.or(self.time)
    }

    /// All its models.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.added.iter().map(String::as_str).chain(self.moved.iter().map(|row| row.model.as_str()))
    }
}

impl Plan {
    /// Works it out, or says why it cannot be done safely.
    ///
    /// # Errors
    /// A [`Refusal`] with its reason and the way out; usage where the warehouse cannot do what was asked.
    pub fn of(facts: &Facts, wishes: Wishes, made_at: Timestamp) -> Result<Self> {
        let strategy = Strategy::choose(facts.dialect, wishes.strategy)?;
        let mut plan = Self {
            dialect: facts.dialect,
            from: facts.from.clone(),
            to: facts.to.clone(),
            selection: facts.selection.clone(),
            made_at,
            strategy,
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
                "{} already records and holds all selected models ({}): they run there. To put staging's tables in their \
                 place, use --replace",
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
        plan.check_strategy()?;
        plan.add_notes(facts);
        Ok(plan)
    }

    fn add_package(
        &mut self,
        facts: &Facts,
        package: &PackageFacts,
        models: &[&ModelFacts],
        wishes: Wishes,
    ) -> Result<()> {
        if package.staging_manifest.is_same_table(&package.prod_manifest) {
            bail!(Refusal(format!(
                "{} and {} share one incremental manifest of {} ({}): both targets resolve to the same schema, so there is \
                 nothing to promote. Give them different schemas",
                facts.from, facts.to, package.name, package.prod_manifest
            )))
        }
        let prod_rows =
            package.tables.as_ref().map(|tables| prod_rows(tables, package, &facts.to)).transpose()?;
        let in_prod = |model: &str| prod_rows.and_then(|rows| rows.iter().find(|row| row.model == model));

        let mut ledger = Ledger {
            package: package.name.clone(),
            family: package.family,
            staging: package.staging_manifest.clone(),
            prod: package.prod_manifest.clone(),
            time: None,
            cap: None,
            added: Vec::new(),
            moved: Vec::new(),
        };
        let mut tables = Vec::new();
        for model in models {
            let row = in_prod(&model.name);
            let exists = model.table.as_ref().and_then(|table| table.prod_exists).unwrap_or(false);
            let runs_there = row.is_some() && (exists || model.table.is_none());
            if runs_there && !(wishes.replace && model.table.is_some()) {
                self.left_alone.push(model.name.clone());
                continue;
            }
            if let Some(table) = &model.table {
                let action = action_of(table, row, self.made_at, wishes, &model.name, &facts.to)?;
                tables.push(Table { model: model.name.clone(), facts: table.clone(), action });
            }
            match row {
                Some(Row { last_success: Some(from), .. }) => {
                    ledger.moved.push(MovedRow { model: model.name.clone(), from: *from });
                }
                Some(Row { last_success: None, .. }) => bail!(Refusal(format!(
                    "prod's row of {} in {} has no last_success: delete it by hand, then call again",
                    model.name, package.prod_manifest
                ))),
                None => ledger.added.push(model.name.clone()),
            }
        }
        if ledger.models().next().is_none() {
            return Ok(());
        }
        if let Some(read) = &package.tables {
            let names: Vec<_> = ledger.models().map(str::to_owned).collect();
            let time = staging_time(read, package, &names, facts)?;
            ledger.time = Some(time);
            let others = read.prod_rows.iter().flatten().filter(|row| !names.contains(&row.model));
            let latest = others.filter_map(|row| row.last_success).max();
            ledger.cap = latest.filter(|&latest| wishes.sync && latest < time);
        }
        self.ledgers.push(ledger);
        self.tables.extend(tables);
        Ok(())
    }

    /// Prod's rows of a package as they will be; none offline.
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
        for table in &self.tables {
            let (staging, prod) = (&table.facts.staging, &table.facts.prod);
            let same_database = staging.is_in_database_of(prod);
            let impossible = match self.dialect {
                Dialect::Postgres => !same_database,
                Dialect::Redshift => !same_database && self.strategy == Strategy::Like,
                _ => false,
            };
            if impossible {
                let way_out = match self.dialect {
                    Dialect::Redshift => "use --strategy ctas, which reads across databases",
                    _ => "copy the tables there with pg_dump, or use one database for both targets",
                };
                bail!(
                    "{staging} and {prod} are in different databases, and {} cannot copy between them: {way_out}",
                    self.dialect
                );
            }
            if self.strategy == Strategy::Move && table.action != Action::Create {
                bail!(
                    "--strategy move would leave nothing of staging to check {prod} against, which exists: use --strategy like"
                );
            }
        }
        Ok(())
    }

    fn add_notes(&mut self, facts: &Facts) {
        if facts.now.is_none() {
            self.notes.push(
                "worked out from dbt manifests alone: rows, columns and physical tables of both sides are not known. The \
                 script checks rows when it runs; run it with a connection (--target, --to) to have all of it checked now"
                    .to_owned(),
            );
        }
        let mut notes = facts.notes.clone();
        for table in &self.tables {
            let physical = &table.facts.physical;
            notes.extend(
                physical.left_behind.iter().map(|what| format!("{}: not carried over: {what}", table.model)),
            );
            if matches!(table.action, Action::Replace { .. }) {
                let dependents = &table.facts.replaced.dependents;
                if !dependents.is_empty() {
                    notes.push(format!(
                        "{}: views on the table that is replaced stay on its backup until they are built again: {}",
                        table.model,
                        dependents.join(", ")
                    ));
                }
            }
            if !table.facts.grants.is_empty() && matches!(self.dialect, Dialect::DuckDb | Dialect::Spark) {
                notes.push(format!(
                    "{}: {} has no grants; the project's are not given",
                    table.model, self.dialect
                ));
            }
        }
        if self.tables.iter().any(|table| matches!(table.action, Action::Replace { .. })) {
            notes.push(format!(
                "no run of {} may be in progress while this is executed: it would record events that only the replaced table \
                 has seen. Pause its schedule",
                self.to
            ));
        }
        self.notes.extend(notes);
        if !self.tables.is_empty() {
            self.notes.push(self.ownership().to_owned());
        }
        if self.strategy == Strategy::Move {
            self.notes.push(
                "staging loses its tables, and its rows of these models with them, so that it builds them anew if it runs \
                 again"
                    .to_owned(),
            );
        }
    }

    /// Who must execute it, so that prod's runs can go on with the tables.
    fn ownership(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres | Dialect::Redshift => {
                "execute it as the user of prod's dbt runs: whoever creates a table owns it, and only the owner can alter it"
            }
            Dialect::Snowflake => {
                "execute it with the role of prod's dbt runs: the role that creates a table owns it, and dbt must be able to \
                 alter and merge it"
            }
            Dialect::BigQuery => {
                "access that was given to single tables is not copied: prod's dataset decides who may read the new ones"
            }
            Dialect::Databricks | Dialect::Spark => {
                "execute it as the principal of prod's dbt runs, which becomes the owner of the new tables"
            }
            Dialect::DuckDb => "execute it while no other process has the database file open",
        }
    }
}

fn prod_rows<'t>(tables: &'t Tables, package: &PackageFacts, to: &str) -> Result<&'t Vec<Row>> {
    let Some(rows) = &tables.prod_rows else {
        bail!(Refusal(format!(
            "{to} was never initialised: the incremental manifest of {} ({}) does not exist there. Run the package once on \
             that target, then promote",
            package.name, package.prod_manifest
        )))
    };
    refuse_duplicates(rows, &package.prod_manifest)?;
    Ok(rows)
}

/// What happens to a table that has no row in prod, or is to be replaced.
fn action_of(
    table: &TableFacts,
    row: Option<&Row>,
    made_at: Timestamp,
    wishes: Wishes,
    model: &str,
    to: &str,
) -> Result<Action> {
    let (staging, prod) = (&table.staging, &table.prod);
    if staging.is_same_table(prod) {
        bail!(Refusal(format!(
            "{model} is one and the same table on both targets ({prod}): there is nothing to copy. Give the targets \
             different schemas"
        )))
    }
    if table.staging_exists == Some(false) {
        bail!(Refusal(format!(
            "staging has no table of {model}: {staging} does not exist, or the connection of {to} cannot see it. Backfill it \
             first, or give that connection the right to read it"
        )))
    }
    if table.prod_exists != Some(true) {
        if row.is_some() && !wishes.replace {
            bail!(Refusal(format!(
                "{to} records {model} but has no table {prod}: its next run builds it from the current window only. Use \
                 --replace to put staging's table there and set the row to staging's"
            )))
        }
        return Ok(Action::Create);
    }
    if wishes.replace {
        let suffix = format!("__bk_{}", made_at.to_digits());
        return Ok(Action::Replace { backup: prod.with_suffix(&suffix)? });
    }
    if wishes.resume {
        return Ok(Action::Keep);
    }
    bail!(Refusal(format!(
        "{to} has a table {prod} but does not record {model}: something made it outside of a run. Use --resume if it is a \
         complete copy of staging's (that is checked), --replace to put staging's in its place and keep it as a backup, or \
         drop it"
    )))
}

fn refuse_duplicates(rows: &[Row], manifest: &Relation) -> Result<()> {
    for row in rows {
        let count = rows.iter().filter(|other| other.model == row.model).count();
        if count > 1 {
            bail!(Refusal(format!(
                "{manifest} holds {} {count} times: models fail on it, and it hides a model without a row. Delete all but \
                 one of its rows (keep the smallest last_success), then call again",
                row.model
            )))
        }
    }
    Ok(())
}

/// The one `last_success` of all models that are promoted.
fn staging_time(
    tables: &Tables,
    package: &PackageFacts,
    models: &[String],
    facts: &Facts,
) -> Result<Timestamp> {
    let manifest = &package.staging_manifest;
    let backfill = "backfill it first (snowplow-backfill run)";
    let Some(rows) = &tables.staging_rows else {
        bail!(Refusal(format!(
            "staging is empty: the incremental manifest of {} ({manifest}) does not exist: {backfill}",
            package.name
        )))
    };
    let rows: Vec<_> = rows.iter().filter(|row| models.contains(&row.model)).cloned().collect();
    refuse_duplicates(&rows, manifest)?;
    let lacking: Vec<_> = models
        .iter()
        .filter(|model| rows.iter().all(|row| row.model != **model))
        .map(String::as_str)
        .collect();
    if !lacking.is_empty() {
        bail!(Refusal(format!(
            "staging has no row of {} in {manifest}, so it was never processed there: {backfill}",
            lacking.join(", ")
        )))
    }
    let standing = Standing::of(package.family, models, &rows);
    let Some((min, max)) = standing.span else {
        bail!(Refusal(format!("staging's rows in {manifest} have no last_success: {backfill}")))
    };
    if min != max {
        let behind: Vec<_> =
            rows.iter().filter(|row| row.last_success == Some(min)).map(|row| row.model.as_str()).collect();
        bail!(Refusal(format!(
            "staging's rows are out of sync: {} at {min}, the others at {max}. Go on with the backfill until they agree \
             (snowplow-backfill run)",
            behind.join(", ")
        )))
    }
    refuse_unfinished(tables, package, min, facts)?;
    Ok(min)
}

/// Staging's last window ended by its limit, and prod is ahead of it: events in between are in no table that is promoted.
fn refuse_unfinished(tables: &Tables, package: &PackageFacts, time: Timestamp, facts: &Facts) -> Result<()> {
    let Some(window) = tables.staging_window else { return Ok(()) };
    let prod = tables.prod_rows.iter().flatten().filter_map(|row| row.last_success).max();
    if prod.is_some_and(|prod| prod <= time) {
        return Ok(());
    }
    let origin = match package.family {
        Family::Session => window.lower.plus_hours(tables.staging_lookback_hours),
        Family::Load => window.lower,
    };
    // A window from the start date has no lookback.
    let capped = [origin, window.lower].into_iter().find_map(|origin| {
        let standing = Standing { state: crate::event::State::Standard, span: Some((origin, origin)) };
        standing.limit_of(package.family, window).filter(|&days| days > 0)
    });
    let Some(days) = capped else { return Ok(()) };
    let prod = prod.map_or_else(|| "nothing".to_owned(), |prod| format!("everything up to {prod}"));
    bail!(Refusal(format!(
        "staging is not caught up: its last window ended at {} because of a limit of {days} days, its rows are at {time}, and \
         {} has processed {prod}. Go on with the backfill (snowplow-backfill run), or use --sync",
        window.upper, facts.to
    )))
}
