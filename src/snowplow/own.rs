//! Whose models are whose.

use std::collections::HashSet;

use crate::dbt::{Manifest, Project};

/// The dbt packages that the user writes: the root project, and packages in its folder unless they are Snowplow
/// packages. `snowplow` are the dbt packages with the models of one.
#[must_use]
pub fn own_packages<'p>(
    manifest: &Manifest,
    root: &Project,
    snowplow: impl IntoIterator<Item = &'p str>,
) -> HashSet<String> {
    let snowplow: HashSet<&str> = snowplow.into_iter().collect();
    let names: HashSet<&str> = manifest.models().map(|node| node.package_name.as_str()).collect();
    let is_in_repository = |name: &&str| {
        // dbt links to a package that is installed from a local path.
        let Some(link) = root.package_directory(name) else { return false };
        link.is_symlink() && link.canonicalize_utf8().is_ok_and(|folder| folder.starts_with(&root.directory))
    };
    let local = names.into_iter().filter(|name| !snowplow.contains(name) && is_in_repository(name));
    let name = manifest.metadata.project_name.as_ref().unwrap_or(&root.name);
    local.map(str::to_owned).chain([name.clone()]).collect()
}
