//! The loop: run, read, decide, until the selection is caught up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::decision::{self, Outlook, Stall, Tracked, Verdict};
use super::driver::{Driver, GoodRun, RunRequest};
use super::preflight::{self, FirstRun};
use crate::dbt::Interrupt;
use crate::event::{Emit, Event, Finish, LimitRaised, PackageState, Progress, RunFinished};
use crate::failure::{Failure, Refusal};
use crate::outcome::Outcome;
use crate::snowplow::{Frontier, Observation, Settings};
use crate::timestamp::Timestamp;
use crate::warehouse::FirstEvent;

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

/// One backfill.
#[derive(Debug)]
pub struct Backfill<'a, D> {
    /// dbt and the warehouse.
    pub driver: &'a mut D,
    /// The packages that the selection touches.
    pub tracked: &'a [Tracked],
    /// In the same order.
    pub settings: &'a [Settings],
    /// How far to go.
    pub options: &'a Options,
    /// What the first run does besides.
    pub first_run: &'a FirstRun,
    /// What asks it to end.
    pub interrupt: &'a Interrupt,
}

/// How far a backfill has come.
#[derive(Debug)]
struct Done {
    /// Runs that ended well.
    runs: u32,
    /// What was read last.
    observation: Observation,
}

/// The limit to come.
#[derive(Debug, Clone, Copy)]
struct Limit {
    days: u32,
    /// The package that it was raised for has no event after its frontier.
    no_event_left: bool,
}

impl<D: Driver> Backfill<'_, D> {
    /// Runs until there is nothing left, or something ends it. `first` is what was read before.
    ///
    /// Emits everything from the first run to [`Event::BackfillFinished`], which ends every backfill.
    ///
    /// # Errors
    /// The tables cannot be read as the packages make them, or dbt cannot be started. That dbt fails is an outcome.
    pub fn run(&mut self, first: &Observation, emit: Emit<'_>) -> Result<Outcome> {
        let started = Instant::now();
        let mut progress = Done { runs: 0, observation: self.first_run.applied_to(first) };
        let result = self.drive(&mut progress, started, emit);
        let outcome = match &result {
            Ok(outcome) => outcome.clone(),
            Err(error) => {
                if let Some(failure) = error.downcast_ref::<Failure>() {
                    emit(Event::DbtFailed { run: None, failure: failure.clone() });
                }
                Outcome::of_error(error)
            }
        };
        self.finish(&outcome, &progress, started, emit);
        match outcome {
            Outcome::Error { .. } => result,
            expected => Ok(expected),
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
            let number = done.runs + 1;
            emit(Event::RunStarted {
                run: number,
                limit_days: limit.days,
                packages: self.states(&done.observation, limit.days),
            });
            self.driver.remember(None)?;
            let report = self.driver.run(RunRequest { number, limit_days: limit.days }, emit)?;
            if report.interrupted
                && let Some(signal) = self.interrupt.asked()
            {
                return Ok(Outcome::Interrupted { signal: signal.number() });
            }
            if let Some(failure) = report.failure {
                emit(Event::DbtFailed { run: Some(number), failure });
                return Ok(Outcome::DbtFailed);
            }
            let after =
                self.driver.observe(emit).context("the run was good, but what it did cannot be read")?;
            let before = std::mem::replace(&mut done.observation, after);
            let verdicts = self.judge(&before, &done.observation)?;
            done.runs = number;
            self.driver.remember(Some(&GoodRun {
                limit_days: limit.days,
                packages: verdicts.iter().map(Verdict::to_good_run).collect(),
            }))?;
            emit(Event::RunFinished(RunFinished {
                run: number,
                limit_days: limit.days,
                seconds: report.seconds,
                models: report.models,
                rows: report.rows,
                packages: self
                    .tracked
                    .iter()
                    .zip(&verdicts)
                    .map(|(own, verdict)| verdict.to_event(&own.name))
                    .collect(),
                now: before.now,
            }));
            self.report_foreign_rows(&before, &done.observation, emit);
            if let Some(outcome) = self.verdict_of_run(&verdicts) {
                if outcome == Outcome::CaughtUp && !limit.no_event_left {
                    self.report_events_left(&verdicts, emit);
                }
                return Ok(outcome);
            }
            let raised = self.limit_after_stall(&verdicts, before.now, limit.days, emit)?;
            limit = raised.unwrap_or_else(|| self.regular_limit(&done.observation));
        }
    }

    fn states(&self, observation: &Observation, limit_days: u32) -> Vec<PackageState> {
        decision::states(self.tracked, self.settings, observation, limit_days)
    }

    /// The limit of a run that follows no stall.
    fn regular_limit(&self, observation: &Observation) -> Limit {
        let states = self.states(observation, self.options.limit_days);
        let days = decision::regular_limit(self.options.limit_days, self.options.until, &states);
        Limit { days, no_event_left: false }
    }

    fn reason_to_stop(&self, done: &Done, started: Instant) -> Option<Outcome> {
        if let Some(signal) = self.interrupt.asked() {
            return Some(Outcome::Interrupted { signal: signal.number() });
        }
        if let Some(until) = self.options.until {
            let frontiers = self.tracked.iter().zip(&done.observation.packages);
            let mut frontiers = frontiers.map(|(tracked, tables)| tracked.standing(tables).frontier());
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

    fn judge(&self, before: &Observation, after: &Observation) -> Result<Vec<Verdict>> {
        let packages = self.tracked.iter().zip(&before.packages).zip(&after.packages);
        packages
            .map(|((tracked, old), new)| {
                preflight::refuse_duplicates(tracked, new)?;
                let window = new.window.with_context(|| {
                    format!("the run was good, but the limits table of {} holds no window", tracked.name)
                })?;
                Ok(Verdict::of(tracked.standing(old), tracked.standing(new), window, before.now))
            })
            .collect()
    }

    /// The outcome, if this run was the last one.
    fn verdict_of_run(&self, verdicts: &[Verdict]) -> Option<Outcome> {
        if verdicts.iter().all(|verdict| verdict.progress == Progress::CaughtUp) {
            return Some(Outcome::CaughtUp);
        }
        if let Some(until) = self.options.until
            && verdicts.iter().all(|verdict| verdict.reached(until))
        {
            return Some(Outcome::Reached { until });
        }
        self.options.once.then_some(Outcome::RanOnce { more: true })
    }

    /// The first limit. Where the last run, of an earlier call, stalled, it goes on from there: calls that make one run each
    /// would else never get over a gap.
    fn limit_at_start(&mut self, observation: &Observation, emit: Emit<'_>) -> Result<Limit> {
        let regular = self.regular_limit(observation);
        if !self.first_run.is_regular() {
            return Ok(regular);
        }
        let packages = self.tracked.iter().zip(self.settings).zip(&observation.packages);
        let last = self.driver.last_good_run();
        let verdicts: Option<Vec<_>> = last.as_ref().and_then(|last| {
            let judge = |(((tracked, settings), tables), &run)| {
                let base = self.options.limit_days;
                Verdict::of_good_run(run, tracked, settings, tables, observation.now, base)
            };
            packages.zip(&last.packages).map(judge).collect()
        });
        let raised = match last.zip(verdicts) {
            // A larger limit of the user's has not been tried yet.
            Some((last, verdicts)) if last.limit_days >= regular.days => {
                let raised = self.limit_after_stall(&verdicts, observation.now, last.limit_days, emit);
                if raised.is_err() {
                    // Told once. What was in the way may be mended before the next call, which shall look for itself.
                    self.driver.remember(None)?;
                }
                raised?
            }
            _ => self.limit_over_gap(observation, regular, emit)?,
        };
        Ok(raised.filter(|raised| raised.days > regular.days).unwrap_or(regular))
    }

    /// The limit that goes over a gap that the last run, of an earlier call, stalled in; none where there is none.
    ///
    /// Nothing is known of that run but its window, and it may have failed: only a window without any event is proof of a gap.
    fn limit_over_gap(
        &mut self,
        observation: &Observation,
        regular: Limit,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let packages = self.tracked.iter().zip(self.settings).zip(&observation.packages);
        let verdicts: Option<Vec<_>> = packages
            .map(|((tracked, settings), tables)| {
                let standing = tracked.standing(tables);
                Verdict::of_last_run(tracked.family, standing, settings, tables.window?, observation.now)
            })
            .collect();
        let Some(verdicts) = verdicts else { return Ok(None) };
        let stalls = decision::stalls(self.tracked, &verdicts, observation.now);
        let outlooks = self.outlooks(&stalls, emit)?;
        let is_gap = |(stall, outlook): (&Stall, &Outlook)| match outlook.next {
            FirstEvent::Unknown => false,
            FirstEvent::None => true,
            FirstEvent::At(time) => time >= stall.beyond,
        };
        if !stalls.iter().zip(&outlooks).all(is_gap) {
            return Ok(None);
        }
        self.raised(&verdicts, &stalls, &outlooks, regular.days, emit)
    }

    /// The limit that answers a stall; none without one.
    ///
    /// # Errors
    /// A [`Refusal`] where no limit helps, or where `--max-limit-days` forbids the one that would.
    fn limit_after_stall(
        &mut self,
        verdicts: &[Verdict],
        now: Timestamp,
        limit_days: u32,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let stalls = decision::stalls(self.tracked, verdicts, now);
        let Some(first) = stalls.first() else { return Ok(None) };
        let movable: Vec<_> = stalls.iter().filter(|stall| !stall.stuck).copied().collect();
        if movable.is_empty() {
            bail!(self.stuck(verdicts, first.package));
        }
        let outlooks = self.outlooks(&movable, emit)?;
        self.raised(verdicts, &movable, &outlooks, limit_days, emit)
    }

    /// What the events relation says to stalls, in one call.
    fn outlooks(&mut self, stalls: &[Stall], emit: Emit<'_>) -> Result<Vec<Outlook>> {
        if stalls.is_empty() {
            return Ok(Vec::new());
        }
        let asked =
            stalls.iter().flat_map(|stall| [stall.from, stall.beyond].map(|from| (stall.package, from)));
        let answers = self.driver.first_events(&asked.collect::<Vec<_>>(), emit)?;
        Ok(answers.chunks_exact(2).map(|pair| Outlook { next: pair[0], beyond: pair[1] }).collect())
    }

    /// The limit for the stall that needs least.
    fn raised(
        &self,
        verdicts: &[Verdict],
        stalls: &[Stall],
        outlooks: &[Outlook],
        limit_days: u32,
        emit: Emit<'_>,
    ) -> Result<Option<Limit>> {
        let needs = stalls.iter().zip(outlooks).map(|(stall, &outlook)| {
            (stall, outlook, stall.need(outlook, limit_days, self.options.limit_days))
        });
        // One package after the other: the nearest goes on first, with a window that is right for it.
        let Some((stall, outlook, need)) = needs.min_by_key(|(_, _, need)| need.days) else {
            return Ok(None);
        };
        let at = verdicts[stall.package].before.frontier().time();
        let Some(days) = stall.allowed(need, outlook.next, limit_days, self.options.max_limit_days) else {
            bail!(self.too_far(stall.package, at, outlook.next, need.days.min(stall.most_days)));
        };
        emit(Event::LimitRaised(LimitRaised {
            package: self.tracked[stall.package].name.clone(),
            at,
            next_event: outlook.next.time(),
            from_days: limit_days,
            to_days: days,
            reason: need.reason,
        }));
        Ok(Some(Limit { days, no_event_left: outlook.next == FirstEvent::None }))
    }

    fn too_far(&self, package: usize, at: Option<Timestamp>, first_event: FirstEvent, days: u32) -> Refusal {
        let place = at.map_or("before its first event".to_owned(), |at| format!("at {at}"));
        let next = first_event.time().map_or(String::new(), |next| format!(" (its next event is at {next})"));
        let allowed = self.options.max_limit_days.unwrap_or(u32::MAX);
        Refusal(format!(
            "{} has stalled {place}: it takes a window of {days} days to get on{next}, and --max-limit-days allows {allowed}. \
             Raise it, or leave it out",
            self.tracked[package].name,
        ))
    }

    fn stuck(&self, verdicts: &[Verdict], package: usize) -> Refusal {
        let verdict = &verdicts[package];
        let (min, max) = verdict.before.span.unwrap_or((verdict.window.lower, verdict.window.upper));
        Refusal(format!(
            "{} cannot get its models into step: the window ended at {max}, where the furthest of them is, and the others did \
             not move{}. The events up to there are left out by a filter of the package, or were deleted. Run once with only \
             the models that are behind selected, or restart them with --remove-from-manifest",
            self.tracked[package].name,
            if verdict.before.frontier() == Frontier::Start { String::new() } else { format!(" from {min}") },
        ))
    }

    /// Events that a window which reached now has left behind, for packages that did not move: most are of no concern to
    /// the package, but it looks the same where its base models hold what an earlier run left there.
    fn report_events_left(&mut self, verdicts: &[Verdict], emit: Emit<'_>) {
        let stays = verdicts.iter().enumerate().filter_map(|(package, verdict)| {
            let at = verdict.after.frontier().time()?;
            (verdict.before.frontier() == verdict.after.frontier()).then_some((package, at))
        });
        let stays: Vec<_> = stays.collect();
        if stays.is_empty() {
            return;
        }
        let asked: Vec<_> = stays.iter().map(|&(package, at)| (package, at.plus_micros(1))).collect();
        // All is done: that this cannot be told any more does not change it.
        let Ok(answers) = self.driver.first_events(&asked, emit) else { return };
        for ((package, at), answer) in stays.into_iter().zip(answers) {
            let Some(event) = answer.time().filter(|&event| event <= verdicts[package].window.upper) else {
                continue;
            };
            let message = format!(
                "{} stays at {at}, although the events relation has a later event, at {event}: either the package leaves it out \
                 (snowplow__app_id, its own event names, events that come too late), or its base models were not built anew",
                self.tracked[package].name
            );
            emit(Event::Warning { message });
        }
    }

    /// Nothing but a run of these models should write these tables meanwhile.
    fn report_foreign_rows(&self, before: &Observation, after: &Observation, emit: Emit<'_>) {
        for ((tracked, old), new) in self.tracked.iter().zip(&before.packages).zip(&after.packages) {
            let moved: Vec<_> = new
                .rows
                .iter()
                .filter(|row| !tracked.models.contains(&row.model) && !old.rows.contains(row))
                .map(|row| row.model.as_str())
                .collect();
            if !moved.is_empty() {
                let message = format!(
                    "someone else moved rows of the incremental manifest of {} during this run: {}",
                    tracked.name,
                    moved.join(", ")
                );
                emit(Event::Warning { message });
            }
        }
    }

    fn finish(&self, outcome: &Outcome, done: &Done, started: Instant, emit: Emit<'_>) {
        let standings: Vec<_> = self.tracked.iter().zip(&done.observation.packages).collect();
        if *outcome == Outcome::CaughtUp {
            for (tracked, tables) in &standings {
                if tracked.standing(tables).frontier() == Frontier::Nothing {
                    let message = format!(
                        "{} found no event at all: is it pointed at the right events (snowplow__atomic_schema, \
                         snowplow__events_table, snowplow__app_id), and is the start date right?",
                        tracked.name
                    );
                    emit(Event::Warning { message });
                }
            }
        }
        let frontiers = standings
            .into_iter()
            .map(|(tracked, tables)| (tracked.name.clone(), tracked.standing(tables).frontier().time()))
            .collect();
        emit(Event::BackfillFinished(Finish {
            outcome: outcome.clone(),
            runs: done.runs,
            seconds: started.elapsed().as_secs_f64(),
            exit_code: outcome.exit_code(),
            frontiers,
        }));
    }
}
