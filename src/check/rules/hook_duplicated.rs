//! An on-run-end hook that is called twice.

use crate::check::finding::{Found, list};
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "hook-duplicated",
    title: "An on-run-end hook that is called twice",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "An installed package has its own on-run-end hook. A second one in dbt_project.yml writes the \
          incremental manifest twice in every run, and gives the run one more way to fail after its \
          models were built. Two hooks with the same package_name but different incremental manifests \
          write the rows of each other's models.",
    wrong: Example::yaml(
        "# dbt_project.yml of a project that has snowplow_unified among its packages\non-run-end:\n  \
         - \"{{ snowplow_utils.snowplow_incremental_post_hook('snowplow_unified') }}\"",
    ),
    right: Example::yaml("# nothing: the package calls its hook itself\non-run-end: []"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let mut found = called_again(subject);
    found.extend(named_again(subject));
    found
}

/// Finds hooks with the same package name but different incremental manifests: they find the same models by
/// that name.
fn named_again(subject: &Subject) -> Option<Found> {
    let manifest = |package: &CheckedPackage| {
        let node = subject.node(&package.package.incremental_manifest);
        node.map_or_else(|| package.package.incremental_manifest.clone(), |node| node.name.clone())
    };
    let same = |package: &&CheckedPackage| {
        subject.packages.iter().filter(|other| other.name() == package.name()).count() > 1
    };
    let several: Vec<_> = subject.packages.iter().filter(same).collect();
    let first = several.first()?;
    let manifests: Vec<_> = several.iter().filter(|other| other.name() == first.name()).collect();
    let manifests: Vec<_> = manifests.into_iter().map(|package| manifest(package)).collect();
    Some(Found::in_project(
        &["on-run-end"],
        format!(
            "{} on-run-end hooks have the package_name {}: each writes all models with the tag {} to its own \
             incremental manifest ({})",
            manifests.len(),
            first.name(),
            first.package.tag(),
            list(manifests.iter().map(String::as_str))
        ),
        "Give each hook its own package_name, and give the models the matching tags".to_owned(),
    ))
}

fn called_again(subject: &Subject) -> Vec<Found> {
    let several = subject.packages.iter().filter(|package| package.hooks.len() > 1);
    several
        .map(|package| {
            Found::in_project(
                &["on-run-end"],
                format!(
                    "The on-run-end hook of {} is called {} times: {}",
                    package.name(),
                    package.hooks.len(),
                    list(package.hooks.iter().map(|hook| hook.id.as_str()))
                ),
                "Call it once: in the package if that is installed, or in dbt_project.yml if the base models \
                 are yours".to_owned(),
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
            &["The on-run-end hook of shop is called 2 times: operation.shop.shop-on-run-end-0, \
               operation.store.store-on-run-end-0"],
        );
    }

    #[test]
    fn finds_two_pipelines_of_one_name() {
        let mut lab = Lab::new();
        lab.package("site");
        lab.hook_code("site", "{{ snowplow_utils.snowplow_incremental_post_hook('shop') }}");
        lab.expect_messages(
            &RULE,
            &["2 on-run-end hooks have the package_name shop: each writes all models with the tag \
               shop_incremental to its own incremental manifest (shop_incremental_manifest, \
               site_incremental_manifest)"],
        );
        lab.expect_none(&super::super::hook_missing::RULE);
        lab.model("carts", &["shop_incremental"], "incremental", &[]).alias("other");
        lab.expect_none(&super::super::tags_of_two_packages::RULE);
        lab.expect(&super::super::alias_differs_from_name::RULE, &["carts"]);
    }
}
