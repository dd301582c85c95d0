//! Judges a run: what it achieved for each package, and whether it began where the run before it ended.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context, Result};

use super::preflight;
use super::verdict::{Evidence, Verdict};
use super::window_origin::{Expectation, PreviousWindow, WindowOrigin};
use crate::failure::Refusal;
use crate::snowplow::{Observation, PackageTables, Progress, Window};
use crate::timestamp::Timestamp;

/// How many runs may leave it open whose window they recorded, while nothing moves.
const MOST_UNCLEAR: u32 = 3;

/// What earlier runs of this backfill showed.
#[derive(Debug, Default)]
pub(super) struct Trail {
    /// `--until`.
    until: Option<Timestamp>,
    /// The last window of each package.
    windows: HashMap<String, PreviousWindow>,
    /// Packages whose slow clock was told.
    slow: HashSet<String>,
    /// Runs without evidence of their own since something moved.
    unclear: u32,
    /// Runs in a row that moved nothing.
    idle: u32,
}

/// A run that was judged.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) verdicts: Vec<Verdict>,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
    /// Why the backfill must not continue.
    pub(super) refusal: Option<Refusal>,
}

impl Trail {
    /// That of a backfill that goes on until a time, or to the end.
    pub(super) fn new(until: Option<Timestamp>) -> Self {
        Self { until, ..Self::default() }
    }

    /// Judges a run of a limit by the tables before and after it.
    ///
    /// # Errors
    /// A package recorded no window.
    pub(super) fn judge(
        &mut self,
        before: &Observation,
        after: &Observation,
        limit_days: u32,
    ) -> Result<Judgement> {
        let mut judgement = Judgement { verdicts: Vec::new(), warnings: Vec::new(), refusal: None };
        for new in &after.packages {
            let name = &new.package.name;
            let old = before.package(name).with_context(|| format!("{name} was not read before the run"))?;
            let window = new.window.with_context(|| {
                format!("the run was good, but the limits table of {name} holds no window")
            })?;
            judgement.refuse(preflight::duplicates(new));
            judgement.refuse(lost_progress(old, new));
            self.judge_package(old, new, (window, limit_days), before.now, &mut judgement);
        }
        judgement.refuse(self.count(&judgement.verdicts, before.now));
        Ok(judgement)
    }

    fn judge_package(
        &mut self,
        old: &PackageTables,
        new: &PackageTables,
        (window, limit_days): (Window, u32),
        now: Timestamp,
        judgement: &mut Judgement,
    ) {
        let name = &new.package.name;
        let min = old.standing().frontier().time();
        let previous = self.windows.get(name).copied();
        let expectation = Expectation { before: old, limit_days, now, previous };
        let verdict = Verdict::of(old, new, window, now);
        let origin = expectation.origin_of(window);
        judgement.refuse(replaced_events(old, new, (window, origin), old.next_window(limit_days, now), now));
        let verdict = match origin {
            WindowOrigin::StartedOver => {
                judgement.refuse(Some(started_over(name, window, min)));
                verdict.without_evidence()
            }
            WindowOrigin::AnotherRun => {
                judgement.warnings.push(another_run(name, window));
                let expected = old.next_window(limit_days, now).unwrap_or(window);
                Verdict::of(old, new, expected, now).without_evidence()
            }
            WindowOrigin::OtherLimit(days) if verdict.progress != Progress::Advanced => {
                judgement.warnings.push(other_limit(name, window, days, limit_days));
                verdict.without_evidence()
            }
            WindowOrigin::ThisRun | WindowOrigin::OtherLimit(_) => {
                judgement.refuse(ahead_of_window(old, window, now));
                let this = PreviousWindow { window, limit_days, min };
                self.windows.insert(name.clone(), this);
                if verdict.ended_at_its_own_clock(this, previous, now) {
                    if self.slow.insert(name.clone()) {
                        judgement.warnings.push(slow_clock(name, window, now));
                    }
                    Verdict { progress: Progress::CaughtUp, ..verdict }
                } else {
                    verdict
                }
            }
        };
        judgement.verdicts.push(verdict);
    }

    /// Keeps the number of runs bounded that achieve nothing.
    fn count(&mut self, verdicts: &[Verdict], now: Timestamp) -> Option<Refusal> {
        let has_moved = verdicts
            .iter()
            .any(|verdict| verdict.progress == Progress::Advanced && verdict.is_open(self.until));
        let unclear = verdicts.iter().find(|verdict| verdict.evidence == Evidence::Missing);
        self.idle = if has_moved { 0 } else { self.idle + 1 };
        // Not in a row where a run between them moved nothing, either: the limit goes up and down then.
        self.unclear = if has_moved { 0 } else { self.unclear + u32::from(unclear.is_some()) };
        if let Some(Verdict { package, .. }) = unclear.filter(|_| self.unclear >= MOST_UNCLEAR) {
            return Some(Refusal(format!(
                "nothing moves, and in {MOST_UNCLEAR} runs the limits table of {} did not hold their window. Something \
                 else runs these models, or the package does not use snowplow__backfill_limit_days. Stop the other runs, \
                 then run the same command again",
                package.name
            )));
        }
        let most = most_idle(verdicts, now);
        (self.idle > most).then(|| {
            Refusal(format!(
                "{} runs in a row moved nothing. Look at the windows of these runs in the journal, and at the \
                 filters of the package",
                self.idle
            ))
        })
    }
}

impl Judgement {
    /// Keeps the first reason to refuse.
    fn refuse(&mut self, reason: Option<Refusal>) {
        if self.refusal.is_none() {
            self.refusal = reason;
        }
    }
}

/// How many runs in a row may move nothing: a stall raises the limit, and every second raise at least doubles it, until
/// it reaches as many days as the history has.
fn most_idle(verdicts: &[Verdict], now: Timestamp) -> u32 {
    let days = verdicts.iter().map(|verdict| now.days_since_rounded_up(verdict.origin())).max().unwrap_or(0);
    2 * (u32::BITS - days.leading_zeros()) + 4
}

/// What one run left, the next one starts from: no run moves a row back or removes it.
fn lost_progress(old: &PackageTables, new: &PackageTables) -> Option<Refusal> {
    let lost = old.rows.iter().filter(|row| old.package.tracks(&row.model)).filter_map(|row| {
        let before = row.last_success?;
        match new.rows.iter().find(|other| other.model == row.model) {
            None => Some(format!("the row of {} is gone", row.model)),
            Some(other) => {
                let now = other.last_success.filter(|now| *now < before)?;
                Some(format!("{} went back from {before} to {now}", row.model))
            }
        }
    });
    let lost: Vec<_> = lost.collect();
    (!lost.is_empty()).then(|| {
        Refusal(format!(
            "the incremental manifest of {} lost what an earlier run had recorded: {}. {CAUSES}",
            new.package.name,
            lost.join(", ")
        ))
    })
}

/// Rows after now that the window of the run did not reach: not even the package's own clock has got there, and the
/// run processed nothing.
fn ahead_of_window(old: &PackageTables, window: Window, now: Timestamp) -> Option<Refusal> {
    let standing = old.standing();
    let from = standing.frontier().time()?;
    let ahead = preflight::rows_after(old, window.upper);
    (standing.state.is_open_ended() && from > now && window.upper < from).then(|| {
        preflight::ahead_of_clock(old, &ahead, &format!("the window of the run ended at {}", window.upper))
    })
}

/// A row that moved beyond the window of this run, although no run went on from there: another run replaced the
/// package's events while this one was building its models. They miss the events in between.
fn replaced_events(
    old: &PackageTables,
    new: &PackageTables,
    (found, origin): (Window, WindowOrigin),
    expected: Option<Window>,
    now: Timestamp,
) -> Option<Refusal> {
    let own = if origin == WindowOrigin::AnotherRun { expected? } else { found };
    // The clock goes on while a run lasts, and with it the end of such a window.
    let is_open = own.upper >= now;
    let goes_on = origin == WindowOrigin::AnotherRun && found.lower <= own.upper;
    if is_open || goes_on {
        return None;
    }
    let moved = new.rows.iter().filter(|row| new.package.tracks(&row.model)).find(|row| {
        let before = old.rows.iter().find(|other| other.model == row.model).and_then(|it| it.last_success);
        row.last_success > before && row.last_success > Some(own.upper)
    })?;
    let at = moved.last_success.map(|time| time.to_string()).unwrap_or_default();
    Some(Refusal(format!(
        "{} was recorded at {at}, after the window of this run, {} to {}: another run replaced the events of {} while \
         this one was building its models, so they miss events. Stop the other runs, then run the same command \
         with --remove-from-manifest {}",
        moved.model, own.lower, own.upper, new.package.name, moved.model
    )))
}

/// Why a run can begin anew, and what to do about it.
const CAUSES: &str = "Runs of this backfill do not do that. Either the project sets snowplow__allow_refresh or \
                      models_to_remove, so that every run starts over, or something else changed the table. Remove the \
                      cause, then run the same command again";

fn started_over(package: &str, window: Window, min: Option<Timestamp>) -> Refusal {
    let recorded = min.map_or(String::new(), |min| format!(" up to {min}"));
    Refusal(format!(
        "{package} started over: its window begins at {}, although its incremental manifest had recorded events{recorded} \
         before the run. {CAUSES}",
        window.lower
    ))
}

fn another_run(package: &str, window: Window) -> String {
    format!(
        "the limits table of {package} holds the window of another run, {} to {}: something else runs these models at the \
         same time. This backfill does not count that window",
        window.lower, window.upper
    )
}

fn other_limit(package: &str, window: Window, days: u32, limit_days: u32) -> String {
    format!(
        "the window of {package} ends at {}, after {days} days, although the limit of this run was {limit_days} days: it is \
         the window of another run, or the package does not use the limit",
        window.upper
    )
}

fn slow_clock(package: &str, window: Window, now: Timestamp) -> String {
    let seconds = u64::try_from(now.since(window.upper).num_seconds()).unwrap_or(0);
    format!(
        "the windows of {package} end at {}, whatever the limit, and the warehouse's clock says {now}: the package's own \
         clock is {} behind. It is up to date to that clock",
        window.upper,
        humantime::format_duration(Duration::from_secs(seconds))
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, both, tables};
    use super::*;

    /// A run of 30 days, by the rows before and after it and the window that the limits table holds then.
    fn judged(before: &[(&str, &str)], after: &[(&str, &str)], window: (&str, &str)) -> Judgement {
        let observed = |tables| Observation { now: at(NOW), packages: vec![tables] };
        let window = Some(Window { lower: at(window.0), upper: at(window.1) });
        let after = PackageTables { window, ..tables(after) };
        Trail::default().judge(&observed(tables(before)), &observed(after), 30).expect("a judgement")
    }

    fn refusal(before: &[(&str, &str)], after: &[(&str, &str)], window: (&str, &str)) -> Option<String> {
        judged(before, after, window).refusal.map(|Refusal(reason)| reason)
    }

    /// What a run of 30 days after rows of this day records by itself.
    const BEFORE: &str = "2020-03-01";
    const OWN: (&str, &str) = ("2020-02-29 18:00", "2020-03-31");

    #[test]
    fn a_row_beyond_the_window_of_its_run_is_refused() {
        for (after, model, window) in [
            (both("2020-04-20"), "a", OWN),
            ([("a", "2020-03-30"), ("b", "2020-03-31 00:00:00.000001")], "b", OWN),
            // The window of the run that replaced the events, which begins after the end of this one.
            (both("2020-04-20"), "a", ("2020-04-15", "2020-05-15")),
        ] {
            let reason = refusal(&both(BEFORE), &after, window).expect(model);
            assert!(reason.starts_with(&format!("{model} was recorded at ")), "{reason}");
            assert!(reason.contains("the window of this run, 2020-02-29"), "{reason}");
            assert!(reason.ends_with(&format!("--remove-from-manifest {model}")), "{reason}");
        }
    }

    #[test]
    fn a_row_beyond_the_window_that_did_not_move_is_no_reason_to_refuse() {
        assert_eq!(refusal(&both(BEFORE), &both("2020-03-31"), OWN), None);
        let ahead = [("a", BEFORE), ("b", "2020-08-02")];
        assert_eq!(refusal(&ahead, &[("a", "2020-03-30"), ("b", "2020-08-02")], OWN), None);
        // No tracked model of this selection.
        let other = [("a", "2020-03-30"), ("b", "2020-03-30"), ("c", "2020-04-20")];
        assert_eq!(refusal(&both(BEFORE), &other, OWN), None);
    }

    /// The package looks at the clock later than the query before the run did.
    #[test]
    fn a_window_that_is_open_at_now_holds_what_is_recorded_after_it() {
        let window = ("2020-12-19 18:00", "2021-01-01 00:00:03");
        assert_eq!(refusal(&both("2020-12-20"), &both("2021-01-01 00:00:05"), window), None);
    }

    #[test]
    fn another_run_that_goes_on_from_the_window_of_this_one_left_nothing_out() {
        let Judgement { refusal, warnings, .. } =
            judged(&both(BEFORE), &both("2020-04-20"), ("2020-03-30 18:00", "2020-04-29"));
        assert!(refusal.is_none(), "{refusal:?}");
        assert!(warnings.len() == 1 && warnings[0].contains("the window of another run"), "{warnings:?}");
    }

    #[test]
    fn rows_that_not_even_the_packages_clock_has_reached_are_refused() {
        let rows = both("2021-01-01 05:00");
        let reason = refusal(&rows, &rows, ("2020-12-31 23:00", "2021-01-01 00:00:07")).expect("a refusal");
        assert!(reason.contains("by a, b up to 2021-01-01 05:00:00, and the window"), "{reason}");
        assert!(reason.contains("the window of the run ended at 2021-01-01 00:00:07"), "{reason}");
        // Its clock is that of another time zone.
        assert_eq!(refusal(&rows, &rows, ("2020-12-31 23:00", "2021-01-01 05:30")), None);
        // Its clock is behind since now, and what was processed before is right.
        let rows = both("2020-12-31 23:00");
        assert_eq!(refusal(&rows, &rows, ("2020-12-31 17:00", "2020-12-31 20:00:07")), None);
    }

    #[test]
    fn a_clock_that_is_days_behind_is_told() {
        let (before, window) = (both("2020-12-10"), ("2020-12-09 18:00", "2020-12-26 01:02:03"));
        let Judgement { verdicts, warnings, refusal } = judged(&before, &before, window);
        assert_eq!((verdicts[0].progress, refusal.is_none()), (Progress::CaughtUp, true));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("the package's own clock is 5days 22h 57m 57s behind"), "{warnings:?}");
    }

    #[test]
    fn windows_that_end_more_than_a_week_ago_are_not_ended_by_a_clock() {
        let (before, window) = (both("2020-12-10"), ("2020-12-09 18:00", "2020-12-24 01:02:03"));
        let Judgement { verdicts, warnings, refusal } = judged(&before, &before, window);
        assert_eq!((verdicts[0].progress, refusal.is_none()), (Progress::Stalled, true));
        assert_eq!(warnings, Vec::<String>::new());
    }
}
