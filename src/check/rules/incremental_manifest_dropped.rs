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

/// Why every run drops an incremental manifest, if it does.
pub(super) fn reason(subject: &Subject, node: &Node) -> Option<WhyDropped> {
    match facts::dropped_manifest(node)? {
        // The macro returned whether dbt was parsing with --full-refresh.
        WhyDropped::FullRefresh if subject.calls(node, "allow_refresh") => None,
        dropped => Some(dropped),
    }
}

fn check(subject: &Subject) -> Vec<Found> {
    let manifests =
        subject.packages.iter().filter_map(|package| subject.node(&package.package.incremental_manifest));
    let found = manifests.filter_map(|node| {
        let (needle, message, advice) = match reason(subject, node)? {
            WhyDropped::FullRefresh => (
                "full_refresh",
                format!("{} is set to full_refresh: every run drops it", node.name),
                "Set full_refresh=snowplow_utils.allow_refresh() in its config",
            ),
            WhyDropped::NotIncremental => (
                "materialized",
                format!("{} is materialized as {}: every run drops it", node.name, node.materialized()),
                "Set materialized='incremental' in its config",
            ),
        };
        Some(Found::in_model(node, needle, message, advice.to_owned()))
    });
    found.collect()
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
        lab.change("shop_incremental_manifest").macros(&[]);
        lab.expect_messages(&RULE, &["shop_incremental_manifest is set to full_refresh: every run drops it"]);
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
