//! What all calls of one dbt project have in common, and making a call.

use std::collections::BTreeSet;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::interrupt::Interrupt;
use super::process::{self, Command, Ended, Line};
use super::program::{Program, quote_for_shell};
use crate::event::{DbtCall, Emit, Event, Purpose};

/// dbt, for one project and target.
#[derive(Debug, Clone)]
pub struct Dbt {
    /// How it is started.
    pub program: Program,
    /// Where it is started: the user's own working directory, because profiles.yml and relative paths in it count from there.
    pub directory: Utf8PathBuf,
    /// The dbt project's folder.
    pub project_directory: Utf8PathBuf,
    /// Which connection.
    pub connection: Connection,
    /// Variables that it must not see.
    pub hidden: BTreeSet<String>,
    /// What asks it to end.
    pub interrupt: Interrupt,
}

/// dbt's own arguments that say which connection is used; passed on as given, so that dbt's parse cache holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// `--profiles-dir`.
    pub profiles_dir: Option<Utf8PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--target`.
    pub target: Option<String>,
}

impl Connection {
    fn arguments(&self) -> Vec<String> {
        let pairs = [
            ("--profiles-dir", self.profiles_dir.as_ref().map(ToString::to_string)),
            ("--profile", self.profile.clone()),
            ("--target", self.target.clone()),
        ];
        pairs
            .into_iter()
            .filter_map(|(flag, value)| value.map(|value| [flag.to_owned(), value]))
            .flatten()
            .collect()
    }
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

/// One call to be.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) purpose: Purpose,
    /// `ls`, `run`, …; what an error calls it.
    pub(super) subcommand: &'static str,
    /// `text` or `json`: of stdout.
    pub(super) log_format: &'static str,
    /// The project that it is about: the user's, or one of ours.
    pub(super) project_directory: Utf8PathBuf,
    /// A target path that no other kind of call uses.
    pub(super) target_path: Utf8PathBuf,
    pub(super) log_path: Utf8PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Call {
    /// `dbt run`.
    pub(super) fn name(&self) -> String {
        format!("dbt {}", self.subcommand)
    }
}

impl Dbt {
    /// Makes a call and hands over its lines as they come, with where to send events.
    pub(super) fn call(
        &self,
        call: &Call,
        emit: Emit<'_>,
        on_line: impl FnMut(Line, Emit<'_>),
    ) -> Result<Ended> {
        // Before the subcommand: dbt 1.7 takes these nowhere else. A project's `flags:` could say otherwise.
        let mut arguments: Vec<String> =
            ["--log-format", call.log_format, "--no-use-colors"].map(str::to_owned).to_vec();
        arguments.push(call.subcommand.to_owned());
        arguments.extend(call.arguments.iter().cloned());
        arguments.extend(["--project-dir".to_owned(), call.project_directory.to_string()]);
        arguments.extend(self.connection.arguments());
        arguments.extend([
            "--target-path".to_owned(),
            call.target_path.to_string(),
            "--log-path".to_owned(),
            call.log_path.to_string(),
        ]);
        self.start(call.purpose, &arguments, &call.variables, emit, on_line)
    }

    /// `dbt --version`.
    pub(super) fn call_version(&self, emit: Emit<'_>, mut on_line: impl FnMut(Line)) -> Result<Ended> {
        self.start(Purpose::Version, &["--version".to_owned()], &[], emit, |line, _| on_line(line))
    }

    fn start(
        &self,
        purpose: Purpose,
        arguments: &[String],
        variables: &[(&'static str, String)],
        emit: Emit<'_>,
        mut on_line: impl FnMut(Line, Emit<'_>),
    ) -> Result<Ended> {
        // Pasted into a shell that has such variables it is to do the same.
        let env = if self.hidden.is_empty() { None } else { Some("env") };
        let unset = self.hidden.iter().flat_map(|name| ["-u", name]);
        let called = self.program.words().iter().chain(arguments).map(String::as_str);
        let words = env.into_iter().chain(unset).chain(called);
        emit(Event::DbtCalled(DbtCall { purpose, command: quote_for_shell(words) }));
        let command = Command {
            program: &self.program,
            arguments,
            directory: &self.directory,
            variables,
            hidden: &self.hidden,
        };
        process::run(&command, &self.interrupt, |line| on_line(line, emit))
    }
}
