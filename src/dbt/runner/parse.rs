//! `dbt parse`: a fresh dbt manifest.

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::invoke::{Dbt, Invocation, LogFormat, VarsArgument};
use super::notice::{Listen, Purpose};
use super::turn::Turn;

/// A dbt manifest that no other call writes as long as this value lives.
#[derive(Debug)]
pub struct FreshManifest {
    /// Where it is.
    pub path: Utf8PathBuf,
    _turn: Turn,
}

impl Dbt {
    /// Parses the project into a target path, after waiting for its turn there.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt; [`Interrupted`](crate::failure::Interrupted); no dbt manifest.
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
            arguments: ["--quiet", "--no-print"].map(str::to_owned).to_vec(),
            selection: None,
            vars: VarsArgument::AsGiven,
            trailing: Vec::new(),
            variables: Vec::new(),
        };
        self.ask(&invocation, listen, |_| false)?;
        let path = target_path.join("manifest.json");
        if !path.is_file() {
            bail!("`{} parse` ended well but wrote no manifest.json: is it dbt-core?", self.program());
        }
        Ok(FreshManifest { path, _turn: turn })
    }
}
