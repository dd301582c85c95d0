//! What a backfill works on: the selection, the packages, `models_to_run`. No table is read yet.

use anyhow::{Result, bail};
use camino::Utf8PathBuf;

use super::preflight::FirstRun;
use crate::dbt::{DeferArguments, Lineage, Listing, Manifest, Node, SelectionArguments};
use crate::event::{Emit, Event, PackageScope, Start};
use crate::snowplow::{self, Scope, TouchedPackage};
use crate::workspace::OpenTarget;

/// The selection of one target.
#[derive(Debug)]
pub struct Selected {
    pub listing: Listing,
    /// What is to be run.
    pub scope: Scope,
    selection: Vec<String>,
    pub(super) is_whole_project: bool,
    /// The name of the lock of this project and target.
    lock_name: String,
}

impl Selected {
    /// Asks dbt what the selection holds, and works out what is to be run. `extra` is what the user gave after
    /// `--`.
    ///
    /// # Errors
    /// dbt fails, or the selection cannot be backfilled.
    pub fn list(
        target: &OpenTarget<'_>,
        selection: &SelectionArguments,
        extra: &[String],
        emit: Emit<'_>,
    ) -> Result<Self> {
        refuse_source_status(selection)?;
        target.open.warn_of_environment(emit)?;
        let listing = target.list(selection, extra, emit)?;
        let packages = snowplow::discover(&listing.manifest);
        let scope = Scope::of(&listing, &packages)?;
        packages.warnings().into_iter().for_each(|message| emit(Event::Warning { message }));
        let lock_name = packages.lock_name(&listing.manifest).unwrap_or("target").to_owned();
        let is_whole_project = selection.is_empty() && listing.manifest.default_selector.is_none();
        let selection = arguments(selection, &listing.manifest);
        Ok(Self { listing, scope, selection, is_whole_project, lock_name })
    }

    /// Warns of the parts of the selection that match nothing. Those of `--select` are an error for a run.
    pub fn warn_of_unmatched(&self, emit: Emit<'_>) {
        for unmatched in &self.listing.unmatched {
            emit(Event::Warning { message: unmatched.to_string() });
        }
    }

    pub(super) fn lock_name(&self) -> &str {
        &self.lock_name
    }

    /// With `--defer`, dbt takes the tables of the other environment for those of models that are not selected.
    /// The on-run-end hook would write into that environment's incremental manifest.
    ///
    /// # Errors
    /// Usage: an incremental manifest is not selected.
    pub(super) fn check_defer(&self, defer: &DeferArguments) -> Result<()> {
        if !defer.defer {
            return Ok(());
        }
        if let Some(name) = self.unselected_manifest() {
            bail!(
                "--defer needs the incremental manifest {name} in the selection: else dbt reads and writes the \
                 one of the environment that --state describes. Select the model with its ancestors, as in \
                 --select +my_model"
            );
        }
        if let Some(name) = self.unselected_between() {
            bail!(
                "--defer needs {name} in the selection, which tracked models are built from: else they can read \
                 or write the one of the environment that --state describes. Select them \
                 with their ancestors, as in --select +my_model"
            );
        }
        Ok(())
    }

    /// The name of a model that a selected tracked model is built from and that this selection does not build:
    /// one of its package, or one between the window and it.
    fn unselected_between(&self) -> Option<&str> {
        let manifest = &self.listing.manifest;
        let lineage = Lineage::of(manifest);
        self.scope.packages.iter().find_map(|TouchedPackage { package, .. }| {
            let tracked: Vec<_> = self.scope.tracked(package, manifest).collect();
            let between = lineage.between(&package.limits, &tracked);
            // Models of the package write into others by hooks: into the quarantine of sessions, for example.
            let parents = tracked.iter().flat_map(|node| lineage.parents(&node.unique_id));
            let above = lineage.ancestors(parents, usize::MAX).filter_map(|id| manifest.node(id));
            let of_package = above.filter(|node| node.package_name == package.dbt_package);
            let missing = between
                .into_iter()
                .chain(of_package)
                .find(|node| !node.is_ephemeral() && !self.scope.built.contains(&node.unique_id));
            missing.map(|node| node.name.as_str())
        })
    }

    /// The name of a selected tracked model of a package that is not built from its incremental manifest.
    pub(super) fn apart_from_manifest(&self, touched: &TouchedPackage) -> Option<&str> {
        let manifest = &self.listing.manifest;
        let lineage = Lineage::of(manifest);
        let package = &touched.package;
        let tracked = self.scope.tracked(package, manifest);
        let is_apart = |node: &&Node| {
            let parents = lineage.parents(&node.unique_id);
            !lineage.ancestors(parents, usize::MAX).any(|id| id == package.incremental_manifest)
        };
        tracked.filter(is_apart).map(|node| node.name.as_str()).next()
    }

    /// The name of an incremental manifest that this selection does not build.
    fn unselected_manifest(&self) -> Option<&str> {
        let ids = self.scope.packages.iter().map(|touched| &touched.package.incremental_manifest);
        let id = ids.into_iter().find(|id| !self.scope.built.contains(*id))?;
        Some(self.listing.manifest.node(id).map_or(id.as_str(), |node| &node.name))
    }

    /// Without the incremental manifest in the selection, `--full-refresh` would drop tables and keep their
    /// rows.
    ///
    /// # Errors
    /// Usage: an incremental manifest is not selected.
    pub(super) fn check_refresh(&self, first_run: &FirstRun) -> Result<()> {
        if !first_run.full_refresh {
            return Ok(());
        }
        match self.unselected_manifest() {
            None => Ok(()),
            Some(name) => bail!(
                "--full-refresh needs the incremental manifest {name} in the selection: without it, the tables \
                 are rebuilt, but only with events after the last_success in their rows. Select the model \
                 with its ancestors, as in --select +my_model"
            ),
        }
    }

    /// Names the models that would keep their tables in a `--full-refresh`.
    pub(super) fn warn_of_protected(&self, first_run: &FirstRun, emit: Emit<'_>) {
        let protected = self.protected();
        if first_run.full_refresh && !protected.is_empty() {
            let message = format!(
                "--full-refresh does not rebuild {}: full_refresh is false in the configuration, so the tables \
                 keep their rows. Set it to true, or drop these tables first",
                protected.join(", ")
            );
            emit(Event::Warning { message });
        }
    }

    /// The incremental models whose configuration keeps `--full-refresh` away from them.
    ///
    /// With Snowplow's own macro that depends on a var, which this tool sets in the first run.
    fn protected(&self) -> Vec<&str> {
        let manifest = &self.listing.manifest;
        let by_macro = |node: &Node| {
            let mut called = manifest.macros_called(node.macros.iter().map(String::as_str));
            called.any(|id| id.ends_with(".allow_refresh"))
        };
        let built = self.scope.built.iter().filter_map(|id| manifest.node(id));
        built
            .filter(|node| node.is_incremental() && !by_macro(node))
            .filter(|node| node.config.get("full_refresh") == Some(&false.into()))
            .map(|node| node.name.as_str())
            .collect()
    }

    /// The first event of a backfill.
    #[must_use]
    pub fn start(
        &self,
        target: &OpenTarget<'_>,
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
            project: target.project().name.clone(),
            adapter: manifest.metadata.adapter_type.clone(),
            dbt_version: manifest.metadata.dbt_version.clone(),
            target: target.name.clone(),
            selection: self.selection.clone(),
            models: self.scope.built.iter().filter_map(name).collect(),
            packages: packages.collect(),
            stand_ins: self.scope.stand_ins.clone(),
            models_to_run: self.scope.models_to_run.clone(),
            limit_days,
            first_run_only: first_run.flags(),
            journal,
        }
    }
}

/// The selection for people: without one, dbt uses the default selector of the project, if it has one.
fn arguments(selection: &SelectionArguments, manifest: &Manifest) -> Vec<String> {
    match &manifest.default_selector {
        Some(default) if selection.is_empty() => vec!["--selector".to_owned(), default.name.clone()],
        _ => selection.arguments(),
    }
}

/// dbt takes the freshness of sources from its target path, and every call of a backfill has one of its own.
///
/// # Errors
/// Usage.
fn refuse_source_status(selection: &SelectionArguments) -> Result<()> {
    let texts = selection.select.iter().chain(&selection.exclude);
    let mut parts =
        texts.flat_map(|text| text.split([' ', ','])).map(|part| part.trim_start_matches(is_operator));
    match parts.find(|part| part.starts_with("source_status:")) {
        None => Ok(()),
        Some(part) => bail!(
            "{part} cannot be used: dbt would look for new results of `dbt source freshness` in the target path \
             of every single run. List the models first, as in --select $(dbt ls --quiet \
             --resource-type model --output name --select {part} …)"
        ),
    }
}

/// What dbt allows before the method of a part: `@`, `+`, `2+`.
fn is_operator(c: char) -> bool {
    matches!(c, '@' | '+' | '0'..='9')
}
