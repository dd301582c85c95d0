//! What dbt 2 leaves out about hooks: when they run, and which macros they call. Both can be seen in their names and
//! texts.

use std::sync::LazyLock;

use regex::Regex;

use super::manifest::{Manifest, Node, NodeKind};
use crate::dbt::jinja::without_comments;

/// The end of a hook's name: `storefront-on-run-end-0`.
static MOMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"-(on-run-(?:start|end))-\d+$").expect("a pattern that the tests use"));

/// `package.name(` or `name(`.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\b([A-Za-z_]\w*)\s*\.\s*)?\b([A-Za-z_]\w*)\s*\(").expect("a pattern that the tests use")
});

impl Manifest {
    /// Fills in what dbt 2, and the v2 parser of dbt 1.12, leave out about hooks.
    pub(super) fn complete_operations(&mut self) {
        let root = self.metadata.project_name.clone().unwrap_or_default();
        let macros = &self.macros;
        let is_bare = |node: &&mut Node| node.kind == NodeKind::Operation && node.tags.is_empty();
        for node in self.nodes.values_mut().filter(is_bare) {
            node.tags.extend(MOMENT.captures(&node.unique_id).map(|found| found[1].to_owned()));
            let owners = [node.package_name.as_str(), &root];
            let code = without_comments(&node.raw_code);
            let called = CALL.captures_iter(&code).flat_map(|call| {
                let name = &call[2];
                let owners = call.get(1).map_or(owners.to_vec(), |package| vec![package.as_str()]);
                owners.into_iter().map(|owner| format!("macro.{owner}.{name}")).collect::<Vec<_>>()
            });
            for id in called {
                if macros.contains_key(&id) && !node.macros.contains(&id) {
                    node.macros.push(id);
                }
            }
            // Those that a package's macro refers to are not among them, so their order tells nothing.
            node.parents.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dbt::artifacts::ReadFor;

    fn hook(tags: &[&str], code: &str) -> Node {
        let manifest = json!({
            "metadata": {"dbt_version": "2.0.0-beta.2", "adapter_type": "duckdb", "project_name": "store"},
            "nodes": {"operation.pk.pk-on-run-end-1": {
                "resource_type": "operation", "name": "pk-on-run-end-1", "package_name": "pk", "tags": tags,
                "raw_code": code, "depends_on": {"macros": [], "nodes": ["model.pk.a"]},
            }},
            "macros": {"macro.utils.end": {}, "macro.pk.own": {}, "macro.store.ours": {}, "macro.utils.ours": {}, "macro.utils.other": {}},
        });
        let manifest = Manifest::of_text(&manifest.to_string(), ReadFor::Runs).expect("a manifest");
        manifest.node("operation.pk.pk-on-run-end-1").expect("a hook").clone()
    }

    #[test]
    fn hooks_are_completed_by_their_names_and_texts() {
        let node = hook(
            &[],
            "{{ utils.end(var('x')) }} {{ own( ) }} {# {{ utils.other() }} #}{{ ours() }} {{ own() }} {{ nobody() }}",
        );
        assert_eq!(node.tags, ["on-run-end"]);
        assert_eq!(node.macros, ["macro.utils.end", "macro.pk.own", "macro.store.ours"]);
        assert!(node.parents.is_empty());
    }

    #[test]
    fn what_dbt_tells_is_left_alone() {
        let node = hook(&["on-run-end"], "{{ utils.end() }}");
        assert!(node.macros.is_empty());
        assert_eq!(node.parents, ["model.pk.a"]);
    }
}
