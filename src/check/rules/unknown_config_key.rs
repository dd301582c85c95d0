//! A key in a model's configuration that dbt 2 does not know.

use std::collections::BTreeMap;

use crate::check::finding::{Found, first_of};
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::{Node, is_config_key};
use crate::snowplow::model_settings::{SETTINGS, SettingsPlace};

pub(super) const RULE: Rule = Rule {
    id: "unknown-config-key",
    title: "A key in a model's configuration that dbt 2 does not know",
    severity: Severity::Hint,
    in_runs: InRuns::Ignored,
    why: "dbt 2 refuses a project whose models have keys in their configuration that it does not know. Keys of \
          packages and of your own belong into meta. snowplow_utils 1.0.0 and newer look there for their own \
          keys. dbt 1 takes any key.",
    wrong: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', snowplow_optimize=true, \
         upsert_date_key='start_tstamp') }}",
    ),
    right: Example::sql(
        "{{ config(materialized='incremental', unique_key='page_view_id', meta={'snowplow_optimize': true, \
         'upsert_date_key': 'start_tstamp'}) }}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    in_project(subject).chain(in_models(subject)).collect()
}

/// The keys that dbt_project.yml sets. To dbt 1, only folders are mappings without a `+`.
fn in_project(subject: &Subject) -> impl Iterator<Item = Found> {
    let unknown = subject.project.model_keys().into_iter().filter(|key| !is_config_key(key.name));
    unknown.map(|key| {
        let message = format!("dbt 2 does not know the key {} and refuses the project", key.name);
        Found::in_project(&key.keys, message, advice(subject, key.name))
    })
}

/// The keys that the root project's models set, each once.
fn in_models(subject: &Subject) -> impl Iterator<Item = Found> {
    let mut by_key: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in subject.manifest.models().filter(|node| node.package_name == subject.root()) {
        let is_own =
            |key: &&String| !is_config_key(key) && subject.project.model_setting(&node.fqn, key).is_none();
        for key in node.config.keys().filter(is_own) {
            by_key.entry(key).or_default().push(node);
        }
    }
    by_key.into_iter().map(move |(key, nodes)| {
        let names: Vec<_> = nodes.iter().map(|node| node.name.as_str()).collect();
        let message = format!(
            "dbt 2 does not know the key {key} and refuses the project: it is in the configuration of {}",
            first_of(&names, "model")
        );
        Found::in_model(nodes[0], key, message, advice(subject, key)).about_several()
    })
}

fn advice(subject: &Subject, key: &str) -> String {
    match subject.settings {
        _ if !SETTINGS.contains(&key) => {
            format!("Move {key} into meta, and let what reads it look there, or remove it")
        }
        SettingsPlace::MetaFirst => format!("Move {key} into meta, where snowplow_utils looks first"),
        SettingsPlace::TopLevel => format!(
            "For dbt 2, install snowplow_utils 1.0.0 or newer and move {key} into meta. {} does not look there",
            subject.utils()
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_keys_of_ones_own_each_once() {
        let mut lab = Lab::new();
        lab.model("good", &[], "table", &[])
            .config("meta", json!({"owner": "us"}))
            .config("tblproperties", json!({}))
            .config("post-hook", json!([]));
        lab.model_of("shop", "brought_along", &[], "table", &[]).config("owner", json!("us"));
        lab.expect_none(&RULE);
        for name in ["a", "b", "c", "d"] {
            lab.model(name, &[], "table", &[])
                .config("owner", json!("us"))
                .config("snowplow_optimize", json!(true));
        }
        let begin = "does not know the key";
        let end = "and refuses the project: it is in the configuration of a, b, c and 1 other model";
        lab.expect_messages(
            &RULE,
            &[&format!("dbt 2 {begin} owner {end}"), &format!("dbt 2 {begin} snowplow_optimize {end}")],
        );
        let advice = |lab: &Lab| lab.check(&RULE).into_iter().map(|found| found.advice).collect::<Vec<_>>();
        assert!(advice(&lab)[0].starts_with("Move owner into meta, and let what reads it"));
        assert!(advice(&lab)[1].starts_with("Move snowplow_optimize into meta, where"));
        lab.utils_version("0.17.4");
        assert!(advice(&lab)[1].starts_with("For dbt 2, install snowplow_utils 1.0.0"));
    }

    #[test]
    fn finds_keys_of_the_project_where_they_are() {
        let mut lab = Lab::new();
        lab.models(
            "{+materialized: table, +meta: {owner: us}, store: {+owner: us, a: {schema: x, steward: me}}}",
        );
        lab.model("a", &[], "table", &[]).config("owner", json!("us")).config("steward", json!("me"));
        lab.expect_messages(
            &RULE,
            &[
                "dbt 2 does not know the key owner and refuses the project",
                "dbt 2 does not know the key steward and refuses the project",
            ],
        );
    }
}
