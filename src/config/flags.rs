//! The flags of a command, as clap declares them.

use std::any::TypeId;

use camino::Utf8PathBuf;
use clap::{Arg, ArgAction, Command, Id, ValueHint};

use crate::cli;

/// The beginning of the names of this tool's own environment variables.
pub(super) const VARIABLE_PREFIX: &str = "SNOWPLOW_BACKFILL_";

/// Why some flags can only be set on the command line.
pub(super) const NOT_CONFIGURABLE: &str =
    "cannot be set here, because it replaces what the command does: give it on the command line";

/// The value of a switch that is on.
pub(super) const TRUE: &str = "true";

/// Pairs of flags of which dbt silently ignores the second: with `--selector`, it ignores any other
/// selection.
const INSTEAD_OF: &[(&str, &str)] = &[("selector", "select"), ("selector", "exclude")];

/// The values that a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// None: the flag is given or not.
    Switch,
    One,
    /// At least one value.
    Several,
    /// Everything after `--`.
    Rest,
}

/// A flag of one command.
#[derive(Debug, Clone)]
pub(super) struct Flag {
    pub(super) id: Id,
    pub(super) shape: Shape,
    argument: Arg,
}

/// The variables that set the flags of a command, each with its flag; none if it reads no configuration.
#[must_use]
pub fn variables(command: &Command) -> Vec<(String, String)> {
    if !cli::is_configurable(command) {
        return Vec::new();
    }
    let flags = Flag::all(command).into_iter().filter(Flag::is_configurable);
    flags.map(|flag| (flag.variables().join(", "), flag.name())).collect()
}

impl Flag {
    /// The flags of a command, in the order of its help.
    pub(super) fn all(command: &Command) -> Vec<Self> {
        command.get_arguments().filter_map(Self::new).collect()
    }

    fn new(argument: &Arg) -> Option<Self> {
        if [cli::SHOW_CONFIG, "help", "version"].iter().any(|own| argument.get_id() == own) {
            return None;
        }
        let several = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
        let shape = match argument.get_action() {
            _ if argument.is_last_set() => Shape::Rest,
            _ if argument.get_long().is_none() => return None,
            ArgAction::SetTrue => Shape::Switch,
            ArgAction::Append => Shape::Several,
            ArgAction::Set if several => Shape::Several,
            ArgAction::Set => Shape::One,
            _ => return None,
        };
        Some(Self { id: argument.get_id().clone(), shape, argument: argument.clone() })
    }

    /// Whether the environment and the file may set it.
    pub(super) fn is_configurable(&self) -> bool {
        !cli::COMMAND_LINE_ONLY.contains(&self.id.as_str())
    }

    pub(super) fn why_not_configurable(&self) -> String {
        format!("{} {NOT_CONFIGURABLE}", self.name())
    }

    /// Its key in the file: `limit_days`.
    pub(super) fn key(&self) -> String {
        let id = self.id.as_str();
        self.argument.get_long().unwrap_or(id).replace('-', "_")
    }

    /// Its name on the command line: `--limit-days`.
    pub(super) fn name(&self) -> String {
        match self.argument.get_long() {
            Some(long) => format!("--{long}"),
            None => format!("-- {}", self.id.as_str().to_uppercase()),
        }
    }

    /// The variables that set it, the strongest first.
    pub(super) fn variables(&self) -> Vec<String> {
        let mut names = vec![format!("{}{}", VARIABLE_PREFIX, self.key().to_uppercase())];
        if let Some(name) = self.argument.get_env().and_then(|name| name.to_str()) {
            // dbt 1.11 prefers the longer one of its own two names.
            names.extend(name.strip_prefix("DBT_").map(|name| format!("DBT_ENGINE_{name}")));
            names.push(name.to_owned());
        }
        names
    }

    /// Its values if no source sets it.
    pub(super) fn default(&self) -> Vec<String> {
        self.argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// Whether its values are paths.
    pub(super) fn is_path(&self) -> bool {
        self.argument.get_value_parser().type_id() == TypeId::of::<Utf8PathBuf>()
    }

    /// Whether its value is a command, whose first word may be a path.
    pub(super) fn is_command(&self) -> bool {
        self.argument.get_value_hint() == ValueHint::CommandString
    }

    /// Whether clap refuses the two together.
    pub(super) fn excludes(&self, other: &Self, command: &Command) -> bool {
        let declares = |one: &Self, other: &Self| {
            command.get_arg_conflicts_with(&one.argument).iter().any(|found| *found.get_id() == other.id)
        };
        declares(self, other) || declares(other, self)
    }

    /// Whether one of the two makes the other useless or wrong.
    pub(super) fn replaces(&self, other: &Self, command: &Command) -> bool {
        let (one, two) = (self.id.as_str(), other.id.as_str());
        INSTEAD_OF.contains(&(one, two)) || INSTEAD_OF.contains(&(two, one)) || self.excludes(other, command)
    }

    /// Reads the value of a switch, with clap's words for true and false.
    pub(super) fn is_true(&self, text: &str, command: &Command) -> Result<bool, clap::Error> {
        use clap::builder::{BoolishValueParser, TypedValueParser};
        BoolishValueParser::new().parse_ref(command, Some(&self.argument), text.as_ref())
    }

    /// The words of a command line that set these values.
    pub(super) fn words(&self, values: &[String]) -> Vec<String> {
        match self.shape {
            Shape::Switch => values.iter().filter(|value| *value == TRUE).map(|_| self.name()).collect(),
            Shape::One | Shape::Several => {
                values.iter().map(|value| format!("{}={value}", self.name())).collect()
            }
            Shape::Rest => values.to_vec(),
        }
    }
}
