//! What a run achieved, and the limit of the next one. Pure: no dbt, no clock, no output.

use std::sync::Arc;

use crate::event::{PackageRun, PackageState, RaiseReason};
use crate::snowplow::{
    Family, FirstEvent, Frontier, Observation, PackageTables, Progress, Standing, State, TrackedPackage,
    Window,
};
use crate::timestamp::Timestamp;
use crate::workspace::GoodPackageRun;

/// A package's part of a run that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The package.
    pub package: Arc<TrackedPackage>,
    /// Where it stood before.
    pub before: Standing,
    /// Where it stands now.
    pub after: Standing,
    /// The window that the package itself recorded.
    pub window: Window,
    /// What that means.
    pub progress: Progress,
}

impl Verdict {
    /// Judges a run of one package. `now` is the warehouse's clock, read before the run.
    ///
    /// Caught up means that nothing was left out: the window ended at now, in a state whose window ends at now, and every
    /// model has its row. That nothing changed is no sign of it, and neither is a `last_success` near now.
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
        Self { package, before, after, window, progress }
    }

    /// A package whose rows are what its last run found and left.
    fn unmoved(tables: &PackageTables, window: Window, progress: Progress) -> Self {
        let standing = tables.standing();
        Self { package: Arc::clone(&tables.package), before: standing, after: standing, window, progress }
    }

    /// Judges the last run of an earlier call by the window that it left behind, if the rows are still those that the window
    /// was worked out from: stalled where a limit ended the window, caught up (then) where something else did.
    /// None where the rows have moved on.
    #[must_use]
    pub fn of_last_run(tables: &PackageTables, window: Window, now: Timestamp) -> Option<Self> {
        let again = tables.next_window(1, now)?;
        let ended_by_limit =
            tables.standing().limit_of(tables.package.family, window).is_some() && window.upper < now;
        let progress = if ended_by_limit { Progress::Stalled } else { Progress::CaughtUp };
        (again.lower == window.lower).then(|| Self::unmoved(tables, window, progress))
    }

    /// Judges the last run of an earlier call, which is known to have been good. None where the tables are not as it left
    /// them, or where it is no reason to raise the limit: the package moved, or has more than `base` days to do since.
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
        self.progress == Progress::CaughtUp
            || self.after.frontier() >= Frontier::At(until)
            || (self.before.state.is_open_ended()
                && self.after.state == State::Standard
                && self.window.upper >= until)
    }

    /// What the next call is to know of it.
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

    /// Where this package's windows begin to count days from.
    fn origin(&self) -> Timestamp {
        match (self.before.state, self.before.span) {
            (State::Standard | State::OutOfSync, Some((min, _))) => min,
            _ => self.window.lower,
        }
    }

    /// Where no limit takes this package's window beyond, and whether the last window has ended there already.
    fn horizon(&self, now: Timestamp) -> (Timestamp, bool) {
        match (self.before.state, self.before.span) {
            (State::NewModel | State::OutOfSync, Some((_, max))) => (max, self.window.upper >= max),
            _ => (now, false),
        }
    }
}

/// A package that did not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// The package.
    pub package: Arc<TrackedPackage>,
    /// Where it stalled; none before its first event.
    pub at: Option<Timestamp>,
    /// From when on the next event is wanted.
    pub from: Timestamp,
    /// From when on the next event lies beyond the window that has just been processed.
    pub beyond: Timestamp,
    /// The most days that make a difference: they reach the horizon.
    pub most_days: u32,
    /// Its window ends at the position of its other models already; no limit helps.
    pub stuck: bool,
    standing: Standing,
    origin: Timestamp,
}

/// The stalls of a run, if nothing at all moved: a package that waits for another one has not stalled.
#[must_use]
pub fn stalls(verdicts: &[Verdict], now: Timestamp) -> Vec<Stall> {
    if verdicts.iter().any(|verdict| verdict.progress == Progress::Advanced) {
        return Vec::new();
    }
    let stalled = verdicts.iter().filter(|verdict| verdict.progress == Progress::Stalled);
    stalled.map(|verdict| Stall::of(verdict, now)).collect()
}

impl Stall {
    fn of(verdict: &Verdict, now: Timestamp) -> Self {
        let origin = verdict.origin();
        let (horizon, stuck) = verdict.horizon(now);
        let from = match verdict.before.frontier() {
            // The event at the frontier itself has been seen.
            Frontier::At(time) => time.plus_micros(1),
            Frontier::Nothing | Frontier::Start => origin,
        };
        let upper = verdict.window.upper;
        let beyond = match verdict.package.family {
            Family::Session => upper.plus_micros(1),
            // This family's windows end before their upper limit.
            Family::Load => upper,
        };
        Self {
            package: Arc::clone(&verdict.package),
            at: verdict.before.frontier().time(),
            from,
            beyond: beyond.max(from),
            // One more: now is later when the run gets there, and the load family's windows end before midnight.
            most_days: horizon.days_since_rounded_up(origin) + 1,
            stuck,
            standing: verdict.before,
            origin,
        }
    }
}

/// What the events relation says to a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// The first event after the frontier.
    pub next: FirstEvent,
    /// The first one beyond the window.
    pub beyond: FirstEvent,
}

/// What a stall needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The next run's limit.
    pub days: u32,
    /// Why.
    pub reason: RaiseReason,
}

impl Stall {
    /// The limit that takes this package on. `limit` is the one it stalled with, `base` the user's.
    ///
    /// A jump goes exactly over the gap: its window holds no more than `base` days of events.
    #[must_use]
    pub fn need(&self, outlook: Outlook, limit: u32, base: u32) -> Need {
        let double = Need { days: limit.saturating_mul(2), reason: RaiseReason::Doubled };
        let to_now = Need { days: self.reach(), reason: RaiseReason::NoLaterEvent };
        let jump = |event| self.days_to(event).saturating_add(base - 1);
        let wanted = match outlook.next {
            FirstEvent::Unknown => double,
            FirstEvent::None => to_now,
            FirstEvent::At(time) if time >= self.beyond => {
                Need { days: jump(time), reason: RaiseReason::Gap }
            }
            // An event that the last window held already was left out by a filter of the package, and whether the ones behind
            // are too is not known. Where there are none, there is nothing that a window to now could hold too much of.
            FirstEvent::At(_) => match outlook.beyond {
                FirstEvent::Unknown => double,
                FirstEvent::None => to_now,
                FirstEvent::At(time) => Need { days: double.days.max(jump(time)), ..double },
            },
        };
        let wanted = if wanted.days > limit { wanted } else { double };
        let most = if wanted.reason == RaiseReason::Gap { self.most_days } else { self.reach() };
        Need { days: wanted.days.min(most.max(limit.saturating_add(1))), ..wanted }
    }

    /// Days that reach the horizon, the same ones for long: beyond it they change nothing, and another limit every day would
    /// be another parse of the project every day.
    fn reach(&self) -> u32 {
        self.most_days.checked_next_power_of_two().unwrap_or(self.most_days)
    }

    fn days_to(&self, event: Timestamp) -> u32 {
        self.standing.days_to(self.package.family, self.origin, event)
    }

    /// What `most` (`--max-limit-days`) leaves of a need; none where that cannot help.
    #[must_use]
    pub fn allowed(&self, need: Need, first_event: FirstEvent, limit: u32, most: Option<u32>) -> Option<u32> {
        let most = match most {
            Some(most) if need.days > most => most,
            _ => return Some(need.days),
        };
        let helps = match need.reason {
            RaiseReason::Doubled => most > limit,
            RaiseReason::NoLaterEvent => most >= self.most_days,
            RaiseReason::Gap => first_event.time().is_some_and(|time| self.days_to(time) <= most),
        };
        helps.then_some(most)
    }
}

/// What the packages do next with a limit: the forecast of plans, and what a run is expected to do.
#[must_use]
pub fn states(observation: &Observation, limit_days: u32) -> Vec<PackageState> {
    let now = observation.now;
    let state = |tables: &PackageTables| {
        let (standing, settings) = (tables.standing(), &tables.package.settings);
        PackageState {
            package: tables.package.name.clone(),
            state: standing.state,
            frontier: match standing.frontier() {
                Frontier::Nothing | Frontier::Start => settings.start_date,
                Frontier::At(time) => Some(time),
            },
            window: tables.next_window(limit_days, now),
            runs_left: standing.runs_left(settings, limit_days, now),
        }
    };
    observation.packages.iter().map(state).collect()
}

/// The limit of a run that follows no stall: the user's, or less where `--until` is nearer.
#[must_use]
pub fn regular_limit(base: u32, until: Option<Timestamp>, states: &[PackageState]) -> u32 {
    let Some(until) = until else { return base };
    let days = |state: &PackageState| state.frontier.map(|frontier| until.days_since_rounded_up(frontier));
    match states.iter().map(days).collect::<Option<Vec<_>>>().and_then(|days| days.into_iter().max()) {
        Some(days) => days.clamp(1, base),
        None => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snowplow::{Row, Settings};

    const NOW: &str = "2021-01-01";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn tables(rows: &[(&str, &str)]) -> PackageTables {
        let package = TrackedPackage {
            name: "p".into(),
            family: Family::Session,
            models: ["a", "b"].map(str::to_owned).to_vec(),
            settings: Settings { start_date: None, lookback_hours: 6 },
            load_family_heals: true,
        };
        let rows = rows
            .iter()
            .map(|(model, time)| Row { model: (*model).to_owned(), last_success: Some(at(time)) })
            .collect();
        PackageTables { package: Arc::new(package), has_manifest: true, rows, window: None }
    }

    fn verdict(before: &[(&str, &str)], after: &[(&str, &str)], window: (&str, &str)) -> Verdict {
        let window = Window { lower: at(window.0), upper: at(window.1) };
        Verdict::of(&tables(before), &tables(after), window, at(NOW))
    }

    fn both(time: &str) -> [(&str, &str); 2] {
        [("a", time), ("b", time)]
    }

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

    fn stall(before: &[(&str, &str)], window: (&str, &str)) -> Stall {
        let found = stalls(&[verdict(before, before, window)], at(NOW));
        found.into_iter().next().expect("a stall")
    }

    /// The events relation has its next event here, and others behind it.
    fn next(time: &str) -> Outlook {
        Outlook { next: FirstEvent::At(at(time)), beyond: FirstEvent::At(at(time)) }
    }

    const UNKNOWN: Outlook = Outlook { next: FirstEvent::Unknown, beyond: FirstEvent::Unknown };
    const NONE: Outlook = Outlook { next: FirstEvent::None, beyond: FirstEvent::None };

    #[test]
    fn a_jump_goes_exactly_over_the_gap() {
        let stall = stall(&both("2020-03-01 12:00:00"), ("2020-03-01 06:00:00", "2020-03-31 12:00:00"));
        assert_eq!(stall.from, at("2020-03-01 12:00:00.000001"));
        let need = stall.need(next("2020-09-17 13:00:00"), 30, 30);
        assert_eq!(need, Need { days: 200 + 30, reason: RaiseReason::Gap });
        // The window then ends at most 30 days after the first event behind the gap, and holds that event.
        let upper = at("2020-03-01 12:00:00").plus_days(need.days);
        assert!(upper >= at("2020-09-17 13:00:00") && upper <= at("2020-09-17 13:00:00").plus_days(30));
        assert_eq!(stall.need(next("2020-04-05"), 1, 1).days, 34 + 1);
    }

    #[test]
    fn without_an_answer_the_limit_doubles_until_it_reaches_now() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        assert_eq!(stall.most_days, 307);
        let doubled = |days| Need { days, reason: RaiseReason::Doubled };
        assert_eq!(stall.need(UNKNOWN, 30, 30), doubled(60));
        assert_eq!(stall.need(UNKNOWN, 240, 30), doubled(480));
        assert_eq!(stall.need(UNKNOWN, 300, 30), doubled(512));
        let to_now = Need { days: 512, reason: RaiseReason::NoLaterEvent };
        assert_eq!(stall.need(NONE, 30, 30), to_now);
    }

    #[test]
    fn an_event_that_the_package_leaves_out_is_no_end_of_a_gap() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        assert_eq!(stall.beyond, at("2020-03-31 00:00:00.000001"));
        let left_out = |beyond| Outlook { next: FirstEvent::At(at("2020-03-02")), beyond };
        let doubled = |days| Need { days, reason: RaiseReason::Doubled };
        assert_eq!(stall.need(left_out(FirstEvent::Unknown), 30, 30), doubled(60));
        assert_eq!(stall.need(left_out(FirstEvent::At(at("2020-04-01"))), 30, 30), doubled(31 + 29));
        assert_eq!(stall.need(left_out(FirstEvent::At(at("2020-05-30"))), 30, 30), doubled(90 + 29));
        // Nothing behind it: the window to now holds nothing that was not seen already.
        let to_now = Need { days: 512, reason: RaiseReason::NoLaterEvent };
        assert_eq!(stall.need(left_out(FirstEvent::None), 30, 30), to_now);
    }

    #[test]
    fn the_users_bound_is_used_where_it_helps() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        let gap = FirstEvent::At(at("2020-04-20"));
        let need = stall.need(next("2020-04-20"), 30, 30);
        assert_eq!(need.days, 50 + 29);
        assert_eq!(stall.allowed(need, gap, 30, None), Some(79));
        assert_eq!(stall.allowed(need, gap, 30, Some(60)), Some(60));
        assert_eq!(stall.allowed(need, gap, 30, Some(49)), None);
        let doubled = stall.need(UNKNOWN, 30, 30);
        assert_eq!(stall.allowed(doubled, FirstEvent::Unknown, 30, Some(45)), Some(45));
        assert_eq!(stall.allowed(doubled, FirstEvent::Unknown, 45, Some(45)), None);
        let to_now = stall.need(NONE, 30, 30);
        assert_eq!(stall.allowed(to_now, FirstEvent::None, 30, Some(306)), None);
        assert_eq!(stall.allowed(to_now, FirstEvent::None, 30, Some(307)), Some(307));
    }

    #[test]
    fn a_first_run_asks_from_the_start_date_on() {
        let stall = stall(&[], ("2020-01-01", "2020-01-31"));
        assert_eq!((stall.from, stall.stuck), (at("2020-01-01"), false));
        assert_eq!(stall.need(next("2020-03-01 10:00"), 30, 30).days, 60 + 30);
    }

    #[test]
    fn behind_its_other_models_a_package_can_be_stuck() {
        let rows = [("a", "2020-03-01"), ("b", "2020-03-02")];
        assert!(stall(&rows, ("2020-02-29", "2020-03-02")).stuck);
        let far = [("a", "2020-03-01"), ("b", "2020-08-02")];
        let stall = stall(&far, ("2020-02-29", "2020-03-31"));
        assert_eq!((stall.stuck, stall.most_days), (false, 155));
    }

    #[test]
    fn a_package_that_waits_for_another_is_no_stall() {
        let window = ("2020-03-01", "2020-04-01");
        let moved = verdict(&both("2020-03-01"), &both("2020-03-31"), window);
        let stays = verdict(&both("2020-03-01"), &both("2020-03-01"), window);
        assert_eq!(stalls(&[moved, stays.clone()], at(NOW)), []);
        assert_eq!(stalls(&[stays.clone(), stays], at(NOW)).len(), 2);
    }

    #[test]
    fn until_is_reached_by_the_frontier_or_by_an_empty_window() {
        let window = ("2020-03-01", "2020-04-01");
        let reached = |before: &[_], after: &[_], until| verdict(before, after, window).reached(at(until));
        assert!(reached(&both("2020-03-01"), &both("2020-03-20"), "2020-03-20"));
        assert!(reached(&both("2020-03-01"), &both("2020-03-20"), "2020-03-31"));
        assert!(!reached(&both("2020-03-01"), &both("2020-03-20"), "2020-04-02"));
        let syncing = [("a", "2020-03-01"), ("b", "2020-04-01")];
        assert!(!reached(&syncing, &[("a", "2020-03-20"), ("b", "2020-04-01")], "2020-03-31"));
    }

    #[test]
    fn until_shortens_the_last_window() {
        let state = |frontier: Option<&str>| PackageState {
            package: "p".into(),
            state: State::Standard,
            frontier: frontier.map(at),
            window: None,
            runs_left: None,
        };
        let known = [state(Some("2020-03-01")), state(Some("2020-03-02"))];
        for (until, days) in [("2020-03-11 01:00", 11), ("2020-12-01", 30), ("2020-03-01", 1)] {
            assert_eq!(regular_limit(30, Some(at(until)), &known), days, "{until}");
        }
        assert_eq!(regular_limit(30, None, &known), 30);
        assert_eq!(regular_limit(30, Some(at("2020-03-11")), &[state(None)]), 30);
    }
}
