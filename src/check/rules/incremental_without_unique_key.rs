//! A tracked incremental model that adds its rows again whenever a window overlaps the last one.

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::{Subject, is_empty, upserts};

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-unique-key",
    title: "A tracked incremental model that adds its rows again whenever a window overlaps the last one",
    severity: Severity::Error,
    why: "A window begins before the end of the last one, by the lookback, and whole sessions are read again; without a \
          unique_key their rows are added once more in every run.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', snowplow_optimize=true, upsert_date_key='start_tstamp') }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true, upsert_date_key='start_tstamp') }}",
    ),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    let without =
        subject.own_tracked_incremental().filter(|(_, node)| upserts(node) && is_empty(node, "unique_key"));
    without
        .map(|(_, node)| {
            Found::in_model(
                node,
                "config(",
                format!("{} is incremental and tracked, but has no unique_key", node.name),
                "Set unique_key to the column, or the columns, that a row is known by".to_owned(),
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
    fn finds_models_whose_rows_add_up() {
        let mut lab = Lab::new();
        lab.model("one", &["shop_incremental"], "incremental", &[]).config("unique_key", json!("id"));
        lab.model("several", &["shop_incremental"], "incremental", &[])
            .config("unique_key", json!(["a", "b"]));
        lab.model("overwrites", &["shop_incremental"], "incremental", &[])
            .config("incremental_strategy", json!("microbatch"));
        lab.expect_none(&RULE);
        lab.model("none", &["shop_incremental"], "incremental", &[]);
        lab.model("empty", &["shop_incremental"], "incremental", &[]).config("unique_key", json!([]));
        lab.expect(&RULE, &["empty", "none"]);
    }
}
