//! The flags of every command, as clap knows them.

use std::fmt::Write;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use snowplow_backfill::reference;

use crate::{code, table};

/// A flag with more values than this names them elsewhere: the rules of `check`.
const MOST_VALUES: usize = 8;

pub fn text() -> String {
    let mut program = reference::command();
    program.build();
    let mut text = String::new();
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "## `{}`\n\n{about}.\n", command.get_name());
        let usage = command.clone().render_usage().to_string();
        let _ = writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
        let own: Vec<_> = command.get_arguments().filter(|flag| flag.get_id() != "help").collect();
        let rows = own.iter().map(|flag| [name(flag), default(flag), meaning(flag, command)]);
        let _ = writeln!(text, "{}", table(["flag", "default", "meaning"], rows));
    }
    text
}

fn name(flag: &Arg) -> String {
    let value = value(flag);
    let Some(long) = flag.get_long() else {
        return if flag.is_last_set() { format!("`-- {value}`") } else { format!("`{value}`") };
    };
    let short = flag.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    format!("`{short}--{long}{}{value}`", if value.is_empty() { "" } else { " " })
}

fn value(flag: &Arg) -> String {
    let takes_values =
        !matches!(flag.get_action(), ArgAction::SetTrue | ArgAction::Help | ArgAction::Version);
    let name = flag.get_value_names().and_then(|names| names.first()).filter(|_| takes_values);
    let Some(name) = name else { return String::new() };
    let range = flag.get_num_args().unwrap_or_default();
    let several = if range.max_values() > 1 { "..." } else { "" };
    if range.min_values() == 0 && range.max_values() == 1 && flag.get_long().is_some() {
        format!("[<{name}>]")
    } else {
        format!("<{name}>{several}")
    }
}

fn default(flag: &Arg) -> String {
    if matches!(flag.get_action(), ArgAction::SetTrue) {
        return String::new();
    }
    let values: Vec<_> = flag.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    code(values.iter().map(AsRef::as_ref))
}

fn meaning(flag: &Arg, command: &Command) -> String {
    let mut sentences = vec![flag.get_help().map(ToString::to_string).unwrap_or_default()];
    let values = flag.get_possible_values();
    let values: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
    if (1..=MOST_VALUES).contains(&values.len()) && !matches!(flag.get_action(), ArgAction::SetTrue) {
        sentences.push(format!("Values: {}", code(values)));
    }
    if let Some(variable) = flag.get_env() {
        sentences.push(format!("dbt's variable: `{}`", variable.to_string_lossy()));
    }
    let others = others(flag, command);
    if !others.is_empty() {
        sentences.push(format!("Not together with {}", code(others.iter().map(String::as_str))));
    }
    let ended =
        |text: &String| if text.ends_with(['.', '?', '…']) { text.clone() } else { format!("{text}.") };
    sentences.iter().map(ended).collect::<Vec<_>>().join(" ")
}

/// The flags that clap refuses together with this one, whichever of the two declares it.
fn others(flag: &Arg, command: &Command) -> Vec<String> {
    let declares = |one: &Arg, other: &Arg| {
        let conflicts = command.get_arg_conflicts_with(one);
        conflicts.iter().any(|found| found.get_id() == other.get_id())
    };
    let others = command.get_arguments().filter(|other| other.get_id() != flag.get_id());
    others
        .filter(|other| declares(flag, other) || declares(other, flag))
        .filter_map(|other| other.get_long().map(|long| format!("--{long}")))
        .collect()
}
