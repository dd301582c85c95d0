//! A tracked incremental model that does not look whether a run is news to it.

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-new-events-check",
    title: "A tracked incremental model that does not look whether a run is news to it",
    severity: Severity::Error,
    why: "While a package backfills another model, its windows lie in the past; an incremental model that does not ask \
          is_run_with_new_events processes them all again, and replaces finished rows by what was known at the end of each window.",
    wrong: Example::sql("select * from {{ ref('page_engagement_this_run') }}"),
    right: Example::sql(
        "select * from {{ ref('page_engagement_this_run') }}\n\
         where {{ snowplow_utils.is_run_with_new_events('snowplow_unified') }}",
    ),
    number: None,
    check,
};

const MACRO: &str = "is_run_with_new_events";

fn check(subject: &Subject) -> Vec<Found> {
    let without = subject.own_tracked_incremental().filter(|(_, node)| !subject.calls(node, MACRO));
    without
        .map(|(package, node)| {
            Found::in_model(
                node,
                "",
                format!(
                    "{} is incremental and tracked by {}, but never calls {MACRO}",
                    node.name,
                    package.name()
                ),
                format!("Filter its rows: where {{{{ snowplow_utils.{MACRO}('{}') }}}}", package.name()),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_models_that_never_ask() {
        let mut lab = Lab::new();
        lab.model("table", &["shop_incremental"], "table", &[]);
        lab.model("untracked", &[], "incremental", &[]);
        lab.model_of("shop", "brought_along", &["shop_incremental"], "incremental", &[]);
        lab.model("asks", &["shop_incremental"], "incremental", &[])
            .macros(&["macro.snowplow_utils.is_run_with_new_events"]);
        lab.macros("macro.store.only_new", &["macro.snowplow_utils.is_run_with_new_events"]);
        lab.macros("macro.store.loop", &["macro.store.loop"]);
        lab.model("asks_by_macro", &["shop_incremental"], "incremental", &[])
            .macros(&["macro.store.loop", "macro.store.only_new"]);
        lab.model("asks_later", &["shop_incremental"], "incremental", &[]).code(
            "{% if is_incremental() %} where {{ snowplow_utils.is_run_with_new_events('shop') }} {% endif %}",
        );
        lab.expect_none(&RULE);

        lab.model("only_says_so", &["shop_incremental"], "incremental", &[])
            .code("select 1 {# where {{ is_run_with_new_events('shop') }} #} {#");
        lab.model("never", &["shop_incremental"], "incremental", &[])
            .macros(&["macro.store.loop", "macro.dbt.x"]);
        lab.expect(&RULE, &["never", "only_says_so"]);
    }
}
