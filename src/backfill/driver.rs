//! What the loop needs of the outside world: dbt and a warehouse, or a simulation of both.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::dbt::RunReport;
use crate::event::{Emit, Progress, Window};
use crate::snowplow::Observation;
use crate::timestamp::Timestamp;
use crate::warehouse::FirstEvent;

/// One run to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRequest {
    /// From 1.
    pub number: u32,
    /// `snowplow__backfill_limit_days`.
    pub limit_days: u32,
}

/// A run that ended well, as far as the next call wants to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodRun {
    /// Its limit.
    pub limit_days: u32,
    /// In the order of the scope.
    pub packages: Vec<GoodPackageRun>,
}

/// A package's part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodPackageRun {
    /// The window that the package itself recorded.
    pub window: Window,
    /// The frontier after it.
    pub frontier: Option<Timestamp>,
    /// What that means.
    pub progress: Progress,
}

/// dbt and a warehouse.
pub trait Driver {
    /// Reads the incremental manifests, the limits and the clock.
    ///
    /// # Errors
    /// They cannot be read.
    fn observe(&mut self, emit: Emit<'_>) -> Result<Observation>;

    /// The first event at or after a point in time, for each package asked about (by its place in the scope).
    ///
    /// # Errors
    /// The warehouse cannot be reached.
    fn first_events(&mut self, asked: &[(usize, Timestamp)], emit: Emit<'_>) -> Result<Vec<FirstEvent>>;

    /// The last run of this selection, were it of an earlier call, if nothing has been run since and it was good.
    fn last_good_run(&mut self) -> Option<GoodRun>;

    /// Keeps a good run for the next call; none forgets what was kept.
    ///
    /// # Errors
    /// It cannot be written.
    fn remember(&mut self, run: Option<&GoodRun>) -> Result<()>;

    /// Builds the selection once.
    ///
    /// # Errors
    /// dbt cannot be started, or its artifacts cannot be read. A run that fails is a report, not an error.
    fn run(&mut self, request: RunRequest, emit: Emit<'_>) -> Result<RunReport>;
}
