//! A warehouse and dbt in memory, by the formulas of the packages' contract: the loop's other driver.
//!
//! Written apart from the engine's own forecast on purpose, in integer microseconds: two readings of one
//! contract.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use snowplow_backfill::backfill::{Driver, FirstRun, RunRequest};
use snowplow_backfill::dbt::RunReport;
use snowplow_backfill::event::Emit;
use snowplow_backfill::failure::{Failure, FailureKind};
use snowplow_backfill::snowplow::{
    EventQuestion, Family, FirstEvent, Observation, PackageTables, Row, Settings, TrackedPackage, Window,
};
use snowplow_backfill::timestamp::Timestamp;
use snowplow_backfill::workspace::GoodRun;

/// Microseconds since 1970.
pub type Micros = i64;

pub const SECOND: Micros = 1_000_000;
pub const HOUR: Micros = 3600 * SECOND;
pub const DAY: Micros = 24 * HOUR;
/// The lookback of every simulated package.
pub const LOOKBACK: Micros = 6 * HOUR;

/// One Snowplow package, its events and what its models have seen of them.
#[derive(Debug, Clone)]
pub struct Package {
    pub family: Family,
    pub start: Micros,
    pub models: Vec<String>,
    /// All events by time, and whether the package lets them through its filters. Those after now have not
    /// happened yet.
    pub events: BTreeMap<Micros, bool>,
    /// Whether the events can be asked for the first one.
    pub can_be_asked: bool,
    /// Whether the question leaves out the events that the filters leave out.
    pub filters_are_known: bool,
    pub rows: BTreeMap<String, Micros>,
    pub seen: BTreeMap<String, BTreeSet<Micros>>,
    pub limits: Option<(Micros, Micros)>,
    pub quirks: Quirks,
}

/// What a project can do to the windows of its packages.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    /// The package's own clock is behind the warehouse's.
    pub clock_behind: Micros,
    /// Every run drops the incremental manifest first, and the tables with it.
    pub drops_manifest: bool,
    /// Runs of somebody else with their limit in days, each after the run of this number, from 0.
    pub other_runs: BTreeMap<u32, Micros>,
    /// Windows that runs of somebody else leave behind who build none of these models, each after the run of this
    /// number, from 0.
    pub other_windows: BTreeMap<u32, (Micros, Micros)>,
    /// Runs of somebody else whose events models of the run of this number are built from, from 0.
    pub replaced_events: BTreeMap<u32, Replaced>,
    /// Rows that somebody else moves back by this time before they are read after the run of this number, from 0.
    pub moved_back: BTreeMap<u32, Micros>,
    /// The package's windows have these days whatever the limit is.
    pub fixed_days: Option<Micros>,
}

/// A run of somebody else, which puts its events in the place of those of a run while that builds its models.
#[derive(Debug, Clone, Copy)]
pub struct Replaced {
    /// From the end of the window of the run to the beginning of this one.
    pub after: Micros,
    /// How long this window is.
    pub length: Micros,
    /// Whether it is in the limits table, too.
    pub has_limits: bool,
}

impl Package {
    fn passing(&self) -> impl Iterator<Item = Micros> {
        self.events.iter().filter(|&(_, &passes)| passes).map(|(&time, _)| time)
    }

    fn passing_in(&self, first: Micros, last: Micros) -> BTreeSet<Micros> {
        if first > last {
            return BTreeSet::new();
        }
        self.events.range(first..=last).filter(|&(_, &passes)| passes).map(|(&time, _)| time).collect()
    }

    /// Events up to a time that the package should have processed.
    pub fn due(&self, until: Micros) -> BTreeSet<Micros> {
        let from_start = |time: &Micros| match self.family {
            Family::Session => *time >= self.start,
            Family::Load => *time > self.start,
        };
        self.passing().filter(from_start).filter(|&time| time <= until).collect()
    }

    /// A model that is caught up to a time already, as earlier runs would have left it.
    pub fn settle(&mut self, model: &str, until: Micros) {
        let due = self.due(until);
        if let Some(&last) = due.last() {
            self.rows.insert(model.to_owned(), last);
            self.seen.insert(model.to_owned(), due);
        }
    }

    /// Nothing has been seen that has not happened yet by the package's clock.
    pub fn forget_what_is_ahead(&mut self, now: Micros) {
        let ahead: Vec<_> =
            self.rows.iter().filter(|&(_, &row)| row > now).map(|(model, _)| model.clone()).collect();
        for model in ahead {
            self.rows.remove(&model);
            self.seen.remove(&model);
            self.settle(&model, now);
        }
    }

    fn limits(&self, days: Micros, now: Micros) -> (Micros, Micros) {
        let midnight = |time: Micros| time - time.rem_euclid(DAY);
        let rows: Vec<Micros> =
            self.models.iter().filter_map(|model| self.rows.get(model)).copied().collect();
        let distinct: BTreeSet<_> = rows.iter().collect();
        let (Some(&min), Some(&max)) = (rows.iter().min(), rows.iter().max()) else {
            return match self.family {
                Family::Session => (self.start, now.min(self.start + days * DAY)),
                Family::Load => (self.start, now.min(midnight(self.start) + days * DAY - SECOND)),
            };
        };
        match self.family {
            Family::Session if rows.len() != self.models.len() => {
                (self.start, max.min(self.start + days * DAY))
            }
            Family::Session if min != max => (min - LOOKBACK, max.min(min + days * DAY)),
            Family::Session => (min - LOOKBACK, now.min(min + days * DAY)),
            Family::Load if distinct.len() == 2 => (min, max.min(midnight(min) + (days + 1) * DAY - SECOND)),
            Family::Load => (min, now.min(midnight(min) + (days + 1) * DAY - SECOND)),
        }
    }

    /// What `--full-refresh` and models_to_remove do before the models are built. A model that is to be
    /// refreshed has lost its table too.
    fn prepare(&mut self, first_run: &FirstRun) {
        for model in &self.models {
            if first_run.full_refresh || first_run.remove.contains(model) {
                self.rows.remove(model);
                self.seen.remove(model);
            }
        }
    }

    /// Builds the models; all but the first `good` of them fail.
    fn run(&mut self, days: Micros, now: Micros, good: usize) {
        let now = now - self.quirks.clock_behind;
        if self.quirks.drops_manifest {
            self.rows.clear();
            self.seen.clear();
        }
        let (lower, upper) = self.limits(self.quirks.fixed_days.unwrap_or(days), now);
        self.limits = Some((lower, upper));
        let base = match self.family {
            Family::Session => self.passing_in(lower, upper.min(now)),
            Family::Load => self.passing_in(lower + 1, (upper - 1).min(now)),
        };
        self.build(&base, upper, good);
    }

    /// Builds the models from events, which a window up to `upper` has left.
    fn build(&mut self, base: &BTreeSet<Micros>, upper: Micros, good: usize) {
        let Some(&last) = base.last() else { return };
        for model in self.models.iter().take(good) {
            // The packages' models skip a run whose window they have seen before.
            if self.rows.get(model).is_none_or(|&row| upper > row) {
                self.seen.entry(model.clone()).or_default().extend(base);
            }
            let row = self.rows.entry(model.clone()).or_insert(last);
            *row = last.max(*row);
        }
    }

    /// The same, but somebody else puts other events in the place of those of this run. Does nothing if there are none;
    /// whether there were some.
    fn run_on_other_events(&mut self, replaced: Replaced, days: Micros, now: Micros) -> bool {
        let own = self.limits(days, now);
        let lower = own.1 + replaced.after;
        let upper = now.min(lower + replaced.length);
        let base = self.passing_in(lower, upper);
        if !base.is_empty() {
            self.limits = Some(if replaced.has_limits { (lower, upper) } else { own });
            self.build(&base, upper, usize::MAX);
        }
        !base.is_empty()
    }
}

/// dbt and a warehouse.
#[derive(Debug, Clone)]
pub struct Warehouse {
    pub packages: Vec<Package>,
    pub now: Micros,
    /// How long a run takes.
    pub pace: Micros,
    /// Runs that fail, by their number from 0, and how many models of each package are built all the same.
    pub failing: BTreeMap<u32, usize>,
    /// What the first run of the call does besides.
    pub first_run: FirstRun,
    /// The clock before the last run.
    pub before_last_run: Micros,
    pub runs: u32,
    /// Whether models were built from events of somebody else's run.
    pub has_other_events: bool,
    /// What the engine keeps from call to call.
    pub last_good_run: Option<GoodRun>,
    /// The largest number of days of passing events that one window held, per package.
    pub widest: Vec<Micros>,
}

impl Warehouse {
    pub fn new(packages: Vec<Package>, now: Micros) -> Self {
        Self {
            widest: vec![0; packages.len()],
            packages,
            now,
            pace: 0,
            failing: BTreeMap::new(),
            first_run: FirstRun::default(),
            before_last_run: now,
            runs: 0,
            has_other_events: false,
            last_good_run: None,
        }
    }
}

/// What a simulated package is called.
fn name(number: usize) -> String {
    format!("package_{number}")
}

pub fn timestamp(micros: Micros) -> Timestamp {
    Timestamp::from_micros(micros).expect("a moment of a calendar")
}

fn micros(time: Timestamp) -> Micros {
    let epoch: Timestamp = "1970-01-01".parse().expect("a date");
    time.since(epoch).num_microseconds().expect("a moment of this age")
}

impl Driver for Warehouse {
    fn observe(&mut self, _: Emit<'_>) -> Result<Observation> {
        let packages = self.packages.iter().enumerate().map(|(number, package)| PackageTables {
            package: Arc::new(TrackedPackage {
                name: name(number),
                family: package.family,
                models: package.models.clone(),
                settings: Settings { start_date: Some(timestamp(package.start)), lookback_hours: 6 },
                load_family_heals: true,
            }),
            has_manifest: true,
            rows: package
                .rows
                .iter()
                .map(|(model, &time)| Row { model: model.clone(), last_success: Some(timestamp(time)) })
                .collect(),
            window: package
                .limits
                .map(|(lower, upper)| Window { lower: timestamp(lower), upper: timestamp(upper) }),
        });
        Ok(Observation { now: timestamp(self.now), packages: packages.collect() })
    }

    fn first_events(&mut self, asked: &[EventQuestion], _: Emit<'_>) -> Result<Vec<FirstEvent>> {
        let answer = |question: &EventQuestion| {
            let mut packages = self.packages.iter().enumerate();
            let package = packages.find(|(number, _)| name(*number) == question.package.name);
            let (_, package) = package.expect("one of the simulated packages");
            if !package.can_be_asked {
                return FirstEvent::Unknown;
            }
            let mut later = package.events.range(micros(question.from)..=self.now);
            match later.find(|&(_, &passes)| passes || !package.filters_are_known) {
                Some((&time, _)) => FirstEvent::At(timestamp(time)),
                None => FirstEvent::None,
            }
        };
        Ok(asked.iter().map(answer).collect())
    }

    fn last_good_run(&mut self) -> Option<GoodRun> {
        self.last_good_run.clone()
    }

    fn remember(&mut self, run: &GoodRun) -> Result<()> {
        self.last_good_run = Some(run.clone());
        Ok(())
    }

    fn forget(&mut self) -> Result<()> {
        self.last_good_run = None;
        Ok(())
    }

    fn run(&mut self, request: RunRequest, _: Emit<'_>) -> Result<RunReport> {
        let fails = self.failing.get(&self.runs).copied();
        self.runs += 1;
        self.before_last_run = self.now;
        // A run takes a while, and each package looks at the clock when its turn comes.
        for (package, widest) in self.packages.iter_mut().zip(&mut self.widest) {
            if request.number == 1 {
                package.prepare(&self.first_run);
            }
            self.now += 97 * SECOND;
            let good = match (fails, package.family) {
                (None, _) => usize::MAX,
                // Some versions of this family never get models back into step: the preflight refuses them
                // then.
                (Some(_), Family::Load) => 0,
                (Some(good), Family::Session) => good,
            };
            let days = request.limit_days.into();
            let replaced = package.quirks.replaced_events.get(&(self.runs - 1)).copied();
            if replaced.is_some_and(|replaced| package.run_on_other_events(replaced, days, self.now)) {
                self.has_other_events = true;
            } else {
                package.run(days, self.now, good);
            }
            if let Some(&days) = package.quirks.other_runs.get(&(self.runs - 1)) {
                package.run(days, self.now, usize::MAX);
            }
            if let Some(&window) = package.quirks.other_windows.get(&(self.runs - 1)) {
                package.limits = Some(window);
            }
            if let Some(back) = package.quirks.moved_back.get(&(self.runs - 1)) {
                package.rows.values_mut().for_each(|row| *row -= back);
            }
            if let Some((lower, upper)) = package.limits {
                let inside = package.passing_in(lower + LOOKBACK + 1, upper.min(self.now));
                if let (Some(first), Some(last)) = (inside.first(), inside.last()) {
                    *widest = (*widest).max(last - first);
                }
            }
        }
        self.now += 61 * SECOND + self.pace;
        let failure = fails.map(|_| Failure {
            call: "dbt run".into(),
            kind: FailureKind::Model,
            exit: "exit code 1".into(),
            complaints: Vec::new(),
            log: None,
            hint: None,
        });
        Ok(RunReport { seconds: 1.0, models: 1, rows: None, failure, interrupted: false })
    }
}
