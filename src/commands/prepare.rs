//! What all commands that look at a project do first: find it, list the selection, find the packages.

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;

use crate::backfill::{FirstRun, Tracked, Workspace};
use crate::cli::{DbtArgs, SelectionArgs};
use crate::dbt::{
    self, Connection, Dbt, Interrupt, ListPaths, Listing, Program, Project, QueryProject, SelectionArguments,
    Vars,
};
use crate::event::{Emit, Event, PackageScope, Start};
use crate::snowplow::{self, Observation, Scope, Settings};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Events, Reader, Sources, relation_of};

/// Everything that the command line and the project say, before dbt is called.
#[derive(Debug)]
pub struct Setup {
    /// The dbt project.
    pub project: Project,
    /// The user's vars.
    pub vars: Vars,
    /// The user's selection.
    pub selection: SelectionArguments,
    /// dbt for this project.
    pub dbt: Dbt,
    /// Where to write.
    pub workspace: Workspace,
}

impl Setup {
    /// Reads the command line and the project.
    ///
    /// # Errors
    /// Usage and configuration.
    pub fn new(args: &DbtArgs, selection: &SelectionArgs, interrupt: Interrupt) -> Result<Self> {
        let program = Program::parse(&args.dbt)?.or_beside_this_one();
        let vars = Vars::parse(args.vars.as_deref().unwrap_or_default())?;
        let directory = std::env::current_dir().context("cannot tell the working directory")?;
        let directory =
            Utf8PathBuf::try_from(directory).context("the working directory's name is not UTF-8")?;
        let project = Project::find(args.project_dir.as_deref(), &directory)?;
        let workspace = Workspace::create(&project.target_path(), args.target.as_deref())?;
        let dbt = Dbt {
            program,
            directory,
            project_directory: project.directory.clone(),
            connection: Connection {
                profiles_dir: args.profiles_dir.clone(),
                profile: args.profile.clone(),
                target: args.target.clone(),
            },
            hidden: dbt::harmful_here(),
            interrupt,
        };
        let selection = SelectionArguments {
            select: selection.select.clone(),
            exclude: selection.exclude.clone(),
            selector: selection.selector.clone(),
        };
        Ok(Self { project, vars, selection, dbt, workspace })
    }

    /// Asks dbt what the selection holds, and works out what is to be run.
    ///
    /// # Errors
    /// dbt fails, or the selection cannot be backfilled.
    pub fn list(&self, emit: Emit<'_>) -> Result<Selected> {
        self.warn_of_environment(emit);
        let listing = self.models(emit)?;
        let packages = snowplow::discover(&listing.manifest)?;
        let scope = Scope::of(&listing, &packages)?;
        Ok(Selected { listing, packages, scope })
    }

    /// Names what dbt is not given of this process's environment.
    pub fn warn_of_environment(&self, emit: Emit<'_>) {
        // Where the target path is, is obeyed: what is written goes below it.
        let is_ignored = |name: &&str| !name.ends_with("_TARGET_PATH");
        let names: Vec<_> = self.dbt.hidden.iter().map(String::as_str).filter(is_ignored).collect();
        if !names.is_empty() {
            let message = format!(
                "ignored from the environment, because it would change what a run does: {}",
                names.join(", ")
            );
            emit(Event::Warning { message });
        }
    }

    /// Asks dbt what the selection holds.
    ///
    /// # Errors
    /// dbt fails, or nothing is selected.
    pub fn models(&self, emit: Emit<'_>) -> Result<Listing> {
        let (target, log) = (self.workspace.list_target(), self.workspace.logs("ls"));
        let paths = ListPaths { target: &target, log: &log };
        self.dbt.list(&self.selection, &self.vars, paths, emit)
    }
}

/// What the selection holds.
#[derive(Debug)]
pub struct Selected {
    /// dbt's answer.
    pub listing: Listing,
    /// All Snowplow packages of the project.
    pub packages: Vec<snowplow::Package>,
    /// What is to be run.
    pub scope: Scope,
}

/// What the loop is told of the packages, in one order.
#[derive(Debug)]
pub struct Packages {
    /// Their tracked models.
    pub tracked: Vec<Tracked>,
    /// What their windows hang on.
    pub settings: Vec<Settings>,
    /// Reads their tables.
    pub reader: Reader,
    /// Their version of snowplow_utils gets the load family back into step.
    pub load_family_heals: bool,
}

impl Selected {
    /// Where the packages' tables are, and what their vars say.
    ///
    /// # Errors
    /// A warehouse that is not supported, a project that cannot be read, a folder that cannot be written.
    pub fn packages(&self, setup: &Setup, start_date: Option<Timestamp>) -> Result<Packages> {
        let manifest = &self.listing.manifest;
        let dialect: Dialect = manifest.metadata.adapter_type.parse()?;
        let mut tracked = Vec::new();
        let mut settings = Vec::new();
        let mut sources = Vec::new();
        for touched in &self.scope.packages {
            let package = &touched.package;
            let vars = dbt::Scope::of(&package.dbt_package, &setup.project, &setup.vars)?;
            let (events, column) = snowplow::events(&vars, package.family, dialect.adapter());
            let relation = |id: &str| {
                let node = manifest.node(id).with_context(|| format!("{id} is not in the dbt manifest"))?;
                anyhow::Ok(relation_of(node))
            };
            settings.push(snowplow::settings(&vars, start_date));
            sources.push(Sources {
                incremental_manifest: relation(&package.incremental_manifest)?,
                limits: relation(&package.limits)?,
                events: Events::new(events, &column),
            });
            tracked.push(Tracked {
                name: package.name.clone(),
                family: package.family,
                models: touched.tracked.clone(),
            });
        }
        let project = QueryProject::create(
            setup.workspace.query_project(),
            setup.workspace.logs("query"),
            &setup.project,
        )?;
        let reader =
            Reader { dbt: setup.dbt.clone(), project, vars: setup.vars.clone(), dialect, packages: sources };
        let utils = setup.project.package_version("snowplow_utils");
        let load_family_heals = utils.is_some_and(|version| snowplow::load_family_heals(&version));
        Ok(Packages { tracked, settings, reader, load_family_heals })
    }

    /// dbt has to make the incremental manifests that are not there yet: the first model to be built reads them.
    ///
    /// # Errors
    /// Usage: one is not selected.
    pub fn require_manifests(&self, observation: &Observation) -> Result<()> {
        for (touched, tables) in self.scope.packages.iter().zip(&observation.packages) {
            let id = &touched.package.incremental_manifest;
            if !tables.has_manifest && !self.scope.built.contains(id) {
                let name = self.listing.manifest.node(id).map_or(id.as_str(), |node| &node.name);
                bail!(
                    "the incremental manifest {name} does not exist yet and is not selected, so nothing would make it: select \
                     with the ancestors, as in --select +my_model, and do not exclude it"
                );
            }
        }
        Ok(())
    }

    /// What is going to be done, as an event tells it.
    #[must_use]
    pub fn start(
        &self,
        setup: &Setup,
        limit_days: u32,
        first_run: &FirstRun,
        journal: Option<Utf8PathBuf>,
    ) -> Start {
        let manifest = &self.listing.manifest;
        let name = |id: &String| manifest.node(id).map(|node| node.name.clone());
        let packages = self.scope.packages.iter().map(|touched| PackageScope {
            package: touched.package.name.clone(),
            tracked: touched.tracked.clone(),
            incremental_manifest: manifest
                .node(&touched.package.incremental_manifest)
                .map_or_else(String::new, |node| node.relation().to_owned()),
        });
        Start {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            project: setup.project.name.clone(),
            adapter: manifest.metadata.adapter_type.clone(),
            dbt_version: manifest.metadata.dbt_version.clone(),
            target: setup.dbt.connection.target.clone(),
            selection: setup.selection.arguments(),
            models: self.scope.built.iter().filter_map(name).collect(),
            packages: packages.collect(),
            stand_ins: self.scope.stand_ins.clone(),
            models_to_run: self.scope.models_to_run.clone(),
            limit_days,
            first_run_only: first_run.flags(),
            journal,
        }
    }

    /// What a lock of this project and target is called: the place of the first package's incremental manifest, which two
    /// targets share only if they share their tables.
    #[must_use]
    pub fn lock_name(&self) -> &str {
        let first = self
            .packages
            .first()
            .and_then(|package| self.listing.manifest.node(&package.incremental_manifest));
        first.map_or("target", |node| node.relation())
    }
}
