//! Works out `models_to_run`: the string that tells Snowplow's packages which models a run builds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::ancestors::require_what_they_are_built_from;
use super::discovery::Packages;
use super::facts;
use super::hook::{Package, tag_of, tracked_by};
use super::touched::TouchedPackage;
use crate::dbt::{Lineage, Listing, Manifest, Node};
use crate::failure::Refusal;

/// What to run, worked out from the selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The packages that the selection touches, with their tracked models in it.
    pub packages: Vec<TouchedPackage>,
    /// `unique_id` of every selected model that dbt builds.
    pub built: BTreeSet<String>,
    /// One tracked model of each package that the selection does not touch.
    pub stand_ins: Vec<StandIn>,
    /// The value of the var `models_to_run`.
    pub models_to_run: String,
}

/// A model that is not selected, but named in `models_to_run` so that the hook of its package does not fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIn {
    pub package: String,
    pub model: String,
}

/// The longest `models_to_run`, in bytes. An argument of a command can have 128 KiB on Linux, and the user's
/// vars need room too.
const MAX_BYTES: usize = 100 * 1024;

impl Scope {
    /// Works it out, or says why the selection cannot be backfilled.
    ///
    /// # Errors
    /// Usage: there is no Snowplow package; no tracked model is selected; a model is not selected that a
    /// tracked one is built from. A [`Refusal`]: a tracked model is ephemeral, or built from a snapshot; a name
    /// stands for two tracked models; a package has no tracked model. Such a backfill would never end, leave
    /// events out, or every run would fail at its end.
    pub fn of(listing: &Listing, packages: &Packages) -> Result<Self> {
        let manifest = &listing.manifest;
        let (touched, untouched) = TouchedPackage::find(listing, packages)?;
        let lineage = Lineage::of(manifest);
        for touched in &touched {
            require_what_they_are_built_from(&touched.package, listing, &lineage)?;
        }
        let selected = listing.selected.iter().filter_map(|id| manifest.node(id));
        let built: Vec<&Node> = selected.filter(|node| !node.is_ephemeral()).collect();
        let names = names_without_namesakes(&built, &touched, listing)?;
        let stand_ins: Vec<_> =
            untouched.into_iter().map(|name| stand_in(name, &built, manifest)).collect::<Result<_>>()?;
        let models_to_run = models_to_run(names, &touched, &stand_ins);
        let built = built.into_iter().map(|node| node.unique_id.clone()).collect();
        Ok(Self { packages: touched, built, stand_ins, models_to_run })
    }

    /// The tracked models of a package that are built.
    pub fn tracked<'m>(&self, package: &Package, manifest: &'m Manifest) -> impl Iterator<Item = &'m Node> {
        package.tracked(manifest).filter(|node| self.built.contains(&node.unique_id))
    }
}

/// The names of the models that are built, without those that a touched package would take for a tracked
/// model that is not selected.
fn names_without_namesakes<'m>(
    built: &[&'m Node],
    touched: &[TouchedPackage],
    listing: &Listing,
) -> Result<BTreeSet<&'m str>> {
    let unselected: BTreeMap<&str, (&Package, &Node)> = touched
        .iter()
        .map(|touched| &touched.package)
        .flat_map(|package| package.tracked(&listing.manifest).map(move |node| (package, node)))
        .filter(|(_, node)| !listing.selected.contains(&node.unique_id))
        .map(|(package, node)| (node.name.as_str(), (package, node)))
        .collect();
    let is_tracked = |node: &Node| touched.iter().any(|touched| node.has_tag(&touched.package.tag()));
    let mut names = BTreeSet::new();
    for node in built {
        match unselected.get(node.name.as_str()) {
            None => {
                names.insert(node.name.as_str());
            }
            // Its name has no effect, because it is not tracked. So nothing is lost without it.
            Some(_) if !is_tracked(node) => {}
            Some((package, twin)) => bail!(Refusal(format!(
                "{} and {} have the same name, and {} knows its tracked models by name alone, so it would \
                 wait for the one that is not selected. Select both, or rename one of them",
                node.unique_id, twin.unique_id, package.name
            ))),
        }
    }
    Ok(names)
}

/// Joins the names. If they are too long, it leaves out those that have no effect: of models without a tag.
fn models_to_run(names: BTreeSet<&str>, touched: &[TouchedPackage], stand_ins: &[StandIn]) -> String {
    let with_stand_ins = |names: BTreeSet<&str>| -> String {
        let stand_ins = stand_ins.iter().map(|stand_in| stand_in.model.as_str());
        names.into_iter().chain(stand_ins).collect::<Vec<_>>().join(" ")
    };
    let all = with_stand_ins(names);
    if all.len() <= MAX_BYTES {
        return all;
    }
    with_stand_ins(touched.iter().flat_map(|touched| &touched.tracked).map(String::as_str).collect())
}

/// The hook of a package knows models by name alone, so the name of a model that is built would make it write.
fn stand_in(package: &str, built: &[&Node], manifest: &Manifest) -> Result<StandIn> {
    let is_built = |node: &&Node| built.iter().any(|other| other.name == node.name);
    let unbuilt = tracked_by(package, manifest).filter(|node| !is_built(node));
    match (facts::first_built(unbuilt), facts::first_built(tracked_by(package, manifest))) {
        (Some(node), _) => Ok(StandIn { package: package.to_owned(), model: node.name.clone() }),
        (None, Some(node)) => bail!(Refusal(format!(
            "the selection builds another model that is called {}, and the on-run-end hook of {package} knows \
             models by name alone, so it would record that one. Rename one of them",
            node.name
        ))),
        (None, None) => bail!(Refusal(format!(
            "the package {package} has no enabled model with the tag {}, so its on-run-end hook fails every \
             run. Enable one of its models, or remove the package",
            tag_of(package)
        ))),
    }
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
            description: String::new(),
            column_tags: BTreeMap::new(),
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

    #[test]
    fn refuses_a_snapshot_between_the_window_and_a_tracked_model() {
        let built_from = |mut node: Node, parents: &[&str]| {
            node.parents = parents.iter().map(|&id| id.to_owned()).collect();
            node
        };
        let mut listing = listing(
            &[
                built_from(node("model.p.carts", &[], "table"), &["model.one.one_limits"]),
                built_from(tracked("model.p.history"), &["snapshot.p.carts_snapshot"]),
            ],
            &[],
        );
        let packages = Packages { known: vec![package("one"), package("two")], ..Packages::default() };
        let of = |listing: &Listing| Scope::of(listing, &packages);
        // Of something else than this package's events, a snapshot is as good as any table.
        listing.manifest.snapshots =
            [("snapshot.p.carts_snapshot".to_owned(), vec!["source.p.customers".to_owned()])].into();
        assert!(of(&listing).is_ok());
        listing.manifest.snapshots =
            [("snapshot.p.carts_snapshot".to_owned(), vec!["model.p.carts".to_owned()])].into();
        let error = of(&listing).expect_err("it reads an earlier run");
        let text = error.downcast_ref::<Refusal>().expect("a refusal").to_string();
        assert!(text.contains("history is built from snapshot.p.carts_snapshot"), "{text}");
        listing.selected.remove("model.p.history");
        listing.selected.insert("model.two.two_tracked".to_owned());
        assert!(!of(&listing).is_err_and(|error| error.to_string().contains("snapshot")));
    }

    /// Two packages, `one` and `two`, with their base models and the `extra` ones. All are selected but
    /// `unselected`, and but the tracked model of `two`.
    fn listing(extra: &[Node], unselected: &[&str]) -> Listing {
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
        let manifest = Manifest { metadata, nodes, ..Manifest::default() };
        Listing { selected, unmatched: Vec::new(), manifest }
    }

    fn scope(extra: &[Node], unselected: &[&str]) -> Result<Scope> {
        Scope::of(
            &listing(extra, unselected),
            &Packages { known: vec![package("one"), package("two")], ..Packages::default() },
        )
    }

    fn tracked(id: &str) -> Node {
        node(id, &["one_incremental", "other"], "incremental")
    }

    #[test]
    fn names_every_built_model_and_a_stand_in_for_the_other_package() {
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
        // If the second package is not touched, its hook would take the namesake for its own model.
        let refusal = scope(&[tracked("model.p.new"), namesake], &[]).expect_err("a namesake");
        let text = refusal.downcast_ref::<Refusal>().expect("a refusal").to_string();
        assert!(text.contains("another model that is called two_tracked"), "{text}");

        let nodes = [tracked("model.p.two_tracked"), of_two];
        let refusal = scope(&nodes, &[]).expect_err("the second package would wait for its own");
        let text = refusal.downcast_ref::<Refusal>().expect("a refusal").to_string();
        assert!(text.contains("have the same name, and two knows"), "{text}");
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
                "models with the same name",
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
            (
                scope(&[tracked("model.p.new")], &["model.one.one_limits"]),
                "(one_limits), which new needs: it would read what an earlier run left there. Select the \
                 ancestors too, and exclude none of them: --select +new one_events",
            ),
        ] {
            let error = result.expect_err(words);
            assert!(
                error.downcast_ref::<Refusal>().is_none() && error.to_string().contains(words),
                "{error}"
            );
        }
    }

    #[test]
    fn requires_all_tables_between_the_window_and_a_tracked_model() {
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
        // Models that are not between the window and a tracked model need not be selected.
        let around = ["model.p.elsewhere", "model.p.beside", "model.p.below"];
        assert!(project("table", &around).is_ok());
        assert!(project("view", &[&around[..], &["model.p.x_this_run"]].concat()).is_ok());
        for unselected in [&["model.p.x_this_run"][..], &["model.p.x_this_run", "model.p.below"]] {
            let error = project("incremental", unselected).expect_err("it is not built").to_string();
            assert!(error.contains("(x_this_run), which x needs"), "{error}");
            let others = if unselected.len() == 1 { "below beside" } else { "beside" };
            assert!(error.contains(&format!("--select +x {others}")), "{error}");
        }
        let both = ["model.one.one_events", "model.p.x_this_run"];
        let error = project("table", &both).expect_err("they are not built").to_string();
        assert!(error.contains("(one_events, x_this_run)"), "{error}");
    }

    #[test]
    fn a_function_hides_no_table_between_the_window_and_a_tracked_model() {
        let built_from = |mut node: Node, parents: &[&str]| {
            node.parents = parents.iter().map(|&id| id.to_owned()).collect();
            node
        };
        let nodes = [
            built_from(node("model.p.mid", &[], "table"), &["model.one.one_limits"]),
            built_from(tracked("model.p.carts"), &["function.p.f"]),
        ];
        let mut listing = listing(&nodes, &["model.p.mid"]);
        listing.manifest.functions = [("function.p.f".to_owned(), vec!["model.p.mid".to_owned()])].into();
        let packages = Packages { known: vec![package("one"), package("two")], ..Packages::default() };
        let error = Scope::of(&listing, &packages).expect_err("it is not built").to_string();
        assert!(error.contains("(mid), which carts needs"), "{error}");
        listing.selected.insert("model.p.mid".to_owned());
        assert!(Scope::of(&listing, &packages).is_ok());
    }

    #[test]
    fn leaves_out_untagged_names_if_there_are_too_many() {
        let many: Vec<_> =
            (0..3000).map(|n| node(&format!("model.p.{}_{n}", "x".repeat(40)), &[], "view")).collect();
        let scope = scope(&[many, vec![tracked("model.p.new")]].concat(), &[]).expect("a scope");
        assert_eq!(scope.models_to_run, "new two_tracked");
    }
}
