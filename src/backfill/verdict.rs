//! What a run achieved for each package. Pure: no dbt, no clock, no output.

use std::sync::Arc;

use super::window_origin::PreviousWindow;
use crate::event::PackageRun;
use crate::snowplow::{Frontier, PackageTables, Progress, Standing, State, TrackedPackage, Window};
use crate::timestamp::Timestamp;
use crate::workspace::GoodPackageRun;

/// How far the clock of a package can be behind the warehouse's: some leave out the last days, which are not complete.
const MOST_DAYS_BEHIND: i64 = 7;

/// A package's part of a run that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub package: Arc<TrackedPackage>,
    /// Where it stood before.
    pub before: Standing,
    /// Where it stands now.
    pub after: Standing,
    /// The window that the package itself recorded.
    pub window: Window,
    pub progress: Progress,
    /// Whether the window proves it.
    pub evidence: Evidence,
}

/// Whether a package recorded a window that is the one of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It did.
    OwnWindow,
    /// It did not, or that cannot be told: nothing follows from the window.
    Missing,
}

impl Verdict {
    /// Judges a run of one package. `now` is the warehouse's clock, read before the run.
    ///
    /// Caught up means that nothing was left out: the window ended at now, in a state whose window ends at
    /// now, and every model has its row. Neither an unchanged frontier nor a `last_success` near now proves
    /// it.
    #[must_use]
    pub fn of(before: &PackageTables, after: &PackageTables, window: Window, now: Timestamp) -> Self {
        let package = Arc::clone(&after.package);
        let (before, after) = (before.standing(), after.standing());
        // Without a single event no row is ever written.
        let in_step = after.state == State::Standard
            || (before.state == State::FirstRun && after.state == State::FirstRun);
        let progress = if before.state.is_open_ended() && in_step && window.upper >= now {
            Progress::CaughtUp
        } else if after.frontier() > before.frontier() {
            Progress::Advanced
        } else {
            Progress::Stalled
        };
        Self { package, before, after, window, progress, evidence: Evidence::OwnWindow }
    }

    /// The same, judged by the rows alone: nothing is caught up without evidence.
    pub(super) fn without_evidence(self) -> Self {
        let has_moved = self.after.frontier() > self.before.frontier();
        let progress = if has_moved { Progress::Advanced } else { Progress::Stalled };
        Self { progress, evidence: Evidence::Missing, ..self }
    }

    /// Whether a clock of the package ended the window, which is behind the warehouse's: it did not move, and more days do
    /// not move the end of its window.
    pub(super) fn ended_at_its_own_clock(
        &self,
        this: PreviousWindow,
        previous: Option<PreviousWindow>,
        now: Timestamp,
    ) -> bool {
        let is_open = self.before.state.is_open_ended() && self.after.state.is_open_ended();
        // No clock is so far behind: something else ends the windows, and events are left out.
        let is_too_far = now.since(self.window.upper).num_days() >= MOST_DAYS_BEHIND;
        if self.progress != Progress::Stalled || !is_open || is_too_far || self.window.upper >= now {
            return false;
        }
        let end = self.before.end_by_limit(self.package.family, self.origin(), this.limit_days);
        // More days than needed to reach now change nothing.
        if self.window.upper < end && end >= now {
            return true;
        }
        previous.is_some_and(|previous| {
            let more_days = i64::from(this.limit_days) - i64::from(previous.limit_days);
            let moved = self.window.upper.since(previous.window.upper);
            previous.min == this.min && more_days > 0 && moved.num_hours() < 12 * more_days
        })
    }

    /// A package whose rows did not change in its last run.
    fn unmoved(tables: &PackageTables, window: Window, progress: Progress) -> Self {
        let standing = tables.standing();
        let package = Arc::clone(&tables.package);
        let evidence = Evidence::OwnWindow;
        Self { package, before: standing, after: standing, window, progress, evidence }
    }

    /// What a first window without any event would show. None if the package has begun, if its window is not known, or if
    /// no limit would make it longer.
    #[must_use]
    pub(super) fn of_empty_start(tables: &PackageTables, limit_days: u32, now: Timestamp) -> Option<Self> {
        let window = tables.next_window(limit_days, now).filter(|_| tables.standing().state.begins())?;
        let stalled = Self::unmoved(tables, window, Progress::Stalled);
        let (horizon, is_there) = stalled.horizon(now);
        (window.upper < horizon && !is_there).then_some(stalled)
    }

    /// Judges the last run of an earlier call by the window that it left behind: stalled if a limit ended the
    /// window, caught up (at that time) if something else did. None if the rows are no longer those that the
    /// window was worked out from.
    #[must_use]
    pub fn of_last_run(tables: &PackageTables, window: Window, now: Timestamp) -> Option<Self> {
        let again = tables.next_window(1, now)?;
        let ended_by_limit =
            tables.standing().limit_of(tables.package.family, window).is_some() && window.upper < now;
        let progress = if ended_by_limit { Progress::Stalled } else { Progress::CaughtUp };
        (again.lower == window.lower).then(|| Self::unmoved(tables, window, progress))
    }

    /// Judges the last run of an earlier call, which is known to have been good. None if the tables changed
    /// since, or if the run is no reason to raise the limit: the package moved, or has more than `base` days
    /// to do since.
    #[must_use]
    pub fn of_good_run(
        last: &GoodPackageRun,
        tables: &PackageTables,
        now: Timestamp,
        base: u32,
    ) -> Option<Self> {
        let standing = tables.standing();
        let GoodPackageRun { window, frontier, progress, .. } = *last;
        let same = tables.window == Some(window) && standing.frontier().time() == frontier;
        match progress {
            Progress::Advanced => None,
            Progress::Stalled => {
                Self::of_last_run(tables, window, now).filter(|verdict| same && verdict.progress == progress)
            }
            Progress::CaughtUp => {
                let next = tables.next_window(base, now)?;
                let little = next.upper >= now || (same && now <= window.upper.plus_days(base));
                (standing.state.is_open_ended() && little).then(|| Self::unmoved(tables, window, progress))
            }
        }
    }

    /// Whether everything up to `until` has been processed.
    #[must_use]
    pub fn reached(&self, until: Timestamp) -> bool {
        // Without an event, models that begin get no row. All others have one.
        let is_empty_beginning = self.before.state.begins() && self.after.state == self.before.state;
        let has_rows = !self.after.state.begins();
        self.progress == Progress::CaughtUp
            || self.after.frontier() >= Frontier::At(until)
            || (self.evidence == Evidence::OwnWindow
                && (has_rows || is_empty_beginning)
                && self.window.upper >= until)
    }

    /// Whether the package decides how the backfill goes on. One that has reached `--until` goes on with the runs that the others
    /// need, and is no progress of theirs.
    pub(super) fn is_open(&self, until: Option<Timestamp>) -> bool {
        until.is_none_or(|until| !self.reached(until))
    }

    /// What is kept for the next call.
    #[must_use]
    pub fn to_good_run(&self) -> GoodPackageRun {
        GoodPackageRun {
            package: self.package.name.clone(),
            window: self.window,
            frontier: self.after.frontier().time(),
            progress: self.progress,
        }
    }

    /// As an event tells it.
    #[must_use]
    pub fn to_event(&self) -> PackageRun {
        PackageRun {
            package: self.package.name.clone(),
            state: self.before.state,
            window: self.window,
            before: self.before.frontier().time(),
            after: self.after.frontier().time(),
            progress: self.progress,
        }
    }

    /// The time from which this package's windows count their days.
    pub(super) fn origin(&self) -> Timestamp {
        match (self.before.state, self.before.span) {
            (State::Standard | State::OutOfSync, Some((min, _))) => min,
            _ => self.window.lower,
        }
    }

    /// The latest time at which this package's window can end, whatever the limit, and whether the last
    /// window ended there.
    pub(super) fn horizon(&self, now: Timestamp) -> (Timestamp, bool) {
        match (self.before.state, self.before.span) {
            (State::NewModel | State::OutOfSync, Some((_, max))) => (max, self.window.upper >= max),
            _ => (now, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, both, verdict};
    use super::*;

    #[test]
    fn caught_up_is_a_window_that_ends_at_now_in_an_open_ended_state() {
        let window = ("2020-12-01", "2021-01-01 00:00:03");
        assert_eq!(verdict(&both("2020-12-02"), &both("2020-12-31"), window).progress, Progress::CaughtUp);
        assert_eq!(verdict(&both("2020-12-02"), &both("2020-12-02"), window).progress, Progress::CaughtUp);
        assert_eq!(verdict(&[], &both("2020-12-02"), window).progress, Progress::CaughtUp);
        assert_eq!(verdict(&[], &[], window).progress, Progress::CaughtUp);

        assert_ne!(verdict(&both("2020-12-02"), &[], window).progress, Progress::CaughtUp);
        let out_of_sync = [("a", "2020-12-02"), ("b", "2022-01-01")];
        assert_ne!(verdict(&out_of_sync, &both("2022-01-01"), window).progress, Progress::CaughtUp);
        let row_missing = [("a", "2020-12-31")];
        assert_ne!(verdict(&[], &row_missing, window).progress, Progress::CaughtUp);
        let earlier = ("2020-12-01", "2020-12-31 23:59:59.999999");
        assert_eq!(verdict(&both("2020-12-02"), &both("2020-12-31"), earlier).progress, Progress::Advanced);
    }

    #[test]
    fn progress_is_a_frontier_that_moved() {
        let window = ("2020-03-01", "2020-04-01");
        assert_eq!(verdict(&both("2020-03-01"), &both("2020-03-31"), window).progress, Progress::Advanced);
        assert_eq!(verdict(&both("2020-03-01"), &both("2020-03-01"), window).progress, Progress::Stalled);
        assert_eq!(verdict(&[], &[], window).progress, Progress::Stalled);
        assert_eq!(
            verdict(&[("a", "2020-05-01")], &[("a", "2020-05-01")], window).progress,
            Progress::Stalled
        );
        let started = [("a", "2020-05-01"), ("b", "2020-03-02")];
        assert_eq!(verdict(&[("a", "2020-05-01")], &started, window).progress, Progress::Advanced);
    }

    #[test]
    fn until_is_reached_by_the_frontier_or_by_an_empty_window() {
        let window = ("2020-03-01", "2020-04-01");
        let reached = |before: &[_], after: &[_], until| verdict(before, after, window).reached(at(until));
        assert!(reached(&both("2020-03-01"), &both("2020-03-20"), "2020-03-20"));
        assert!(reached(&both("2020-03-01"), &both("2020-03-20"), "2020-03-31"));
        assert!(!reached(&both("2020-03-01"), &both("2020-03-20"), "2020-04-02"));
        let syncing = [("a", "2020-03-01"), ("b", "2020-04-01")];
        // Models out of step, too: the window begins where the last of them is.
        assert!(reached(&syncing, &[("a", "2020-03-20"), ("b", "2020-04-01")], "2020-03-31"));
        // Models that begin and find no event up to there.
        for rows in [&[][..], &[("a", "2020-04-01")]] {
            assert!(reached(rows, rows, "2020-04-01") && !reached(rows, rows, "2020-04-02"));
        }
        assert!(!reached(&[], &[("a", "2020-03-20")], "2020-04-01"));
    }

    #[test]
    fn a_clock_of_a_package_is_less_than_a_week_behind() {
        let rows = both("2020-12-10 00:00:00.5");
        for (end, is_clock) in [
            ("2020-12-31 12:00", true),
            ("2020-12-26", true),
            ("2020-12-25 00:00:00.000001", true),
            ("2020-12-25", false),
            ("2020-12-24", false),
        ] {
            let verdict = verdict(&rows, &rows, ("2020-12-09 18:00:00.5", end));
            let before = |limit_days| PreviousWindow {
                window: verdict.window,
                limit_days,
                min: verdict.before.frontier().time(),
            };
            let ended = |this, previous| verdict.ended_at_its_own_clock(before(this), previous, at(NOW));
            // A limit that reaches now, and one that moved nothing although it is larger than the one before.
            assert_eq!(ended(30, None), is_clock, "{end}");
            assert_eq!(ended(20, Some(before(16))), is_clock, "{end}");
        }
    }
}
