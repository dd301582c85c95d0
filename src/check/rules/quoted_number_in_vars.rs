//! A number in quotes, which dbt passes on as text.

use serde_yaml::Value;

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::check::vars;

pub(super) const RULE: Rule = Rule {
    id: "quoted-number-in-vars",
    title: "A number in quotes, which dbt passes on as text",
    severity: Severity::Error,
    why: "dbt passes a quoted number on as text. The packages of the load-time family fail on it. With \
          the others, the warehouse decides whether it works.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: '30'"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 30"),
    check: Check::Plain(check),
};

/// The vars that the packages calculate with.
const NUMBERS: [&str; 11] = [
    vars::LIMIT,
    "snowplow__days_late_allowed",
    "snowplow__heartbeat",
    "snowplow__late_data_window_days",
    "snowplow__late_event_lookback_days",
    "snowplow__lookback_window_hours",
    "snowplow__max_session_days",
    "snowplow__min_late_events_to_process",
    "snowplow__min_visit_length",
    "snowplow__session_lookback_days",
    "snowplow__upsert_lookback_days",
];

fn check(subject: &Subject) -> Vec<Found> {
    let assignments = NUMBERS
        .iter()
        .flat_map(|name| subject.all_assignments(name).into_iter().map(move |found| (*name, found)));
    assignments
        .filter_map(|(name, assignment)| {
            let Value::String(text) = assignment.value else { return None };
            if vars::is_number_to_dbt(text) {
                return None;
            }
            if vars::holds_jinja(assignment.value) {
                return Some(Found::in_project(
                    &assignment.keys,
                    format!("{name} holds Jinja, whose result dbt passes on as text, not as a number"),
                    "Write a number, or pass it with --vars where it differs".to_owned(),
                ));
            }
            let advice = match vars::number(assignment.value) {
                Some(number) => format!("Write {number} without quotes"),
                None => {
                    "Write a number, without a unit or quotes, or remove the var to use the default of the \
                     package"
                        .to_owned()
                }
            };
            Some(Found::in_project(
                &assignment.keys,
                format!("{name} is the text '{text}', not a number"),
                advice,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_numbers_in_quotes() {
        let mut lab = Lab::new();
        lab.vars(
            "{snowplow__backfill_limit_days: 30, snowplow__start_date: '2020', \
                  snowplow__max_session_days: 1_0, snowplow__heartbeat: null}",
        );
        lab.expect_none(&RULE);
        lab.vars("{snowplow__backfill_limit_days: '30', shop: {snowplow__lookback_window_hours: \"6\"}}");
        lab.expect_messages(
            &RULE,
            &[
                "snowplow__backfill_limit_days is the text '30', not a number",
                "snowplow__lookback_window_hours is the text '6', not a number",
            ],
        );
    }

    #[test]
    fn finds_texts_that_are_not_numbers() {
        let mut lab = Lab::new();
        for (text, advice) in [
            ("30 days", "Write a number, without"),
            ("inf", "Write a number, without"),
            ("nan", "Write a number, without"),
            ("", "Write a number, without"),
            (" 5 ", "Write 5 without quotes"),
        ] {
            lab.vars(&format!("shop: {{snowplow__min_visit_length: '{text}'}}"));
            let found = lab.check(&RULE).remove(0);
            assert_eq!(
                found.message,
                format!("snowplow__min_visit_length is the text '{text}', not a number")
            );
            assert!(found.advice.starts_with(advice), "{}", found.advice);
        }
    }

    #[test]
    fn jinja_never_makes_a_number() {
        let mut lab = Lab::new();
        lab.vars("shop: {snowplow__lookback_window_hours: '{{ 3 * 2 }}'}");
        lab.expect_messages(
            &RULE,
            &["snowplow__lookback_window_hours holds Jinja, whose result dbt passes on as text, not as a number"],
        );
    }
}
