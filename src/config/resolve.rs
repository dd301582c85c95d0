//! Which of several values of a flag counts. Pure.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, anyhow, bail};
use clap::{Command, Id};

use super::flags::{Flag, Shape};

/// What a switch that is on has for its value.
pub(super) const TRUE: &str = "true";

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    CommandLine,
    /// A variable.
    Environment(String),
    /// A key of the configuration file.
    File {
        /// File, line and column, as far as they are known.
        place: String,
        /// `run.limit_days`.
        key: String,
    },
}

impl Origin {
    /// Whether it says the same to every command.
    pub(super) fn is_for_all_commands(&self) -> bool {
        match self {
            Self::CommandLine => false,
            Self::Environment(_) => true,
            Self::File { key, .. } => !key.contains('.'),
        }
    }

    /// An error about a value, with where the value is from.
    pub(super) fn located(&self, error: &anyhow::Error) -> anyhow::Error {
        match self {
            Self::CommandLine => anyhow!("{error:#}"),
            Self::Environment(name) => anyhow!("{name} in the environment: {error:#}"),
            Self::File { place, key } => anyhow!("{place}: {key}: {error:#}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("command line"),
            Self::Environment(name) => write!(f, "environment: {name}"),
            Self::File { place, key } => write!(f, "{place}: {key}"),
        }
    }
}

/// A flag's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
}

impl Setting {
    /// Whether it says anything but "no".
    fn is_active(&self, flag: &Flag) -> bool {
        if flag.shape == Shape::Switch { self.values == [TRUE] } else { !self.values.is_empty() }
    }
}

/// What one source says.
pub(super) type Layer = BTreeMap<Id, Setting>;

/// What counts for one flag.
#[derive(Debug, Clone)]
pub(super) struct Resolved<'a> {
    pub(super) flag: &'a Flag,
    /// None where its default counts.
    pub(super) setting: Option<Setting>,
    /// What does not count, and the flag that it would be in the way of.
    pub(super) dropped: Option<(Setting, &'a Flag)>,
}

/// What counts, from the strongest layer to the weakest. A value that excludes what a stronger layer says is dropped, as the
/// flag itself would be if the stronger layer gave it.
///
/// # Errors
/// Two values of one layer exclude each other.
pub(super) fn resolve<'a>(
    command: &Command,
    flags: &'a [Flag],
    layers: &[Layer],
) -> Result<Vec<Resolved<'a>>> {
    let mut resolved: Vec<_> =
        flags.iter().map(|flag| Resolved { flag, setting: None, dropped: None }).collect();
    for layer in layers {
        let active = |resolved: &Resolved<'a>| {
            resolved.setting.as_ref().is_some_and(|setting| setting.is_active(resolved.flag))
        };
        let stronger: Vec<_> = resolved.iter().filter(|one| active(one)).map(|one| one.flag).collect();
        let mut added: Vec<(&Flag, &Setting)> = Vec::new();
        for one in &mut resolved {
            let Some(setting) = layer.get(&one.flag.id) else { continue };
            if one.setting.is_some() {
                continue;
            }
            let in_the_way = stronger.iter().find(|other| one.flag.replaces(other, command));
            if setting.is_active(one.flag) {
                if let Some(other) = in_the_way {
                    one.dropped.get_or_insert((setting.clone(), other));
                    continue;
                }
                added.push((one.flag, setting));
            }
            one.setting = Some(setting.clone());
        }
        refuse_conflicts(command, &added)?;
    }
    Ok(resolved)
}

fn refuse_conflicts(command: &Command, added: &[(&Flag, &Setting)]) -> Result<()> {
    for (place, (flag, setting)) in added.iter().enumerate() {
        let conflict = added[..place].iter().find(|(other, _)| flag.excludes(other, command));
        if let Some((other, other_setting)) = conflict
            && setting.origin != Origin::CommandLine
        {
            bail!(
                "{} and {} cannot be used together:\n  {}\n  {}",
                other.name(),
                flag.name(),
                other_setting.origin,
                setting.origin
            );
        }
    }
    Ok(())
}

/// A switch's value.
///
/// # Errors
/// Clap's own words for a text that is no truth word.
pub(super) fn switch(flag: &Flag, text: &str, command: &Command) -> Result<Vec<String>> {
    let on = flag.is_true(text, command).map_err(|error| anyhow!("{}", said(&error)))?;
    Ok(vec![if on { TRUE } else { "false" }.to_owned()])
}

/// What clap says, without the word `error:` before it and what belongs to a command line behind it.
pub(super) fn said(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}
