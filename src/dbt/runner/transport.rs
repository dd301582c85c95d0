//! How a call gets to dbt. The transport is chosen once, and no other module knows which one it is.

use std::fmt;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::interrupt::Interrupt;
use super::process::{self, Ended, Line, ProcessCommand};
use super::program::{Program, quote_for_shell};
use crate::dbt::Hidden;
use crate::dbt::dialect::{self, Dialect};

/// What a call carries.
#[derive(Debug)]
pub(super) struct TransportCall<'a> {
    pub(super) arguments: &'a [String],
    /// Environment variables for this call alone.
    pub(super) variables: &'a [(&'static str, String)],
    /// Environment variables that dbt must not see.
    pub(super) hidden: &'a Hidden,
}

/// Carries calls to dbt.
pub(super) trait Transport: fmt::Debug {
    /// The command that starts dbt, for messages.
    fn program(&self) -> &Program;

    /// How the dbt that is called differs from others, if that is known without a call.
    fn known_dialect(&self) -> Option<Dialect>;

    /// A command line that does the same in a POSIX shell.
    fn command_line(&self, call: &TransportCall<'_>) -> String;

    /// Makes one call and hands over its lines as they come.
    ///
    /// # Errors
    /// dbt cannot be started.
    fn carry(
        &self,
        call: &TransportCall<'_>,
        interrupt: &Interrupt,
        on_line: &mut dyn FnMut(Line),
    ) -> Result<Ended>;
}

/// A process for each call.
#[derive(Debug)]
pub(super) struct ProcessTransport {
    pub(super) program: Program,
    pub(super) directory: Utf8PathBuf,
}

impl Transport for ProcessTransport {
    fn program(&self) -> &Program {
        &self.program
    }

    fn known_dialect(&self) -> Option<Dialect> {
        if !self.program.leading_arguments().is_empty() {
            return None;
        }
        let path = self.directory.join(self.program.executable());
        let file = if self.program.executable().contains('/') { path } else { self.program.location()? };
        dialect::installed_dbt_1(file.as_std_path()).map(Dialect::of)
    }

    fn command_line(&self, call: &TransportCall<'_>) -> String {
        // The user's shell may have these variables too.
        let removed = call.hidden.removed().flat_map(|name| ["-u".to_owned(), name.to_owned()]);
        let set = call.hidden.set().map(|(name, value)| format!("{name}={value}"));
        let mut words: Vec<_> = removed.chain(set).collect();
        if !words.is_empty() {
            words.insert(0, "env".to_owned());
        }
        words.extend(self.program.words().iter().chain(call.arguments).cloned());
        quote_for_shell(words.iter().map(String::as_str))
    }

    fn carry(
        &self,
        call: &TransportCall<'_>,
        interrupt: &Interrupt,
        on_line: &mut dyn FnMut(Line),
    ) -> Result<Ended> {
        let command = ProcessCommand {
            program: &self.program,
            arguments: call.arguments,
            directory: &self.directory,
            variables: call.variables,
            hidden: call.hidden,
        };
        process::run(&command, interrupt, on_line)
    }
}
