//! Executing statements: `dbt run-operation` in a generated project, on the user's own connection.
//!
//! The statements stand in the macro's file: an argument of a command has not the room for them.

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use serde::Deserialize;

use super::diagnosis;
use super::operation::{MARKER, write, write_project};
use super::process::Line;
use super::project::Project;
use super::session::{Call, Dbt};
use super::turn::Turn;
use super::vars::Vars;
use crate::event::{Emit, Purpose};
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

impl Dbt {
    /// Executes statements and stops at the first that fails. `directory` is the generated project's.
    ///
    /// # Errors
    /// The project cannot be written; dbt fails before the first statement.
    pub fn execute(
        &self,
        (directory, log_path): (Utf8PathBuf, Utf8PathBuf),
        user: &Project,
        statements: &[String],
        vars: &Vars,
        emit: Emit<'_>,
        mut on_step: impl FnMut(Step),
    ) -> Result<Execution> {
        // Two promotions may have one folder: it is named by the target, and their locks by the tables.
        let _turn = Turn::wait_for(&directory, &self.interrupt, emit)?;
        write_project(&directory, "snowplow_backfill_promotion", user)?;
        let list = serde_json::to_string(statements).context("cannot write JSON")?;
        write(&directory.join("macros/execute.sql"), &MACRO.replace("__STATEMENTS__", &list))?;
        let arguments = serde_json::json!({"marker": MARKER}).to_string();
        let mut call = Call {
            purpose: Purpose::Promotion,
            subcommand: "run-operation",
            log_format: "text",
            project_directory: directory.clone(),
            target_path: directory.join("target"),
            log_path,
            arguments: ["snowplow_backfill_execute", "--args", &arguments, "--quiet", "--print"]
                .map(Into::into)
                .to_vec(),
            variables: vec![("DBT_SEND_ANONYMOUS_USAGE_STATS", "false".to_owned())],
        };
        if !vars.is_empty() {
            call.arguments.extend(["--vars".to_owned(), vars.text().to_owned()]);
        }
        let (mut reached, mut said) = (None, Vec::new());
        let ended = self.call(&call, emit, |line, _| match &line {
            Line::Out(text) if text.starts_with(MARKER) => {
                if let Ok(step) = serde_json::from_str::<Step>(&text[MARKER.len()..])
                    && step.statement < statements.len()
                {
                    reached = Some(step);
                    on_step(step);
                }
            }
            Line::Out(text) | Line::Err(text) => said.push(text.clone()),
        })?;
        let log = Some(call.log_path.join("dbt.log"));
        let failure = || {
            let failure = diagnosis::from_output(&call.name(), ended.exit, &said.join("\n"), log);
            match (failure.kind, reached) {
                (FailureKind::Project, Some(_)) => Failure { kind: FailureKind::Statement, ..failure },
                // What to do then depends on the statement, and not on the connection alone.
                (FailureKind::Connection, Some(_)) => Failure { hint: None, ..failure },
                _ => failure,
            }
        };
        let complete =
            reached == statements.len().checked_sub(1).map(|statement| Step { statement, done: true });
        let error = match self.interrupt.asked() {
            Some(signal) if !complete => Interrupted { signal: signal.number() }.into(),
            _ if ended.exit.is_success() && complete => return Ok(Execution::Done),
            _ if ended.exit.is_success() => {
                anyhow::anyhow!("{} ended well before the last statement", call.name())
            }
            _ => anyhow::Error::from(failure()),
        };
        match reached {
            None => Err(error),
            Some(Step { statement, done }) => {
                let at = if done { statement + 1 } else { statement };
                if at >= statements.len() {
                    bail!("all statements were executed, but then: {error:#}");
                }
                Ok(Execution::Failed { at, error })
            }
        }
    }
}
