//! Staging and prod write to the same tables.

use std::collections::BTreeMap;

use crate::check::finding::{Found, list};
use crate::check::package::CheckedPackage;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Node;

pub(super) const RULE: Rule = Rule {
    id: "staging-and-prod-share-tables",
    title: "Staging and prod write to the same tables",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "A backfill in staging is safe because its tables and its incremental manifest are separate \
          from prod's. If both targets resolve to the same relation, it overwrites what prod serves and \
          changes where prod's next run begins.",
    wrong: Example::yaml(
        "# profiles.yml\noutputs:\n  staging: {schema: analytics}\n  prod: {schema: analytics}",
    ),
    right: Example::yaml(
        "# profiles.yml\noutputs:\n  staging: {schema: analytics_staging}\n  prod: {schema: analytics}",
    ),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let Some(prod) = &subject.prod else { return Vec::new() };
    let in_prod = |node: &&Node| {
        let same = prod.node(&node.unique_id);
        node.relation_name.is_some() && same.is_some_and(|same| same.relation_name == node.relation_name)
    };
    let mut found = Vec::new();
    for package in &subject.packages {
        // The tables in which a package calculates windows and collects events must not be shared either.
        let mut shared: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in subject.written_by(package).filter(in_prod) {
            shared.entry(&node.schema).or_default().push(node);
        }
        found.extend(shared.into_iter().map(|(schema, nodes)| shares(package, schema, &nodes)));
    }
    found
}

fn shares(package: &CheckedPackage, schema: &str, nodes: &[&Node]) -> Found {
    let name = package.name();
    let models = match nodes.len() {
        1 => format!("1 model of {name} is the same relation"),
        several => format!("{several} models of {name} are the same relations"),
    };
    let names = list(nodes.iter().map(|node| node.name.as_str()));
    Found::in_project(
        &["models"],
        format!("{models} in both dbt manifests, in the schema {schema}: {names}"),
        "Give staging its own schema, in profiles.yml or in the project's generate_schema_name".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_relations_that_both_targets_write() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "incremental", &[]);
        lab.model("inlined", &["shop_incremental"], "ephemeral", &[]);
        lab.expect_none(&RULE);
        let mut prod = Lab::new();
        prod.schema("prod");
        prod.model("carts", &["shop_incremental"], "incremental", &[]);
        prod.model("inlined", &["shop_incremental"], "ephemeral", &[]);
        lab.prod(&prod);
        lab.expect_none(&RULE);
        let mut prod = Lab::new();
        prod.model("carts", &["shop_incremental"], "incremental", &[]);
        lab.prod(&prod);
        lab.expect_messages(
            &RULE,
            &["4 models of shop are the same relations in both dbt manifests, in the schema staging: \
               shop_base_events_this_run, shop_base_new_event_limits, shop_incremental_manifest, carts"],
        );
    }

    #[test]
    fn finds_base_models_that_both_targets_write() {
        let with = |schema: &str| {
            let mut lab = Lab::new();
            lab.schema(schema);
            for (name, tags) in [("shop_quarantine", &[][..]), ("shop_users", &["shop_incremental"])] {
                lab.model_of("shop", name, tags, "incremental", &[]);
            }
            lab
        };
        let (mut lab, mut prod) = (with("staging"), with("prod"));
        for name in ["shop_base_new_event_limits", "shop_quarantine"] {
            prod.change(name).relation(&format!("db.staging.{name}"));
        }
        lab.prod(&prod);
        lab.expect_messages(
            &RULE,
            &["2 models of shop are the same relations in both dbt manifests, in the schema staging: \
               shop_base_new_event_limits, shop_quarantine"],
        );
    }
}
