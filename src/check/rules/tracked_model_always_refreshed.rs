//! A tracked incremental model that every run rebuilds.

use super::incremental_manifest_dropped::full_refresh_set;
use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "tracked-model-always-refreshed",
    title: "A tracked incremental model that every run rebuilds",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "With full_refresh set, every run drops the table and rebuilds it from its own window only. The \
          rows of all earlier windows are lost, although the incremental manifest says that they were \
          processed.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', full_refresh=true, tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', full_refresh=snowplow_utils.allow_refresh(), \
         tags=['snowplow_unified_incremental']) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let refreshed = subject
        .tracked_incremental()
        .filter(|(_, node)| facts::is_always_refreshed(node) && !subject.may_owe_refresh_to_its_call(node));
    refreshed
        .map(|(_, node)| {
            let message = format!(
                "{} is set to full_refresh: every run keeps only the rows of its own window",
                node.name
            );
            full_refresh_set(
                subject,
                node,
                message,
                "Remove it and pass --full-refresh only to the run that needs it, or make the model a table",
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
    fn finds_models_that_keep_one_window() {
        let mut lab = Lab::new();
        let refreshed = |lab: &mut Lab, name: &str, tag: &str, materialized: &str, set: bool| {
            lab.model(name, &[tag], materialized, &[]).config("full_refresh", json!(set));
        };
        refreshed(&mut lab, "never", "shop_incremental", "incremental", false);
        refreshed(&mut lab, "table", "shop_incremental", "table", true);
        refreshed(&mut lab, "untracked", "daily", "incremental", true);
        refreshed(&mut lab, "asks", "shop_incremental", "incremental", true);
        lab.change("asks").macros(&["macro.snowplow_utils.allow_refresh"]);
        lab.expect_none(&RULE);
        lab.change("asks").code("{{ config(full_refresh=snowplow_utils.allow_refresh()) }}");
        lab.models("{store: {asks: {full_refresh: true}}, shop: {+full_refresh: true}}");
        lab.expect_none(&RULE);
        lab.model_of("shop", "theirs", &["shop_incremental"], "incremental", &[])
            .config("full_refresh", json!(true))
            .macros(&["macro.snowplow_utils.allow_refresh"])
            .code("{{ config(full_refresh=snowplow_utils.allow_refresh()) }}");
        lab.expect(&RULE, &["theirs"]);
        lab.models("{}");
        lab.expect_none(&RULE);
        refreshed(&mut lab, "wrong", "shop_incremental", "incremental", true);
        lab.expect(&RULE, &["wrong"]);
    }
}
