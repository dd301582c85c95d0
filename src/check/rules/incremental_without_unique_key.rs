//! A tracked incremental model that duplicates rows when windows overlap.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts::{IncrementalStrategy, is_empty};

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-unique-key",
    title: "A tracked incremental model that duplicates rows when windows overlap",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "Because of the lookback, a window begins before the end of the last one, and whole sessions \
          are read again. Without a unique_key, or with the strategy append, which ignores it, every run \
          adds their rows once more.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', meta={'snowplow_optimize': true, 'upsert_date_key': \
         'start_tstamp'}) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'snowplow_optimize': true, \
         'upsert_date_key': 'start_tstamp'}) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    subject
        .own_tracked_incremental()
        .filter_map(|(_, node)| {
            let (needle, trouble, advice) = match subject.strategy(node) {
                IncrementalStrategy::Upsert if is_empty(node, "unique_key") => {
                    ("config(", "has no unique_key", KEY.to_owned())
                }
                IncrementalStrategy::Append => {
                    let advice = format!("Set incremental_strategy to merge or delete+insert. {KEY}");
                    ("incremental_strategy", "its strategy is append, which ignores unique_key", advice)
                }
                _ => return None,
            };
            let message = format!("{} is incremental and tracked, but {trouble}", node.name);
            Some(Found::in_model(node, needle, message, advice))
        })
        .collect()
}

const KEY: &str = "Set unique_key to the column or columns that identify a row";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_that_duplicate_rows() {
        let mut lab = Lab::new();
        lab.model("one", &["shop_incremental"], "incremental", &[]).config("unique_key", json!("id"));
        lab.model("several", &["shop_incremental"], "incremental", &[])
            .config("unique_key", json!(["a", "b"]));
        for strategy in ["microbatch", "replace_where", "insert_overwrite", "our_own"] {
            lab.model(strategy, &["shop_incremental"], "incremental", &[])
                .config("incremental_strategy", json!(strategy));
        }
        lab.expect_none(&RULE);
        lab.model("none", &["shop_incremental"], "incremental", &[]);
        lab.model("empty", &["shop_incremental"], "incremental", &[]).config("unique_key", json!([]));
        lab.model("merges", &["shop_incremental"], "incremental", &[])
            .config("incremental_strategy", json!("merge"));
        lab.model("appends", &["shop_incremental"], "incremental", &[])
            .config("incremental_strategy", json!("append"))
            .config("unique_key", json!("id"));
        lab.expect(&RULE, &["appends", "empty", "merges", "none"]);
        assert!(lab.check(&RULE)[0].message.ends_with("its strategy is append, which ignores unique_key"));
    }
}
