//! The limit of the next run.

use anyhow::{Result, bail};

use super::beginnings::Beginnings;
use super::driver::Driver;
use super::forecast;
use super::options::Options;
use super::preflight::FirstRun;
use super::stall::{self, Need, Outlook, Stall};
use super::verdict::Verdict;
use crate::event::{Emit, Event, LimitRaised, PackageState, RaiseReason};
use crate::failure::Refusal;
use crate::snowplow::{EventQuestion, FirstEvent, Observation, PackageTables, Progress};
use crate::timestamp::Timestamp;
use crate::workspace::GoodRun;

/// The limit of the next run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) days: u32,
    /// The package that it was raised for has no event after its frontier.
    pub(super) no_event_left: bool,
}

/// What follows a run.
#[derive(Debug)]
pub(super) enum Next {
    /// Something moved: the usual limit.
    Usual,
    /// Nothing moved, and it is not known why: the same limit, because another run's window is no reason to begin anew.
    Same,
    Raised(Limit),
    /// Whatever has not reached `--until` has no event up to there: why.
    NothingUntil(Refusal),
}

/// What the first run does.
#[derive(Debug)]
pub(super) enum First {
    Limit(Limit),
    /// Nothing: whatever has not reached `--until` has no event up to there, and why.
    NothingUntil(Refusal),
    /// Nothing: the last run of an earlier call has reached `--until`, and nothing has changed since.
    ReachedBefore {
        until: Timestamp,
    },
}

/// Whether a package has processed an event.
pub(super) fn has_begun(observation: &Observation) -> bool {
    observation.packages.iter().any(|tables| tables.standing().frontier().time().is_some())
}

/// What decides about limits.
#[derive(Debug)]
pub(super) struct Limits<'l, D> {
    pub(super) driver: &'l mut D,
    pub(super) options: &'l Options,
    pub(super) first_run: &'l FirstRun,
}

impl<D: Driver> Limits<'_, D> {
    /// The limit of a run that follows no stall.
    pub(super) fn regular(&self, observation: &Observation) -> Limit {
        let states: Vec<PackageState> = forecast::states(observation, self.options.limit_days);
        let days = forecast::regular_limit(self.options.limit_days, self.options.until, &states);
        Limit { days, no_event_left: false }
    }

    /// The first limit. If the last run was of an earlier call and stalled, the limit continues from there.
    /// Otherwise, calls that make one run each would never get over a gap. Models begin with a window that holds their
    /// first event.
    ///
    /// # Errors
    /// A [`Refusal`] if no window holds an event, or if `--max-limit-days` forbids the limit that would.
    pub(super) fn at_start(&mut self, observation: &Observation, emit: Emit<'_>) -> Result<First> {
        let regular = self.regular(observation);
        let last = self.last_good_run(observation);
        if let (Some(until), Some((_, verdicts))) = (self.options.until, &last)
            // A run that was up to date then may have ended before that time.
            && verdicts.iter().all(|verdict| verdict.reached(until) && verdict.window.upper >= until)
        {
            return Ok(First::ReachedBefore { until });
        }
        let begins = |tables: &PackageTables| tables.standing().state.begins();
        // Models that begin have to reach an event.
        if !observation.packages.iter().any(begins) && self.reaches_until(observation, regular.days) {
            return Ok(First::Limit(regular));
        }
        let beginnings = self.beginnings(observation, regular.days, emit)?;
        let limit = match self.next_at_start(observation, regular, last, &beginnings, emit)? {
            Next::Raised(limit) if limit.days > regular.days => limit,
            Next::NothingUntil(refusal) => return Ok(First::NothingUntil(refusal)),
            Next::Raised(_) | Next::Usual | Next::Same => regular,
        };
        beginnings.warn_of_empty_ones(limit.days, emit);
        Ok(First::Limit(limit))
    }

    /// The last run, if it was a good one of an earlier call and the tables are as it left them, with its verdicts. A first
    /// run that starts models again goes on from nothing.
    fn last_good_run(&mut self, observation: &Observation) -> Option<(GoodRun, Vec<Verdict>)> {
        let last = self.driver.last_good_run().filter(|_| self.first_run.is_regular())?;
        let verdicts = self.judge_again(&last, observation)?;
        Some((last, verdicts))
    }

    /// Asks for the first events of the packages that begin.
    fn beginnings(
        &mut self,
        observation: &Observation,
        limit_days: u32,
        emit: Emit<'_>,
    ) -> Result<Beginnings> {
        let now = observation.now;
        let begin = self.open(observation);
        let begin: Vec<_> =
            begin.filter_map(|tables| Verdict::of_empty_start(tables, limit_days, now)).collect();
        let are_all = begin.len() == self.open(observation).count();
        Ok(Beginnings { stalls: self.with_outlooks(stall::stalls(&begin, now), emit)?, are_all })
    }

    fn next_at_start(
        &mut self,
        observation: &Observation,
        regular: Limit,
        last: Option<(GoodRun, Vec<Verdict>)>,
        beginnings: &Beginnings,
        emit: Emit<'_>,
    ) -> Result<Next> {
        match last {
            // If the user's limit is larger, it has not been tried yet.
            Some((last, verdicts)) if last.limit_days >= regular.days => {
                self.after_stall(&verdicts, observation.now, last.limit_days, emit)
            }
            _ if beginnings.are_all => self.over_gaps(&beginnings.stalls, regular, emit),
            _ if self.first_run.is_regular() => {
                let now = observation.now;
                let last = self.open(observation).map(|it| Verdict::of_last_run(it, it.window?, now));
                let Some(verdicts) = last.collect::<Option<Vec<_>>>() else { return Ok(Next::Usual) };
                let stalls = self.with_outlooks(stall::stalls(&verdicts, now), emit)?;
                match self.over_gaps(&stalls, regular, emit)? {
                    // The others may have something to do since.
                    Next::NothingUntil(_) if stalls.len() < verdicts.len() => Ok(Next::Usual),
                    next => Ok(next),
                }
            }
            _ => Ok(Next::Usual),
        }
    }

    /// The limit that gets over the gaps in which all packages stand: at the beginning of models, or those that an
    /// earlier call left; none if one of them stands in none.
    fn over_gaps(&self, stalls: &[(Stall, Outlook)], regular: Limit, emit: Emit<'_>) -> Result<Next> {
        // Only a window without any event proves a gap: what became of an earlier run is not known.
        let is_gap = |(stall, outlook): &(Stall, Outlook)| match outlook.next {
            FirstEvent::Unknown => false,
            FirstEvent::None => true,
            FirstEvent::At(time) => time >= stall.beyond,
        };
        if stalls.is_empty() || !stalls.iter().all(is_gap) {
            return Ok(Next::Usual);
        }
        Ok(self.raised(stalls, regular.days, emit)?.unwrap_or(Next::Usual))
    }

    /// Why nothing is to do for models that begin, if their first event is after `--until`.
    fn begins_later(&self, stall: &Stall, outlook: Outlook) -> Option<Refusal> {
        let (until, first) = self.options.until.zip(outlook.next.time())?;
        (stall.begins() && first > until).then(|| {
            Refusal(format!(
                "the first event that {} may read is at {first}, after --until {until}: there is nothing to process up to \
                 that time. Give a later --until, or leave it out",
                stall.package.name
            ))
        })
    }

    /// Whether the next windows reach the time of `--until`: then no larger limit is needed.
    fn reaches_until(&self, observation: &Observation, limit_days: u32) -> bool {
        let Some(until) = self.options.until else { return false };
        let window = |tables: &PackageTables| tables.next_window(limit_days, observation.now);
        observation.packages.iter().all(|it| window(it).is_some_and(|window| window.upper >= until))
    }

    /// The packages that have not reached `--until`. The others go on with the runs that these need, and decide nothing.
    fn open<'o>(&self, observation: &'o Observation) -> impl Iterator<Item = &'o PackageTables> + use<'o, D> {
        let until = self.options.until;
        observation.packages.iter().filter(move |it| until.is_none_or(|until| !it.has_reached(until)))
    }

    /// Judges a good run of an earlier call; none if the tables have changed since.
    fn judge_again(&self, last: &GoodRun, observation: &Observation) -> Option<Vec<Verdict>> {
        let judge = |tables: &PackageTables| {
            let run = last.packages.iter().find(|run| run.package == tables.package.name)?;
            Verdict::of_good_run(run, tables, observation.now, self.options.limit_days)
        };
        self.open(observation).map(judge).collect()
    }

    /// What follows a run: the limit that answers its stall.
    ///
    /// # Errors
    /// A [`Refusal`] if no limit helps, or if `--max-limit-days` forbids the one that would.
    pub(super) fn after_stall(
        &mut self,
        verdicts: &[Verdict],
        now: Timestamp,
        limit_days: u32,
        emit: Emit<'_>,
    ) -> Result<Next> {
        let until = self.options.until;
        let open: Vec<_> = verdicts.iter().filter(|verdict| verdict.is_open(until)).cloned().collect();
        let stalls = stall::stalls(&open, now);
        let has_moved = open.iter().any(|verdict| verdict.progress == Progress::Advanced);
        let Some(first) = stalls.first() else { return Ok(if has_moved { Next::Usual } else { Next::Same }) };
        let movable: Vec<_> = stalls.iter().filter(|stall| !stall.stuck).cloned().collect();
        if movable.is_empty() {
            bail!(stuck_behind_others(verdicts, first));
        }
        let movable = self.with_outlooks(movable, emit)?;
        let asked = movable.len();
        match self.raised(&movable, limit_days, emit)? {
            None => bail!(beyond_help(first, limit_days)),
            // The others still have something to do, whether they can do it or not.
            Some(Next::NothingUntil(_)) if asked < open.len() => {
                match stalls.iter().find(|stall| stall.stuck) {
                    Some(stuck) => bail!(stuck_behind_others(verdicts, stuck)),
                    None => Ok(Next::Same),
                }
            }
            Some(next) => Ok(next),
        }
    }

    /// What the events relation says about each stall, in one call.
    fn with_outlooks(&mut self, stalls: Vec<Stall>, emit: Emit<'_>) -> Result<Vec<(Stall, Outlook)>> {
        if stalls.is_empty() {
            return Ok(Vec::new());
        }
        let questions = |stall: &Stall| {
            [stall.from, stall.beyond].map(|from| EventQuestion { package: stall.package.clone(), from })
        };
        let asked: Vec<_> = stalls.iter().flat_map(questions).collect();
        let answers = self.driver.first_events(&asked, emit)?;
        let outlooks = answers.chunks_exact(2).map(|pair| Outlook { next: pair[0], beyond: pair[1] });
        Ok(stalls.into_iter().zip(outlooks).collect())
    }

    /// The limit for the stall that needs least; none if no limit is larger in effect.
    fn raised(&self, stalls: &[(Stall, Outlook)], limit_days: u32, emit: Emit<'_>) -> Result<Option<Next>> {
        let later: Vec<_> =
            stalls.iter().filter_map(|(stall, outlook)| self.begins_later(stall, *outlook)).collect();
        if later.len() == stalls.len() {
            return Ok(later.into_iter().next().map(Next::NothingUntil));
        }
        let stalls = stalls.iter().filter(|(stall, outlook)| self.begins_later(stall, *outlook).is_none());
        let (cut_off, open): (Vec<_>, Vec<_>) =
            stalls.partition(|(stall, outlook)| stall.is_cut_off_by_others(*outlook));
        if let (Some((stall, _)), true) = (cut_off.first(), open.is_empty()) {
            bail!(cut_off_by_others(stall));
        }
        let needs = open.into_iter().filter_map(|(stall, outlook)| {
            Some((stall, outlook, stall.need(*outlook, limit_days, self.options.limit_days)?))
        });
        // One package after the other: the one with the nearest event continues first, with a window that is
        // right for it.
        let mut needs: Vec<_> = needs.collect();
        needs.sort_by_key(|(_, _, need)| need.days);
        let Some((nearest, outlook, need)) = needs.first() else { return Ok(None) };
        let most = self.options.max_limit_days;
        let allowed = needs.iter().find_map(|(stall, outlook, need)| {
            Some((stall, outlook, need, stall.allowed(*need, outlook.next, limit_days, most)?))
        });
        let Some((stall, outlook, need, days)) = allowed else {
            bail!(too_far(
                nearest,
                **outlook,
                Need { days: need.days.min(nearest.most_days), ..*need },
                most
            ));
        };
        let until = self.options.until.and_then(|until| stall.days_until(until));
        let days = until.filter(|until| *until > limit_days).map_or(days, |until| days.min(until));
        emit(Event::LimitRaised(LimitRaised {
            package: stall.package.name.clone(),
            at: stall.at,
            next_event: outlook.next.time(),
            from_days: limit_days,
            to_days: days,
            reason: need.reason,
        }));
        Ok(Some(Next::Raised(Limit { days, no_event_left: outlook.next == FirstEvent::None })))
    }
}

fn too_far(stall: &Stall, outlook: Outlook, need: Need, most: Option<u32>) -> Refusal {
    let place =
        stall.at.map_or("has not reached its first event".to_owned(), |at| format!("stalled at {at}"));
    let Need { days, reason } = need;
    let next = outlook.next.time().filter(|_| reason == RaiseReason::Gap);
    let next = next.map_or(String::new(), |next| format!(" (its next event is at {next})"));
    let needs = match reason {
        RaiseReason::Gap | RaiseReason::NoLaterEvent => {
            format!("It needs a window of {days} days to continue{next}")
        }
        RaiseReason::Doubled => format!("The next window to try has {days} days"),
    };
    let allowed = most.unwrap_or(u32::MAX);
    Refusal(format!(
        "{} {place}. {needs}, but --max-limit-days allows {allowed}. Raise --max-limit-days, or leave it out",
        stall.package.name,
    ))
}

/// A limit that could reach as far as a window can never rises: what ends the windows is something else.
fn beyond_help(stall: &Stall, limit_days: u32) -> Refusal {
    Refusal(format!(
        "{} does not move, although a limit of {limit_days} days reaches every event: a larger one would not \
         change its window, which ends before {}. Look at the package's get_run_limits and at its clock, or \
         restart these models with --remove-from-manifest",
        stall.package.name, stall.beyond
    ))
}

fn cut_off_by_others(stall: &Stall) -> Refusal {
    Refusal(format!(
        "{} has no event from {} to where its other models are: the windows of its new models end there, so they would \
         never process one. The package filters out these events, or they were deleted. Backfill the new models in a \
         selection of their own",
        stall.package.name, stall.from
    ))
}

fn stuck_behind_others(verdicts: &[Verdict], stall: &Stall) -> Refusal {
    let verdict = verdicts.iter().find(|verdict| verdict.package == stall.package);
    let span = verdict.map(|verdict| {
        let limits = (verdict.window.lower, verdict.window.upper);
        verdict.before.span.unwrap_or(limits)
    });
    let (min, max) = span.unwrap_or((stall.from, stall.beyond));
    Refusal(format!(
        "{} stays out of sync: its window ended at {max}, where its furthest model is, but the other models \
         did not move{}. The package filters out the events up to there, or they were deleted. Select only \
         the models that are behind for one run, or restart these models with --remove-from-manifest",
        stall.package.name,
        if stall.at.is_none() { String::new() } else { format!(" from {min}") },
    ))
}
