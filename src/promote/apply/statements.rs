//! Executes the statements of a script one after another, whatever they are for, and tells of each.

use std::time::Instant;

use anyhow::Result;

use super::aftermath::may_be_done;
use super::telling::Telling;
use crate::dbt::{Execution, StatementTold};
use crate::event::{Emit, Event, StatementFinished, StatementStarted};
use crate::promote::sql::{Script, Statement, StatementKind};
use crate::workspace::OpenTarget;

/// How an execution ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// How many statements were executed.
    pub(super) executed: usize,
    pub(super) error: Option<anyhow::Error>,
    /// The error belongs to the statement after those that were executed. Otherwise dbt failed before the first
    /// statement, or after the last one.
    pub(super) has_place: bool,
}

impl Ended {
    fn of(execution: Result<Execution>, total: usize, done: usize) -> Self {
        match execution {
            Ok(Execution::Done) => Self { executed: total, error: None, has_place: true },
            Ok(Execution::Failed { at, error }) => Self { executed: at, error: Some(error), has_place: true },
            Err(error) => Self { executed: done, error: Some(error), has_place: false },
        }
    }

    /// Whether the statement that failed may have been executed.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.has_place && self.error.as_ref().is_some_and(may_be_done)
    }

    /// The error, if there is one: with its statement, and what is `said` about it, where it has one.
    pub(super) fn into_result(
        self,
        script: &Script,
        said: impl FnOnce(&anyhow::Error) -> String,
    ) -> Result<()> {
        let Some(error) = self.error else { return Ok(()) };
        if !self.has_place {
            return Err(error);
        }
        let (failed, said) = (&script.statements[self.executed], said(&error));
        Err(error.context(format!(
            "statement {} of {} failed ({}). {said}\n{}",
            self.executed + 1,
            script.statements.len(),
            failed.title,
            failed.sql
        )))
    }
}

/// Executes a script until its end, or until a statement fails. After each statement, `keep` hears how many are
/// done. What it cannot write does not stop the others.
pub(super) fn execute_all(
    target: &OpenTarget<'_>,
    script: &Script,
    mut keep: impl FnMut(usize) -> Result<()>,
    telling: &mut Telling,
    emit: Emit<'_>,
) -> Ended {
    let statements: Vec<_> = script.statements.iter().map(|statement| statement.sql.clone()).collect();
    let total = statements.len();
    let (mut done, mut began) = (0, Instant::now());
    let execution = target.execute(statements, emit, |step, emit| {
        let place = step.statement + 1;
        let statement = &script.statements[step.statement];
        if step.done {
            done = place;
            let written = keep(done);
            telling.keep(written);
            let seconds = began.elapsed().as_secs_f64();
            telling.tell(finished(statement, (place, total), step.told, seconds), emit);
        } else {
            began = Instant::now();
            let title = statement.title.clone();
            telling.tell(Event::StatementStarted(StatementStarted { statement: place, total, title }), emit);
        }
    });
    Ended::of(execution, total, done)
}

fn finished(
    statement: &Statement,
    (place, total): (usize, usize),
    told: StatementTold,
    seconds: f64,
) -> Event {
    let rows = told.rows.filter(|_| writes_rows(statement));
    Event::StatementFinished(StatementFinished {
        statement: place,
        total,
        title: statement.title.clone(),
        sql: statement.sql.clone(),
        rows,
        bytes: told.bytes,
        query_id: told.query_id,
        seconds,
    })
}

/// Whether the number of rows that an adapter tells is that of rows in prod. Of a query it is that of the answer,
/// and of anything else some drivers say 0 or 1.
fn writes_rows(statement: &Statement) -> bool {
    let verb = statement.sql.split_whitespace().next().unwrap_or_default();
    statement.kind == StatementKind::Plain
        && (["insert", "merge", "update", "delete"].contains(&verb) || is_filled(verb, &statement.sql))
}

/// `create table … as select …`: a table that is created empty has no rows to tell.
fn is_filled(verb: &str, sql: &str) -> bool {
    verb == "create" && sql.split_whitespace().any(|word| word == "select")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_of_what_writes_them() {
        for (sql, is_told) in [
            ("insert into prod.visits select * from staging.visits", true),
            ("create table prod.visits as\nselect * from staging.visits", true),
            ("delete from prod.manifest where model = 'visits'", true),
            ("create table prod.visits (like staging.visits)", false),
            ("create table prod.visits clone staging.visits", false),
            ("alter table prod.visits rename to old", false),
            ("select 1", false),
        ] {
            let statement = Statement::plain("", sql);
            assert_eq!(writes_rows(&statement), is_told, "{sql}");
            let check = Statement { kind: StatementKind::Check, ..statement };
            assert!(!writes_rows(&check), "{sql}");
        }
    }

    #[test]
    fn an_error_without_a_statement_is_not_blamed_on_one() {
        let script =
            Script { statements: vec![Statement::plain("the copy", "select 1")], header: Vec::new() };
        let failed = |has_place| {
            let ended = Ended { executed: 0, error: Some(anyhow::anyhow!("refused")), has_place };
            format!("{:#}", ended.into_result(&script, |_| "Nothing.".to_owned()).expect_err("an error"))
        };
        assert_eq!(failed(true), "statement 1 of 1 failed (the copy). Nothing.\nselect 1: refused");
        assert_eq!(failed(false), "refused");
    }
}
