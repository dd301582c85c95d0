//! Two tracked models with the same name, in different dbt packages.

use crate::check::finding::{Found, list};
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "tracked-name-in-two-packages",
    title: "Two tracked models with the same name, in different dbt packages",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "models_to_run and the incremental manifest hold names without packages, so two tracked models \
          with the same name cannot be told apart. If you name one, you name both, and in one \
          incremental manifest their rows mix.",
    wrong: Example::sql(
        "-- models/snowplow_unified_users.sql: a model of your own, named as one of the package\n\
         {{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql(
        "-- models/loyal_users.sql\n\
         {{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, mut nodes) in facts::namesakes(subject.tracked().map(|(_, node)| node)) {
        if facts::are_versions(&nodes) {
            continue;
        }
        // The finding points to the model that the user can rename.
        nodes.sort_by_key(|node| !subject.is_own(node));
        found.push(Found::in_model(
            nodes[0],
            "",
            format!(
                "{} tracked models are called {name}: {}",
                nodes.len(),
                list(nodes.iter().map(|node| node.unique_id.as_str()))
            ),
            "Rename one of them, or disable it".to_owned(),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_names_of_two_tracked_models() {
        let mut lab = Lab::new();
        lab.model("users", &["shop_incremental"], "table", &[]);
        lab.model_of("shop", "carts", &[], "table", &[]);
        lab.model("carts", &["shop_incremental"], "table", &[]);
        lab.version("dim", 1, &["shop_incremental"]);
        lab.version("dim", 2, &["shop_incremental"]);
        lab.expect_none(&RULE);
        lab.model_of("shop", "users", &["shop_incremental"], "table", &[]);
        lab.expect(&RULE, &["users"]);
        let found = lab.check(&RULE);
        assert_eq!(
            found[0].message,
            "2 tracked models are called users: model.store.users, model.shop.users"
        );
    }
}
