//! Models that no backfill can finish, or whose rows it would lose.

use std::collections::{HashMap, HashSet};

use super::incremental::is_microbatch;
use crate::dbt::{Lineage, Manifest, Node, Project};
use crate::snowplow::hook::Package;

/// The names of more than one of these models, with these models. Packages know models by name alone.
#[must_use]
pub fn namesakes<'m>(models: impl IntoIterator<Item = &'m Node>) -> Vec<(&'m str, Vec<&'m Node>)> {
    let mut by_name: HashMap<&str, Vec<&Node>> = HashMap::new();
    for node in models {
        let same = by_name.entry(&node.name).or_default();
        // Two packages can track one model.
        if same.iter().all(|known| known.unique_id != node.unique_id) {
            same.push(node);
        }
    }
    let mut several: Vec<_> = by_name.into_iter().filter(|(_, nodes)| nodes.len() > 1).collect();
    several.sort_by_key(|&(name, _)| name);
    several
}

/// Whether namesakes are versions of one model: within one dbt package, names are unique.
#[must_use]
pub fn are_versions(namesakes: &[&Node]) -> bool {
    namesakes.iter().all(|node| node.package_name == namesakes[0].package_name)
}

/// The first tracked model that dbt builds. Without one, the hook of its package fails every run.
#[must_use]
pub fn first_built<'m>(tracked: impl IntoIterator<Item = &'m Node>) -> Option<&'m Node> {
    tracked.into_iter().find(|node| !node.is_ephemeral())
}

/// The snapshot of its package's events that a tracked model is built from, if there is one.
#[must_use]
pub fn snapshot_before<'m>(package: &'m Package, node: &'m Node, lineage: &Lineage<'m>) -> Option<&'m str> {
    lineage.snapshots_between(&package.limits, &[node]).into_iter().next()
}

/// Why every run drops a table in which a package keeps what it knows from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyDropped {
    /// Its `full_refresh` is true.
    FullRefresh,
    /// It is a table, a view or the like, which dbt builds anew.
    NotIncremental,
}

/// Why every run drops such a table, an incremental manifest above all, if it does.
#[must_use]
pub fn why_dropped(keeping: &Node) -> Option<WhyDropped> {
    if !keeping.is_incremental() {
        return Some(WhyDropped::NotIncremental);
    }
    is_refreshed(keeping).then_some(WhyDropped::FullRefresh)
}

/// The tracked models, and those between their package's window and them, of which dbt builds only the last batches.
#[must_use]
pub fn built_in_batches<'m>(
    package: &'m Package,
    tracked: &[&'m Node],
    manifest: &'m Manifest,
    project: &Project,
    lineage: &Lineage<'m>,
) -> Vec<&'m Node> {
    let between = lineage.between(&package.limits, tracked);
    let mut found: Vec<_> = between.into_iter().chain(tracked.iter().copied()).collect();
    found.retain(|node| is_microbatch(node, manifest, project));
    found.sort_by_key(|node| &node.unique_id);
    found.dedup_by_key(|node| &node.unique_id);
    found
}

/// The models in which a package keeps what it knows of sessions, and that every run drops.
///
/// Its base events are built from them. Without their rows, the events of a session that began in an earlier window
/// are left out or cut short.
#[must_use]
pub fn dropped_sessions<'m>(
    package: &'m Package,
    manifest: &'m Manifest,
    lineage: &Lineage<'m>,
) -> Vec<(&'m Node, WhyDropped)> {
    let above = lineage.ancestors([package.base_events.as_str()], usize::MAX);
    let own = above.filter(|id| *id != package.incremental_manifest).filter_map(|id| manifest.node(id));
    let own = own.filter(|node| node.package_name == package.dbt_package);
    // All others that are built in a window hold that window alone, so they are tables.
    let below: HashSet<_> = lineage.descendants([package.limits.as_str()], usize::MAX).collect();
    let is_named = |name: &str| SESSION_TABLES.iter().any(|ending| name.ends_with(ending));
    let is_incremental = |node: &Node| node.is_incremental() && below.contains(node.unique_id.as_str());
    let keeps_rows = own.filter(|node| is_incremental(node) || is_named(&node.name));
    let mut dropped: Vec<_> = keeps_rows.filter_map(|node| Some((node, why_dropped(node)?))).collect();
    dropped.sort_by_key(|(node, _)| &node.unique_id);
    dropped
}

/// How the packages name the models that keep sessions.
const SESSION_TABLES: [&str; 2] = ["_sessions_lifecycle_manifest", "_quarantined_sessions"];

/// Whether every run rebuilds a tracked model from its own window alone, as far as its configuration tells.
#[must_use]
pub fn is_always_refreshed(tracked: &Node) -> bool {
    tracked.is_incremental() && is_refreshed(tracked)
}

fn is_refreshed(node: &Node) -> bool {
    node.config.get("full_refresh") == Some(&true.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(id: &str, config: &serde_json::Value) -> Node {
        let mut parts = id.split('.').skip(1).map(str::to_owned);
        Node {
            unique_id: id.to_owned(),
            package_name: parts.next().expect("a package"),
            name: parts.next().expect("a name"),
            config: config.as_object().cloned().expect("a configuration"),
            ..Node::default()
        }
    }

    #[test]
    fn versions_and_models_of_two_packages_share_names() {
        let ids = ["model.p.a.v1", "model.p.a.v2", "model.p.b", "model.q.b", "model.p.c", "model.p.c"];
        let nodes = ids.map(|id| node(id, &json!({})));
        let found = namesakes(&nodes);
        let found: Vec<_> = found.iter().map(|(name, nodes)| (*name, are_versions(nodes))).collect();
        assert_eq!(found, [("a", true), ("b", false)]);
    }

    #[test]
    fn a_manifest_that_keeps_no_rows_is_dropped() {
        let dropped = |config| why_dropped(&node("model.p.m", &config));
        assert_eq!(dropped(json!({"materialized": "incremental", "full_refresh": false})), None);
        assert_eq!(dropped(json!({"materialized": "theirs"})), None);
        let refreshed = json!({"materialized": "incremental", "full_refresh": true});
        assert_eq!(dropped(refreshed.clone()), Some(WhyDropped::FullRefresh));
        assert_eq!(dropped(json!({"materialized": "table"})), Some(WhyDropped::NotIncremental));
        assert_eq!(dropped(json!({})), Some(WhyDropped::NotIncremental));
        assert!(is_always_refreshed(&node("model.p.m", &refreshed)));
        assert!(!is_always_refreshed(&node(
            "model.p.m",
            &json!({"materialized": "table", "full_refresh": true})
        )));
    }
}
