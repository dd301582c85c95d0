//! A tag that no package looks for.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tag-without-hook",
    title: "A tag that no package looks for",
    severity: Severity::Warn,
    why: "A model is tracked by the tag <package>_incremental, where the package is named as its on-run-end hook names it; with a \
          tag of another spelling it is not, and misses every window in which it is not built. A tag that begins with snowplow_ \
          and ends with _incremental is told of as well where it is like no package's, as its package may have been removed.",
    wrong: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unfied_incremental']) }}"),
    right: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}"),
    check: Check::Plain(check),
};

/// From here on a tag is another one mistyped, by the measure that suggestions go by.
const MISTYPED: f64 = 0.95;

fn check(subject: &Subject) -> Vec<Found> {
    // With a hook that is missing or strange, a tag may well be the right one.
    let may_be_right = !subject.strange_hooks.is_empty() || subject.limits_without_hook().next().is_some();
    let tags: Vec<_> = subject.packages.iter().map(|package| package.package.tag()).collect();
    let is_orphan = |tag: &String| {
        let is_of_a_package = tag.starts_with("snowplow_") && tag.ends_with("_incremental");
        is_of_a_package && !may_be_right || meant(tag, &tags).is_some()
    };
    // Other packages have tags of their own; and a model that is tracked can have more tags.
    let models = subject.manifest.models();
    let untracked =
        models.filter(|node| subject.is_own(node) && !node.tags.iter().any(|tag| tags.contains(tag)));
    untracked
        .filter_map(|node| {
            let tag = node.tags.iter().find(|tag| is_orphan(tag))?;
            let message =
                format!("{} has the tag {tag}, but no on-run-end hook is of such a package", node.name);
            let advice = match (meant(tag, &tags), tags.as_slice()) {
                (Some(meant), _) => format!("Give it the tag {meant}, if that is the one that was meant"),
                (None, []) => "Install the package, or take the tag away".to_owned(),
                (None, tags) => {
                    format!("Give it the tag of its package ({}), or take the tag away", tags.join(" or "))
                }
            };
            Some(Found::in_model(node, tag, message, advice))
        })
        .collect()
}

/// The tag of a package that is spelled so like this one that it was probably meant.
fn meant<'t>(tag: &str, tags: &'t [String]) -> Option<&'t String> {
    let plain = tag.to_lowercase().replace('-', "_");
    tags.iter().find(|known| strsim::jaro(&plain, known) >= MISTYPED)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tags_of_no_package() {
        let mut lab = Lab::new();
        lab.model_of("attribution", "paths", &["snowplow_attribution_incremental"], "table", &[]);
        lab.model("good", &["shop_incremental", "my_incremental", "snowplow_daily"], "table", &[]);
        lab.expect_none(&RULE);
        lab.model("orphan", &["snowplow_other_incremental"], "table", &[]);
        lab.expect(&RULE, &["orphan"]);
        lab.package("snowplow_unified");
        lab.model("typo", &["snowplow_unfied_incremental"], "table", &[]);
        lab.expect(&RULE, &["orphan", "typo"]);
        lab.model(
            "tracked",
            &["snowplow_unified_incremental", "snowplow_unified_incremental_v2"],
            "table",
            &[],
        );
        lab.model(
            "own",
            &["snowplow_unified", "unified_incremental", "snowplow_unified_hourly"],
            "table",
            &[],
        );
        lab.expect(&RULE, &["orphan", "typo"]);
        assert!(lab.check(&RULE)[1].advice.starts_with("Give it the tag snowplow_unified_incremental"));
        lab.model("limits", &[], "table", &[]).macros(&["macro.snowplow_utils.get_run_limits"]);
        lab.expect(&RULE, &["typo"]);
    }

    #[test]
    fn finds_every_way_to_mistype() {
        let mut lab = Lab::without_packages();
        lab.package("snowplow_unified");
        for tag in [
            "snowplow_unified_incremntal",
            "Snowplow_unified_incremental",
            "snowplow_unified-incremental",
            "snowplow_unfied_incremental",
            "snowplow_unified_incremental_",
        ] {
            lab.model("typo", &[tag], "table", &[]);
            let found = lab.check(&RULE).remove(0);
            assert_eq!(
                found.advice,
                "Give it the tag snowplow_unified_incremental, if that is the one that was meant"
            );
        }
    }
}
