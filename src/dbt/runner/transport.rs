//! How a call gets to dbt. The transport is chosen once, and no other module knows which one it is.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::interrupt::Interrupt;
use super::process::{self, Ended, Line, ProcessCommand};
use super::program::{Program, quote_for_shell};

/// Carries calls to dbt.
pub(super) trait Transport: fmt::Debug {
    /// The command that starts dbt, for messages.
    fn program(&self) -> &Program;

    /// A command line that does the same in a POSIX shell.
    fn command_line(&self, arguments: &[String]) -> String;

    /// Makes one call and hands over its lines as they come. `variables` go into its environment.
    ///
    /// # Errors
    /// dbt cannot be started.
    fn carry(
        &self,
        arguments: &[String],
        variables: &[(&'static str, String)],
        interrupt: &Interrupt,
        on_line: &mut dyn FnMut(Line),
    ) -> Result<Ended>;
}

/// A process for each call.
#[derive(Debug)]
pub(super) struct ProcessTransport {
    pub(super) program: Program,
    pub(super) directory: Utf8PathBuf,
    /// Environment variables that dbt must not see.
    pub(super) hidden: BTreeSet<String>,
}

impl Transport for ProcessTransport {
    fn program(&self) -> &Program {
        &self.program
    }

    fn command_line(&self, arguments: &[String]) -> String {
        // The user's shell may have these variables too.
        let env = if self.hidden.is_empty() { None } else { Some("env") };
        let unset = self.hidden.iter().flat_map(|name| ["-u", name]);
        let called = self.program.words().iter().chain(arguments).map(String::as_str);
        quote_for_shell(env.into_iter().chain(unset).chain(called))
    }

    fn carry(
        &self,
        arguments: &[String],
        variables: &[(&'static str, String)],
        interrupt: &Interrupt,
        on_line: &mut dyn FnMut(Line),
    ) -> Result<Ended> {
        let command = ProcessCommand {
            program: &self.program,
            arguments,
            directory: &self.directory,
            variables,
            hidden: &self.hidden,
        };
        process::run(&command, interrupt, on_line)
    }
}
