//! The command line: clap and nothing else.

use std::ffi::OsStr;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::check;
use crate::promote::CopyStrategy;
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

/// Longer than any warehouse has events, and short enough for every warehouse's calendar.
const MOST_DAYS: u32 = 36_500;

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
/// What stands for all rules where one is asked for.
pub const ALL_RULES: &str = "all";

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

const RUN_EXAMPLES: &str = "\
Examples:
  # a new model and its ancestors, 30 days of events a run
  snowplow-backfill run --select +my_new_model --target staging --limit-days 30

  # a whole package, for at most two hours
  snowplow-backfill run --selector snowplow_unified --max-duration 2h

  # build one model anew from 2023 on (delete its table's rows first)
  snowplow-backfill run --select +my_model --start-date 2023-01-01 \\
    --remove-from-manifest my_model

  # in a GitHub workflow
  snowplow-backfill run --select +my_new_model --format github

  # what follows -- goes to every dbt run
  snowplow-backfill run --select +my_new_model -- --fail-fast";

const PROMOTE_EXAMPLES: &str = "\
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

const PLAN_EXAMPLES: &str = "\
Examples:
  # what would be done in staging?
  snowplow-backfill plan --select +my_new_model --target staging

  # the same for a program
  snowplow-backfill plan --select +my_new_model --target staging --format json";

const MODELS_EXAMPLES: &str = "\
Examples:
  # for a dbt call of your own
  models=$(snowplow-backfill models --select +my_model)
  dbt run --select +my_model --vars \"{models_to_run: '$models'}\"

  # what is in it, and why
  snowplow-backfill models --select +my_model --format json";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  # bash, zsh: for this session
  source <(snowplow-backfill completions bash)

  # fish: from the next session on
  snowplow-backfill completions fish \\
    > ~/.config/fish/completions/snowplow-backfill.fish

  # PowerShell: in $PROFILE
  snowplow-backfill completions powershell | Out-String | Invoke-Expression";

const MAN_EXAMPLES: &str = "\
Examples:
  # read the page of a command
  snowplow-backfill man run | man -l -

  # install all pages
  snowplow-backfill man --dir ~/.local/share/man/man1";

/// Before the examples of a command that looks at a project.
const ELSEWHERE: &str = "\
Flags from elsewhere:
  Each flag can also be set by a variable, such as SNOWPLOW_BACKFILL_LIMIT_DAYS,
  and in snowplow-backfill.yml beside dbt_project.yml, such as limit_days: 30.";
const CHECK_EXAMPLES: &str = "\
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

/// Which models: dbt's own selection.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection (as in dbt)")]
pub struct SelectionArgs {
    /// Models to build: +my_model, package:…, tag:…
    #[arg(short, long, aliases = ["model", "models"], short_alias = 'm', num_args = 1.., value_name = "SELECTOR")]
    pub select: Vec<String>,

    /// Models to leave out
    #[arg(long, num_args = 1.., value_name = "SELECTOR")]
    pub exclude: Vec<String>,

    /// A selector of selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
}

/// How dbt is called; with dbt's own names and meaning, where dbt has the flag.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "dbt")]
pub struct DbtArgs {
    /// Vars for every call of dbt: a YAML or JSON mapping
    #[arg(long, value_name = "YAML")]
    pub vars: Option<String>,

    /// The target of profiles.yml
    #[arg(short, long, env = "DBT_TARGET")]
    pub target: Option<String>,

    /// The profile of profiles.yml
    #[arg(long, env = "DBT_PROFILE")]
    pub profile: Option<String>,

    /// Where profiles.yml is
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROFILES_DIR")]
    pub profiles_dir: Option<Utf8PathBuf>,

    /// Where dbt_project.yml is; else this folder or the nearest above it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "DBT_PROJECT_DIR")]
    pub project_dir: Option<Utf8PathBuf>,

    /// How dbt is started: a path, or words such as 'uv run dbt'
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString, default_value = "dbt")]
    pub dbt: String,
}

/// How a backfill proceeds.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Days of events in one run: snowplow__backfill_limit_days
    #[arg(long, value_name = "DAYS", default_value = "90", value_parser = days, allow_negative_numbers = true)]
    pub limit_days: u32,

    /// How far a stall may raise the limit; unbounded by default
    #[arg(long, value_name = "DAYS", value_parser = days, allow_negative_numbers = true)]
    pub max_limit_days: Option<u32>,

    /// Where a model without rows begins (UTC): snowplow__start_date
    #[arg(long, value_name = "DATE")]
    pub start_date: Option<Timestamp>,
}

/// What the first run does besides.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "First run only")]
pub struct FirstRunArgs {
    /// Build from nothing: --full-refresh with snowplow__allow_refresh
    #[arg(long, conflicts_with = "remove_from_manifest")]
    pub full_refresh: bool,

    /// A partial refresh: forget the rows of these models first (models_to_remove)
    #[arg(long, num_args = 1.., value_name = "MODEL")]
    pub remove_from_manifest: Vec<String>,
}

/// When a backfill ends before it is caught up.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "When to stop")]
pub struct StopArgs {
    /// Stop once everything up to this time (UTC) is processed
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    /// One run, then say whether there is more to do: for schedulers
    #[arg(long, conflicts_with = "max_runs")]
    pub once: bool,

    /// Stop after so many runs
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub max_runs: Option<u32>,

    /// Stop after the run in which this time is over: 2h, 90m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_duration: Option<Duration>,
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Windows.
    #[command(flatten)]
    pub windows: WindowArgs,

    /// When to stop.
    #[command(flatten)]
    pub stop: StopArgs,

    /// The first run.
    #[command(flatten)]
    pub first_run: FirstRunArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// dbt's number of threads
    #[arg(long, value_name = "N", help_heading = "dbt", value_parser = at_least_one, allow_negative_numbers = true)]
    pub threads: Option<u32>,

    /// Arguments for every `dbt run`
    #[arg(last = true, value_name = "DBT ARGS")]
    pub dbt_args: Vec<String>,

    /// Only show what would be done, as plan does
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,

    /// human: lines on stderr; json: one event a line on stdout; github: for a workflow's log and summary
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: RunFormat,

    /// Where the journal goes [default: a new file under dbt's target path]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub journal: Option<Utf8PathBuf>,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
#[command(after_help = PLAN_EXAMPLES)]
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
    pub format: Format,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `models`.
#[derive(Debug, Clone, Args)]
#[command(after_help = MODELS_EXAMPLES)]
pub struct ModelsArgs {
    /// Which models.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// How dbt is called.
    #[command(flatten)]
    pub dbt: DbtArgs,

    /// human: the string alone; json: a document that says what is in it and why
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, help_heading = "Output")]
    pub format: Format,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `promote`.
#[derive(Debug, Clone, Args)]
#[command(after_help = PROMOTE_EXAMPLES)]
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
    pub strategy: Option<CopyStrategy>,

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
    pub format: Format,

    /// Show every call of dbt, ready to be pasted into a shell
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

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
#[command(after_help = CHECK_EXAMPLES)]
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
    pub format: check::CheckFormat,

    /// Show findings that are ignored too, and the call of dbt
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// Flags of `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Flags of `man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// A command's page instead of the program's
    #[arg(value_parser = Among(commands), hide_possible_values = true)]
    pub command: Option<String>,

    /// Write all pages as files into a folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub dir: Option<Utf8PathBuf>,
}

/// For whom the output is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// For whom the output of `run` is.
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
    /// Of what a run would do.
    #[must_use]
    pub fn of_plan(self) -> Format {
        match self {
            Self::Human | Self::Github => Format::Human,
            Self::Json => Format::Json,
        }
    }
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

/// Any text, of which shells are told what there is to complete: the command itself knows best what to say to the rest.
#[derive(Debug, Clone, Copy)]
struct Among(fn() -> Vec<String>);

impl TypedValueParser for Among {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

fn rules() -> Vec<String> {
    check::RULES.iter().map(|rule| rule.id.to_owned()).chain([ALL_RULES.to_owned()]).collect()
}

fn commands() -> Vec<String> {
    let all = Command::augment_subcommands(clap::Command::new("all"));
    all.get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

fn dialect() -> PossibleValuesParser {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::adapter))
}

fn days(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(days),
        _ => Err(format!("must be a whole number of days from 1 to {MOST_DAYS}")),
    }
}

fn at_least_one(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "must be a whole number from 1".to_owned())
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
