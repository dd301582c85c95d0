//! The facts from two dbt manifests: dbt is not called.

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use crate::cli::PromoteArgs;
use crate::dbt::{self, Listing, Manifest, ReadFor};
use crate::promote::{self, Facts, PackageVars, Side};
use crate::snowplow::{self, TouchedPackage};
use crate::warehouse::Dialect;

pub(super) fn facts(args: &PromoteArgs) -> Result<Facts> {
    let (Some(from), Some(to)) = (&args.manifest, &args.to_manifest) else {
        bail!("--manifest and --to-manifest go together")
    };
    if args.selection.selector.is_some() {
        bail!(
            "--selector is dbt's to read: use --select, or give --target and --to instead of two dbt manifests"
        );
    }
    let (staging, prod) = (read(from)?, read(to)?);
    if staging.metadata.project_name != prod.metadata.project_name {
        let name = |manifest: &Manifest| manifest.metadata.project_name.clone().unwrap_or_default();
        bail!("{from} and {to} are of different projects: {} and {}", name(&staging), name(&prod));
    }
    let dialect = dialect(&staging, &prod, (from.as_str(), to.as_str()), args.dialect.as_deref())?;
    let selected = dbt::select_by_criteria(&staging, &args.selection.select, &args.selection.exclude)
        .with_context(|| format!("selecting from {from}"))?;
    let listing = Listing { selected, manifest: staging };
    let packages = snowplow::discover(&listing.manifest)?;
    let packages_in_prod = snowplow::discover(&prod)?;
    let (touched, _) = TouchedPackage::find(&listing, &packages)?;
    let sides = (
        &Side { name: from.as_str(), manifest: &listing.manifest, packages: &packages },
        &Side { name: to.as_str(), manifest: &prod, packages: &packages_in_prod },
    );
    let selection = super::online::selection(args).arguments();
    promote::facts(dialect, sides, &touched, selection, |_| Ok(PackageVars::default()))
}

fn read(path: &Utf8Path) -> Result<Manifest> {
    let manifest = Manifest::read(path, ReadFor::Runs)?;
    dbt::check_version(&manifest.metadata.dbt_version)
        .with_context(|| format!("{path} was written by a dbt that is not supported"))?;
    Ok(manifest)
}

/// One warehouse for both sides; the user's word counts where a manifest's adapter is another (`--dialect`).
pub(super) fn dialect(
    staging: &Manifest,
    prod: &Manifest,
    (from, to): (&str, &str),
    wanted: Option<&str>,
) -> Result<Dialect> {
    let (ours, theirs) = (&staging.metadata.adapter_type, &prod.metadata.adapter_type);
    if ours != theirs {
        bail!(
            "{from} is on {ours} and {to} on {theirs}: tables cannot be promoted from one warehouse to another"
        );
    }
    wanted.unwrap_or(ours).parse()
}
