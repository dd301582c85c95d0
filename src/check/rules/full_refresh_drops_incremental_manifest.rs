//! An incremental manifest that `--full-refresh` drops in prod.

use super::incremental_manifest_dropped;
use crate::check::finding::Found;
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Node;
use crate::snowplow::values;

pub(super) const RULE: Rule = Rule {
    id: "full-refresh-drops-incremental-manifest",
    title: "An incremental manifest that `--full-refresh` drops in prod",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "If --full-refresh drops the incremental manifest, the package forgets how far all its models \
          have come, including those that were not selected. They all start from the beginning.",
    wrong: Example::yaml(
        "vars:\n  snowplow_unified:\n    snowplow__allow_refresh: true\n    snowplow__dev_target_name: prod  \
         # or this, where prod is the prod target",
    ),
    right: Example::yaml(
        "vars:\n  snowplow_unified:\n    snowplow__allow_refresh: false\n    snowplow__dev_target_name: dev",
    ),
    check: Check::Plain(check),
};

const ALLOW: &str = "snowplow__allow_refresh";
const DEV_TARGET: &str = "snowplow__dev_target_name";

fn check(subject: &Subject) -> Vec<Found> {
    subject.packages.iter().filter_map(|package| found(subject, package)).collect()
}

fn found(subject: &Subject, package: &CheckedPackage) -> Option<Found> {
    let node = subject.node(&package.package.incremental_manifest)?;
    // Another rule finds those that every run drops.
    if incremental_manifest_dropped::reason(subject, node).is_some() {
        return None;
    }
    // dbt noted what the macro returned for the current target. What it returns in prod depends on the vars.
    if subject.calls(node, "allow_refresh") {
        return allowed(subject, package, node);
    }
    if node.config.get("full_refresh") == Some(&false.into()) {
        return None;
    }
    let message = format!("{} is not protected from --full-refresh", node.name);
    let advice = "Set full_refresh=snowplow_utils.allow_refresh() in its config".to_owned();
    Some(Found::in_model(node, "config(", message, advice))
}

/// Finds vars with which `--full-refresh` drops an incremental manifest that asks them.
fn allowed(subject: &Subject, package: &CheckedPackage, node: &Node) -> Option<Found> {
    let vars = subject.scope(package);
    let key = |name: &'static str| subject.keys_of_var(package, name).unwrap_or_else(|| vec!["vars"]);
    if vars.get(ALLOW).is_some_and(|value| values::is_true(value) && !values::holds_jinja(value)) {
        return Some(Found::in_project(
            &key(ALLOW),
            format!("{ALLOW} is true: --full-refresh drops {} on every target", node.name),
            format!("Remove it, and pass it only to the run that needs it: --vars '{{{ALLOW}: true}}'"),
        ));
    }
    if vars.text(DEV_TARGET).as_deref() == Some(&subject.prod_target) {
        return Some(Found::in_project(
            &key(DEV_TARGET),
            format!(
                "{DEV_TARGET} is {}, the prod target, where --full-refresh drops {}",
                subject.prod_target, node.name
            ),
            "Set it to the name of your development target".to_owned(),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;
    use crate::check::finding::Place;

    #[test]
    fn finds_every_way_to_lose_it() {
        let mut lab = Lab::new();
        lab.vars("shop: {snowplow__allow_refresh: false, snowplow__dev_target_name: dev}");
        lab.expect_none(&RULE);
        for (vars, message) in [
            (
                "shop: {snowplow__allow_refresh: true}",
                "snowplow__allow_refresh is true: --full-refresh drops shop_incremental_manifest on every \
                 target",
            ),
            (
                "snowplow__dev_target_name: prod",
                "snowplow__dev_target_name is prod, the prod target, where --full-refresh drops \
                 shop_incremental_manifest",
            ),
        ] {
            lab.vars(vars);
            lab.expect_messages(&RULE, &[message]);
        }
        // dbt reads these words as YAML 1.1 does.
        for (value, expected) in [("no", 0), ("off", 0), ("No", 0), ("yes", 1), ("on", 1), ("'false'", 1)] {
            lab.vars(&format!("shop: {{snowplow__allow_refresh: {value}}}"));
            assert_eq!(lab.check(&RULE).len(), expected, "{value}");
        }
        // The value for the package takes precedence, so the finding points to it.
        lab.vars("{snowplow__allow_refresh: false, shop: {snowplow__allow_refresh: true}}");
        let found = lab.check(&RULE).remove(0);
        let Place::Project { keys } = found.place else { panic!("{:?}", found.place) };
        assert_eq!(keys, ["vars", "shop", "snowplow__allow_refresh"]);
        lab.vars("snowplow__dev_target_name: prod");
        // On another target the macro returned another value.
        lab.change("shop_incremental_manifest").config("full_refresh", json!(false));
        assert_eq!(lab.check(&RULE).len(), 1);
        lab.vars("{}");
        lab.expect_none(&RULE);
        lab.change("shop_incremental_manifest").macros(&[]).config("full_refresh", json!(null));
        lab.expect_messages(&RULE, &["shop_incremental_manifest is not protected from --full-refresh"]);
        lab.change("shop_incremental_manifest").config("full_refresh", json!(false));
        lab.expect_none(&RULE);
        lab.change("shop_incremental_manifest").config("full_refresh", json!(true));
        lab.expect_none(&RULE);
    }
}
