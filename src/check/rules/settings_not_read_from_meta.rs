//! Settings in meta, where the installed snowplow_utils does not read them.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;
use crate::snowplow::model_settings::DATE_KEY;

pub(super) const RULE: Rule = Rule {
    id: "settings-not-read-from-meta",
    title: "Settings in meta, where the installed snowplow_utils does not read them",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "Before snowplow_utils 1.0.0, snowplow_optimize, upsert_date_key and disable_upsert_lookback only \
          count at the top level of a model's configuration. In meta they have no effect, and nothing says so: \
          every run compares the new rows with the whole table.",
    wrong: Example::sql(
        "-- snowplow_utils 0.17.4 is installed\n{{ config(materialized='incremental', \
         unique_key='page_view_id', meta={'snowplow_optimize': true, 'upsert_date_key': 'start_tstamp'}) }}",
    ),
    right: Example::sql(
        "-- snowplow_utils 0.17.4 is installed\n{{ config(materialized='incremental', \
         unique_key='page_view_id', snowplow_optimize=true, upsert_date_key='start_tstamp') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let unread = subject.own_tracked_incremental().map(|(_, node)| {
        // That runs fail for want of the date is another rule's finding.
        let is_told = facts::has_no_date(node, subject.adapter(), subject.settings);
        let unread = subject.settings.without_effect(node).filter(|key| !(is_told && *key == DATE_KEY));
        (node, unread.collect::<Vec<_>>())
    });
    unread
        .filter_map(|(node, keys)| {
            let (names, them) = match keys.as_slice() {
                [] => return None,
                [one] => ((*one).to_owned(), "it"),
                [first @ .., last] => (format!("{} and {last}", first.join(", ")), "them"),
            };
            let message =
                format!("{} sets {names} in meta, where {} does not read {them}", node.name, subject.utils());
            let advice = format!(
                "Set {them} at the top level of its configuration, or install snowplow_utils 1.0.0 or newer"
            );
            Some(Found::in_model(node, keys[0], message, advice))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_what_an_older_version_does_not_read() {
        let mut lab = Lab::new();
        lab.utils_version("0.17.4");
        lab.model("good", &["shop_incremental"], "incremental", &[])
            .config("snowplow_optimize", json!(true))
            .config("upsert_date_key", json!("t"))
            .config("meta", json!({"snowplow_optimize": true, "owner": "us"}));
        lab.model("view", &["shop_incremental"], "view", &[])
            .config("meta", json!({"snowplow_optimize": true}));
        lab.expect_none(&RULE);
        lab.model("both", &["shop_incremental"], "incremental", &[])
            .config("meta", json!({"snowplow_optimize": true, "upsert_date_key": "t"}));
        lab.model("lookback", &["shop_incremental"], "incremental", &[])
            .config("snowplow_optimize", json!(true))
            .config("meta", json!({"disable_upsert_lookback": true, "upsert_date_key": "t"}));
        lab.expect_messages(
            &RULE,
            &[
                "both sets snowplow_optimize and upsert_date_key in meta, where snowplow_utils 0.17.4 does not \
                 read them",
                "lookback sets disable_upsert_lookback in meta, where snowplow_utils 0.17.4 does not read it",
            ],
        );
        lab.utils_version("1.0.0");
        lab.expect_none(&RULE);
    }
}
