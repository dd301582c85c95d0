//! `dbt ls`: the models in the selection, and the dbt manifest of the same call.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use camino::Utf8Path;
use serde::Deserialize;

use super::invoke::{Dbt, Invocation, LogFormat, SelectionArguments, VarsArgument};
use super::notice::{Listen, Purpose};
use super::process::Line;
use super::turn::Turn;
use crate::dbt::artifacts::log::without_clock;
use crate::dbt::artifacts::{Manifest, ReadFor};
use crate::dbt::version;
use crate::failure::Failure;

/// The models in a selection, with the dbt manifest that describes them.
#[derive(Debug, Clone)]
pub struct Listing {
    /// `unique_id` of every selected model, ephemeral ones included. Never empty.
    pub selected: BTreeSet<String>,
    /// The dbt manifest of the whole project.
    pub manifest: Manifest,
}

/// What a call of `dbt ls` needs.
#[derive(Debug, Clone, Copy)]
pub struct ListCall<'a> {
    /// The models to list.
    pub selection: &'a SelectionArguments,
    /// `--target`; none for dbt's default.
    pub target: Option<&'a str>,
    /// A target path for `dbt ls` alone. Each target path has one parse cache, and `dbt run` gets
    /// other vars.
    pub target_path: &'a Utf8Path,
    /// A folder for the log of this call alone.
    pub log_path: &'a Utf8Path,
}

#[derive(Deserialize)]
struct ListedNode {
    unique_id: String,
}

impl Dbt {
    /// Lists the models in the selection. The user's vars are passed on: they enable and disable models.
    ///
    /// # Errors
    /// A [`Failure`] of dbt; [`Interrupted`](crate::failure::Interrupted); nothing is selected; dbt's version
    /// is not supported; there is no dbt manifest.
    pub fn list(&self, call: &ListCall<'_>, listen: Listen<'_>) -> Result<Listing> {
        // Held until the dbt manifest is read, because another call's vars would change it.
        let _turn = Turn::wait_for(call.target_path, &self.interrupt, listen)?;
        let answer = self.listed(call, &["--quiet", "--no-print"], listen);
        let (selected, _) = answer.map_err(|error| self.explained(error, listen))?;
        let manifest = Manifest::read(&self.written_manifest("ls", call.target_path)?, ReadFor::Runs)?;
        version::check_version(&manifest.metadata.dbt_version)?;
        if selected.is_empty() {
            // With --quiet, dbt does not say which criterion matched nothing.
            let said = match self.listed(call, &["--no-print"], listen) {
                Ok((_, said)) => said,
                Err(error) => error.downcast::<Failure>()?.text().lines().map(str::to_owned).collect(),
            };
            return Err(nothing_selected(&said));
        }
        Ok(Listing { selected, manifest })
    }

    /// The listed models, and everything else that dbt printed.
    fn listed(
        &self,
        call: &ListCall<'_>,
        flags: &[&str],
        listen: Listen<'_>,
    ) -> Result<(BTreeSet<String>, Vec<String>)> {
        let output = ["--resource-type", "model", "--output", "json", "--output-keys", "unique_id"];
        let invocation = Invocation {
            purpose: Purpose::Selection,
            subcommand: "ls",
            log_format: LogFormat::Text,
            project_directory: &self.project_directory,
            target: call.target,
            target_path: call.target_path,
            log_path: call.log_path,
            arguments: flags.iter().chain(&output).map(|&argument| argument.to_owned()).collect(),
            selection: Some(call.selection),
            vars: VarsArgument::AsGiven,
            trailing: Vec::new(),
            variables: Vec::new(),
        };
        let mut selected = BTreeSet::new();
        let said = self.ask(&invocation, listen, |line| {
            let Line::Out(text) = line else { return false };
            let node = serde_json::from_str::<ListedNode>(text).ok();
            node.map(|node| selected.insert(node.unique_id)).is_some()
        })?;
        Ok((selected, said))
    }

    /// Says that dbt is too old, if that is why it does not know the arguments of this call.
    fn explained(&self, error: anyhow::Error, listen: Listen<'_>) -> anyhow::Error {
        let words = ["No such option", "No such command", "unrecognized arguments", "invalid choice"];
        let said = error.downcast_ref::<Failure>().map(Failure::text).unwrap_or_default();
        if !words.iter().any(|words| said.contains(words)) {
            return error;
        }
        let version = self.ask_version(listen).ok().and_then(|(_, text)| version::core_version_in(&text));
        version.and_then(|version| version::check_version(&version).err()).unwrap_or(error)
    }
}

fn nothing_selected(said: &[String]) -> anyhow::Error {
    let warnings: Vec<_> = said
        .iter()
        .map(|line| without_clock(line))
        .filter(|line| line.contains("does not match") || line.contains("No nodes selected"))
        .collect();
    let warnings = if warnings.is_empty() { vec!["dbt ls lists no model"] } else { warnings };
    anyhow!("nothing is selected:\n  {}", warnings.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_dbts_own_warning_when_nothing_is_selected() {
        let said = [
            "16:16:02  Running with dbt=1.11.16",
            "16:16:03  The selection criterion 'nope' does not match any enabled nodes",
            "16:16:03  No nodes selected!",
        ]
        .map(str::to_owned);
        assert_eq!(
            nothing_selected(&said).to_string(),
            "nothing is selected:\n  The selection criterion 'nope' does not match any enabled nodes\n  No \
             nodes selected!"
        );
    }
}
