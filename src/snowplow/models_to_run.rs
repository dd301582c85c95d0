//! `models_to_run`: the string that tells Snowplow's packages which models a run builds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::hook::Package;
use crate::dbt::{Lineage, Listing, Manifest, Node};
use crate::failure::Refusal;

/// What is to be run, worked out from the selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The packages that the selection touches, with their tracked models in it.
    pub packages: Vec<TouchedPackage>,
    /// `unique_id` of every selected model that dbt builds.
    pub built: BTreeSet<String>,
    /// One tracked model of each other package.
    pub stand_ins: Vec<StandIn>,
    /// The string for dbt.
    pub models_to_run: String,
}

/// A package that the selection touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedPackage {
    /// The package.
    pub package: Package,
    /// Node names of its tracked models in the selection: never empty, no name twice.
    pub tracked: Vec<String>,
}

/// A model that is named in `models_to_run` without being selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIn {
    /// The package that needs it.
    pub package: String,
    /// The model.
    pub model: String,
}

impl TouchedPackage {
    /// The packages that a selection touches, and the others.
    ///
    /// # Errors
    /// As [`Scope::of`], but for what the tracked models are built from.
    pub fn find<'p>(listing: &Listing, packages: &'p [Package]) -> Result<(Vec<Self>, Vec<&'p Package>)> {
        let manifest = &listing.manifest;
        if packages.is_empty() {
            bail!(
                "no Snowplow package found: no on-run-end hook of this project calls snowplow_incremental_post_hook \
                 (did `dbt deps` run? is the package enabled for this target?)"
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
                "the selection holds no tracked model: none of its {} carries the tag {}. Select one that does, or tag yours",
                count(selected.len(), "model"),
                tags.join(" or ")
            );
        }
        Ok((touched, untouched))
    }
}

/// dbt and the operating system take about 128 KiB in one argument; the rest of `--vars` needs room too.
const LONGEST: usize = 100 * 1024;

impl Scope {
    /// Works it out, or says why the selection cannot be backfilled.
    ///
    /// # Errors
    /// Usage: no Snowplow package, no tracked model selected, models not selected that these are built from. A [`Refusal`]: a tracked
    /// ephemeral model, a name that stands for two tracked models, a package without any tracked model. Each would
    /// never end, or fail at the end of every run.
    pub fn of(listing: &Listing, packages: &[Package]) -> Result<Self> {
        let manifest = &listing.manifest;
        let (touched, untouched) = TouchedPackage::find(listing, packages)?;
        for touched in &touched {
            require_what_they_are_built_from(&touched.package, listing)?;
        }
        let selected = listing.selected.iter().filter_map(|id| manifest.node(id));
        let built: Vec<&Node> = selected.filter(|node| !node.is_ephemeral()).collect();
        let is_tracked = |node: &Node| touched.iter().any(|touched| node.has_tag(&touched.package.tag()));
        let unselected: BTreeMap<&str, (&Package, &Node)> = touched
            .iter()
            .map(|touched| &touched.package)
            .flat_map(|package| package.tracked(manifest).map(move |node| (package, node)))
            .filter(|(_, node)| !listing.selected.contains(&node.unique_id))
            .map(|(package, node)| (node.name.as_str(), (package, node)))
            .collect();
        let (namesakes, named): (Vec<&Node>, Vec<&Node>) =
            built.iter().partition(|node| unselected.contains_key(node.name.as_str()));
        if let Some(node) = namesakes.iter().find(|node| is_tracked(node)) {
            let (package, twin) = unselected[node.name.as_str()];
            bail!(Refusal(format!(
                "{} and {} have one name, and {} knows its tracked models by name alone: it would wait for the one that is not \
                 selected. Select both, or rename one of them",
                node.unique_id, twin.unique_id, package.name
            )))
        }
        let stand_ins: Vec<_> =
            untouched.into_iter().map(|package| stand_in(package, manifest)).collect::<Result<_>>()?;
        let with_stand_ins = |names: BTreeSet<&str>| -> String {
            let stand_ins = stand_ins.iter().map(|stand_in| stand_in.model.as_str());
            names.into_iter().chain(stand_ins).collect::<Vec<_>>().join(" ")
        };
        // Names of models without a tag have no effect, unless a package takes them for a tracked model's.
        let mut models_to_run = with_stand_ins(named.into_iter().map(|node| node.name.as_str()).collect());
        if models_to_run.len() > LONGEST {
            // They are left out where room is short.
            models_to_run = with_stand_ins(
                touched.iter().flat_map(|touched| &touched.tracked).map(String::as_str).collect(),
            );
        }
        let built = built.into_iter().map(|node| node.unique_id.clone()).collect();
        Ok(Self { packages: touched, built, stand_ins, models_to_run })
    }
}

/// An ephemeral model never gets a row, so its package stays in the state "new model" for ever.
fn refuse_ephemeral(tracked: &[&Node], package: &Package) -> Result<()> {
    let Some(model) = tracked.iter().find(|node| node.is_ephemeral()) else { return Ok(()) };
    bail!(Refusal(format!(
        "the tracked model {} ({}) is ephemeral: it never gets a row in the incremental manifest, so {} would process the \
         same window for ever. Make it a table or a view, or take the tag {} away from it",
        model.name,
        model.path,
        package.name,
        package.tag()
    )))
}

/// Packages know models by name only: with a name that stands for two, rows double or one is never caught up.
fn refuse_ambiguous(tracked: &[&Node], package: &Package, manifest: &Manifest) -> Result<()> {
    for model in tracked {
        let Some(twin) = package
            .tracked(manifest)
            .find(|other| other.name == model.name && other.unique_id != model.unique_id)
        else {
            continue;
        };
        let what = if twin.version.is_some() { "versions of one model" } else { "models of one name" };
        bail!(Refusal(format!(
            "{} and {} are two {what} with the tag {}: the incremental manifest knows models by name alone ({}), so their \
             rows would mix. Take the tag away from one of them, or disable it",
            model.unique_id,
            twin.unique_id,
            package.tag(),
            model.name
        )))
    }
    Ok(())
}

/// A table that stands between the window and a tracked model, and is not built, still holds what some earlier run left
/// there: the tracked model reads that again, and its row moves on all the same. A view reads what is below it now.
fn require_what_they_are_built_from(package: &Package, listing: &Listing) -> Result<()> {
    let manifest = &listing.manifest;
    let tracked: Vec<_> =
        package.tracked(manifest).filter(|node| listing.selected.contains(&node.unique_id)).collect();
    let base = [&package.limits, &package.base_events].into_iter().filter_map(|id| manifest.node(id));
    let between = Lineage::of(manifest).between(&package.limits, &tracked);
    let tables = between.into_iter().filter(|node| !matches!(node.materialized(), "ephemeral" | "view"));
    let missing: BTreeMap<_, _> = base
        .chain(tables)
        .filter(|node| !listing.selected.contains(&node.unique_id))
        .map(|node| (&node.unique_id, node.name.as_str()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "the selection holds tracked models of {} but not all that they are built from ({}), so they would read again what \
         an earlier run left there: select with the ancestors, as in --select +my_model, and exclude none of them",
        package.name,
        missing.into_values().collect::<Vec<_>>().join(", ")
    )
}

fn stand_in(package: &Package, manifest: &Manifest) -> Result<StandIn> {
    match package.tracked(manifest).find(|node| !node.is_ephemeral()) {
        Some(node) => Ok(StandIn { package: package.name.clone(), model: node.name.clone() }),
        None => bail!(Refusal(format!(
            "the package {} has no enabled model with the tag {}, so its on-run-end hook fails every run. \
             Enable one of its models, or remove the package",
            package.name,
            package.tag()
        ))),
    }
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::family::Family;
    use super::*;
    use crate::dbt::{Metadata, NodeKind};

    fn node(id: &str, tags: &[&str], materialized: &str) -> Node {
        let mut parts = id.split('.').skip(1);
        let package_name = parts.next().expect("a package").to_owned();
        let name = parts.next().expect("a name").to_owned();
        Node {
            unique_id: id.to_owned(),
            kind: NodeKind::Model,
            alias: name.clone(),
            version: parts.next().map(Into::into),
            name,
            package_name,
            database: None,
            schema: "s".into(),
            relation_name: None,
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            fqn: String::new(),
            config: json!({"materialized": materialized}).as_object().cloned().unwrap_or_default(),
            macros: Vec::new(),
            parents: Vec::new(),
            raw_code: String::new(),
            path: format!("models/{id}.sql"),
        }
    }

    fn package(name: &str) -> Package {
        let id = |what: &str| format!("model.{name}.{name}_{what}");
        Package {
            name: name.to_owned(),
            family: Family::Session,
            incremental_manifest: id("manifest"),
            base_events: id("events"),
            limits: id("limits"),
            dbt_package: name.to_owned(),
        }
    }

    /// Two packages, `one` and `two`, with their base models, and what is given besides; all but `unselected` is selected.
    fn scope(extra: &[Node], unselected: &[&str]) -> Result<Scope> {
        let mut nodes = vec![node("model.two.two_tracked", &["two_incremental"], "table")];
        nodes.extend(["limits", "events"].map(|what| node(&format!("model.one.one_{what}"), &[], "table")));
        nodes.extend_from_slice(extra);
        let selected = nodes
            .iter()
            .map(|node| node.unique_id.clone())
            .filter(|id| !unselected.contains(&id.as_str()) && id != "model.two.two_tracked")
            .collect();
        let metadata =
            Metadata { dbt_version: "1.11".into(), adapter_type: "duckdb".into(), ..Metadata::default() };
        let nodes = nodes.into_iter().map(|node| (node.unique_id.clone(), node)).collect();
        let listing = Listing { selected, manifest: Manifest { metadata, nodes, ..Manifest::default() } };
        Scope::of(&listing, &[package("one"), package("two")])
    }

    fn tracked(id: &str) -> Node {
        node(id, &["one_incremental", "other"], "incremental")
    }

    #[test]
    fn names_all_built_models_and_a_stand_in_for_the_other_package() {
        let scope = scope(&[tracked("model.p.new"), node("model.p.inlined", &[], "ephemeral")], &[])
            .expect("a scope");
        assert_eq!(scope.models_to_run, "new one_events one_limits two_tracked");
        assert_eq!(scope.packages.len(), 1);
        assert_eq!(scope.packages[0].tracked, ["new"]);
        assert_eq!(scope.stand_ins, [StandIn { package: "two".into(), model: "two_tracked".into() }]);
        assert!(!scope.built.contains("model.p.inlined") && scope.built.contains("model.one.one_limits"));
    }

    #[test]
    fn an_untagged_namesake_of_another_packages_model_is_not_named() {
        // Both packages are touched; `two_tracked` of the second one is not selected.
        let of_two = node("model.p.of_two", &["two_incremental"], "table");
        let namesake = node("model.p.two_tracked", &[], "table");
        let nodes = [tracked("model.p.new"), of_two.clone(), namesake.clone()];
        let found = scope(&nodes, &[]).expect("a scope");
        assert_eq!(found.models_to_run, "new of_two one_events one_limits");
        assert!(found.built.contains("model.p.two_tracked"));
        // Without the second one, whose hook writes nothing, the name does no harm.
        let found = scope(&[tracked("model.p.new"), namesake], &[]).expect("a scope");
        assert_eq!(found.models_to_run, "new one_events one_limits two_tracked two_tracked");

        let nodes = [tracked("model.p.two_tracked"), of_two];
        let refusal = scope(&nodes, &[]).expect_err("the second package would wait for its own");
        let text = refusal.downcast_ref::<Refusal>().expect("a refusal").to_string();
        assert!(text.contains("have one name, and two knows"), "{text}");
    }

    #[test]
    fn a_versioned_model_goes_by_its_node_name() {
        let scope = scope(&[tracked("model.p.dim.v2")], &[]).expect("a scope");
        assert_eq!(scope.models_to_run, "dim one_events one_limits two_tracked");
    }

    #[test]
    fn refuses_what_would_never_end() {
        let ephemeral = node("model.p.inlined", &["one_incremental"], "ephemeral");
        let versions = [tracked("model.p.dim.v1"), tracked("model.p.dim.v2")];
        let error = |result: Result<Scope>| result.expect_err("refused");
        for (refusal, words) in [
            (error(scope(&[ephemeral], &[])), "is ephemeral"),
            (error(scope(&versions, &[])), "versions of one model"),
            (error(scope(&versions, &["model.p.dim.v1"])), "versions of one model"),
            (
                error(scope(&[tracked("model.p.x"), tracked("model.q.x")], &["model.q.x"])),
                "models of one name",
            ),
        ] {
            let text = refusal.downcast_ref::<Refusal>().expect("a refusal").to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn wrong_selections_are_usage_errors() {
        for (result, words) in [
            (scope(&[], &[]), "no tracked model"),
            (scope(&[tracked("model.p.new")], &["model.one.one_limits"]), "+my_model"),
        ] {
            let error = result.expect_err(words);
            assert!(
                error.downcast_ref::<Refusal>().is_none() && error.to_string().contains(words),
                "{error}"
            );
        }
    }

    #[test]
    fn all_tables_between_the_window_and_a_tracked_model_are_selected() {
        let built_from = |mut node: Node, parents: &[&str]| {
            node.parents = parents.iter().map(|&id| id.to_owned()).collect();
            node
        };
        let events = || built_from(node("model.one.one_events", &[], "table"), &["model.one.one_limits"]);
        let project = |materialized: &str, unselected: &[&str]| {
            let nodes = [
                events(),
                node("model.p.elsewhere", &[], "table"),
                built_from(
                    node("model.p.x_this_run", &["one_incremental"], materialized),
                    &["model.one.one_events", "model.p.elsewhere"],
                ),
                built_from(tracked("model.p.x"), &["model.p.x_this_run"]),
                built_from(node("model.p.beside", &[], "table"), &["model.p.x_this_run"]),
                built_from(node("model.p.below", &[], "table"), &["model.p.x"]),
            ];
            scope(&nodes, unselected)
        };
        // What is not built from the window, or leads to no tracked model, is the user's own affair.
        let around = ["model.p.elsewhere", "model.p.beside", "model.p.below"];
        assert!(project("table", &around).is_ok());
        assert!(project("view", &[&around[..], &["model.p.x_this_run"]].concat()).is_ok());
        for unselected in [&["model.p.x_this_run"][..], &["model.p.x_this_run", "model.p.below"]] {
            let error = project("incremental", unselected).expect_err("it is not built").to_string();
            assert!(error.contains("(x_this_run)"), "{error}");
        }
        let both = ["model.one.one_events", "model.p.x_this_run"];
        let error = project("table", &both).expect_err("they are not built").to_string();
        assert!(error.contains("(one_events, x_this_run)"), "{error}");
    }

    #[test]
    fn untagged_names_give_way_where_room_is_short() {
        let many: Vec<_> =
            (0..3000).map(|n| node(&format!("model.p.{}_{n}", "x".repeat(40)), &[], "view")).collect();
        let scope = scope(&[many, vec![tracked("model.p.new")]].concat(), &[]).expect("a scope");
        assert_eq!(scope.models_to_run, "new two_tracked");
    }
}
