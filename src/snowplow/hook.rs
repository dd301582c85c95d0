//! Finding Snowplow's packages in a dbt manifest: by the on-run-end hooks that write their incremental manifests.
//!
//! Never by the names of tables: other packages use the same pattern for something else.

use anyhow::{Context, Result, bail};
use regex::Regex;

use super::family::Family;
use crate::dbt::{Manifest, Node};

/// A Snowplow dbt package that keeps an incremental manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name as the hook gives it; not always the dbt package's name.
    pub name: String,
    /// How it works out its windows.
    pub family: Family,
    /// `unique_id` of the incremental manifest's model.
    pub incremental_manifest: String,
    /// `unique_id` of the model that holds the events of a run.
    pub base_events: String,
    /// `unique_id` of the model that holds the limits of a run.
    pub limits: String,
    /// The dbt package that these models belong to: the scope of its vars.
    pub dbt_package: String,
}

impl Package {
    /// The tag of its tracked models.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}_incremental", self.name)
    }

    /// Its tracked models, ephemeral ones included, in the order of their `unique_id`.
    pub fn tracked<'m>(&self, manifest: &'m Manifest) -> impl Iterator<Item = &'m Node> + use<'m> {
        let tag = self.tag();
        manifest.models().filter(move |node| node.has_tag(&tag))
    }
}

/// An on-run-end hook that writes an incremental manifest.
#[derive(Debug)]
pub struct Hook<'m> {
    /// The hook.
    pub node: &'m Node,
    /// The package that it is of, or why that cannot be told.
    pub package: Result<Package>,
}

/// The hooks of all Snowplow packages of a project, in dbt's order; a package can have several.
pub fn hooks(manifest: &Manifest) -> impl Iterator<Item = Hook<'_>> {
    manifest.operations().filter(|node| node.has_tag("on-run-end")).filter_map(|node| {
        let family = Family::ALL.into_iter().find(|family| node.calls(family.hook_macro()))?;
        let package = read(node, family, manifest).with_context(|| {
            format!("cannot understand the on-run-end hook {}: {}", node.unique_id, node.raw_code)
        });
        Some(Hook { node, package })
    })
}

/// All Snowplow packages of a project, in the order of their hooks.
///
/// # Errors
/// A hook that cannot be understood.
pub fn discover(manifest: &Manifest) -> Result<Vec<Package>> {
    let mut packages: Vec<Package> = Vec::new();
    for hook in hooks(manifest) {
        let package = hook.package?;
        // A hook that is called twice is the same package.
        if packages.iter().all(|known| known.name != package.name) {
            packages.push(package);
        }
    }
    Ok(packages)
}

fn read(hook: &Node, family: Family, manifest: &Manifest) -> Result<Package> {
    let [incremental_manifest, base_events, ..] = hook.parents.as_slice() else {
        bail!("it does not refer to an incremental manifest and a base events model");
    };
    let manifest_node = manifest.node(incremental_manifest).with_context(|| {
        format!("the incremental manifest {incremental_manifest} is not an enabled model")
    })?;
    let limits = manifest
        .models()
        .find(|node| node.calls(family.limits_macro()) && node.parents.contains(incremental_manifest))
        .with_context(|| {
            format!(
                "no model works out the limits of {} (none calls {})",
                manifest_node.name,
                family.limits_macro()
            )
        })?;
    Ok(Package {
        name: package_name(&hook.raw_code)?,
        family,
        incremental_manifest: incremental_manifest.clone(),
        base_events: base_events.clone(),
        limits: limits.unique_id.clone(),
        dbt_package: manifest_node.package_name.clone(),
    })
}

/// The package name in the text of a hook: a keyword or the first positional argument; `snowplow` where there is none.
fn package_name(code: &str) -> Result<String> {
    const LITERAL: &str = r#"(?:'([^']*)'|"([^"]*)")"#;
    let call = r"snowplow_incremental_post_hook(?:_t)?\s*\(";
    let named = [format!(r"{call}[^()]*?\bpackage_name\s*=\s*{LITERAL}"), format!(r"{call}\s*{LITERAL}")];
    for pattern in named {
        if let Some(found) = Regex::new(&pattern)?.captures(code) {
            let name = found.get(1).or_else(|| found.get(2)).context("no package name")?;
            return Ok(name.as_str().to_owned());
        }
    }
    let unnamed = Regex::new(&format!(r"{call}\s*(?:\)|(\w+)\s*=)"))?;
    match unnamed.captures(code) {
        Some(_) if !Regex::new(r"\bpackage_name\s*=")?.is_match(code) => Ok("snowplow".to_owned()),
        _ => bail!("its package_name is not a plain string, so the tag of its models cannot be told"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_to_call_the_hook() {
        for (code, name) in [
            (r"{{ snowplow_utils.snowplow_incremental_post_hook('snowplow_web') }}", "snowplow_web"),
            (
                r#"{{ snowplow_incremental_post_hook( "snowplow_media", "m", "e", var("t", "c")) }}"#,
                "snowplow_media",
            ),
            (
                r"{{ snowplow_utils.snowplow_incremental_post_hook_t(package_name='ids', incremental_manifest_table_name='m') }}",
                "ids",
            ),
            (
                r#"{{ snowplow_utils.snowplow_incremental_post_hook(incremental_manifest_table_name='m',
                   package_name = "late") }}"#,
                "late",
            ),
            ("{{ snowplow_utils.snowplow_incremental_post_hook() }}", "snowplow"),
            (
                "{{ snowplow_utils.snowplow_incremental_post_hook(incremental_manifest_table_name=var('x','y')) }}",
                "snowplow",
            ),
        ] {
            assert_eq!(package_name(code).expect(code), name);
        }
    }

    #[test]
    fn a_name_that_only_dbt_could_tell_is_an_error() {
        for code in [
            "{{ snowplow_utils.snowplow_incremental_post_hook(package_name=var('p')) }}",
            "{{ snowplow_utils.snowplow_incremental_post_hook(var('p')) }}",
        ] {
            assert!(package_name(code).is_err(), "{code}");
        }
    }
}
