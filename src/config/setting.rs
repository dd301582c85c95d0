//! A value of a flag, the source that set it, and how text from a source becomes a value.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, anyhow};
use clap::{Command, Id};

use super::flags::{Flag, Shape, TRUE};

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    CommandLine,
    /// The name of an environment variable.
    Environment(String),
    /// A key of the configuration file.
    File {
        /// File, line and column, as far as they are known.
        place: String,
        /// The key with its section: `run.limit_days`.
        key: String,
    },
}

impl Origin {
    /// Whether the value applies to every command and was not set for this one alone.
    pub(super) fn is_for_all_commands(&self) -> bool {
        match self {
            Self::CommandLine => false,
            Self::Environment(_) => true,
            Self::File { key, .. } => !key.contains('.'),
        }
    }

    /// Puts the source in front of an error about its value.
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

/// A flag's value and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
}

impl Setting {
    /// Whether it turns its flag on: a switch may also be set to `false`.
    pub(super) fn is_active(&self, flag: &Flag) -> bool {
        if flag.shape == Shape::Switch { self.values == [TRUE] } else { !self.values.is_empty() }
    }
}

/// What one source sets, by the id of the flag.
pub(super) type Layer = BTreeMap<Id, Setting>;

/// Splits text into several values, as a shell would.
pub(super) fn words(text: &str) -> Result<Vec<String>> {
    shlex::split(text).ok_or_else(|| anyhow!("the quotes in `{text}` do not match"))
}

/// Reads the value of a switch. The error is in clap's words.
pub(super) fn switch(flag: &Flag, text: &str, command: &Command) -> Result<Vec<String>> {
    let on = flag.is_true(text, command).map_err(|error| anyhow!("{}", reason(&error)))?;
    Ok(vec![if on { TRUE } else { "false" }.to_owned()])
}

/// The reason that clap gives, without what only makes sense below a command line.
pub(super) fn reason(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}
