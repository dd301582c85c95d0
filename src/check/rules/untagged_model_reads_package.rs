//! A model that is built from a package's events of a run without being tracked by that package.

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::{CheckedPackage, Subject};
use crate::dbt::Node;

pub(super) const RULE: Rule = Rule {
    id: "untagged-model-reads-package",
    title: "A model that is built from a package's events of a run without being tracked by that package",
    severity: Severity::Error,
    why: "The tables of a run hold one window of events; a model that reads them without its package's tag is not waited for, \
          so it misses every window in which it is not built, and some versions of the packages refuse to compile it.",
    wrong: Example::sql(
        "-- models/page_engagement.sql\n\
         {{ config(materialized='incremental', unique_key='page_view_id') }}\n\n\
         select * from {{ ref('snowplow_unified_base_events_this_run') }}",
    ),
    right: Example::sql(
        "-- models/page_engagement.sql\n\
         {{ config(materialized='incremental', unique_key='page_view_id', tags=['snowplow_unified_incremental']) }}\n\n\
         select * from {{ ref('snowplow_unified_base_events_this_run') }}",
    ),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    let models = subject.graph.manifest.models().filter(|node| subject.is_own(node) && !node.is_ephemeral());
    models
        .flat_map(|node| subject.packages.iter().filter_map(move |package| found(subject, package, node)))
        .collect()
}

fn found(subject: &Subject, package: &CheckedPackage, node: &Node) -> Option<Found> {
    if package.tracked.contains(&node.unique_id) || package.is_base_model(&node.unique_id) {
        return None;
    }
    let read = subject.reads(node).into_iter().find(|parent| is_of_a_run(subject, package, parent))?;
    let tag = package.package.tag();
    Some(Found::in_model(
        node,
        &read.name,
        format!(
            "{} reads {}, which holds the events of one run of {}, but has no tag {tag}",
            node.name,
            read.name,
            package.name()
        ),
        match subject.packages.iter().find(|other| other.tracked.contains(&node.unique_id)) {
            None => format!("Give it the tag {tag}, or let it read a derived table"),
            Some(other) => format!(
                "It is tracked by {}, whose windows are others: let it read a derived table of {} instead",
                other.name(),
                package.name()
            ),
        },
    ))
}

/// Whether a table is dropped and built anew in each run of the package.
fn is_of_a_run(subject: &Subject, package: &CheckedPackage, node: &Node) -> bool {
    let id = &node.unique_id;
    let is_of_package = package.tracked.contains(id)
        || package.base.contains(id)
        || node.package_name == package.package.dbt_package && !subject.is_own(node);
    id == &package.package.base_events || node.name.ends_with("_this_run") && is_of_package
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
        lab.model("through_helper", &["shop_incremental"], "table", &["helper"]);
        lab.expect_none(&RULE);

        lab.model("untagged", &["daily"], "view", &["shop_base_events_this_run"]);
        lab.model("scratch", &[], "table", &["carts_this_run"]);
        lab.model("hidden", &[], "table", &["helper"]);
        lab.package("site");
        lab.model("foreign", &["site_incremental"], "table", &["carts_this_run"]);
        lab.expect(&RULE, &["foreign", "hidden", "scratch", "untagged"]);
        let found = lab.check(&RULE);
        assert_eq!(
            found[3].message,
            "untagged reads shop_base_events_this_run, which holds the events of one run of shop, but has no tag shop_incremental"
        );
        assert!(found[0].advice.starts_with("It is tracked by site"), "{}", found[0].advice);
    }
}
