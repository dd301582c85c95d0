//! Arguments of `plan`.

use clap::Args;

use super::passed_on::PassedOnArgs;
use super::shared::{BackfillArgs, OutputFormat};

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
    pub backfill: BackfillArgs,

    #[command(flatten)]
    pub passed_on: PassedOnArgs,

    /// Choose human (text) or json (one document)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: OutputFormat,

    /// Show every dbt call, ready to paste into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}
