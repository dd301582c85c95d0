//! An incremental manifest that every run drops.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Node;
use crate::snowplow::facts::{self, WhyDropped};

pub(super) const RULE: Rule = Rule {
    id: "incremental-manifest-dropped",
    title: "An incremental manifest that every run drops",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "The incremental manifest holds how far each model has come, from run to run. As a table or a view, or \
          with full_refresh set, it is built anew by every run. Each run then starts from the start date.",
    wrong: Example::sql("-- models/snowplow_incremental_manifest.sql\n{{ config(materialized='table') }}"),
    right: Example::sql(
        "-- models/snowplow_incremental_manifest.sql\n\
         {{ config(materialized='incremental', full_refresh=snowplow_utils.allow_refresh()) }}",
    ),
    check: Check::Plain(check),
};

/// Why every run drops a table in which a package keeps what it knows, if it does.
pub(super) fn reason(subject: &Subject, node: &Node) -> Option<WhyDropped> {
    match facts::why_dropped(node)? {
        WhyDropped::FullRefresh if subject.may_owe_refresh_to_its_call(node) => None,
        dropped => Some(dropped),
    }
}

fn check(subject: &Subject) -> Vec<Found> {
    let manifests =
        subject.packages.iter().filter_map(|package| subject.node(&package.package.incremental_manifest));
    let found = manifests.filter_map(|node| {
        Some(match reason(subject, node)? {
            WhyDropped::FullRefresh => refreshed(
                subject,
                node,
                "it",
                "Set full_refresh=snowplow_utils.allow_refresh() in its config",
            ),
            WhyDropped::NotIncremental => not_incremental(node, "it"),
        })
    });
    found.collect()
}

/// A table that every run drops because of its `full_refresh`, and what is lost with it.
pub(super) fn refreshed(subject: &Subject, node: &Node, lost: &str, advice: &str) -> Found {
    let message = format!("{} is set to full_refresh: every run drops {lost}", node.name);
    full_refresh_set(subject, node, message, advice)
}

/// A finding about `full_refresh`, in the file that sets it.
pub(super) fn full_refresh_set(subject: &Subject, node: &Node, message: String, advice: &str) -> Found {
    match subject.setting_in_project(node, "full_refresh") {
        Some(set) => {
            let advice = format!("Remove {} from dbt_project.yml", set.keys.join(": "));
            Found::in_project(&set.keys, message, advice).about(node)
        }
        None => Found::in_model(node, "full_refresh", message, advice.to_owned()),
    }
}

/// A table that every run drops because it is not incremental, and what is lost with it.
pub(super) fn not_incremental(node: &Node, lost: &str) -> Found {
    let message = format!("{} is materialized as {}: every run drops {lost}", node.name, node.materialized());
    let advice = "Set materialized='incremental' in its config";
    Found::in_model(node, "materialized", message, advice.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_manifests_that_keep_no_rows() {
        let mut lab = Lab::new();
        lab.expect_none(&RULE);
        lab.change("shop_incremental_manifest").config("full_refresh", json!(true));
        // The macro says so if dbt parsed with the flag.
        lab.expect_none(&RULE);
        let message = "shop_incremental_manifest is set to full_refresh: every run drops it";
        lab.models("{shop: {+full_refresh: false}}");
        lab.expect_none(&RULE);
        lab.models("{shop: {+full_refresh: true}}");
        lab.expect_messages(&RULE, &[message]);
        let found = lab.check(&RULE).remove(0);
        assert_eq!(found.advice, "Remove models: shop: +full_refresh from dbt_project.yml");
        lab.models("{}");
        lab.parsed_here();
        lab.expect_messages(&RULE, &[message]);
        let mut lab = Lab::new();
        lab.change("shop_incremental_manifest").config("full_refresh", json!(true)).macros(&[]);
        lab.expect_messages(&RULE, &[message]);
        lab.change("shop_incremental_manifest").config("full_refresh", json!(null));
        lab.expect_none(&RULE);
        lab.change("shop_incremental_manifest")
            .macros(&["macro.snowplow_utils.allow_refresh"])
            .config("materialized", json!("table"));
        lab.expect_messages(
            &RULE,
            &["shop_incremental_manifest is materialized as table: every run drops it"],
        );
    }
}
