//! The Snowplow packages of a project: those that are understood, and the hooks that are not.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::hook::{Package, hooks, tag_of};
use crate::dbt::{Manifest, Node};

/// What the on-run-end hooks of a project tell about its Snowplow packages.
#[derive(Debug, Default)]
pub struct Packages {
    /// Those that are understood, in the order of their hooks.
    pub known: Vec<Package>,
    /// The hooks that are not understood. They stop a command only where it needs their packages.
    pub unclear: Vec<UnclearHook>,
}

/// A hook that writes an incremental manifest, but does not show which one.
#[derive(Debug)]
pub struct UnclearHook {
    /// The names that it gives its packages; none if they are known to dbt alone.
    names: Option<Vec<String>>,
    /// Which hook it is, and what is not clear.
    trouble: String,
}

/// The Snowplow packages of a project.
#[must_use]
pub fn discover(manifest: &Manifest) -> Packages {
    let mut packages = Packages::default();
    for hook in hooks(manifest) {
        match hook.package {
            // Several hooks can belong to one package.
            Ok(package) if packages.known.iter().any(|known| known.name == package.name) => {}
            Ok(package) => packages.known.push(package),
            Err(error) => {
                let trouble = format!("{error:#}");
                packages.unclear.push(UnclearHook { names: hook.names.ok(), trouble });
            }
        }
    }
    packages
}

impl Packages {
    /// The name of the lock of a project and target: the relation of the first package's incremental
    /// manifest. Two targets have the same one only if they share their tables.
    #[must_use]
    pub fn lock_name<'m>(&self, manifest: &'m Manifest) -> Option<&'m str> {
        Some(manifest.node(&self.known.first()?.incremental_manifest)?.relation())
    }

    /// The packages that are known by their names alone: enough for a stand-in.
    #[must_use]
    pub fn known_by_name(&self) -> BTreeSet<&str> {
        let names = self.unclear.iter().filter_map(|hook| hook.names.as_ref()).flatten();
        names.map(String::as_str).filter(|name| self.known.iter().all(|known| known.name != *name)).collect()
    }

    /// The tags of the tracked models of every package whose name is known.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let known = self.known.iter().map(|package| package.name.as_str());
        known.chain(self.known_by_name()).map(tag_of).collect()
    }

    /// Why a package with this name is not understood, if a hook names it.
    #[must_use]
    pub fn why_unclear(&self, name: &str) -> Option<&str> {
        let mut hooks = self.unclear.iter();
        let hook = hooks.find(|hook| hook.names.iter().flatten().any(|it| it == name))?;
        Some(&hook.trouble)
    }

    /// What is not clear about the first hook that is not understood, if there is one.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        Some(&self.unclear.first()?.trouble)
    }

    /// What may go wrong in a run, because no stand-in can be found for a hook.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let nameless = self.unclear.iter().filter(|hook| hook.names.is_none());
        nameless
            .map(|hook| {
                format!(
                    "{}. So no model can be named for its package, and a run may fail at its end. Give the \
                     hook its package_name as plain text",
                    hook.trouble
                )
            })
            .collect()
    }

    /// Makes sure that the selected models are tracked by packages that are understood.
    ///
    /// # Errors
    /// Usage: a selected model is, or may be, tracked by a package that is not understood.
    pub fn require_understood(&self, selected: &[&Node]) -> Result<()> {
        let of_tag = |tag: &str| selected.iter().find(|node| node.has_tag(tag));
        for name in self.known_by_name() {
            if let (Some(model), Some(trouble)) = (of_tag(&tag_of(name)), self.why_unclear(name)) {
                bail!("{trouble}\nThe selected model {} is tracked by its package, {name}", model.name);
            }
        }
        let Some(nameless) = self.unclear.iter().find(|hook| hook.names.is_none()) else { return Ok(()) };
        let tags = self.tags();
        let may_be_its = |tag: &&String| tag.ends_with("_incremental") && !tags.contains(tag);
        let suspect = selected.iter().find_map(|node| Some((node, node.tags.iter().find(may_be_its)?)));
        if let Some((model, tag)) = suspect {
            bail!(
                "{}\nThe selected model {} has the tag {tag} and may be tracked by its package",
                nameless.trouble,
                model.name
            );
        }
        Ok(())
    }
}
