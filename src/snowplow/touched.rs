//! The packages that a selection touches, and the tracked models that no backfill could finish.

use anyhow::{Result, bail};

use super::discovery::Packages;
use super::facts;
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
    /// The packages that a selection touches, and the names of those that it does not touch.
    ///
    /// # Errors
    /// Usage: there is no Snowplow package; no tracked model is selected; a model of a package is selected
    /// that is not understood. A [`Refusal`]: a tracked model is ephemeral; a name stands for two tracked
    /// models.
    pub fn find<'p>(listing: &Listing, packages: &'p Packages) -> Result<(Vec<Self>, Vec<&'p str>)> {
        let manifest = &listing.manifest;
        if packages.known.is_empty() && packages.unclear.is_empty() {
            bail!(
                "no Snowplow package found: no on-run-end hook of this project calls \
                 snowplow_incremental_post_hook (did `dbt deps` run? is the package enabled for this \
                 target?)"
            );
        }
        let selected: Vec<&Node> = listing.selected.iter().filter_map(|id| manifest.node(id)).collect();
        let mut touched = Vec::new();
        let mut untouched = Vec::new();
        packages.require_understood(&selected)?;
        for package in &packages.known {
            let tag = package.tag();
            let tracked: Vec<&Node> = selected.iter().copied().filter(|node| node.has_tag(&tag)).collect();
            if tracked.is_empty() {
                untouched.push(package.name.as_str());
            } else {
                refuse_ephemeral(&tracked, package)?;
                refuse_ambiguous(&tracked, package, manifest)?;
                let tracked = tracked.iter().map(|node| node.name.clone()).collect();
                touched.push(Self { package: package.clone(), tracked });
            }
        }
        if let (true, [], Some(trouble)) = (touched.is_empty(), packages.known.as_slice(), packages.trouble())
        {
            bail!("no Snowplow package is understood: {trouble}");
        }
        if touched.is_empty() {
            bail!(
                "the selection holds no tracked model: no model in it has the tag {}. Select a model with \
                 that tag, or add the tag to yours",
                packages.tags().join(" or ")
            );
        }
        untouched.extend(packages.known_by_name());
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
    for (name, namesakes) in facts::namesakes(package.tracked(manifest)) {
        let Some(model) = tracked.iter().find(|node| node.name == name) else { continue };
        let is_twin = |other: &&&Node| other.unique_id != model.unique_id;
        let Some(twin) = namesakes.iter().find(is_twin) else { continue };
        let are_versions = facts::are_versions(&[*model, *twin]);
        let what = if are_versions { "versions of one model" } else { "models with the same name" };
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
