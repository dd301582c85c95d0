//! Selecting from a dbt manifest without dbt: the simple part of dbt's selection syntax.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::dbt::{Manifest, Node};

/// The `unique_id` of every model that the criteria pick.
///
/// # Errors
/// Only dbt understands a criterion, or it matches nothing, or nothing is selected.
pub fn select(manifest: &Manifest, select: &[String], exclude: &[String]) -> Result<BTreeSet<String>> {
    let mut selected = union(manifest, select)?;
    if select.is_empty() {
        selected = manifest.models().map(|node| node.unique_id.clone()).collect();
    }
    for id in union(manifest, exclude)? {
        selected.remove(&id);
    }
    if selected.is_empty() {
        bail!("nothing is selected");
    }
    Ok(selected)
}

fn union(manifest: &Manifest, criteria: &[String]) -> Result<BTreeSet<String>> {
    let mut picked = BTreeSet::new();
    for criterion in criteria.iter().flat_map(|text| text.split_whitespace()) {
        picked.extend(pick(manifest, criterion)?);
    }
    Ok(picked)
}

fn pick(manifest: &Manifest, criterion: &str) -> Result<BTreeSet<String>> {
    let bare = criterion.trim_matches('+');
    let matches: Box<dyn Fn(&Node) -> bool> = match bare.split_once(':') {
        Some(("tag", tag)) => Box::new(move |node| node.has_tag(tag)),
        Some(("package", name)) => Box::new(move |node| node.package_name == name),
        None if !bare.contains([',', '*', '@', '/', '.']) => Box::new(move |node| node.name == bare),
        _ => bail!(
            "{criterion}: without a connection, only names, +name, name+, tag:… and package:… can be \
             selected. For the rest of dbt's syntax, use --target and --to"
        ),
    };
    let mut picked: BTreeSet<_> =
        manifest.models().filter(|node| matches(node)).map(|node| node.unique_id.clone()).collect();
    if picked.is_empty() {
        bail!("nothing is selected: {criterion} matches no enabled model of the dbt manifest");
    }
    if criterion.starts_with('+') {
        grow(manifest, &mut picked, |node, picked| {
            let parents = node.parents.iter().filter(|id| manifest.node(id).is_some());
            if picked.contains(&node.unique_id) { parents.cloned().collect() } else { Vec::new() }
        });
    }
    if criterion.ends_with('+') {
        grow(manifest, &mut picked, |node, picked| {
            let is_child = node.parents.iter().any(|id| picked.contains(id));
            is_child.then(|| node.unique_id.clone()).into_iter().collect()
        });
    }
    picked.retain(|id| manifest.models().any(|node| node.unique_id == *id));
    Ok(picked)
}

/// Adds what belongs to the picked nodes until nothing new is found.
fn grow(
    manifest: &Manifest,
    picked: &mut BTreeSet<String>,
    more: impl Fn(&Node, &BTreeSet<String>) -> Vec<String>,
) {
    loop {
        let added: Vec<_> = manifest.models().flat_map(|node| more(node, picked)).collect();
        let before = picked.len();
        picked.extend(added);
        if picked.len() == before {
            return;
        }
    }
}
