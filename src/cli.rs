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

/// Flags that dbt has too, with dbt's names and meaning.
#[derive(Debug, Clone, Args)]
pub struct DbtArgs {
    /// Models to build, as in dbt: +my_model, package:…, tag:…
    #[arg(short, long, aliases = ["model", "models"], short_alias = 'm', num_args = 1.., value_name = "SELECTOR",
          help_heading = "Selection (as in dbt)")]
    pub select: Vec<String>,

    /// Models to leave out
    #[arg(long, num_args = 1.., value_name = "SELECTOR", help_heading = "Selection (as in dbt)")]
    pub exclude: Vec<String>,

    /// A selector of selectors.yml
    #[arg(long, value_name = "NAME", help_heading = "Selection (as in dbt)")]
    pub selector: Option<String>,

    /// Vars for every call of dbt: a YAML or JSON mapping
    #[arg(long, value_name = "YAML", help_heading = "dbt")]
    pub vars: Option<String>,

    /// The target of profiles.yml
    #[arg(short, long, help_heading = "dbt")]
    pub target: Option<String>,

    /// The profile of profiles.yml
    #[arg(long, help_heading = "dbt")]
    pub profile: Option<String>,

    /// Where profiles.yml is
    #[arg(long, value_name = "DIR", help_heading = "dbt")]
    pub profiles_dir: Option<Utf8PathBuf>,

    /// Where dbt_project.yml is; else this folder or the nearest above it
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", hide_env = true, help_heading = "dbt")]
    pub project_dir: Option<Utf8PathBuf>,

    /// How dbt is started: a path, or words such as 'uv run dbt'
    #[arg(
        long,
        value_name = "COMMAND",
        env = "SNOWPLOW_BACKFILL_DBT",
        default_value = "dbt",
        help_heading = "dbt"
    )]
    pub dbt: String,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, action = ArgAction::SetTrue, help_heading = "Output")]
    pub verbose: bool,
}

/// How a backfill proceeds.
#[derive(Debug, Clone, Args)]
pub struct BackfillArgs {
    /// Days of events in one run: snowplow__backfill_limit_days
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = days, allow_negative_numbers = true,
          help_heading = "Windows")]
    pub limit_days: u32,

    /// Where a model without rows begins (UTC): snowplow__start_date
    #[arg(long, value_name = "DATE", help_heading = "Windows")]
    pub start_date: Option<Timestamp>,

    /// Stop once everything up to this time (UTC) is processed
    #[arg(long, value_name = "TIME", help_heading = "Windows")]
    pub until: Option<Timestamp>,

    /// How far a stall may raise the limit; unbounded by default
    #[arg(long, value_name = "DAYS", value_parser = days, allow_negative_numbers = true, help_heading = "Windows")]
    pub max_limit_days: Option<u32>,

    /// Rebuild from nothing: --full-refresh and snowplow__allow_refresh, on the first run only
    #[arg(long, conflicts_with = "remove_from_manifest", help_heading = "First run")]
    pub full_refresh: bool,

    /// Forget the rows of these models first (models_to_remove), on the first run only: a partial refresh
    #[arg(long, num_args = 1.., value_name = "MODEL", help_heading = "First run")]
    pub remove_from_manifest: Vec<String>,
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The selection and dbt.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// Windows and the first run.
    #[command(flatten)]
    pub backfill: BackfillArgs,

    /// One run, then say whether there is more to do: for schedulers
    #[arg(long, conflicts_with = "max_runs", help_heading = "When to stop")]
    pub once: bool,

    /// Stop after so many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "When to stop")]
    pub max_runs: Option<u32>,

    /// Stop after the run in which this time is over: 2h, 90m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "When to stop")]
    pub max_duration: Option<Duration>,

    /// dbt's number of threads
    #[arg(long, value_name = "N", help_heading = "dbt")]
    pub threads: Option<u32>,

    /// Only show what would be done (the same as plan)
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// Lines for people on stderr, or one JSON event a line on stdout
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,

    /// Where the journal goes; by default a new file under dbt's target path
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub journal: Option<Utf8PathBuf>,

    /// Arguments for every `dbt run`
    #[arg(last = true, value_name = "DBT ARGS")]
    pub dbt_args: Vec<String>,
}

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// The selection and dbt.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// Windows and the first run.
    #[command(flatten)]
    pub backfill: BackfillArgs,

    /// Text for people, or a JSON document
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
}

/// Flags of `models`.
#[derive(Debug, Clone, Args)]
pub struct ModelsArgs {
    /// The selection and dbt.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// The string alone, or a JSON document that says what is in it and why
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
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
        assert_eq!(args.dbt.select, ["+a", "tag:b", "d"]);
        assert_eq!(
            (args.dbt.exclude.as_slice(), args.dbt_args.as_slice()),
            (&["c".into()][..], &["--fail-fast".into()][..])
        );
        assert_eq!(args.backfill.limit_days, 9);
    }
}
