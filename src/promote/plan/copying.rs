//! How a table is really made, where what was asked for is not possible for this one. Pure.

use super::facts::{Physical, TableFacts};
use super::parts::{Action, Table};
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// How a table is really made: what was asked for may not be possible for this one.
#[must_use]
pub fn written_as(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> CopyStrategy {
    let facts = &table.facts;
    match (dialect, strategy) {
        (Dialect::DuckDb, CopyStrategy::Like) if facts.physical.create_statement.is_none() => {
            CopyStrategy::Ctas
        }
        (Dialect::BigQuery, CopyStrategy::Clone) if matches!(table.action, Action::Replace { .. }) => {
            CopyStrategy::Copy
        }
        (Dialect::Snowflake, CopyStrategy::Clone)
            if is_transient(&facts.physical, facts) && !is_wanted_transient(table) =>
        {
            CopyStrategy::Ctas
        }
        _ => strategy,
    }
}

/// Snowflake: whether prod's new table is a transient one. The project's word counts; without one, a table that is replaced
/// stays what it is, because a transient one has no Fail-safe.
#[must_use]
pub fn is_wanted_transient(table: &Table) -> bool {
    let facts = &table.facts;
    let replaced = match table.action {
        Action::Replace { .. } => facts.replaced.transient,
        Action::Create | Action::Keep => None,
    };
    facts.layout.transient.or(replaced).unwrap_or_else(|| is_transient(&facts.physical, facts))
}

/// Snowflake: whether a table is a transient one; most are, because dbt makes them so.
#[must_use]
pub fn is_transient(physical: &Physical, facts: &TableFacts) -> bool {
    physical.transient.or(facts.layout.transient).unwrap_or(true)
}
