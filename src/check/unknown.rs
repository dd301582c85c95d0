//! What only dbt knows, and which rules did not look at it because of that.

use super::finding::list;
use super::rules::RULES;
use super::settings::RuleSettings;
use super::subject::Subject;
use crate::snowplow::{facts, values};

/// The vars that rules read, and these rules.
const READ: [(&str, &[&str]); 7] = [
    (values::START_DATE, &["unusable-start-date"]),
    (values::SESSION_TIMESTAMP, &["session-timestamp-not-in-hook"]),
    ("snowplow__session_tstamp", &["session-timestamp-not-in-hook"]),
    ("snowplow__allow_refresh", &["full-refresh-drops-incremental-manifest"]),
    ("snowplow__dev_target_name", &["full-refresh-drops-incremental-manifest"]),
    ("models_to_run", &["models-to-run-left-in-project"]),
    ("models_to_remove", &["models-to-remove-left-in-project"]),
];

/// The rules that read the limit, and those that read any number.
const OF_LIMIT: &[&str] =
    &["backfill-limit-below-one", "backfill-limit-left-in-project", "quoted-number-in-vars"];
const OF_NUMBER: &[&str] = &["quoted-number-in-vars"];

/// Every var that rules read, with these rules.
fn read() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let of_number = |name| (name, if name == values::LIMIT { OF_LIMIT } else { OF_NUMBER });
    facts::NUMBERS.into_iter().map(of_number).chain(READ)
}

/// A note about everything that was not checked.
pub(super) fn notes(subject: &Subject, settings: &RuleSettings) -> Vec<String> {
    let mut notes: Vec<_> =
        subject.project.trouble_with_vars(&subject.manifest.metadata.dbt_version).into_iter().collect();
    if let Err(unknown) = subject.project.packages_directory() {
        notes.push(format!("{unknown}: the vars and the versions of installed packages were not checked"));
    }
    for (var, rules) in read() {
        let is_on =
            |id: &&&str| RULES.iter().any(|rule| rule.id == **id && settings.severity(rule).is_some());
        let rules: Vec<_> = rules.iter().filter(is_on).copied().collect();
        if !rules.is_empty() && is_unknown(subject, var) {
            notes.push(format!(
                "{var} holds Jinja, so only dbt knows its value: it was not checked by {}",
                list(rules)
            ));
        }
    }
    notes
}

/// Whether a var holds Jinja for a package or in the root project.
fn is_unknown(subject: &Subject, var: &str) -> bool {
    subject.all_assignments(var).iter().any(|assignment| values::holds_jinja(assignment.value))
        || subject
            .packages
            .iter()
            .any(|package| subject.scope(package).get(var).is_some_and(values::holds_jinja))
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::Lab;
    use super::*;

    fn noted(lab: &Lab) -> Vec<String> {
        notes(&lab.subject(), lab.settings_of_rules())
    }

    #[test]
    fn names_the_vars_that_only_dbt_knows_and_the_rules_that_read_them() {
        let mut lab = Lab::new();
        lab.model("carts", &["shop_incremental"], "table", &["shop_base_events_this_run"]);
        lab.vars("{snowplow__start_date: 2024-01-01, other: '{{ target.name }}'}");
        assert_eq!(noted(&lab), Vec::<String>::new());
        for (var, _) in read() {
            lab.vars(&format!("shop: {{{var}: \"{{{{ env_var('X') }}}}\"}}"));
            let found: Vec<_> = RULES.iter().flat_map(|rule| lab.check(rule)).collect();
            assert!(found.is_empty(), "{var}: {found:?}");
            let notes = noted(&lab);
            assert_eq!(notes.len(), 1, "{var}: {notes:?}");
            assert!(notes[0].starts_with(&format!("{var} holds Jinja")), "{notes:?}");
        }
        lab.vars("shop: {snowplow__start_date: \"{{ env_var('X') }}\"}");
        lab.settings("{unusable-start-date: off}");
        assert_eq!(noted(&lab), Vec::<String>::new());
    }

    #[test]
    fn every_rule_in_the_list_exists() {
        for id in read().flat_map(|(_, rules)| rules) {
            assert!(RULES.iter().any(|rule| rule.id == *id), "{id}");
        }
    }
}
