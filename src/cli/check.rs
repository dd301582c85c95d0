//! Arguments of `check`.

use camino::Utf8PathBuf;
use clap::Args;

use super::shared::DbtArgs;
use super::values::Among;
use crate::check;

/// What stands for all rules where one is asked for.
pub const ALL_RULES: &str = "all";

const EXAMPLES: &str = "\
Examples:
  # in a pre-commit hook: parse, then check
  snowplow-backfill check --parse

  # in CI, on the dbt manifest of an earlier step
  snowplow-backfill check --require-fresh --format github

  # is staging kept apart from prod?
  snowplow-backfill check --manifest staging/manifest.json \\
    --to-manifest prod/manifest.json

  # what does a rule mean?
  snowplow-backfill check --explain ephemeral-tracked-model

Exit codes:
  0 nothing at error level, 1 findings at error level or dbt parse failed,
  2 usage or configuration. Where dbt parse failed, or with 2, stdout is empty.";

/// What is checked.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is checked")]
pub struct CheckedArgs {
    /// The dbt manifest [default: manifest.json in dbt's target path]
    #[arg(long, value_name = "PATH")]
    pub manifest: Option<Utf8PathBuf>,

    /// The dbt manifest of prod: is staging, the first one, kept apart from it?
    #[arg(long, value_name = "PATH")]
    pub to_manifest: Option<Utf8PathBuf>,

    /// Call dbt parse first, and check what it writes
    #[arg(long, conflicts_with = "manifest")]
    pub parse: bool,

    /// A dbt manifest that is older than the project's files is an error, not a warning
    #[arg(long)]
    pub require_fresh: bool,

    /// The name of the target that is prod
    #[arg(long, value_name = "NAME", default_value = "prod")]
    pub prod_target: String,
}

/// Being told about rules instead.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rules")]
pub struct RulesArgs {
    /// List the rules, one a line
    #[arg(long, conflicts_with = "explain")]
    pub list_rules: bool,

    /// Explain a rule with a wrong and a right example; without a name all of them, as Markdown
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = ALL_RULES, value_parser = Among(rules), hide_possible_values = true)]
    pub explain: Option<String>,
}

/// Flags of `check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// What is checked.
    #[command(flatten)]
    pub checked: CheckedArgs,

    /// What the rules are.
    #[command(flatten)]
    pub rules: RulesArgs,

    /// dbt's target path, below the project's folder
    #[arg(long, value_name = "DIR", help_heading = "dbt")]
    pub target_path: Option<Utf8PathBuf>,

    /// How dbt is called, and where its project is.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: text; json: a document; github: annotations; sarif: for code scanning; junit: for CI systems
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: check::Format,

    /// Show findings that are ignored too, and the call of dbt
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

fn rules() -> Vec<String> {
    check::RULES.iter().map(|rule| rule.id.to_owned()).chain([ALL_RULES.to_owned()]).collect()
}
