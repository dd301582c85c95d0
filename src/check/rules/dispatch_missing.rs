//! Models with snowplow_optimize in a project without the dispatch that it needs.

use crate::check::finding::{Found, first_of};
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts::{IncrementalStrategy, dispatches_to_utils};

pub(super) const RULE: Rule = Rule {
    id: "dispatch-missing",
    title: "Models with snowplow_optimize in a project without the dispatch that it needs",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "snowplow_utils has its own way to upsert. dbt uses it only if the root project's dispatch \
          searches snowplow_utils before dbt. Without that, every run compares the new rows with the \
          whole table, which costs more time and money as the table grows.",
    wrong: Example::yaml(
        "# dbt_project.yml of a project that has snowplow_unified among its packages\ndispatch: []",
    ),
    right: Example::yaml("dispatch:\n  - macro_namespace: dbt\n    search_order: [snowplow_utils, dbt]"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    if dispatches_to_utils(&subject.project) {
        return Vec::new();
    }
    let optimized = subject.tracked_incremental().filter(|(_, node)| {
        node.materialized() == "incremental"
            && subject.settings.is_optimized(node)
            && subject.strategy(node) == IncrementalStrategy::Upsert
    });
    let names: Vec<_> = optimized.map(|(_, node)| node.name.as_str()).collect();
    let verb = match names.len() {
        0 => return Vec::new(),
        1 => "is",
        _ => "are",
    };
    let message = format!(
        "{} {verb} set to snowplow_optimize, which has no effect: the project's dispatch does not search \
         snowplow_utils before dbt",
        first_of(&names, "model")
    );
    let advice = "Add {macro_namespace: dbt, search_order: [snowplow_utils, dbt]} to dispatch".to_owned();
    vec![Found::in_project(&["dispatch"], message, advice)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_projects_that_do_not_search_snowplow_utils() {
        let mut lab = Lab::new();
        lab.model("plain", &["shop_incremental"], "incremental", &[]);
        lab.model("table", &["shop_incremental"], "table", &[]).config("snowplow_optimize", json!(true));
        lab.model("untracked", &[], "incremental", &[]).config("snowplow_optimize", json!(true));
        lab.expect_none(&RULE);
        lab.model_of("shop", "carts", &["shop_incremental"], "incremental", &[])
            .config("snowplow_optimize", json!(true));
        for wrong in [
            "[]",
            "null",
            "[{macro_namespace: dbt_utils, search_order: [snowplow_utils, dbt]}]",
            "[{macro_namespace: dbt, search_order: [dbt, snowplow_utils]}]",
            "[{macro_namespace: dbt}]",
        ] {
            lab.dispatch(wrong);
            lab.expect_messages(
                &RULE,
                &["carts is set to snowplow_optimize, which has no effect: the project's dispatch does not \
                   search snowplow_utils before dbt"],
            );
        }
        lab.dispatch("[{macro_namespace: dbt, search_order: [store, snowplow_utils, dbt]}]");
        lab.expect_none(&RULE);
    }

    #[test]
    fn names_a_few_models() {
        let mut lab = Lab::new();
        for name in ["a", "b", "c", "d", "e"] {
            lab.model(name, &["shop_incremental"], "incremental", &[])
                .config("snowplow_optimize", json!(true));
        }
        let message = lab.check(&RULE).remove(0).message;
        assert!(message.starts_with("a, b, c and 2 other models are set"), "{message}");
    }
}
