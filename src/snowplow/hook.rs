//! Finding Snowplow's packages in a dbt manifest: by the on-run-end hooks that write their incremental manifests.
//!
//! Never by the names of tables: other packages use the same pattern for something else.

use std::iter;

use anyhow::{Context, Result, anyhow, bail};

use super::family::Family;
use crate::dbt::{Argument, MacroCall, Manifest, Node};

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
    /// How the package's macro is called, where its text can be found.
    pub call: Option<MacroCall>,
}

/// The hooks of all Snowplow packages of a project, in dbt's order; a package can have several.
pub fn hooks(manifest: &Manifest) -> impl Iterator<Item = Hook<'_>> {
    let operations = manifest.operations().filter(|node| node.has_tag("on-run-end"));
    operations.flat_map(|node| of_operation(node, manifest))
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

/// What the lock of a project and target is called: the place of the first package's incremental manifest, which two targets
/// share only if they share their tables.
#[must_use]
pub fn lock_name<'m>(packages: &[Package], manifest: &'m Manifest) -> Option<&'m str> {
    Some(manifest.node(&packages.first()?.incremental_manifest)?.relation())
}

/// The hooks that an operation calls, itself or through macros of the project's.
fn of_operation<'m>(node: &'m Node, manifest: &'m Manifest) -> Vec<Hook<'m>> {
    let macros: Vec<_> = manifest.macros_called(node.macros.iter().map(String::as_str)).collect();
    let families = Family::ALL
        .into_iter()
        .filter(|family| macros.iter().any(|id| id.rsplit('.').next() == Some(family.hook_macro())));
    let families: Vec<_> = families.collect();
    let texts = || {
        let of_macros =
            macros.iter().filter_map(|id| manifest.macros.get(*id)).map(|code| code.code.as_str());
        iter::once(node.raw_code.as_str()).chain(of_macros)
    };
    let mut calls = Vec::new();
    let mut calling_texts = 0;
    for text in texts() {
        let find = |family: &Family| {
            let family = *family;
            MacroCall::find_all(text, family.hook_macro()).into_iter().map(move |call| (family, call))
        };
        let mut found: Vec<_> = families.iter().flat_map(find).collect();
        found.sort_by_key(|(_, call)| call.place());
        calling_texts += usize::from(!found.is_empty());
        calls.extend(found);
    }
    let explained = |package: Result<Package>| {
        package.with_context(|| {
            format!("cannot understand the on-run-end hook {}: {}", node.unique_id, node.raw_code)
        })
    };
    if families.is_empty() {
        return Vec::new();
    }
    // Each call refers to an incremental manifest and a base events model, in the order in which they are made. That is the
    // order of a text; among several texts only Jinja knows it.
    let (one, parents) = (calls.len() == 1, node.parents.as_slice());
    if calls.is_empty() || !one && (calling_texts > 1 || parents.len() != 2 * calls.len()) {
        let reason = match calls.len() {
            0 => anyhow!("the call of {} is not to be found in it", families[0].hook_macro()),
            several => anyhow!(
                "its {several} calls of Snowplow's macros cannot be told apart: give each a hook of its own"
            ),
        };
        return vec![Hook { node, package: explained(Err(reason)), call: None }];
    }
    let parents = parents.chunks(if one { parents.len().max(1) } else { 2 }).chain(iter::repeat(&[][..]));
    let hooks = calls.into_iter().zip(parents).map(|((family, call), parents)| Hook {
        node,
        package: explained(read(&call, parents, family, manifest)),
        call: Some(call),
    });
    hooks.collect()
}

fn read(call: &MacroCall, parents: &[String], family: Family, manifest: &Manifest) -> Result<Package> {
    let [incremental_manifest, base_events, ..] = parents else {
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
        name: package_name(call)?,
        family,
        incremental_manifest: incremental_manifest.clone(),
        base_events: base_events.clone(),
        limits: limits.unique_id.clone(),
        dbt_package: manifest_node.package_name.clone(),
    })
}

/// The package name that a hook is given; `snowplow` where there is none.
fn package_name(call: &MacroCall) -> Result<String> {
    match call.argument(0, "package_name") {
        None => Ok("snowplow".to_owned()),
        Some(Argument::Text(name)) => Ok(name.clone()),
        Some(_) => bail!("its package_name is not a plain string, so the tag of its models cannot be told"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::ReadFor;

    /// The name in the only call of a hook's macro.
    fn name_in(code: &str) -> Result<String> {
        let calls = Family::ALL.into_iter().flat_map(|family| MacroCall::find_all(code, family.hook_macro()));
        let [call] = calls.collect::<Vec<_>>().try_into().expect("one call");
        package_name(&call)
    }

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
            assert_eq!(name_in(code).expect(code), name);
        }
    }

    #[test]
    fn a_name_that_only_dbt_could_tell_is_an_error() {
        for code in [
            "{{ snowplow_utils.snowplow_incremental_post_hook(package_name=var('p')) }}",
            "{{ snowplow_utils.snowplow_incremental_post_hook(var('p')) }}",
        ] {
            assert!(name_in(code).is_err(), "{code}");
        }
    }

    /// What is found of a hook with this text, and of the macros behind it, in a project with two incremental manifests.
    fn found(code: &str, macros: &[&str], parents: &[&str], ours: &str) -> Vec<String> {
        let model = |name: &str, macros: &[&str], parents: &[&str]| {
            let value = serde_json::json!({
                "resource_type": "model", "name": name, "package_name": "p",
                "depends_on": {"macros": macros, "nodes": parents},
            });
            (format!("model.p.{name}"), value)
        };
        let limits = ["macro.u.get_run_limits"];
        let mut nodes: serde_json::Map<_, _> = [
            model("m1", &[], &[]),
            model("m2", &[], &[]),
            model("e1", &[], &[]),
            model("e2", &[], &[]),
            model("l1", &limits, &["model.p.m1"]),
            model("l2", &limits, &["model.p.m2"]),
        ]
        .into_iter()
        .collect();
        let hook = serde_json::json!({
            "resource_type": "operation", "name": "end", "package_name": "p", "tags": ["on-run-end"], "raw_code": code,
            "depends_on": {"macros": macros, "nodes": parents},
        });
        nodes.insert("operation.p.end".into(), hook);
        let hook_macro = "macro.snowplow_utils.snowplow_incremental_post_hook";
        let manifest = serde_json::json!({
            "metadata": {"dbt_schema_version": "x/manifest/v12.json", "dbt_version": "1.11.1"},
            "nodes": nodes,
            "macros": {
                "macro.p.outer": {"macro_sql": "{{ ours() }}", "depends_on": {"macros": ["macro.p.ours"]}},
                "macro.p.ours": {"macro_sql": ours, "depends_on": {"macros": ["macro.p.ours", hook_macro]}},
            },
        });
        let manifest = Manifest::of_text(&manifest.to_string(), ReadFor::Checks).expect("a manifest");
        let told = |hook: Hook<'_>| match hook.package {
            Ok(package) => format!("{} {}", package.name, package.incremental_manifest),
            Err(error) => error.root_cause().to_string(),
        };
        hooks(&manifest).map(told).collect()
    }

    #[test]
    fn follows_macros_to_the_hook() {
        let ours = "{% macro ours() %}{{ snowplow_utils.snowplow_incremental_post_hook('a') }}{% endmacro %}";
        let parents = ["model.p.m1", "model.p.e1"];
        assert_eq!(found("{{ outer() }}", &["macro.p.outer"], &parents, ours), ["a model.p.m1"]);
        assert_eq!(found("{{ log('x') }}", &["macro.p.log"], &parents, ours), Vec::<String>::new());
        assert_eq!(
            found("{{ outer() }}", &["macro.p.outer"], &parents, ""),
            ["the call of snowplow_incremental_post_hook is not to be found in it"]
        );
    }

    #[test]
    fn an_operation_can_call_several_hooks() {
        let call = |name: &str| format!("{{{{ snowplow_utils.snowplow_incremental_post_hook('{name}') }}}}");
        let macros = ["macro.snowplow_utils.snowplow_incremental_post_hook"];
        let both = call("a") + &call("b");
        let parents = ["model.p.m1", "model.p.e1", "model.p.m2", "model.p.e2"];
        assert_eq!(found(&both, &macros, &parents, ""), ["a model.p.m1", "b model.p.m2"]);
        // Which of them is made first, only Jinja knows.
        let ours = "{% macro ours() %}{{ snowplow_utils.snowplow_incremental_post_hook('a') }}{% endmacro %}";
        let mixed = "{{ outer() }}".to_owned() + &call("b");
        assert_eq!(
            found(&mixed, &["macro.p.outer", macros[0]], &parents, ours),
            ["its 2 calls of Snowplow's macros cannot be told apart: give each a hook of its own"]
        );
        assert_eq!(
            found(&both, &macros, &parents[..2], ""),
            ["its 2 calls of Snowplow's macros cannot be told apart: give each a hook of its own"]
        );
        assert_eq!(
            found(&call("a"), &macros, &[], ""),
            ["it does not refer to an incremental manifest and a base events model"]
        );
    }
}
