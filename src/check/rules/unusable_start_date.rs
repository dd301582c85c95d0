//! A start date that is in the future or not a date.

use chrono::NaiveDate;

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::check::vars;
use crate::timestamp::Timestamp;

pub(super) const RULE: Rule = Rule {
    id: "unusable-start-date",
    title: "A start date that is in the future or not a date",
    severity: Severity::Error,
    why: "The windows of a first run and of a new model begin at snowplow__start_date. If it is in the \
          future, they are empty, no row is written, and the next run is the same. If it is not a date, \
          the run fails.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__start_date: '2999-01-01'"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__start_date: '2024-01-01'"),
    check: Check::Plain(check),
};

const START: &str = "snowplow__start_date";

fn check(subject: &Subject) -> Vec<Found> {
    let found = subject.assignments(START).into_iter().filter_map(|assignment| {
        let text = vars::text(assignment.value).unwrap_or_default();
        let trouble = trouble(&text, subject.now)?;
        Some(Found::in_project(
            &assignment.keys,
            format!("{START} is {}, which is {trouble}", vars::shown(assignment.value)),
            "Set it to the day of the first event to process, such as '2024-01-31'".to_owned(),
        ))
    });
    found.collect()
}

fn trouble(text: &str, now: Timestamp) -> Option<&'static str> {
    // The warehouse interprets what follows the day: a time or a zone.
    let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
    // Warehouses also accept days without leading zeros and without hyphens.
    let format = if day.len() == 8 && !day.contains('-') { "%Y%m%d" } else { "%Y-%m-%d" };
    match NaiveDate::parse_from_str(day, format) {
        Err(_) => Some("not a date"),
        Ok(day) if day > now.date() => Some("in the future"),
        Ok(_) => None,
    }
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
            "20200101",
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
        for (value, shown) in [("2024", "2024"), ("''", "''"), ("null", "null"), ("12345678", "12345678")] {
            lab.vars(&format!("snowplow__start_date: {value}"));
            lab.expect_messages(&RULE, &[&format!("snowplow__start_date is {shown}, which is not a date")]);
        }
    }
}
