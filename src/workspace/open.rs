//! A dbt project that is open for work, and its targets. Each call chooses its target.

use std::cell::RefCell;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::lock::Lock;
use super::places::Workspace;
use crate::dbt::{
    Answers, Dbt, ExecuteCall, Execution, FreshManifest, Interrupt, ListCall, Listing, Notice,
    ProfileArguments, Program, Project, Querier, Query, RenderCall, ResolvedVars, SelectionArguments, Step,
    VarScope, Vars,
};
use crate::event::{Emit, Event, notices};
use crate::failure::{Failure, FailureKind};

/// How dbt is started, and on which project.
#[derive(Debug, Clone, Default)]
pub struct DbtChoice {
    /// `--dbt`.
    pub command: String,
    /// `--vars`.
    pub vars: Option<String>,
    /// `--project-dir`.
    pub project_dir: Option<Utf8PathBuf>,
    /// `--profiles-dir` and `--profile`.
    pub profile: ProfileArguments,
}

/// A dbt project, and the dbt that works on it.
#[derive(Debug)]
pub struct OpenProject {
    pub project: Project,
    pub dbt: Dbt,
    /// The user's working directory.
    pub directory: Utf8PathBuf,
}

impl OpenProject {
    /// Finds the project. Does not call dbt.
    ///
    /// # Errors
    /// Usage and configuration.
    pub fn open(choice: DbtChoice, interrupt: Interrupt) -> Result<Self> {
        let program = Program::parse(&choice.command)?.or_beside_this_one();
        let vars = Vars::parse(choice.vars.as_deref().unwrap_or_default())?;
        let directory = std::env::current_dir().context("cannot find the working directory")?;
        let directory =
            Utf8PathBuf::try_from(directory).context("the working directory's name is not UTF-8")?;
        let project = Project::find(choice.project_dir.as_deref(), &directory)?;
        let dbt =
            Dbt::new(program, directory.clone(), project.directory.clone(), choice.profile, vars, interrupt)
                .sending_nothing(project.opts_out());
        Ok(Self { project, dbt, directory })
    }

    /// Opens a target; none for dbt's default.
    ///
    /// # Errors
    /// The target path cannot be written.
    pub fn on(&self, target: Option<&str>) -> Result<OpenTarget<'_>> {
        // Any folder will do. That it is another one than dbt's is said with the first call of dbt.
        let target_path = self.project.target_path().unwrap_or_else(|_| self.project.usual_target_path());
        let workspace = Workspace::create(&target_path, target)?;
        Ok(OpenTarget { open: self, name: target.map(str::to_owned), workspace })
    }

    /// Warns of environment variables that are kept from dbt, and of a target path that is not known.
    ///
    /// # Errors
    /// The version of dbt is not known or not supported: which variables it reads depends on it.
    pub fn warn_of_environment(&self, emit: Emit<'_>) -> Result<()> {
        if let Err(unknown) = self.project.target_path() {
            let message = format!(
                "{unknown}. This tool keeps its files in {} instead: set DBT_TARGET_PATH to choose the folder",
                self.project.usual_target_path()
            );
            emit(Event::Warning { message });
        }
        self.dbt.dialect(&mut notices(emit))?;
        let hidden = self.dbt.hidden();
        hidden.require_complete()?;
        let names: Vec<_> = hidden.ignored().collect();
        if !names.is_empty() {
            let message = format!(
                "ignored environment variables that would change what a run does: {}",
                names.join(", ")
            );
            emit(Event::Warning { message });
        }
        Ok(())
    }
}

/// A target of an open project, and the folders that are kept for it.
#[derive(Debug)]
pub struct OpenTarget<'p> {
    pub open: &'p OpenProject,
    /// `--target`; none for dbt's default.
    pub name: Option<String>,
    /// The folders of this target.
    pub workspace: Workspace,
}

impl OpenTarget<'_> {
    #[must_use]
    pub fn dbt(&self) -> &Dbt {
        &self.open.dbt
    }

    #[must_use]
    pub fn project(&self) -> &Project {
        &self.open.project
    }

    /// Asks dbt which models a selection holds. `extra` is what the user gave after `--`.
    ///
    /// # Errors
    /// dbt fails, or nothing is selected.
    pub fn list(&self, selection: &SelectionArguments, extra: &[String], emit: Emit<'_>) -> Result<Listing> {
        let (target_path, log_path) = (self.workspace.list_target(), self.workspace.logs("ls"));
        let call = ListCall {
            selection,
            extra,
            warnings: self.project().warnings(),
            target: self.name.as_deref(),
            target_path: &target_path,
            log_path: &log_path,
        };
        self.dbt().list(&call, &mut notices(emit))
    }

    /// Parses the project, into a target path of this tool unless the user names one.
    ///
    /// # Errors
    /// dbt fails.
    pub fn parse(&self, target_path: Option<&Utf8Path>, emit: Emit<'_>) -> Result<FreshManifest> {
        let target_path = match target_path {
            Some(given) => self.project().directory.join(given),
            None => self.workspace.parse_target(),
        };
        let log_path = self.workspace.logs("parse");
        self.dbt().parse(self.name.as_deref(), &target_path, &log_path, &mut notices(emit))
    }

    /// Opens what asks queries on this target.
    ///
    /// # Errors
    /// Its generated project cannot be written.
    pub fn querier(&self) -> Result<Querier<'_>> {
        Querier::create(
            self.dbt(),
            self.name.as_deref(),
            self.project(),
            self.workspace.query_project(),
            self.workspace.logs("query"),
        )
    }

    /// Asks queries on this target, in one call.
    ///
    /// # Errors
    /// dbt fails.
    pub fn query(&self, queries: &[Query], emit: Emit<'_>) -> Result<Answers> {
        self.querier()?.ask(queries, &mut notices(emit))
    }

    /// Asks queries that the user may not be allowed to ask. The inner error is the warehouse's refusal.
    ///
    /// # Errors
    /// dbt cannot be called, or the warehouse cannot be reached.
    pub fn query_if_allowed(&self, queries: &[Query], emit: Emit<'_>) -> Result<Result<Answers, Failure>> {
        let error = match self.query(queries, emit) {
            Ok(told) => return Ok(Ok(told)),
            Err(error) => error,
        };
        match error.downcast::<Failure>()? {
            failure if failure.kind == FailureKind::Connection => Err(failure.into()),
            failure => Ok(Err(failure)),
        }
    }

    /// A dbt package's vars on this target. Those of `names` that hold Jinja are rendered by dbt, in one call.
    /// `own` takes precedence over the project's vars.
    ///
    /// # Errors
    /// dbt fails before it renders anything; the package's dbt_project.yml cannot be read.
    pub fn vars<'v>(
        &'v self,
        package: &'v str,
        dbt_version: &str,
        names: &[&str],
        own: Vec<(&'static str, String)>,
        emit: Emit<'_>,
    ) -> Result<ResolvedVars<'v>> {
        let scope = VarScope::of(package, self.project(), self.dbt().vars(), dbt_version)?;
        let call = RenderCall {
            target: self.name.as_deref(),
            user: self.project(),
            directory: self.workspace.vars_project(package),
            log_path: self.workspace.logs("vars"),
            own,
        };
        self.dbt().resolve(scope, names, &call, &mut notices(emit))
    }

    /// Executes statements on this target, and stops at the first that fails. `on_step` hears of each begin and end.
    ///
    /// # Errors
    /// dbt fails before the first statement.
    pub fn execute(
        &self,
        statements: Vec<String>,
        emit: Emit<'_>,
        mut on_step: impl FnMut(Step, Emit<'_>),
    ) -> Result<Execution> {
        let call = ExecuteCall {
            target: self.name.as_deref(),
            user: self.project(),
            directory: self.workspace.promotion_project(),
            log_path: self.workspace.logs("promotion"),
            statements,
        };
        // Notices of dbt and steps come one after the other, from the same lines.
        let emit = RefCell::new(emit);
        let listen = &mut |notice: Notice| (emit.borrow_mut())(notice.into());
        self.dbt().execute(&call, listen, |step| on_step(step, &mut **emit.borrow_mut()))
    }

    /// Takes locks, in the order of their names.
    ///
    /// # Errors
    /// A [`Refusal`](crate::failure::Refusal) where another process holds one.
    pub fn lock<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Vec<Lock>> {
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        names.into_iter().map(|name| Lock::take(&self.workspace.lock(name), &command)).collect()
    }
}
