//! Making a table from another one in a single statement, which takes effect as a whole or not at all.

use anyhow::Result;
use serde::Serialize;

use super::copy::description_statements;
use super::create::{Created, Existing, Way, create_statement, layout_of};
use super::script::Statement;
use super::swap;
use crate::promote::plan::{
    Action, CopyStrategy, Layout, Physical, Table, TableFacts, configured_key, is_transient,
    is_wanted_transient, key_of, restated, set_after_copy,
};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Keeps prod's table under its backup name, unless that was done already.
pub(super) fn backup_statement(dialect: Dialect, table: &Table) -> Result<Option<Statement>> {
    let Action::Replace { backup } = &table.action else { return Ok(None) };
    let (facts, replaced) = (&table.facts, &table.facts.replaced);
    let way = match dialect {
        Dialect::Snowflake | Dialect::Databricks => Way::Clone,
        Dialect::BigQuery => Way::Copy,
        // Only Spark's: where tables are part of a transaction, prod's table is renamed.
        Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => Way::Select,
    };
    let created = Created {
        existing: Existing::Keep,
        target: backup,
        source: &facts.prod,
        layout: replaced.layout.as_ref().unwrap_or(&facts.layout),
        is_transient: is_transient(replaced, facts),
        filter_column: None,
        description: replaced.description.as_deref(),
        encryption_key: replaced.layout.as_ref().and_then(key_of),
    };
    let sql = create_statement(dialect, way, &created)?;
    Ok(Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql)))
}

/// Makes prod's table from staging's.
pub(super) fn replace_statement(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Statement> {
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
        is_wanted_transient: is_wanted_transient(table),
        configured: &facts.layout,
        layout: new_layout(dialect, facts),
        encryption_key: configured_key(facts),
    };
    Ok(Statement::plain(format!("copy {}", table.model), copied.statement(dialect, strategy)?))
}

/// Puts the backup in the place of what the promotion put there.
pub(super) fn restore_statement(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Option<Statement>> {
    let Action::Replace { backup } = &table.action else { return Ok(None) };
    let facts = &table.facts;
    let copied = Copied {
        existing: Existing::Replace,
        to: &facts.prod,
        from: backup,
        physical: &facts.replaced,
        is_wanted_transient: is_transient(&facts.replaced, facts),
        configured: &facts.layout,
        layout: facts.replaced.layout.as_ref().unwrap_or(&facts.layout).clone(),
        encryption_key: facts.replaced.layout.as_ref().and_then(key_of),
    };
    let title = format!("put prod's former {} back", table.model);
    Ok(Some(Statement::plain(title, copied.statement(dialect, strategy)?)))
}

/// A table that is made from another one.
struct Copied<'a> {
    existing: Existing,
    to: &'a Relation,
    from: &'a Relation,
    /// What the catalogue says about the other one.
    physical: &'a Physical,
    /// Snowflake: whether the new one is transient.
    is_wanted_transient: bool,
    /// What the project says about the new one.
    configured: &'a Layout,
    /// What the new one would otherwise lack.
    layout: Layout,
    /// BigQuery: the key of the new one, as SQL.
    encryption_key: Option<&'a str>,
}

impl Copied<'_> {
    fn statement(&self, dialect: Dialect, strategy: CopyStrategy) -> Result<Sql> {
        let created = Created {
            existing: self.existing,
            target: self.to,
            source: self.from,
            layout: &self.layout,
            is_transient: self.is_wanted_transient,
            filter_column: self.filter_column(),
            description: self.physical.description.as_deref(),
            encryption_key: self.encryption_key,
        };
        create_statement(dialect, self.way(dialect, strategy), &created)
    }

    /// Where a warehouse does not have a strategy, there is always a query.
    fn way(&self, dialect: Dialect, strategy: CopyStrategy) -> Way {
        match strategy {
            CopyStrategy::Clone => match dialect {
                Dialect::Snowflake => {
                    if self.can_clone() {
                        Way::Clone
                    } else {
                        Way::Select
                    }
                }
                // Its grammar has no `or replace` for a clone.
                Dialect::BigQuery => {
                    if self.existing == Existing::Replace {
                        Way::Copy
                    } else {
                        Way::Clone
                    }
                }
                Dialect::Databricks => Way::Clone,
                Dialect::Postgres | Dialect::Redshift | Dialect::Spark | Dialect::DuckDb => Way::Select,
            },
            CopyStrategy::Copy => match dialect {
                Dialect::BigQuery => Way::Copy,
                Dialect::Postgres
                | Dialect::Redshift
                | Dialect::Snowflake
                | Dialect::Databricks
                | Dialect::Spark
                | Dialect::DuckDb => Way::Select,
            },
            CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move => Way::Select,
        }
    }

    /// Snowflake: a transient table cannot be cloned to a permanent one.
    fn can_clone(&self) -> bool {
        let is_from_transient = self.physical.transient.or(self.configured.transient).unwrap_or(true);
        self.is_wanted_transient || !is_from_transient
    }

    /// The column that a query of the other one has to name.
    fn filter_column(&self) -> Option<&str> {
        self.physical.layout.as_ref().unwrap_or(self.configured).filtered_by()
    }
}

/// The layout of prod's new table: staging's, with what the project decides.
fn new_layout(dialect: Dialect, facts: &TableFacts) -> Layout {
    let layout = layout_of(facts).clone();
    match dialect {
        Dialect::BigQuery => Layout { properties: restated(facts), ..layout },
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => layout,
    }
}

/// BigQuery: options that a table gets.
#[derive(Serialize)]
struct Options<'a> {
    table: Name<'a>,
    /// Each with its value.
    options: Vec<Sql>,
}

/// Mends what a warehouse's own copy switches off, or takes along from staging.
pub(super) fn after_copy_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Vec<Statement>> {
    let (facts, model) = (&table.facts, &table.model);
    let prod = &facts.prod;
    let statement = |title: &str, sql| Statement::plain(format!("{model}: {title}"), sql);
    match strategy {
        CopyStrategy::Clone | CopyStrategy::Copy => {}
        CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move => return Ok(Vec::new()),
    }
    match dialect {
        Dialect::Snowflake if layout_of(facts).cluster_by.is_some() => {
            let sql = swap::of_table(dialect, "resume_clustering.sql", prod)?;
            Ok(vec![statement("a clone's clustering is suspended", sql)])
        }
        Dialect::BigQuery => {
            let set = set_after_copy(facts);
            let options = set.iter().map(|(option, value)| Sql::of_checked(format!("{option} = {value}")));
            let options = Options { table: Name(prod), options: options.collect() };
            let sql = render(dialect, "set_options.sql", &options)?;
            Ok(vec![statement("options as prod's project configures them, not staging's", sql)])
        }
        Dialect::Databricks => description_statements(dialect, table, prod),
        Dialect::Snowflake | Dialect::Postgres | Dialect::Redshift | Dialect::Spark | Dialect::DuckDb => {
            Ok(Vec::new())
        }
    }
}
