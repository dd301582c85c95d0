//! The command line: clap and nothing else.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::timestamp::Timestamp;

/// Longer than any warehouse has events, and short enough for every warehouse's calendar.
const MOST_DAYS: u32 = 36_500;

const EXAMPLES: &str = "\
Examples:
  # build a new model and its ancestors in staging until they are caught up
  snowplow-backfill run --select +my_new_model --target staging

  # what would that do?
  snowplow-backfill plan --select +my_new_model --target staging

  # one run at a time, from a scheduler
  snowplow-backfill run --select +my_new_model --target staging --once

Documentation of every flag, the exit codes and the events: README.md";

const RUN_EXAMPLES: &str = "\
Examples:
  # a new model and its ancestors, 30 days of events a run
  snowplow-backfill run --select +my_new_model --target staging --limit-days 30

  # a whole package, for at most two hours
  snowplow-backfill run --selector snowplow_unified --max-duration 2h

  # build one model anew from 2023 on (delete its table's rows first)
  snowplow-backfill run --select +my_model --remove-from-manifest my_model --start-date 2023-01-01

  # what follows -- goes to every dbt run
  snowplow-backfill run --select +my_new_model -- --fail-fast";

/// Backfills Snowplow's dbt models until they are caught up.
#[derive(Debug, Parser)]
#[command(name = "snowplow-backfill", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Backfill the selection: run dbt again and again until it is caught up
    Run(Box<RunArgs>),
    /// Show what `run` would do, and what it would refuse; changes nothing
    Plan(Box<PlanArgs>),
    /// Print the models_to_run string, for other scripts
    Models(Box<ModelsArgs>),
}

/// Which models: dbt's own selection.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Selection (as in dbt)")]
pub struct SelectionArgs {
    /// Models to build: +my_model, package:…, tag:…
    #[arg(short, long, aliases = ["model", "models"], short_alias = 'm', num_args = 1.., value_name = "SELECTOR")]
    pub select: Vec<String>,

    /// Models to leave out
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub exclude: Vec<String>,

    /// A selector of selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
}

/// How dbt is called; with dbt's own names and meaning, where dbt has the flag.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "dbt")]
pub struct DbtArgs {
    /// Vars for every call of dbt: a YAML or JSON mapping
    #[arg(long, value_name = "YAML")]
    pub vars: Option<String>,

    /// The target of profiles.yml
    #[arg(short, long)]
    pub target: Option<String>,

    /// The profile of profiles.yml
    #[arg(long)]
    pub profile: Option<String>,

    /// Where profiles.yml is
    #[arg(long, value_name = "DIR")]
    pub profiles_dir: Option<Utf8PathBuf>,

    /// Where dbt_project.yml is; else this folder or the nearest above it
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", hide_env = true)]
    pub project_dir: Option<Utf8PathBuf>,

    /// How dbt is started: a path, or words such as 'uv run dbt'
    #[arg(
        long,
        value_name = "COMMAND",
        env = "SNOWPLOW_BACKFILL_DBT",
        hide_env_values = true,
        default_value = "dbt"
    )]
    pub dbt: String,
}

/// How a backfill proceeds.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Days of events in one run: snowplow__backfill_limit_days
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = days, allow_negative_numbers = true)]
    pub limit_days: u32,

    /// How far a stall may raise the limit; unbounded by default
    #[arg(long, value_name = "DAYS", value_parser = days, allow_negative_numbers = true)]
    pub max_limit_days: Option<u32>,

    /// Where a model without rows begins (UTC): snowplow__start_date
    #[arg(long, value_name = "DATE")]
    pub start_date: Option<Timestamp>,
}

/// What the first run does besides.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "First run only")]
pub struct FirstRunArgs {
    /// Build from nothing: --full-refresh with snowplow__allow_refresh
    #[arg(long, conflicts_with = "remove_from_manifest")]
    pub full_refresh: bool,

    /// A partial refresh: forget the rows of these models first (models_to_remove)
    #[arg(long, num_args = 1.., value_name = "MODEL")]
    pub remove_from_manifest: Vec<String>,
}

/// When a backfill ends before it is caught up.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "When to stop")]
pub struct StopArgs {
    /// Stop once everything up to this time (UTC) is processed
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    /// One run, then say whether there is more to do: for schedulers
    #[arg(long, conflicts_with = "max_runs")]
    pub once: bool,

    /// Stop after so many runs
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub max_runs: Option<u32>,

    /// Stop after the run in which this time is over: 2h, 90m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_duration: Option<Duration>,
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Windows.
    #[command(flatten)]
    pub windows: WindowArgs,

    /// When to stop.
    #[command(flatten)]
    pub stop: StopArgs,

    /// The first run.
    #[command(flatten)]
    pub first_run: FirstRunArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// dbt's number of threads
    #[arg(long, value_name = "N", help_heading = "dbt", value_parser = at_least_one, allow_negative_numbers = true)]
    pub threads: Option<u32>,

    /// Arguments for every `dbt run`
    #[arg(last = true, value_name = "DBT ARGS")]
    pub dbt_args: Vec<String>,

    /// Only show what would be done, as plan does
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// human: lines on stderr; json: one event a line on stdout
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: Format,

    /// Where the journal goes [default: a new file under dbt's target path]
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub journal: Option<Utf8PathBuf>,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Windows.
    #[command(flatten)]
    pub windows: WindowArgs,

    /// The first run.
    #[command(flatten)]
    pub first_run: FirstRunArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: text; json: a document
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: Format,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `models`.
#[derive(Debug, Clone, Args)]
pub struct ModelsArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: the string alone; json: a document that says what is in it and why
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: Format,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// For whom the output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// The command line. A flag that is given twice counts the last time, as in dbt, so that a makefile can be overridden.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|argument| {
            let id = argument.get_id().clone();
            if matches!(argument.get_action(), ArgAction::Set) {
                argument.overrides_with(id)
            } else {
                argument
            }
        })
    })
}

/// Reads the command line of this process.
///
/// # Errors
/// What clap cannot read; also `--help` and `--version`.
pub fn parse() -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches()?)
}

fn days(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(days),
        _ => Err(format!("must be a whole number of days from 1 to {MOST_DAYS}")),
    }
}

fn at_least_one(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be a whole number from 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn selections_are_read_as_dbt_reads_them() {
        let words = [
            "snowplow-backfill",
            "run",
            "-s",
            "+a",
            "tag:b",
            "--exclude",
            "c",
            "--select",
            "d",
            "--limit-days",
            "7",
            "--limit-days",
            "9",
            "--",
            "--fail-fast",
        ];
        let matches = command().try_get_matches_from(words).expect("valid");
        let Command::Run(args) = Cli::from_arg_matches(&matches).expect("valid").command else {
            panic!("run")
        };
        assert_eq!(args.selection.select, ["+a", "tag:b", "d"]);
        assert_eq!(
            (args.selection.exclude.as_slice(), args.dbt_args.as_slice()),
            (&["c".into()][..], &["--fail-fast".into()][..])
        );
        assert_eq!(args.windows.limit_days, 9);
    }
}
