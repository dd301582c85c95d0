//! A snapshot between a package's window and a tracked model.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Lineage;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "snapshot-before-tracked-model",
    title: "A tracked model that is built from a snapshot of its package's events",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "`dbt run` does not build snapshots. The model reads what the last `dbt snapshot` left there, and \
          its row in the incremental manifest moves all the same: the events of the windows in between are \
          never processed.",
    wrong: Example::sql(
        "-- models/visitors.sql\n\
         {{ config(tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('sessions_snapshot') }}",
    ),
    right: Example::sql(
        "-- models/visitors.sql\n\
         {{ config(tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('snowplow_unified_sessions_this_run') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    if subject.manifest.snapshots.is_empty() {
        return Vec::new();
    }
    let lineage = Lineage::of(&subject.manifest);
    let tracked = subject.tracked_once();
    tracked
        .filter_map(|(package, node)| {
            let snapshot = facts::snapshot_before(&package.package, node, &lineage)?.rsplit('.').next()?;
            Some(Found::in_model(
                node,
                snapshot,
                format!(
                    "{} has the tag {} and is built from the snapshot {snapshot}, which dbt run does not build",
                    node.name,
                    package.package.tag()
                ),
                "Let it read what the snapshot reads, or remove the tag".to_owned(),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tracked_models_below_a_snapshot_of_their_events() {
        let mut lab = Lab::new();
        lab.model("customers", &[], "table", &[]);
        lab.snapshot("customers_snapshot", "customers");
        lab.model("with_customers", &["shop_incremental"], "table", &["customers_snapshot"]);
        lab.model("carts_this_run", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.snapshot("carts_snapshot", "carts_this_run");
        lab.model("untracked", &[], "view", &["carts_snapshot"]);
        lab.expect_none(&RULE);

        lab.model("history", &["shop_incremental"], "incremental", &["carts_snapshot"]);
        lab.model("below", &["shop_incremental"], "table", &["untracked"]);
        lab.expect(&RULE, &["below", "history"]);
    }
}
