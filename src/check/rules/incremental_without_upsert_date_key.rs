//! A tracked incremental model that fails from its second run on.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-upsert-date-key",
    title: "A tracked incremental model that fails from its second run on",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "snowplow_optimize only searches the dates of the new rows for rows to replace, and reads these \
          dates from the upsert_date_key. Without one, the first run creates the table and succeeds, and \
          all later runs fail. This begins once the project's dispatch searches snowplow_utils before dbt.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true, \
         upsert_date_key='start_tstamp') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let without =
        subject.own_tracked_incremental().filter(|(_, node)| facts::has_no_date(node, subject.adapter()));
    without
        .map(|(_, node)| {
            Found::in_model(
                node,
                "snowplow_optimize",
                format!(
                    "{} is set to snowplow_optimize, but has no upsert_date_key: every run after the \
                         first one fails",
                    node.name
                ),
                "Set upsert_date_key to a date or timestamp that never changes, such as the start of the \
                 session"
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
    fn finds_models_without_a_date() {
        let mut lab = Lab::new();
        let optimized = |lab: &mut Lab, name: &str, key: serde_json::Value| {
            let model = lab.model(name, &["shop_incremental"], "incremental", &[]);
            model.config("snowplow_optimize", json!(true)).config("upsert_date_key", key);
        };
        optimized(&mut lab, "good", json!("t"));
        optimized(&mut lab, "appends", json!(null));
        lab.change("appends").config("incremental_strategy", json!("append"));
        lab.model("view", &["shop_incremental"], "view", &[]).config("snowplow_optimize", json!(true));
        lab.model("not_optimized", &["shop_incremental"], "incremental", &[]);
        lab.model("off", &["shop_incremental"], "incremental", &[]).config("snowplow_optimize", json!(false));
        lab.expect_none(&RULE);
        optimized(&mut lab, "none", json!(null));
        optimized(&mut lab, "empty", json!(""));
        lab.expect(&RULE, &["empty", "none"]);
    }
}
