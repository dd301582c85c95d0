//! The command line: clap and nothing else.

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

pub use check::{ALL_RULES, CheckArgs, CheckedArgs, RulesArgs};
pub use completions::CompletionsArgs;
pub use man::ManArgs;
pub use models::ModelsArgs;
pub use passed_on::check_passed_on;
pub use plan::PlanArgs;
pub use promote::PromoteArgs;
pub use run::{RunArgs, RunFormat, StopArgs};
pub use shared::{DbtArgs, FirstRunArgs, OutputFormat, SelectionArgs, WindowArgs};
use values::Among;

/// The id of `--project-dir`.
pub const PROJECT_DIR: &str = "project_dir";
/// The id of `--show-config`.
pub const SHOW_CONFIG: &str = "show_config";
/// The name of the command `check`.
pub const CHECK: &str = "check";
/// The id of `--version`.
pub const VERSION: &str = "version";
/// The id of `--verbose`, before a command.
pub const VERBOSE: &str = "verbose";
/// The ids of flags that turn a call into another one: set for all calls, they would leave the command without any.
///
/// `--dry-run` is none of them: it is the same call, with its hands tied.
pub const COMMAND_LINE_ONLY: [&str; 4] = ["explain", "list", "list_rules", "rollback"];

const EXAMPLES: &str = "\
Examples:
  # build a new model and its ancestors in staging until they are caught up
  snowplow-backfill run --select +my_new_model --target staging

  # what would that do?
  snowplow-backfill plan --select +my_new_model --target staging

  # bring it to prod: look at the SQL, then let it be executed
  snowplow-backfill promote --select +my_new_model --target staging --to prod
  snowplow-backfill promote --select +my_new_model --target staging --to prod \\
    --apply

  # one run at a time, from a scheduler
  snowplow-backfill run --select +my_new_model --target staging --once

Documentation of every flag, the exit codes and the events: README.md";

/// Before the examples of a command that looks at a project.
const ELSEWHERE: &str = "\
Flags from elsewhere:
  Each flag can also be set by a variable, such as SNOWPLOW_BACKFILL_LIMIT_DAYS,
  and in snowplow-backfill.yml beside dbt_project.yml, such as limit_days: 30.";

/// Backfills Snowplow's dbt models until they are caught up.
#[derive(Debug, Parser)]
#[command(name = "snowplow-backfill", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Backfill the selection: run dbt again and again until it is caught up
    Run(Box<RunArgs>),
    /// Show what `run` would do, and what it would refuse; changes nothing
    Plan(Box<PlanArgs>),
    /// Print the models_to_run string, for other scripts
    Models(Box<ModelsArgs>),
    /// Write the SQL that brings finished models from staging to prod, or execute it
    Promote(Box<PromoteArgs>),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of this program or of a command
    Man(ManArgs),
    /// Lint the dbt manifest and dbt_project.yml for what breaks incremental Snowplow models; offline
    Check(Box<CheckArgs>),
}

/// The command line.
///
/// - A flag that is given twice counts the last time, as in dbt, so that a makefile can be overridden.
/// - `env = …` only declares dbt's own name for a flag: the environment is read in `config`, with the configuration file.
/// - `--version` is a flag like others, so that `--verbose` may stand before or behind it.
#[must_use]
pub fn command() -> clap::Command {
    let version = Arg::new(VERSION).short('V').long("version").help("Print the version");
    let verbose =
        Arg::new(VERBOSE).short('v').long("verbose").help("With --version: all that a bug report needs");
    Cli::command()
        .disable_version_flag(true)
        .subcommand_required(false)
        .override_usage("snowplow-backfill <COMMAND> [OPTIONS]")
        .args([version, verbose].map(|flag| flag.action(ArgAction::SetTrue)))
        .mut_subcommands(|command| {
            let command = command.mut_args(|argument| {
                let id = argument.get_id().clone();
                if matches!(argument.get_action(), ArgAction::Set) {
                    argument.overrides_with(id)
                } else {
                    argument
                }
            });
            if is_configurable(&command) { configurable(command) } else { command }
        })
        // Here, where all commands are known.
        .mut_subcommand("man", |man| {
            man.mut_arg("command", |argument| argument.value_parser(Among(commands)))
        })
}

/// Whether a command looks at a dbt project, and so reads the configuration file beside it.
#[must_use]
pub fn is_configurable(command: &clap::Command) -> bool {
    command.get_arguments().any(|argument| argument.get_id() == PROJECT_DIR)
}

/// The same command, without clap's own look at the environment, which would not know conflicting flags of different origin.
#[must_use]
pub fn without_environment(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| command.mut_args(|argument| argument.env(None::<&str>)))
}

fn configurable(command: clap::Command) -> clap::Command {
    let show_config = Arg::new(SHOW_CONFIG)
        .long("show-config")
        .action(ArgAction::SetTrue)
        .help("Print the value of each flag and where it is from, and do nothing");
    // In a group of its own, clap would put it before all others.
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
        assert_eq!(args.selection.select, ["+a", "tag:b", "d"]);
        assert_eq!(
            (args.selection.exclude.as_slice(), args.dbt_args.as_slice()),
            (&["c".into()][..], &["--fail-fast".into()][..])
        );
        assert_eq!(args.windows.limit_days, 9);
    }
}
