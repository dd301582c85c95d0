//! Arguments of `plan`.

use clap::Args;

use super::passed_on::PassedOnArgs;
use super::shared::{DbtArgs, DeferArgs, FirstRunArgs, OutputFormat, SelectionArgs, StopArgs, WindowArgs};

const EXAMPLES: &str = "\
Examples:
  # show what a backfill in staging would do
  snowplow-backfill plan --select +my_new_model --target staging

  # show the same to a program
  snowplow-backfill plan --select +my_new_model --target staging --format json";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct PlanArgs {
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

    #[command(flatten)]
    pub passed_on: PassedOnArgs,

    /// Choose human (text) or json (one document)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: OutputFormat,

    /// Show every dbt call, ready to paste into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}
