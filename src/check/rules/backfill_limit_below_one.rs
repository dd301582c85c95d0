//! A backfill limit below one day.

use crate::check::finding::Found;
use crate::check::rule::{Check, Example, InRuns, Rule};
use crate::check::severity::Severity;
use crate::check::subject::Subject;
use crate::snowplow::values;

pub(super) const RULE: Rule = Rule {
    id: "backfill-limit-below-one",
    title: "A backfill limit below one day",
    severity: Severity::Error,
    in_runs: InRuns::Ignored,
    why: "With a limit of zero days a window ends where it begins: every run succeeds, and none makes \
          progress.",
    wrong: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 0"),
    right: Example::yaml("vars:\n  snowplow_unified:\n    snowplow__backfill_limit_days: 1"),
    check: Check::Plain(check),
};

fn check(subject: &Subject) -> Vec<Found> {
    let assignments = subject.assignments(values::LIMIT);
    assignments
        .into_iter()
        .filter_map(|assignment| {
            let days = values::number(assignment.value)?;
            (days < 1.0).then(|| {
                Found::in_project(
                    &assignment.keys,
                    format!("{} is {days}: every window would end where it begins", values::LIMIT),
                    "Set it to at least 1".to_owned(),
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
    fn finds_limits_below_one_day() {
        let mut lab = Lab::new();
        lab.vars("{snowplow__backfill_limit_days: 1, shop: {other: 0}}");
        lab.expect_none(&RULE);
        lab.vars("{snowplow__backfill_limit_days: 0, shop: {snowplow__backfill_limit_days: -1}}");
        assert_eq!(lab.check(&RULE).len(), 2);
    }
}
