//! `--rollback`: takes back the last promotion that prod holds anything of.

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::execute::{Way, execute};
use super::online::query_project;
use super::output;
use crate::backfill::Lock;
use crate::cli::PromoteArgs;
use crate::commands::prepare::Setup;
use crate::dbt::Interrupt;
use crate::event::Emit;
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::promote::{Known, Presence, PromotionRecord, Stage, Witnessed};
use crate::report::{self, Paint};

/// Runs it.
pub(super) fn roll_back(args: &PromoteArgs) -> Result<Outcome> {
    let Some(to) = &args.to else { bail!("of which target? Give the one that was promoted to: --to prod") };
    let mut dbt = args.dbt.clone();
    dbt.target = Some(to.clone());
    let setup = Setup::new(&dbt, &args.selection, Interrupt::listen()?)?;
    let mut output = output(args);
    let emit = &mut |event| output.emit(event);
    let promotions = setup.workspace.promotions();
    for (folder, record) in PromotionRecord::all(&promotions, to)? {
        if record.known() == Known::Nothing {
            continue;
        }
        let _locks = lock(&setup, &record)?;
        // Whoever held the lock until now may have written it anew.
        let Some(mut record) = PromotionRecord::read(&folder)? else { continue };
        let witnessed = ask(&setup, &record, emit)?;
        if is_settled(&mut record, &folder, &witnessed)? {
            continue;
        }
        return take_back(&setup, &mut record, &folder, &witnessed, emit);
    }
    bail!(
        "no promotion to {to} to take back: none was executed with --apply from this project ({promotions} holds them)"
    )
}

/// Keeps backfills and other promotions away from both sides.
pub(super) fn lock(setup: &Setup, record: &PromotionRecord) -> Result<Vec<Lock>> {
    let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    record.locks.iter().map(|name| Lock::take(&setup.workspace.lock(name), &command)).collect()
}

/// Asks prod what it holds of a promotion.
pub(super) fn ask(setup: &Setup, record: &PromotionRecord, emit: Emit<'_>) -> Result<Witnessed> {
    let queries = record.witnesses.queries();
    let told = setup.dbt.query(&query_project(setup)?, &queries, &setup.vars, emit)?;
    record.witnesses.read(&told.answers)
}

/// Whether a promotion that was stopped turns out to have left nothing; its record says so from now on.
pub(super) fn is_settled(
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    witnessed: &Witnessed,
) -> Result<bool> {
    let is_nothing = record.presence(witnessed) == Presence::Nothing;
    if is_nothing {
        record.stage = Stage::Abandoned;
        record.save(folder)?;
        report::say(&report::promotion_left_nothing(record, Paint::for_stderr()));
    }
    Ok(is_nothing)
}

fn take_back(
    setup: &Setup,
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    witnessed: &Witnessed,
    emit: Emit<'_>,
) -> Result<Outcome> {
    let paint = Paint::for_stderr();
    let what = format!("the promotion of {} at {} UTC", record.models.join(", "), record.at.to_the_second());
    match record.presence(witnessed) {
        Presence::Moved => bail!(Refusal(format!(
            "{to} ran since {what}, or something else wrote its rows ({}): they are no longer what it wrote. Taking it back now \
             would also take away what {to} has processed since, so it cannot be taken back any more, and nothing was changed. \
             To be without these models, disable them in {to}'s project; to have another version of them, use --replace",
            witnessed.moved.join(", "),
            to = record.to
        ))),
        Presence::Nothing | Presence::TakenBack => {
            let was_killed = matches!(record.stage, Stage::RollingBack { .. });
            record.stage = Stage::RolledBack;
            record.save(folder)?;
            if !was_killed {
                bail!(Refusal(format!(
                    "{what} was taken back already, outside of this tool: {}'s rows are as before it. Its record says so now; \
                     call --rollback again to take back the one before it",
                    record.to
                )))
            }
        }
        Presence::Complete | Presence::Partial => {
            let lost = record.lost_backups(witnessed);
            if !lost.is_empty() {
                bail!(Refusal(format!(
                    "{what} cannot be taken back: the tables that it replaced are gone ({}). Nothing was changed",
                    lost.join(", ")
                )))
            }
            let script = record.rollback_from(witnessed);
            report::say(&report::rollback_begins(record, paint));
            execute(setup, record, folder, (Way::Back, &script), emit)?;
        }
    }
    report::say(&report::rolled_back(record, paint));
    Ok(Outcome::Done)
}
