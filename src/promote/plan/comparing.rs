//! How each table is compared after a promotion, and what that reads. Pure.

use super::copying::written_as;
use super::parts::{Action, Plan, Table};
use super::strategy::CopyStrategy;
use super::verification::Verification;
use crate::warehouse::Dialect;

impl Plan {
    /// How a table is compared. Without the user's word, a copy that the warehouse makes by itself is counted: what it
    /// clones or copies is what is stored, and nothing has read and written it.
    #[must_use]
    pub fn verification_of(&self, table: &Table) -> Verification {
        let by_default = match (&table.action, written_as(self.dialect, self.strategy, table)) {
            (Action::Keep, _) | (_, CopyStrategy::Like | CopyStrategy::Ctas) => Verification::Full,
            (_, CopyStrategy::Clone | CopyStrategy::Copy) => Verification::Counts,
            // Staging has none any more.
            (_, CopyStrategy::Move) => Verification::None,
        };
        match self.verify {
            Some(_) if self.strategy == CopyStrategy::Move => Verification::None,
            wanted => wanted.unwrap_or(by_default),
        }
    }

    /// What the comparison of all rows will read, in bytes of both sides; none where nobody pays by what is read, or the
    /// catalogue does not tell.
    #[must_use]
    pub fn bytes_to_verify(&self) -> Option<u64> {
        match self.dialect {
            Dialect::BigQuery => {}
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => return None,
        }
        let full = self.tables.iter().filter(|table| self.verification_of(table) == Verification::Full);
        let bytes = full.map(|table| table.facts.physical.bytes.map(|bytes| bytes.saturating_mul(2)));
        bytes.sum::<Option<u64>>().filter(|&bytes| bytes > 0)
    }
}
