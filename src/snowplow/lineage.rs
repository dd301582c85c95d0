//! What stands between two models in a dbt manifest.

use std::collections::{BTreeMap, BTreeSet};

use crate::dbt::{Manifest, Node};

/// The models that descend from `top` and that one of `ends` descends from, without both, in the order of their `unique_id`.
#[must_use]
pub fn between<'m>(manifest: &'m Manifest, top: &str, ends: &[&Node]) -> Vec<&'m Node> {
    let mut children = BTreeMap::<&str, Vec<&str>>::new();
    for node in manifest.models() {
        for parent in &node.parents {
            children.entry(parent).or_default().push(&node.unique_id);
        }
    }
    let below = reach([top], |id| children.get(id).into_iter().flatten().copied());
    let parents = |id| manifest.node(id).into_iter().flat_map(|node| node.parents.iter().map(String::as_str));
    let above = reach(ends.iter().map(|node| node.unique_id.as_str()), parents);
    below.intersection(&above).filter_map(|id| manifest.node(id)).collect()
}

/// All that can be reached by steps, without where they start unless a step leads there.
fn reach<'a, I: Iterator<Item = &'a str>>(
    start: impl IntoIterator<Item = &'a str>,
    steps: impl Fn(&'a str) -> I,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = start.into_iter().collect();
    while let Some(id) = open.pop() {
        open.extend(steps(id).filter(|next| reached.insert(*next)));
    }
    reached
}
