//! What is promoted, decided from the facts. Pure.

use anyhow::{Result, bail};

use super::facts::{Column, Facts, Layout, ModelFacts, PackageFacts, TableFacts};
use super::parts::{Action, Ledger, MovedRow, Plan, Table, Wishes};
use super::readiness::{prod_rows, staging_time};
use super::strategy::CopyStrategy;
use super::{fingerprint, forecast, notes};
use crate::failure::Refusal;
use crate::snowplow::Row;
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

impl Plan {
    /// Works it out, or says why it cannot be done safely.
    ///
    /// # Errors
    /// A [`Refusal`] with its reason and the way out; usage where the warehouse cannot do what was asked.
    pub fn of(facts: &Facts, wishes: Wishes, made_at: Timestamp) -> Result<Self> {
        let strategy = check_places(facts, wishes)?;
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
                let action =
                    action_of(self.dialect, table, row, self.made_at, wishes, &model.name, &facts.to)?;
                tables.push(Table { model: model.name.clone(), facts: table.clone(), action });
            }
            match row {
                Some(Row { last_success: Some(from), .. }) => {
                    let first = package.tables.as_ref().map(|tables| &tables.prod_first_success);
                    let first = first.and_then(|first| first.get(&model.name)).copied();
                    ledger.moved.push(MovedRow { model: model.name.clone(), from: *from, first });
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
                Dialect::Redshift => !same_database && self.strategy == CopyStrategy::Like,
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
            if self.strategy == CopyStrategy::Move && table.action != Action::Create {
                bail!(
                    "--strategy move would leave nothing of staging to check {prod} against, which exists: use --strategy like"
                );
            }
        }
        Ok(())
    }
}

/// What can be told before anything is read: that the sides are two, and that the warehouse can do what is wanted.
///
/// # Errors
/// A [`Refusal`]: both sides are one. Usage: a strategy that the warehouse does not have.
pub fn check_places(facts: &Facts, wishes: Wishes) -> Result<CopyStrategy> {
    for package in &facts.packages {
        if package.staging_manifest.is_same_table(&package.prod_manifest) {
            bail!(Refusal(format!(
                "{} and {} share one incremental manifest of {} ({}): both targets resolve to the same schema, so there is \
                 nothing to promote. Give them different schemas",
                facts.from, facts.to, package.name, package.prod_manifest
            )))
        }
    }
    for model in &facts.models {
        let Some(TableFacts { staging, prod, .. }) = &model.table else { continue };
        if staging.is_same_table(prod) {
            bail!(Refusal(format!(
                "{} is one and the same table on both targets ({prod}): there is nothing to copy. Give the targets \
                 different schemas",
                model.name
            )))
        }
    }
    CopyStrategy::choose(facts.dialect, wishes.strategy)
}

/// What happens to a table that has no row in prod, or is to be replaced.
fn action_of(
    dialect: Dialect,
    table: &TableFacts,
    row: Option<&Row>,
    made_at: Timestamp,
    wishes: Wishes,
    model: &str,
    to: &str,
) -> Result<Action> {
    let (staging, prod) = (&table.staging, &table.prod);
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
        refuse_guarded(table)?;
        refuse_other_partitions(dialect, table, model)?;
        let suffix = format!("__bk_{}", made_at.to_digits());
        return Ok(Action::Replace { backup: prod.with_suffix(&suffix)? });
    }
    if wishes.resume {
        refuse_other_columns(table)?;
        return Ok(Action::Keep);
    }
    bail!(Refusal(format!(
        "{to} has a table {prod} but does not record {model}: something made it outside of a run. Use --resume if it is a \
         complete copy of staging's (that is checked), --replace to put staging's in its place and keep it as a backup, or \
         drop it"
    )))
}

/// A copy that somebody else made, or that staging's table has outgrown.
fn refuse_other_columns(table: &TableFacts) -> Result<()> {
    let (staging, prod) = (&table.physical.columns, &table.replaced.columns);
    let agree = |(ours, theirs): (&Column, &Column)| {
        let types = (&ours.data_type, &theirs.data_type);
        ours.name == theirs.name && !matches!(types, (Some(ours), Some(theirs)) if ours != theirs)
    };
    let are_known = !staging.is_empty() && !prod.is_empty();
    if are_known && (staging.len() != prod.len() || !staging.iter().zip(prod).all(agree)) {
        let said = |columns: &[Column]| {
            let column = |column: &Column| match &column.data_type {
                Some(data_type) => format!("{} {data_type}", column.name),
                None => column.name.clone(),
            };
            columns.iter().map(column).collect::<Vec<_>>().join(", ")
        };
        bail!(Refusal(format!(
            "{} is no copy of {}: its columns are {}, and staging's are {}. Use --replace to put staging's in its place and \
             keep it as a backup, or drop it",
            table.prod,
            table.staging,
            said(prod),
            said(staging)
        )))
    }
    Ok(())
}

/// Whoever may read prod's table, but not all of it, would see all of the new one.
fn refuse_guarded(table: &TableFacts) -> Result<()> {
    match table.replaced.guards.as_deref() {
        None | Some([]) => Ok(()),
        Some(guards) => bail!(Refusal(format!(
            "{} has {}, which the new table would not have: its readers would see all rows and values. Take their rights to read \
             it away and drop these, promote, and make them anew on the new table before you give the rights back",
            table.prod,
            guards.join(", ")
        ))),
    }
}

/// BigQuery replaces a table only by one that is partitioned and clustered in the same way.
fn refuse_other_partitions(dialect: Dialect, table: &TableFacts, model: &str) -> Result<()> {
    let (Dialect::BigQuery, Some(staging), Some(prod)) =
        (dialect, &table.physical.layout, &table.replaced.layout)
    else {
        return Ok(());
    };
    let said = |layout: &Layout| {
        let clause = |words: &str, clause: &Option<String>| match clause {
            Some(clause) => format!("{words} by {clause}"),
            None => format!("not {words}"),
        };
        format!(
            "{}, {}",
            clause("partitioned", &layout.partition_by),
            clause("clustered", &layout.cluster_by)
        )
    };
    let (staging, prod) = (said(staging), said(prod));
    if staging != prod {
        bail!(Refusal(format!(
            "{} is {prod}, and staging's is {staging}: BigQuery replaces no table by one that is partitioned or clustered in \
             another way. While no run of prod is in progress, delete the row of {model} from its incremental manifest and rename \
             its table (alter table … rename to …), then promote without --replace",
            table.prod
        )))
    }
    Ok(())
}
