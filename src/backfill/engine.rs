//! The loop: run, read, decide, until the selection is caught up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::driver::{Driver, RunRequest};
use super::forecast;
use super::judge::{Judgement, Trail};
use super::preflight::FirstRun;
use super::remarks;
use super::stall::{self, Need, Outlook, Stall};
use super::verdict::{Evidence, Verdict};
use crate::dbt::{Interrupt, RunReport};
use crate::event::{Emit, Event, Finish, LimitRaised, PackageState, RaiseReason, RunFinished};
use crate::failure::{Failure, Refusal};
use crate::outcome::Outcome;
use crate::snowplow::{EventQuestion, FirstEvent, Frontier, Observation, Progress, State};
use crate::timestamp::Timestamp;
use crate::workspace::{GoodPackageRun, GoodRun};

/// How far to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--limit-days`: at least 1.
    pub limit_days: u32,
    /// `--until`.
    pub until: Option<Timestamp>,
    /// `--once`.
    pub once: bool,
    /// `--max-runs`.
    pub max_runs: Option<u32>,
    /// `--max-duration`.
    pub max_duration: Option<Duration>,
    /// `--max-limit-days`: how far a stall may raise the limit.
    pub max_limit_days: Option<u32>,
}

impl Options {
    /// The flags that can stop a backfill before it is up to date, with their values.
    #[must_use]
    pub fn stops(&self) -> Vec<String> {
        let flags = [
            self.until.map(|until| format!("--until {until}")),
            self.once.then(|| "--once".to_owned()),
            self.max_runs.map(|most| format!("--max-runs {most}")),
            self.max_duration.map(|most| format!("--max-duration {}", humantime::format_duration(most))),
        ];
        flags.into_iter().flatten().collect()
    }
}

/// The loop of one backfill.
#[derive(Debug)]
pub struct Loop<'a, D> {
    /// dbt and the warehouse.
    pub driver: &'a mut D,
    /// How far to go.
    pub options: &'a Options,
    /// What the first run does in addition.
    pub first_run: &'a FirstRun,
    /// What asks the loop to end.
    pub interrupt: &'a Interrupt,
}

/// How far the loop has come.
#[derive(Debug)]
struct Done {
    /// Runs that ended well.
    runs: u32,
    /// What was read last.
    observation: Observation,
    /// What the runs showed.
    trail: Trail,
}

/// The limit of the next run.
#[derive(Debug, Clone, Copy)]
struct Limit {
    days: u32,
    /// The package that it was raised for has no event after its frontier.
    no_event_left: bool,
}

impl<D: Driver> Loop<'_, D> {
    /// Runs until nothing is left to do, or something ends it. `first` is what the tables held before the
    /// first run.
    ///
    /// Emits everything from the first run to [`Event::BackfillFinished`], which ends every backfill.
    ///
    /// # Errors
    /// The tables cannot be read as the packages make them, or dbt cannot be started. A failure of dbt is an
    /// outcome.
    pub fn run(&mut self, first: &Observation, emit: Emit<'_>) -> Result<Outcome> {
        let started = Instant::now();
        let observation = self.first_run.applied_to(first);
        let mut done = Done { runs: 0, observation, trail: Trail::default() };
        let result = self.drive(&mut done, started, emit);
        let outcome = match &result {
            Ok(outcome) => outcome.clone(),
            Err(error) => {
                if let Some(failure) = error.downcast_ref::<Failure>() {
                    emit(Event::DbtFailed { run: None, failure: failure.clone() });
                }
                Outcome::of_error(error)
            }
        };
        finish(&outcome, &done, started, emit);
        match &result {
            // A failure of dbt has been told.
            Err(error) if matches!(outcome, Outcome::Error { .. }) && !error.is::<Failure>() => result,
            _ => Ok(outcome),
        }
    }

    fn drive(&mut self, done: &mut Done, started: Instant, emit: Emit<'_>) -> Result<Outcome> {
        if let Some(outcome) = self.reason_to_stop(done, started) {
            return Ok(outcome);
        }
        let mut limit = self.limit_at_start(&done.observation, emit)?;
        loop {
            if let Some(outcome) = self.reason_to_stop(done, started) {
                return Ok(outcome);
            }
            let report = self.run_once(done, limit, emit)?;
            if let Some(outcome) = self.failed(&report, done.runs + 1, emit) {
                return Ok(outcome);
            }
            let now = done.observation.now;
            let verdicts = self.conclude_run(done, limit, &report, emit)?;
            if let Some(outcome) = self.outcome_of_run(&verdicts) {
                if outcome == Outcome::CaughtUp && !limit.no_event_left {
                    remarks::report_events_left(self.driver, &verdicts, emit);
                }
                return Ok(outcome);
            }
            let raised = self.limit_after_stall(&verdicts, now, limit.days, emit)?;
            limit = raised.unwrap_or_else(|| self.regular_limit(&done.observation));
        }
    }

    fn run_once(&mut self, done: &Done, limit: Limit, emit: Emit<'_>) -> Result<RunReport> {
        let number = done.runs + 1;
        emit(Event::RunStarted {
            run: number,
            limit_days: limit.days,
            packages: forecast::states(&done.observation, limit.days),
        });
        self.driver.forget()?;
        self.driver.run(RunRequest { number, limit_days: limit.days }, emit)
    }

    /// The outcome, if the run did not end well.
    fn failed(&self, report: &RunReport, number: u32, emit: Emit<'_>) -> Option<Outcome> {
        if report.interrupted
            && let Some(signal) = self.interrupt.asked()
        {
            return Some(Outcome::Interrupted { signal: signal.number() });
        }
        let failure = report.failure.clone()?;
        let outcome = Outcome::of_failure(&failure);
        emit(Event::DbtFailed { run: Some(number), failure });
        Some(outcome)
    }

    /// Reads the tables after a good run, and judges what the run achieved.
    fn conclude_run(
        &mut self,
        done: &mut Done,
        limit: Limit,
        report: &RunReport,
        emit: Emit<'_>,
    ) -> Result<Vec<Verdict>> {
        let after = self.driver.observe(emit).context("the run was good, but its result cannot be read")?;
        let before = std::mem::replace(&mut done.observation, after);
        let Judgement { verdicts, warnings, refusal } =
            done.trail.judge(&before, &done.observation, limit.days)?;
        done.runs += 1;
        if refusal.is_none() && verdicts.iter().all(|verdict| verdict.evidence == Evidence::OwnWindow) {
            self.driver.remember(&GoodRun {
                limit_days: limit.days,
                packages: verdicts.iter().map(Verdict::to_good_run).collect(),
            })?;
        }
        emit(Event::RunFinished(RunFinished {
            run: done.runs,
            limit_days: limit.days,
            seconds: report.seconds,
            models: report.models,
            rows: report.rows,
            packages: verdicts.iter().map(Verdict::to_event).collect(),
            now: before.now,
        }));
        for message in warnings {
            emit(Event::Warning { message });
        }
        remarks::report_foreign_rows(&before, &done.observation, emit);
        if let Some(refusal) = refusal {
            bail!(refusal);
        }
        Ok(verdicts)
    }

    /// The limit of a run that follows no stall.
    fn regular_limit(&self, observation: &Observation) -> Limit {
        let states: Vec<PackageState> = forecast::states(observation, self.options.limit_days);
        let days = forecast::regular_limit(self.options.limit_days, self.options.until, &states);
        Limit { days, no_event_left: false }
    }

    fn reason_to_stop(&self, done: &Done, started: Instant) -> Option<Outcome> {
        if let Some(signal) = self.interrupt.asked() {
            return Some(Outcome::Interrupted { signal: signal.number() });
        }
        if let Some(until) = self.options.until {
            let mut frontiers = done.observation.packages.iter().map(|tables| tables.standing().frontier());
            if frontiers.all(|frontier| frontier >= Frontier::At(until)) {
                return Some(Outcome::Reached { until });
            }
        }
        if self.options.max_runs.is_some_and(|most| done.runs >= most) {
            return Some(Outcome::Stopped { by: "--max-runs".into() });
        }
        if self.options.max_duration.is_some_and(|most| started.elapsed() >= most) {
            return Some(Outcome::Stopped { by: "--max-duration".into() });
        }
        None
    }

    /// The outcome, if this run was the last one.
    fn outcome_of_run(&self, verdicts: &[Verdict]) -> Option<Outcome> {
        if verdicts.iter().all(|verdict| verdict.progress == Progress::CaughtUp) {
            let is_empty = |verdict: &Verdict| verdict.after.frontier() == Frontier::Nothing;
            return Some(if verdicts.iter().all(is_empty) { Outcome::NoEvents } else { Outcome::CaughtUp });
        }
        if let Some(until) = self.options.until
            && verdicts.iter().all(|verdict| verdict.reached(until))
        {
            return Some(Outcome::Reached { until });
        }
        self.options.once.then_some(Outcome::RanOnce { more: true })
    }

    /// The first limit. If the last run was of an earlier call and stalled, the limit continues from there.
    /// Otherwise, calls that make one run each would never get over a gap. Models begin with a window that holds their
    /// first event.
    fn limit_at_start(&mut self, observation: &Observation, emit: Emit<'_>) -> Result<Limit> {
        let regular = self.regular_limit(observation);
        if self.reaches_until(observation, regular.days) {
            return Ok(regular);
        }
        // A first run that starts models again goes on from nothing.
        let goes_on = self.first_run.is_regular();
        let last = self.driver.last_good_run().filter(|_| goes_on);
        let verdicts = last.as_ref().and_then(|last| self.judge_again(last, observation));
        let raised = match last.zip(verdicts) {
            // Its window has reached that time, and did not go on to a later event.
            Some((last, _)) if self.reaches_until(observation, last.limit_days) => {
                Some(Limit { days: last.limit_days, no_event_left: false })
            }
            // If the user's limit is larger, it has not been tried yet.
            Some((last, verdicts)) if last.limit_days >= regular.days => {
                let raised = self.limit_after_stall(&verdicts, observation.now, last.limit_days, emit);
                if raised.is_err() {
                    // The next call must look for itself: the cause may be gone by then.
                    self.driver.forget()?;
                }
                raised?
            }
            _ => match self.limit_over_empty_start(observation, regular, emit)? {
                None if goes_on => self.limit_over_gap(observation, regular, emit)?,
                limit => limit,
            },
        };
        Ok(raised.filter(|raised| raised.days > regular.days).unwrap_or(regular))
    }

    /// Whether the next windows reach the time of `--until`: then no larger limit is needed.
    fn reaches_until(&self, observation: &Observation, limit_days: u32) -> bool {
        let Some(until) = self.options.until else { return false };
        observation.packages.iter().all(|tables| {
            let window = tables.next_window(limit_days, observation.now);
            // Models that begin have to reach an event.
            let begins = matches!(tables.standing().state, State::FirstRun | State::NewModel);
            !begins && window.is_some_and(|window| window.upper >= until)
        })
    }

    /// Judges a good run of an earlier call; none if the tables have changed since.
    fn judge_again(&self, last: &GoodRun, observation: &Observation) -> Option<Vec<Verdict>> {
        let judge = |run: &GoodPackageRun| {
            let tables = observation.package(&run.package)?;
            Verdict::of_good_run(run, tables, observation.now, self.options.limit_days)
        };
        last.packages.iter().map(judge).collect()
    }

    /// The limit whose first window holds the first event; none if the regular one does.
    ///
    /// Some models of Snowplow's packages add rows by the largest time in their own table, and never add any to a table
    /// that an empty window made.
    fn limit_over_empty_start(
        &mut self,
        observation: &Observation,
        regular: Limit,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let now = observation.now;
        let empty = |tables| Verdict::of_empty_start(tables, regular.days, now);
        let verdicts: Option<Vec<_>> = observation.packages.iter().map(empty).collect();
        let Some(verdicts) = verdicts else { return Ok(None) };
        self.limit_over_gap_of(&verdicts, now, regular, emit)
    }

    /// The limit that gets over the gap in which the last run of an earlier call stalled; none if there is no
    /// gap.
    ///
    /// Only the window of that run is known, and the run may have failed. Only a window without any event
    /// proves a gap.
    fn limit_over_gap(
        &mut self,
        observation: &Observation,
        regular: Limit,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let now = observation.now;
        let packages = observation.packages.iter();
        let verdicts: Option<Vec<_>> =
            packages.map(|tables| Verdict::of_last_run(tables, tables.window?, now)).collect();
        let Some(verdicts) = verdicts else { return Ok(None) };
        self.limit_over_gap_of(&verdicts, now, regular, emit)
    }

    /// The limit that gets over the gaps in which these packages stand; none unless all of them do.
    fn limit_over_gap_of(
        &mut self,
        verdicts: &[Verdict],
        now: Timestamp,
        regular: Limit,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let stalls = self.with_outlooks(stall::stalls(verdicts, now), emit)?;
        let is_gap = |(stall, outlook): &(Stall, Outlook)| match outlook.next {
            FirstEvent::Unknown => false,
            FirstEvent::None => true,
            FirstEvent::At(time) => time >= stall.beyond,
        };
        if !stalls.iter().all(is_gap) {
            return Ok(None);
        }
        self.raised(&stalls, regular.days, emit)
    }

    /// The limit that answers a stall; none without a stall.
    ///
    /// # Errors
    /// A [`Refusal`] if no limit helps, or if `--max-limit-days` forbids the one that would.
    fn limit_after_stall(
        &mut self,
        verdicts: &[Verdict],
        now: Timestamp,
        limit_days: u32,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let stalls = stall::stalls(verdicts, now);
        let Some(first) = stalls.first() else { return Ok(None) };
        let movable: Vec<_> = stalls.iter().filter(|stall| !stall.stuck).cloned().collect();
        if movable.is_empty() {
            bail!(stuck_behind_others(verdicts, first));
        }
        let movable = self.with_outlooks(movable, emit)?;
        match self.raised(&movable, limit_days, emit)? {
            None => bail!(beyond_help(first, limit_days)),
            raised => Ok(raised),
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
    fn raised(&self, stalls: &[(Stall, Outlook)], limit_days: u32, emit: Emit<'_>) -> Result<Option<Limit>> {
        let needs = stalls.iter().filter_map(|(stall, outlook)| {
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
        Ok(Some(Limit { days, no_event_left: outlook.next == FirstEvent::None }))
    }
}

fn too_far(stall: &Stall, outlook: Outlook, need: Need, most: Option<u32>) -> Refusal {
    let place =
        stall.at.map_or("has not reached its first event".to_owned(), |at| format!("stalled at {at}"));
    let days = need.days;
    let needs = match (need.reason, outlook.next.time()) {
        (RaiseReason::Gap, Some(next)) => {
            format!("It needs a window of {days} days to continue (its next event is at {next})")
        }
        (RaiseReason::Gap | RaiseReason::NoLaterEvent, _) => {
            format!("It needs a window of {days} days to continue")
        }
        (RaiseReason::Doubled, _) => format!("The next window to try has {days} days"),
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

fn finish(outcome: &Outcome, done: &Done, started: Instant, emit: Emit<'_>) {
    let packages = &done.observation.packages;
    if *outcome == Outcome::CaughtUp {
        remarks::report_no_event(&done.observation, emit);
    }
    let frontiers =
        packages.iter().map(|it| (it.package.name.clone(), it.standing().frontier().time())).collect();
    emit(Event::BackfillFinished(Finish {
        outcome: outcome.clone(),
        runs: done.runs,
        seconds: started.elapsed().as_secs_f64(),
        exit_code: outcome.exit_code(),
        frontiers,
    }));
}
