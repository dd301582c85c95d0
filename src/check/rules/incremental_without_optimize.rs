//! A tracked incremental model that scans its whole table in every run.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts::{IncrementalStrategy, dispatches_to_utils};
use crate::snowplow::model_settings::OPTIMIZE;

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-optimize",
    title: "A tracked incremental model that scans its whole table in every run",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "Without snowplow_optimize every run compares the new rows with the whole table, instead of \
          only with the dates that the new rows can have. A backfill of many runs spends most of its \
          time on that. snowplow_utils 1.0.0 and newer look for it in meta first. Older versions only read \
          the top level of the configuration.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'upsert_date_key': \
         'start_tstamp'}) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'upsert_date_key': \
         'start_tstamp', 'snowplow_optimize': true}) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let without = subject.own_tracked_incremental().filter(|(_, node)| {
        // The old materialization of Snowplow's packages limits the dates by itself.
        let is_old = node.materialized() == "snowplow_incremental";
        // Another rule tells of settings that are not read.
        let is_set = subject.settings.is_optimized(node)
            || subject.settings.without_effect(node).any(|key| key == OPTIMIZE);
        !is_old && !is_set && subject.strategy(node) == IncrementalStrategy::Upsert
    });
    let dispatch = if dispatches_to_utils(&subject.project) {
        ""
    } else {
        ". This takes effect once the dispatch in dbt_project.yml searches snowplow_utils before dbt"
    };
    let set = subject.set_setting();
    without
        .map(|(_, node)| {
            Found::in_model(
                node,
                "config(",
                format!("{} is incremental and tracked, but is not set to snowplow_optimize", node.name),
                format!(
                    "{set} snowplow_optimize to true, and upsert_date_key to the date column of its \
                     rows{dispatch}"
                ),
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
    fn finds_models_that_scan_everything() {
        let mut lab = Lab::new();
        lab.model("good", &["shop_incremental"], "incremental", &[]).config("snowplow_optimize", json!(true));
        lab.model("overwrites", &["shop_incremental"], "incremental", &[])
            .config("incremental_strategy", json!("insert_overwrite"));
        lab.model("appends", &["shop_incremental"], "incremental", &[])
            .config("incremental_strategy", json!("append"));
        lab.model("old", &["shop_incremental"], "snowplow_incremental", &[]);
        lab.model("table", &["shop_incremental"], "table", &[]);
        lab.expect_none(&RULE);
        lab.model("none", &["shop_incremental"], "incremental", &[]);
        lab.model("off", &["shop_incremental"], "incremental", &[]).config("snowplow_optimize", json!(false));
        lab.model("off_in_meta", &["shop_incremental"], "incremental", &[])
            .config("snowplow_optimize", json!(true))
            .config("meta", json!({"snowplow_optimize": false}));
        lab.expect(&RULE, &["none", "off", "off_in_meta"]);
        assert!(lab.check(&RULE)[0].advice.contains("dispatch"));
        lab.dispatch("[{macro_namespace: dbt, search_order: [snowplow_utils, dbt]}]");
        assert!(!lab.check(&RULE)[0].advice.contains("dispatch"));
    }

    #[test]
    fn names_the_place_that_is_read() {
        let mut lab = Lab::new();
        lab.model("none", &["shop_incremental"], "incremental", &[]);
        lab.model("by_meta", &["shop_incremental"], "incremental", &[])
            .config("meta", json!({"snowplow_optimize": true, "owner": "us"}));
        lab.utils_version("1.0.0");
        lab.expect(&RULE, &["none"]);
        assert!(lab.check(&RULE)[0].advice.starts_with("In its meta, set snowplow_optimize to true"));
        // That it has no effect is for another rule.
        lab.utils_version("0.17.4");
        lab.expect(&RULE, &["none"]);
        assert!(lab.check(&RULE)[0].advice.starts_with("Set snowplow_optimize to true"));
    }
}
