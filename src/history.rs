//! Folds events into the history of a backfill, for every reporter and for a journal that is read back.

use crate::event::{Event, Finish, LimitRaised, PackageRun, PackageState, RunFinished, Start};
use crate::failure::Failure;
use crate::snowplow::Window;
use crate::timestamp::Timestamp;

/// What has happened in a backfill so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// None until dbt has listed the selection.
    pub start: Option<Start>,
    /// The warehouse's clock when the tables were first read.
    pub now: Option<Timestamp>,
    /// The packages when the tables were first read.
    pub found: Vec<PackageState>,
    /// The run that was started last.
    pub current: Option<RunStart>,
    pub runs: Vec<RunFinished>,
    /// Every raise of the limit, with the number of good runs before it.
    pub raised: Vec<(u32, LimitRaised)>,
    pub warnings: Vec<String>,
    /// dbt's last failure, and the run in which it happened; no run if it happened between runs.
    pub failure: Option<(Option<u32>, Failure)>,
    /// None while the backfill runs, and if it was killed.
    pub finish: Option<Finish>,
}

#[derive(Debug, Clone)]
pub struct RunStart {
    pub run: u32,
    pub limit_days: u32,
    /// What each package was expected to do.
    pub packages: Vec<PackageState>,
}

impl History {
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
            | Event::Note { .. }
            | Event::ModelFinished(_)
            | Event::PromotionStarted(_)
            | Event::StatementStarted(_)
            | Event::StatementFinished(_)
            | Event::PromotionCompared(_)
            | Event::PromotionLeftNothing(_)
            | Event::PromotionFinished(_) => {}
        }
    }

    #[must_use]
    pub fn good_runs(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.run)
    }

    #[must_use]
    pub fn last_packages(&self) -> &[PackageRun] {
        self.runs.last().map_or(&[], |run| run.packages.as_slice())
    }

    /// The event time from the beginning of the backfill to now. It begins with the first window if no
    /// frontier is known.
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
