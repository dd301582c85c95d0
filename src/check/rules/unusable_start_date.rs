//! A start date that is in the future or not a date.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::{facts, values};

pub(super) const RULE: Rule = Rule {
    id: "unusable-start-date",
    title: "A start date that is in the future or not a date",
    severity: Severity::Error,
    in_runs: InRuns::Refused,
    why: "The windows of a first run and of a new model begin at snowplow__start_date. If it is in the \
          future, they are empty, no row is written, and the next run is the same. If it is not a date, \
          the run fails. A date without hyphens fails on some warehouses, and others read it as a number.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__start_date: '2999-01-01'"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__start_date: '2024-01-01'"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let found = subject.assignments(values::START_DATE).into_iter().filter_map(|assignment| {
        let trouble = facts::start_date(assignment.value, subject.now)?;
        Some(Found::in_project(&assignment.keys, trouble.message, trouble.advice))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_dates_in_the_future_and_other_text() {
        let mut lab = Lab::new();
        for good in [
            "2020-01-01",
            "'2020-1-1'",
            "2020-01-01 12:00:00",
            "'2020-01-01T00:00:00+02:00'",
            "2024-06-01",
            // Only dbt knows this one.
            "'{{ env_var(\"START\") }}'",
        ] {
            lab.vars(&format!("shop: {{snowplow__start_date: {good}}}"));
            lab.expect_none(&RULE);
        }
        lab.vars("{snowplow__start_date: 2024-06-02, shop: {snowplow__start_date: 2024-13-01}}");
        lab.expect_messages(
            &RULE,
            &[
                "snowplow__start_date is '2024-06-02', which is in the future",
                "snowplow__start_date is '2024-13-01', which is not a date",
            ],
        );
        lab.vars("snowplow__start_date: 20200101");
        lab.expect_messages(
            &RULE,
            &["snowplow__start_date is 20200101, which is a number and not a date to some warehouses"],
        );
        for (value, shown) in [("2024", "2024"), ("''", "''"), ("null", "null"), ("12345678", "12345678")] {
            lab.vars(&format!("snowplow__start_date: {value}"));
            lab.expect_messages(&RULE, &[&format!("snowplow__start_date is {shown}, which is not a date")]);
        }
    }
}
