//! Flags that several commands have.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::values::days;
use crate::timestamp::Timestamp;

/// Which models: dbt's own selection.
#[derive(Debug, Clone, Default, Args)]
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
    #[arg(short, long, env = "DBT_TARGET")]
    pub target: Option<String>,

    /// The profile of profiles.yml
    #[arg(long, env = "DBT_PROFILE")]
    pub profile: Option<String>,

    /// Where profiles.yml is
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROFILES_DIR")]
    pub profiles_dir: Option<Utf8PathBuf>,

    /// Where dbt_project.yml is; else this folder or the nearest above it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROJECT_DIR")]
    pub project_dir: Option<Utf8PathBuf>,

    /// How dbt is started: a path, or words such as 'uv run dbt'
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString, default_value = "dbt")]
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

/// For whom the output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}
