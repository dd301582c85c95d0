//! What tracked models are built from has to be built with them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::facts;
use super::hook::Package;
use crate::dbt::{Lineage, Listing, Node};
use crate::failure::Refusal;

/// A table between the window and a tracked model still holds the data of an earlier run if it is not built.
/// The tracked model would read that data again, and its row would still move. A view has no data of its own.
pub(super) fn require_what_they_are_built_from(
    package: &Package,
    listing: &Listing,
    lineage: &Lineage<'_>,
) -> Result<()> {
    let manifest = &listing.manifest;
    let tracked: Vec<_> =
        package.tracked(manifest).filter(|node| listing.selected.contains(&node.unique_id)).collect();
    refuse_snapshots(package, lineage, &tracked)?;
    let base = [&package.limits, &package.base_events].into_iter().filter_map(|id| manifest.node(id));
    let between = lineage.between(&package.limits, &tracked);
    let tables = between.into_iter().filter(|node| !matches!(node.materialized(), "ephemeral" | "view"));
    let missing: BTreeMap<&str, _> = base
        .chain(tables)
        .filter(|node| !listing.selected.contains(&node.unique_id))
        .map(|node| (node.unique_id.as_str(), node.name.as_str()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let needing = needing(&tracked, &missing, lineage);
    let (verb, they) = if needing.len() == 1 { ("needs", "it") } else { ("need", "they") };
    bail!(
        "the selection holds tracked models of {} but not all models that they are built from ({}), which {} \
         {verb}: {they} would read what an earlier run left there. Select the ancestors too, and exclude none \
         of them: --select {}",
        package.name,
        missing.values().copied().collect::<Vec<_>>().join(", "),
        some_names(&needing),
        with_ancestors(&needing, listing, lineage).join(" ")
    )
}

/// `dbt run` builds no snapshots, so one between the window and a tracked model holds the data of an earlier
/// run in every run.
fn refuse_snapshots(package: &Package, lineage: &Lineage<'_>, tracked: &[&Node]) -> Result<()> {
    for node in tracked {
        if let Some(snapshot) = facts::snapshot_before(package, node, lineage) {
            bail!(Refusal(format!(
                "{} is built from {snapshot}, and dbt run does not build snapshots, so it would read what an \
                 earlier `dbt snapshot` left there. Let it read the model below the snapshot, or remove the \
                 tag {}",
                node.name,
                package.tag()
            )));
        }
    }
    Ok(())
}

/// The tracked models that are built from a missing one.
fn needing<'m>(
    tracked: &[&'m Node],
    missing: &BTreeMap<&'m str, &str>,
    lineage: &Lineage<'m>,
) -> Vec<&'m Node> {
    let needs = |node: &Node| {
        let parents = lineage.parents(&node.unique_id);
        lineage.ancestors(parents, usize::MAX).any(|id| missing.contains_key(id))
    };
    let needing: Vec<_> = tracked.iter().copied().filter(|node| needs(node)).collect();
    // Without a line to the base models, all tracked models depend on the window that these hold.
    if needing.is_empty() { tracked.to_vec() } else { needing }
}

fn some_names(nodes: &[&Node]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<_> = nodes.iter().take(SHOWN).map(|node| node.name.as_str()).collect();
    match nodes.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Values for `--select`: these models with all their ancestors, and what else is selected.
fn with_ancestors(nodes: &[&Node], listing: &Listing, lineage: &Lineage<'_>) -> Vec<String> {
    let manifest = &listing.manifest;
    let parents = nodes.iter().flat_map(|node| lineage.parents(&node.unique_id));
    let above: BTreeSet<_> = lineage.ancestors(parents, usize::MAX).collect();
    let is_end = |node: &&&Node| !above.contains(node.unique_id.as_str());
    let ends: BTreeSet<_> = nodes.iter().filter(is_end).map(|node| format!("+{}", node.name)).collect();
    let covered = |id: &str| above.contains(id) || nodes.iter().any(|node| node.unique_id == id);
    let others = listing.selected.iter().filter(|id| !covered(id)).filter_map(|id| manifest.node(id));
    let others: BTreeSet<_> = others.map(|node| node.name.clone()).collect();
    ends.into_iter().chain(others).collect()
}
