//! Flags that several commands share.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::values::{at_least_one, days, duration};
use crate::timestamp::Timestamp;

/// dbt's own selection arguments.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection (as in dbt)")]
pub struct SelectionArgs {
    /// Select these models: +my_model, package:…, tag:…
    #[arg(
        short,
        long,
        aliases = ["model", "models"],
        short_alias = 'm',
        num_args = 1..,
        value_name = "SELECTOR"
    )]
    pub select: Vec<String>,

    /// Leave these models out
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub exclude: Vec<String>,

    /// Use this selector from selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,

    /// Compare with the artifacts in this directory, for state:modified+ and result:error+
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_STATE")]
    pub state: Option<Utf8PathBuf>,
}

/// What refs of models that are not selected stand for.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection (as in dbt)")]
pub struct DeferArgs {
    /// Let refs of models that this target does not have read the tables that --state describes
    #[arg(long, env = "DBT_DEFER")]
    pub defer: bool,

    /// Take the tables for --defer from the artifacts in this directory instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_DEFER_STATE")]
    pub defer_state: Option<Utf8PathBuf>,

    /// With --defer, read those tables even if the target has its own
    #[arg(long, env = "DBT_FAVOR_STATE")]
    pub favor_state: bool,
}

/// How dbt is called. A flag that dbt has, too, has its name and meaning.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "dbt")]
pub struct DbtArgs {
    /// Pass these vars to every dbt call, as YAML or JSON
    #[arg(long, value_name = "YAML")]
    pub vars: Option<String>,

    /// Use this target from profiles.yml
    #[arg(short, long, env = "DBT_TARGET")]
    pub target: Option<String>,

    /// Use this profile from profiles.yml
    #[arg(long, env = "DBT_PROFILE")]
    pub profile: Option<String>,

    /// Look for profiles.yml in this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROFILES_DIR")]
    pub profiles_dir: Option<Utf8PathBuf>,

    /// Look for dbt_project.yml in this directory [default: the working directory or the nearest parent with
    /// one]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROJECT_DIR")]
    pub project_dir: Option<Utf8PathBuf>,

    /// Start dbt with this command: a path, or words such as 'uv run dbt'
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString, default_value = "dbt")]
    pub dbt: String,
}

/// The limit of a window, and where new models start.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Limit each run to this many days of events (sets snowplow__backfill_limit_days)
    #[arg(
        long,
        value_name = "DAYS",
        default_value = "90",
        value_parser = days,
        allow_negative_numbers = true
    )]
    pub limit_days: u32,

    /// Raise the limit to at most this when a run makes no progress [default: unbounded]
    #[arg(long, value_name = "DAYS", value_parser = days, allow_negative_numbers = true)]
    pub max_limit_days: Option<u32>,

    /// Start new models at this date, in UTC (sets snowplow__start_date)
    #[arg(long, value_name = "DATE")]
    pub start_date: Option<Timestamp>,
}

/// When a backfill stops before it is up to date.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "When to stop")]
pub struct StopArgs {
    /// Stop once all events up to this time (UTC) are processed
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    /// Run dbt once, then report whether there is more to do (for schedulers)
    #[arg(long, conflicts_with = "max_runs")]
    pub once: bool,

    /// Stop after this many runs
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub max_runs: Option<u32>,

    /// Start no further run after this time, such as 2h or 90m
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub max_duration: Option<Duration>,
}

/// What only the first run does.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "First run only")]
pub struct FirstRunArgs {
    /// Rebuild from scratch (--full-refresh with snowplow__allow_refresh)
    #[arg(long, conflicts_with = "remove_from_manifest")]
    pub full_refresh: bool,

    /// Refresh these models: remove their rows from the incremental manifest first (sets models_to_remove)
    #[arg(long, num_args = 1.., value_name = "MODEL")]
    pub remove_from_manifest: Vec<String>,
}

/// The flags that `plan` and `run` have alike.
#[derive(Debug, Clone, Args)]
pub struct BackfillArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub defer: DeferArgs,

    #[command(flatten)]
    pub windows: WindowArgs,

    #[command(flatten)]
    pub stop: StopArgs,

    #[command(flatten)]
    pub first_run: FirstRunArgs,

    #[command(flatten)]
    pub dbt: DbtArgs,
}

/// The form of a command's result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}
