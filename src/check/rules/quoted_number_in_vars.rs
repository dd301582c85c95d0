//! A number that dbt passes on as text.

use serde_yaml::Value;

use crate::check::finding::Found;
use crate::check::rule::{Example, Rule, Severity};
use crate::check::subject::Subject;
use crate::check::vars;

pub(super) const RULE: Rule = Rule {
    id: "quoted-number-in-vars",
    title: "A number that dbt passes on as text",
    severity: Severity::Error,
    why: "dbt passes a quoted number on as text: the packages of the load-time family fail on it, and in others it depends on \
          the warehouse whether it is understood.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: '30'"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 30"),
    number: None,
    check,
};

/// The vars of the packages that are calculated with.
const NUMBERS: [&str; 8] = [
    vars::LIMIT,
    "snowplow__days_late_allowed",
    "snowplow__late_data_window_days",
    "snowplow__late_event_lookback_days",
    "snowplow__lookback_window_hours",
    "snowplow__max_session_days",
    "snowplow__session_lookback_days",
    "snowplow__upsert_lookback_days",
];

fn check(subject: &Subject) -> Vec<Found> {
    let assignments = NUMBERS
        .iter()
        .flat_map(|name| subject.assignments(name).into_iter().map(move |found| (*name, found)));
    assignments
        .filter_map(|(name, assignment)| {
            let Value::String(text) = assignment.value else { return None };
            let number: f64 = text.trim().parse().ok()?;
            Some(Found::in_project(
                &assignment.keys,
                format!("{name} is the text '{text}', not a number"),
                format!("Write {number} without quotes"),
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
        lab.vars("{snowplow__backfill_limit_days: 30, snowplow__start_date: '2020', snowplow__max_session_days: 'x'}");
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
}
