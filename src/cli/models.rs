//! Arguments of `models`.

use clap::Args;

use super::shared::{DbtArgs, OutputFormat, SelectionArgs};

const EXAMPLES: &str = "\
Examples:
  # use the string in a dbt call of your own
  models=$(snowplow-backfill models --select +my_model)
  dbt run --select +my_model --vars \"{models_to_run: '$models'}\"

  # show what is in the string, and why
  snowplow-backfill models --select +my_model --format json";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ModelsArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub dbt: DbtArgs,

    /// Choose human (the string) or json (one document, with its models, packages, and stand-ins with their reasons)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: OutputFormat,

    /// Show every dbt call, ready to paste into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}
