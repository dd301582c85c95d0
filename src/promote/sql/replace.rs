//! Making a table from another one in a single statement, which takes effect as a whole or not at all.

use super::copy::description_statements;
use super::ctas::{Ctas, Existing, TableKind, create_clause, ctas_statement, layout_of};
use super::script::Statement;
use crate::promote::plan::{
    Action, CopyStrategy, Layout, Physical, Table, is_transient, is_wanted_transient,
};
use crate::warehouse::{Dialect, Relation};

/// BigQuery: how long a partition is kept.
const PARTITION_EXPIRATION: &str = "partition_expiration_days";

/// Keeps prod's table under its backup name, unless that was done already.
#[must_use]
pub fn backup_statement(dialect: Dialect, table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let (prod, replaced) = (&table.facts.prod, &table.facts.replaced);
    let create = |kind| create_clause(Existing::Keep, kind, backup);
    let sql = match dialect {
        Dialect::Snowflake => {
            let kind = TableKind::of(is_transient(replaced, &table.facts));
            format!("{} clone {prod}", create(kind))
        }
        Dialect::BigQuery => format!("{} copy {prod}", create(TableKind::Permanent)),
        Dialect::Databricks => format!("{} deep clone {prod}", create(TableKind::Permanent)),
        // Only Spark's: where tables are part of a transaction, prod's table is renamed.
        Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            let ctas = Ctas {
                existing: Existing::Keep,
                target: backup,
                source: prod,
                layout: replaced.layout.as_ref().unwrap_or(&table.facts.layout),
                filter_column: None,
                description: replaced.description.as_deref(),
            };
            ctas_statement(dialect, &ctas)
        }
    };
    Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql))
}

/// Makes prod's table from staging's.
#[must_use]
pub fn replace_statement(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Statement {
    let facts = &table.facts;
    let copied = Copied {
        existing: match table.action {
            Action::Replace { .. } => Existing::Replace,
            // A second execution finishes what the first one began. A later check compares what the table
            // holds.
            Action::Create | Action::Keep => Existing::Keep,
        },
        to: &facts.prod,
        from: &facts.staging,
        physical: &facts.physical,
        wanted: TableKind::of(is_wanted_transient(table)),
        configured: &facts.layout,
    };
    Statement::plain(format!("copy {}", table.model), copied.statement(dialect, strategy))
}

/// Puts the backup in the place of what the promotion put there.
#[must_use]
pub fn restore_statement(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let facts = &table.facts;
    let copied = Copied {
        existing: Existing::Replace,
        to: &facts.prod,
        from: backup,
        physical: &facts.replaced,
        wanted: TableKind::of(is_transient(&facts.replaced, facts)),
        configured: &facts.layout,
    };
    let title = format!("put prod's former {} back", table.model);
    Some(Statement::plain(title, copied.statement(dialect, strategy)))
}

/// A table that is made from another one.
struct Copied<'a> {
    existing: Existing,
    to: &'a Relation,
    from: &'a Relation,
    /// What the catalogue says about the other one.
    physical: &'a Physical,
    /// Snowflake: what kind of table the new one is.
    wanted: TableKind,
    /// What the project says about the new one.
    configured: &'a Layout,
}

impl Copied<'_> {
    fn statement(&self, dialect: Dialect, strategy: CopyStrategy) -> String {
        let from = self.from;
        let create = |kind| create_clause(self.existing, kind, self.to);
        match strategy {
            CopyStrategy::Clone => match dialect {
                Dialect::Snowflake if self.can_clone() => {
                    let grants = if self.existing == Existing::Replace { " copy grants" } else { "" };
                    format!("{} clone {from}{grants}", create(self.wanted))
                }
                // Its grammar has no `or replace` for a clone.
                Dialect::BigQuery if self.existing == Existing::Replace => {
                    format!("{} copy {from}", create(TableKind::Permanent))
                }
                Dialect::BigQuery => format!("{} clone {from}", create(TableKind::Permanent)),
                Dialect::Databricks => format!("{} deep clone {from}", create(TableKind::Permanent)),
                // The others do not have this strategy.
                Dialect::Snowflake
                | Dialect::Postgres
                | Dialect::Redshift
                | Dialect::Spark
                | Dialect::DuckDb => self.as_select(dialect),
            },
            CopyStrategy::Copy if dialect == Dialect::BigQuery => {
                format!("{} copy {from}", create(TableKind::Permanent))
            }
            CopyStrategy::Copy | CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move => {
                self.as_select(dialect)
            }
        }
    }

    /// Snowflake: a transient table cannot be cloned to a permanent one.
    fn can_clone(&self) -> bool {
        let is_from_transient = self.physical.transient.or(self.configured.transient).unwrap_or(true);
        self.wanted == TableKind::Transient || !is_from_transient
    }

    fn as_select(&self, dialect: Dialect) -> String {
        let mut layout = self.physical.layout.clone().unwrap_or_else(|| self.configured.clone());
        layout.transient = Some(self.wanted == TableKind::Transient);
        if dialect == Dialect::BigQuery {
            let expiration = self.configured.properties.get_key_value(PARTITION_EXPIRATION);
            layout.properties.extend(expiration.map(|(option, days)| (option.clone(), days.clone())));
        }
        let ctas = Ctas {
            existing: self.existing,
            target: self.to,
            source: self.from,
            layout: &layout,
            filter_column: layout.filtered_by.as_deref(),
            description: self.physical.description.as_deref(),
        };
        ctas_statement(dialect, &ctas)
    }
}

/// Mends what a warehouse's own copy switches off, or takes along from staging.
#[must_use]
pub fn after_copy_statements(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<Statement> {
    let (facts, model) = (&table.facts, &table.model);
    let prod = &facts.prod;
    match (strategy, dialect) {
        (CopyStrategy::Clone, Dialect::Snowflake) if layout_of(facts).cluster_by.is_some() => {
            vec![Statement::plain(
                format!("{model}: a clone's clustering is suspended"),
                format!("alter table {prod} resume recluster"),
            )]
        }
        (CopyStrategy::Copy | CopyStrategy::Clone, Dialect::BigQuery) => {
            let configured = facts.layout.properties.get(PARTITION_EXPIRATION).map(String::as_str);
            let days = configured.or(facts.physical.expires.then_some("null"));
            let partitions =
                days.map(|days| format!(", {PARTITION_EXPIRATION} = {days}")).unwrap_or_default();
            vec![Statement::plain(
                format!("{model}: staging's expiration is not prod's"),
                format!("alter table {prod} set options (expiration_timestamp = null{partitions})"),
            )]
        }
        (CopyStrategy::Clone, Dialect::Databricks) => description_statements(dialect, table, prod),
        (CopyStrategy::Copy | CopyStrategy::Clone, Dialect::Snowflake | Dialect::Databricks)
        | (CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move, _)
        | (_, Dialect::Postgres | Dialect::Redshift | Dialect::Spark | Dialect::DuckDb) => Vec::new(),
    }
}
