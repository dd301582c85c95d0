//! Two versions of a model, tracked by one package.

use crate::check::finding::{Found, list};
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "tracked-versions-share-name",
    title: "Two versions of a model, tracked by one package",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "The incremental manifest identifies a model by its name, which all its versions share. If two \
          of them are tracked, each run duplicates their row. From then on, incremental models fail or \
          new models are never backfilled.",
    wrong: Example::yaml(
        "models:\n  - name: page_engagement\n    config: {tags: [snowplow_unified_incremental]}\n    \
         versions: [{v: 1}, {v: 2}]",
    ),
    right: Example::yaml(
        "models:\n  - name: page_engagement\n    versions:\n      - v: 1  # no tag: no longer built\n      - \
         v: 2\n        config: {tags: [snowplow_unified_incremental]}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let mut found = Vec::new();
    for package in &subject.packages {
        let tracked = package.tracked.iter().filter_map(|id| subject.node(id));
        for (name, nodes) in facts::namesakes(tracked.filter(|node| node.version.is_some())) {
            if !facts::are_versions(&nodes) {
                continue;
            }
            found.push(Found::in_model(
                nodes[0],
                "",
                format!(
                    "{} versions of {name} have the tag {} and share one row of the incremental manifest: {}",
                    nodes.len(),
                    package.package.tag(),
                    list(nodes.iter().map(|node| node.unique_id.as_str()))
                ),
                "Keep the tag on one version, and remove it from the others or disable them".to_owned(),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_versions_that_are_tracked_together() {
        let mut lab = Lab::new();
        lab.version("dim", 1, &[]);
        lab.version("dim", 2, &["shop_incremental"]);
        lab.expect_none(&RULE);
        lab.version("dim", 3, &["shop_incremental"]);
        lab.expect(&RULE, &["dim"]);
        assert!(lab.check(&RULE)[0].message.contains("2 versions of dim"));
    }
}
