//! models_to_run left in the project.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::values;

pub(super) const RULE: Rule = Rule {
    id: "models-to-run-left-in-project",
    title: "models_to_run left in the project",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "models_to_run names the models that count in a run. If it stays in dbt_project.yml, no other \
          model gets new rows in its package's incremental manifest, and the hook of every package \
          without a model in it fails.",
    wrong: Example::yaml("vars:\n  models_to_run: 'my_new_model snowplow_unified_views'"),
    right: Example::yaml(
        "# nothing in dbt_project.yml; for a backfill:\n#   snowplow-backfill run --select +my_new_model",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let left = subject
        .assignments("models_to_run")
        .into_iter()
        .filter(|assignment| !values::is_empty(assignment.value));
    left.map(|assignment| {
        Found::in_project(
            &assignment.keys,
            format!("models_to_run is set to {}", values::shown(assignment.value)),
            "Remove it: snowplow-backfill sets it for each backfill from the selection".to_owned(),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_selections() {
        let mut lab = Lab::new();
        lab.vars("{models_to_run: '', shop: {models_to_run: null}}");
        lab.expect_none(&RULE);
        lab.vars("{models_to_run: a b, shop: {models_to_run: [c]}}");
        lab.expect_messages(&RULE, &["models_to_run is set to 'a b'", "models_to_run is set to [\"c\"]"]);
    }
}
