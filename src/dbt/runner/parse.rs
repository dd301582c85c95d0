//! `dbt parse`: a fresh dbt manifest.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::invoke::{Dbt, Invocation, LogFormat, VarsArgument};
use super::notice::{Listen, Purpose};
use super::settings::QUIETLY;
use super::turn::Turn;

/// A dbt manifest. No other call overwrites it until this value is dropped.
#[derive(Debug)]
pub struct FreshManifest {
    /// The path of its file.
    pub path: Utf8PathBuf,
    _turn: Turn,
}

impl Dbt {
    /// Waits for its turn in the target path, then parses the project into it.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt; [`Interrupted`](crate::failure::Interrupted); there is
    /// no dbt manifest.
    pub fn parse(
        &self,
        target: Option<&str>,
        target_path: &Utf8Path,
        log_path: &Utf8Path,
        listen: Listen<'_>,
    ) -> Result<FreshManifest> {
        let turn = Turn::wait_for(target_path, &self.interrupt, listen)?;
        let invocation = Invocation {
            purpose: Purpose::Parse,
            subcommand: "parse",
            log_format: LogFormat::Text,
            project_directory: &self.project_directory,
            target,
            target_path,
            log_path,
            settings: QUIETLY,
            arguments: Vec::new(),
            selection: None,
            vars: VarsArgument::AsGiven,
            trailing: Vec::new(),
            variables: Vec::new(),
        };
        self.ask(&invocation, listen, |_| false)?;
        let path = self.written_manifest(invocation.subcommand, target_path)?;
        Ok(FreshManifest { path, _turn: turn })
    }
}
