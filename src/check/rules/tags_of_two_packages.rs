//! A model that two packages track.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tags-of-two-packages",
    title: "A model that two packages track",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "A model with the tags of two packages gets a row in both incremental manifests, each with the \
          time of its own package's events. Whichever package's window it was built for, the other row \
          claims events that the model has not seen.",
    wrong: Example::sql(
        "{{ config(tags=['snowplow_unified_incremental', 'snowplow_ecommerce_incremental']) }}",
    ),
    right: Example::sql("{{ config(tags=['snowplow_unified_incremental']) }}"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let models = subject.manifest.models();
    models
        .filter_map(|node| {
            let trackers =
                subject.packages.iter().filter(|package| package.tracked.contains(&node.unique_id));
            let mut tags: Vec<_> = trackers.map(|package| package.package.tag()).collect();
            tags.dedup();
            (tags.len() > 1).then(|| {
                Found::in_model(
                    node,
                    "tags",
                    format!("{} has the tags of {} packages: {}", node.name, tags.len(), tags.join(", ")),
                    "Keep the tag of the package whose events it reads, and read derived tables of the other \
                     package"
                        .to_owned(),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_that_two_packages_track() {
        let mut lab = Lab::new();
        lab.model("both", &["shop_incremental", "site_incremental"], "table", &[]);
        lab.model("one", &["shop_incremental", "daily"], "table", &[]);
        lab.expect_none(&RULE);
        lab.package("site");
        lab.expect(&RULE, &["both"]);
    }
}
