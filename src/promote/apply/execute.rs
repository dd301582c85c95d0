//! Executes a script statement by statement. The record says how far it got.

use anyhow::Result;
use camino::Utf8Path;

use super::aftermath::{may_be_done, way_out, what_is_done, what_is_taken_back};
use super::news::{News, Tell};
use super::record::{PromotionRecord, Stage};
use crate::dbt::Execution;
use crate::event::{Emit, Envelope, Event, StatementFinished};
use crate::promote::sql::Script;
use crate::workspace::{Journal, OpenTarget};

/// The direction of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Promotion,
    Rollback,
}

/// The stages of a record while a script is executed.
#[derive(Debug)]
struct Course {
    way: Way,
    /// The stage to return to if a rollback changes nothing.
    before: Stage,
}

impl Course {
    fn of(record: &PromotionRecord, way: Way) -> Self {
        let before = match &record.stage {
            // This rollback was killed before.
            Stage::RollingBack { before, .. } => *before.clone(),
            stage => stage.clone(),
        };
        Self { way, before }
    }

    /// The stage after so many statements.
    fn at(&self, done: usize) -> Stage {
        match self.way {
            Way::Promotion => Stage::Executing { done },
            Way::Rollback => Stage::RollingBack { done, before: Box::new(self.before.clone()) },
        }
    }

    /// The stage at the end.
    fn end(&self, ended: &ExecutionEnd, script: &Script) -> Stage {
        let is_done = ended.executed == script.statements.len();
        match (&ended.error, self.way) {
            (_, Way::Promotion) if is_done => Stage::Promoted,
            (_, Way::Rollback) if is_done => Stage::RolledBack,
            // The connection was lost at the commit. Only prod can tell whether the promotion is taken back.
            (Some(error), Way::Rollback)
                if script.commit() == Some(ended.executed) && ended.has_place && may_be_done(error) =>
            {
                self.at(ended.executed)
            }
            // The rollback changed nothing.
            (_, Way::Rollback) => self.before.clone(),
            (None, Way::Promotion) => Stage::Promoted,
            (Some(error), Way::Promotion) => Stage::Failed {
                statement: ended.executed,
                error: format!("{error:#}"),
                may_be_done: ended.has_place && may_be_done(error),
            },
        }
    }
}

/// How an execution ended.
#[derive(Debug)]
struct ExecutionEnd {
    executed: usize,
    error: Option<anyhow::Error>,
    /// The error belongs to the statement after those that were executed.
    has_place: bool,
}

impl ExecutionEnd {
    fn of(execution: Result<Execution>, total: usize, done: usize) -> Self {
        match execution {
            Ok(Execution::Done) => Self { executed: total, error: None, has_place: true },
            Ok(Execution::Failed { at, error }) => Self { executed: at, error: Some(error), has_place: true },
            // dbt failed before the first statement, or after the last one.
            Err(error) => Self { executed: done, error: Some(error), has_place: done > 0 },
        }
    }
}

/// Executes a script of a promotion. Keeps its record up to date, and a journal beside it.
pub(super) fn execute(
    target: &OpenTarget<'_>,
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    (way, script): (Way, &Script),
    emit: Emit<'_>,
    tell: Tell<'_>,
) -> Result<()> {
    let statements: Vec<_> = script.statements.iter().map(|statement| statement.sql.clone()).collect();
    let total = statements.len();
    let course = Course::of(record, way);
    // The journal may fail, so it is opened before the record says that the execution has begun.
    let mut journal = Journal::create(folder.join("journal.jsonl"))?;
    record.stage = course.at(0);
    record.save(folder)?;
    let (mut lost, mut done) = (None, 0);
    let execution = target.execute(statements, emit, |step| {
        if !step.done {
            return;
        }
        done = step.statement + 1;
        record.stage = course.at(done);
        // The statements continue. A write that fails is reported at the end.
        let written = record.save(folder).and_then(|()| journal.append(&finished(script, step.statement)));
        lost = lost.take().or(written.err());
        tell(&News::StatementDone { number: done, total, title: &script.statements[step.statement].title });
    });
    let ended = ExecutionEnd::of(execution, total, done);
    record.stage = course.end(&ended, script);
    record.save(folder)?;
    let ExecutionEnd { executed, error, has_place } = ended;
    let told = error.as_ref().map(|error| format!("{error:#}"));
    journal.append(&Envelope::now(Event::PromotionFinished { executed, error: told }))?;
    match (error, lost) {
        (None, None) => Ok(()),
        (None, Some(lost)) => Err(lost),
        (Some(error), _) if executed == total || !has_place => Err(error),
        (Some(error), _) => Err(explained(error, executed, (way, script), record, folder)),
    }
}

/// A statement that has been executed, for the journal.
pub(super) fn finished(script: &Script, place: usize) -> Envelope {
    let statement = &script.statements[place];
    Envelope::now(Event::StatementFinished(StatementFinished {
        statement: place + 1,
        total: script.statements.len(),
        title: statement.title.clone(),
        sql: statement.sql.clone(),
    }))
}

/// The error of a statement, with what is done and what to do.
fn explained(
    error: anyhow::Error,
    executed: usize,
    (way, script): (Way, &Script),
    record: &PromotionRecord,
    folder: &Utf8Path,
) -> anyhow::Error {
    let (is_done, what_now) = match way {
        Way::Promotion => (what_is_done(script, executed, record), way_out(script, executed, record, folder)),
        Way::Rollback => what_is_taken_back(script, executed, &error),
    };
    let failed = &script.statements[executed];
    error.context(format!(
        "statement {} of {} failed ({}). {is_done} {what_now}\n{}",
        executed + 1,
        script.statements.len(),
        failed.title,
        failed.sql
    ))
}
