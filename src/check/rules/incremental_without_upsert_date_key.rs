//! A tracked incremental model without the date that its rows are looked for by.

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::{Subject, is_empty, upserts};

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-upsert-date-key",
    title: "A tracked incremental model without the date that its rows are looked for by",
    severity: Severity::Warn,
    why: "snowplow_optimize narrows the search for rows to be replaced to the dates of the new ones, which it takes from the \
          upsert_date_key; without one there is nothing to narrow by.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true, upsert_date_key='start_tstamp') }}",
    ),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    let without = subject
        .own_tracked_incremental()
        .filter(|(_, node)| upserts(node) && is_empty(node, "upsert_date_key"));
    without
        .map(|(_, node)| {
            Found::in_model(
                node,
                "config(",
                format!("{} is incremental and tracked, but has no upsert_date_key", node.name),
                "Set upsert_date_key to the date or timestamp that a row never changes, such as the start of its session".to_owned(),
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
    fn finds_models_without_a_date() {
        let mut lab = Lab::new();
        lab.model("good", &["shop_incremental"], "incremental", &[]).config("upsert_date_key", json!("t"));
        lab.model("view", &["shop_incremental"], "view", &[]);
        lab.expect_none(&RULE);
        lab.model("none", &["shop_incremental"], "incremental", &[]);
        lab.model("empty", &["shop_incremental"], "incremental", &[]).config("upsert_date_key", json!(""));
        lab.expect(&RULE, &["empty", "none"]);
    }
}
