//! The loop: run, read, decide, until the selection is caught up.

use std::time::Instant;

use anyhow::{Context, Error, Result, bail};

use super::driver::{Driver, RunRequest};
use super::forecast;
use super::judge::{Judgement, Trail};
use super::limits::{self, First, Limit, Limits, Next};
use super::options::Options;
use super::preflight::FirstRun;
use super::remarks;
use super::verdict::{Evidence, Verdict};
use crate::dbt::{Interrupt, RunReport};
use crate::event::{Emit, Event, Finish, RunFinished};
use crate::failure::{Failure, Refusal};
use crate::outcome::Outcome;
use crate::snowplow::{Frontier, Observation, Progress};
use crate::workspace::GoodRun;

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
    /// Whether packages were told of that have reached `--until` before others.
    told_past_until: bool,
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
        let trail = Trail::new(self.options.until);
        let mut done = Done { runs: 0, observation, trail, told_past_until: false };
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
        let first = self.limits().at_start(&done.observation, emit);
        if first.as_ref().is_err_and(Error::is::<Refusal>) {
            // The next call must look for itself: the cause may be gone by then.
            self.driver.forget()?;
        }
        let mut limit = match first? {
            First::Limit(limit) => limit,
            First::NothingUntil(refusal) => return self.reached_without(&done.observation, refusal),
            First::ReachedBefore { until } => {
                let frontiers = done.observation.packages.iter().map(|it| it.standing().frontier());
                return Ok(unless_empty(Outcome::Reached { until }, frontiers));
            }
        };
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
            limit = match self.limits().after_stall(&verdicts, now, limit.days, emit)? {
                Next::Usual => self.limits().regular(&done.observation),
                Next::Same => limit,
                Next::Raised(limit) => limit,
                Next::NothingUntil(refusal) => {
                    return self.reached_without(&done.observation, refusal);
                }
            };
        }
    }

    fn limits(&mut self) -> Limits<'_, D> {
        Limits { driver: self.driver, options: self.options, first_run: self.first_run }
    }

    fn run_once(&mut self, done: &mut Done, limit: Limit, emit: Emit<'_>) -> Result<RunReport> {
        let number = done.runs + 1;
        if let Some(until) = self.options.until
            && !done.told_past_until
        {
            done.told_past_until = remarks::report_past_until(&done.observation, until, emit);
        }
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

    fn reason_to_stop(&self, done: &Done, started: Instant) -> Option<Outcome> {
        if let Some(signal) = self.interrupt.asked() {
            return Some(Outcome::Interrupted { signal: signal.number() });
        }
        if let Some(until) = self.options.until
            && done.observation.packages.iter().all(|tables| tables.has_reached(until))
        {
            return Some(Outcome::Reached { until });
        }
        if self.options.max_runs.is_some_and(|most| done.runs >= most) {
            return Some(Outcome::Stopped { by: "--max-runs".into() });
        }
        if self.options.max_duration.is_some_and(|most| started.elapsed() >= most) {
            return Some(Outcome::Stopped { by: "--max-duration".into() });
        }
        None
    }

    /// The outcome where what is left begins after `--until`.
    fn reached_without(&self, observation: &Observation, refusal: Refusal) -> Result<Outcome> {
        match self.options.until {
            Some(until) if limits::has_begun(observation) => Ok(Outcome::Reached { until }),
            _ => bail!(refusal),
        }
    }

    /// The outcome, if this run was the last one.
    fn outcome_of_run(&self, verdicts: &[Verdict]) -> Option<Outcome> {
        let frontiers = verdicts.iter().map(|verdict| verdict.after.frontier());
        if verdicts.iter().all(|verdict| verdict.progress == Progress::CaughtUp) {
            return Some(unless_empty(Outcome::CaughtUp, frontiers));
        }
        if let Some(until) = self.options.until
            && verdicts.iter().all(|verdict| verdict.reached(until))
        {
            return Some(unless_empty(Outcome::Reached { until }, frontiers));
        }
        self.options.once.then_some(Outcome::RanOnce { more: true })
    }
}

/// The outcome, unless no package has found an event.
fn unless_empty(outcome: Outcome, mut frontiers: impl Iterator<Item = Frontier>) -> Outcome {
    if frontiers.all(|frontier| frontier == Frontier::Nothing) { Outcome::NoEvents } else { outcome }
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
