//! A model between a package's window and its tracked models, or one of these, that dbt builds in batches.

use crate::check::finding::Found;
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Lineage;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "microbatch-ignores-window",
    title: "A microbatch model that does not follow the window",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "With the strategy microbatch, dbt divides the events by time and builds only the last batches up to \
          its own now. The events of an earlier window are never added, although the incremental manifest says \
          that they were processed.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', incremental_strategy='microbatch', \
         tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', incremental_strategy='merge', unique_key='page_view_id', \
         tags=['snowplow_unified_incremental']) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let lineage = Lineage::of(&subject.manifest);
    let mut nodes = Vec::new();
    for CheckedPackage { package, .. } in &subject.packages {
        let tracked: Vec<_> = package.tracked(&subject.manifest).collect();
        nodes.extend(facts::built_in_batches(
            package,
            &tracked,
            &subject.manifest,
            &subject.project,
            &lineage,
        ));
    }
    nodes.sort_by_key(|node| &node.unique_id);
    nodes.dedup_by_key(|node| &node.unique_id);
    let found = nodes.into_iter().map(|node| {
        Found::in_model(
            node,
            "microbatch",
            format!("{} is built in batches up to now, not in the window of the run", node.name),
            "Set incremental_strategy to merge or delete+insert, with a unique_key".to_owned(),
        )
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_that_are_built_in_batches() {
        let mut lab = Lab::new();
        let batches = |lab: &mut Lab, name: &str, tags: &[&str], materialized: &str, parents: &[&str]| {
            lab.model(name, tags, materialized, parents).config("incremental_strategy", json!("microbatch"));
        };
        batches(&mut lab, "daily", &["nightly"], "incremental", &["shop_base_events_this_run"]);
        batches(&mut lab, "table", &["shop_incremental"], "table", &[]);
        lab.expect_none(&RULE);
        batches(&mut lab, "tracked", &["shop_incremental"], "incremental", &[]);
        lab.model("below", &["shop_incremental"], "incremental", &["daily"]);
        lab.expect(&RULE, &["daily", "tracked"]);
    }
}
