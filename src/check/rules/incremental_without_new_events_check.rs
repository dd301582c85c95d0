//! A tracked incremental model that does not check for new events.

use camino::Utf8Path;

use crate::check::finding::Found;
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::{NEW_EVENTS_MACRO, Subject};
use crate::dbt::Node;

pub(super) const RULE: Rule = Rule {
    id: "incremental-without-new-events-check",
    title: "A tracked incremental model that does not check for new events",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "While a package backfills another model, its windows lie in the past. An incremental model \
          that does not call is_run_with_new_events processes these windows again, and replaces finished \
          rows with what was known at the end of each window.",
    wrong: Example::sql("select * from {{ ref('page_engagement_this_run') }}"),
    right: Example::sql(
        "select * from {{ ref('page_engagement_this_run') }}\n\
         where {{ snowplow_utils.is_run_with_new_events('snowplow_unified') }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let without =
        subject.own_tracked_incremental().filter(|(_, node)| !subject.calls(node, NEW_EVENTS_MACRO));
    without
        .map(|(package, node)| {
            let never_calls =
                if is_python(node) { "is written in Python, which cannot call" } else { "never calls" };
            Found::in_model(
                node,
                "",
                format!(
                    "{} is incremental and tracked by {}, but {never_calls} {NEW_EVENTS_MACRO}",
                    node.name,
                    package.name()
                ),
                advice(subject, package, node),
            )
        })
        .collect()
}

fn advice(subject: &Subject, package: &CheckedPackage, node: &Node) -> String {
    let call = subject.new_events_call(package);
    if is_python(node) {
        return format!(
            "Make it a table, and add its rows to an incremental model in SQL: select * from \
             {{{{ ref('{}') }}}} where {{{{ {call} }}}}",
            node.name
        );
    }
    format!("Filter its rows: where {{{{ {call} }}}}")
}

fn is_python(node: &Node) -> bool {
    Utf8Path::new(&node.path).extension() == Some("py")
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

    #[test]
    fn finds_models_that_only_ask_in_a_comment() {
        let mut lab = Lab::new();
        let asks = ["macro.snowplow_utils.is_run_with_new_events"];
        let call = "where {{ snowplow_utils.is_run_with_new_events('shop') }}";
        lab.macros("macro.store.only_new", &asks);
        for (name, code) in [
            ("a_commented_out", format!("select 1 -- {call}")),
            ("b_block", format!("select 1 /*\n{call} */")),
            ("c_plain", "-- TODO: add is_run_with_new_events\nselect 1".to_owned()),
        ] {
            lab.model(name, &["shop_incremental"], "incremental", &[]).code(&code).macros(&asks);
        }
        lab.model("d_macro", &["shop_incremental"], "incremental", &[])
            .code("select 1 -- where {{ only_new() }}")
            .macros(&["macro.store.only_new"]);
        // dbt 2 also lists the macros that other ones call.
        lab.model("e_transitive", &["shop_incremental"], "incremental", &[])
            .code("select 1 -- where {{ only_new() }}")
            .macros(&["macro.store.only_new", asks[0]]);
        lab.model("good", &["shop_incremental"], "incremental", &[])
            .code(&format!("-- is_run_with_new_events\nselect '--' {call}"))
            .macros(&asks);
        lab.model("good_transitive", &["shop_incremental"], "incremental", &[])
            .code("select 1 where {{ only_new() }}")
            .macros(&[asks[0], "macro.store.only_new"]);
        lab.expect(&RULE, &["a_commented_out", "b_block", "c_plain", "d_macro", "e_transitive"]);
    }

    #[test]
    fn says_how_to_ask() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "incremental", &[]);
        let advice = |lab: &Lab| lab.check(&RULE).remove(0).advice;
        let sql = "{{ snowplow_utils.is_run_with_new_events('shop') }}";
        assert_eq!(advice(&lab), format!("Filter its rows: where {sql}"));
        lab.change("carts").path("models/carts.py");
        assert!(advice(&lab).ends_with(&format!("select * from {{{{ ref('carts') }}}} where {sql}")));
        let message = &lab.check(&RULE)[0].message;
        assert!(message.contains("is written in Python, which cannot call"), "{message}");

        // The tables of a package in the project can have any name.
        let mut lab = Lab::without_packages();
        lab.package("site");
        lab.hook_code("site", "{{ snowplow_utils.snowplow_incremental_post_hook('mine') }}");
        lab.model("visits", &["mine_incremental"], "incremental", &[]);
        assert_eq!(
            advice(&lab),
            "Filter its rows: where {{ snowplow_utils.is_run_with_new_events('mine', \
             new_event_limits_table='site_base_new_event_limits', \
             incremental_manifest_table='site_incremental_manifest') }}"
        );
    }
}
