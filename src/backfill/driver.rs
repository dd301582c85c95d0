//! What the loop needs from outside: dbt and a warehouse, or a simulation of both.

use anyhow::Result;

use crate::dbt::RunReport;
use crate::event::Emit;
use crate::snowplow::{EventQuestion, FirstEvent, Observation};
use crate::workspace::GoodRun;

/// A run to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunRequest {
    pub number: u32,
    /// `snowplow__backfill_limit_days`.
    pub limit_days: u32,
}

/// dbt and a warehouse.
pub trait Driver {
    /// Reads the incremental manifests, the limits and the clock.
    ///
    /// # Errors
    /// They cannot be read.
    fn observe(&mut self, emit: Emit<'_>) -> Result<Observation>;

    /// The first event at or after each time that is asked for, in the order of the questions. Events that a
    /// package is known to leave out do not count.
    ///
    /// # Errors
    /// The warehouse cannot be reached.
    fn first_events(&mut self, asked: &[EventQuestion], emit: Emit<'_>) -> Result<Vec<FirstEvent>>;

    /// The last run of this selection, even from an earlier call, if it was good and nothing has run since.
    fn last_good_run(&mut self) -> Option<GoodRun>;

    /// Keeps a good run for the next call.
    ///
    /// # Errors
    /// It cannot be written.
    fn remember(&mut self, run: &GoodRun) -> Result<()>;

    /// Forgets the run that was kept.
    ///
    /// # Errors
    /// It cannot be deleted.
    fn forget(&mut self) -> Result<()>;

    /// Builds the selection once.
    ///
    /// # Errors
    /// dbt cannot be started, or its artifacts cannot be read. A run that fails is a report, not an error.
    fn run(&mut self, request: RunRequest, emit: Emit<'_>) -> Result<RunReport>;
}
