//! What the user asks of a backfill.

use super::options::Options;
use super::preflight::FirstRun;
use crate::dbt::{DeferArguments, SelectionArguments};
use crate::timestamp::Timestamp;

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub selection: SelectionArguments,
    /// `--defer` and what belongs to it.
    pub defer: DeferArguments,
    /// `--start-date`.
    pub start_date: Option<Timestamp>,
    /// How far to go.
    pub options: Options,
    /// What the first run does in addition.
    pub first_run: FirstRun,
    /// `--threads`.
    pub threads: Option<u32>,
    /// What follows `--`.
    pub dbt_args: Vec<String>,
}
