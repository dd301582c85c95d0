//! A tracked model that is ephemeral.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "ephemeral-tracked-model",
    title: "A tracked model that is ephemeral",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "An ephemeral model never appears among the results of a run, so it never gets a row in the \
          incremental manifest. Its package treats it as a new model forever and processes the same \
          window from its start date again and again. No other model of the package makes progress.",
    wrong: Example::sql(
        "-- models/scratch/page_engagement_this_run.sql\n\
         {{ config(materialized='ephemeral', tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql(
        "-- models/scratch/page_engagement_this_run.sql\n\
         {{ config(materialized='table', tags=['snowplow_unified_incremental']) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let ephemeral = subject.tracked_once().filter(|(_, node)| node.is_ephemeral());
    ephemeral
        .map(|(package, node)| {
            Found::in_model(
                node,
                "ephemeral",
                format!(
                    "{} is ephemeral and has the tag {}: it will never get a row in the incremental manifest \
                     of {}",
                    node.name,
                    package.package.tag(),
                    package.name()
                ),
                "Make it a table or a view, or remove the tag".to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_tracked_models_that_are_ephemeral() {
        let mut lab = Lab::new();
        lab.model("helper", &["other_incremental"], "ephemeral", &[]);
        lab.model("view", &["shop_incremental"], "view", &[]);
        lab.expect_none(&RULE);
        lab.model("never", &["shop_incremental"], "ephemeral", &[]);
        lab.expect(&RULE, &["never"]);
    }
}
