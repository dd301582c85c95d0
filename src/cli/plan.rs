//! Arguments of `plan`.

use clap::Args;

use super::shared::{DbtArgs, FirstRunArgs, OutputFormat, SelectionArgs, WindowArgs};

const EXAMPLES: &str = "\
Examples:
  # what would be done in staging?
  snowplow-backfill plan --select +my_new_model --target staging

  # the same for a program
  snowplow-backfill plan --select +my_new_model --target staging --format json";

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
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
    pub format: OutputFormat,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}
