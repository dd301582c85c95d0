//! What the loop needs of the outside world: dbt and a warehouse, or a simulation of both.

use anyhow::Result;

use crate::dbt::RunReport;
use crate::event::Emit;
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

    /// Builds the selection once.
    ///
    /// # Errors
    /// dbt cannot be started, or its artifacts cannot be read. A run that fails is a report, not an error.
    fn run(&mut self, request: RunRequest, emit: Emit<'_>) -> Result<RunReport>;
}
