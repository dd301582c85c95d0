//! The facts from two dbt manifests: dbt is not called.

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::dialect::common_dialect;
use super::manifests::{self, PackageVars, Side};
use crate::dbt::{self, Listing, Manifest, ReadFor, SelectionArguments};
use crate::promote::plan::Facts;
use crate::snowplow::model_settings::SettingsPlace;
use crate::snowplow::{self, Packages, TouchedPackage};

/// The facts of a promotion from one dbt manifest to another. `dialect` is the user's word for the warehouse.
///
/// # Errors
/// A dbt manifest cannot be read; both are of different projects or warehouses; a selection that only dbt
/// understands.
pub fn offline_facts(
    (from, to): (&Utf8Path, &Utf8Path),
    selection: &SelectionArguments,
    dialect: Option<&str>,
) -> Result<Facts> {
    if selection.selector.is_some() {
        bail!(
            "only dbt can read --selector: use --select, or give --target and --to instead of two dbt \
             manifests"
        );
    }
    let (staging, prod) = (read(from)?, read(to)?);
    if staging.metadata.project_name != prod.metadata.project_name {
        let name = |manifest: &Manifest| manifest.metadata.project_name.clone().unwrap_or_default();
        bail!("{from} and {to} belong to different projects: {} and {}", name(&staging), name(&prod));
    }
    let dialect = common_dialect(&staging, &prod, (from.as_str(), to.as_str()), dialect)?;
    let selected = dbt::select_by_criteria(&staging, &selection.select, &selection.exclude)
        .with_context(|| format!("selecting from {from}"))?;
    let listing = Listing { selected, unmatched: Vec::new(), manifest: staging };
    let packages = snowplow::discover(&listing.manifest);
    let packages_in_prod = snowplow::discover(&prod);
    let (touched, _) = TouchedPackage::find(&listing, &packages)?;
    let sides = (&side(from, &listing.manifest, &packages), &side(to, &prod, &packages_in_prod));
    let vars = |_: &_| Ok(PackageVars::default());
    let mut facts = manifests::facts(dialect, sides, &touched, selection.arguments(), vars)?;
    facts.leave_out_untracked();
    Ok(facts)
}

fn side<'a>(path: &'a Utf8Path, manifest: &'a Manifest, packages: &'a Packages) -> Side<'a> {
    // Which version is installed is not known without the project.
    Side { name: path.as_str(), manifest, packages, settings: SettingsPlace::of(None, manifest) }
}

fn read(path: &Utf8Path) -> Result<Manifest> {
    let manifest = Manifest::read(path, ReadFor::Runs)?;
    dbt::check_version(&manifest.metadata.dbt_version)
        .with_context(|| format!("{path} was written by a dbt that is not supported"))?;
    Ok(manifest)
}
