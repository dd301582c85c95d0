//! Combines the command line, the environment and the file into a request.

use std::ffi::OsString;

use anyhow::{Context, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches};

use super::environment;
use super::file::File;
use super::flags::{Flag, Shape, TRUE};
use super::resolve::{self, Resolved};
use super::setting::{self, Layer, Origin, Setting};
use super::show::{self, Shown};
use crate::cli::{self, Cli};
use crate::dbt::Project;
use crate::suggest;

/// What decides the value of a flag, apart from the file.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The command line, with the program as its first word.
    pub arguments: Vec<OsString>,
    pub variables: Vec<(OsString, OsString)>,
    pub directory: Utf8PathBuf,
}

/// What the user asks for.
#[derive(Debug)]
pub enum CommandLine {
    Command {
        /// The command with all its flags.
        cli: Box<Cli>,
        /// What the user should know about where flags come from.
        notes: Vec<String>,
    },
    /// Show the configuration: `--show-config`.
    ShowConfig(Box<Shown>),
    /// `--version`.
    Version(VersionDetail),
}

/// How much `--version` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionDetail {
    Number,
    /// Everything that a bug report needs: `--version --verbose`.
    BugReport,
}

/// Why there is no request.
#[derive(Debug)]
pub enum Error {
    /// clap's complaint about the command line. `--help` is one, too, with exit code 0.
    Usage(clap::Error),
    /// The environment or the file is wrong.
    Configuration(anyhow::Error),
}

impl From<clap::Error> for Error {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Configuration(error)
    }
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> anyhow::Result<Self> {
        let directory = std::env::current_dir().context("cannot tell the working directory")?;
        Ok(Self {
            arguments: std::env::args_os().collect(),
            variables: std::env::vars_os().collect(),
            directory: directory.try_into().context("the working directory's name is not UTF-8")?,
        })
    }

    /// The same, but with another command line.
    #[must_use]
    pub fn with_arguments(&self, arguments: &[&str]) -> Self {
        let program = self.arguments.first().cloned();
        let arguments = program.into_iter().chain(arguments.iter().map(Into::into)).collect();
        Self { arguments, ..self.clone() }
    }
}

/// Reads the command line, the environment and the project's file.
pub fn read(surroundings: &Surroundings) -> Result<CommandLine, Error> {
    let parser = cli::without_environment(cli::command());
    let matches = first_look(&parser, &surroundings.arguments)?;
    if matches.get_flag(cli::VERSION) {
        let verbose = matches.get_flag(cli::VERBOSE);
        return Ok(CommandLine::Version(if verbose {
            VersionDetail::BugReport
        } else {
            VersionDetail::Number
        }));
    }
    let Some((name, given)) = matches.subcommand() else {
        let message = "a command is missing: `snowplow-backfill --help` lists them";
        return Err(parser.clone().error(ErrorKind::MissingSubcommand, message).into());
    };
    let mut commands = cli::command();
    commands.build();
    let command = commands.find_subcommand(name).ok_or_else(|| anyhow!("no command {name}"))?;
    if !cli::is_configurable(command) {
        let cli = Cli::from_arg_matches(&parser.try_get_matches_from(&surroundings.arguments)?)?;
        return Ok(CommandLine::Command { cli: Box::new(cli), notes: Vec::new() });
    }

    let flags = Flag::all(command);
    let words = command_line(&flags, given);
    let variables = environment::layer(command, &flags, &surroundings.variables)?;
    let file = find_file(&flags, &[&words, &variables], &surroundings.directory)?;
    let [section, general] = match &file {
        Some(file) => {
            file.check(&commands)?;
            file.layers(command, &flags)?
        }
        None => [Layer::new(), Layer::new()],
    };
    let mut resolved = resolve::resolve(command, &flags, &[words, variables, section, general])?;
    for setting in &resolved {
        check_value(&parser, name, setting)?;
    }
    leave_out_what_depends(&parser, &surroundings.arguments, &mut resolved);
    if given.get_flag(cli::SHOW_CONFIG) {
        let flags = show::table(name, file.as_ref(), &resolved);
        return Ok(CommandLine::ShowConfig(Box::new(Shown { command: name.to_owned(), flags, file })));
    }
    let words = with_settings(&surroundings.arguments, &resolved);
    let cli = Cli::from_arg_matches(&parser.try_get_matches_from(words)?)?;
    let notes = notes(&commands, &resolved, surroundings);
    Ok(CommandLine::Command { cli: Box::new(cli), notes })
}

/// Parses the command line alone. A required flag may be missing, because another source may set it.
fn first_look(parser: &Command, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    match parser.clone().try_get_matches_from(words) {
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
            parser.clone().ignore_errors(true).try_get_matches_from(words)
        }
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => Err(with_suggestion(parser, error)),
        result => result,
    }
}

/// Adds a suggestion to `help`, for which clap has none.
fn with_suggestion(parser: &Command, mut error: clap::Error) -> clap::Error {
    if error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(ContextValue::String(written)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(meant) = suggest::similar(written, parser.get_subcommands().map(Command::get_name))
    {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
    error
}

fn command_line(flags: &[Flag], given: &ArgMatches) -> Layer {
    let given = flags
        .iter()
        .filter(|flag| given.value_source(flag.id.as_str()) == Some(ValueSource::CommandLine))
        .map(|flag| {
            let values = match flag.shape {
                Shape::Switch => vec![TRUE.to_owned()],
                _ => given
                    .get_raw(flag.id.as_str())
                    .into_iter()
                    .flatten()
                    .map(|value| value.to_string_lossy().into_owned())
                    .collect(),
            };
            (flag.id.clone(), Setting { values, origin: Origin::CommandLine })
        });
    given.collect()
}

/// The file of the command's project. Without a project there is none: the command itself complains about
/// that.
fn find_file(flags: &[Flag], layers: &[&Layer], directory: &Utf8Path) -> anyhow::Result<Option<File>> {
    let flag = flags.iter().find(|flag| flag.id == cli::PROJECT_DIR);
    let given = flag.and_then(|flag| layers.iter().find_map(|layer| layer.get(&flag.id)?.values.first()));
    match Project::locate(given.map(Utf8Path::new), directory) {
        Ok(folder) => File::read(&folder, directory),
        Err(_) => Ok(None),
    }
}

/// Lets clap read one value alone, so that its complaint can name the source of that value.
fn check_value(parser: &Command, command: &str, resolved: &Resolved<'_>) -> anyhow::Result<()> {
    let Some(setting) = resolved.setting.as_ref().filter(|setting| setting.origin != Origin::CommandLine)
    else {
        return Ok(());
    };
    if resolved.flag.shape == Shape::Rest {
        return Ok(());
    }
    let words = [parser.get_name().to_owned(), command.to_owned()]
        .into_iter()
        .chain(resolved.flag.words(&setting.values));
    match parser.clone().try_get_matches_from(words) {
        Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => {
            Err(setting.origin.located(&anyhow!("{}", setting::reason(&error))))
        }
        _ => Ok(()),
    }
}

/// Drops values that are set for all commands, but that this command only takes together with another flag.
///
/// An example is `--limit-days` of `promote`, which needs `--sync`.
fn leave_out_what_depends(parser: &Command, words: &[OsString], resolved: &mut [Resolved<'_>]) {
    let lacks = |resolved: &[Resolved<'_>]| {
        let result = parser.clone().try_get_matches_from(with_settings(words, resolved));
        result.is_err_and(|error| error.kind() == ErrorKind::MissingRequiredArgument)
    };
    for place in 0..resolved.len() {
        let setting = resolved[place].setting.take_if(|setting| setting.origin.is_for_all_commands());
        let without = lacks(resolved);
        resolved[place].setting = resolved[place].setting.take().or(setting);
        if !without && lacks(resolved) {
            resolved[place].setting = None;
        }
    }
}

/// Adds what other sources set to the command line: flags after the command's name, and arguments of dbt at
/// the end.
fn with_settings(words: &[OsString], resolved: &[Resolved<'_>]) -> Vec<OsString> {
    let added = |one: &Resolved<'_>| {
        let setting = one.setting.as_ref().filter(|setting| setting.origin != Origin::CommandLine);
        setting.map_or(Vec::new(), |setting| one.flag.words(&setting.values))
    };
    let (rest, flags): (Vec<_>, Vec<_>) = resolved.iter().partition(|one| one.flag.shape == Shape::Rest);
    let command = words.iter().skip(1).position(|word| !word.to_string_lossy().starts_with('-'));
    let (before, after) = words.split_at(command.map_or(words.len(), |place| place + 2));
    let mut all = before.to_vec();
    all.extend(flags.into_iter().flat_map(added).map(OsString::from));
    all.extend_from_slice(after);
    let rest: Vec<_> = rest.into_iter().flat_map(added).map(OsString::from).collect();
    if !rest.is_empty() && !after.iter().any(|word| word == "--") {
        all.push("--".into());
    }
    all.extend(rest);
    all
}

fn notes(commands: &Command, resolved: &[Resolved<'_>], surroundings: &Surroundings) -> Vec<String> {
    let all: Vec<_> = commands.get_subcommands().flat_map(Flag::all).collect();
    let dropped = resolved.iter().filter_map(|one| {
        let (setting, other) = one.dropped.as_ref()?;
        Some(format!("{}: ignored because of {}", setting.origin, other.name()))
    });
    environment::unknown(&all, &surroundings.variables).into_iter().chain(dropped).collect()
}
