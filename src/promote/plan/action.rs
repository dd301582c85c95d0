//! What happens to one table, and what is refused because of it. Pure.

use anyhow::{Result, bail};

use super::arranging::new_arrangement;
use super::backup::suffix;
use super::facts::{Column, TableFacts};
use super::layout::described;
use super::parts::{Action, Wishes};
use crate::failure::Refusal;
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

/// A table that prod does not run yet, or that is to be replaced.
pub(super) struct Candidate<'a> {
    pub(super) dialect: Dialect,
    /// What prod is called.
    pub(super) to: &'a str,
    pub(super) model: &'a str,
    pub(super) table: &'a TableFacts,
    /// Whether the model can have a row.
    pub(super) is_tracked: bool,
    /// Prod's incremental manifest has a row of the model.
    pub(super) is_recorded: bool,
}

impl Candidate<'_> {
    /// What happens to it.
    ///
    /// # Errors
    /// A [`Refusal`].
    pub(super) fn action(&self, wishes: Wishes, made_at: Timestamp) -> Result<Action> {
        let Self { to, model, table, .. } = *self;
        let (staging, prod) = (&table.staging, &table.prod);
        if table.staging_exists == Some(false) {
            bail!(Refusal(format!(
                "staging has no table of {model}: {staging} does not exist, or the connection of {to} cannot \
                 see it. Backfill it first, or give that connection the right to read it"
            )))
        }
        if table.prod_exists != Some(true) {
            if self.is_recorded && !wishes.replace {
                bail!(Refusal(format!(
                    "{to} records {model} but has no table {prod}: its next run would build the table from \
                     the current window only. Use --replace to put staging's table there and to set the row \
                     to staging's time"
                )))
            }
            return Ok(Action::Create);
        }
        if wishes.replace {
            self.refuse_guarded()?;
            self.refuse_referenced()?;
            self.refuse_other_partitions()?;
            return Ok(Action::Replace { backup: prod.with_suffix(&suffix(made_at))? });
        }
        if wishes.resume {
            self.refuse_other_columns()?;
            return Ok(Action::Keep);
        }
        if !self.is_tracked {
            bail!(Refusal(format!(
                "{to} has a table {prod}, but no row of its package: a run that failed may have left it. Use --replace to \
                 put staging's in its place and keep it as a backup, or drop it"
            )))
        }
        bail!(Refusal(format!(
            "{to} has a table {prod} but does not record {model}: something other than a run made it. Use \
             --resume if it is a complete copy of staging's table (this is checked), use --replace to \
             replace it and keep it as a backup, or drop it"
        )))
    }

    /// A copy that somebody else made may differ, or staging's table may have got more columns since.
    fn refuse_other_columns(&self) -> Result<()> {
        let table = self.table;
        let (staging, prod) = (&table.physical.columns, &table.replaced.columns);
        let agree = |(ours, theirs): (&Column, &Column)| {
            let types = (&ours.data_type, &theirs.data_type);
            ours.name == theirs.name && !matches!(types, (Some(ours), Some(theirs)) if ours != theirs)
        };
        let are_known = !staging.is_empty() && !prod.is_empty();
        if are_known && (staging.len() != prod.len() || !staging.iter().zip(prod).all(agree)) {
            bail!(Refusal(format!(
                "{} is not a copy of {}: its columns are {}, but staging's are {}. Use --replace to replace \
                 it and keep it as a backup, or drop it",
                table.prod,
                table.staging,
                column_list(prod),
                column_list(staging)
            )))
        }
        Ok(())
    }

    /// Users who may read only a part of prod's table would see all of the new one.
    fn refuse_guarded(&self) -> Result<()> {
        match self.table.replaced.guards.as_deref() {
            None | Some([]) => Ok(()),
            Some(guards) => bail!(Refusal(format!(
                "{} has {}, which the new table would not have: its readers would see all rows and values. \
                 Revoke their right to read the table, drop these protections, and promote. Then create them \
                 on the new table before you grant that right again",
                self.table.prod,
                guards.join(", ")
            ))),
        }
    }

    /// Foreign keys follow the table that steps aside, and would then refuse the rows that the new one gets.
    fn refuse_referenced(&self) -> Result<()> {
        let by = &self.table.replaced.referenced_by;
        if by.is_empty() {
            return Ok(());
        }
        bail!(Refusal(format!(
            "foreign keys of other tables refer to {}: {}. They would stay on its backup, and refuse rows of the new table. \
             Drop them, promote, and create them again",
            self.table.prod,
            by.join(", ")
        )))
    }

    /// BigQuery replaces a table only with one that is partitioned and clustered in the same way.
    fn refuse_other_partitions(&self) -> Result<()> {
        let (Dialect::BigQuery, Some(_), Some(prod)) =
            (self.dialect, &self.table.physical.layout, &self.table.replaced.layout)
        else {
            return Ok(());
        };
        let (new, prod) =
            (described(self.dialect, &new_arrangement(self.table)), described(self.dialect, prod));
        if new != prod {
            bail!(Refusal(format!(
                "{} has {prod}, and the new table has {new}: BigQuery replaces no table by one that is \
                 partitioned or clustered in another way. While no run of prod is in progress, delete the \
                 row of {} from its incremental manifest and rename its table (alter table … rename to …), \
                 then promote without --replace",
                self.table.prod, self.model
            )))
        }
        Ok(())
    }
}

fn column_list(columns: &[Column]) -> String {
    let column = |column: &Column| match &column.data_type {
        Some(data_type) => format!("{} {data_type}", column.name),
        None => column.name.clone(),
    };
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}
