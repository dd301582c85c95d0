//! The plan through dbt: both targets as they are now.

use anyhow::{Context, Result, bail};

use super::unfinished::{self, Asked};
use super::without_connection::dialect;
use super::write::write;
use super::{apply, output, sync, wishes};
use crate::backfill::Lock;
use crate::cli::{PromoteArgs, SelectionArgs};
use crate::commands::prepare::Setup;
use crate::dbt::{self, Interrupt, Listing, QueryProject, RelationName, SelectionArguments};
use crate::event::{Emit, Event};
use crate::failure::{Failure, Refusal};
use crate::outcome::Outcome;
use crate::promote::{self, Facts, PackageVars, Plan, ProdReader, Scripts, Side, Wishes};
use crate::snowplow::{self, Package, TouchedPackage};
use crate::timestamp::Timestamp;

/// A target, as dbt knows it.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) setup: Setup,
    pub(super) listing: Listing,
    pub(super) packages: Vec<Package>,
}

/// Both targets, and what of them can be promoted.
pub(super) struct Both {
    pub(super) staging: Target,
    pub(super) prod: Target,
    facts: Facts,
    limits: Vec<RelationName>,
}

pub(super) fn run(args: &PromoteArgs) -> Result<Outcome> {
    let mut output = output(args);
    let emit = &mut |event| output.emit(event);
    let both = Both::list(args, emit)?;
    promote::check_places(&both.facts, wishes(args))?;
    let asked = both.asked(args)?;
    if args.apply
        && let Some((folder, record, _locks)) = unfinished::find(&both.prod.setup, &asked, emit)?
    {
        return apply::go_on(args, &both, record, &folder, emit);
    }
    if args.sync
        && let Some(unfinished) = sync::sync(args, &both, emit)?
    {
        return Ok(unfinished);
    }
    // Before anything is read that the plan hangs on.
    let _locks = if args.apply { both.lock()? } else { Vec::new() };
    let read = both.read(emit)?;
    if !args.apply
        && let Some(unread) = &read.unread
    {
        emit(Event::Warning { message: promote::unread_catalogue(unread) });
    }
    let (plan, scripts) = planned(args, &read, &read.facts)?;
    if args.apply {
        apply::apply(args, &both, &asked, (&plan, &scripts), emit)
    } else {
        write(args, &plan, &scripts)
    }
}

/// What was read of both sides.
pub(super) struct Read {
    pub(super) facts: Facts,
    /// Why the catalogue could not be read.
    unread: Option<Failure>,
}

/// The plan and its scripts; `facts` are those that were read, or what is to become of them.
pub(super) fn planned(args: &PromoteArgs, read: &Read, facts: &Facts) -> Result<(Plan, Scripts)> {
    let plan = Plan::of(facts, wishes(args), Timestamp::of_this_machine())?;
    let scripts = Scripts::of(&plan)?;
    match &read.unread {
        Some(unread) if args.apply => bail!(Refusal(format!(
            "{}. Executed at once, nobody would see what that loses: give the user of {}'s connection the right to read the \
             catalogue, or write the script without --apply, look at it, and execute it by the warehouse's own client",
            promote::unread_catalogue(unread),
            facts.to
        ))),
        _ => Ok((plan, scripts)),
    }
}

/// dbt's selection arguments.
pub(super) fn selection(args: &PromoteArgs) -> SelectionArguments {
    SelectionArguments {
        select: args.selection.select.clone(),
        exclude: args.selection.exclude.clone(),
        selector: args.selection.selector.clone(),
    }
}

impl Target {
    fn list(
        args: &PromoteArgs,
        target: Option<&str>,
        selection: &SelectionArgs,
        emit: Emit<'_>,
    ) -> Result<Self> {
        let mut dbt = args.dbt.clone();
        dbt.target = target.map(str::to_owned);
        let setup = Setup::new(&dbt, selection, Interrupt::listen()?)?;
        let name = match target {
            Some(target) => target.to_owned(),
            None => default_target(&setup, emit)?,
        };
        let listing = setup.models(emit)?;
        let packages = snowplow::discover(&listing.manifest)?;
        Ok(Self { name, setup, listing, packages })
    }

    fn side(&self) -> Side<'_> {
        Side { name: &self.name, manifest: &self.listing.manifest, packages: &self.packages }
    }

    /// As a backfill on this target calls its lock.
    fn lock_name(&self) -> Option<&str> {
        let node = self.listing.manifest.node(&self.packages.first()?.incremental_manifest)?;
        Some(node.relation())
    }
}

impl Both {
    fn list(args: &PromoteArgs, emit: Emit<'_>) -> Result<Self> {
        let Some(to) = args.to.as_deref() else {
            bail!("where to? Give the target that is promoted to: --to prod")
        };
        if args.dbt.target.as_deref() == Some(to) {
            bail!(
                "--target and --to are both {to}: give the target that was backfilled and the one that is promoted to"
            );
        }
        let staging = Target::list(args, args.dbt.target.as_deref(), &args.selection, emit)?;
        if staging.name == to {
            bail!(
                "{to} is the profile's default target, too: give the one that was backfilled with --target"
            );
        }
        staging.setup.warn_of_environment(emit);
        let (touched, _) = TouchedPackage::find(&staging.listing, &staging.packages)?;
        // All models: prod's next run counts them all.
        let everything = SelectionArgs { select: Vec::new(), exclude: Vec::new(), selector: None };
        let prod = Target::list(args, Some(to), &everything, emit)?;

        let names = (staging.name.as_str(), prod.name.as_str());
        let dialect = dialect(&staging.listing.manifest, &prod.listing.manifest, names, None)?;
        if let Some(wanted) = args.dialect.as_deref()
            && wanted != dialect.adapter()
        {
            bail!("--dialect {wanted}: both targets are on {dialect}");
        }
        let sides = (&staging.side(), &prod.side());
        let facts = promote::facts(dialect, sides, &touched, selection(args).arguments(), |package| {
            package_vars(package, &staging.setup, &prod.setup)
        })?;
        let limits = touched
            .iter()
            .map(|touched| promote::limits_of(&touched.package, &staging.listing.manifest))
            .collect::<Result<_>>()?;
        Ok(Self { staging, prod, facts, limits })
    }

    /// What this call is about, by which a later one is known to be the same.
    fn asked(&self, args: &PromoteArgs) -> Result<Asked<'_>> {
        let facts = &self.facts;
        let Wishes { strategy, replace, resume, sync } = wishes(args);
        let all = (&facts.from, &facts.to, &facts.selection, &facts.manifests);
        let text =
            serde_json::to_vec(&(all, strategy, replace, resume, sync)).context("cannot write JSON")?;
        Ok(Asked {
            to: &facts.to,
            models: facts.models.iter().map(|model| model.name.as_str()).collect(),
            digest: promote::short_digest(&text),
        })
    }

    /// Reads both sides on prod's connection.
    pub(super) fn read(&self, emit: Emit<'_>) -> Result<Read> {
        let mut facts = self.facts.clone();
        let project = self.query_project()?;
        let setup = &self.prod.setup;
        let reader = ProdReader { dbt: &setup.dbt, project: &project, vars: &setup.vars };
        let unread = promote::read(&mut facts, &reader, &self.limits, emit)?;
        Ok(Read { facts, unread })
    }

    pub(super) fn query_project(&self) -> Result<QueryProject> {
        query_project(&self.prod.setup)
    }

    /// Keeps backfills and other promotions away from both sides.
    fn lock(&self) -> Result<Vec<Lock>> {
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        self.lock_names()
            .iter()
            .map(|name| Lock::take(&self.prod.setup.workspace.lock(name), &command))
            .collect()
    }

    pub(super) fn lock_names(&self) -> Vec<String> {
        let mut names: Vec<_> = [&self.staging, &self.prod]
            .iter()
            .filter_map(|side| side.lock_name().map(str::to_owned))
            .collect();
        // In one order, whichever way round the targets are.
        names.sort();
        names.dedup();
        names
    }
}

/// What dbt calls the target that it takes where none is given.
fn default_target(setup: &Setup, emit: Emit<'_>) -> Result<String> {
    Ok(setup.dbt.query(&query_project(setup)?, &[], &setup.vars, emit)?.target.name)
}

/// The generated project that reads tables on a target.
pub(super) fn query_project(setup: &Setup) -> Result<QueryProject> {
    QueryProject::create(setup.workspace.query_project(), setup.workspace.logs("query"), &setup.project)
}

/// What the projects' vars say of a package.
fn package_vars(package: &Package, staging: &Setup, prod: &Setup) -> Result<PackageVars> {
    let (in_staging, in_prod) = (vars_of(package, staging)?, vars_of(package, prod)?);
    let limit = in_prod.text("snowplow__backfill_limit_days").and_then(|days| days.parse().ok());
    Ok(PackageVars {
        settings: snowplow::settings(&in_prod, None),
        limit_days: limit.unwrap_or(PackageVars::default().limit_days),
        staging_lookback_hours: snowplow::settings(&in_staging, None).lookback_hours,
        load_family_heals: prod
            .project
            .package_version("snowplow_utils")
            .is_some_and(|version| snowplow::load_family_heals(&version)),
    })
}

fn vars_of<'a>(package: &'a Package, setup: &'a Setup) -> Result<dbt::Scope<'a>> {
    dbt::Scope::of(&package.dbt_package, &setup.project, &setup.vars)
        .context("cannot read the project's vars")
}
