//! A tracked incremental model whose relation is not named after the model.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::Node;

pub(super) const RULE: Rule = Rule {
    id: "alias-differs-from-name",
    title: "A tracked incremental model whose relation is not named after the model",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "The hook writes a model's row in the incremental manifest under the model's name, but \
          is_run_with_new_events looks it up under the name of the relation. With another alias it never \
          finds the row, so it always says yes and old windows are processed again.",
    wrong: Example::sql(
        "-- models/page_engagement.sql\n{{ config(materialized='incremental', alias='engagement') }}",
    ),
    right: Example::sql("-- models/engagement.sql\n{{ config(materialized='incremental') }}"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let renamed = subject.tracked_incremental().filter(|(_, node)| node.alias != node.name);
    renamed.map(|(_, node)| found(subject, node)).collect()
}

fn found(subject: &Subject, node: &Node) -> Found {
    let message =
        format!("{} is incremental and tracked, but its relation is called {}", node.name, node.alias);
    if !subject.is_own(node) {
        // The user cannot change an installed package. The setting that renames its models is in the root
        // project.
        let advice = format!(
            "Set its alias to its name: in the models of {} in dbt_project.yml, or in the project's \
             generate_alias_name",
            node.package_name
        );
        return Found::in_project(&["models", &node.package_name], message, advice).about(node);
    }
    let advice = if node.version.is_some() {
        format!("Set its alias to {}, or do not track versioned models", node.name)
    } else {
        format!("Rename the model to match its relation, or set its alias to {}", node.name)
    };
    Found::in_model(node, "alias", message, advice)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::check::finding::Place;

    #[test]
    fn finds_relations_of_another_name() {
        let mut lab = Lab::new();
        lab.model("good", &["shop_incremental"], "incremental", &[]);
        lab.model("table", &["shop_incremental"], "table", &[]).alias("other");
        lab.model("untracked", &[], "incremental", &[]).alias("other");
        lab.expect_none(&RULE);
        lab.model("wrong", &["shop_incremental"], "incremental", &[]).alias("other");
        lab.version("dim", 2, &["shop_incremental"]).alias("dim_v2");
        // A macro of the project that renames all relations does so with those of the package too.
        lab.model_of("shop", "carts", &["shop_incremental"], "incremental", &[]).alias("x_carts");
        lab.model("both", &["shop_incremental", "site_incremental"], "incremental", &[]).alias("other");
        lab.package("site");
        lab.expect(&RULE, &["both", "carts", "dim", "wrong"]);
        let found = lab.check(&RULE);
        assert!(found[1].advice.contains("generate_alias_name"), "{}", found[1].advice);
        assert!(matches!(&found[1].place, Place::Project { keys } if keys[..] == ["models", "shop"]));
    }
}
