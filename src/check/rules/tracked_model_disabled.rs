//! A disabled model with a package's tag.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "tracked-model-disabled",
    title: "A disabled model with a package's tag",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "The row of a disabled model in the incremental manifest no longer moves. Once the model is \
          enabled again, its package is out of sync, and all other models wait until it has caught up.",
    wrong: Example::sql(
        "{{ config(enabled=false, materialized='incremental', tags=['snowplow_unified_incremental']) }}",
    ),
    right: Example::sql("{{ config(materialized='incremental', tags=['snowplow_unified_incremental']) }}"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let disabled = subject.manifest.disabled.iter().filter(|node| {
        // Packages have optional modules that are disabled by default, and a model can have another, enabled
        // definition.
        subject.is_own(node) && subject.node(&node.unique_id).is_none()
    });
    for node in disabled {
        let Some(package) = subject.packages.iter().find(|package| node.has_tag(&package.package.tag()))
        else {
            continue;
        };
        if found
            .iter()
            .any(|known| known.model.as_ref().is_some_and(|model| model.unique_id == node.unique_id))
        {
            continue;
        }
        found.push(Found::in_model(
            node,
            "enabled",
            format!("{} has the tag {} but is disabled", node.name, package.package.tag()),
            format!(
                "Remove the tag while the model is disabled. When you enable it again, remove its old row \
                 first: snowplow-backfill run --select +{0} --remove-from-manifest {0}",
                node.name
            ),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_own_models_that_are_disabled() {
        let mut lab = Lab::new();
        lab.model("elsewhere", &["shop_incremental"], "table", &[]);
        lab.disabled("store", "elsewhere", &["shop_incremental"]);
        lab.disabled("store", "untracked", &["daily"]);
        lab.disabled("shop", "optional_module", &["shop_incremental"]);
        lab.expect_none(&RULE);
        lab.disabled("store", "off", &["shop_incremental"]);
        lab.disabled("store", "off", &["shop_incremental"]);
        lab.expect(&RULE, &["off"]);
    }
}
