//! `dbt ls`: the models in the selection, and the dbt manifest of the same call.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, anyhow, bail};
use camino::Utf8Path;
use serde::Deserialize;

use super::arguments::SelectionArguments;
use super::flags::also_for_ls;
use super::invoke::{Dbt, Invocation, LogFormat, VarsArgument, selects_eagerly};
use super::notice::{Listen, Purpose};
use super::process::Line;
use super::secrets::{MASK, MASKED};
use super::settings::QUIETLY;
use super::turn::Turn;
use super::unmatched::{self, Unmatched};
use crate::dbt::Warnings;
use crate::dbt::artifacts::{Manifest, ReadFor};
use crate::dbt::dialect::{self, Dialect};
use crate::failure::Failure;

/// The models in a selection, with the dbt manifest that describes them.
#[derive(Debug, Clone)]
pub struct Listing {
    /// `unique_id` of every selected model, ephemeral ones included. Never empty. The dbt manifest has them
    /// all.
    pub selected: BTreeSet<String>,
    /// The parts of the selection that match nothing.
    pub unmatched: Vec<Unmatched>,
    /// The dbt manifest of the whole project.
    pub manifest: Manifest,
}

/// What a call of `dbt ls` needs.
#[derive(Debug, Clone, Copy)]
pub struct ListCall<'a> {
    /// The models to list.
    pub selection: &'a SelectionArguments,
    /// The arguments that the user gave after `--`. `dbt ls` gets those that change how it reads the project.
    pub extra: &'a [String],
    /// What the project makes of dbt's warnings.
    pub warnings: Warnings,
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
        let log = call.log_path.join("dbt.log");
        // dbt appends to a log that is there.
        let before = fs::metadata(&log).map_or(0, |log| log.len());
        let selected = self.listed_with_warnings(call, listen);
        let selected = selected.map_err(|error| self.explained(error, listen))?;
        let dialect = self.dialect(listen)?;
        let manifest = Manifest::read(&self.written_manifest("ls", call.target_path)?, ReadFor::Runs)?;
        let manifest = manifest.with_default_selector_of(&self.project_directory);
        self.tell_standing(&manifest.metadata.dbt_version, listen)?;
        if !dialect.may_write_the_manifest_of(Dialect::of_text(&manifest.metadata.dbt_version)?) {
            bail!(
                "`{}` was taken for another dbt than the one that answered, {}: say with --dbt how to start it",
                self.program(),
                manifest.metadata.dbt_version
            );
        }
        let mut unmatched = unmatched::find(&text_after(&log, before), call.selection, &manifest);
        if !dialect.tells_what_matches_nothing() {
            unmatched::find_untold(&mut unmatched, call.selection, &manifest);
        }
        if selected.is_empty() {
            return Err(nothing_selected(&unmatched));
        }
        require_known(&selected, &manifest)?;
        Ok(Listing { selected, unmatched, manifest })
    }

    /// The models that dbt lists, with a warning for each part of the selection that matches nothing.
    fn listed_with_warnings(&self, call: &ListCall<'_>, listen: Listen<'_>) -> Result<BTreeSet<String>> {
        let selected = self.listed(call, listen);
        // profiles.yml and the user's settings can make errors of them, too. Only dbt reads these.
        let are_errors =
            selected.as_ref().err().and_then(anyhow::Error::downcast_ref).is_some_and(|failure| {
                Failure::text(failure).contains("warn_error_options: not allowed with argument warn_error")
            });
        if are_errors && call.warnings == Warnings::Usual {
            return self.listed(&ListCall { warnings: Warnings::Errors, ..*call }, listen);
        }
        selected
    }

    /// The models that dbt lists.
    fn listed(&self, call: &ListCall<'_>, listen: Listen<'_>) -> Result<BTreeSet<String>> {
        // Where it does not warn of it, nothing can silence that.
        let tells = self.dialect(listen)?.tells_what_matches_nothing();
        let restored = call.warnings.restored().filter(|_| tells);
        let arguments = ["--resource-type", "model", "--output", "json", "--output-keys", "unique_id"];
        let invocation = Invocation {
            purpose: Purpose::Selection,
            subcommand: "ls",
            log_format: LogFormat::Text,
            project_directory: &self.project_directory,
            target: call.target,
            target_path: call.target_path,
            log_path: call.log_path,
            settings: QUIETLY,
            arguments: arguments.map(str::to_owned).to_vec(),
            selection: Some(call.selection),
            vars: VarsArgument::AsGiven,
            trailing: also_for_ls(call.extra),
            variables: [selects_eagerly()].into_iter().chain(restored).collect(),
        };
        let mut selected = BTreeSet::new();
        let said = self.ask(&invocation, listen, |line| {
            let Line::Out(text) = line else { return false };
            let node = serde_json::from_str::<ListedNode>(text).ok();
            node.map(|node| selected.insert(node.unique_id)).is_some()
        })?;
        // A secret can also be part of what surrounds the name: `{"uniqu*****": …}`.
        if let Some(line) = said.iter().find(|line| line.starts_with('{') && line.contains(MASK)) {
            bail!("cannot read what dbt ls lists: {line}\n{MASKED}");
        }
        Ok(selected)
    }

    /// Says that dbt is too old, if that is why it does not know the arguments of this call.
    fn explained(&self, error: anyhow::Error, listen: Listen<'_>) -> anyhow::Error {
        let words = ["No such option", "No such command", "unrecognized arguments", "invalid choice"];
        let said = error.downcast_ref::<Failure>().map(Failure::text).unwrap_or_default();
        if !words.iter().any(|words| said.contains(words)) {
            return error;
        }
        let version = self.ask_version(listen).ok().and_then(|(_, text)| dialect::core_version_in(&text));
        version.and_then(|version| dialect::check_version(&version).err()).unwrap_or(error)
    }
}

/// A model that the dbt manifest does not have would be built, but neither named nor recorded.
fn require_known(selected: &BTreeSet<String>, manifest: &Manifest) -> Result<()> {
    let unknown: Vec<_> =
        selected.iter().filter(|id| manifest.node(id).is_none()).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let why = if unknown.iter().any(|id| id.contains(MASK)) {
        MASKED
    } else {
        "Another dbt may have written to this target path at the same time: run the same command again"
    };
    bail!("dbt ls lists models that its dbt manifest does not have: {}\n{why}", unknown.join(", "))
}

/// What a log holds after so many bytes. Without a log there are no warnings.
fn text_after(log: &Utf8Path, bytes: u64) -> String {
    let text = fs::read(log).unwrap_or_default();
    let start = usize::try_from(bytes).unwrap_or(usize::MAX);
    String::from_utf8_lossy(text.get(start..).unwrap_or(&text)).into_owned()
}

fn nothing_selected(unmatched: &[Unmatched]) -> anyhow::Error {
    if unmatched.is_empty() {
        return anyhow!("nothing is selected: dbt ls lists no model");
    }
    anyhow!("nothing is selected:{}", on_lines(unmatched))
}

fn on_lines<'u>(unmatched: impl IntoIterator<Item = &'u Unmatched>) -> String {
    unmatched.into_iter().map(|unmatched| format!("\n  {unmatched}")).collect()
}

impl Listing {
    /// Refuses a selection of which a part matches nothing: the rest is less than what was meant.
    ///
    /// # Errors
    /// Usage: a part of `--select` matches nothing.
    pub fn require_matches(&self) -> Result<()> {
        let mistakes: Vec<_> = self.unmatched.iter().filter(|unmatched| unmatched.is_mistake).collect();
        if mistakes.is_empty() {
            return Ok(());
        }
        bail!("a part of the selection matches nothing:{}", on_lines(mistakes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_the_manifest_does_not_have_are_named() {
        let selected = BTreeSet::from(["model.p.*****_a".to_owned(), "model.p.b".to_owned()]);
        let error = require_known(&selected, &Manifest::default()).expect_err("unknown").to_string();
        assert!(error.contains("model.p.*****_a, model.p.b") && error.contains("DBT_ENV_SECRET_"), "{error}");
        let selected = BTreeSet::from(["model.p.b".to_owned()]);
        let error = require_known(&selected, &Manifest::default()).expect_err("unknown").to_string();
        assert!(error.contains("model.p.b") && !error.contains("DBT_ENV_SECRET_"), "{error}");
    }
}
