//! `--apply`: executes a promotion, or finishes one that was stopped.

use std::fs;
use std::io::ErrorKind;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use regex::Regex;
use serde::Serialize;

use super::compare::compare;
use super::execute::{Way, execute};
use super::record::{PromotionRecord, Stage, write_files};
use super::resume::{Unfinished, keep_document};
use super::telling::{Telling, started};
use super::witnesses::Witnesses;
use crate::event::{
    Comparison, Emit, Event, PromotionCompared, PromotionDetail, PromotionFinished, PromotionStarted,
    PromotionTask,
};
use crate::failure::Refusal;
use crate::promote::plan::{Action, Plan};
use crate::promote::sql::{FINGERPRINT, Script, Scripts, forecast_lines};
use crate::workspace::OpenTarget;

/// A promotion to be executed.
#[derive(Debug)]
pub struct Application<'a> {
    pub plan: &'a Plan,
    pub scripts: &'a Scripts,
    /// What the plan does, for people.
    pub details: Vec<PromotionDetail>,
    /// A digest of what was asked for.
    pub digest: &'a str,
    /// The names of the locks on both sides.
    pub locks: Vec<String>,
    /// The folder with the scripts that were reviewed, if there is one.
    pub reviewed: Option<&'a Utf8Path>,
}

/// A promotion that was executed and compared.
#[derive(Debug)]
pub struct Applied {
    /// The folder of its record.
    pub folder: Utf8PathBuf,
    pub comparisons: Vec<Comparison>,
}

impl Application<'_> {
    fn record(&self) -> Result<PromotionRecord> {
        let Self { plan, scripts, digest, locks, .. } = self;
        let kept = plan.tables.iter().filter(|table| table.action == Action::Keep);
        let moved = plan.ledgers.iter().flat_map(|ledger| &ledger.moved);
        Ok(PromotionRecord {
            schema: 1,
            from: plan.from.clone(),
            to: plan.to.clone(),
            dialect: Some(plan.dialect.adapter().to_owned()),
            at: plan.made_at,
            models: plan.ledgers.iter().flat_map(|ledger| ledger.models().map(str::to_owned)).collect(),
            recorded_before: moved.map(|row| row.model.clone()).collect(),
            kept: kept.map(|table| table.model.clone()).collect(),
            asked: (*digest).to_owned(),
            locks: locks.clone(),
            is_one_unit: scripts.is_one_unit,
            stage: Stage::Executing { done: 0 },
            witnesses: Witnesses::of(plan)?,
            forecast: forecast_lines(plan),
            promote: scripts.promote.clone(),
            rollback: scripts.rollback.clone(),
            verify: scripts.verify.clone(),
        })
    }
}

/// Executes a plan and compares both sides. `document` is kept for the command that may have to finish it.
///
/// # Errors
/// A [`Refusal`]: it is not what was reviewed. A statement fails; the files cannot be written.
pub fn apply(
    prod: &OpenTarget<'_>,
    application: &Application<'_>,
    document: &impl Serialize,
    emit: Emit<'_>,
) -> Result<Applied> {
    let Application { plan, scripts, .. } = application;
    if let Some(reviewed) = application.reviewed {
        check_reviewed(reviewed, &scripts.promote)?;
        write_files(reviewed, scripts).with_context(|| format!("cannot write to --out-dir {reviewed}"))?;
    }
    let folder = prod.workspace.promotion();
    // The record is written last: without one, there is nothing to finish or to take back.
    write_files(&folder, scripts)?;
    keep_document(&folder, document)?;
    let record = application.record()?;
    let of_promotion = (PromotionTask::Promotion, scripts.promote.statements.len());
    let started = PromotionStarted {
        strategy: Some(plan.strategy.to_string()),
        ..started(&record, of_promotion, application.details.clone(), &folder)
    };
    carry_out(prod, record, started, emit)
}

/// Finishes a promotion that was stopped.
///
/// # Errors
/// Those of [`apply`].
pub fn finish(
    prod: &OpenTarget<'_>,
    unfinished: &Unfinished,
    reviewed: Option<&Utf8Path>,
    emit: Emit<'_>,
) -> Result<Applied> {
    let record = unfinished.record.clone();
    if let Some(reviewed) = reviewed {
        check_reviewed(reviewed, &record.promote)?;
    }
    let of_promotion = (PromotionTask::Promotion, record.promote.statements.len());
    let stopped_at = match &record.stage {
        Stage::Failed { statement, .. } => Some(statement + 1),
        _ => None,
    };
    let started = PromotionStarted {
        continues: true,
        stopped_at,
        ..started(&record, of_promotion, Vec::new(), &unfinished.folder)
    };
    carry_out(prod, record, started, emit)
}

fn carry_out(
    prod: &OpenTarget<'_>,
    mut record: PromotionRecord,
    started: PromotionStarted,
    emit: Emit<'_>,
) -> Result<Applied> {
    let folder = started.folder.clone();
    let mut telling = Telling::open(PromotionTask::Promotion, &folder)?;
    telling.tell(Event::PromotionStarted(started), emit);
    let compared = execute_and_compare(prod, &mut record, &mut telling, emit);
    let compared = telling.end(compared, |compared| promoted(&record, compared), emit)?;
    Ok(Applied { folder, comparisons: compared.comparisons })
}

fn execute_and_compare(
    prod: &OpenTarget<'_>,
    record: &mut PromotionRecord,
    telling: &mut Telling,
    emit: Emit<'_>,
) -> Result<PromotionCompared> {
    let (script, verify) = (record.promote.clone(), record.verify.clone());
    execute(prod, record, (Way::Promotion, &script), telling, emit)?;
    let comparisons = compare(prod, &verify, emit).with_context(|| {
        format!(
            "the promotion was executed, but not compared. The queries are in {}/verify.sql. `promote --to {} \
             --rollback` takes the promotion back",
            telling.folder(),
            record.to
        )
    })?;
    let compared = PromotionCompared { comparisons };
    telling.tell(Event::PromotionCompared(compared.clone()), emit);
    Ok(compared)
}

/// The end of a promotion whose statements were all executed.
fn promoted(record: &PromotionRecord, compared: &PromotionCompared) -> PromotionFinished {
    let to = &record.to;
    let back = format!("`snowplow-backfill promote --to {to} --rollback` takes the promotion back");
    let is_equal = compared.is_equal();
    let (result, next) = if is_equal {
        (record.forecast.clone(), format!("merge the branch before prod runs again; {back}"))
    } else {
        (Vec::new(), format!("find out what else wrote to staging or {to} before {to} runs again; {back}"))
    };
    let is_equal = (!compared.comparisons.is_empty()).then_some(is_equal);
    PromotionFinished { is_equal, result, next: Some(next), ..Default::default() }
}

/// Refuses to execute anything but the script that was reviewed.
fn check_reviewed(folder: &Utf8Path, script: &Script) -> Result<()> {
    let path = folder.join("promote.sql");
    let reviewed = match fs::read_to_string(&path) {
        Ok(reviewed) => reviewed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {path}, the script that was reviewed"));
        }
    };
    let again = "run without --apply to write it again, then review it";
    for line in script.header.iter().filter(|line| line.starts_with(FINGERPRINT)) {
        if !reviewed.lines().any(|reviewed| reviewed.strip_prefix("-- ") == Some(line)) {
            let what = line.split(':').next().unwrap_or_default().replace(FINGERPRINT, "");
            bail!(Refusal(format!("{what} moved since {path} was written: {again}")))
        }
    }
    if statements(&reviewed) != statements(&script.to_text()) {
        bail!(Refusal(format!(
            "{path} is not what would be executed: it was edited, or written with other flags. Execute an \
             edited script with the warehouse's own client. Otherwise, {again}"
        )))
    }
    Ok(())
}

/// The lines of a script, without comments, and without the time of the plan in the names of backups.
fn statements(text: &str) -> Vec<String> {
    static BACKUP: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("__bk_[0-9]{14}").expect("a pattern that is written down"));
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    lines.map(|line| BACKUP.replace_all(line, "__bk").into_owned()).collect()
}
