//! A tag that matches no package.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "tag-without-hook",
    title: "A tag that matches no package",
    severity: Severity::Warn,
    in_runs: InRuns::Warned,
    why: "A model is tracked if it has the tag <package>_incremental, where <package> is the name in the \
          package's on-run-end hook. With a misspelled tag it is not tracked, and misses every window in \
          which it is not built. A tag that begins with snowplow_, ends with _incremental and resembles \
          no package's tag is also reported, because its package may have been removed.",
    wrong: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unfied_incremental']) }}"),
    right: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    // If a hook is missing or not understood, the tag may be right.
    let may_be_right =
        !subject.strange_hooks.is_empty() || !facts::hookless_limits(&subject.manifest).is_empty();
    let tags: Vec<_> = subject.packages.iter().map(|package| package.package.tag()).collect();
    let own = subject.manifest.models().filter(|node| subject.is_own(node));
    own.filter_map(|node| {
        let (tag, meant) = facts::misses_its_hook(node, &tags, may_be_right)?;
        let message =
            format!("{} has the tag {tag}, but there is no on-run-end hook of such a package", node.name);
        let advice = match (meant, tags.as_slice()) {
            (Some(meant), _) => format!("Give it the tag {meant}, if that is what you meant"),
            (None, []) => "Install the package, or remove the tag".to_owned(),
            (None, tags) => {
                format!("Give it the tag of its package ({}), or remove the tag", tags.join(" or "))
            }
        };
        Some(Found::in_model(node, tag, message, advice))
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
                "Give it the tag snowplow_unified_incremental, if that is what you meant"
            );
        }
    }
}
