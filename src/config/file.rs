//! `snowplow-backfill.yml`, beside `dbt_project.yml`.
//!
//! A key at the top level sets a flag of every command that has it. The name of a command, as a key, holds
//! the flags of that command alone.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Command;
use serde_yaml::{Mapping, Value};

use super::flags::{Flag, NOT_CONFIGURABLE, Shape};
use super::positions::KeyPositions;
use super::setting::{Layer, Origin, Setting, switch, words};
use crate::cli;
use crate::suggest;

pub const FILE_NAME: &str = "snowplow-backfill.yml";

/// A name that people often use by mistake, and that would be ignored silently.
const OTHER_NAME: &str = "snowplow-backfill.yaml";

/// Keys that are not flags. The command reads them itself.
const OWN_KEYS: &[(&str, &str)] = &[(cli::CHECK, "rules")];

/// The configuration file of a project.
#[derive(Debug)]
pub struct File {
    /// The project's folder, which contains it.
    folder: Utf8PathBuf,
    directory: Utf8PathBuf,
    /// Its name in errors: relative to the working directory, if it is below that.
    name: String,
    content: Mapping,
    positions: KeyPositions,
}

impl File {
    /// Reads the file of the project in `folder`, if there is one. `directory` is the working directory.
    pub fn read(folder: &Utf8Path, directory: &Utf8Path) -> Result<Option<Self>> {
        // The path of the project's folder contains no links either, so the two can be compared.
        let directory = directory.canonicalize_utf8().unwrap_or_else(|_| directory.to_owned());
        let path = folder.join(FILE_NAME);
        if !path.exists() {
            let other = folder.join(OTHER_NAME);
            if other.exists() {
                bail!("{other} is not read: rename it to {FILE_NAME}");
            }
            return Ok(None);
        }
        let name = path.strip_prefix(&directory).unwrap_or(&path).to_string();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let content = match serde_yaml::from_str(&text) {
            Ok(Value::Mapping(content)) => content,
            Ok(Value::Null) => Mapping::new(),
            Ok(_) => bail!("{name}: must be a mapping of flags to values, such as `limit_days: 30`"),
            Err(error) => return Err(malformed(&name, &error)),
        };
        let positions = KeyPositions::of(&text);
        Ok(Some(Self { folder: folder.to_owned(), directory, name, content, positions }))
    }

    /// The file's name in errors.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The position of a key, such as `snowplow-backfill.yml:3:5`. If it is not known, that of the nearest
    /// key above it.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> String {
        let mut path = path;
        while let Some((_, above)) = path.split_last() {
            if let Some((line, column)) = self.positions.get(path) {
                return format!("{}:{line}:{column}", self.name);
            }
            path = above;
        }
        self.name.clone()
    }

    /// The value under a path of keys.
    #[must_use]
    pub fn value(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.content.get(*first)?, |value, key| value.get(*key))
    }

    /// Refuses keys that are unknown or set twice, and commands that hold no mapping.
    pub(super) fn check(&self, commands: &Command) -> Result<()> {
        let commands: Vec<_> =
            commands.get_subcommands().filter(|command| cli::is_configurable(command)).collect();
        let flags: BTreeMap<_, _> =
            commands.iter().map(|command| (command.get_name(), keys_of(&Flag::all(command)))).collect();
        let anywhere: Vec<_> = flags.values().flatten().map(String::as_str).collect();
        let top: Vec<_> = flags.keys().copied().chain(anywhere.iter().copied()).collect();
        self.check_keys(&self.content, &[], &top)?;
        for (command, keys) in &flags {
            let own = OWN_KEYS.iter().filter(|(owner, _)| owner == command).map(|(_, key)| *key);
            let known: Vec<_> = keys.iter().map(String::as_str).chain(own).collect();
            match self.content.get(*command) {
                None | Some(Value::Null) => {}
                Some(Value::Mapping(section)) => self.check_keys(section, &[command], &known)?,
                Some(_) => bail!(
                    "{}: `{command}` must be a mapping: it holds the flags of the command {command}",
                    self.place(&[command])
                ),
            }
        }
        Ok(())
    }

    fn check_keys(&self, mapping: &Mapping, path: &[&str], known: &[&str]) -> Result<()> {
        let mut seen = BTreeMap::new();
        for key in mapping.keys() {
            let written = key.as_str().with_context(|| {
                let shown = serde_yaml::to_string(key).unwrap_or_default();
                format!("{}: keys must be text, but `{}` is not", self.name, shown.trim())
            })?;
            let place = || self.place(&[path, &[written]].concat());
            if let Some(problem) = problem_of_key(written, path, known) {
                bail!("{}: {problem}", place());
            }
            if let Some(other) = seen.insert(snake(written), written) {
                bail!("{}: `{written}` is set twice, also as `{other}`", place());
            }
        }
        Ok(())
    }

    /// What the file sets of a command's flags: the command's own section first, then what is for all
    /// commands.
    pub(super) fn layers(&self, command: &Command, flags: &[Flag]) -> Result<[Layer; 2]> {
        let section = self.content.get(command.get_name()).and_then(Value::as_mapping);
        let own = section.map(|section| self.layer(section, &[command.get_name()], command, flags));
        Ok([own.transpose()?.unwrap_or_default(), self.layer(&self.content, &[], command, flags)?])
    }

    fn layer(&self, mapping: &Mapping, path: &[&str], command: &Command, flags: &[Flag]) -> Result<Layer> {
        let mut layer = Layer::new();
        for (key, value) in mapping {
            let Some(written) = key.as_str() else { continue };
            let Some(flag) = flags.iter().find(|flag| flag.key() == snake(written)) else { continue };
            let path = [path, &[written]].concat();
            let origin = Origin::File { place: self.place(&path), key: path.join(".") };
            let values = values(flag, value, command).map_err(|error| origin.located(&error))?;
            let values = values.into_iter().map(|value| self.located(flag, value)).collect();
            layer.insert(flag.id.clone(), Setting { values, origin });
        }
        Ok(layer)
    }

    /// Paths in the file are relative to the file, whatever the working directory is.
    fn located(&self, flag: &Flag, value: String) -> String {
        if self.folder == self.directory {
            value
        } else if flag.is_path() {
            self.folder.join(value).into_string()
        } else if flag.is_command() {
            match shlex::split(&value).as_deref() {
                Some([program, arguments @ ..]) if program.contains('/') => {
                    let program = self.folder.join(program).into_string();
                    let words = std::iter::once(&program).chain(arguments).map(String::as_str);
                    shlex::try_join(words).unwrap_or(value)
                }
                _ => value,
            }
        } else {
            value
        }
    }
}

/// Why a key cannot be used at this path.
fn problem_of_key(written: &str, path: &[&str], known: &[&str]) -> Option<String> {
    let key = snake(written);
    if key == cli::PROJECT_DIR {
        return Some(format!("`{written}` cannot be set here, because this file belongs to one project"));
    }
    if cli::COMMAND_LINE_ONLY.contains(&key.as_str()) {
        return Some(format!("`{written}` {NOT_CONFIGURABLE}"));
    }
    if known.contains(&key.as_str()) {
        return None;
    }
    let command = path.first().map_or(String::new(), |command| format!(" for the command {command}"));
    let owner = OWN_KEYS.iter().find(|(_, own)| *own == key && path.is_empty());
    let hint = match owner {
        Some((command, own)) => format!(": it belongs under `{command}`, as `{command}: {{{own}: …}}`"),
        None => suggest::question(&key, known.iter().copied()),
    };
    Some(format!("unknown key `{written}`{command}{hint}"))
}

fn keys_of(flags: &[Flag]) -> Vec<String> {
    let flags = flags.iter().filter(|flag| flag.is_configurable());
    flags.map(Flag::key).filter(|key| key != cli::PROJECT_DIR).collect()
}

/// Keys may have hyphens, as on the command line, or underscores, as in the documentation.
fn snake(key: &str) -> String {
    key.replace('-', "_")
}

fn malformed(name: &str, error: &serde_yaml::Error) -> anyhow::Error {
    match error.location() {
        Some(place) => anyhow!("{name}:{}:{}: not valid YAML: {error}", place.line(), place.column()),
        None => anyhow!("{name}: not valid YAML: {error}"),
    }
}

fn values(flag: &Flag, value: &Value, command: &Command) -> Result<Vec<String>> {
    match (flag.shape, value) {
        (_, Value::Null) => bail!("the value is missing: give one, or remove the key"),
        (Shape::Several | Shape::Rest, Value::Sequence(list)) => list.iter().map(text).collect(),
        (Shape::One | Shape::Switch, Value::Sequence(_)) => {
            bail!("{} takes one value, not a list", flag.name())
        }
        (Shape::Several | Shape::Rest, _) => words(&text(value)?),
        (Shape::One, _) => Ok(vec![text(value)?]),
        (Shape::Switch, _) => switch(flag, &text(value)?, command),
    }
}

/// A value as text for the command line. A mapping (of vars) becomes JSON.
fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Mapping(_) => serde_json::to_string(value).context("it cannot be written as JSON"),
        Value::Null | Value::Sequence(_) | Value::Tagged(_) => {
            bail!("each value must be text, a number, true or false")
        }
    }
}
