//! A tracked model that a plain `dbt run` leaves out.

use std::collections::BTreeSet;

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::selector;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tracked-model-not-in-default-selector",
    title: "A tracked model that a plain `dbt run` leaves out",
    severity: Severity::Error,
    why: "A package waits for all its tracked models that are enabled; one that the project's default selector leaves out is \
          never built by a plain dbt run, so the package stays in the state of a new model, or out of sync, for ever.",
    wrong: Example::yaml(
        "selectors:\n  - name: nightly\n    default: true\n    definition: {method: package, value: snowplow_unified}  # not your own models",
    ),
    right: Example::yaml(
        "selectors:\n  - name: nightly\n    default: true\n    definition:\n      union:\n        \
         - {method: package, value: snowplow_unified}\n        - {method: tag, value: snowplow_unified_incremental}",
    ),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    let Some(default) = &subject.graph.default_selector else { return Vec::new() };
    // What only dbt can tell is said in a note of the report.
    let Ok(selected) = selector::select(&default.definition, &subject.graph, subject.root()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for package in &subject.packages {
        let (inside, outside): (BTreeSet<_>, BTreeSet<_>) =
            package.tracked.iter().partition(|&id| selected.contains(id.as_str()));
        // A package that is left out as a whole is built by another call of dbt.
        if inside.is_empty() {
            continue;
        }
        let outside =
            outside.into_iter().filter_map(|id| subject.node(id)).filter(|node| !node.is_ephemeral());
        found.extend(outside.map(|node| {
            Found::in_model(
                node,
                "",
                format!(
                    "{} is tracked by {}, but the default selector {} leaves it out while it selects others of that package",
                    node.name,
                    package.name(),
                    default.name
                ),
                format!("Add it to the selector {}, or take the tag {} away from it", default.name, package.package.tag()),
            )
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tracked_models_outside_of_the_default_selector() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &[]);
        lab.model_of("shop", "views", &["shop_incremental"], "table", &[]);
        lab.model("inlined", &["shop_incremental"], "ephemeral", &[]);
        lab.expect_none(&RULE);
        for definition in [
            json!({"method": "tag", "value": "shop_incremental"}),
            json!({"method": "tag", "value": "another"}),
            json!({"method": "state", "value": "modified"}),
        ] {
            lab.default_selector(&definition);
            lab.expect_none(&RULE);
        }
        lab.default_selector(&json!({"method": "package", "value": "shop"}));
        lab.expect(&RULE, &["carts"]);
    }
}
