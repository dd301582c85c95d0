//! A Snowplow package as rules see it.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result};

use crate::dbt::{Lineage, MacroCall, Manifest, Project};
use crate::snowplow::Package;

/// A Snowplow package, with what several rules ask about it.
#[derive(Debug)]
pub struct CheckedPackage {
    pub package: Package,
    /// Its own dbt_project.yml, if it is installed.
    pub project: Option<Project>,
    pub hooks: Vec<CheckedHook>,
    /// `unique_id` of its tracked models, ephemeral ones included.
    pub tracked: BTreeSet<String>,
    /// `unique_id` of the models that the events of a run are built from, including the events.
    pub base: HashSet<String>,
    /// Those of them that are built from its limits, and the limits and the incremental manifest themselves.
    pub windowed: HashSet<String>,
}

/// An on-run-end hook of a package.
#[derive(Debug)]
pub struct CheckedHook {
    /// Its `unique_id`.
    pub id: String,
    /// The dbt package that calls it: it decides which vars the hook sees.
    pub dbt_package: String,
    /// The call of the package's macro, if it was found.
    pub call: Option<MacroCall>,
}

impl CheckedPackage {
    pub(super) fn new(
        package: Package,
        hook: CheckedHook,
        manifest: &Manifest,
        lineage: &Lineage<'_>,
        root: &Project,
    ) -> Result<Self> {
        let project = root
            .package(&package.dbt_package)
            .with_context(|| format!("cannot read the package {}", package.dbt_package))?;
        let tracked = package.tracked(manifest).map(|node| node.unique_id.clone()).collect();
        let is_model = |id: &&str| manifest.node(id).is_some();
        let owned = |ids: HashSet<&str>| ids.into_iter().map(str::to_owned).collect::<HashSet<_>>();
        let base: HashSet<_> =
            lineage.ancestors([package.base_events.as_str()], usize::MAX).filter(is_model).collect();
        let tables = [package.limits.as_str(), &package.incremental_manifest];
        let below = lineage.descendants(tables, usize::MAX);
        let windowed: HashSet<_> = below.filter(|id| tables.contains(id) || base.contains(id)).collect();
        let (base, windowed) = (owned(base), owned(windowed));
        Ok(Self { package, project, hooks: vec![hook], tracked, base, windowed })
    }

    /// The name of the package, as its hook gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.package.name
    }

    /// Whether a model is part of the package's own machinery.
    #[must_use]
    pub fn is_base_model(&self, id: &str) -> bool {
        self.base.contains(id) || self.package.incremental_manifest == id || self.package.limits == id
    }
}
