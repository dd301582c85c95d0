//! `--sync`: how far staging has to go, and what the facts will be then. Pure.

use super::facts::Facts;
use crate::snowplow::Row;
use crate::timestamp::Timestamp;

/// The time that prod's other models have reached, where staging has not reached it yet.
#[must_use]
pub fn sync_until(facts: &Facts) -> Option<Timestamp> {
    let is_selected = |row: &Row| facts.models.iter().any(|model| model.name == row.model);
    let tables = || facts.packages.iter().filter_map(|package| package.tables.as_ref());
    let prod = tables().flat_map(|tables| tables.prod_rows.iter().flatten());
    let until = prod.filter(|row| !is_selected(row)).filter_map(|row| row.last_success).max()?;
    let is_behind = facts.packages.iter().enumerate().any(|(place, package)| {
        let own =
            |row: &&Row| facts.models.iter().any(|model| model.package == place && model.name == row.model);
        let staging = package.tables.iter().flat_map(|tables| tables.staging_rows.iter().flatten());
        let own: Vec<_> = staging.filter(own).collect();
        own.is_empty() || own.iter().any(|row| row.last_success.is_none_or(|time| time < until))
    });
    is_behind.then_some(until)
}

/// The facts as they will be after staging's backfill. A plan made from them fails for everything that a
/// backfill does not fix.
#[must_use]
pub fn as_if_synced(facts: &Facts, until: Timestamp) -> Facts {
    let mut synced = facts.clone();
    for (place, package) in synced.packages.iter_mut().enumerate() {
        let Some(tables) = &mut package.tables else { continue };
        tables.staging_window = None;
        let rows = tables.staging_rows.get_or_insert_default();
        let selected: Vec<_> =
            facts.models.iter().filter(|model| model.package == place && model.is_tracked).collect();
        let is_own = |row: &Row| selected.iter().any(|model| model.name == row.model);
        let latest = rows.iter().filter(|row| is_own(row)).filter_map(|row| row.last_success).max();
        let time = latest.map_or(until, |latest| latest.max(until));
        for model in selected {
            let mut own = rows.iter_mut().filter(|row| row.model == model.name).peekable();
            if own.peek().is_none() {
                rows.push(Row { model: model.name.clone(), last_success: Some(time) });
                continue;
            }
            own.for_each(|row| row.last_success = Some(time));
        }
    }
    for table in synced.models.iter_mut().filter_map(|model| model.table.as_mut()) {
        table.staging_exists = Some(true);
    }
    synced
}
