//! Finds Snowplow's packages in a dbt manifest, by the on-run-end hooks that fill incremental manifests.
//!
//! The names of tables would not do, because other packages have tables that are named alike.

use std::iter;

use anyhow::{Context, Result, anyhow, bail};

use super::family::Family;
use crate::dbt::{Argument, MacroCall, Manifest, Node};

/// A Snowplow dbt package that keeps an incremental manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The name that the hook is given. It can differ from the dbt package's name.
    pub name: String,
    /// Decides how it works out its windows.
    pub family: Family,
    /// `unique_id` of the incremental manifest's model.
    pub incremental_manifest: String,
    /// `unique_id` of the model that holds the events of a run.
    pub base_events: String,
    /// `unique_id` of the model that holds the limits of a run.
    pub limits: String,
    /// The dbt package that these models belong to. Its vars are looked up for this package.
    pub dbt_package: String,
}

impl Package {
    /// The tag of its tracked models.
    #[must_use]
    pub fn tag(&self) -> String {
        tag_of(&self.name)
    }

    /// Its tracked models, ephemeral ones included, in the order of their `unique_id`.
    pub fn tracked<'m>(&self, manifest: &'m Manifest) -> impl Iterator<Item = &'m Node> + use<'m> {
        tracked_by(&self.name, manifest)
    }
}

/// An on-run-end hook that writes an incremental manifest.
#[derive(Debug)]
pub struct Hook<'m> {
    /// The operation that dbt makes of the hook.
    pub node: &'m Node,
    /// The package that the hook belongs to, or why that is not clear.
    pub package: Result<Package>,
    /// The names that its calls give their packages, or why one is not clear. They can be clear where the
    /// package is not.
    pub names: Result<Vec<String>>,
    /// The call of the package's macro, if it was found in the source text.
    pub call: Option<MacroCall>,
}

/// The hooks of all Snowplow packages in a project, in dbt's order. A package can have several.
pub fn hooks(manifest: &Manifest) -> impl Iterator<Item = Hook<'_>> {
    let operations = manifest.operations().filter(|node| node.has_tag("on-run-end"));
    operations.flat_map(|node| of_operation(node, manifest))
}

/// The tag of the tracked models of a package with this name.
#[must_use]
pub fn tag_of(name: &str) -> String {
    format!("{name}_incremental")
}

/// The tracked models of a package with this name, ephemeral ones included, in the order of their
/// `unique_id`.
pub fn tracked_by<'m>(name: &str, manifest: &'m Manifest) -> impl Iterator<Item = &'m Node> + use<'m> {
    let tag = tag_of(name);
    manifest.models().filter(move |node| node.has_tag(&tag))
}

/// The hooks that an operation calls, directly or through macros.
fn of_operation<'m>(node: &'m Node, manifest: &'m Manifest) -> Vec<Hook<'m>> {
    let macros: Vec<_> = manifest.macros_called(node.macros.iter().map(String::as_str)).collect();
    let is_called =
        |family: &Family| macros.iter().any(|id| id.rsplit('.').next() == Some(family.hook_macro()));
    let families: Vec<_> = Family::ALL.into_iter().filter(is_called).collect();
    let Some(family) = families.first() else { return Vec::new() };
    let macro_texts = macros.iter().filter_map(|id| manifest.macros.get(*id)).map(|code| code.code.as_str());
    let texts = iter::once(node.raw_code.as_str()).chain(macro_texts);
    let calls_by_text: Vec<_> =
        texts.map(|text| calls_in(text, &families)).filter(|calls| !calls.is_empty()).collect();
    let explained = |package: Result<Package>| {
        package.with_context(|| {
            format!("cannot understand the on-run-end hook {}: {}", node.unique_id, node.raw_code)
        })
    };
    match parents_of_calls(&calls_by_text, &node.parents, *family) {
        Err(error) => {
            let names = match calls_by_text.as_slice() {
                [] => Err(anyhow!("its call is not found")),
                texts => texts.iter().flatten().map(|(_, call)| package_name(call)).collect(),
            };
            vec![Hook { node, package: explained(Err(error)), names, call: None }]
        }
        Ok(parents) => {
            let calls = calls_by_text.into_iter().flatten().zip(parents);
            let hooks = calls.map(|((family, call), parents)| {
                let package = match parents {
                    [] => named_parents(&call, node, manifest)
                        .and_then(|parents| read(&call, &parents, family, manifest)),
                    _ => read(&call, parents, family, manifest),
                };
                let names = package_name(&call).map(|name| vec![name]);
                Hook { node, package: explained(package), names, call: Some(call) }
            });
            hooks.collect()
        }
    }
}

/// The calls of the families' hook macros in one text, in their order.
fn calls_in(text: &str, families: &[Family]) -> Vec<(Family, MacroCall)> {
    let of_family = |family: &Family| {
        let family = *family;
        MacroCall::find_all(text, family.hook_macro()).into_iter().map(move |call| (family, call))
    };
    let mut calls: Vec<_> = families.iter().flat_map(of_family).collect();
    calls.sort_by_key(|(_, call)| call.place());
    calls
}

/// The parents of an operation that each of its calls refers to.
///
/// Each call refers to an incremental manifest and a base events model, and dbt records them in the order in
/// which the calls are made. Within one text that is the order of the calls. Among several texts only Jinja
/// knows it.
fn parents_of_calls<'m>(
    calls_by_text: &[Vec<(Family, MacroCall)>],
    parents: &'m [String],
    family: Family,
) -> Result<Vec<&'m [String]>> {
    match calls_by_text.iter().map(Vec::len).sum() {
        0 => bail!("cannot find the call of {} in it", family.hook_macro()),
        1 => Ok(vec![parents]),
        // Each call tells by itself.
        calls if parents.is_empty() => Ok(vec![parents; calls]),
        calls if calls_by_text.len() == 1 && parents.len() == 2 * calls => Ok(parents.chunks(2).collect()),
        calls => {
            bail!(
                "cannot tell its {calls} calls of Snowplow's macros apart: give each call a hook of its own"
            )
        }
    }
}

/// What a call refers to, by its arguments: dbt 2 does not tell. `ref` looks in the hook's own package first.
fn named_parents(call: &MacroCall, hook: &Node, manifest: &Manifest) -> Result<Vec<String>> {
    let package = package_name(call)?;
    let parent = |index: usize, argument: &str, end: &str| {
        let name = match call.argument(index, argument) {
            None => format!("{package}_{end}"),
            Some(Argument::Text(name)) => name.clone(),
            Some(_) => bail!("its {argument} is not a plain string, so its models are not known"),
        };
        let named = |owner: Option<&str>| {
            let mut models = manifest.models();
            models.find(|node| node.name == name && owner.is_none_or(|owner| node.package_name == owner))
        };
        let root = manifest.metadata.project_name.as_deref();
        let found = named(Some(&hook.package_name)).or_else(|| named(root)).or_else(|| named(None));
        let node = found.with_context(|| format!("its {argument}, {name}, is not an enabled model"))?;
        Ok(node.unique_id.clone())
    };
    Ok(vec![
        parent(1, "incremental_manifest_table_name", "incremental_manifest")?,
        parent(2, "base_events_this_run_table_name", "base_events_this_run")?,
    ])
}

/// The package that a call belongs to. `parents` are the nodes that the call refers to.
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

/// The `package_name` that a hook is given; by default `snowplow`, as in the macro itself.
fn package_name(call: &MacroCall) -> Result<String> {
    match call.argument(0, "package_name") {
        None => Ok("snowplow".to_owned()),
        Some(Argument::Text(name)) => Ok(name.clone()),
        Some(_) => bail!("its package_name is not a plain string, so the tag of its models is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::ReadFor;

    /// The package name in the only call of a hook's macro.
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
                "{{ \
                 snowplow_utils.snowplow_incremental_post_hook(incremental_manifest_table_name=var('x','y')) \
                 }}",
                "snowplow",
            ),
        ] {
            assert_eq!(name_in(code).expect(code), name);
        }
    }

    #[test]
    fn a_name_that_only_dbt_knows_is_an_error() {
        for code in [
            "{{ snowplow_utils.snowplow_incremental_post_hook(package_name=var('p')) }}",
            "{{ snowplow_utils.snowplow_incremental_post_hook(var('p')) }}",
        ] {
            assert!(name_in(code).is_err(), "{code}");
        }
    }

    /// The packages of a hook with this text, or its errors, in a project with two incremental manifests.
    /// `ours` is the text of a macro that the hook may call.
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
            ["cannot find the call of snowplow_incremental_post_hook in it"]
        );
    }

    #[test]
    fn an_operation_can_call_several_hooks() {
        let call = |name: &str| format!("{{{{ snowplow_utils.snowplow_incremental_post_hook('{name}') }}}}");
        let macros = ["macro.snowplow_utils.snowplow_incremental_post_hook"];
        let both = call("a") + &call("b");
        let parents = ["model.p.m1", "model.p.e1", "model.p.m2", "model.p.e2"];
        assert_eq!(found(&both, &macros, &parents, ""), ["a model.p.m1", "b model.p.m2"]);
        // Only Jinja knows which of the two calls comes first.
        let ours = "{% macro ours() %}{{ snowplow_utils.snowplow_incremental_post_hook('a') }}{% endmacro %}";
        let mixed = "{{ outer() }}".to_owned() + &call("b");
        assert_eq!(
            found(&mixed, &["macro.p.outer", macros[0]], &parents, ours),
            ["cannot tell its 2 calls of Snowplow's macros apart: give each call a hook of its own"]
        );
        assert_eq!(
            found(&both, &macros, &parents[..2], ""),
            ["cannot tell its 2 calls of Snowplow's macros apart: give each call a hook of its own"]
        );
        assert_eq!(
            found(&call("a"), &macros, &[], ""),
            ["its incremental_manifest_table_name, a_incremental_manifest, is not an enabled model"]
        );
        assert_eq!(
            found(&call("a"), &macros, &parents[..1], ""),
            ["it does not refer to an incremental manifest and a base events model"]
        );
    }

    #[test]
    fn without_what_dbt_tells_the_arguments_do() {
        let macros = ["macro.snowplow_utils.snowplow_incremental_post_hook"];
        let calls = "{{ snowplow_utils.snowplow_incremental_post_hook('a', 'm1', base_events_this_run_table_name='e1') }}\n\
                     {{ snowplow_utils.snowplow_incremental_post_hook('b', 'm2', 'e2') }}";
        assert_eq!(found(calls, &macros, &[], ""), ["a model.p.m1", "b model.p.m2"]);
        let unclear = "{{ snowplow_utils.snowplow_incremental_post_hook('a', var('m')) }}";
        let said = found(unclear, &macros, &[], "");
        assert!(said[0].starts_with("its incremental_manifest_table_name is not a plain string"), "{said:?}");
    }
}
