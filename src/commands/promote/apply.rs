//! `--apply`: executing a promotion, and finishing one that was stopped.

use std::fs;
use std::io::ErrorKind;
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use regex::Regex;

use super::compare::{Comparison, compare};
use super::execute::{Way, execute};
use super::online::Both;
use super::unfinished::{Asked, keep_document, kept_document};
use super::write::{document, write_out};
use crate::cli::{OutputFormat, PromoteArgs};
use crate::commands::prepare::Setup;
use crate::commands::stdout;
use crate::event::Emit;
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::promote::{self, Action, Plan, Progress, Record, Script, Scripts, Witnesses};
use crate::report::{self, Paint};

/// Executes the plan and compares both sides.
pub(super) fn apply(
    args: &PromoteArgs,
    both: &Both,
    asked: &Asked<'_>,
    (plan, scripts): (&Plan, &Scripts),
    emit: Emit<'_>,
) -> Result<Outcome> {
    if let Some(folder) = &args.out_dir {
        check_reviewed(folder, &scripts.promote)?;
        write_out(folder, scripts)?;
    }
    let setup = &both.prod.setup;
    let folder = setup.workspace.promotion();
    let kept = plan.tables.iter().filter(|table| table.action == Action::Keep);
    let moved = plan.ledgers.iter().flat_map(|ledger| &ledger.moved);
    let mut record = Record {
        schema: 1,
        from: plan.from.clone(),
        to: plan.to.clone(),
        at: plan.made_at,
        models: plan.ledgers.iter().flat_map(|ledger| ledger.models().map(str::to_owned)).collect(),
        recorded_before: moved.map(|row| row.model.clone()).collect(),
        kept: kept.map(|table| table.model.clone()).collect(),
        asked: asked.digest.clone(),
        locks: both.lock_names(),
        is_one_unit: scripts.is_one_unit,
        progress: Progress::Executing { done: 0 },
        witnesses: Witnesses::of(plan),
        forecast: promote::forecast_lines(plan),
        promote: scripts.promote.clone(),
        rollback: scripts.rollback.clone(),
        verify: scripts.verify.clone(),
    };
    // The record comes last: without one there is nothing to finish or to take back.
    promote::write_files(&folder, scripts)?;
    keep_document(&folder, &document(plan, scripts))?;
    report::say(&report::promotion_begins(plan, Paint::for_stderr()));
    carry_out(args, setup, &mut record, &folder, emit)
}

/// Finishes a promotion that was stopped.
pub(super) fn go_on(
    args: &PromoteArgs,
    both: &Both,
    mut record: Record,
    folder: &Utf8Path,
    emit: Emit<'_>,
) -> Result<Outcome> {
    if let Some(reviewed) = &args.out_dir {
        check_reviewed(reviewed, &record.promote)?;
    }
    report::say(&report::promotion_goes_on(&record, Paint::for_stderr()));
    carry_out(args, &both.prod.setup, &mut record, folder, emit)
}

fn carry_out(
    args: &PromoteArgs,
    setup: &Setup,
    record: &mut Record,
    folder: &Utf8Path,
    emit: Emit<'_>,
) -> Result<Outcome> {
    let (script, verify) = (record.promote.clone(), record.verify.clone());
    execute(setup, record, folder, (Way::There, &script), emit)?;
    let comparisons = compare(setup, &verify, emit).with_context(|| {
        format!(
            "the promotion was executed, but not compared: {folder}/verify.sql holds the queries; `promote --to {} --rollback` \
             takes it back",
            record.to
        )
    })?;
    match args.format {
        OutputFormat::Json => {
            let mut document = kept_document(folder)?;
            document["applied"] = true.into();
            document["comparisons"] = serde_json::to_value(&comparisons).context("cannot write JSON")?;
            stdout::write_json(&document)?;
        }
        OutputFormat::Human => {}
    }
    let lines: Vec<_> =
        comparisons.iter().map(|it| (it.what.as_str(), it.staging.as_deref(), it.prod.as_deref())).collect();
    let is_equal = comparisons.iter().all(Comparison::is_equal);
    if args.format == OutputFormat::Human || !is_equal {
        let shown = folder.strip_prefix(&setup.dbt.directory).unwrap_or(folder);
        report::say(&report::promoted(record, &lines, shown.as_str(), Paint::for_stderr()));
    }
    Ok(if is_equal { Outcome::Done } else { Outcome::Differs })
}

/// What was written for review is what is executed, or nothing is.
fn check_reviewed(folder: &Utf8Path, script: &Script) -> Result<()> {
    let path = folder.join("promote.sql");
    let reviewed = match fs::read_to_string(&path) {
        Ok(reviewed) => reviewed,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {path}, which was to be reviewed"));
        }
    };
    let again = "call without --apply to write it anew, and look at it again";
    for line in script.header.iter().filter(|line| line.starts_with(promote::FINGERPRINT)) {
        if !reviewed.lines().any(|reviewed| reviewed.strip_prefix("-- ") == Some(line)) {
            let what = line.split(':').next().unwrap_or_default().replace(promote::FINGERPRINT, "");
            bail!(Refusal(format!("{what} moved since {path} was written: {again}")))
        }
    }
    if statements(&reviewed) != statements(&script.to_text()) {
        bail!(Refusal(format!(
            "{path} is not what would be executed: it was edited, or written by other flags. To execute an edited script, use \
             the warehouse's own client; else {again}"
        )))
    }
    Ok(())
}

/// A script without its comments, and without the time of its plan, which the names of backups carry.
fn statements(text: &str) -> Vec<String> {
    static BACKUP: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("__bk_[0-9]{14}").expect("a pattern that is written down"));
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    lines.map(|line| BACKUP.replace_all(line, "__bk").into_owned()).collect()
}
