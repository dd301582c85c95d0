//! Arguments of `run`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::passed_on::PassedOnArgs;
use super::shared::{BackfillArgs, OutputFormat};
use super::values::at_least_one;

const EXAMPLES: &str = "\
Examples:
  # backfill a new model and its ancestors, 30 days of events per run
  snowplow-backfill run --select +my_new_model --target staging --limit-days 30

  # backfill a whole package, for about two hours
  snowplow-backfill run --selector snowplow_unified --max-duration 2h

  # rebuild one model from 2023 on, after deleting the rows of its table
  snowplow-backfill run --select +my_model --start-date 2023-01-01 \\
    --remove-from-manifest my_model

  # backfill in a GitHub workflow
  snowplow-backfill run --select +my_new_model --format github

  # pass --fail-fast to every dbt run
  snowplow-backfill run --select +my_new_model -- --fail-fast

Exit codes:
  0  up to date; or as far as --until or --once asks
  1  dbt failed
  2  the usage, the configuration or the project's setup is wrong
  3  stopped as asked, before it was up to date
  4  refused: it would never end or would lose rows
  5  no event was found, so nothing was processed
  129, 130 and 143: interrupted by SIGHUP, SIGINT or SIGTERM";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    #[command(flatten)]
    pub backfill: BackfillArgs,

    /// Run dbt with this many threads
    #[arg(
        long,
        value_name = "N",
        help_heading = "dbt",
        value_parser = at_least_one,
        allow_negative_numbers = true
    )]
    pub threads: Option<u32>,

    #[command(flatten)]
    pub passed_on: PassedOnArgs,

    /// Run the whole project without asking, if no model is selected
    #[arg(short, long)]
    pub yes: bool,

    /// Show what would be done and run nothing, as `plan` does
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// Choose human (text on stderr), json (events on stdout) or github (log and step summary)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: RunFormat,

    /// Write the journal to this file [default: a new file under dbt's target path]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub journal: Option<Utf8PathBuf>,

    /// Show every dbt call, ready to paste into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// The form of what `run` reports.
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
    /// The form of the plan that `--dry-run` shows.
    #[must_use]
    pub fn of_plan(self) -> OutputFormat {
        match self {
            Self::Human | Self::Github => OutputFormat::Human,
            Self::Json => OutputFormat::Json,
        }
    }
}
