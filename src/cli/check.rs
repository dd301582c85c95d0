//! Arguments of `check`.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::DbtArgs;
use super::values::Suggested;
use crate::check;

/// The value of `--explain` that means every rule.
pub const ALL_RULES: &str = "all";

const EXAMPLES: &str = "\
Examples:
  # parse, then check: for a pre-commit hook
  snowplow-backfill check --parse

  # check the dbt manifest of an earlier step: for CI
  snowplow-backfill check --require-fresh --format github

  # check that staging and prod share no tables
  snowplow-backfill check --manifest staging/manifest.json \\
    --to-manifest prod/manifest.json

  # explain a rule
  snowplow-backfill check --explain ephemeral-tracked-model

Exit codes:
  0  there are no findings at error level
  1  there are findings at error level, or dbt failed
  2  the usage, the configuration or the project's setup is wrong
  If dbt failed, and with exit code 2, stdout is empty.";

/// What is checked.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to check")]
pub struct CheckedArgs {
    /// Check this dbt manifest [default: manifest.json in dbt's target path]
    #[arg(long, value_name = "PATH")]
    pub manifest: Option<Utf8PathBuf>,

    /// Read prod's dbt manifest, too, and check that staging writes to none of prod's tables
    #[arg(long, value_name = "PATH")]
    pub to_manifest: Option<Utf8PathBuf>,

    /// Run dbt parse first, and check what it writes
    #[arg(long, conflicts_with = "manifest")]
    pub parse: bool,

    /// Fail if the dbt manifest is older than the project's files, instead of warning
    #[arg(long)]
    pub require_fresh: bool,

    /// Treat this target as prod
    #[arg(long, value_name = "NAME", default_value = "prod")]
    pub prod_target: String,
}

/// Flags that describe rules instead of checking.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rules")]
pub struct RulesArgs {
    /// List the rules, one per line
    #[arg(long, conflicts_with = "explain")]
    pub list_rules: bool,

    /// Explain a rule with a wrong and a right example, or all rules as Markdown
    #[arg(
        long,
        value_name = "RULE",
        num_args = 0..=1,
        default_missing_value = ALL_RULES,
        value_parser = Suggested(rules),
        hide_possible_values = true
    )]
    pub explain: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    #[command(flatten)]
    pub checked: CheckedArgs,

    #[command(flatten)]
    pub rules: RulesArgs,

    /// Use this target path of dbt, relative to the project
    #[arg(long, value_name = "DIR", help_heading = "dbt")]
    pub target_path: Option<Utf8PathBuf>,

    #[command(flatten)]
    pub dbt: DbtArgs,

    /// Choose human, json, github (annotations), sarif (code scanning) or junit (test report)
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: check::CheckFormat,

    /// Show ignored findings and the dbt call, too
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

fn rules() -> Vec<String> {
    check::RULES.iter().map(|rule| rule.id.to_owned()).chain([ALL_RULES.to_owned()]).collect()
}
