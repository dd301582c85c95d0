//! Snowplow's four states and their windows, as the packages work them out. Pure.
//!
//! The rules are those of `get_incremental_manifest_status` and `get_run_limits` in snowplow_utils 0.4 to
//! 1.0, and of their `_t` variants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::family::Family;
use crate::timestamp::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// State 1: no model to run has a row.
    FirstRun,
    /// State 2: a model to run has no row.
    NewModel,
    /// State 3: the rows differ.
    OutOfSync,
    /// State 4: the rows agree.
    Standard,
}

impl State {
    /// Whether its windows may end at now. The windows of the other states end at the largest `last_success`.
    #[must_use]
    pub fn is_open_ended(self) -> bool {
        matches!(self, Self::FirstRun | Self::Standard)
    }

    /// Whether models begin, so that windows count from the start date.
    #[must_use]
    pub fn begins(self) -> bool {
        matches!(self, Self::FirstRun | Self::NewModel)
    }

    /// The state's name for people.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::FirstRun => "first run",
            Self::NewModel => "new model",
            Self::OutOfSync => "out of sync",
            Self::Standard => "standard",
        }
    }
}

/// Lower and upper limit of one run, in event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub lower: Timestamp,
    pub upper: Timestamp,
}

/// What a run achieved for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nothing is left to process: the window ended at the warehouse's now, in the first or standard state.
    CaughtUp,
    Advanced,
    /// The frontier did not move.
    Stalled,
}

/// A row of an incremental manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The model's dbt node name.
    pub model: String,
    /// The time of the last event that the model has processed.
    pub last_success: Option<Timestamp>,
}

/// State and progress of one package's models to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The state that the next run will be in.
    pub state: State,
    /// The smallest and the largest `last_success`; none if there are no rows.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The vars that a package's windows depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `snowplow__start_date`, if it is known.
    pub start_date: Option<Timestamp>,
    /// `snowplow__lookback_window_hours`.
    pub lookback_hours: u32,
}

/// How far a package has come. A greater frontier is progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frontier {
    /// There are no rows.
    Nothing,
    /// A new model has no row yet, so all events are read again from the start date.
    Start,
    /// The smallest `last_success`.
    At(Timestamp),
}

impl Frontier {
    /// The smallest `last_success`, if the frontier is one.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Nothing | Self::Start => None,
        }
    }
}

impl Standing {
    /// Works it out from all rows of an incremental manifest. `enabled` holds the node names of the tracked
    /// models to run, one entry per model.
    #[must_use]
    pub fn of(family: Family, enabled: &[String], rows: &[Row]) -> Self {
        let names: BTreeSet<&str> = enabled.iter().map(String::as_str).collect();
        let matched: Vec<_> = rows.iter().filter(|row| names.contains(row.model.as_str())).collect();
        let times: BTreeSet<Timestamp> = matched.iter().filter_map(|row| row.last_success).collect();
        let span = times.first().copied().zip(times.last().copied());
        let state = match family {
            _ if matched.is_empty() => State::FirstRun,
            // Like the packages, which compare count(*) with the number of models.
            Family::Session if matched.len() != enabled.len() => State::NewModel,
            Family::Session if times.len() > 1 => State::OutOfSync,
            Family::Load if times.len() == 2 => State::OutOfSync,
            Family::Session | Family::Load => State::Standard,
        };
        Self { state, span }
    }

    /// How far the package has come.
    #[must_use]
    pub fn frontier(&self) -> Frontier {
        match (self.state, self.span) {
            (State::FirstRun, _) | (_, None) => Frontier::Nothing,
            (State::NewModel, _) => Frontier::Start,
            (_, Some((min, _))) => Frontier::At(min),
        }
    }

    /// The window of the next run with a limit of `limit_days`; none if it depends on a start date that is
    /// not known.
    #[must_use]
    pub fn window(
        &self,
        family: Family,
        settings: &Settings,
        limit_days: u32,
        now: Timestamp,
    ) -> Option<Window> {
        let origin = match (self.state, self.span) {
            (State::Standard | State::OutOfSync, Some((min, _))) => min,
            _ => settings.start_date?,
        };
        let lower = match (family, self.state) {
            (Family::Session, State::Standard | State::OutOfSync) if self.span.is_some() => {
                origin.minus_hours(settings.lookback_hours)
            }
            _ => origin,
        };
        let cap = match (self.state, self.span) {
            (State::NewModel | State::OutOfSync, Some((_, max))) => max,
            _ => now,
        };
        Some(Window { lower, upper: self.end_by_limit(family, origin, limit_days).min(cap) })
    }

    /// The limit, in days, that ended a window of this standing; none if something else ended it.
    #[must_use]
    pub fn limit_of(&self, family: Family, window: Window) -> Option<u32> {
        let origin = match (self.state, self.span) {
            (State::Standard | State::OutOfSync, Some((min, _))) => min,
            _ => window.lower,
        };
        let about = window.upper.whole_days_since(origin);
        (about.saturating_sub(1)..=about + 1)
            .find(|&days| self.end_by_limit(family, origin, days) == window.upper)
    }

    /// The smallest limit, in days, whose window holds an event, if nothing but the limit ended the window.
    #[must_use]
    pub fn days_to(&self, family: Family, origin: Timestamp, event: Timestamp) -> u32 {
        let holds = |days: &u32| match family {
            Family::Session => event <= self.end_by_limit(family, origin, *days),
            // The upper limit is not part of this family's windows.
            Family::Load => event < self.end_by_limit(family, origin, *days),
        };
        let about = event.whole_days_since(origin);
        (about.saturating_sub(1).max(1)..=about + 2).find(holds).unwrap_or(about + 2)
    }

    /// The end of a window if nothing but the limit ends it.
    #[must_use]
    pub fn end_by_limit(&self, family: Family, origin: Timestamp, limit_days: u32) -> Timestamp {
        match (family, self.state) {
            (Family::Session, _) => origin.plus_days(limit_days),
            (Family::Load, State::FirstRun) => origin.start_of_day().plus_days(limit_days).minus_seconds(1),
            (Family::Load, _) => origin.start_of_day().plus_days(limit_days + 1).minus_seconds(1),
        }
    }

    /// The smallest number of runs until a window ends at now, if there are no gaps in the events. None if it
    /// depends on a start date that is not known.
    #[must_use]
    pub fn runs_left(&self, settings: &Settings, limit_days: u32, now: Timestamp) -> Option<u32> {
        let limit_days = limit_days.max(1);
        let runs = |from: Timestamp, to: Timestamp| to.days_since_rounded_up(from).div_ceil(limit_days);
        Some(match (self.state, self.span) {
            (State::FirstRun, _) | (_, None) => runs(settings.start_date?, now).max(1),
            (State::NewModel, Some((_, max))) => {
                runs(settings.start_date?, max).max(1) + runs(max, now).max(1)
            }
            (State::OutOfSync, Some((min, max))) => runs(min, max).max(1) + runs(max, now).max(1),
            (State::Standard, Some((min, _))) => runs(min, now).max(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2020-12-31 12:00:00";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn standing(family: Family, enabled: &[&str], rows: &[(&str, &str)]) -> Standing {
        let enabled: Vec<_> = enabled.iter().map(|&name| name.to_owned()).collect();
        let rows: Vec<_> = rows
            .iter()
            .map(|(model, time)| Row { model: (*model).to_owned(), last_success: Some(at(time)) })
            .collect();
        Standing::of(family, &enabled, &rows)
    }

    fn check(family: Family, rows: &[(&str, &str)], expected: (State, &str, &str)) {
        let standing = standing(family, &["a", "b"], rows);
        let settings = Settings { start_date: Some(at("2020-01-01")), lookback_hours: 6 };
        let window = standing.window(family, &settings, 30, at(NOW)).expect("a window");
        let found = (standing.state, window.lower, window.upper);
        assert_eq!(found, (expected.0, at(expected.1), at(expected.2)), "{family:?} {rows:?}");
    }

    #[test]
    fn the_four_states_of_the_session_family() {
        let session = |rows: &[_], expected| check(Family::Session, rows, expected);
        session(&[("other", "2020-02-01")], (State::FirstRun, "2020-01-01", "2020-01-31"));
        session(&[("a", "2020-01-10 01:00")], (State::NewModel, "2020-01-01", "2020-01-10 01:00"));
        session(&[("a", "2020-10-10")], (State::NewModel, "2020-01-01", "2020-01-31"));
        session(
            &[("a", "2020-02-01 12:00"), ("b", "2020-02-01 12:00:00.000001")],
            (State::OutOfSync, "2020-02-01 06:00", "2020-02-01 12:00:00.000001"),
        );
        session(
            &[("a", "2020-02-01"), ("b", "2020-10-01")],
            (State::OutOfSync, "2020-01-31 18:00", "2020-03-02"),
        );
        session(
            &[("a", "2020-02-01"), ("b", "2020-02-01")],
            (State::Standard, "2020-01-31 18:00", "2020-03-02"),
        );
        session(&[("a", "2020-12-31"), ("b", "2020-12-31")], (State::Standard, "2020-12-30 18:00", NOW));
    }

    #[test]
    fn a_duplicate_row_hides_a_missing_one_as_in_the_packages() {
        check(
            Family::Session,
            &[("a", "2020-02-01"), ("a", "2020-02-01")],
            (State::Standard, "2020-01-31 18:00", "2020-03-02"),
        );
    }

    #[test]
    fn the_states_of_the_load_family() {
        let load = |rows: &[_], expected| check(Family::Load, rows, expected);
        load(&[], (State::FirstRun, "2020-01-01", "2020-01-30 23:59:59"));
        load(&[("a", "2020-02-01 05:00")], (State::Standard, "2020-02-01 05:00", "2020-03-02 23:59:59"));
        load(
            &[("a", "2020-02-01 05:00"), ("b", "2020-02-01 06:00")],
            (State::OutOfSync, "2020-02-01 05:00", "2020-02-01 06:00"),
        );
    }

    #[test]
    fn frontiers_are_ordered_by_progress() {
        let time = at("2020-01-01");
        assert!(Frontier::Nothing < Frontier::Start && Frontier::Start < Frontier::At(time));
        let new_model = standing(Family::Session, &["a", "b"], &[("a", "2020-02-01")]);
        assert_eq!(new_model.frontier(), Frontier::Start);
    }

    #[test]
    fn recognizes_a_window_that_its_limit_ended() {
        let settings = Settings { start_date: Some(at("2020-01-01 06:00")), lookback_hours: 6 };
        for family in Family::ALL {
            for rows in [&[][..], &[("a", "2020-02-01 05:00:00.123"), ("b", "2020-02-01 05:00:00.123")]] {
                let standing = standing(family, &["a", "b"], rows);
                let window =
                    |days, now: &str| standing.window(family, &settings, days, at(now)).expect("a window");
                assert_eq!(standing.limit_of(family, window(45, NOW)), Some(45), "{family:?} {rows:?}");
                assert_eq!(
                    standing.limit_of(family, window(45, "2020-02-03 10:00")),
                    None,
                    "{family:?} {rows:?}"
                );
            }
        }
    }

    #[test]
    fn forecasts_the_number_of_runs() {
        let settings = Settings { start_date: Some(at("2020-01-01")), lookback_hours: 6 };
        let forecast = |rows: &[(&str, &str)]| {
            standing(Family::Session, &["a", "b"], rows).runs_left(&settings, 30, at(NOW)).expect("a number")
        };
        assert_eq!(forecast(&[]), 13);
        assert_eq!(forecast(&[("a", "2020-12-31"), ("b", "2020-12-31")]), 1);
        assert_eq!(forecast(&[("a", "2020-12-01")]), 12 + 2);
        let unknown = Settings { start_date: None, lookback_hours: 6 };
        assert_eq!(standing(Family::Session, &["a"], &[]).runs_left(&unknown, 30, at(NOW)), None);
    }
}
