//! `dbt ls`: what the selection holds, and the dbt manifest that goes with it.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use camino::Utf8Path;
use serde::Deserialize;

use super::diagnosis;
use super::log::without_clock;
use super::manifest::Manifest;
use super::manifest_reader::ReadFor;
use super::process::{Ended, Line};
use super::session::{Call, Dbt, SelectionArguments};
use super::turn::Turn;
use super::vars::Vars;
use super::version;
use crate::event::{Emit, Purpose};
use crate::failure::Interrupted;

/// What the selection holds.
#[derive(Debug, Clone)]
pub struct Listing {
    /// `unique_id` of every selected model, ephemeral ones included. Never empty.
    pub selected: BTreeSet<String>,
    /// The whole project.
    pub manifest: Manifest,
}

/// Folders that only `dbt ls` writes to.
#[derive(Debug, Clone, Copy)]
pub struct ListPaths<'a> {
    /// `--target-path`: `ls` has other vars than `run`, and dbt's parse cache is one a target path.
    pub target: &'a Utf8Path,
    /// `--log-path`.
    pub log: &'a Utf8Path,
}

#[derive(Deserialize)]
struct ListedNode {
    unique_id: String,
}

#[derive(Default)]
struct Said {
    nodes: BTreeSet<String>,
    text: Vec<String>,
}

impl Dbt {
    /// Lists the models that the selection picks, with the user's vars: they enable and disable models.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt's; [`Interrupted`]; nothing selected; a version of dbt that is not
    /// supported; no dbt manifest.
    pub fn list(
        &self,
        selection: &SelectionArguments,
        vars: &Vars,
        paths: ListPaths<'_>,
        emit: Emit<'_>,
    ) -> Result<Listing> {
        // Until the dbt manifest is read, which is one of these vars.
        let _turn = Turn::wait_for(paths.target, &self.interrupt, emit)?;
        let call = self.list_call(selection, vars, paths, &["--quiet", "--no-print"]);
        let (ended, said) = self.collect(&call, emit)?;
        if !ended.exit.is_success() {
            return Err(self.explain(&call, ended, &said.text.join("\n"), emit));
        }
        let manifest_path = paths.target.join("manifest.json");
        if !manifest_path.is_file() {
            bail!(
                "`{} ls` ended well but wrote no manifest.json: is it dbt-core? (the dbt Cloud CLI works remotely and is not supported)",
                self.program
            );
        }
        let manifest = Manifest::read(&manifest_path, ReadFor::Runs)?;
        version::check(&manifest.metadata.dbt_version)?;
        if said.nodes.is_empty() {
            // Quiet, dbt does not say which criterion matched nothing.
            let loud = self.list_call(selection, vars, paths, &["--no-print"]);
            let (_, said) = self.collect(&loud, emit)?;
            return Err(nothing_selected(&said.text));
        }
        Ok(Listing { selected: said.nodes, manifest })
    }

    fn list_call(
        &self,
        selection: &SelectionArguments,
        vars: &Vars,
        paths: ListPaths<'_>,
        flags: &[&str],
    ) -> Call {
        let mut arguments: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        arguments.extend(
            ["--resource-type", "model", "--output", "json", "--output-keys", "unique_id"].map(Into::into),
        );
        arguments.extend(selection.arguments());
        if !vars.is_empty() {
            arguments.extend(["--vars".to_owned(), vars.text().to_owned()]);
        }
        Call {
            purpose: Purpose::Selection,
            subcommand: "ls",
            log_format: "text",
            project_directory: self.project_directory.clone(),
            target_path: paths.target.to_owned(),
            log_path: paths.log.to_owned(),
            arguments,
            variables: Vec::new(),
        }
    }

    fn collect(&self, call: &Call, emit: Emit<'_>) -> Result<(Ended, Said)> {
        let mut said = Said::default();
        let ended = self.call(call, emit, |line, _| match line {
            Line::Out(line) => match serde_json::from_str::<ListedNode>(&line) {
                Ok(node) => drop(said.nodes.insert(node.unique_id)),
                Err(_) => said.text.push(line),
            },
            Line::Err(line) => said.text.push(line),
        })?;
        match self.interrupt.asked() {
            Some(signal) => Err(Interrupted { signal: signal.number() }.into()),
            None => Ok((ended, said)),
        }
    }

    fn explain(&self, call: &Call, ended: Ended, said: &str, emit: Emit<'_>) -> anyhow::Error {
        let unknown_option =
            ["No such option", "No such command", "unrecognized arguments", "invalid choice"]
                .iter()
                .any(|words| said.contains(words));
        if unknown_option && let Some(error) = self.too_old(emit) {
            return error;
        }
        diagnosis::from_output(&call.name(), ended.exit, said, Some(call.log_path.join("dbt.log"))).into()
    }

    /// An error, if dbt is of a version that does not know our arguments.
    fn too_old(&self, emit: Emit<'_>) -> Option<anyhow::Error> {
        let mut text = String::new();
        self.call_version(emit, |line| {
            let (Line::Out(line) | Line::Err(line)) = line;
            text.push_str(&line);
            text.push('\n');
        })
        .ok()?;
        version::check(&version::in_output(&text)?).err()
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
            "nothing is selected:\n  The selection criterion 'nope' does not match any enabled nodes\n  No nodes selected!"
        );
    }
}
