//! A tracked incremental model that fails from its second run on.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;
use crate::snowplow::model_settings::{DATE_KEY, OPTIMIZE};

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-upsert-date-key",
    title: "A tracked incremental model that fails from its second run on",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "snowplow_optimize only searches the dates of the new rows for rows to replace, and reads these \
          dates from the upsert_date_key. Without one, the first run creates the table and succeeds, and \
          all later runs fail. This begins once the project's dispatch searches snowplow_utils before dbt. \
          snowplow_utils 1.0.0 and newer look for both in meta first. Older versions only read the top level \
          of the configuration.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'snowplow_optimize': true}) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'snowplow_optimize': true, \
         'upsert_date_key': 'start_tstamp'}) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let settings = subject.settings;
    let without = subject
        .own_tracked_incremental()
        .filter(|(_, node)| facts::has_no_date(node, subject.adapter(), settings));
    without
        .map(|(_, node)| {
            let is_in_meta = settings.without_effect(node).any(|key| key == DATE_KEY);
            let (trouble, advice) = if is_in_meta {
                (
                    format!("its upsert_date_key is in meta, where {} does not read it", subject.utils()),
                    "Set upsert_date_key at the top level of its configuration, or install snowplow_utils 1.0.0 or \
                     newer"
                        .to_owned(),
                )
            } else {
                (
                    "has no upsert_date_key".to_owned(),
                    format!(
                        "{} upsert_date_key to a date or timestamp that never changes, such as the start of the \
                         session",
                        subject.set_setting()
                    ),
                )
            };
            let message = format!(
                "{} is set to snowplow_optimize, but {trouble}: every run after the first one fails",
                node.name
            );
            Found::in_model(node, OPTIMIZE, message, advice)
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

    #[test]
    fn a_date_in_meta_counts_where_it_is_read() {
        let mut lab = Lab::new();
        let meta = json!({"upsert_date_key": "t"});
        lab.model("carts", &["shop_incremental"], "incremental", &[])
            .config("snowplow_optimize", json!(true))
            .config("meta", meta);
        lab.utils_version("1.0.0");
        lab.expect_none(&RULE);
        lab.utils_version("0.17.4");
        lab.expect_messages(
            &RULE,
            &["carts is set to snowplow_optimize, but its upsert_date_key is in meta, where snowplow_utils 0.17.4 does \
               not read it: every run after the first one fails"],
        );
    }
}
