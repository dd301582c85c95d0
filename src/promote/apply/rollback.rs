//! `--rollback`: takes back the last promotion of which prod holds anything.

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::aftermath::what_is_left;
use super::execute::{Way, execute};
use super::presence::{Known, Presence};
use super::prod::{ask, ask_for_holders, is_settled};
use super::record::{PromotionRecord, Stage};
use super::telling::{Telling, started};
use super::witnesses::{Witnessed, WitnessedRows};
use crate::event::{Emit, Event, PromotionFinished, PromotionTask};
use crate::failure::Refusal;
use crate::workspace::OpenTarget;

/// Takes back the last promotion to `to`, which is the name of `prod`.
///
/// # Errors
/// There is none to take back. A [`Refusal`]: prod has moved on since, or the replaced tables are gone. A
/// statement fails.
pub fn roll_back(prod: &OpenTarget<'_>, to: &str, emit: Emit<'_>) -> Result<()> {
    let promotions = prod.workspace.promotions();
    let records = PromotionRecord::all(&promotions, to)?;
    let why = if records.is_empty() {
        "--apply has executed none from this project, or its records are lost"
    } else {
        "each that --apply has executed from this project is taken back already, or left nothing"
    };
    for (folder, record) in records {
        if record.known() == Known::Nothing {
            continue;
        }
        let _locks = prod.lock(record.locks.iter().map(String::as_str))?;
        // The process that held the lock until now may have changed the record.
        let Some(mut record) = PromotionRecord::read(&folder)? else { continue };
        let witnessed = ask(prod, &record, emit)?;
        if is_settled(&mut record, &folder, &witnessed, emit)? {
            continue;
        }
        return take_back(prod, &mut record, &folder, &witnessed, emit);
    }
    bail!("there is no promotion to {to} to take back: {why} (records: {promotions})")
}

fn take_back(
    prod: &OpenTarget<'_>,
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    witnessed: &Witnessed,
    emit: Emit<'_>,
) -> Result<()> {
    let what = format!("the promotion of {} at {} UTC", record.models.join(", "), record.at.to_the_second());
    // Before all else: without the backups, prod looks as if the promotion were taken back already.
    let dropped = record.dropped_backups(witnessed);
    if let Some((_, at)) = dropped.first() {
        let names: Vec<_> = dropped.iter().map(|(name, _)| *name).collect();
        bail!(Refusal(format!(
            "{what} cannot be taken back: --drop-backups dropped the tables that it replaced at {} UTC ({}). \
             Nothing was changed. To put another version there, promote it with --replace",
            at.to_the_second(),
            names.join(", ")
        )))
    }
    // Their rows alone cannot tell: a promotion that moved no time leaves rows that look as before it.
    let lost: Vec<_> = record.lost_backups(witnessed).into_iter().map(str::to_owned).collect();
    if witnessed.rows == WitnessedRows::Written && !lost.is_empty() {
        bail!(Refusal(format!(
            "{what} cannot be taken back: the tables that it replaced are gone ({}). They were dropped, or its rollback.sql \
             was executed by hand. Nothing was changed",
            lost.join(", ")
        )))
    }
    match record.presence(witnessed) {
        Presence::Moved => bail!(Refusal(format!(
            "{to} has run since {what}, or something else changed its rows ({}). Taking the promotion back \
             would also remove what {to} has processed since, so nothing was changed. To stop running these \
             models, disable them in {to}'s project. To promote another version of them, use --replace",
            witnessed.moved.join(", "),
            to = record.to
        ))),
        Presence::Nothing | Presence::TakenBack => {
            let was_killed = matches!(record.stage, Stage::RollingBack { .. });
            record.stage = Stage::RolledBack;
            record.save(folder)?;
            if !was_killed {
                bail!(Refusal(format!(
                    "{what} was already taken back outside this tool: {}'s rows are as they were before it. \
                     Its record now says so. Run --rollback again to take back the promotion before it",
                    record.to
                )))
            }
        }
        Presence::Complete | Presence::Partial => {
            if !lost.is_empty() {
                bail!(Refusal(format!(
                    "{what} cannot be taken back: the tables that it replaced are gone ({}). Nothing was \
                     changed",
                    lost.join(", ")
                )))
            }
            let holders = ask_for_holders(prod, record, emit)?;
            if !holders.is_empty() {
                bail!(Refusal(format!(
                    "{what} cannot be taken back as long as others depend on its tables: {}. Drop those, \
                     run --rollback again, and build them anew. Nothing was changed",
                    holders.join(", ")
                )))
            }
            let script = record.rollback_from(witnessed);
            let mut telling = Telling::open(PromotionTask::Rollback, folder)?;
            let total = script.statements.len();
            let started = started(record, (PromotionTask::Rollback, total), Vec::new(), folder);
            telling.tell(Event::PromotionStarted(started), emit);
            let ended = execute(prod, record, (Way::Rollback, &script), &mut telling, emit);
            return telling.end(ended, |()| rolled_back(record), emit);
        }
    }
    emit(Event::PromotionFinished(rolled_back(record)));
    Ok(())
}

/// The end of a rollback.
fn rolled_back(record: &PromotionRecord) -> PromotionFinished {
    let task = PromotionTask::Rollback;
    PromotionFinished { task, result: what_is_left(record), ..Default::default() }
}
