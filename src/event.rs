//! What happened, as data. Nothing else passes between the engine and the reporters.
//!
//! Serialized, an event is one line of `--format json` and of the journal. `src/output/README.md` documents
//! the schema. Its version changes if a field changes its meaning or goes away, but not if one is added.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::dbt::{DbtCall, ModelFinished, Notice};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::snowplow::{Progress, StandIn, State, Window};
use crate::timestamp::Timestamp;

mod promotion;

pub use promotion::{
    Comparison, PromotionCompared, PromotionDetail, PromotionFinished, PromotionLeftNothing,
    PromotionStarted, PromotionTask, StatementFinished, StatementStarted,
};

/// The version of the events' schema.
pub const SCHEMA_VERSION: u32 = 1;

/// Takes events as they happen.
pub type Emit<'a> = &'a mut dyn FnMut(Event);

/// An event with the fields that every line of the journal has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// This machine's clock, UTC.
    pub time: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

impl Envelope {
    /// Wraps an event that happens now.
    #[must_use]
    pub fn now(event: Event) -> Self {
        Self { version: SCHEMA_VERSION, time: Timestamp::of_this_machine(), event }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// dbt is about to be called.
    DbtCalled(DbtCall),
    /// Something that the user should know, but that stops nothing.
    Warning { message: String },
    /// Something that most users may ignore.
    Note { message: String },
    /// The selection and its packages are known. Nothing has been built yet.
    BackfillStarted(Start),
    /// The incremental manifests were read for the first time.
    StateRead {
        now: Timestamp,
        /// The packages that the selection touches.
        packages: Vec<PackageState>,
    },
    /// A run is about to start.
    RunStarted {
        run: u32,
        /// `snowplow__backfill_limit_days` of this run.
        limit_days: u32,
        /// What each package is expected to do.
        packages: Vec<PackageState>,
    },
    /// A model of a run has finished.
    ModelFinished(ModelFinished),
    /// A good run has finished.
    RunFinished(RunFinished),
    /// The frontier did not move, so the next run gets another limit.
    LimitRaised(LimitRaised),
    /// dbt has failed, and the backfill ends.
    DbtFailed {
        /// The run, from 1; none if dbt failed between runs.
        run: Option<u32>,
        failure: Failure,
    },
    /// The backfill has ended, for whatever reason.
    BackfillFinished(Finish),
    /// The statements of a promotion are known, and the first one is about to be executed.
    PromotionStarted(PromotionStarted),
    /// A statement is about to be executed.
    StatementStarted(StatementStarted),
    /// A statement has been executed.
    StatementFinished(StatementFinished),
    /// Both sides were compared after a promotion.
    PromotionCompared(PromotionCompared),
    /// A promotion that was stopped before has left nothing in prod.
    PromotionLeftNothing(PromotionLeftNothing),
    /// A promotion has ended, for whatever reason.
    PromotionFinished(PromotionFinished),
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

/// Makes a listener that emits the notices of dbt's calls as events.
pub fn notices(emit: Emit<'_>) -> impl FnMut(Notice) + '_ {
    |notice| emit(notice.into())
}

/// The subject of a backfill.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    pub tool_version: String,
    /// The dbt project's name.
    pub project: String,
    /// dbt's adapter type: `duckdb`, `postgres`, …
    pub adapter: String,
    pub dbt_version: String,
    /// The target that the user gave; none for dbt's default.
    pub target: Option<String>,
    /// The selection arguments, as the user gave them.
    pub selection: Vec<String>,
    /// Names of the selected models that dbt builds.
    pub models: Vec<String>,
    /// The packages that the selection touches.
    pub packages: Vec<PackageScope>,
    /// One tracked model of each other package, so that the package's hook does not fail.
    pub stand_ins: Vec<StandIn>,
    /// The value of the var `models_to_run`.
    pub models_to_run: String,
    /// The limit of the first run, in days.
    pub limit_days: u32,
    /// Flags for the first run only: a command that continues this backfill must leave them out.
    #[serde(default)]
    pub first_run_only: Vec<String>,
    /// The path of this backfill's journal.
    pub journal: Option<Utf8PathBuf>,
}

/// A package that the selection touches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageScope {
    /// The Snowplow package's name, as its hook gives it.
    pub package: String,
    /// Names of its tracked models in the selection.
    pub tracked: Vec<String>,
    /// Its incremental manifest, as dbt renders the relation.
    pub incremental_manifest: String,
}

/// The state of a package before a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageState {
    pub package: String,
    /// The state its next run will be in.
    pub state: State,
    /// The smallest `last_success` of the models to run. In a first run and with a new model, the start date
    /// if known.
    pub frontier: Option<Timestamp>,
    /// The window of the next run, if it is known beforehand.
    pub window: Option<Window>,
    /// The smallest number of runs until now with the current limit.
    pub runs_left: Option<u32>,
}

/// A package's part of a finished run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageRun {
    pub package: String,
    /// The state that this run was in.
    pub state: State,
    /// The window, from the package's own limits table.
    pub window: Window,
    /// The frontier before the run.
    pub before: Option<Timestamp>,
    /// The frontier after the run.
    pub after: Option<Timestamp>,
    /// What the run achieved.
    pub progress: Progress,
}

/// A good run that has finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunFinished {
    pub run: u32,
    /// The limit of this run, in days.
    pub limit_days: u32,
    /// Wall time of `dbt run`, in seconds.
    pub seconds: f64,
    /// How many of the selected models were built.
    pub models: u32,
    /// Rows that the models' last statements touched, if the adapter counts them.
    pub rows: Option<u64>,
    /// The packages that the selection touches.
    pub packages: Vec<PackageRun>,
    /// The warehouse's clock, read before the run.
    pub now: Timestamp,
}

/// Why a limit is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaiseReason {
    /// The next event comes after a gap, and the new window reaches exactly over the gap.
    Gap,
    /// There is no later event, or only such as the package leaves out. The new window reaches to now.
    NoLaterEvent,
    /// The next event is not known, or the package leaves it out. The limit is doubled, or reaches over the
    /// rest of a gap.
    Doubled,
}

/// The next run's limit, after a stall.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LimitRaised {
    /// The package that stalled.
    pub package: String,
    /// The frontier at which it stalled.
    pub at: Option<Timestamp>,
    /// The first event after the frontier, if it is known.
    pub next_event: Option<Timestamp>,
    /// The limit so far, in days.
    pub from_days: u32,
    /// The next run's limit, in days.
    pub to_days: u32,
    /// Why this is the next limit.
    pub reason: RaiseReason,
}

/// The end of a backfill.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finish {
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How many good runs there were.
    pub runs: u32,
    /// Wall time of the whole backfill, in seconds.
    pub seconds: f64,
    pub exit_code: u8,
    /// Each package's frontier, as it was read last.
    pub frontiers: Vec<(String, Option<Timestamp>)>,
}
