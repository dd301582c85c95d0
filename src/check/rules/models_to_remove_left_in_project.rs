//! models_to_remove left in the project.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "models-to-remove-left-in-project",
    title: "models_to_remove left in the project",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "models_to_remove deletes models from the incremental manifest at the start of a run. In \
          dbt_project.yml it does so in every run, and these models start from the beginning each time.",
    wrong: Example::yaml("vars:\n  models_to_remove: [page_engagement]"),
    right: Example::yaml(
        "# nothing in dbt_project.yml; to rebuild a model:\n#   snowplow-backfill run --select \
         +page_engagement --remove-from-manifest page_engagement",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let found = subject.assignments(facts::REMOVED).into_iter().filter_map(|assignment| {
        let trouble = facts::removed_models(assignment.value)?;
        Some(Found::in_project(&assignment.keys, trouble.message, trouble.advice))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_removals() {
        let mut lab = Lab::new();
        lab.vars("{models_to_remove: [], shop: {models_to_remove: ''}}");
        lab.expect_none(&RULE);
        lab.vars("models_to_remove: [a, b]");
        lab.expect_messages(&RULE, &["models_to_remove is set to [\"a\",\"b\"]"]);
    }
}
