//! A hook that is called twice.

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::{Subject, list};

pub(super) const RULE: Rule = Rule {
    id: "hook-duplicated",
    title: "A hook that is called twice",
    severity: Severity::Warn,
    why: "An installed package brings its own on-run-end hook; one more in dbt_project.yml writes the incremental manifest a \
          second time in every run, and is one more way for a run to fail after its models were built.",
    wrong: Example::yaml(
        "# dbt_project.yml of a project that has snowplow_unified among its packages\non-run-end:\n  \
         - \"{{ snowplow_utils.snowplow_incremental_post_hook('snowplow_unified') }}\"",
    ),
    right: Example::yaml("# nothing: the package calls its hook itself\non-run-end: []"),
    number: None,
    check,
};

fn check(subject: &Subject) -> Vec<Found> {
    let several = subject.packages.iter().filter(|package| package.hooks.len() > 1);
    several
        .map(|package| {
            Found::in_project(
                &["on-run-end"],
                format!(
                    "The on-run-end hook of {} is called {} times: {}",
                    package.name(),
                    package.hooks.len(),
                    list(package.hooks.iter().map(String::as_str))
                ),
                "Call it once: leave it to the package where it is installed, to dbt_project.yml where the base models are yours".to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_hooks_that_are_called_twice() {
        let mut lab = Lab::new();
        lab.package("site");
        lab.expect_none(&RULE);
        lab.hook("store", "shop");
        lab.expect_messages(
            &RULE,
            &["The on-run-end hook of shop is called 2 times: operation.shop.shop-on-run-end-0, operation.store.store-on-run-end-0"],
        );
    }
}
