//! A backfill as its events tell it: folded here, once, for every reporter, and for a journal that is read back.

use crate::event::{Event, Finish, LimitRaised, PackageRun, PackageState, RunFinished, Start};
use crate::failure::Failure;
use crate::snowplow::Window;
use crate::timestamp::Timestamp;

/// What has happened so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What the backfill is about; none before dbt has listed the selection.
    pub start: Option<Start>,
    /// The warehouse's clock when the tables were read first.
    pub now: Option<Timestamp>,
    /// Where the packages stood when the tables were read first.
    pub found: Vec<PackageState>,
    /// The run that was started last.
    pub current: Option<RunStart>,
    /// Runs that ended well.
    pub runs: Vec<RunFinished>,
    /// Stalls that raised the limit, each with the number of runs before it.
    pub raised: Vec<(u32, LimitRaised)>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// The last failure of dbt, with the run in which it happened.
    pub failure: Option<(Option<u32>, Failure)>,
    /// The end; none while it runs, or after it was killed.
    pub finish: Option<Finish>,
}

/// A run that was started.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// From 1.
    pub run: u32,
    /// Its limit.
    pub limit_days: u32,
    /// What each package was expected to do.
    pub packages: Vec<PackageState>,
}

impl History {
    /// Adds an event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::BackfillStarted(start) => self.start = Some(start.clone()),
            Event::StateRead { now, packages } => {
                self.now = Some(*now);
                self.found.clone_from(packages);
            }
            Event::RunStarted { run, limit_days, packages } => {
                self.current =
                    Some(RunStart { run: *run, limit_days: *limit_days, packages: packages.clone() });
            }
            Event::RunFinished(run) => self.runs.push(run.clone()),
            Event::LimitRaised(raised) => self.raised.push((self.good_runs(), raised.clone())),
            Event::Warning { message } => self.warnings.push(message.clone()),
            Event::DbtFailed { run, failure } => self.failure = Some((*run, failure.clone())),
            Event::BackfillFinished(finish) => self.finish = Some(finish.clone()),
            Event::DbtCalled(_)
            | Event::ModelFinished(_)
            | Event::StatementFinished(_)
            | Event::PromotionFinished { .. } => {}
        }
    }

    /// How many runs ended well.
    #[must_use]
    pub fn good_runs(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.run)
    }

    /// The packages in the last good run.
    #[must_use]
    pub fn last_packages(&self) -> &[PackageRun] {
        self.runs.last().map_or(&[], |run| run.packages.as_slice())
    }

    /// From where the backfill began to now, in event time. Where no frontier was known, it began with the first window.
    #[must_use]
    pub fn span(&self) -> Option<Window> {
        let first_run = self.runs.first();
        let frontier = self.found.iter().filter_map(|package| package.frontier).min();
        let lower = frontier.or_else(|| Some(first_run?.packages.first()?.window.lower))?;
        let upper = self.now.or_else(|| Some(first_run?.now))?;
        Some(Window { lower, upper })
    }

    /// Whether an event belongs to the backfill after this one.
    #[must_use]
    pub fn ends_before(&self, event: &Event) -> bool {
        self.finish.is_some() || (self.start.is_some() && matches!(event, Event::BackfillStarted(_)))
    }
}
