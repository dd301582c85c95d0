//! A package without tracked models.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "package-without-tracked-models",
    title: "A package without tracked models",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "If a package's hook finds no enabled model with its tag, every run ends with \"No enabled \
          models identified\", and the hooks of the packages after it are not called. Older versions \
          write the rows of all other models instead.",
    wrong: Example::yaml(
        "# snowplow_normalize is installed, but no model was generated with its tag\npackages:\n  - package: \
         snowplow/snowplow_normalize",
    ),
    right: Example::yaml(
        "models:\n  my_project:\n    normalized:\n      +tags: snowplow_normalize_incremental",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let empty = subject.packages.iter().filter(|package| {
        facts::first_built(package.tracked.iter().filter_map(|id| subject.node(id))).is_none()
    });
    empty
        .map(|package| {
            let tag = package.package.tag();
            Found::in_project(
                &["models"],
                format!(
                    "{} has an on-run-end hook, but no model that dbt builds has the tag {tag}",
                    package.name()
                ),
                format!("Give its models the tag {tag}, enable them, or remove the package"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_packages_that_track_nothing() {
        let mut lab = Lab::new();
        lab.model("inlined", &["shop_incremental"], "ephemeral", &[]);
        lab.expect_messages(
            &RULE,
            &["shop has an on-run-end hook, but no model that dbt builds has the tag shop_incremental"],
        );
        lab.model("view", &["shop_incremental"], "view", &[]);
        lab.expect_none(&RULE);
    }
}
