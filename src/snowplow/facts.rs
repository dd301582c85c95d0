//! Values of vars with which a run fails, or never gets anywhere. `check` looks for them wherever they are set,
//! and a backfill in the packages that its selection touches.

use chrono::NaiveDate;
use serde_yaml::Value;

use super::family::Family;
use super::values;
use crate::dbt::VarScope;
use crate::timestamp::Timestamp;

/// The var for where a first run and a new model begin.
pub const START: &str = "snowplow__start_date";

/// The var that deletes rows from the incremental manifest at the start of a run.
pub const REMOVED: &str = "models_to_remove";

/// The vars that the packages calculate with.
pub const NUMBERS: [&str; 11] = [
    values::LIMIT,
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

/// A value with which a run fails or never gets anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which var has which value, and what is wrong with it.
    pub message: String,
    /// What to do, as a sentence without its full stop.
    pub advice: String,
    /// Whether it matters only where a package begins at its start date.
    pub at_start_only: bool,
}

/// What is wrong with a start date.
#[must_use]
pub fn start_date(value: &Value, now: Timestamp) -> Option<Trouble> {
    let text = values::text(value).unwrap_or_default();
    let trouble = trouble_of_date(&text, now)?;
    Some(Trouble {
        message: format!("{START} is {}, which is {trouble}", values::shown(value)),
        advice: "Set it to the day of the first event to process, such as '2024-01-31'".to_owned(),
        at_start_only: true,
    })
}

fn trouble_of_date(text: &str, now: Timestamp) -> Option<&'static str> {
    // The warehouse interprets what follows the day: a time or a zone.
    let day = text.trim().split([' ', 'T']).next().unwrap_or_default();
    if day.len() == 8 && NaiveDate::parse_from_str(day, "%Y%m%d").is_ok() {
        // Some fail on it, and Snowflake takes it for seconds since 1970.
        return Some("a number and not a date to some warehouses");
    }
    // Warehouses also accept days without leading zeros.
    match NaiveDate::parse_from_str(day, "%Y-%m-%d") {
        Err(_) => Some("not a date"),
        Ok(day) if day > now.date() => Some("in the future"),
        Ok(_) => None,
    }
}

/// What is wrong with a number: dbt passes a quoted one on as text.
#[must_use]
pub fn number(name: &str, value: &Value) -> Option<Trouble> {
    let Value::String(text) = value else { return None };
    if values::is_number_to_dbt(text) {
        return None;
    }
    let advice = match values::number(value) {
        Some(number) => format!("Write {number} without quotes"),
        None => {
            "Write a number, without a unit or quotes, or remove the var to use the default of the package"
                .to_owned()
        }
    };
    let message = format!("{name} is the text '{text}', not a number");
    Some(Trouble { message, advice, at_start_only: false })
}

/// What is wrong with rows that every run removes.
#[must_use]
pub fn removed_models(value: &Value) -> Option<Trouble> {
    (!values::is_empty(value)).then(|| Trouble {
        message: format!("{REMOVED} is set to {}", values::shown(value)),
        advice: "Remove it: snowplow-backfill run --remove-from-manifest removes the rows once".to_owned(),
        at_start_only: false,
    })
}

/// What is wrong for a package in a backfill, which sets the limit and `models_to_run` itself.
///
/// `has_start` says that the user gives a start date, so that the var does not count. A value that holds Jinja
/// is known to dbt alone.
#[must_use]
pub fn of_package(vars: &VarScope<'_>, family: Family, has_start: bool, now: Timestamp) -> Vec<Trouble> {
    let known = |name: &str| vars.get(name).filter(|value| !values::holds_jinja(value));
    let start = known(START).filter(|_| !has_start).and_then(|value| start_date(value, now));
    // With the session family, the warehouse decides whether a quoted number works.
    let names = NUMBERS.into_iter().filter(|name| family == Family::Load && *name != values::LIMIT);
    let numbers = names.filter_map(|name| number(name, known(name)?));
    let removed = known(REMOVED).and_then(removed_models);
    start.into_iter().chain(numbers).chain(removed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::{Project, Vars};

    fn messages(vars: &str, family: Family, has_start: bool) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        let file = format!("name: p\nvars: {{{vars}}}\n");
        std::fs::write(root.join("dbt_project.yml"), file).expect("written");
        let project = Project::read(root.to_owned()).expect("a project");
        let none = Vars::default();
        let scope = VarScope::of("p", &project, &none, "1.11.0").expect("a scope");
        let now = "2024-06-01".parse().expect("a time");
        of_package(&scope, family, has_start, now).into_iter().map(|trouble| trouble.message).collect()
    }

    #[test]
    fn a_backfill_looks_at_what_it_does_not_set_itself() {
        let all = "snowplow__start_date: 2999-01-01, models_to_remove: [a], \
                   snowplow__backfill_limit_days: '0', snowplow__max_session_days: '3'";
        let start = "snowplow__start_date is '2999-01-01', which is in the future";
        let (number, removed) = (
            "snowplow__max_session_days is the text '3', not a number",
            "models_to_remove is set to [\"a\"]",
        );
        assert_eq!(messages(all, Family::Load, false), [start, number, removed]);
        assert_eq!(messages(all, Family::Session, true), [removed]);
        let jinja = "snowplow__start_date: '{{ env_var(\"START\") }}', snowplow__heartbeat: \"{{ 3 }}\"";
        assert_eq!(messages(jinja, Family::Load, false), Vec::<String>::new());
    }
}
