//! A key below `models` in dbt_project.yml that dbt 2 takes for a folder.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::dbt::is_config_key;

pub(super) const RULE: Rule = Rule {
    id: "config-key-without-plus",
    title: "A key in dbt_project.yml without the + that tells it from a folder",
    severity: Severity::Hint,
    in_runs: InRuns::Ignored,
    why: "Below models in dbt_project.yml, dbt 2 takes every key without a + for a folder, and refuses the \
          project if its value is none. dbt 1 only does so if the value is a mapping: such a key sets nothing.",
    wrong: Example::yaml("models:\n  storefront:\n    staging:\n      materialized: view"),
    right: Example::yaml("models:\n  storefront:\n    staging:\n      +materialized: view"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    // What dbt 2 does not know with a + either is another rule's finding.
    let keys = subject.project.model_keys().into_iter();
    keys.filter(|key| !key.has_plus && is_config_key(key.name))
        .map(|key| {
            let name = key.name;
            let message = if key.is_mapping {
                format!("{name} has no + in front of it: dbt takes it for a folder, and sets nothing")
            } else {
                format!("{name} has no + in front of it: dbt 2 takes it for a folder and refuses the project")
            };
            Found::in_project(&key.keys, message, format!("Write +{name}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_keys_that_look_like_folders() {
        let mut lab = Lab::new();
        lab.models("{+materialized: table, store: {+tags: a, docs: {+enabled: false}, own: us}}");
        lab.expect_none(&RULE);
        lab.models("{enabled: true, store: {persist_docs: {relation: true}}}");
        lab.expect_messages(
            &RULE,
            &[
                "enabled has no + in front of it: dbt 2 takes it for a folder and refuses the project",
                "persist_docs has no + in front of it: dbt takes it for a folder, and sets nothing",
            ],
        );
        assert_eq!(lab.check(&RULE)[0].advice, "Write +enabled");
    }
}
