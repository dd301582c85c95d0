//! A tracked model that a plain `dbt run` leaves out.

use crate::check::finding::{Found, list};
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::{Node, select_by_definition};

pub(super) const RULE: Rule = Rule {
    id: "tracked-model-not-in-default-selector",
    title: "A tracked model that a plain `dbt run` leaves out",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "A package waits for all its enabled tracked models. A plain dbt run never builds a model that \
          the project's default selector leaves out, so the package always stays in the state of a new \
          model, or out of sync. If the selector leaves out the package's base models, the window is \
          never calculated again.",
    wrong: Example::yaml(
        "selectors:\n  - name: nightly\n    default: true\n    definition: {method: package, value: \
         snowplow_unified}  # not your own models",
    ),
    right: Example::yaml(
        "selectors:\n  - name: nightly\n    default: true\n    definition:\n      union:\n        - {method: \
         package, value: snowplow_unified}\n        - {method: tag, value: snowplow_unified_incremental}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let Some(default) = &subject.manifest.default_selector else { return Vec::new() };
    // The report has a note on selectors that only dbt can evaluate.
    let Ok(selected) = select_by_definition(&subject.manifest, &default.definition) else {
        return Vec::new();
    };
    let is_left_out = |node: &&Node| !node.is_ephemeral() && !selected.contains(node.unique_id.as_str());
    let mut found = Vec::new();
    for package in &subject.packages {
        // If the selector leaves out the whole package, another run builds it.
        if !package.tracked.iter().any(|id| selected.contains(id.as_str())) {
            continue;
        }
        let models = subject.manifest.models().filter(is_left_out);
        let (base, others): (Vec<_>, Vec<_>) = models.partition(|node| is_needed(subject, package, node));
        let tracked = others.into_iter().filter(|node| package.tracked.contains(&node.unique_id));
        found.extend(tracked.map(|node| left_out(subject, &default.name, package, node)));
        if !base.is_empty() {
            found.push(without_base(subject, &default.name, package, &base));
        }
    }
    found
}

/// Whether a package needs a model to calculate its windows. The project's own models that its events are
/// built from can be built at other times.
fn is_needed(subject: &Subject, package: &CheckedPackage, node: &Node) -> bool {
    let id = &node.unique_id;
    package.package.base_events == *id
        || package.windowed.contains(id)
        || package.base.contains(id)
            && node.package_name == package.package.dbt_package
            && !subject.is_own(node)
}

fn left_out(subject: &Subject, selector: &str, package: &CheckedPackage, node: &Node) -> Found {
    let message = format!(
        "{} is tracked by {}, but the default selector {selector} leaves it out and selects other models of \
         that package",
        node.name,
        package.name(),
    );
    if subject.is_own(node) {
        let advice =
            format!("Add it to the selector {selector}, or remove its tag {}", package.package.tag());
        return Found::in_model(node, "", message, advice);
    }
    // The user cannot change an installed package.
    let advice =
        format!("Add it to the selector {selector}, or disable it in the models of {}", node.package_name);
    Found::in_selectors(subject, selector, message, advice).about(node)
}

fn without_base(subject: &Subject, selector: &str, package: &CheckedPackage, base: &[&Node]) -> Found {
    let message = format!(
        "The default selector {selector} selects tracked models of {}, but leaves out the models that \
         calculate its windows: {}",
        package.name(),
        list(base.iter().map(|node| node.name.as_str()))
    );
    let advice = if subject.is_own(base[0]) {
        format!("Add them to the selector {selector}")
    } else {
        format!("Add the method package with the value {} to the selector {selector}", base[0].package_name)
    };
    Found::in_selectors(subject, selector, message, advice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;
    use crate::check::finding::Place;

    #[test]
    fn finds_tracked_models_outside_of_the_default_selector() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.model_of("shop", "views", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.model("inlined", &["shop_incremental"], "ephemeral", &[]);
        lab.expect_none(&RULE);
        let tracked = json!({"method": "tag", "value": "shop_incremental"});
        let package = json!({"method": "package", "value": "shop"});
        for definition in [
            json!({"union": [tracked, package]}),
            json!({"method": "tag", "value": "shop_incremental", "parents": true}),
            json!({"method": "tag", "value": "another"}),
            json!({"method": "state", "value": "modified"}),
        ] {
            lab.default_selector(&definition);
            lab.expect_none(&RULE);
        }
        lab.default_selector(&package);
        lab.expect(&RULE, &["carts"]);
    }

    #[test]
    fn finds_windows_that_are_never_calculated() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &[]);
        lab.default_selector(&json!({"method": "tag", "value": "shop_incremental"}));
        lab.expect_messages(
            &RULE,
            &["The default selector usual selects tracked models of shop, but leaves out the models that \
               calculate its windows: shop_base_events_this_run, shop_base_new_event_limits, \
               shop_incremental_manifest"],
        );
        let found = lab.check(&RULE).remove(0);
        assert_eq!(found.advice, "Add the method package with the value shop to the selector usual");
        assert!(matches!(&found.place, Place::Model { path, .. } if path == "selectors.yml"));
    }

    #[test]
    fn tells_home_made_base_models_from_what_they_read() {
        let mut lab = Lab::without_packages();
        lab.model("store_incremental_manifest", &[], "incremental", &[]);
        lab.model("store_base_new_event_limits", &[], "table", &["store_incremental_manifest"])
            .macros(&["macro.snowplow_utils.get_run_limits"]);
        lab.model("cleaned_events", &[], "view", &[]);
        lab.model("sessions", &[], "table", &["store_base_new_event_limits", "cleaned_events"]);
        lab.model("store_base_events_this_run", &[], "table", &["sessions"]);
        lab.hook("store", "store");
        lab.model("carts", &["store_incremental"], "table", &["store_base_events_this_run"]);
        let path = |path: &str| json!({"method": "fqn", "value": path});
        lab.default_selector(&json!({"union": [path("carts"), path("store_base_*")]}));
        lab.expect_messages(
            &RULE,
            &["The default selector usual selects tracked models of store, but leaves out the models that \
               calculate its windows: sessions, store_incremental_manifest"],
        );
        assert_eq!(lab.check(&RULE)[0].advice, "Add them to the selector usual");
    }

    #[test]
    fn names_the_selector_where_the_model_cannot_be_changed() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.model_of("shop", "views", &["shop_incremental"], "table", &[]);
        lab.default_selector(&json!({"method": "fqn", "value": "carts", "parents": true}));
        lab.expect(&RULE, &["views"]);
        let found = lab.check(&RULE).remove(0);
        assert!(matches!(&found.place, Place::Model { path, .. } if path == "selectors.yml"), "{found:?}");
        assert_eq!(found.advice, "Add it to the selector usual, or disable it in the models of shop");
    }
}
