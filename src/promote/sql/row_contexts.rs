//! What the templates of rows are given.

use serde::Serialize;

use crate::promote::plan::{Ledger, MovedRow};
use crate::promote::templates::{Moment, Name};
use crate::snowplow::Family;

/// The incremental manifests of one package, and the times in them.
#[derive(Serialize)]
struct Sides<'a> {
    prod: Name<'a>,
    staging: Name<'a>,
    /// The `last_success` of staging's rows; none offline.
    time: Option<Moment>,
    /// The earlier time that prod records instead.
    cap: Option<Moment>,
    /// The time that prod records; none offline.
    recorded: Option<Moment>,
    /// Whether rows have a `first_success`.
    has_first_success: bool,
}

impl<'a> Sides<'a> {
    fn of(ledger: &'a Ledger) -> Self {
        Self {
            prod: Name(&ledger.prod),
            staging: Name(&ledger.staging),
            time: ledger.time.map(Moment),
            cap: ledger.cap.map(Moment),
            recorded: ledger.recorded().map(Moment),
            has_first_success: match ledger.family {
                Family::Session => false,
                Family::Load => true,
            },
        }
    }
}

/// Rows of one package.
#[derive(Serialize)]
pub(super) struct Rows<'a> {
    #[serde(flatten)]
    sides: Sides<'a>,
    /// All models whose rows are written.
    models: Vec<&'a str>,
    /// Those whose rows prod lacks and gets.
    added: &'a [String],
}

impl<'a> Rows<'a> {
    pub(super) fn of(ledger: &'a Ledger) -> Self {
        Self { sides: Sides::of(ledger), models: ledger.models().collect(), added: &ledger.added }
    }
}

/// One row of a package that prod has, and that is moved.
#[derive(Serialize)]
pub(super) struct OneRow<'a> {
    #[serde(flatten)]
    sides: Sides<'a>,
    row: FoundRow<'a>,
}

/// A row as the plan found it in prod.
#[derive(Serialize)]
struct FoundRow<'a> {
    model: &'a str,
    last_success: Moment,
    first_success: Option<Moment>,
}

impl<'a> OneRow<'a> {
    pub(super) fn of(ledger: &'a Ledger, row: &'a MovedRow) -> Self {
        let row = FoundRow {
            model: &row.model,
            last_success: Moment(row.from),
            first_success: row.first.map(Moment),
        };
        Self { sides: Sides::of(ledger), row }
    }
}

/// Staging's rows that go where their tables go.
#[derive(Serialize)]
pub(super) struct MovedAlong<'a> {
    #[serde(flatten)]
    sides: Sides<'a>,
    moved: &'a [&'a str],
}

impl<'a> MovedAlong<'a> {
    pub(super) fn of(ledger: &'a Ledger, moved: &'a [&'a str]) -> Self {
        Self { sides: Sides::of(ledger), moved }
    }
}

/// A model, in prod or staging.
#[derive(Serialize)]
pub(super) struct OneModel<'a> {
    pub(super) prod: Name<'a>,
    pub(super) model: &'a str,
}
