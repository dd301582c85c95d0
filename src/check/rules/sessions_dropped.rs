//! A table of sessions that every run drops.

use super::incremental_manifest_dropped::{not_incremental, reason, refreshed};
use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Lineage;
use crate::snowplow::facts::{self, WhyDropped};

pub(super) const RULE: Rule = Rule {
    id: "sessions-dropped",
    title: "A table of sessions that every run drops",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "A package keeps from run to run when each session began, and which ones are too long. Where every run \
          drops that table, a session that began in an earlier window is cut short, or its later events are left \
          out.",
    wrong: Example::yaml(
        "# dbt_project.yml\nmodels:\n  snowplow_unified:\n    base:\n      manifest:\n        +full_refresh: true",
    ),
    right: Example::yaml(
        "# dbt_project.yml\nmodels:\n  snowplow_unified:\n    base:\n      manifest:\n        +schema: snowplow_manifest",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let lineage = Lineage::of(&subject.manifest);
    let dropped = subject
        .packages
        .iter()
        .flat_map(|package| facts::dropped_sessions(&package.package, &subject.manifest, &lineage));
    let mut dropped: Vec<_> = dropped.collect();
    dropped.sort_by_key(|(node, _)| &node.unique_id);
    dropped.dedup_by_key(|(node, _)| &node.unique_id);
    let found = dropped.into_iter().filter_map(|(node, _)| {
        Some(match reason(subject, node)? {
            WhyDropped::FullRefresh => {
                refreshed(subject, node, "what it knows of sessions", "Remove full_refresh from its config")
            }
            WhyDropped::NotIncremental => not_incremental(node, "its sessions"),
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tables_of_sessions_that_keep_no_rows() {
        let mut lab = Lab::new();
        let name = "shop_base_sessions_lifecycle_manifest";
        lab.model_of("shop", name, &[], "incremental", &["shop_base_new_event_limits"]);
        lab.model_of("shop", "shop_base_events_this_run", &[], "table", &[name]);
        lab.expect_none(&RULE);
        lab.change(name).config("full_refresh", json!(true));
        lab.expect_messages(
            &RULE,
            &[&format!("{name} is set to full_refresh: every run drops what it knows of sessions")],
        );
        lab.change(name).macros(&["macro.snowplow_utils.allow_refresh"]);
        lab.expect_none(&RULE);
        lab.change(name).config("materialized", json!("table"));
        lab.expect_messages(
            &RULE,
            &[&format!("{name} is materialized as table: every run drops its sessions")],
        );
    }

    #[test]
    fn tables_of_one_window_are_no_sessions() {
        let mut lab = Lab::new();
        lab.model_of("shop", "shop_base_sessions_this_run", &[], "table", &["shop_base_new_event_limits"]);
        lab.model_of("shop", "shop_base_events_this_run", &[], "table", &["shop_base_sessions_this_run"]);
        lab.model("users", &[], "incremental", &["shop_base_events_this_run"])
            .config("full_refresh", json!(true));
        lab.expect_none(&RULE);
    }
}
