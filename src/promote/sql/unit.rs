//! What a warehouse can do as one unit.

use crate::warehouse::Dialect;

/// What belongs together on a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Tables and rows, in one transaction.
    Whole,
    /// The same, but its lock keeps readers out, so that the copy is made before it.
    ShortLock,
    /// Every statement by itself; only the rows may have a transaction.
    Steps,
}

impl Unit {
    pub(super) fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres | Dialect::DuckDb => Self::Whole,
            Dialect::Redshift => Self::ShortLock,
            Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => Self::Steps,
        }
    }
}
