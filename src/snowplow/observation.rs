//! What was read of the warehouse at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::family::Family;
use super::state::{Row, Settings, Standing, Window};
use crate::timestamp::Timestamp;

/// A package that the selection touches, with everything that its windows depend on besides its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedPackage {
    /// The package's name.
    pub name: String,
    /// How it works out its windows.
    pub family: Family,
    /// Node names of the tracked models to run, one entry a model.
    pub models: Vec<String>,
    /// Its vars.
    pub settings: Settings,
    /// Its version of snowplow_utils gets models of the load family back into step.
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
    /// The tables of a package.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&PackageTables> {
        self.packages.iter().find(|tables| tables.package.name == name)
    }
}

/// A package and its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageTables {
    /// The package.
    pub package: Arc<TrackedPackage>,
    /// The incremental manifest exists.
    pub has_manifest: bool,
    /// The rows of the incremental manifest.
    pub rows: Vec<Row>,
    /// What the limits table holds: the window of the last run, whoever started it.
    pub window: Option<Window>,
}

impl PackageTables {
    /// Where the tracked models to run stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of(self.package.family, &self.package.models, &self.rows)
    }

    /// The window of the next run; none where it depends on an unknown start date.
    #[must_use]
    pub fn next_window(&self, limit_days: u32, now: Timestamp) -> Option<Window> {
        self.standing().window(self.package.family, &self.package.settings, limit_days, now)
    }

    /// Models that have more than one row, with how many.
    #[must_use]
    pub fn duplicates(&self) -> Vec<(&str, usize)> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in &self.rows {
            *counts.entry(&row.model).or_default() += 1;
        }
        counts.into_iter().filter(|&(_, count)| count > 1).collect()
    }
}
