//! An on-run-end hook whose package is not known.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "hook-not-understood",
    title: "An on-run-end hook whose package is not known",
    severity: Severity::Warn,
    in_runs: InRuns::Refused,
    why: "The tag of tracked models comes from the package_name that the on-run-end hook gets. If it is not \
          plain text, or if the hook's tables do not exist, neither this check nor a backfill can tell which \
          models are tracked.",
    wrong: Example::yaml(
        "on-run-end:\n  - \"{{ snowplow_utils.snowplow_incremental_post_hook(package_name=var('my_package')) \
         }}\"",
    ),
    right: Example::yaml(
        "on-run-end:\n  - \"{{ snowplow_utils.snowplow_incremental_post_hook(package_name='snowplow') }}\"",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let found = subject.strange_hooks.iter().map(|(id, reason)| {
        Found::in_project(
            &["on-run-end"],
            format!("The on-run-end hook {id} cannot be understood: {reason}"),
            "Give its package_name as plain text, and let it refer to an enabled incremental manifest"
                .to_owned(),
        )
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_hooks_with_an_expression_for_their_package() {
        let mut lab = Lab::new();
        lab.expect_none(&RULE);
        lab.hook_code("shop", "{{ snowplow_utils.snowplow_incremental_post_hook(package_name=var('x')) }}");
        lab.expect_messages(
            &RULE,
            &["The on-run-end hook operation.shop.shop-on-run-end-0 cannot be understood: its package_name \
               is not a plain string, so the tag of its models is not known"],
        );
    }
}
