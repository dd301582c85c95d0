//! What happened, as data: the only thing that passes between the engine and the reporters.
//!
//! Serialized, an event is one line of `--format json` and of the journal. The schema is documented in
//! `src/output/README.md`; its version changes when a field changes its meaning or goes away, not when one is added.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::dbt::{DbtCall, ModelFinished, Notice};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::snowplow::{Progress, StandIn, State, Window};
use crate::timestamp::Timestamp;

/// The version of the events' schema.
pub const SCHEMA_VERSION: u32 = 1;

/// Where events go.
pub type Emit<'a> = &'a mut dyn FnMut(Event);

/// An event with what every line of the journal has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// This machine's clock, UTC.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Envelope {
    /// An event that happens now.
    #[must_use]
    pub fn now(event: Event) -> Self {
        Self { version: SCHEMA_VERSION, time: Timestamp::of_this_machine(), event }
    }
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// dbt is about to be called.
    DbtCalled(DbtCall),
    /// Something that the user should know, and that stops nothing.
    Warning {
        /// A sentence.
        message: String,
    },
    /// The selection was worked out and the packages were found; nothing has been built yet.
    BackfillStarted(Start),
    /// The incremental manifests were read for the first time.
    StateRead {
        /// The warehouse's own clock.
        now: Timestamp,
        /// The packages that the selection touches.
        packages: Vec<PackageState>,
    },
    /// A run is about to start.
    RunStarted {
        /// From 1.
        run: u32,
        /// `snowplow__backfill_limit_days` of this run.
        limit_days: u32,
        /// What each package is expected to do.
        packages: Vec<PackageState>,
    },
    /// A model has ended within a run.
    ModelFinished(ModelFinished),
    /// A run has ended well.
    RunFinished(RunFinished),
    /// The frontier did not move; the next run gets another limit.
    LimitRaised(LimitRaised),
    /// dbt has failed; the backfill ends.
    DbtFailed {
        /// The run, from 1; none where tables were read.
        run: Option<u32>,
        /// What dbt said.
        failure: Failure,
    },
    /// The end, whichever.
    BackfillFinished(Finish),
    /// A statement of a promotion, or of its rollback, has been executed.
    StatementFinished(StatementFinished),
    /// A promotion or its rollback has ended.
    PromotionFinished {
        /// Statements that were executed.
        executed: usize,
        /// What stopped it; none where all of them were.
        error: Option<String>,
    },
}

impl From<Notice> for Event {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Called(call) => Self::DbtCalled(call),
            Notice::Warning(message) => Self::Warning { message },
            Notice::ModelFinished(finished) => Self::ModelFinished(finished),
        }
    }
}

/// Takes the notices of dbt's calls and emits them as events.
pub fn notices(emit: Emit<'_>) -> impl FnMut(Notice) + '_ {
    |notice| emit(notice.into())
}

/// A statement that was executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementFinished {
    /// From 1.
    pub statement: usize,
    /// How many there are.
    pub total: usize,
    /// What it is for.
    pub title: String,
    /// The statement.
    pub sql: String,
}

/// What a backfill is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// This tool's version.
    pub tool_version: String,
    /// The dbt project's name.
    pub project: String,
    /// `duckdb`, `postgres`, …
    pub adapter: String,
    /// dbt's version.
    pub dbt_version: String,
    /// The target that was asked for; none where dbt's default is used.
    pub target: Option<String>,
    /// The selection arguments as given.
    pub selection: Vec<String>,
    /// Names of the selected models that are built.
    pub models: Vec<String>,
    /// The packages that the selection touches.
    pub packages: Vec<PackageScope>,
    /// One tracked model of each other package, so that its hook does not raise.
    pub stand_ins: Vec<StandIn>,
    /// The string for dbt.
    pub models_to_run: String,
    /// The limit to begin with, in days.
    pub limit_days: u32,
    /// Flags that hold for the first run only: a call that goes on from this one must not have them.
    #[serde(default)]
    pub first_run_only: Vec<String>,
    /// Where the journal of this backfill is.
    pub journal: Option<Utf8PathBuf>,
}

/// A package that the selection touches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageScope {
    /// The Snowplow package's name, as its hook gives it.
    pub package: String,
    /// Its tracked models that are selected.
    pub tracked: Vec<String>,
    /// Its incremental manifest, as dbt renders the relation.
    pub incremental_manifest: String,
}

/// Where a package stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageState {
    /// The package.
    pub package: String,
    /// The state its next run will be in.
    pub state: State,
    /// The smallest `last_success` of the models to run; the start date (where known) in a first run and with a new model.
    pub frontier: Option<Timestamp>,
    /// The window of the next run, where it can be told beforehand.
    pub window: Option<Window>,
    /// How many runs it takes to now, at the least and with the current limit.
    pub runs_left: Option<u32>,
}

/// A package's part of a finished run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageRun {
    /// The package.
    pub package: String,
    /// The state that this run was in.
    pub state: State,
    /// The window, from the package's own limits table.
    pub window: Window,
    /// The frontier before.
    pub before: Option<Timestamp>,
    /// The frontier after.
    pub after: Option<Timestamp>,
    /// What that means.
    pub progress: Progress,
}

/// A run that has ended well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunFinished {
    /// From 1.
    pub run: u32,
    /// The limit of this run.
    pub limit_days: u32,
    /// Wall time of `dbt run`.
    pub seconds: f64,
    /// How many of the selected models were built.
    pub models: u32,
    /// Rows that the models' last statements touched, where the adapter tells.
    pub rows: Option<u64>,
    /// The packages that the selection touches.
    pub packages: Vec<PackageRun>,
    /// The warehouse's own clock, read before the run.
    pub now: Timestamp,
}

/// Why a limit is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaiseReason {
    /// The events relation has its next event after a gap, which is jumped exactly.
    Gap,
    /// The events relation has no later event, or only ones that the package has left out: the window goes to now.
    NoLaterEvent,
    /// What comes next is not known, or left out by the package: twice the limit, or over the rest of a gap.
    Doubled,
}

/// The next run's limit, after a stall.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LimitRaised {
    /// The package that stalled.
    pub package: String,
    /// Where it stalled.
    pub at: Option<Timestamp>,
    /// The first event after that, where it is known.
    pub next_event: Option<Timestamp>,
    /// The limit so far.
    pub from_days: u32,
    /// The next run's limit.
    pub to_days: u32,
    /// Why.
    pub reason: RaiseReason,
}

/// The end of a backfill.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finish {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Runs that ended well.
    pub runs: u32,
    /// Wall time of everything.
    pub seconds: f64,
    /// The exit code.
    pub exit_code: u8,
    /// Where the packages stand now, where it was read.
    pub frontiers: Vec<(String, Option<Timestamp>)>,
}
