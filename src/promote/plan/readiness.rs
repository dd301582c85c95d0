//! Whether the rows of both sides allow a promotion. Pure.

use anyhow::{Result, bail};

use super::facts::{Facts, PackageFacts, Tables};
use crate::failure::Refusal;
use crate::snowplow::State;
use crate::snowplow::{Family, Row, Standing};
use crate::timestamp::Timestamp;
use crate::warehouse::Relation;

/// Prod's rows, which must be unambiguous. Where prod has no incremental manifest, it has no rows.
///
/// # Errors
/// A [`Refusal`].
pub(super) fn prod_rows<'t>(tables: &'t Tables, package: &PackageFacts) -> Result<&'t [Row]> {
    let rows = tables.prod_rows.as_deref().unwrap_or_default();
    refuse_duplicates(rows, &package.prod_manifest)?;
    Ok(rows)
}

fn refuse_duplicates(rows: &[Row], manifest: &Relation) -> Result<()> {
    for row in rows {
        let count = rows.iter().filter(|other| other.model == row.model).count();
        if count > 1 {
            bail!(Refusal(format!(
                "{manifest} holds {} {count} times: models fail on duplicate rows, and a duplicate hides a \
                 model without a row. Delete all but the row with the smallest last_success, then run the \
                 same command again",
                row.model
            )))
        }
    }
    Ok(())
}

/// The one `last_success` that all promoted models have in staging.
///
/// # Errors
/// A [`Refusal`].
pub(super) fn staging_time(
    tables: &Tables,
    package: &PackageFacts,
    models: &[String],
    facts: &Facts,
) -> Result<Timestamp> {
    let manifest = &package.staging_manifest;
    let backfill = "Backfill it first (snowplow-backfill run)";
    let Some(rows) = &tables.staging_rows else {
        bail!(Refusal(format!(
            "staging is empty: the incremental manifest of {} ({manifest}) does not exist. {backfill}",
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
            "staging has no row of {} in {manifest}, so it was never processed there. {backfill}",
            lacking.join(", ")
        )))
    }
    let standing = Standing::of(package.family, models, &rows);
    let Some((min, max)) = standing.span else {
        bail!(Refusal(format!("staging's rows in {manifest} have no last_success. {backfill}")))
    };
    if min != max {
        let behind: Vec<_> =
            rows.iter().filter(|row| row.last_success == Some(min)).map(|row| row.model.as_str()).collect();
        bail!(Refusal(format!(
            "staging's rows are out of sync: {} at {min}, the others at {max}. Continue the backfill until \
             they agree (snowplow-backfill run)",
            behind.join(", ")
        )))
    }
    refuse_unfinished(tables, package, min, facts)?;
    Ok(min)
}

/// Staging's last window was cut by its limit, and prod is ahead of it: no promoted table has the events in
/// between.
fn refuse_unfinished(tables: &Tables, package: &PackageFacts, time: Timestamp, facts: &Facts) -> Result<()> {
    let Some(window) = tables.staging_window else { return Ok(()) };
    let prod = tables.prod_rows.iter().flatten().filter_map(|row| row.last_success).max();
    if prod.is_none_or(|prod| prod <= time) {
        return Ok(());
    }
    let origin = match package.family {
        Family::Session => window.lower.plus_hours(package.staging_lookback_hours),
        Family::Load => window.lower,
    };
    // A window that begins at the start date has no lookback.
    let capped = [origin, window.lower].into_iter().find_map(|origin| {
        let standing = Standing { state: State::Standard, span: Some((origin, origin)) };
        standing.limit_of(package.family, window).filter(|&days| days > 0)
    });
    let Some(days) = capped else { return Ok(()) };
    let unit = if days == 1 { "day" } else { "days" };
    let prod = prod.map(|prod| format!("everything up to {prod}")).unwrap_or_default();
    bail!(Refusal(format!(
        "staging is not caught up: its last window ended at {} because of a limit of {days} {unit}, its rows \
         are at {time}, and {} has processed {prod}. Continue the backfill (snowplow-backfill run), or use \
         --sync",
        window.upper, facts.to
    )))
}
