//! How a call gets to dbt. The transport is chosen once, and no other module knows which one it is.

use std::fmt;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::interrupt::Interrupt;
use super::process::{self, Ended, Line, ProcessCommand};
use super::program::{Program, quote_for_shell};
use crate::dbt::Hidden;

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
    pub(super) hidden: Hidden,
}

impl Transport for ProcessTransport {
    fn program(&self) -> &Program {
        &self.program
    }

    fn command_line(&self, arguments: &[String]) -> String {
        // The user's shell may have these variables too.
        let removed = self.hidden.removed().flat_map(|name| ["-u".to_owned(), name.to_owned()]);
        let set = self.hidden.set().map(|(name, value)| format!("{name}={value}"));
        let mut words: Vec<_> = removed.chain(set).collect();
        if !words.is_empty() {
            words.insert(0, "env".to_owned());
        }
        words.extend(self.program.words().iter().chain(arguments).cloned());
        quote_for_shell(words.iter().map(String::as_str))
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
