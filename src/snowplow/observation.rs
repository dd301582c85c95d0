//! What the packages' tables and the warehouse's clock said at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::family::Family;
use super::state::{Frontier, Row, Settings, Standing, Window};
use crate::timestamp::Timestamp;

/// A package that the selection touches, with everything but its tables that its windows depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedPackage {
    pub name: String,
    /// Decides how it works out its windows.
    pub family: Family,
    /// Node names of the tracked models to run, one entry per model.
    pub models: Vec<String>,
    /// The vars that its windows depend on.
    pub settings: Settings,
    /// Whether its version of snowplow_utils gets models of the load family back in sync.
    pub load_family_heals: bool,
}

impl TrackedPackage {
    /// Whether a model is one of its tracked models to run.
    #[must_use]
    pub fn tracks(&self, model: &str) -> bool {
        self.models.iter().any(|own| own == model)
    }
}

/// The tables of all packages that a selection touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The warehouse's own clock, as the packages read it.
    pub now: Timestamp,
    /// The packages, each with its tables.
    pub packages: Vec<PackageTables>,
}

impl Observation {
    /// The tables of the package with this name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&PackageTables> {
        self.packages.iter().find(|tables| tables.package.name == name)
    }
}

/// A package and its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageTables {
    pub package: Arc<TrackedPackage>,
    /// Whether the incremental manifest exists.
    pub has_manifest: bool,
    /// The rows of the incremental manifest.
    pub rows: Vec<Row>,
    /// The limits table: the window of the last run, whoever started it.
    pub window: Option<Window>,
}

impl PackageTables {
    /// State and progress of the tracked models to run.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of(self.package.family, &self.package.models, &self.rows)
    }

    /// Whether the rows say that everything up to a time has been processed.
    #[must_use]
    pub fn has_reached(&self, until: Timestamp) -> bool {
        self.standing().frontier() >= Frontier::At(until)
    }

    /// The window of the next run; none if it depends on a start date that is not known.
    #[must_use]
    pub fn next_window(&self, limit_days: u32, now: Timestamp) -> Option<Window> {
        self.standing().window(self.package.family, &self.package.settings, limit_days, now)
    }

    /// Models with more than one row, and the number of their rows.
    #[must_use]
    pub fn duplicates(&self) -> Vec<(&str, usize)> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in &self.rows {
            *counts.entry(&row.model).or_default() += 1;
        }
        counts.into_iter().filter(|&(_, count)| count > 1).collect()
    }
}
