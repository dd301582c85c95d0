//! Conditions on the rows of incremental manifests: before a promotion, after it, and after its rollback.

use super::assertion::all_conditions;
use crate::promote::plan::{Direction, Ledger, MovedRow};
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::Dialect;

/// Which of prod's rows a condition accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Only those that the plan found.
    Planned,
    /// Also those that an earlier execution of the same script wrote.
    PlannedOrPromoted,
}

/// Names of models as literals. The plan has checked that they are plain.
pub(super) fn name_literals<'a>(models: impl IntoIterator<Item = &'a str>) -> String {
    models.into_iter().map(|model| format!("'{model}'")).collect::<Vec<_>>().join(", ")
}

/// Restricts staging's rows to the planned time; offline, no time is known.
pub(super) fn planned_time_clause(dialect: Dialect, ledger: &Ledger, alias: &str) -> String {
    ledger
        .time
        .map(|time| format!("\n  and {alias}.last_success = {}", dialect.timestamp_literal(time)))
        .unwrap_or_default()
}

/// The values that the plan found in one of prod's rows, a condition for each column.
pub(super) fn planned_values_conditions(
    dialect: Dialect,
    ledger: &Ledger,
    row: &MovedRow,
    prefix: &str,
) -> Vec<String> {
    let mut values = vec![format!("{prefix}last_success = {}", dialect.timestamp_literal(row.from))];
    values.extend(match (ledger.family, row.first) {
        (Family::Session, _) => None,
        (Family::Load, Some(first)) => {
            Some(format!("{prefix}first_success = {}", dialect.timestamp_literal(first)))
        }
        (Family::Load, None) => Some(format!("{prefix}first_success is null")),
    });
    values
}

/// Staging holds one row for each model, all at the planned time.
#[must_use]
pub fn staging_as_planned_condition(dialect: Dialect, ledger: &Ledger) -> String {
    let (staging, names, count) = (&ledger.staging, name_literals(ledger.models()), ledger.models().count());
    let times = match ledger.time {
        Some(time) => {
            format!("min(last_success) = {0} and max(last_success) = {0}", dialect.timestamp_literal(time))
        }
        None => "min(last_success) = max(last_success)".to_owned(),
    };
    format!(
        "(select count(*) from (select model from {staging} where model in ({names}) group by model having \
         count(*) = 1 and {times}) as planned) = {count}\n  and (select count(distinct last_success) from \
         {staging} where model in ({names})) = 1"
    )
}

/// Prod holds no row of an added model, and of each moved one the row that the plan found.
#[must_use]
pub fn prod_as_planned_condition(dialect: Dialect, ledger: &Ledger, accepted: Accepted) -> String {
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let mut conditions = Vec::new();
    if !ledger.added.is_empty() {
        let names = name_literals(ledger.added.iter().map(String::as_str));
        conditions.push(match (accepted, ledger.recorded()) {
            (Accepted::Planned, _) => format!("(select count(*) from {prod} where model in ({names})) = 0"),
            (Accepted::PlannedOrPromoted, Some(time)) => format!(
                "(select count(*) from {prod} where model in ({names}) and last_success <> {}) = 0",
                dialect.timestamp_literal(time)
            ),
            (Accepted::PlannedOrPromoted, None) => format!(
                "(select count(*) from {prod} as t join {staging} as s on s.model = t.model where t.model in \
                 ({names}) and t.last_success <> s.last_success) = 0"
            ),
        });
    }
    let promoted = match accepted {
        Accepted::Planned => None,
        Accepted::PlannedOrPromoted => ledger.recorded(),
    };
    conditions.extend(ledger.moved.iter().map(|row| one_row_condition(dialect, ledger, row, promoted)));
    all_conditions(&conditions)
}

/// Prod holds one row of a model: the one that the plan found, or one at the other time.
fn one_row_condition(
    dialect: Dialect,
    ledger: &Ledger,
    row: &MovedRow,
    other_time: Option<Timestamp>,
) -> String {
    let of_model = format!("(select count(*) from {} where model = '{}'", ledger.prod, row.model);
    let planned = planned_values_conditions(dialect, ledger, row, "").join(" and ");
    let is_it = match other_time {
        Some(time) => format!("(({planned}) or last_success = {})", dialect.timestamp_literal(time)),
        None => planned,
    };
    all_conditions(&[format!("{of_model} and {is_it}) = 1"), format!("{of_model}) = 1")])
}

/// Prod holds one row for each model: the same as staging's, or at the time that the plan caps it to.
#[must_use]
pub fn recorded_condition(dialect: Dialect, ledger: &Ledger) -> String {
    let (prod, staging) = (&ledger.prod, &ledger.staging);
    let (names, count) = (name_literals(ledger.models()), ledger.models().count());
    let time = planned_time_clause(dialect, ledger, "s");
    let recorded = ledger.cap.map_or("s.last_success".to_owned(), |cap| dialect.timestamp_literal(cap));
    format!(
        "(select count(*) from {prod} as t join {staging} as s on s.model = t.model where t.last_success = \
         {recorded} and t.model in ({names}){time}) = {count}\n  and (select count(*) from {prod} where \
         model in ({names})) = {count}"
    )
}

/// Prod's rows are those that the promotion wrote, whatever staging did since.
#[must_use]
pub fn promoted_condition(dialect: Dialect, ledger: &Ledger) -> String {
    let Some(time) = ledger.recorded() else { return recorded_condition(dialect, ledger) };
    let (prod, names, count) = (&ledger.prod, name_literals(ledger.models()), ledger.models().count());
    let time = dialect.timestamp_literal(time);
    format!(
        "(select count(*) from {prod} where model in ({names}) and last_success = {time}) = {count}\n  and \
         (select count(*) from {prod} where model in ({names})) = {count}"
    )
}

/// Prod's row of a model is the one from before the promotion. A row that the promotion set back may stay
/// there: prod then reads too much rather than too little.
#[must_use]
pub fn taken_back_condition(dialect: Dialect, ledger: &Ledger, model: &str) -> String {
    let Some(row) = ledger.moved.iter().find(|row| row.model == model) else {
        return format!("(select count(*) from {} where model = '{model}') = 0", ledger.prod);
    };
    let promoted = match ledger.direction(row) {
        Direction::Back => ledger.recorded(),
        Direction::Forward => None,
    };
    one_row_condition(dialect, ledger, row, promoted)
}
