//! Executing statements: `dbt run-operation` in a generated project, on the user's own connection.
//!
//! The statements stand in the macro's file: an argument of a command has not the room for them.

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use serde::Deserialize;

use super::diagnosis;
use super::invoke::{Dbt, Invocation};
use super::notice::{Listen, Purpose};
use super::process::Ended;
use super::query::{MARKER, Operation, operation, reply, write, write_project};
use super::turn::Turn;
use crate::dbt::project::Project;
use crate::failure::{Failure, FailureKind, Interrupted};

const MACRO: &str = include_str!("query_project/execute.sql");

/// How an execution ended.
#[derive(Debug)]
pub enum Execution {
    /// All statements were executed.
    Done,
    /// A statement failed, or was interrupted; those before it were executed.
    Failed {
        /// Its place.
        at: usize,
        /// What dbt said.
        error: anyhow::Error,
    },
}

/// Where a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Step {
    /// Its place.
    pub statement: usize,
    /// Whether it has been executed, or begins.
    pub done: bool,
}

/// What is to be executed, and where.
#[derive(Debug, Clone)]
pub struct ExecuteCall<'a> {
    /// `--target`; none for dbt's default.
    pub target: Option<&'a str>,
    /// The user's project: its profile and quoting are taken over.
    pub user: &'a Project,
    /// The folder of the generated project.
    pub directory: Utf8PathBuf,
    /// A folder for its log alone.
    pub log_path: Utf8PathBuf,
    /// In their order, without semicolons at their ends.
    pub statements: Vec<String>,
}

impl Dbt {
    /// Executes statements and stops at the first that fails.
    ///
    /// # Errors
    /// The project cannot be written; dbt fails before the first statement.
    pub fn execute(
        &self,
        call: &ExecuteCall<'_>,
        listen: Listen<'_>,
        mut on_step: impl FnMut(Step),
    ) -> Result<Execution> {
        let directory = &call.directory;
        // Two promotions may share a folder: it is named by the target, their locks by the tables.
        let _turn = Turn::wait_for(directory, &self.interrupt, listen)?;
        write_project(directory, "snowplow_backfill_promotion", call.user)?;
        let list = serde_json::to_string(&call.statements).context("cannot write JSON")?;
        write(&directory.join("macros/execute.sql"), &MACRO.replace("__STATEMENTS__", &list))?;
        let arguments = serde_json::json!({"marker": MARKER}).to_string();
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
                let step = serde_json::from_str::<Step>(text).ok();
                if let Some(step) = step.filter(|step| step.statement < call.statements.len()) {
                    reached = Some(step);
                    on_step(step);
                }
            }
            None => said.push(line.into_text()),
        })?;
        self.conclude(&invocation, ended, reached, &said, call.statements.len())
    }

    /// How an execution ended, by the last step that was reported.
    fn conclude(
        &self,
        invocation: &Invocation<'_>,
        ended: Ended,
        reached: Option<Step>,
        said: &[String],
        statements: usize,
    ) -> Result<Execution> {
        let last = statements.checked_sub(1).map(|statement| Step { statement, done: true });
        let error = match self.interrupt.asked() {
            Some(signal) if reached != last => Interrupted { signal: signal.number() }.into(),
            _ if ended.exit.is_success() && reached == last => return Ok(Execution::Done),
            _ if ended.exit.is_success() => {
                anyhow::anyhow!("{} ended well before the last statement", invocation.name())
            }
            _ => anyhow::Error::from(failure(invocation, ended, reached, said)),
        };
        let Some(Step { statement, done }) = reached else { return Err(error) };
        let at = if done { statement + 1 } else { statement };
        if at >= statements {
            bail!("all statements were executed, but then: {error:#}");
        }
        Ok(Execution::Failed { at, error })
    }
}

fn failure(invocation: &Invocation<'_>, ended: Ended, reached: Option<Step>, said: &[String]) -> Failure {
    let log = Some(invocation.log_file());
    let failure = diagnosis::from_output(&invocation.name(), ended.exit, &said.join("\n"), log);
    match (failure.kind, reached) {
        (FailureKind::Project, Some(_)) => Failure { kind: FailureKind::Statement, ..failure },
        // What to do then depends on the statement, not on the connection alone.
        (FailureKind::Connection, Some(_)) => Failure { hint: None, ..failure },
        _ => failure,
    }
}
