//! What a plan consists of: tables, rows, and what is said about them.

use serde::Serialize;

use super::facts::{PackageFacts, TableFacts};
use super::fingerprint::Fingerprints;
use super::forecast::Forecast;
use super::layout::Layout;
use super::strategy::CopyStrategy;
use super::verification::Verification;
use crate::snowplow::Family;
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, Relation};

/// What the user asks for besides the models.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// How tables are copied. None: the warehouse's best way.
    pub strategy: Option<CopyStrategy>,
    /// Replace the tables that prod has, and set their rows.
    pub replace: bool,
    /// Take tables that prod has without a row for finished copies.
    pub resume: bool,
    /// Record no later time than prod's other rows have, so that prod's next run finds all rows in sync.
    pub sync: bool,
    /// How both sides are compared afterwards. None: as it suits the copy.
    pub verify: Option<Verification>,
}

/// What a promotion will do.
#[derive(Debug, Clone)]
pub struct Plan {
    pub dialect: Dialect,
    /// What staging is called.
    pub from: String,
    /// What prod is called.
    pub to: String,
    /// The user's selection, as dbt's arguments.
    pub selection: Vec<String>,
    /// When the plan was made.
    pub made_at: Timestamp,
    /// How tables are copied.
    pub strategy: CopyStrategy,
    /// How the user wants both sides to be compared.
    pub verify: Option<Verification>,
    /// Relations of prod whose schemas do not exist yet, one for each schema.
    pub schemas: Vec<Relation>,
    /// The tables that go to prod.
    pub tables: Vec<Table>,
    /// The rows, one entry for each package.
    pub ledgers: Vec<Ledger>,
    /// Selected models that prod runs already, and that are not replaced.
    pub left_alone: Vec<String>,
    /// Prod's next run, one entry for each package. Empty offline.
    pub forecasts: Vec<Forecast>,
    /// What is not known, not carried over, or left to do by hand.
    pub notes: Vec<String>,
    /// What the plan was made from.
    pub fingerprints: Fingerprints,
}

/// A table that goes to prod.
#[derive(Debug, Clone)]
pub struct Table {
    pub model: String,
    /// Where it is, and what is known about it.
    pub facts: TableFacts,
    /// What happens to it.
    pub action: Action,
    /// The user asked for no strategy, so that the table may be copied by another one where that keeps prod's configuration.
    pub is_free: bool,
}

/// What happens to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Prod has no such table: it is copied.
    Create,
    /// Prod has one, which is kept under a backup name.
    Replace { backup: Relation },
    /// Prod has a copy already. Only its content is checked.
    Keep,
}

/// The rows of one package.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub package: String,
    /// How it computes its windows. The columns of its rows depend on it.
    pub family: Family,
    pub staging: Relation,
    pub prod: Relation,
    /// The layout of prod's incremental manifest, where prod has none yet and gets one.
    pub new: Option<Layout>,
    /// The `last_success` of all these models in staging; none offline.
    pub time: Option<Timestamp>,
    /// The earlier time that prod records instead: the one of its other models. From there, prod's next run
    /// gives all of them the same events.
    pub cap: Option<Timestamp>,
    /// Models whose rows prod lacks and gets.
    pub added: Vec<String>,
    /// Rows that prod has and that are set to another time.
    pub moved: Vec<MovedRow>,
}

/// A row that prod has and that is set to another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedRow {
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
    /// No rows of a package.
    pub(super) fn empty(package: &PackageFacts) -> Self {
        Self {
            package: package.name.clone(),
            family: package.family,
            staging: package.staging_manifest.clone(),
            prod: package.prod_manifest.clone(),
            new: package.lacks_manifest().then(|| package.manifest_layout.clone()),
            time: None,
            cap: None,
            added: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Where a row is moved.
    #[must_use]
    pub fn direction(&self, row: &MovedRow) -> Direction {
        match self.recorded() {
            Some(time) if time < row.from => Direction::Back,
            Some(_) | None => Direction::Forward,
        }
    }

    /// The time that prod records. None offline, where prod records the time that staging has at that moment.
    #[must_use]
    pub fn recorded(&self) -> Option<Timestamp> {
        self.cap.or(self.time)
    }

    /// All models whose rows are written.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.added.iter().map(String::as_str).chain(self.moved.iter().map(|row| row.model.as_str()))
    }
}
