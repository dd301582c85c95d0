//! A tracked incremental model that overwrites rows from before the window.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts::IncrementalStrategy;

pub(super) const RULE: Rule = Rule {
    id: "incremental-overwrites-partitions",
    title: "A tracked incremental model that overwrites rows from before the window",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "A window begins where the last one ended, minus the lookback, so usually in the middle of a \
          day. insert_overwrite replaces the whole partition, or the whole table if it has no \
          partitions, with the rows of the window. The rows from before the window are lost.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', incremental_strategy='insert_overwrite', \
         tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='page_view_id', \
         tags=['snowplow_unified_incremental']) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let overwriting = subject
        .own_tracked_incremental()
        .filter(|(_, node)| subject.strategy(node) == IncrementalStrategy::Overwrite);
    overwriting
        .map(|(package, node)| {
            Found::in_model(
                node,
                "incremental_strategy",
                format!(
                    "{} overwrites whole partitions, but the windows of {} begin inside a partition",
                    node.name,
                    package.name()
                ),
                "Set incremental_strategy to merge or delete+insert, with a unique_key. If the model reads \
                 whole partitions again, exempt it from this rule"
                    .to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_that_overwrite() {
        let mut lab = Lab::new();
        let with = |lab: &mut Lab, name: &str, tag: &str, strategy: &str| {
            lab.model(name, &[tag], "incremental", &[]).config("incremental_strategy", json!(strategy));
        };
        with(&mut lab, "merges", "shop_incremental", "merge");
        with(&mut lab, "replaces", "shop_incremental", "replace_where");
        with(&mut lab, "untracked", "daily", "insert_overwrite");
        lab.expect_none(&RULE);
        with(&mut lab, "overwrites", "shop_incremental", "insert_overwrite");
        lab.expect(&RULE, &["overwrites"]);
    }
}
