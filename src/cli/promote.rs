//! Arguments of `promote`.

use std::time::Duration;

use camino::Utf8PathBuf;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::shared::{DbtArgs, OutputFormat, SelectionArgs};
use super::values::{days, duration};
use crate::promote::{CopyStrategy, Verification};
use crate::warehouse::Dialect;

const EXAMPLES: &str = "\
Examples:
  # print the SQL on stdout, and what it does on stderr
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    > promote.sql

  # write promote.sql, rollback.sql and verify.sql for review, then execute them
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --out-dir promotion
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --out-dir promotion --apply

  # undo the last promotion
  snowplow-backfill promote --to prod --rollback

  # replace a model in prod with the refreshed one
  snowplow-backfill promote --select my_model --target staging --to prod \\
    --replace --apply

  # drop the tables that were replaced at least a week ago
  snowplow-backfill promote --to prod --drop-backups --older-than 7d --apply";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub struct PromoteArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Promote to this target, from the one in --target
    #[arg(long, value_name = "TARGET", help_heading = "Promotion")]
    pub to: Option<String>,

    /// Copy tables by clone, copy, ctas, like or move [default: the best one of the warehouse]
    #[arg(long, value_enum, help_heading = "Promotion", hide_possible_values = true)]
    pub strategy: Option<CopyStrategy>,

    /// Replace tables that the target already has, and keep the old ones under a backup name
    #[arg(long, conflicts_with = "resume", help_heading = "Promotion")]
    pub replace: bool,

    /// Accept tables that were copied but not recorded, if their content is the same as in staging
    #[arg(long, help_heading = "Promotion")]
    pub resume: bool,

    /// Backfill staging up to the target's position first, so that the target's next run is a standard run
    #[arg(long, conflicts_with_all = ["manifest", "rollback"], help_heading = "Promotion")]
    pub sync: bool,

    /// Limit each run of --sync to this many days of events
    #[arg(
        long,
        value_name = "DAYS",
        requires = "sync",
        default_value = "90",
        value_parser = days,
        allow_negative_numbers = true,
        help_heading = "Promotion"
    )]
    pub limit_days: u32,

    /// Execute the SQL through dbt, then verify the result
    #[arg(long, help_heading = "Promotion")]
    pub apply: bool,

    /// Compare both sides afterwards by all rows (full), by their number (counts), or not at all (none) [default: full,
    /// and counts where the warehouse itself clones or copies]
    #[arg(long, value_enum, help_heading = "Promotion", hide_possible_values = true)]
    pub verify: Option<Verification>,

    /// Undo the last promotion to the target that --apply executed
    #[arg(
        long,
        conflicts_with_all = [
            "apply", "replace", "resume", "strategy", "verify", "select", "exclude", "selector", "out_dir", "manifest",
        ],
        help_heading = "Promotion"
    )]
    pub rollback: bool,

    /// List what --apply promoted to the target: time, models, state, and backups with age and size
    #[arg(
        long,
        conflicts_with_all = [
            "apply", "rollback", "replace", "resume", "sync", "strategy", "verify", "select", "exclude", "selector",
            "out_dir", "manifest",
        ],
        help_heading = "Promotion"
    )]
    pub list: bool,

    /// Write the SQL that drops old backups of replaced tables, or drop them with --apply
    #[arg(
        long,
        requires = "older_than",
        conflicts_with_all = [
            "rollback", "list", "replace", "resume", "sync", "strategy", "verify", "select", "exclude", "selector",
            "out_dir", "manifest", "dialect",
        ],
        help_heading = "Promotion"
    )]
    pub drop_backups: bool,

    /// Drop backups that are at least this old, such as 7d or 36h
    #[arg(
        long,
        value_name = "TIME",
        requires = "drop_backups",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "Promotion"
    )]
    pub older_than: Option<Duration>,

    /// Write the SQL of this warehouse [default: the adapter's]
    #[arg(
        long,
        value_name = "DIALECT",
        value_parser = dialect(),
        hide_possible_values = true,
        help_heading = "Promotion"
    )]
    pub dialect: Option<String>,

    /// Read staging's manifest.json instead of connecting
    #[arg(
        long,
        value_name = "FILE",
        requires = "to_manifest",
        conflicts_with_all = ["to", "target"],
        help_heading = "Offline"
    )]
    pub manifest: Option<Utf8PathBuf>,

    /// Read prod's manifest.json instead of connecting
    #[arg(long, value_name = "FILE", requires = "manifest", help_heading = "Offline")]
    pub to_manifest: Option<Utf8PathBuf>,

    #[command(flatten)]
    pub dbt: DbtArgs,

    /// Write promote.sql, rollback.sql and verify.sql to this directory, instead of the SQL to stdout
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out_dir: Option<Utf8PathBuf>,

    /// Choose human (SQL on stdout, what it does on stderr), json (one document), events (of what is executed, on
    /// stdout) or github (log and step summary)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: PromoteFormat,

    /// Show every dbt call, ready to paste into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// The form of what `promote` reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PromoteFormat {
    /// For people.
    #[default]
    Human,
    /// For programs, as one document.
    Json,
    /// For programs, as it happens.
    Events,
    /// For GitHub Actions.
    Github,
}

impl PromoteFormat {
    /// The form of what is not executed.
    #[must_use]
    pub fn of_plan(self) -> OutputFormat {
        match self {
            Self::Human | Self::Events | Self::Github => OutputFormat::Human,
            Self::Json => OutputFormat::Json,
        }
    }
}

fn dialect() -> PossibleValuesParser {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::adapter))
}
