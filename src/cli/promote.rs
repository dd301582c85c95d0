//! Arguments of `promote`.

use camino::Utf8PathBuf;
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::shared::{DbtArgs, OutputFormat, SelectionArgs};
use super::values::days;
use crate::promote::Strategy;
use crate::warehouse::Dialect;

const EXAMPLES: &str = "\
Examples:
  # the SQL on stdout, what it does on stderr
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    > promote.sql

  # promote.sql, rollback.sql and verify.sql, for review; then execute these
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --out-dir promotion
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --out-dir promotion --apply

  # take the last one back
  snowplow-backfill promote --to prod --rollback

  # a refreshed model in the place of the one that prod runs
  snowplow-backfill promote --select my_model --target staging --to prod \\
    --replace --apply";

/// Flags of `promote`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub struct PromoteArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// The target that is promoted to; --target is the one promoted from
    #[arg(long, value_name = "TARGET", help_heading = "Promotion")]
    pub to: Option<String>,

    /// How tables are copied: clone, copy, ctas, like, move [default: the warehouse's best]
    #[arg(long, value_enum, help_heading = "Promotion", hide_possible_values = true)]
    pub strategy: Option<Strategy>,

    /// Replace tables that the target has; the old ones are kept under a backup name
    #[arg(long, conflicts_with = "resume", help_heading = "Promotion")]
    pub replace: bool,

    /// A table that the target has without recording it is taken as copied already, if its content is staging's
    #[arg(long, help_heading = "Promotion")]
    pub resume: bool,

    /// Backfill staging up to where the target is first, so that the target's next run is a standard run
    #[arg(long, conflicts_with_all = ["manifest", "rollback"], help_heading = "Promotion")]
    pub sync: bool,

    /// Days of events in one run of --sync
    #[arg(long, value_name = "DAYS", requires = "sync", default_value = "90", value_parser = days, allow_negative_numbers = true, help_heading = "Promotion")]
    pub limit_days: u32,

    /// Execute it through dbt's connection of the target, then verify it
    #[arg(long, help_heading = "Promotion")]
    pub apply: bool,

    /// Take back the last promotion to the target that --apply executed
    #[arg(long, conflicts_with_all = ["apply", "replace", "resume", "strategy", "select", "exclude", "selector", "out_dir", "manifest"], help_heading = "Promotion")]
    pub rollback: bool,

    /// List the promotions to the target that --apply executed: when, which models, their state and backups
    #[arg(long, conflicts_with_all = ["apply", "rollback", "replace", "resume", "sync", "strategy", "select", "exclude", "selector", "out_dir", "manifest"], help_heading = "Promotion")]
    pub list: bool,

    /// Write promote.sql, rollback.sql and verify.sql there instead of the SQL to stdout
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out_dir: Option<Utf8PathBuf>,

    /// Without a connection: staging's manifest.json
    #[arg(long, value_name = "FILE", requires = "to_manifest", conflicts_with_all = ["to", "target"], help_heading = "Offline")]
    pub manifest: Option<Utf8PathBuf>,

    /// Without a connection: prod's manifest.json
    #[arg(long, value_name = "FILE", requires = "manifest", help_heading = "Offline")]
    pub to_manifest: Option<Utf8PathBuf>,

    /// The warehouse whose SQL is written [default: the adapter's]
    #[arg(long, value_name = "DIALECT", value_parser = dialect(), hide_possible_values = true, help_heading = "Promotion")]
    pub dialect: Option<String>,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: SQL on stdout, what it does on stderr; json: a document with both
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: OutputFormat,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

fn dialect() -> PossibleValuesParser {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::adapter))
}
