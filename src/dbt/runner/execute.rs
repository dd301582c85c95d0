//! Executes statements: `dbt run-operation` in a generated project, on the user's own connection.
//!
//! The statements are written into the macro's file, because a command line has no room for them.

use anyhow::{Context, Error, Result, anyhow, bail};
use camino::Utf8PathBuf;
use serde::{Deserialize, Deserializer};

use super::batches::batches;
use super::invoke::{Dbt, Invocation};
use super::notice::{Listen, Purpose};
use super::process::{Ended, one_after_the_other};
use super::query::{MARKER, Operation, operation, reply, write, write_project};
use super::turn::Turn;
use crate::dbt::project::Project;
use crate::failure::{Failure, FailureKind};

const MACRO: &str = include_str!("query_project/execute.sql");

/// How an execution ended.
#[derive(Debug)]
pub enum Execution {
    /// All statements were executed.
    Done,
    /// A statement failed or was interrupted. Those before it were executed, those after it were not. Of statements
    /// that are sent together, all of which failed, it is the first one.
    Failed {
        /// The statement's index, from 0.
        at: usize,
        /// A [`Failure`] of dbt, [`Interrupted`](crate::failure::Interrupted), or what else went wrong.
        error: anyhow::Error,
    },
}

/// What is heard of a statement before and after it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The statement's index, from 0.
    pub statement: usize,
    /// Whether the statement has been executed. If not, it is about to begin.
    pub done: bool,
    /// Of a statement that has been executed.
    pub told: StatementTold,
}

/// A report of the macro, before and after each batch of statements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Report {
    first: usize,
    last: usize,
    done: bool,
    #[serde(flatten)]
    told: StatementTold,
}

impl Report {
    /// What it says of each statement. Those that are sent together are done at the same time, and the adapter tells of
    /// the last one alone.
    fn steps(&self) -> Vec<Step> {
        let step = |statement, done| Step { statement, done, told: StatementTold::default() };
        if !self.done {
            return vec![step(self.first, false)];
        }
        let before = (self.first..self.last).flat_map(|at| [step(at, true), step(at + 1, false)]);
        before.chain([Step { told: self.told.clone(), ..step(self.last, true) }]).collect()
    }
}

/// What the adapter tells of a statement that it has executed. Some tell nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StatementTold {
    /// How many rows it wrote, or a query returned.
    #[serde(default, deserialize_with = "if_known")]
    pub rows: Option<u64>,
    /// How many bytes it read.
    #[serde(default, deserialize_with = "if_known")]
    pub bytes: Option<u64>,
    /// Its name in the warehouse's own history.
    #[serde(default)]
    pub query_id: Option<String>,
}

/// A negative number is what drivers say for "not known".
fn if_known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(u64::try_from(i64::deserialize(deserializer)?).ok())
}

/// The indices of the first and the last statement that were reported last, and whether they are done.
type Reached = (usize, usize, bool);

/// The statements of an execution, and where to execute them.
#[derive(Debug, Clone)]
pub struct ExecuteCall<'a> {
    /// `--target`; none for dbt's default.
    pub target: Option<&'a str>,
    /// The user's project. The generated one takes over its profile and quoting.
    pub user: &'a Project,
    /// The folder of the generated project.
    pub directory: Utf8PathBuf,
    /// A folder for the log of this call alone.
    pub log_path: Utf8PathBuf,
    /// The statements in their order, without semicolons at their ends.
    pub statements: Vec<String>,
}

impl Dbt {
    /// Executes statements and stops at the first one that fails. `on_step` hears of each begin and end.
    ///
    /// # Errors
    /// The project cannot be written; dbt fails before the first statement, or after the last one.
    pub fn execute(
        &self,
        call: &ExecuteCall<'_>,
        listen: Listen<'_>,
        mut on_step: impl FnMut(Step),
    ) -> Result<Execution> {
        let directory = &call.directory;
        // Two promotions may share this folder: the target names it, but the tables name their locks.
        let _turn = Turn::wait_for(directory, &self.interrupt, listen)?;
        write_project(directory, "snowplow_backfill_promotion", call.user, None)?;
        let dialect = self.dialect(listen)?;
        let batches =
            serde_json::to_string(&batches(&call.statements, dialect)).context("cannot write JSON")?;
        write(&directory.join("macros/execute.sql"), &MACRO.replace("__BATCHES__", &batches))?;
        let arguments =
            serde_json::json!({"marker": MARKER, "resending": dialect.resending_adapters()}).to_string();
        let target_path = directory.join("target");
        let invocation = operation(&Operation {
            purpose: Purpose::Promotion,
            name: "snowplow_backfill_execute",
            arguments: &arguments,
            target: call.target,
            directory,
            target_path: &target_path,
            log_path: &call.log_path,
        });
        let (mut reached, mut said) = (None, Vec::new());
        let ended = self.invoke(&invocation, listen, |line, _| match reply(&line) {
            Some(text) => {
                let report = serde_json::from_str::<Report>(text).ok();
                if let Some(mut report) = report.filter(|report| report.last < call.statements.len()) {
                    report.told.rows = report.told.rows.filter(|rows| *rows > 0 || dialect.counts_rows());
                    reached = Some((report.first, report.last, report.done));
                    report.steps().into_iter().for_each(&mut on_step);
                }
            }
            None => said.push(line),
        })?;
        self.conclude(&invocation, ended, reached, &one_after_the_other(said), call.statements.len())
    }

    /// How an execution ended, judged by the last step that the macro reported.
    fn conclude(
        &self,
        invocation: &Invocation<'_>,
        ended: Ended,
        reached: Option<Reached>,
        said: &[String],
        statements: usize,
    ) -> Result<Execution> {
        let is_all = reached.is_some_and(|(_, last, done)| done && last + 1 == statements);
        let error = match self.interrupt.check() {
            Err(interrupted) if !is_all => interrupted.into(),
            _ if ended.exit.is_success() && is_all => return Ok(Execution::Done),
            _ if ended.exit.is_success() => {
                anyhow!("{} reported success before the last statement was executed", invocation.name())
            }
            _ => Error::from(failure(invocation, ended, reached, said)),
        };
        let Some((first, last, done)) = reached else { return Err(error) };
        let at = match error.downcast_ref::<Failure>() {
            _ if done => last + 1,
            // The warehouse refused all of them.
            Some(failure) if failure.kind == FailureKind::Statement => first,
            // Whether they are done is known as little as if the connection had been lost at the last one, the commit.
            _ => last,
        };
        let error = match (first..=last).count() {
            2.. if !done => error.context(format!(
                "statements {} to {} were sent together, so which of them failed is only in this message",
                first + 1,
                last + 1
            )),
            _ => error,
        };
        if at >= statements {
            bail!("all statements were executed, but dbt failed afterwards: {error:#}");
        }
        Ok(Execution::Failed { at, error })
    }
}

fn failure(invocation: &Invocation<'_>, ended: Ended, reached: Option<Reached>, said: &[String]) -> Failure {
    let failure = invocation.failure(ended.exit, said);
    match (failure.kind, reached) {
        // What to do next also depends on the statement, not only on the connection.
        (FailureKind::Connection, Some(_)) => Failure { hint: None, ..failure },
        (FailureKind::Silent, _) | (_, None) => failure,
        // Whatever its words are like, the warehouse said them.
        (_, Some(_)) => Failure { kind: FailureKind::Statement, ..failure },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_what_the_adapter_tells() {
        let read = |text: &str| serde_json::from_str::<Report>(text).expect("a report").told;
        let told = r#"{"first": 1, "last": 1, "done": true, "rows": 27, "bytes": 1024, "query_id": "01b2"}"#;
        let all = StatementTold { rows: Some(27), bytes: Some(1024), query_id: Some("01b2".into()) };
        assert_eq!(read(told), all);
        let nothing = r#"{"first": 1, "last": 1, "done": true, "rows": -1, "bytes": -1, "query_id": null}"#;
        for text in [nothing, r#"{"first": 1, "last": 1, "done": false}"#] {
            assert_eq!(read(text), StatementTold::default(), "{text}");
        }
    }
}
