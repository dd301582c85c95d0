//! The command line, as clap declares it. `config` adds the values that the environment and the file set.

mod check;
mod completions;
mod man;
mod models;
mod passed_on;
mod plan;
mod promote;
mod run;
mod shared;
mod values;

use clap::{Arg, ArgAction, CommandFactory, Parser, Subcommand};

pub use check::{ALL_RULES, CheckArgs};
pub use completions::CompletionsArgs;
pub use man::ManArgs;
pub use models::ModelsArgs;
pub use passed_on::PassedOnArgs;
pub use plan::PlanArgs;
pub use promote::{PromoteArgs, PromoteFormat};
pub use run::{RunArgs, RunFormat};
pub use shared::{BackfillArgs, DbtArgs, DeferArgs, OutputFormat, SelectionArgs};
use values::Suggested;

/// The id of `--project-dir`.
pub const PROJECT_DIR: &str = "project_dir";
/// The id of `--show-config`.
pub const SHOW_CONFIG: &str = "show_config";
/// The name of the command `check`.
pub const CHECK: &str = "check";
/// The id of `--version`.
pub const VERSION: &str = "version";
/// The id of `--verbose` in front of a command.
pub const VERBOSE: &str = "verbose";
/// The ids of flags that replace what their command does. Set for every call, they would disable the command.
///
/// `--dry-run` is not one of them: it does the same, but changes nothing.
pub const COMMAND_LINE_ONLY: [&str; 5] = ["drop_backups", "explain", "list", "list_rules", "rollback"];

const EXAMPLES: &str = "\
Examples:
  # backfill a new model and its ancestors in staging until they are up to date
  snowplow-backfill run --select +my_new_model --target staging

  # show what that would do
  snowplow-backfill plan --select +my_new_model --target staging

  # promote the model to prod: review the SQL, then execute it
  snowplow-backfill promote --select +my_new_model --target staging --to prod
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --apply

  # run dbt once per call, from a scheduler
  snowplow-backfill run --select +my_new_model --target staging --once

For all flags, exit codes and events, see README.md.";

/// Stands before the examples of each command that works on a project.
const ELSEWHERE: &str = "\
Other ways to set flags:
  in the environment: SNOWPLOW_BACKFILL_LIMIT_DAYS=30
  in snowplow-backfill.yml beside dbt_project.yml: limit_days: 30";

/// Backfill Snowplow dbt models until they are up to date, then promote them to prod.
#[derive(Debug, Parser)]
#[command(name = "snowplow-backfill", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Backfill the selected models: run dbt repeatedly until they are up to date
    Run(Box<RunArgs>),
    /// Show what `run` would do or refuse, and change nothing
    Plan(Box<PlanArgs>),
    /// Print the models_to_run string, for use in other scripts
    Models(Box<ModelsArgs>),
    /// Write the SQL that promotes models from staging to prod, or execute it
    Promote(Box<PromoteArgs>),
    /// Lint the dbt manifest and dbt_project.yml, offline, for what breaks incremental Snowplow models
    Check(Box<CheckArgs>),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of this program or of a command
    Man(ManArgs),
}

/// The command line.
///
/// - If a flag is repeated, the last one wins, as in dbt. So flags can be added to those of a makefile.
/// - `env = …` only declares dbt's own variable for a flag. `config` reads the environment, as it reads the
///   file.
/// - `--version` is a flag like others, so that `--verbose` may stand before or after it.
#[must_use]
pub fn command() -> clap::Command {
    let version = Arg::new(VERSION).short('V').long("version").help("Print the version");
    let verbose =
        Arg::new(VERBOSE).short('v').long("verbose").help("With --version, add what a bug report needs");
    Cli::command()
        .disable_version_flag(true)
        .subcommand_required(false)
        .override_usage("snowplow-backfill <COMMAND> [OPTIONS]")
        .args([version, verbose].map(|flag| flag.action(ArgAction::SetTrue)))
        .mut_subcommands(|command| match command.get_name() {
            // Here and not where `man` is declared, because it takes the names of all commands.
            "man" => command.mut_arg("command", |argument| argument.value_parser(Suggested(commands))),
            _ => command,
        })
        .mut_subcommands(last_one_wins)
        .mut_subcommands(|command| if is_configurable(&command) { configurable(command) } else { command })
}

fn last_one_wins(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let id = argument.get_id().clone();
        match argument.get_action() {
            ArgAction::Set => argument.overrides_with(id),
            _ => argument,
        }
    })
}

/// Whether a command works on a dbt project, and so reads the configuration file beside it.
#[must_use]
pub fn is_configurable(command: &clap::Command) -> bool {
    command.get_arguments().any(|argument| argument.get_id() == PROJECT_DIR)
}

/// The same command, but clap does not read the environment: it would report a conflict between flags of
/// different sources, where the stronger source has to win.
#[must_use]
pub fn without_environment(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| command.mut_args(|argument| argument.env(None::<&str>)))
}

fn configurable(command: clap::Command) -> clap::Command {
    let show_config = Arg::new(SHOW_CONFIG)
        .long("show-config")
        .action(ArgAction::SetTrue)
        .help("Print the value and the origin of every flag, then exit");
    // Without a heading, clap would list it before all other flags.
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("Print help");
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command
        .disable_help_flag(true)
        .args([show_config, help].map(|flag| flag.help_heading("Output")))
        .after_help(format!("{ELSEWHERE}\n\n{examples}").trim_end().to_owned())
}

fn commands() -> Vec<String> {
    let all = Command::augment_subcommands(clap::Command::new("all"));
    all.get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn selections_are_read_as_dbt_reads_them() {
        let words = [
            "snowplow-backfill",
            "run",
            "-s",
            "+a",
            "tag:b",
            "--exclude",
            "c",
            "--select",
            "d",
            "--limit-days",
            "7",
            "--limit-days",
            "9",
            "--",
            "--fail-fast",
        ];
        let matches = command().try_get_matches_from(words).expect("valid");
        let Command::Run(args) = Cli::from_arg_matches(&matches).expect("valid").command else {
            panic!("run")
        };
        assert_eq!(args.backfill.selection.select, ["+a", "tag:b", "d"]);
        assert_eq!(
            (args.backfill.selection.exclude.as_slice(), args.passed_on.dbt_args.as_slice()),
            (&["c".into()][..], &["--fail-fast".into()][..])
        );
        assert_eq!(args.backfill.windows.limit_days, 9);
    }
}
