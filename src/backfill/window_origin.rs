//! Whether the window that a package recorded is the one of the run that has just ended. Pure.
//!
//! The limits table holds one window, and whoever runs the package last writes it. A run cannot mark its own, so the window is
//! compared with what the rows and the limit of this run must have given.

use chrono::TimeDelta;

use crate::snowplow::{PackageTables, Window};
use crate::timestamp::Timestamp;

/// Where a recorded window comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowOrigin {
    /// This run.
    ThisRun,
    /// This run, but it began at the start date although rows had been recorded: they were gone when it began.
    StartedOver,
    /// A run that somebody else started.
    AnotherRun,
    /// A window that another limit ended, in days: that of a run that somebody else started, or the package does not use
    /// the limit of this run.
    OtherLimit(u32),
}

/// What is known before a window is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expectation<'a> {
    /// The tables before the run.
    pub(super) before: &'a PackageTables,
    /// The limit of the run.
    pub(super) limit_days: u32,
    /// The warehouse's clock before the run.
    pub(super) now: Timestamp,
    /// The window of the run before; none before the second run of this backfill.
    pub(super) previous: Option<PreviousWindow>,
}

/// The window of the run before, and where the rows were then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PreviousWindow {
    pub(super) window: Window,
    /// The limit of that run.
    pub(super) limit_days: u32,
    /// The smallest `last_success` before that run; none without rows.
    pub(super) min: Option<Timestamp>,
}

impl Expectation<'_> {
    /// Tells where a window comes from.
    pub(super) fn origin_of(&self, window: Window) -> WindowOrigin {
        let standing = self.before.standing();
        let Some(min) = standing.frontier().time() else { return self.origin_of_first(window) };
        let Some(expected) = self.before.next_window(self.limit_days, self.now) else {
            return WindowOrigin::ThisRun;
        };
        let family = self.before.package.family;
        let end_by_limit = standing.end_by_limit(family, min, self.limit_days);
        if window.upper > end_by_limit {
            return WindowOrigin::AnotherRun;
        }
        let has_lower = window.lower == expected.lower || self.has_usual_lookback(window, min);
        if has_lower && standing.state.is_open_ended() && window.upper < self.now.min(end_by_limit) {
            // A clock ends a window at some microsecond, a limit after whole days.
            if let Some(days) = standing.limit_of(family, window) {
                return WindowOrigin::OtherLimit(days);
            }
        }
        if has_lower || window.upper == end_by_limit {
            return WindowOrigin::ThisRun;
        }
        if Some(window.lower) == self.before.package.settings.start_date || self.begins_as_before(window) {
            return WindowOrigin::StartedOver;
        }
        WindowOrigin::AnotherRun
    }

    /// The same without rows, or with a new model: every window begins at the start date.
    fn origin_of_first(&self, window: Window) -> WindowOrigin {
        let standing = self.before.standing();
        let usual = self.previous.filter(|previous| previous.min.is_none());
        let begin = self.before.package.settings.start_date.or(usual.map(|previous| previous.window.lower));
        if begin.is_some_and(|begin| !is_the_same_start(begin, window.lower)) {
            return WindowOrigin::AnotherRun;
        }
        let end_by_limit = standing.end_by_limit(self.before.package.family, window.lower, self.limit_days);
        let end_of_others = standing.span.map(|(_, max)| max);
        if window.upper > end_by_limit.min(end_of_others.unwrap_or(end_by_limit)) {
            return WindowOrigin::AnotherRun;
        }
        if standing.state.is_open_ended()
            && window.upper < self.now.min(end_by_limit)
            && let Some(days) = standing.limit_of(self.before.package.family, window)
        {
            return WindowOrigin::OtherLimit(days);
        }
        WindowOrigin::ThisRun
    }

    /// The project may set another lookback than is known here: it is the same in every run.
    fn has_usual_lookback(&self, window: Window, min: Timestamp) -> bool {
        let usual = self.previous.and_then(|previous| Some((previous.min?, previous.window.lower)));
        usual.is_some_and(|(min_before, lower)| min.since(window.lower) == min_before.since(lower))
    }

    /// A window that begins where the last one did, although the rows have moved.
    fn begins_as_before(&self, window: Window) -> bool {
        let min = self.before.standing().frontier().time();
        self.previous.is_some_and(|previous| previous.window.lower == window.lower && previous.min != min)
    }
}

/// A start date is read in the time zone of the warehouse's session, which is not known here.
fn is_the_same_start(begin: Timestamp, found: Timestamp) -> bool {
    const MOST_HOURS: i64 = 14;
    const STEP_MINUTES: i64 = 15;
    let apart = begin.since(found).abs();
    apart == TimeDelta::minutes(apart.num_minutes())
        && apart.num_minutes() % STEP_MINUTES == 0
        && apart <= TimeDelta::hours(MOST_HOURS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::snowplow::{Family, Row, Settings, TrackedPackage};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn window(lower: &str, upper: &str) -> Window {
        Window { lower: at(lower), upper: at(upper) }
    }

    /// The origin of a window after a run of 30 days, with one model's row at `row`.
    fn origin(row: Option<&str>, found: Window, previous: Option<PreviousWindow>) -> WindowOrigin {
        let package = TrackedPackage {
            name: "p".into(),
            family: Family::Session,
            models: vec!["a".into()],
            settings: Settings { start_date: Some(at("2020-01-01")), lookback_hours: 6 },
            load_family_heals: true,
        };
        let rows = row.map(|time| Row { model: "a".into(), last_success: Some(at(time)) }).into_iter();
        let before = PackageTables {
            package: Arc::new(package),
            has_manifest: true,
            rows: rows.collect(),
            window: None,
        };
        Expectation { before: &before, limit_days: 30, now: at("2021-01-01"), previous }.origin_of(found)
    }

    #[test]
    fn a_window_that_follows_from_rows_and_limit_is_of_this_run() {
        let row = Some("2020-03-01");
        assert_eq!(origin(row, window("2020-02-29 18:00", "2020-03-31"), None), WindowOrigin::ThisRun);
        // Cut by the package's own clock.
        assert_eq!(
            origin(row, window("2020-02-29 18:00", "2020-03-20 01:02:03"), None),
            WindowOrigin::ThisRun
        );
        // Another lookback than is known here, but the limit ends it to the microsecond.
        assert_eq!(origin(row, window("2020-02-28", "2020-03-31"), None), WindowOrigin::ThisRun);
        assert_eq!(origin(None, window("2020-01-01", "2020-01-31"), None), WindowOrigin::ThisRun);
        assert_eq!(origin(None, window("2020-01-01 02:00", "2020-01-31 02:00"), None), WindowOrigin::ThisRun);
    }

    #[test]
    fn the_window_of_a_first_run_begins_at_the_start_date() {
        for found in [
            window("2020-01-01 02:00:01", "2020-01-31"),
            // As another run leaves it once rows are there, before and at now.
            window("2020-02-29 18:00", "2020-03-31"),
            window("2020-12-20", "2021-01-01"),
            // The limit of this run cannot reach its end.
            window("2020-01-01", "2020-03-31"),
        ] {
            assert_eq!(origin(None, found, None), WindowOrigin::AnotherRun, "{found:?}");
        }
        assert_eq!(origin(None, window("2020-01-01", "2020-01-08"), None), WindowOrigin::OtherLimit(7));
    }

    #[test]
    fn a_lookback_that_was_seen_before_is_the_packages_own() {
        let previous = PreviousWindow {
            window: window("2020-02-03", "2020-03-06"),
            limit_days: 30,
            min: Some(at("2020-02-05")),
        };
        let found = window("2020-02-28", "2020-03-20 01:02:03");
        assert_eq!(origin(Some("2020-03-01"), found, Some(previous)), WindowOrigin::ThisRun);
        assert_eq!(origin(Some("2020-03-01"), found, None), WindowOrigin::AnotherRun);
    }

    #[test]
    fn a_window_from_the_start_date_in_spite_of_rows_is_a_new_beginning() {
        let row = Some("2020-01-20");
        assert_eq!(origin(row, window("2020-01-01", "2020-01-31"), None), WindowOrigin::StartedOver);
        let previous =
            PreviousWindow { window: window("2019-12-20", "2020-01-19"), limit_days: 30, min: None };
        let again = window("2019-12-20", "2020-01-19");
        assert_eq!(origin(row, again, Some(previous)), WindowOrigin::StartedOver);
    }

    #[test]
    fn a_window_of_fewer_whole_days_was_ended_by_another_limit() {
        let found = window("2020-02-29 18:00", "2020-03-08");
        assert_eq!(origin(Some("2020-03-01"), found, None), WindowOrigin::OtherLimit(7));
    }

    #[test]
    fn a_window_that_the_limit_cannot_reach_is_of_another_run() {
        let row = Some("2020-03-01");
        assert_eq!(origin(row, window("2020-02-29 18:00", "2020-05-30"), None), WindowOrigin::AnotherRun);
        assert_eq!(origin(row, window("2020-05-29 18:00", "2020-03-20"), None), WindowOrigin::AnotherRun);
    }
}
