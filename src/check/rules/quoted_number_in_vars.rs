//! A number in quotes, which dbt passes on as text.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::facts;

pub(super) const RULE: Rule = Rule {
    id: "quoted-number-in-vars",
    title: "A number in quotes, which dbt passes on as text",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "dbt passes a quoted number on as text. The packages of the load-time family fail on it. With \
          the others, the warehouse decides whether it works.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: '30'"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 30"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let assignments = facts::NUMBERS
        .iter()
        .flat_map(|name| subject.assignments(name).into_iter().map(move |found| (*name, found)));
    assignments
        .filter_map(|(name, assignment)| {
            let trouble = facts::number(name, assignment.value)?;
            Some(Found::in_project(&assignment.keys, trouble.message, trouble.advice))
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
    fn says_nothing_of_what_only_dbt_knows() {
        let mut lab = Lab::new();
        lab.vars("shop: {snowplow__lookback_window_hours: '{{ 3 * 2 }}'}");
        lab.expect_none(&RULE);
    }
}
