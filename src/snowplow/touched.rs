//! The packages that a selection touches, and the tracked models that no backfill could finish.

use anyhow::{Result, bail};

use super::hook::Package;
use crate::dbt::{Listing, Manifest, Node};
use crate::failure::Refusal;

/// A package that the selection touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedPackage {
    pub package: Package,
    /// Node names of its tracked models in the selection. Never empty, and no name occurs twice.
    pub tracked: Vec<String>,
}

impl TouchedPackage {
    /// The packages that a selection touches, and those that it does not touch.
    ///
    /// # Errors
    /// Usage: there is no Snowplow package; no tracked model is selected. A [`Refusal`]: a tracked model is
    /// ephemeral; a name stands for two tracked models.
    pub fn find<'p>(listing: &Listing, packages: &'p [Package]) -> Result<(Vec<Self>, Vec<&'p Package>)> {
        let manifest = &listing.manifest;
        if packages.is_empty() {
            bail!(
                "no Snowplow package found: no on-run-end hook of this project calls \
                 snowplow_incremental_post_hook (did `dbt deps` run? is the package enabled for this \
                 target?)"
            );
        }
        let selected: Vec<&Node> = listing.selected.iter().filter_map(|id| manifest.node(id)).collect();
        let mut touched = Vec::new();
        let mut untouched = Vec::new();
        for package in packages {
            let tag = package.tag();
            let tracked: Vec<&Node> = selected.iter().copied().filter(|node| node.has_tag(&tag)).collect();
            if tracked.is_empty() {
                untouched.push(package);
            } else {
                refuse_ephemeral(&tracked, package)?;
                refuse_ambiguous(&tracked, package, manifest)?;
                let tracked = tracked.iter().map(|node| node.name.clone()).collect();
                touched.push(Self { package: package.clone(), tracked });
            }
        }
        if touched.is_empty() {
            let tags: Vec<_> = packages.iter().map(Package::tag).collect();
            bail!(
                "the selection holds no tracked model: no model in it has the tag {}. Select a model with \
                 that tag, or add the tag to yours",
                tags.join(" or ")
            );
        }
        Ok((touched, untouched))
    }
}

/// An ephemeral model never gets a row, so its package would stay in the state "new model" forever.
fn refuse_ephemeral(tracked: &[&Node], package: &Package) -> Result<()> {
    let Some(model) = tracked.iter().find(|node| node.is_ephemeral()) else { return Ok(()) };
    bail!(Refusal(format!(
        "the tracked model {} ({}) is ephemeral: it never gets a row in the incremental manifest, so {} \
         would process the same window forever. Make it a table or a view, or remove the tag {} from it",
        model.name,
        model.path,
        package.name,
        package.tag()
    )))
}

/// Packages know models by name alone. If a name stands for two models, rows are doubled, or one is never
/// caught up.
fn refuse_ambiguous(tracked: &[&Node], package: &Package, manifest: &Manifest) -> Result<()> {
    for model in tracked {
        let Some(twin) = package
            .tracked(manifest)
            .find(|other| other.name == model.name && other.unique_id != model.unique_id)
        else {
            continue;
        };
        let what = if twin.version.is_some() { "versions of one model" } else { "models with the same name" };
        bail!(Refusal(format!(
            "{} and {} are two {what}, and both have the tag {}. The incremental manifest knows models by \
             name alone ({}), so their rows would mix. Remove the tag from one of them, or disable one",
            model.unique_id,
            twin.unique_id,
            package.tag(),
            model.name
        )))
    }
    Ok(())
}
