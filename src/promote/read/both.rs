//! Both targets of a promotion, as dbt lists them.

use anyhow::{Result, bail};

use super::dialect::common_dialect;
use super::gather;
use super::manifests::{self, PackageVars, Side};
use crate::dbt::{Listing, RelationName, SelectionArguments};
use crate::event::{Emit, Event};
use crate::failure::Failure;
use crate::promote::plan::Facts;
use crate::snowplow::model_settings::SettingsPlace;
use crate::snowplow::{self, Package, Packages, TouchedPackage, VarReader};
use crate::workspace::{Lock, OpenProject, OpenTarget};

/// What is promoted from where to where.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// The models to promote.
    pub selection: &'a SelectionArguments,
    /// The target that was backfilled; none for dbt's default.
    pub from: Option<&'a str>,
    /// The target that is promoted to.
    pub to: &'a str,
    /// `--dialect`.
    pub dialect: Option<&'a str>,
}

/// A target with its models.
#[derive(Debug)]
pub struct ListedTarget<'p> {
    /// dbt's name of the target.
    pub name: String,
    pub target: OpenTarget<'p>,
    listing: Listing,
    packages: Packages,
}

/// Both targets, and what can be promoted from one to the other.
#[derive(Debug)]
pub struct BothTargets<'p> {
    /// The target that was backfilled.
    pub staging: ListedTarget<'p>,
    /// The target that is promoted to.
    pub prod: ListedTarget<'p>,
    /// What the dbt manifests tell.
    pub facts: Facts,
    limits: Vec<RelationName>,
}

/// What was read of both sides.
#[derive(Debug)]
pub struct BothRead {
    /// What the dbt manifests and the warehouse tell.
    pub facts: Facts,
    /// Why the catalogue could not be read.
    pub unread: Option<Failure>,
}

impl<'p> ListedTarget<'p> {
    fn list(
        project: &'p OpenProject,
        name: Option<&str>,
        selection: &SelectionArguments,
        emit: Emit<'_>,
    ) -> Result<Self> {
        let target = project.on(name)?;
        let name = match name {
            Some(name) => name.to_owned(),
            // Only dbt knows the name of its default target.
            None => target.query(&[], emit)?.target.name,
        };
        let listing = target.list(selection, &[], emit)?;
        listing.require_matches()?;
        let packages = snowplow::discover(&listing.manifest);
        Ok(Self { name, target, listing, packages })
    }

    fn side(&self) -> Side<'_> {
        let manifest = &self.listing.manifest;
        let utils = self.target.project().package_version("snowplow_utils");
        let settings = SettingsPlace::of(utils.as_deref(), manifest);
        Side { name: &self.name, manifest, packages: &self.packages, settings }
    }

    fn lock_name(&self) -> Option<&str> {
        self.packages.lock_name(&self.listing.manifest)
    }
}

impl<'p> BothTargets<'p> {
    /// Asks dbt for the models of both targets.
    ///
    /// # Errors
    /// Usage: both are one target, or on different warehouses. dbt fails; a model of staging is not one of
    /// prod.
    pub fn list(project: &'p OpenProject, route: &Route<'_>, emit: Emit<'_>) -> Result<Self> {
        let to = route.to;
        if route.from == Some(to) {
            bail!(
                "--target and --to are both {to}: give the target that was backfilled, and the target to \
                 promote to"
            );
        }
        let staging = ListedTarget::list(project, route.from, route.selection, emit)?;
        if staging.name == to {
            bail!(
                "{to} is also the profile's default target: give the target that was backfilled with --target"
            );
        }
        project.warn_of_environment(emit)?;
        let (touched, _) = TouchedPackage::find(&staging.listing, &staging.packages)?;
        // All models, because prod's next run depends on all of them.
        let prod = ListedTarget::list(project, Some(to), &SelectionArguments::default(), emit)?;

        let names = (staging.name.as_str(), prod.name.as_str());
        let dialect = common_dialect(&staging.listing.manifest, &prod.listing.manifest, names, None)?;
        if let Some(wanted) = route.dialect
            && wanted != dialect.adapter()
        {
            bail!("--dialect {wanted}: both targets are on {dialect}");
        }
        let sides = (&staging.side(), &prod.side());
        let selection = route.selection.arguments();
        let facts = manifests::facts(dialect, sides, &touched, selection, |package| {
            package_vars(package, &staging, &prod, &mut *emit)
        })?;
        let limits = touched
            .iter()
            .map(|touched| manifests::limits_of(&touched.package, &staging.listing.manifest))
            .collect::<Result<_>>()?;
        Ok(Self { staging, prod, facts, limits })
    }

    /// Reads both sides on prod's connection.
    ///
    /// # Errors
    /// dbt fails.
    pub fn read(&self, emit: Emit<'_>) -> Result<BothRead> {
        let mut facts = self.facts.clone();
        let unread = gather::read(&mut facts, &self.prod.target, &self.limits, emit)?;
        Ok(BothRead { facts, unread })
    }

    /// Keeps backfills and other promotions away from both sides.
    ///
    /// # Errors
    /// A [`Refusal`](crate::failure::Refusal): another process is at work there.
    pub fn lock(&self) -> Result<Vec<Lock>> {
        self.prod.target.lock(self.lock_names().iter().map(String::as_str))
    }

    /// The names of the locks of both sides, in an order that does not depend on the direction.
    #[must_use]
    pub fn lock_names(&self) -> Vec<String> {
        let sides = [&self.staging, &self.prod];
        let mut names: Vec<_> = sides.iter().filter_map(|side| side.lock_name().map(str::to_owned)).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// What the project's vars set for a package. Vars with Jinja can differ between the targets. Warns of what is
/// not known.
fn package_vars(
    package: &Package,
    staging: &ListedTarget<'_>,
    prod: &ListedTarget<'_>,
    emit: Emit<'_>,
) -> Result<PackageVars> {
    let mut unknown = Vec::new();
    let mut on = |side: &ListedTarget<'_>| {
        let version = &side.listing.manifest.metadata.dbt_version;
        let names = &snowplow::VARS_OF_PROMOTION;
        let vars = side.target.vars(&package.dbt_package, version, names, Vec::new(), emit)?;
        let mut vars = VarReader::new(&package.name, &vars);
        let (settings, limit_days) = (vars.settings(None), vars.limit_days());
        unknown.extend(vars.unknown());
        anyhow::Ok((settings, limit_days))
    };
    let (settings, limit_days) = on(prod)?;
    let (of_staging, _) = on(staging)?;
    let project = prod.target.project();
    unknown.extend(snowplow::unknown_utils(package.family, project));
    unknown.dedup();
    for message in unknown {
        emit(Event::Warning { message });
    }
    let utils = project.package_version("snowplow_utils");
    Ok(PackageVars {
        settings,
        limit_days,
        staging_lookback_hours: of_staging.lookback_hours,
        load_family_heals: utils.is_some_and(|version| snowplow::load_family_heals(&version)),
    })
}
