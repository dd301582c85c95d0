//! Arguments of `models`.

use clap::Args;

use super::shared::{DbtArgs, OutputFormat, SelectionArgs};

const EXAMPLES: &str = "\
Examples:
  # for a dbt call of your own
  models=$(snowplow-backfill models --select +my_model)
  dbt run --select +my_model --vars \"{models_to_run: '$models'}\"

  # what is in it, and why
  snowplow-backfill models --select +my_model --format json";

/// Flags of `models`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ModelsArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: the string alone; json: a document that says what is in it and why
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: OutputFormat,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}
