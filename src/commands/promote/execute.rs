//! Executing a script statement by statement, with a record that says how far it got, and what to do where it stopped.

use anyhow::Result;
use camino::Utf8Path;

use crate::backfill::Journal;
use crate::commands::prepare::Setup;
use crate::dbt::Execution;
use crate::event::{self, Emit, Event, StatementFinished};
use crate::failure::{Failure, FailureKind};
use crate::promote::{Known, PromotionRecord, Script, Stage, StatementKind};
use crate::report::{self, Paint};

/// Which way a script goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To prod.
    There,
    /// Back.
    Back,
}

/// Executes a script of a promotion; keeps its record up to date, and a journal beside it.
pub(super) fn execute(
    setup: &Setup,
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    (way, script): (Way, &Script),
    emit: Emit<'_>,
) -> Result<()> {
    let statements: Vec<_> = script.statements.iter().map(|statement| statement.sql.clone()).collect();
    let total = statements.len();
    let paint = Paint::for_stderr();
    let places = (setup.workspace.promotion_project(), setup.workspace.logs("promotion"));
    let before = match (&record.stage, way) {
        // A rollback that was killed, once more.
        (Stage::RollingBack { before, .. }, _) => *before.clone(),
        (stage, _) => stage.clone(),
    };
    let at = |done| match way {
        Way::There => Stage::Executing { done },
        Way::Back => Stage::RollingBack { done, before: Box::new(before.clone()) },
    };
    // First what can fail while nothing is said to have begun.
    let mut journal = Journal::create(folder.join("journal.jsonl"))?;
    record.stage = at(0);
    record.save(folder)?;
    let (mut lost, mut done) = (None, 0);
    let execution = setup.dbt.execute(places, &setup.project, &statements, &setup.vars, emit, |step| {
        if !step.done {
            return;
        }
        done = step.statement + 1;
        let statement = &script.statements[step.statement];
        record.stage = at(done);
        let event = Event::StatementFinished(StatementFinished {
            statement: done,
            total,
            title: statement.title.clone(),
            sql: statement.sql.clone(),
        });
        // The statements go on: what cannot be written is told at the end.
        let written = record.save(folder).and_then(|()| journal.append(&event::Record::now(event)));
        lost = lost.take().or(written.err());
        report::say(&report::statement_done(done, total, &statement.title, paint));
    });
    let (executed, error, has_place) = match execution {
        Ok(Execution::Done) => (total, None, true),
        Ok(Execution::Failed { at, error }) => (at, Some(error), true),
        // Nothing was sent, or nothing is left to send.
        Err(error) => (done, Some(error), done > 0),
    };
    record.stage = match (&error, way) {
        _ if executed == total && way == Way::There => Stage::Promoted,
        _ if executed == total => Stage::RolledBack,
        // Whether it is taken back is for prod to say: the connection was lost at the commit.
        (Some(error), Way::Back) if script.commit() == Some(executed) && has_place && may_be_done(error) => {
            at(executed)
        }
        // What there was to take back still is.
        (_, Way::Back) => before.clone(),
        (None, Way::There) => Stage::Promoted,
        (Some(error), Way::There) => Stage::Failed {
            statement: executed,
            error: format!("{error:#}"),
            may_be_done: has_place && may_be_done(error),
        },
    };
    record.save(folder)?;
    let told = error.as_ref().map(|error| format!("{error:#}"));
    journal.append(&event::Record::now(Event::PromotionFinished { executed, error: told }))?;
    match (error, lost) {
        (None, None) => Ok(()),
        (None, Some(lost)) => Err(lost),
        (Some(error), _) if executed == total || !has_place => Err(error),
        (Some(error), _) => {
            let (is_done, what_now) = match way {
                Way::There => {
                    (what_is_done(script, executed, record), way_out(script, executed, record, folder))
                }
                Way::Back => what_is_taken_back(script, executed, &error),
            };
            let failed = &script.statements[executed];
            Err(error.context(format!(
                "statement {} of {total} failed ({}). {is_done} {what_now}\n{}",
                executed + 1,
                failed.title,
                failed.sql
            )))
        }
    }
}

/// Whether the warehouse may have executed a statement although it is not known to have: it did not say no.
fn may_be_done(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_none_or(|failure| failure.kind != FailureKind::Statement)
}

/// What a statement that failed leaves.
fn what_is_done(script: &Script, failed: usize, record: &PromotionRecord) -> String {
    if record.is_transaction() && record.known() == Known::Open {
        return "The connection was lost at the commit, so that it is not known whether all of it is done or \
                nothing."
            .to_owned();
    }
    match script.goes_on_from(failed) {
        0 if record.is_one_unit => {
            "All of it is one transaction, which was taken back: nothing has changed.".to_owned()
        }
        0 => "Nothing has changed.".to_owned(),
        _ if record.is_transaction() && script.is_committed_before(failed) => {
            "All before it is done, and committed.".to_owned()
        }
        1 => "Statement 1 is done and does no harm.".to_owned(),
        done => format!("Statements 1 to {done} are done and do no harm."),
    }
}

/// How a promotion gets to its end, or out of prod.
fn way_out(script: &Script, failed: usize, record: &PromotionRecord, folder: &Utf8Path) -> String {
    let back = format!("promote --to {} --rollback", record.to);
    match record.known() {
        Known::All => format!(
            "What is left, from statement {} of {folder}/promote.sql on, can be executed by hand; `{back}` takes all of it back.",
            failed + 1
        ),
        Known::Nothing => "Once the cause is gone, call again.".to_owned(),
        Known::Open if record.is_transaction() => {
            format!("`{back}` asks {}, and takes it back if it is done.", record.to)
        }
        // It would stop there again.
        Known::Open if script.statements[failed].kind == StatementKind::Check => {
            format!("Take back what is done with `{back}`, then call again, which plans it anew.")
        }
        Known::Open => format!(
            "Once the cause is gone, the same call finishes what is left, as executing {folder}/promote.sql does; `{back}` \
             takes back what is done."
        ),
    }
}

/// The same for a rollback that failed.
fn what_is_taken_back(script: &Script, failed: usize, error: &anyhow::Error) -> (String, String) {
    let is_known = !may_be_done(error) || script.commit() != Some(failed);
    let is_done = match script.commit() {
        Some(_) if is_known => "All of it is one transaction, which was undone: nothing has changed.",
        Some(_) => "The connection was lost at the commit, so that it is not known whether it is taken back.",
        None if script.changes_nothing_in(failed) => "Nothing has changed.",
        None => "What is done before it stays done.",
    };
    (is_done.to_owned(), "Once the cause is gone, call --rollback again.".to_owned())
}
