//! Notes about a table that is replaced.

use super::copying::written_as;
use super::parts::{Plan, Table};
use super::strategy::CopyStrategy;
use super::{granted, properties};
use crate::warehouse::Dialect;

/// Postgres: the bytes of the longest name of an index, a sequence or extended statistics that gets another end on a backup.
pub const LONGEST_WITH_END: usize = 57;

/// What the replaced table has and the new one does not get, and what is not known about that.
pub(super) fn of(plan: &Plan, table: &Table) -> Vec<String> {
    let (model, replaced) = (&table.model, &table.facts.replaced);
    let lost = |what: &String| {
        format!("{model}: the table that is replaced has what the new one does not get: {what}")
    };
    let given = match written_as(plan.dialect, plan.strategy, table) {
        CopyStrategy::Like => table.facts.physical.definition.as_slice(),
        CopyStrategy::Clone | CopyStrategy::Copy | CopyStrategy::Ctas | CopyStrategy::Move => &[],
    };
    let made_by_hand = replaced.definition.iter().filter(|what| !given.contains(what));
    let mut notes: Vec<_> = replaced.left_behind.iter().chain(made_by_hand).map(lost).collect();
    notes.extend(properties::not_kept(plan.dialect, plan.strategy, table).iter().map(lost));
    notes.extend(properties::may_stay(plan.dialect, plan.strategy, table).iter().map(|what| {
        format!(
            "{model}: the table that is replaced has {what}: whether that stays is not certain, so look at the new one \
             afterwards"
        )
    }));
    notes.extend(columns(table));
    notes.extend(granted::of_columns(replaced).map(|what| lost(&what)));
    if let Some(owner) = &replaced.other_owner {
        notes.push(format!(
            "{model}: the table that is replaced belongs to {owner}, who gets no rights to the new one"
        ));
    }
    if replaced.transient == Some(false) && table.facts.layout.transient == Some(true) {
        notes.push(format!(
            "{model}: {} is a permanent table and becomes a transient one without Fail-safe, as the project \
             configures",
            table.facts.prod
        ));
    }
    match plan.dialect {
        Dialect::Redshift => notes.push(format!(
            "{model}: views that are not late-binding stay on the backup until they are built again"
        )),
        Dialect::BigQuery if table.facts.physical.layout.is_none() || replaced.layout.is_none() => {
            notes.push(format!(
                "{model}: it is not known whether both tables are partitioned and clustered in the same way. \
                 If they are not, BigQuery refuses to replace the table, and only the backup is made"
            ));
        }
        Dialect::Postgres if !given.is_empty() => notes.push(format!(
            "{model}: the new table's indexes, keys, sequences and extended statistics take the names of those before, where \
             they are alike, else staging's. Those of the backup get names that end in __bk, unless they are longer than {LONGEST_WITH_END} \
             bytes: then they stay, and the new ones get a number"
        )),
        Dialect::Postgres
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => {}
    }
    notes
}

/// Columns that the new table lacks, or has with another type.
fn columns(table: &Table) -> Option<String> {
    let (new, replaced) = (&table.facts.physical.columns, &table.facts.replaced.columns);
    if new.is_empty() {
        return None;
    }
    let differing = replaced.iter().filter_map(|column| {
        let Some(same) = new.iter().find(|same| same.name == column.name) else {
            return Some(column.name.clone());
        };
        match (&column.data_type, &same.data_type) {
            (Some(before), Some(now)) if before != now => {
                Some(format!("{} (a {before}, and now a {now})", column.name))
            }
            _ => None,
        }
    });
    let differing: Vec<_> = differing.collect();
    (!differing.is_empty()).then(|| {
        format!(
            "{}: the table that is replaced has columns that the new one does not have like this: {}",
            table.model,
            differing.join(", ")
        )
    })
}
