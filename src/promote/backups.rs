//! The backups of a target's promotions: found in prod, and dropped where that is asked for.

use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::apply::{self, Backup, BackupsFound, DropPlan, PromotionRecord};
use super::output::drop_details;
use super::read;
use super::session::Mode;
use crate::event::{Emit, Event};
use crate::timestamp::Timestamp;
use crate::workspace::OpenTarget;

/// What the user asks of `--drop-backups`.
#[derive(Debug)]
pub struct DropRequest<'a> {
    /// The name of the target.
    pub to: &'a str,
    /// `--older-than`.
    pub older_than: Duration,
    /// Whether they are dropped.
    pub mode: Mode,
}

/// Looks for the backups that records name. Warns of what the warehouse does not tell. Without any, dbt is
/// not called.
///
/// # Errors
/// dbt fails.
pub fn find_backups(
    prod: &OpenTarget<'_>,
    records: &[(Utf8PathBuf, PromotionRecord)],
    emit: Emit<'_>,
) -> Result<BackupsFound> {
    let known = Backup::all(records).filter_map(|backup| Some((&backup.witness.name, backup.names()?)));
    let (by_name, asked): (Vec<_>, Vec<_>) = known.unzip();
    let told = read::backups(prod, &asked, emit)?;
    if let Some(unread) = told.unread {
        let message =
            format!("sizes of backups, or the views on them, are not known: {}", unread.in_one_line());
        emit(Event::Warning { message });
    }
    Ok(by_name.into_iter().cloned().zip(told.facts).collect())
}

/// Decides which backups are dropped, and drops them in [`Mode::Apply`].
///
/// # Errors
/// A [`Refusal`](crate::failure::Refusal): another process is at work on this target. dbt or a statement
/// fails; a file cannot be written.
pub fn drop_backups(prod: &OpenTarget<'_>, request: &DropRequest<'_>, emit: Emit<'_>) -> Result<DropPlan> {
    let promotions = prod.workspace.promotions();
    let mut records = PromotionRecord::all(&promotions, request.to)?;
    let _locks = match request.mode {
        Mode::Plan => Vec::new(),
        Mode::Apply => {
            let mut names: Vec<_> = Backup::all(&records).flat_map(|backup| &backup.record.locks).collect();
            names.sort();
            names.dedup();
            let locks = prod.lock(names.into_iter().map(String::as_str))?;
            // The process that held the lock until now may have changed the records.
            records = PromotionRecord::all(&promotions, request.to)?;
            locks
        }
    };
    let found = find_backups(prod, &records, emit)?;
    let asked = (request.to, request.older_than);
    let plan = DropPlan::of(asked, &records, &found, Timestamp::of_this_machine())?;
    if request.mode == Mode::Apply && !plan.drop.is_empty() {
        apply::drop_backups(prod, &plan, drop_details(&plan), emit)?;
    }
    Ok(plan)
}
