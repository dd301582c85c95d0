//! Calling dbt: every call goes through [`Dbt::invoke`].

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::diagnosis;
use super::interrupt::Interrupt;
use super::notice::{DbtCall, Listen, Notice, Purpose};
use super::process::{Ended, Line};
use super::program::Program;
use super::transport::{ProcessTransport, Transport};
use crate::dbt::{Vars, harmful_here};
use crate::failure::Interrupted;

/// dbt for one project. The target is chosen by each call.
#[derive(Debug)]
pub struct Dbt {
    transport: Box<dyn Transport>,
    pub(super) project_directory: Utf8PathBuf,
    profile: ProfileArguments,
    vars: Vars,
    pub(super) interrupt: Interrupt,
}

/// dbt's own arguments that say where the connection is described. They are passed on as given, so that dbt's parse cache
/// holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileArguments {
    /// `--profiles-dir`.
    pub profiles_dir: Option<Utf8PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
}

/// What dbt's own selection picks, as the user gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectionArguments {
    /// `--select`.
    pub select: Vec<String>,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// `--selector`.
    pub selector: Option<String>,
}

impl SelectionArguments {
    /// As dbt's arguments.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (flag, values) in [("--select", &self.select), ("--exclude", &self.exclude)] {
            if !values.is_empty() {
                arguments.push(flag.to_owned());
                arguments.extend(values.iter().cloned());
            }
        }
        if let Some(selector) = &self.selector {
            arguments.extend(["--selector".to_owned(), selector.clone()]);
        }
        arguments
    }
}

/// What dbt writes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    fn argument(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The vars of a call.
#[derive(Debug)]
pub(super) enum VarsArgument<'a> {
    /// The user's, to the letter.
    AsGiven,
    /// The user's and the tool's own.
    Text(&'a str),
}

/// One call to be made.
#[derive(Debug)]
pub(super) struct Invocation<'a> {
    pub(super) purpose: Purpose,
    /// `ls`, `run`, …; error messages name it.
    pub(super) subcommand: &'static str,
    pub(super) log_format: LogFormat,
    /// The user's project, or one that the tool generated.
    pub(super) project_directory: &'a Utf8Path,
    /// `--target`; none for dbt's default.
    pub(super) target: Option<&'a str>,
    /// A target path that no other kind of call uses.
    pub(super) target_path: &'a Utf8Path,
    pub(super) log_path: &'a Utf8Path,
    /// Flags and arguments of the subcommand.
    pub(super) arguments: Vec<String>,
    pub(super) selection: Option<&'a SelectionArguments>,
    pub(super) vars: VarsArgument<'a>,
    /// Arguments that follow the selection and the vars.
    pub(super) trailing: Vec<String>,
    /// Variables of the environment for this call alone.
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Invocation<'_> {
    /// `dbt run`.
    pub(super) fn name(&self) -> String {
        format!("dbt {}", self.subcommand)
    }

    /// dbt's own log of this call.
    pub(super) fn log_file(&self) -> Utf8PathBuf {
        self.log_path.join("dbt.log")
    }
}

impl Dbt {
    /// dbt as a process for each call. `directory` is the user's own working directory: dbt looks for profiles.yml there, and
    /// resolves the relative paths in it from there.
    #[must_use]
    pub fn new(
        program: Program,
        directory: Utf8PathBuf,
        project_directory: Utf8PathBuf,
        profile: ProfileArguments,
        vars: Vars,
        interrupt: Interrupt,
    ) -> Self {
        let transport = Box::new(ProcessTransport { program, directory, hidden: harmful_here() });
        Self { transport, project_directory, profile, vars, interrupt }
    }

    /// How dbt is started.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.transport.program()
    }

    /// The vars that the user gave.
    #[must_use]
    pub fn vars(&self) -> &Vars {
        &self.vars
    }

    /// What asks dbt, and this tool, to end.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Makes a call and hands over its lines as they come.
    ///
    /// # Errors
    /// dbt cannot be started. A call that fails is no error here.
    pub(super) fn invoke(
        &self,
        invocation: &Invocation<'_>,
        listen: Listen<'_>,
        mut on_line: impl FnMut(Line, Listen<'_>),
    ) -> Result<Ended> {
        self.carry(
            invocation.purpose,
            &self.arguments(invocation),
            &invocation.variables,
            listen,
            &mut on_line,
        )
    }

    /// Makes a call that either answers or fails, and returns the lines that `is_answer` leaves.
    ///
    /// # Errors
    /// A [`Failure`](crate::failure::Failure) of dbt with what it said; [`Interrupted`].
    pub(super) fn ask(
        &self,
        invocation: &Invocation<'_>,
        listen: Listen<'_>,
        mut is_answer: impl FnMut(&Line) -> bool,
    ) -> Result<Vec<String>> {
        let mut said = Vec::new();
        let ended = self.invoke(invocation, listen, |line, _| {
            if !is_answer(&line) {
                said.push(line.into_text());
            }
        })?;
        if let Some(signal) = self.interrupt.asked() {
            return Err(Interrupted { signal: signal.number() }.into());
        }
        if !ended.exit.is_success() {
            let log = Some(invocation.log_file());
            return Err(diagnosis::from_output(&invocation.name(), ended.exit, &said.join("\n"), log).into());
        }
        Ok(said)
    }

    /// `dbt --version`, with what it printed.
    pub(super) fn ask_version(&self, listen: Listen<'_>) -> Result<(Ended, String)> {
        let mut text = String::new();
        let ended =
            self.carry(Purpose::Version, &["--version".to_owned()], &[], listen, &mut |line, _| {
                text.push_str(&line.into_text());
                text.push('\n');
            })?;
        Ok((ended, text))
    }

    fn arguments(&self, invocation: &Invocation<'_>) -> Vec<String> {
        // Before the subcommand: dbt 1.7 takes these nowhere else. A project's `flags:` could say otherwise.
        let mut arguments: Vec<String> =
            ["--log-format", invocation.log_format.argument(), "--no-use-colors", invocation.subcommand]
                .map(str::to_owned)
                .to_vec();
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
        arguments: &[String],
        variables: &[(&'static str, String)],
        listen: Listen<'_>,
        on_line: &mut dyn FnMut(Line, Listen<'_>),
    ) -> Result<Ended> {
        listen(Notice::Called(DbtCall { purpose, command: self.transport.command_line(arguments) }));
        self.transport.carry(arguments, variables, &self.interrupt, &mut |line| on_line(line, &mut *listen))
    }
}
