//! What a plan consists of: tables, rows, and what is said about them.

use serde::Serialize;

use super::facts::TableFacts;
use super::fingerprint::Fingerprints;
use super::forecast::Forecast;
use super::strategy::CopyStrategy;
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// What the user asks for besides the models.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// How tables are copied; none: the warehouse's best.
    pub strategy: Option<CopyStrategy>,
    /// Replace tables and rows that prod has.
    pub replace: bool,
    /// Take tables that prod has without a row as copied already.
    pub resume: bool,
    /// Record no later time than prod's own rows have, so that its next run finds all of them in step.
    pub sync: bool,
}

/// A promotion.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The warehouse.
    pub dialect: Dialect,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// The user's selection, as dbt's arguments.
    pub selection: Vec<String>,
    /// When it was worked out.
    pub made_at: Timestamp,
    /// How tables are copied.
    pub strategy: CopyStrategy,
    /// The tables.
    pub tables: Vec<Table>,
    /// The rows, an entry a package.
    pub ledgers: Vec<Ledger>,
    /// Selected models that prod runs already.
    pub left_alone: Vec<String>,
    /// Prod's next run, an entry a package; empty offline.
    pub forecasts: Vec<Forecast>,
    /// What is not known, not carried over, or left to do by hand.
    pub notes: Vec<String>,
    /// What it was worked out from.
    pub fingerprints: Fingerprints,
}

/// A table that goes to prod.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its model.
    pub model: String,
    /// Where it is and what is known of it.
    pub facts: TableFacts,
    /// What happens to it.
    pub action: Action,
}

/// What happens to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Prod has none: it is copied.
    Create,
    /// Prod has one: it is kept under a backup name.
    Replace {
        /// That name.
        backup: Relation,
    },
    /// Prod has a copy already; only its content is checked.
    Keep,
}

/// The rows of one package.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The package.
    pub package: String,
    /// How it works out its windows: the columns hang on it.
    pub family: Family,
    /// Staging's incremental manifest.
    pub staging: Relation,
    /// Prod's.
    pub prod: Relation,
    /// `last_success` of all these models in staging; none offline.
    pub time: Option<Timestamp>,
    /// What prod is to record where that is not staging's time: its own models' earlier one, from which its next run hands
    /// them all the same events.
    pub cap: Option<Timestamp>,
    /// Models whose rows prod gets.
    pub added: Vec<String>,
    /// Models whose rows prod has, with their `last_success` there.
    pub moved: Vec<MovedRow>,
}

/// A row that prod has and that is set to staging's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedRow {
    /// The model.
    pub model: String,
    /// Its `last_success` in prod now.
    pub from: Timestamp,
    /// Its `first_success` there, which only the load family has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
}

/// Where a promotion moves the `last_success` of a row that prod has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To an earlier time.
    Back,
    /// To a later time, or nowhere.
    Forward,
}

impl Ledger {
    /// Where a row is moved.
    #[must_use]
    pub fn direction(&self, row: &MovedRow) -> Direction {
        match self.recorded() {
            Some(time) if time < row.from => Direction::Back,
            Some(_) | None => Direction::Forward,
        }
    }

    /// The time that prod records; none offline, where it is whatever staging has.
    #[must_use]
    pub fn recorded(&self) -> Option<Timestamp> {
        self.cap.or(self.time)
    }

    /// All its models.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.added.iter().map(String::as_str).chain(self.moved.iter().map(|row| row.model.as_str()))
    }
}
