//! `dbt parse`: a dbt manifest that is of today.

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::diagnosis;
use super::process::Line;
use super::session::{Call, Dbt};
use super::turn::Turn;
use super::vars::Vars;
use crate::event::{Emit, Purpose};
use crate::failure::Interrupted;

/// A dbt manifest that nobody else writes as long as this lives.
#[derive(Debug)]
pub struct Parsed {
    /// Where it is.
    pub manifest: Utf8PathBuf,
    _turn: Turn,
}

impl Dbt {
    /// Parses the project into a target path; waits for its turn there.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt's; [`Interrupted`]; no dbt manifest.
    pub fn parse(&self, vars: &Vars, target: &Utf8Path, log: &Utf8Path, emit: Emit<'_>) -> Result<Parsed> {
        let turn = Turn::wait_for(target, &self.interrupt, emit)?;
        let mut arguments = ["--quiet", "--no-print"].map(str::to_owned).to_vec();
        if !vars.is_empty() {
            arguments.extend(["--vars".to_owned(), vars.text().to_owned()]);
        }
        let call = Call {
            purpose: Purpose::Parse,
            subcommand: "parse",
            log_format: "text",
            project_directory: self.project_directory.clone(),
            target_path: target.to_owned(),
            log_path: log.to_owned(),
            arguments,
            variables: Vec::new(),
        };
        let mut said = Vec::new();
        let ended = self.call(&call, emit, |line, _| {
            let (Line::Out(line) | Line::Err(line)) = line;
            said.push(line);
        })?;
        if let Some(signal) = self.interrupt.asked() {
            return Err(Interrupted { signal: signal.number() }.into());
        }
        if !ended.exit.is_success() {
            let log = Some(call.log_path.join("dbt.log"));
            return Err(diagnosis::from_output(&call.name(), ended.exit, &said.join("\n"), log).into());
        }
        let manifest = target.join("manifest.json");
        if !manifest.is_file() {
            bail!("`{} parse` ended well but wrote no manifest.json: is it dbt-core?", self.program);
        }
        Ok(Parsed { manifest, _turn: turn })
    }
}
