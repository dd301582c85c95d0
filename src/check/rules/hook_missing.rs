//! The package's on-run-end hook is missing.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "hook-missing",
    title: "The package's on-run-end hook is missing",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "The on-run-end hook records how far the models have come. Without it the incremental manifest \
          stays empty, and every run processes the first window again.",
    wrong: Example::yaml("# dbt_project.yml of a project with base models of its own\non-run-end: []"),
    right: Example::yaml(
        "on-run-end:\n  - \"{{ \
         snowplow_utils.snowplow_incremental_post_hook(incremental_manifest_table_name='snowplow_incremental_manifest',\n      \
         base_events_this_run_table_name='snowplow_base_events_this_run') }}\"",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    facts::hookless_limits(&subject.manifest)
        .into_iter()
        .map(|limits| {
            let (family, node) = (limits.family, limits.node);
            Found::in_model(
                node,
                family.limits_macro(),
                format!(
                    "{} calculates the windows of a Snowplow package, but no on-run-end hook writes its \
                     incremental manifest",
                    node.name
                ),
                format!("Call snowplow_utils.{} in on-run-end of dbt_project.yml", family.hook_macro()),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_limits_without_a_hook() {
        let mut lab = Lab::new();
        lab.expect_none(&RULE);
        lab.model("snowplow_incremental_manifest", &[], "incremental", &[]);
        lab.model("snowplow_base_new_event_limits", &[], "table", &["snowplow_incremental_manifest"])
            .macros(&["macro.snowplow_utils.get_run_limits"]);
        lab.expect(&RULE, &["snowplow_base_new_event_limits"]);
    }

    #[test]
    fn reads_what_a_hook_names_where_dbt_does_not_tell() {
        let mut lab = Lab::new();
        let call = |table: &str| {
            format!(
                "{{{{ snowplow_utils.snowplow_incremental_post_hook(var('x'), '{table}', 'shop_events') }}}}"
            )
        };
        lab.hook_code("shop", &call("shop_incremental_manifest"));
        lab.change("shop-on-run-end-0").without_parents();
        lab.expect_none(&RULE);
        assert_eq!(lab.check(&super::super::hook_not_understood::RULE).len(), 1);
        lab.hook_code("shop", &call("another_manifest"));
        lab.expect(&RULE, &["shop_base_new_event_limits"]);
    }

    #[test]
    fn follows_macros_of_the_project() {
        let mut lab = Lab::new();
        lab.hook_code("shop", "{{ ends() }}");
        lab.change("shop-on-run-end-0").macros(&["macro.store.ends"]);
        lab.macros("macro.store.ends", &["macro.snowplow_utils.snowplow_incremental_post_hook"]);
        lab.expect_none(&RULE);
        assert_eq!(lab.check(&super::super::hook_not_understood::RULE).len(), 1);
        lab.macro_code("macro.store.ends", "{{ snowplow_utils.snowplow_incremental_post_hook('shop') }}");
        lab.expect_none(&RULE);
        lab.expect_none(&super::super::hook_not_understood::RULE);
        assert_eq!(lab.subject().packages[0].name(), "shop");
    }
}
