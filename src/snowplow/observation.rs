//! What was read of the warehouse at one moment.

use std::collections::BTreeMap;

use super::state::Row;
use crate::event::Window;
use crate::timestamp::Timestamp;

/// The tables of all packages that a selection touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The warehouse's own clock, as the packages read it.
    pub now: Timestamp,
    /// One entry a package, in the order of the scope.
    pub packages: Vec<PackageTables>,
}

/// The tables of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageTables {
    /// The incremental manifest exists.
    pub has_manifest: bool,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What the limits table holds: the window of the last run, whoever started it.
    pub window: Option<Window>,
}

impl PackageTables {
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
