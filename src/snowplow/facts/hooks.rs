//! Windows whose end no on-run-end hook records.

use std::collections::HashSet;

use crate::dbt::{Manifest, Node};
use crate::snowplow::family::Family;
use crate::snowplow::hook::{Hook, hooks};

/// Two tags at least this similar are one tag, misspelled. The measure is that of the suggestions.
const MISTYPED: f64 = 0.95;

/// A model that works out windows from an incremental manifest that no hook of Snowplow's writes.
#[derive(Debug)]
pub struct HooklessLimits<'m> {
    pub family: Family,
    pub node: &'m Node,
    /// Whether another on-run-end hook refers to that incremental manifest: it may write it in its own way.
    pub may_be_recorded: bool,
}

/// The models that work out windows that nobody records the end of.
#[must_use]
pub fn hookless_limits(manifest: &Manifest) -> Vec<HooklessLimits<'_>> {
    // Of a hook that is not understood, it is not clear which model it writes.
    let written = |hook: Hook<'_>| match hook.package {
        Ok(package) => vec![package.incremental_manifest],
        Err(_) => read_by(hook.node, manifest),
    };
    let recorded: Vec<String> = hooks(manifest).flat_map(written).collect();
    let at_end = manifest.operations().filter(|node| node.has_tag("on-run-end"));
    let at_end: Vec<_> = at_end.map(|hook| read_by(hook, manifest)).collect();
    let limits = |node| {
        let family = Family::ALL.into_iter().find(|family| Node::calls(node, family.limits_macro()))?;
        let reads = |id: &str| node.parents.iter().any(|parent| parent == id);
        let may_be_recorded = at_end.iter().any(|hook| hook.iter().any(|id| reads(id)));
        let found = HooklessLimits { family, node, may_be_recorded };
        (!recorded.iter().any(|id| reads(id))).then_some(found)
    };
    manifest.models().filter_map(limits).collect()
}

/// The `unique_id` of what a hook reads. dbt 2 does not tell it: then it is every model that the text of the hook names
/// in quotes.
fn read_by(hook: &Node, manifest: &Manifest) -> Vec<String> {
    if !hook.parents.is_empty() {
        return hook.parents.clone();
    }
    let quoted: HashSet<_> = hook.raw_code.split(['\'', '"']).collect();
    let named = manifest.models().filter(|node| quoted.contains(node.name.as_str()));
    named.map(|node| node.unique_id.clone()).collect()
}

/// The tag of a model that looks like that of a package, where no package has it, and the tag that was probably
/// meant. `tags` are those of the packages; `may_be_right` says that there may be more packages.
#[must_use]
pub fn misses_its_hook<'n, 't>(
    node: &'n Node,
    tags: &'t [String],
    may_be_right: bool,
) -> Option<(&'n str, Option<&'t str>)> {
    // A tracked model can have more tags.
    if node.tags.iter().any(|tag| tags.contains(tag)) {
        return None;
    }
    let orphan = |tag: &'n String| {
        let is_of_a_package = tag.starts_with("snowplow_") && tag.ends_with("_incremental");
        let meant = meant(tag, tags);
        (is_of_a_package && !may_be_right || meant.is_some()).then_some((tag.as_str(), meant))
    };
    node.tags.iter().find_map(orphan)
}

/// The package's tag that was probably meant.
fn meant<'t>(tag: &str, tags: &'t [String]) -> Option<&'t str> {
    let plain = tag.to_lowercase().replace('-', "_");
    tags.iter().map(String::as_str).find(|known| strsim::jaro(&plain, known) >= MISTYPED)
}
