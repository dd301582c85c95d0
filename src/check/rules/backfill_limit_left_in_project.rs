//! A backfill limit left in the project after the backfill.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Number, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::values;

pub(super) const RULE: Rule = Rule {
    id: "backfill-limit-left-in-project",
    title: "A backfill limit left in the project after the backfill",
    severity: Severity::Warn,
    in_runs: InRuns::Ignored,
    why: "snowplow__backfill_limit_days sets how many days of events one run may process. If it was \
          raised for a backfill and stays in dbt_project.yml, a single run of prod can process that many \
          days after any outage.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 365"),
    right: Example::yaml(
        "vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 30\n# and for a backfill: \
         snowplow-backfill run --limit-days 365",
    ),
    check: Check::ByNumber(
        Number { key: "max_days", default: 60, meaning: "the largest limit allowed without a finding" },
        check,
    ),
};

fn check(subject: &Subject, most: u32) -> Vec<Found> {
    let assignments = subject.assignments(values::LIMIT);
    assignments
        .into_iter()
        .filter_map(|assignment| {
            let days = values::number(assignment.value)?;
            (days > f64::from(most)).then(|| {
                Found::in_project(
                    &assignment.keys,
                    format!("{} is {days}: more than {most} days of events in one run", values::LIMIT),
                    "Set the limit of everyday runs here, and pass that of a backfill with snowplow-backfill \
                     run --limit-days".to_owned(),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn finds_large_limits_in_every_scope() {
        let mut lab = Lab::new();
        lab.vars("snowplow__backfill_limit_days: 60");
        lab.expect_none(&RULE);
        lab.vars("{snowplow__backfill_limit_days: 61, shop: {snowplow__backfill_limit_days: '365'}}");
        lab.expect_messages(
            &RULE,
            &[
                "snowplow__backfill_limit_days is 61: more than 60 days of events in one run",
                "snowplow__backfill_limit_days is 365: more than 60 days of events in one run",
            ],
        );
        lab.settings("backfill-limit-left-in-project: {max_days: 400}");
        lab.expect_none(&RULE);
    }
}
