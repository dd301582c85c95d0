//! Refuses what would never end, fail or lose rows, by the dbt manifest alone: before any table is read. Warns of
//! what may.

use anyhow::{Result, bail};

use crate::dbt::{Lineage, Manifest, Node, Project};
use crate::event::{Emit, Event};
use crate::failure::Refusal;
use crate::snowplow::facts::{self, HooklessLimits, WhyDropped};
use crate::snowplow::model_settings::{DATE_KEY, SettingsPlace};
use crate::snowplow::{self, Scope};

/// What the selection will run, and what dbt knows about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'s> {
    pub scope: &'s Scope,
    pub manifest: &'s Manifest,
    pub project: &'s Project,
}

/// Looks at everything that the dbt manifest shows.
///
/// # Errors
/// A [`Refusal`] that says why and what to do.
pub(super) fn check(look: Look<'_>, emit: Emit<'_>) -> Result<()> {
    refuse_dropped_manifests(look)?;
    let lineage = Lineage::of(look.manifest);
    refuse_dropped_sessions(look, &lineage)?;
    refuse_batches(look, &lineage)?;
    refuse_refreshed_models(look, emit)?;
    refuse_models_without_a_date(look)?;
    let hookless = facts::hookless_limits(look.manifest);
    refuse_models_without_a_hook(look, &hookless, &lineage, emit)?;
    warn_of_tags(look, &hookless, emit);
    Ok(())
}

impl<'s> Look<'s> {
    /// The models that are built.
    fn built(self) -> impl Iterator<Item = &'s Node> {
        self.scope.built.iter().filter_map(move |id| self.manifest.node(id))
    }

    /// The tracked models that are built.
    fn tracked(self) -> impl Iterator<Item = &'s Node> {
        let tags: Vec<_> = self.scope.packages.iter().map(|touched| touched.package.tag()).collect();
        self.built().filter(move |node| tags.iter().any(|tag| node.has_tag(tag)))
    }
}

/// A backfill never ends if every run drops the incremental manifest: each run starts over.
fn refuse_dropped_manifests(look: Look<'_>) -> Result<()> {
    let ids = look.scope.packages.iter().map(|touched| &touched.package.incremental_manifest);
    for node in ids.filter_map(|id| look.manifest.node(id)) {
        let Some(dropped) = facts::why_dropped(node) else { continue };
        let (why, what) = explained(node, dropped);
        bail!(Refusal(format!(
            "every run drops the incremental manifest {}, because {why}: each run would start over. {what}",
            node.name
        )));
    }
    Ok(())
}

/// What a package knows of sessions has to outlast a run: a session can begin in an earlier window.
fn refuse_dropped_sessions(look: Look<'_>, lineage: &Lineage<'_>) -> Result<()> {
    for touched in &look.scope.packages {
        let dropped = facts::dropped_sessions(&touched.package, look.manifest, lineage);
        let is_built = |(node, _): &&(&Node, _)| look.scope.built.contains(&node.unique_id);
        let Some(&(node, dropped)) = dropped.iter().find(is_built) else { continue };
        let (why, what) = explained(node, dropped);
        bail!(Refusal(format!(
            "every run drops {}, because {why}: what {} knows of earlier sessions would be lost, and with it the \
             beginning of sessions that go on from one window into the next. {what}",
            node.name, touched.package.name
        )));
    }
    Ok(())
}

/// The reason, and what to do.
fn explained(node: &Node, dropped: WhyDropped) -> (String, &'static str) {
    match dropped {
        WhyDropped::FullRefresh => (
            "its full_refresh is true".to_owned(),
            "Usually the project sets snowplow__allow_refresh. Remove it there, and use --full-refresh, which \
             sets it for the first run only",
        ),
        WhyDropped::NotIncremental => (
            format!("it is materialized as {}", node.materialized()),
            "Set materialized='incremental' in its config",
        ),
    }
}

/// dbt builds the last batches up to its own now, whatever the window, and calls that a success.
fn refuse_batches(look: Look<'_>, lineage: &Lineage<'_>) -> Result<()> {
    for touched in &look.scope.packages {
        let package = &touched.package;
        let tracked: Vec<_> = look.scope.tracked(package, look.manifest).collect();
        let found = facts::built_in_batches(package, &tracked, look.manifest, look.project, lineage);
        if let Some(node) = found.into_iter().find(|node| look.scope.built.contains(&node.unique_id)) {
            bail!(Refusal(format!(
                "the incremental_strategy of {} is microbatch: dbt builds only its last batches up to now, whatever \
                 the window of the run is, so the events of earlier windows would be missing. Set it to merge or \
                 delete+insert, with a unique_key",
                node.name
            )));
        }
    }
    Ok(())
}

/// With `full_refresh` set, each run keeps the rows of its own window alone, and ends well. What a custom
/// materialization makes of it is not known.
fn refuse_refreshed_models(look: Look<'_>, emit: Emit<'_>) -> Result<()> {
    for node in look.tracked().filter(|node| facts::is_always_refreshed(node)) {
        let name = &node.name;
        if node.materialized() == "incremental" {
            bail!(Refusal(format!(
                "every run rebuilds {name}, because its full_refresh is true: it would keep only the rows of the \
                 last window. Remove it, and use --full-refresh, which applies to the first run only"
            )));
        }
        let message = format!(
            "the full_refresh of {name} is true. If its materialization ({}) heeds that, each run keeps only the \
             rows of its own window",
            node.materialized()
        );
        emit(Event::Warning { message });
    }
    Ok(())
}

fn refuse_models_without_a_date(look: Look<'_>) -> Result<()> {
    let utils = look.project.package_version("snowplow_utils");
    let settings = SettingsPlace::of(utils.as_deref(), look.manifest);
    let fails = |node: &&Node| facts::fails_after_its_first_run(node, look.manifest, look.project, settings);
    let Some(node) = look.tracked().find(fails) else { return Ok(()) };
    let (name, begins) =
        (&node.name, "the run that creates its table succeeds, and all later ones fail. Set upsert_date_key");
    if settings.without_effect(node).any(|key| key == DATE_KEY) {
        bail!(Refusal(format!(
            "{name} is set to snowplow_optimize, and its upsert_date_key is in meta, where the installed \
             snowplow_utils does not read it: {begins} at the top level of its configuration, or install \
             snowplow_utils 1.0.0 or newer"
        )));
    }
    bail!(Refusal(format!(
        "{name} is set to snowplow_optimize and has no upsert_date_key: {begins} to a date or timestamp of {name} \
         that never changes"
    )))
}

/// Windows that no hook records never move, so the models that are built from them get the first window in every
/// run. They are not tracked: a backfill would end without them.
fn refuse_models_without_a_hook(
    look: Look<'_>,
    hookless: &[HooklessLimits<'_>],
    lineage: &Lineage<'_>,
    emit: Emit<'_>,
) -> Result<()> {
    let tracked: Vec<_> = look.tracked().map(|node| node.unique_id.as_str()).collect();
    for HooklessLimits { family, node: limits, may_be_recorded } in hookless {
        let below = lineage.descendants([limits.unique_id.as_str()], usize::MAX);
        let below = below.filter(|id| look.scope.built.contains(*id) && !tracked.contains(id));
        let below: Vec<_> = below.filter_map(|id| look.manifest.node(id)).collect();
        let is_tagged = |node: &&&Node| node.tags.iter().any(|tag| tag.ends_with("_incremental"));
        let Some(first) = below.iter().find(is_tagged).or(below.first()) else { continue };
        let message = format!(
            "no on-run-end hook records the windows of {}, from which {} is built: every run processes the first \
             window again. Call snowplow_utils.{} in on-run-end of dbt_project.yml",
            limits.name,
            first.name,
            family.hook_macro()
        );
        if is_tagged(&first) && !may_be_recorded {
            bail!(Refusal(message));
        }
        emit(Event::Warning { message });
    }
    Ok(())
}

/// Warns of the user's models with a tag of no package: nothing records how far they are.
fn warn_of_tags(look: Look<'_>, hookless: &[HooklessLimits<'_>], emit: Emit<'_>) {
    let packages = snowplow::discover(look.manifest);
    let may_be_right = !packages.unclear.is_empty() || !hookless.is_empty();
    let hooked = packages.known.iter().map(|package| package.dbt_package.as_str());
    let own = snowplow::own_packages(look.manifest, look.project, hooked);
    let tags = packages.tags();
    for node in look.built().filter(|node| own.contains(&node.package_name)) {
        let Some((tag, meant)) = facts::misses_its_hook(node, &tags, may_be_right) else { continue };
        let meant = meant.map(|meant| format!(". Did you mean {meant}?")).unwrap_or_default();
        let message = format!(
            "{} has the tag {tag}, but there is no on-run-end hook of such a package, so nothing records how far \
             it is{meant}",
            node.name
        );
        emit(Event::Warning { message });
    }
}
