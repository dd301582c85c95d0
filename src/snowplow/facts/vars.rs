//! Values of vars with which a run fails, or never gets anywhere. `check` looks for them wherever they are set,
//! and a backfill in the packages that its selection touches.

use chrono::NaiveDate;
use serde_yaml::Value;

use crate::dbt::{ResolvedVars, text_of};
use crate::snowplow::family::Family;
use crate::snowplow::values::{self, START_DATE};
use crate::timestamp::Timestamp;

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
    let text = text_of(value).unwrap_or_default();
    let trouble = trouble_of_date(&text, now)?;
    Some(Trouble {
        message: format!("{START_DATE} is {}, which is {trouble}", values::shown(value)),
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

/// The vars that [`of_package`] judges. Those with Jinja have to be rendered before.
pub fn vars_judged(family: Family, has_start: bool) -> impl Iterator<Item = &'static str> {
    // With the session family, the warehouse decides whether a quoted number works. The limit is the backfill's.
    let numbers = NUMBERS.into_iter().filter(move |name| family == Family::Load && *name != values::LIMIT);
    (!has_start).then_some(START_DATE).into_iter().chain(numbers).chain([REMOVED])
}

/// What is wrong for a package in a backfill, which sets the limit and `models_to_run` itself.
///
/// `has_start` says that the user gives a start date, so that the var does not count. The values are those that
/// dbt makes of the vars.
#[must_use]
pub fn of_package(vars: &ResolvedVars<'_>, family: Family, has_start: bool, now: Timestamp) -> Vec<Trouble> {
    let trouble = |name: &'static str| {
        let value = vars.value(name).ok()??;
        match name {
            START_DATE => start_date(&value, now),
            REMOVED if vars.is_rendered(name) => removed_models(&list_in(value)),
            REMOVED => removed_models(&value),
            _ if vars.is_rendered(name) => {
                let advice =
                    format!("dbt makes text of what holds Jinja: write a number, or pass {name} with --vars");
                number(name, &value).map(|trouble| Trouble { advice, ..trouble })
            }
            _ => number(name, &value),
        }
    };
    vars_judged(family, has_start).filter_map(trouble).collect()
}

/// The vars of a package that were not judged, because dbt cannot render them, and why. The start date is told
/// by those who need it.
#[must_use]
pub fn unknown(vars: &ResolvedVars<'_>, family: Family) -> Vec<(&'static str, String)> {
    let judged = vars_judged(family, true).filter(|name| vars.is_rendered(name));
    judged.filter_map(|name| Some((name, vars.value(name).err()?))).collect()
}

/// What dbt rendered is text. A list is written as Python or JSON writes it, and nothing as `None`.
fn list_in(value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    match serde_yaml::from_str(text) {
        Ok(Value::Sequence(items)) => Value::Sequence(items),
        _ if text.trim() == "None" => Value::Null,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::{Project, VarScope, Vars};

    /// What is wrong with vars, of which dbt rendered some.
    fn troubles(vars: &str, rendered: &[(&str, &str)], family: Family, has_start: bool) -> Vec<Trouble> {
        let folder = tempfile::tempdir().expect("a folder");
        let root = camino::Utf8Path::from_path(folder.path()).expect("UTF-8");
        let file = format!("name: p\nvars: {{{vars}}}\n");
        std::fs::write(root.join("dbt_project.yml"), file).expect("written");
        let project = Project::read(root.to_owned()).expect("a project");
        let none = Vars::default();
        let scope = VarScope::of("p", &project, &none, "1.11.0").expect("a scope");
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), Ok((*text).to_owned()));
        let vars = ResolvedVars::new(scope, rendered.iter().map(own).collect());
        of_package(&vars, family, has_start, "2024-06-01".parse().expect("a time"))
    }

    fn messages(vars: &str, family: Family, has_start: bool) -> Vec<String> {
        troubles(vars, &[], family, has_start).into_iter().map(|trouble| trouble.message).collect()
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

    #[test]
    fn values_are_those_that_dbt_makes_of_them() {
        let jinja =
            "snowplow__start_date: '{{ a }}', models_to_remove: '{{ b }}', snowplow__heartbeat: '{{ c }}'";
        let found = |rendered: &[(&str, &str)]| {
            let found = troubles(jinja, rendered, Family::Load, false).into_iter();
            found.map(|trouble| trouble.message).collect::<Vec<_>>()
        };
        let future = "snowplow__start_date is '2999-01-01', which is in the future";
        assert_eq!(found(&[(START_DATE, "2999-01-01")]), [future]);
        let number =
            "snowplow__start_date is '20240101', which is a number and not a date to some warehouses";
        assert_eq!(found(&[(START_DATE, "20240101")]), [number]);
        for (text, shown) in [("['a', 'b']", "[\"a\",\"b\"]"), ("[\"a\"]", "[\"a\"]"), ("a", "'a'")] {
            assert_eq!(found(&[(REMOVED, text)]), [format!("models_to_remove is set to {shown}")]);
        }
        for nothing in ["[]", "", " ", "None"] {
            assert_eq!(
                found(&[(REMOVED, nothing), (START_DATE, "2024-01-01")]),
                Vec::<String>::new(),
                "{nothing}"
            );
        }
        let seconds = troubles(jinja, &[("snowplow__heartbeat", "10")], Family::Load, false);
        assert_eq!(seconds[0].message, "snowplow__heartbeat is the text '10', not a number");
        assert!(seconds[0].advice.starts_with("dbt makes text of what holds Jinja"), "{}", seconds[0].advice);
    }
}
