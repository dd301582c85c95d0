//! Arguments of `run`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::shared::{DbtArgs, FirstRunArgs, OutputFormat, SelectionArgs, WindowArgs};
use super::values::at_least_one;
use crate::timestamp::Timestamp;

const EXAMPLES: &str = "\
Examples:
  # a new model and its ancestors, 30 days of events a run
  snowplow-backfill run --select +my_new_model --target staging --limit-days 30

  # a whole package, for at most two hours
  snowplow-backfill run --selector snowplow_unified --max-duration 2h

  # build one model anew from 2023 on (delete its table's rows first)
  snowplow-backfill run --select +my_model --start-date 2023-01-01 \\
    --remove-from-manifest my_model

  # in a GitHub workflow
  snowplow-backfill run --select +my_new_model --format github

  # what follows -- goes to every dbt run
  snowplow-backfill run --select +my_new_model -- --fail-fast";

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
#[command(after_help = EXAMPLES)]
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

    /// human: lines on stderr; json: one event a line on stdout; github: for a workflow's log and summary
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: RunFormat,

    /// Where the journal goes [default: a new file under dbt's target path]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub journal: Option<Utf8PathBuf>,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// For whom the output of `run` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
    /// For GitHub Actions.
    Github,
}

impl RunFormat {
    /// Of what a run would do.
    #[must_use]
    pub fn of_plan(self) -> OutputFormat {
        match self {
            Self::Human | Self::Github => OutputFormat::Human,
            Self::Json => OutputFormat::Json,
        }
    }
}
