//! What a backfill knows of a package before it reads a table: where its tables and its events are, and what is
//! wrong with its vars.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::selected::Selected;
use crate::dbt::{Manifest, ResolvedVars, VarScope};
use crate::event::{Emit, Event};
use crate::snowplow::facts::{self, Trouble};
use crate::snowplow::{
    self, EventFilters, Family, Package, PackageSources, TouchedPackage, TrackedPackage, VarReader,
    relation_of, values,
};
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;
use crate::workspace::OpenTarget;

/// What is wrong with the vars of packages, with the names of these.
pub(super) type Troubles = Vec<(String, Trouble)>;

/// Where the tables and the events of a package are, and what is wrong with its vars. Warns of what is not known.
pub(super) fn read(
    target: &OpenTarget<'_>,
    selected: &Selected,
    touched: &TouchedPackage,
    dialect: Dialect,
    start_date: Option<Timestamp>,
    emit: Emit<'_>,
) -> Result<(PackageSources, Troubles)> {
    let (package, manifest) = (&touched.package, &selected.listing.manifest);
    let own = start_date.map(|date| (values::START_DATE, date.to_string()));
    let mut needed = snowplow::vars_read(package.family, dialect, start_date);
    let judged = facts::vars_judged(package.family, start_date.is_some());
    needed.extend(judged.filter(|name| !needed.contains(name)).collect::<Vec<_>>());
    let version = &manifest.metadata.dbt_version;
    let vars = target.vars(&package.dbt_package, version, &needed, own.into_iter().collect(), emit)?;
    let now = Timestamp::of_this_machine();
    let found = facts::of_package(&vars, package.family, start_date.is_some(), now);
    let troubles = found.into_iter().map(|trouble| (package.name.clone(), trouble)).collect();
    // The vars are read as this dbt package sees them.
    let base_events = manifest.node(&package.base_events).filter(|it| it.package_name == package.dbt_package);
    let filters = base_events.map(|model| EventFilters::of(model, &vars)).unwrap_or_default();
    let mut reader = VarReader::new(&package.name, &vars);
    let (settings, events) = (reader.settings(start_date), reader.events(package.family, dialect));
    let events = events.map(|events| events.filtered(filters));
    let utils = target.project().package_version("snowplow_utils");
    let unknown_version = snowplow::unknown_utils(package.family, target.project());
    let unjudged = facts::unknown(&vars, package.family).into_iter().map(|(name, reason)| {
        format!(
            "cannot tell {name} of {}: {reason}. Whether a run fails because of it was not checked",
            package.name
        )
    });
    let clocks = mixed_clocks(target, package, manifest, &vars, utils.as_deref())?;
    for message in reader.unknown().into_iter().chain(unknown_version).chain(unjudged).chain(clocks) {
        emit(Event::Warning { message });
    }
    let relation = |id: &str| {
        let node = manifest.node(id).with_context(|| format!("{id} is not in the dbt manifest"))?;
        anyhow::Ok(relation_of(node))
    };
    let tracked = TrackedPackage {
        name: package.name.clone(),
        family: package.family,
        models: touched.tracked.clone(),
        settings,
        load_family_heals: utils.is_some_and(|version| snowplow::load_family_heals(&version)),
    };
    let sources = PackageSources {
        package: Arc::new(tracked),
        incremental_manifest: relation(&package.incremental_manifest)?,
        limits: relation(&package.limits)?,
        events,
    };
    Ok((sources, troubles))
}

/// What to tell of the hooks of a package that record another column than its windows follow.
fn mixed_clocks(
    target: &OpenTarget<'_>,
    package: &Package,
    manifest: &Manifest,
    vars: &ResolvedVars<'_>,
    utils: Option<&str>,
) -> Result<Vec<String>> {
    // The windows of the load-time family always follow the same column.
    if package.family != Family::Session {
        return Ok(Vec::new());
    }
    let Ok(set) = vars.text(values::SESSION_TIMESTAMP) else { return Ok(Vec::new()) };
    let is_fixed = utils.is_some_and(|version| !snowplow::hook_takes_session_timestamp(version));
    let mut told = Vec::new();
    for hook in snowplow::hooks(manifest).filter(|hook| hook.package.as_ref().is_ok_and(|it| it == package)) {
        let Some(call) = &hook.call else { continue };
        let caller = &hook.node.package_name;
        let version = &manifest.metadata.dbt_version;
        let of_caller = VarScope::of(caller, target.project(), target.dbt().vars(), version)?;
        let in_hook = |name: &str| match vars.text(name) {
            Ok(known) if *caller == package.dbt_package => known,
            _ => of_caller.text(name),
        };
        let Some(clock) = facts::mixed_clocks(call, set.clone(), in_hook, is_fixed) else { continue };
        let (because, advice) = clock.explained(caller);
        told.push(format!(
            "the windows of {} follow {}, but its hook records {}: {because}. Windows can skip events or never \
             move on. {advice}",
            package.name, clock.of_windows, clock.of_hook
        ));
    }
    Ok(told)
}
