//! How one table is really copied: the strategy that was asked for may not be possible for it. Pure.

use super::arranging;
use super::facts::{Physical, TableFacts};
use super::parts::{Action, Table};
use super::properties::{Held, Property};
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// The strategy that a table is really copied by.
#[must_use]
pub fn written_as(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> CopyStrategy {
    let facts = &table.facts;
    if let Some(instead) = arranging::instead(dialect, strategy, table) {
        return instead;
    }
    let instead = match dialect {
        Dialect::DuckDb => (strategy == CopyStrategy::Like && facts.physical.create_statement.is_none())
            .then_some(CopyStrategy::Ctas),
        Dialect::BigQuery => {
            let is_replaced = matches!(table.action, Action::Replace { .. });
            (strategy == CopyStrategy::Clone && (is_replaced || needs_other_key(facts)))
                .then_some(CopyStrategy::Copy)
        }
        Dialect::Snowflake => {
            let loses_transience = is_transient(&facts.physical, facts) && !is_wanted_transient(table);
            (strategy == CopyStrategy::Clone && loses_transience).then_some(CopyStrategy::Ctas)
        }
        Dialect::Postgres | Dialect::Redshift | Dialect::Databricks | Dialect::Spark => None,
    };
    instead.unwrap_or(strategy)
}

/// BigQuery: whether prod's table is to be encrypted by a key that staging's is not known to have. A clone shares
/// its data with staging's table.
fn needs_other_key(facts: &TableFacts) -> bool {
    let key = |held: &Held| held.get(&Property::EncryptionKey).cloned();
    let configured = key(&facts.configured.held);
    configured.is_some() && configured != key(&facts.physical.held)
}

/// Whether the promotion reads staging's rows by a query, which shows only what its reader may see: to copy them, or to
/// compare them with a copy that is there already.
#[must_use]
pub fn reads_by_query(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> bool {
    match (&table.action, written_as(dialect, strategy, table)) {
        (Action::Keep, _) | (_, CopyStrategy::Like | CopyStrategy::Ctas) => true,
        // These take the table as it is stored, or fail.
        (_, CopyStrategy::Clone | CopyStrategy::Copy | CopyStrategy::Move) => false,
    }
}

/// Snowflake: whether prod's new table is transient. The project decides. Where it says nothing, a table that
/// is replaced stays what it is, because a transient table has no Fail-safe.
#[must_use]
pub fn is_wanted_transient(table: &Table) -> bool {
    let facts = &table.facts;
    let replaced = match table.action {
        Action::Replace { .. } => facts.replaced.transient,
        Action::Create | Action::Keep => None,
    };
    facts.layout.transient.or(replaced).unwrap_or_else(|| is_transient(&facts.physical, facts))
}

/// Snowflake: whether a table is transient, which is what dbt makes by default.
#[must_use]
pub fn is_transient(physical: &Physical, facts: &TableFacts) -> bool {
    physical.transient.or(facts.layout.transient).unwrap_or(true)
}

/// Snowflake: whether prod's new table is kept in the order of its clustering key. The project decides. Where it says
/// nothing, a table that is replaced stays as somebody set it, and a new one is what a clustering key makes it.
#[must_use]
pub fn is_clustered_automatically(table: &Table) -> bool {
    let replaced = match table.action {
        Action::Replace { .. } => table.facts.replaced.automatic_clustering,
        Action::Create | Action::Keep => None,
    };
    table.facts.configured.automatic_clustering.or(replaced).unwrap_or(true)
}

/// Snowflake: whether prod's new table keeps the tags of the one that it replaces.
#[must_use]
pub fn copies_tags(table: &Table) -> bool {
    let replaced = &table.facts.replaced;
    let has_tags = !replaced.tags.is_empty() || replaced.held.contains_key(&Property::ColumnTags);
    matches!(table.action, Action::Replace { .. }) && (table.facts.configured.copies_tags || has_tags)
}
