//! Executing a promotion, and taking one back.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;
use serde::Serialize;

use super::online::{Both, query_project};
use super::{output, promote};
use crate::backfill::{Journal, Lock};
use crate::cli::{Format, PromoteArgs};
use crate::commands::prepare::Setup;
use crate::dbt::{Answer, Execution, Interrupt, Query};
use crate::event::{self, Emit, Event, StatementFinished};
use crate::failure::Refusal;
use crate::outcome::Outcome;
use crate::promote::{Plan, Progress, Record, Script, Scripts};
use crate::report::{self, Paint};

/// One line of the verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    /// What is compared.
    pub(super) what: String,
    /// Staging's value.
    pub(super) staging: Option<String>,
    /// Prod's.
    pub(super) prod: Option<String>,
}

/// Executes the plan and compares both sides.
pub(super) fn apply(
    args: &PromoteArgs,
    both: &Both,
    plan: &Plan,
    scripts: &Scripts,
    emit: Emit<'_>,
) -> Result<Vec<Comparison>> {
    if let Some(folder) = &args.out_dir {
        check_reviewed(folder, plan, scripts)?;
        promote::write_files(folder, scripts)?;
    }
    let setup = &both.prod.setup;
    let folder = setup.workspace.promotion();
    let mut record = Record {
        schema: 1,
        from: plan.from.clone(),
        to: plan.to.clone(),
        at: plan.made_at,
        models: plan.ledgers.iter().flat_map(|ledger| ledger.models().map(str::to_owned)).collect(),
        locks: both.lock_names(),
        is_one_unit: scripts.is_one_unit,
        progress: Progress::Executing { done: 0 },
        promote: scripts.promote.clone(),
        rollback: scripts.rollback.clone(),
        verify: scripts.verify.clone(),
    };
    record.save(&folder)?;
    promote::write_files(&folder, scripts)?;
    report::say(&report::promotion_begins(plan, Paint::for_stderr()));
    execute(setup, &mut record, &folder, &scripts.promote, &Progress::Promoted, emit)?;
    let comparisons = compare(setup, &scripts.verify, emit)?;
    let lines: Vec<_> =
        comparisons.iter().map(|it| (it.what.as_str(), it.staging.as_deref(), it.prod.as_deref())).collect();
    if args.format == Format::Human {
        let shown = folder.strip_prefix(&setup.dbt.directory).unwrap_or(&folder);
        report::say(&report::promoted(plan, &lines, shown.as_str(), Paint::for_stderr()));
    }
    if let Some((what, staging, prod)) = lines.iter().find(|(_, staging, prod)| staging != prod) {
        bail!(
            "the promotion was executed, but then {what} differs: {} in staging, {} in prod. Did something write to them \
             meanwhile? `promote --to {} --rollback` takes it back",
            staging.unwrap_or("nothing"),
            prod.unwrap_or("nothing"),
            plan.to
        );
    }
    Ok(comparisons)
}

/// What was written for review is what is executed, or nothing is.
fn check_reviewed(folder: &Utf8Path, plan: &Plan, scripts: &Scripts) -> Result<()> {
    let path = folder.join("promote.sql");
    let Ok(reviewed) = fs::read_to_string(&path) else { return Ok(()) };
    let again = "call without --apply to write it anew, and look at it again";
    for fingerprint in promote::fingerprint_lines(plan) {
        if !reviewed.lines().any(|line| line.strip_prefix("-- ") == Some(&fingerprint)) {
            let what = fingerprint.split(':').next().unwrap_or_default().replace("fingerprint of ", "");
            bail!(Refusal(format!("{what} moved since {path} was written: {again}")))
        }
    }
    // The names of backups carry the time of the plan.
    let statements = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("--"));
        let backup = regex::Regex::new("__bk_[0-9]{14}");
        lines
            .map(|line| {
                backup.as_ref().map_or(line.to_owned(), |it| it.replace_all(line, "__bk").into_owned())
            })
            .collect()
    };
    if statements(&reviewed) != statements(&scripts.promote.to_text()) {
        bail!(Refusal(format!(
            "{path} is not what would be executed: it was edited, or written by other flags. To execute an edited script, use \
             the warehouse's own client; else {again}"
        )))
    }
    Ok(())
}

/// Executes a script; keeps the record up to date, and a journal beside it.
fn execute(
    setup: &Setup,
    record: &mut Record,
    folder: &Utf8Path,
    script: &Script,
    then: &Progress,
    emit: Emit<'_>,
) -> Result<()> {
    let statements: Vec<_> = script.statements.iter().map(|statement| statement.sql.clone()).collect();
    let total = statements.len();
    let paint = Paint::for_stderr();
    let places = (setup.workspace.promotion_project(), setup.workspace.logs("promotion"));
    let mut journal = Journal::create(folder.join("journal.jsonl"))?;
    let mut lost = None;
    let execution = setup.dbt.execute(places, &setup.project, &statements, &setup.vars, emit, |step| {
        if !step.done {
            return;
        }
        let (number, statement) = (step.statement + 1, &script.statements[step.statement]);
        record.progress = Progress::Executing { done: number };
        let event = Event::StatementFinished(StatementFinished {
            statement: number,
            total,
            title: statement.title.clone(),
            sql: statement.sql.clone(),
        });
        // The statements go on: what cannot be written is told at the end.
        let written = record.save(folder).and_then(|()| journal.append(&event::Record::now(event)));
        lost = lost.take().or(written.err());
        report::say(&report::statement_done(number, total, &statement.title, paint));
    });
    if let Err(error) = &execution
        && *then == Progress::Promoted
        && record.progress == (Progress::Executing { done: 0 })
    {
        record.progress = Progress::Failed { statement: 0, error: format!("{error:#}") };
        record.save(folder)?;
    }
    let execution = execution?;
    let (executed, error) = match &execution {
        Execution::Done => (total, None),
        Execution::Failed { at, error } => (*at, Some(format!("{error:#}"))),
    };
    record.progress = match &error {
        None => then.clone(),
        // It still is there to be taken back.
        Some(_) if *then == Progress::RolledBack => Progress::Promoted,
        Some(error) => Progress::Failed { statement: executed, error: error.clone() },
    };
    record.save(folder)?;
    journal.append(&event::Record::now(Event::PromotionFinished { executed, error }))?;
    match (execution, lost) {
        (Execution::Done, None) => Ok(()),
        (Execution::Done, Some(lost)) => Err(lost),
        (Execution::Failed { at, error }, _) => {
            let what_now = match then {
                Progress::RolledBack => "Once the cause is gone, call --rollback again.".to_owned(),
                _ => way_out(script, at, folder),
            };
            Err(error.context(format!(
                "statement {} of {total} failed ({}). {} {what_now}\n{}",
                at + 1,
                script.statements[at].title,
                what_is_done(script, at, record.is_one_unit),
                script.statements[at].sql
            )))
        }
    }
}

/// What a statement that failed leaves.
fn what_is_done(script: &Script, failed: usize, is_one_unit: bool) -> String {
    match script.goes_on_from(failed) {
        0 if is_one_unit => {
            "All of it is one transaction, which was taken back: nothing has changed.".to_owned()
        }
        0 => "Nothing has changed.".to_owned(),
        _ if script.is_committed_before(failed) => "All before it is done, and committed.".to_owned(),
        1 => "Statement 1 is done and does no harm.".to_owned(),
        done => format!("Statements 1 to {done} are done and do no harm."),
    }
}

/// How a promotion gets to its end.
fn way_out(script: &Script, failed: usize, folder: &Utf8Path) -> String {
    let next = script.goes_on_from(failed) + 1;
    if script.is_committed_before(failed) {
        format!(
            "What is left, from statement {next} of {folder}/promote.sql on, can be executed by hand; --rollback takes all of \
             it back."
        )
    } else if next == 1 {
        "Once the cause is gone, call again.".to_owned()
    } else {
        format!(
            "Once the cause is gone, call again with --resume, or execute {folder}/promote.sql, which finishes what is left: it \
             goes on from statement {next}."
        )
    }
}

/// Asks the verification's queries.
fn compare(setup: &Setup, verify: &Script, emit: Emit<'_>) -> Result<Vec<Comparison>> {
    let ask = |sql: &String| Query { relations: Vec::new(), sql: Some(sql.clone()) };
    let queries: Vec<_> = verify.statements.iter().map(|statement| ask(&statement.sql)).collect();
    let told = setup.dbt.query(&query_project(setup)?, &queries, &setup.vars, emit)?;
    let comparison = |answer: &Answer| match answer {
        Answer::Rows(rows) => match rows.as_slice() {
            [row] => match row.as_slice() {
                [Some(what), staging, prod] => {
                    Some(Comparison { what: what.clone(), staging: staging.clone(), prod: prod.clone() })
                }
                _ => None,
            },
            _ => None,
        },
        Answer::Missing(_) => None,
    };
    told.answers.iter().map(|answer| comparison(answer).context("the verification has no answer")).collect()
}

/// `--rollback`.
pub(super) fn roll_back(args: &PromoteArgs) -> Result<Outcome> {
    let Some(to) = &args.to else { bail!("of which target? Give the one that was promoted to: --to prod") };
    let mut dbt = args.dbt.clone();
    dbt.target = Some(to.clone());
    let setup = Setup::new(&dbt, &args.selection, Interrupt::listen()?)?;
    let (folder, mut record) = Record::last(&setup.workspace.promotions(), to)?;
    let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let _locks: Vec<_> = record
        .locks
        .iter()
        .map(|name| Lock::take(&setup.workspace.lock(name), &command))
        .collect::<Result<_>>()?;
    let mut output = output(args);
    let paint = Paint::for_stderr();
    let (models, at) = (record.models.join(", "), record.at.to_the_second());
    report::say(&report::rollback_begins(&models, &at.to_string(), to, paint));
    let script = record.rollback.clone();
    execute(&setup, &mut record, &folder, &script, &Progress::RolledBack, &mut |event| output.emit(event))?;
    report::say(&report::rolled_back(&models, to, paint));
    Ok(Outcome::Done)
}
