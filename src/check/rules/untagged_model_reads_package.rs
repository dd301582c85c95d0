//! An untracked model that reads a package's tables of one run.

use std::collections::HashMap;

use crate::check::finding::Found;
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::{Node, walk};

pub(super) const RULE: Rule = Rule {
    id: "untagged-model-reads-package",
    title: "An untracked model that reads a package's tables of one run",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "The tables of a run hold one window of events. Their package does not wait for a model that \
          reads them without its tag. Such a model misses every window in which it is not built, and some \
          versions of the packages refuse to compile it.",
    wrong: Example::sql(
        "-- models/page_engagement.sql\n\
         {{ config(materialized='incremental', unique_key='page_view_id') }}\n\n\
         select * from {{ ref('snowplow_unified_base_events_this_run') }}",
    ),
    right: Example::sql(
        "-- models/page_engagement.sql\n\
         {{ config(materialized='incremental', unique_key='page_view_id', \
         tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('snowplow_unified_base_events_this_run') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    subject.packages.iter().flat_map(|package| of_package(subject, package)).collect()
}

fn of_package(subject: &Subject, package: &CheckedPackage) -> Vec<Found> {
    let tables = tables_of_a_run(subject, package);
    let is_free_to = |node: &Node| {
        let id = &node.unique_id;
        node.is_ephemeral()
            || package.tracked.contains(id)
            || package.is_base_model(id)
            || !subject.is_own(node)
    };
    let models = subject.manifest.models().filter(|node| !is_free_to(node));
    models
        .filter_map(|node| {
            let table = table_read_by(subject, node, &tables)?;
            Some(found(subject, package, node, table))
        })
        .collect()
}

/// The name of one of these tables that a model reads, itself or through ephemeral models.
fn table_read_by<'s>(subject: &Subject, node: &Node, tables: &HashMap<&str, &'s str>) -> Option<&'s str> {
    let next = |id| {
        let ephemeral = subject.node(id).filter(|node| node.is_ephemeral());
        ephemeral.into_iter().flat_map(|node| &node.parents).map(String::as_str)
    };
    walk(node.parents.iter().map(String::as_str), next).find_map(|(id, _)| tables.get(id).copied())
}

fn found(subject: &Subject, package: &CheckedPackage, node: &Node, table: &str) -> Found {
    let tag = package.package.tag();
    let tracker = subject.packages.iter().find(|other| other.tracked.contains(&node.unique_id));
    Found::in_model(
        node,
        table,
        format!(
            "{} reads {table}, which holds the events of one run of {}, but has no tag {tag}",
            node.name,
            package.name()
        ),
        match tracker {
            None => format!("Give it the tag {tag}, or read a derived table instead"),
            Some(other) => format!(
                "It is tracked by {}, which has other windows: read a derived table of {} instead",
                other.name(),
                package.name()
            ),
        },
    )
}

/// The tables that each run of the package drops and builds again: the name by `unique_id`.
fn tables_of_a_run<'s>(subject: &'s Subject, package: &CheckedPackage) -> HashMap<&'s str, &'s str> {
    let is_of_package = |node: &Node| {
        package.tracked.contains(&node.unique_id)
            || package.base.contains(&node.unique_id)
            || node.package_name == package.package.dbt_package && !subject.is_own(node)
    };
    let is_table = |node: &&Node| {
        node.unique_id == package.package.base_events
            || node.name.ends_with("_this_run") && is_of_package(node)
    };
    let tables = subject.manifest.models().filter(is_table).filter(|node| !node.is_ephemeral());
    tables.map(|node| (node.unique_id.as_str(), node.name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_without_the_tag_of_what_they_read() {
        let mut lab = Lab::new();
        lab.model("carts_this_run", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.model("good", &["shop_incremental"], "incremental", &["carts_this_run"]);
        lab.model("derived", &[], "table", &["good"]);
        lab.model("helper", &[], "ephemeral", &["shop_base_events_this_run"]);
        lab.model("a_helper_of_it", &[], "ephemeral", &["helper"]);
        lab.model_of("attribution", "paths", &[], "table", &["shop_base_events_this_run"]);
        lab.model("through_helpers", &["shop_incremental"], "table", &["a_helper_of_it"]);
        lab.expect_none(&RULE);

        lab.model("untagged", &["daily"], "view", &["shop_base_events_this_run"]);
        lab.model("scratch", &[], "table", &["carts_this_run"]);
        lab.model("hidden", &[], "table", &["a_helper_of_it"]);
        lab.package("site");
        lab.model("foreign", &["site_incremental"], "table", &["carts_this_run"]);
        lab.expect(&RULE, &["foreign", "hidden", "scratch", "untagged"]);
        let found = lab.check(&RULE);
        assert_eq!(
            found[3].message,
            "untagged reads shop_base_events_this_run, which holds the events of one run of shop, but has no \
             tag shop_incremental"
        );
        assert!(found[0].advice.starts_with("It is tracked by site"), "{}", found[0].advice);
    }
}
