//! Calls dbt: every call goes through `Dbt::invoke`, except for its version, and reaches the transport in
//! `Dbt::carry`.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::arguments::{ProfileArguments, SelectionArguments};
use super::diagnosis;
use super::interrupt::Interrupt;
use super::notice::{DbtCall, Listen, Notice, Purpose};
use super::process::{Ended, Exit, Line, one_after_the_other};
use super::program::Program;
use super::settings::{DbtSetting, settled};
use super::transport::{ProcessTransport, Transport, TransportCall};
use crate::dbt::dialect::{self, Dialect};
use crate::dbt::{Hidden, Vars};
use crate::failure::{Failure, FailureKind};

/// dbt for one project. Each call chooses its target.
#[derive(Debug)]
pub struct Dbt {
    transport: Box<dyn Transport>,
    pub(super) project_directory: Utf8PathBuf,
    profile: ProfileArguments,
    vars: Vars,
    pub(super) interrupt: Interrupt,
    /// Known from the first call on.
    dialect: OnceLock<Dialect>,
    /// Whether the user wants dbt to send nothing about its use.
    sends_nothing: bool,
    /// The warnings that the user has seen.
    told: Mutex<BTreeSet<String>>,
}

/// What dbt writes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The variable that makes `dbt ls` and `dbt run` select the same. dbt's `indirect_selection` is about tests,
/// but in 1.7 it leaves out ancestors too. `dbt run` of that version does not know the flag.
pub(super) fn selects_eagerly() -> (&'static str, String) {
    ("DBT_INDIRECT_SELECTION", "eager".to_owned())
}

/// The variable that keeps dbt from sending anything about its use.
pub(super) fn send_nothing() -> (&'static str, String) {
    ("DBT_SEND_ANONYMOUS_USAGE_STATS", "false".to_owned())
}

/// The vars of a call.
#[derive(Debug)]
pub(super) enum VarsArgument<'a> {
    /// The user's text, unchanged.
    AsGiven,
    /// The user's vars and this tool's own.
    Text(&'a str),
}

/// A call to make.
#[derive(Debug)]
pub(super) struct Invocation<'a> {
    pub(super) purpose: Purpose,
    /// `ls`, `run`, …; error messages name it.
    pub(super) subcommand: &'static str,
    pub(super) log_format: LogFormat,
    /// The folder of the user's project, or of one that this tool generated.
    pub(super) project_directory: &'a Utf8Path,
    /// `--target`; none for dbt's default.
    pub(super) target: Option<&'a str>,
    /// A target path for this kind of call alone.
    pub(super) target_path: &'a Utf8Path,
    pub(super) log_path: &'a Utf8Path,
    /// What it settles in addition to what every call settles.
    pub(super) settings: &'static [DbtSetting],
    /// Flags and arguments of the subcommand.
    pub(super) arguments: Vec<String>,
    pub(super) selection: Option<&'a SelectionArguments>,
    pub(super) vars: VarsArgument<'a>,
    /// Arguments that follow the selection and the vars.
    pub(super) trailing: Vec<String>,
    /// Environment variables for this call alone.
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Invocation<'_> {
    /// Its name for messages: `dbt run`.
    pub(super) fn name(&self) -> String {
        format!("dbt {}", self.subcommand)
    }

    fn settled(&self, dialect: Dialect) -> impl Iterator<Item = DbtSetting> + use<> {
        let defers = self.trailing.iter().any(|word| word == "--defer");
        settled(self.settings, defers, dialect)
    }

    /// The variables of this call.
    fn variables(&self, dialect: Dialect) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if dialect.takes_variables_for_flags() {
            let settled = self.settled(dialect).filter_map(|settled| settled.variable);
            variables.extend(settled.map(|(name, value)| (name, value.to_owned())));
            variables.push(("DBT_LOG_FORMAT", self.log_format.name().to_owned()));
        }
        variables.extend(self.variables.iter().cloned());
        variables
    }

    /// dbt's log of this call.
    pub(super) fn log_file(&self) -> Utf8PathBuf {
        self.log_path.join("dbt.log")
    }

    /// Why this call failed, judged by its exit and by the lines that it printed.
    pub(super) fn failure(&self, exit: Exit, said: &[String]) -> Failure {
        let usual = match self.purpose {
            Purpose::Selection | Purpose::Parse | Purpose::Version => FailureKind::Project,
            // With this code dbt ends before it calls the macro.
            Purpose::Query | Purpose::Promotion if exit == Exit::Code(2) => FailureKind::Project,
            Purpose::Query | Purpose::Promotion => FailureKind::Query,
            Purpose::Run => FailureKind::Run,
        };
        diagnosis::from_output(&self.name(), exit, &said.join("\n"), usual, Some(self.log_file()))
    }
}

impl Dbt {
    /// Starts a process for each call. `directory` is the user's working directory: dbt looks for
    /// profiles.yml there, and relative paths in it start there.
    #[must_use]
    pub fn new(
        program: Program,
        directory: Utf8PathBuf,
        project_directory: Utf8PathBuf,
        profile: ProfileArguments,
        vars: Vars,
        interrupt: Interrupt,
    ) -> Self {
        let transport = Box::new(ProcessTransport { program, directory });
        Self {
            transport,
            project_directory,
            profile,
            vars,
            interrupt,
            sends_nothing: false,
            dialect: OnceLock::new(),
            told: Mutex::default(),
        }
    }

    /// Keeps dbt from sending anything about its use where the user does not want that.
    #[must_use]
    pub fn sending_nothing(self, is_wanted: bool) -> Self {
        Self { sends_nothing: is_wanted, ..self }
    }

    /// The command that starts dbt.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.transport.program()
    }

    /// The vars that the user gave.
    #[must_use]
    pub fn vars(&self) -> &Vars {
        &self.vars
    }

    /// What dbt must not see of the environment. As long as its version is not known, it is asked for that alone, and
    /// may see everything.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        self.dialect.get().copied().map(Hidden::here).unwrap_or_default()
    }

    /// The signals that ask dbt and this tool to end.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// How the dbt that is called differs from others. Asks it for its version if its program does not tell.
    ///
    /// # Errors
    /// dbt cannot be started, or its version is not known or not supported.
    pub fn dialect(&self, listen: Listen<'_>) -> Result<Dialect> {
        if let Some(dialect) = self.dialect.get() {
            return Ok(*dialect);
        }
        let known = self.transport.known_dialect();
        let dialect = known.map_or_else(|| self.asked_dialect(listen), Ok)?;
        Ok(*self.dialect.get_or_init(|| dialect))
    }

    fn asked_dialect(&self, listen: Listen<'_>) -> Result<Dialect> {
        let versions = self.versions(listen)?;
        dialect::check_version(&versions.core)?;
        Dialect::of_text(&versions.core)
    }

    /// Makes a call and hands over its lines as they come.
    ///
    /// # Errors
    /// dbt cannot be started. A call that fails is not an error here.
    pub(super) fn invoke(
        &self,
        invocation: &Invocation<'_>,
        listen: Listen<'_>,
        mut on_line: impl FnMut(Line, Listen<'_>),
    ) -> Result<Ended> {
        let dialect = self.dialect(listen)?;
        // The files that it is made of can change between two calls.
        let hidden = self.hidden();
        hidden.require_complete()?;
        let arguments = self.arguments(invocation, dialect);
        let mut variables = invocation.variables(dialect);
        if self.sends_nothing && !dialect.heeds_opt_outs() {
            variables.push(send_nothing());
        }
        let call = TransportCall { arguments: &arguments, variables: &variables, hidden: &hidden };
        self.carry(invocation.purpose, &call, listen, &mut on_line)
    }

    /// Makes a call that either answers or fails. Returns the lines that are no answer, as `is_answer` tells.
    ///
    /// # Errors
    /// A [`Failure`] of dbt with what it said; [`Interrupted`](crate::failure::Interrupted).
    pub(super) fn ask(
        &self,
        invocation: &Invocation<'_>,
        listen: Listen<'_>,
        mut is_answer: impl FnMut(&Line) -> bool,
    ) -> Result<Vec<String>> {
        let mut said = Vec::new();
        let ended = self.invoke(invocation, listen, |line, _| {
            if !is_answer(&line) {
                said.push(line);
            }
        })?;
        let said = one_after_the_other(said);
        self.interrupt.check()?;
        if !ended.exit.is_success() {
            return Err(invocation.failure(ended.exit, &said).into());
        }
        Ok(said)
    }

    /// Warns, unless it has warned of the same before: runs repeat what the first of them says.
    pub(super) fn warn_once(&self, warning: String, listen: Listen<'_>) {
        // Times and counts may differ.
        let kind = warning.chars().filter(|c| !c.is_ascii_digit()).collect();
        let is_new = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        if is_new {
            listen(Notice::Warning(warning));
        }
    }

    /// The path of the dbt manifest that a successful call wrote.
    ///
    /// # Errors
    /// There is none, so this is not dbt-core.
    pub(super) fn written_manifest(&self, subcommand: &str, target_path: &Utf8Path) -> Result<Utf8PathBuf> {
        let path = target_path.join("manifest.json");
        if !path.is_file() {
            bail!(
                "`{} {subcommand}` succeeded but wrote no manifest.json. Is it dbt-core? The dbt Cloud CLI \
                 runs remotely and is not supported",
                self.program()
            );
        }
        Ok(path)
    }

    /// Calls `dbt --version` and returns what it printed.
    pub(super) fn ask_version(&self, listen: Listen<'_>) -> Result<(Ended, String)> {
        let mut text = String::new();
        let (arguments, hidden) = (["--version".to_owned()], self.hidden());
        let call = TransportCall { arguments: &arguments, variables: &[], hidden: &hidden };
        let ended = self.carry(Purpose::Version, &call, listen, &mut |line, _| {
            text.push_str(&line.into_text());
            text.push('\n');
        })?;
        Ok((ended, text))
    }

    fn arguments(&self, invocation: &Invocation<'_>, dialect: Dialect) -> Vec<String> {
        // dbt 1.7 takes this flag only before the subcommand.
        let mut arguments: Vec<String> =
            ["--log-format", invocation.log_format.name(), invocation.subcommand].map(str::to_owned).to_vec();
        // The others follow the subcommand, like the flags that the user passes on.
        let flags = invocation.settled(dialect).flat_map(|settled| settled.flag.split('='));
        arguments.extend(flags.map(str::to_owned));
        arguments.extend(invocation.arguments.iter().cloned());
        arguments.extend(invocation.selection.into_iter().flat_map(SelectionArguments::arguments));
        let vars = match invocation.vars {
            VarsArgument::AsGiven => (!self.vars.is_empty()).then(|| self.vars.text()),
            VarsArgument::Text(text) => Some(text),
        };
        arguments.extend(vars.into_iter().flat_map(|vars| ["--vars".to_owned(), vars.to_owned()]));
        arguments.extend(invocation.trailing.iter().cloned());
        let pairs = [
            ("--project-dir", Some(invocation.project_directory.as_str())),
            ("--profiles-dir", self.profile.profiles_dir.as_deref().map(Utf8Path::as_str)),
            ("--profile", self.profile.profile.as_deref()),
            ("--target", invocation.target),
            ("--target-path", Some(invocation.target_path.as_str())),
            ("--log-path", Some(invocation.log_path.as_str())),
        ];
        for (flag, value) in pairs {
            arguments.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value.to_owned()]));
        }
        arguments
    }

    fn carry(
        &self,
        purpose: Purpose,
        call: &TransportCall<'_>,
        listen: Listen<'_>,
        on_line: &mut dyn FnMut(Line, Listen<'_>),
    ) -> Result<Ended> {
        listen(Notice::Called(DbtCall { purpose, command: self.transport.command_line(call) }));
        self.transport.carry(call, &self.interrupt, &mut |line| on_line(line, &mut *listen))
    }
}
