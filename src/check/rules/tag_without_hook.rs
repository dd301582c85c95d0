//! A tag that no package looks for.

use super::hook_missing;
use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tag-without-hook",
    title: "A tag that no package looks for",
    severity: Severity::Error,
    why: "A model is tracked by the tag <package>_incremental, where the package is named as its on-run-end hook names it; with a \
          tag of another spelling it is not, and misses every window in which it is not built.",
    wrong: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unfied_incremental']) }}"),
    right: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}"),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    // With a hook that is missing or strange the tag may well be the right one.
    if !subject.strange_hooks.is_empty() || hook_missing::unrecorded(subject).next().is_some() {
        return Vec::new();
    }
    let tags: Vec<_> = subject.packages.iter().map(|package| package.package.tag()).collect();
    let is_orphan =
        |tag: &&String| tag.starts_with("snowplow_") && tag.ends_with("_incremental") && !tags.contains(tag);
    let models = subject.graph.manifest.models().filter(|node| subject.is_own(node));
    models
        .filter_map(|node| {
            let tag = node.tags.iter().find(is_orphan)?;
            Some(Found::in_model(
                node,
                tag,
                format!("{} has the tag {tag}, but no on-run-end hook is of such a package", node.name),
                if tags.is_empty() {
                    "Install the package, or take the tag away".to_owned()
                } else {
                    format!("Give it the tag of its package: {}", tags.join(" or "))
                },
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tags_of_no_package() {
        let mut lab = Lab::new();
        lab.model("good", &["shop_incremental", "my_incremental", "snowplow_daily"], "table", &[]);
        lab.expect_none(&RULE);
        lab.model("typo", &["snowplow_shpo_incremental"], "table", &[]);
        lab.expect(&RULE, &["typo"]);
        lab.model("limits", &[], "table", &[]).macros(&["macro.snowplow_utils.get_run_limits"]);
        lab.expect_none(&RULE);
    }
}
