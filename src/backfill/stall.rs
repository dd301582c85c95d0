//! Packages that did not move, and the limit that gets them over it. Pure.

use std::sync::Arc;

use super::verdict::{Evidence, Verdict};
use crate::event::RaiseReason;
use crate::snowplow::{Family, FirstEvent, Frontier, Progress, Standing, State, TrackedPackage};
use crate::timestamp::Timestamp;

/// A package that did not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    pub package: Arc<TrackedPackage>,
    /// Where it stalled; none before its first event.
    pub at: Option<Timestamp>,
    /// The next event is looked for from this time on.
    pub from: Timestamp,
    /// An event from this time on lies beyond the window that has just been processed.
    pub beyond: Timestamp,
    /// The largest limit that makes a difference: its window ends as late as a window can.
    pub most_days: u32,
    /// No limit helps: its window already ends where its other models are.
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
    let stalled = verdicts
        .iter()
        .filter(|verdict| verdict.progress == Progress::Stalled && verdict.evidence == Evidence::OwnWindow);
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
            // One more: now is later when the run gets there, and the load family's windows end before
            // midnight.
            most_days: horizon.days_since_rounded_up(origin) + 1,
            stuck,
            standing: verdict.before,
            origin,
        }
    }
}

/// What the events relation holds after a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// The first event after the frontier.
    pub next: FirstEvent,
    /// The first one beyond the window.
    pub beyond: FirstEvent,
}

/// The limit that a stall needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The next run's limit.
    pub days: u32,
    pub reason: RaiseReason,
}

impl Stall {
    /// The limit that gets this package over its stall. `limit` is the one it stalled with, `base` the
    /// user's.
    ///
    /// A jump goes exactly over the gap, so that its window holds no more than `base` days of events. None if
    /// no limit helps: this one could already reach as far as a window can.
    #[must_use]
    pub fn need(&self, outlook: Outlook, limit: u32, base: u32) -> Option<Need> {
        if limit >= self.reach() {
            return None;
        }
        let double = Need { days: limit.saturating_mul(2), reason: RaiseReason::Doubled };
        let to_now = Need { days: self.reach(), reason: RaiseReason::NoLaterEvent };
        let jump = |event| self.days_to(event).saturating_add(base - 1);
        let wanted = match outlook.next {
            FirstEvent::Unknown => double,
            FirstEvent::None => to_now,
            FirstEvent::At(time) if time >= self.beyond => {
                Need { days: jump(time), reason: RaiseReason::Gap }
            }
            // The last window already held this event, so a filter of the package left it out. Whether the
            // package also leaves out later events is not known. If there are none, a window up to now cannot
            // hold too much.
            FirstEvent::At(_) => match outlook.beyond {
                FirstEvent::Unknown => double,
                FirstEvent::None => to_now,
                FirstEvent::At(time) => Need { days: double.days.max(jump(time)), ..double },
            },
        };
        let wanted = if wanted.days > limit { wanted } else { double };
        let most = if wanted.reason == RaiseReason::Gap { self.most_days } else { self.reach() };
        Some(Need { days: wanted.days.min(most.max(limit.saturating_add(1))), ..wanted })
    }

    /// Days that reach the horizon, rounded up. More days change nothing, but a limit that changed every day
    /// would make dbt parse the project every day.
    fn reach(&self) -> u32 {
        self.most_days.checked_next_power_of_two().unwrap_or(self.most_days)
    }

    fn days_to(&self, event: Timestamp) -> u32 {
        self.standing.days_to(self.package.family, self.origin, event)
    }

    /// The days to a time, where a window that ends there is enough even if it holds no event: in the standard state, and
    /// before the first event.
    #[must_use]
    pub fn days_until(&self, until: Timestamp) -> Option<u32> {
        (self.standing.state != State::OutOfSync).then(|| self.days_to(until))
    }

    /// Whether models begin.
    #[must_use]
    pub fn begins(&self) -> bool {
        self.standing.state.begins()
    }

    /// Whether a window with a limit ends before a time.
    #[must_use]
    pub fn ends_before(&self, time: Timestamp, limit_days: u32) -> bool {
        self.days_to(time) > limit_days
    }

    /// Whether no window of models that begin while others have rows holds an event: their windows end where these are.
    #[must_use]
    pub fn is_cut_off_by_others(&self, outlook: Outlook) -> bool {
        let end = self.standing.span.filter(|_| self.standing.state == State::NewModel).map(|(_, max)| max);
        end.is_some_and(|end| match outlook.next {
            FirstEvent::Unknown => false,
            FirstEvent::None => true,
            FirstEvent::At(next) => next > end,
        })
    }

    /// The limit that `most` (`--max-limit-days`) allows; none if that limit would not help.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, both, verdict};
    use super::*;

    fn stall(before: &[(&str, &str)], window: (&str, &str)) -> Stall {
        let found = stalls(&[verdict(before, before, window)], at(NOW));
        found.into_iter().next().expect("a stall")
    }

    fn limit_of(stall: &Stall, outlook: Outlook, limit: u32, base: u32) -> Need {
        stall.need(outlook, limit, base).expect("a limit that helps")
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
        let need = limit_of(&stall, next("2020-09-17 13:00:00"), 30, 30);
        assert_eq!(need, Need { days: 200 + 30, reason: RaiseReason::Gap });
        // The window then ends at most 30 days after the first event behind the gap, and holds that event.
        let upper = at("2020-03-01 12:00:00").plus_days(need.days);
        assert!(upper >= at("2020-09-17 13:00:00") && upper <= at("2020-09-17 13:00:00").plus_days(30));
        assert_eq!(limit_of(&stall, next("2020-04-05"), 1, 1).days, 34 + 1);
    }

    #[test]
    fn without_an_answer_the_limit_doubles_until_it_reaches_now() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        assert_eq!(stall.most_days, 307);
        let doubled = |days| Need { days, reason: RaiseReason::Doubled };
        assert_eq!(limit_of(&stall, UNKNOWN, 30, 30), doubled(60));
        assert_eq!(limit_of(&stall, UNKNOWN, 240, 30), doubled(480));
        assert_eq!(limit_of(&stall, UNKNOWN, 300, 30), doubled(512));
        let to_now = Need { days: 512, reason: RaiseReason::NoLaterEvent };
        assert_eq!(limit_of(&stall, NONE, 30, 30), to_now);
    }

    #[test]
    fn an_event_that_the_package_leaves_out_does_not_end_a_gap() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        assert_eq!(stall.beyond, at("2020-03-31 00:00:00.000001"));
        let left_out = |beyond| Outlook { next: FirstEvent::At(at("2020-03-02")), beyond };
        let doubled = |days| Need { days, reason: RaiseReason::Doubled };
        assert_eq!(limit_of(&stall, left_out(FirstEvent::Unknown), 30, 30), doubled(60));
        assert_eq!(limit_of(&stall, left_out(FirstEvent::At(at("2020-04-01"))), 30, 30), doubled(31 + 29));
        assert_eq!(limit_of(&stall, left_out(FirstEvent::At(at("2020-05-30"))), 30, 30), doubled(90 + 29));
        // Nothing behind it: the window to now holds nothing that was not seen already.
        let to_now = Need { days: 512, reason: RaiseReason::NoLaterEvent };
        assert_eq!(limit_of(&stall, left_out(FirstEvent::None), 30, 30), to_now);
    }

    #[test]
    fn the_users_bound_is_used_where_it_helps() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29", "2020-03-31"));
        let gap = FirstEvent::At(at("2020-04-20"));
        let need = limit_of(&stall, next("2020-04-20"), 30, 30);
        assert_eq!(need.days, 50 + 29);
        assert_eq!(stall.allowed(need, gap, 30, None), Some(79));
        assert_eq!(stall.allowed(need, gap, 30, Some(60)), Some(60));
        assert_eq!(stall.allowed(need, gap, 30, Some(49)), None);
        let doubled = limit_of(&stall, UNKNOWN, 30, 30);
        assert_eq!(stall.allowed(doubled, FirstEvent::Unknown, 30, Some(45)), Some(45));
        assert_eq!(stall.allowed(doubled, FirstEvent::Unknown, 45, Some(45)), None);
        let to_now = limit_of(&stall, NONE, 30, 30);
        assert_eq!(stall.allowed(to_now, FirstEvent::None, 30, Some(306)), None);
        assert_eq!(stall.allowed(to_now, FirstEvent::None, 30, Some(307)), Some(307));
    }

    #[test]
    fn a_first_run_asks_from_the_start_date_on() {
        let stall = stall(&[], ("2020-01-01", "2020-01-31"));
        assert_eq!((stall.from, stall.stuck), (at("2020-01-01"), false));
        assert_eq!(limit_of(&stall, next("2020-03-01 10:00"), 30, 30).days, 60 + 30);
    }

    #[test]
    fn no_limit_helps_a_window_that_ends_at_the_other_models() {
        let rows = [("a", "2020-03-01"), ("b", "2020-03-02")];
        assert!(stall(&rows, ("2020-02-29", "2020-03-02")).stuck);
        let far = [("a", "2020-03-01"), ("b", "2020-08-02")];
        let stall = stall(&far, ("2020-02-29", "2020-03-31"));
        assert_eq!((stall.stuck, stall.most_days), (false, 155));
    }

    #[test]
    fn a_package_that_waits_for_another_has_not_stalled() {
        let window = ("2020-03-01", "2020-04-01");
        let moved = verdict(&both("2020-03-01"), &both("2020-03-31"), window);
        let stays = verdict(&both("2020-03-01"), &both("2020-03-01"), window);
        assert_eq!(stalls(&[moved, stays.clone()], at(NOW)), []);
        assert_eq!(stalls(&[stays.clone(), stays], at(NOW)).len(), 2);
    }

    #[test]
    fn a_limit_that_could_reach_now_never_rises() {
        let stall = stall(&both("2020-03-01"), ("2020-02-29 18:00", "2020-03-31"));
        assert_eq!(limit_of(&stall, UNKNOWN, 511, 30).days, 512);
        for limit in [512, 513, 5000] {
            assert_eq!(stall.need(UNKNOWN, limit, 30), None);
            assert_eq!(stall.need(next("2020-04-05"), limit, 30), None);
        }
    }
}
