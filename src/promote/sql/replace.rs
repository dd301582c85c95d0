//! Making a table from another one in a single statement, which takes effect as a whole or not at all.

use anyhow::Result;

use super::create::{Created, Existing, Way, create_statement};
use super::script::Statement;
use crate::promote::plan::{
    Action, CopyStrategy, Layout, Table, TableFacts, configured_key, copies_tags, is_transient,
    is_wanted_transient, key_of, new_arrangement, new_format, restated, written_as,
};
use crate::promote::templates::Sql;
use crate::warehouse::{Dialect, Relation};

/// How a backup is made, and how prod's table is made from it again: as it is stored, if the warehouse can.
fn backup_way(dialect: Dialect) -> Way {
    match dialect {
        Dialect::Snowflake | Dialect::Databricks => Way::Clone,
        Dialect::BigQuery => Way::Copy,
        // Only Spark's: where tables are part of a transaction, prod's table is renamed.
        Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => Way::Select,
    }
}

fn way_of(strategy: CopyStrategy) -> Way {
    match strategy {
        CopyStrategy::Clone => Way::Clone,
        CopyStrategy::Copy => Way::Copy,
        CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move => Way::Select,
    }
}

/// Keeps prod's table under its backup name, unless that was done already.
pub(super) fn backup_statement(dialect: Dialect, table: &Table) -> Result<Option<Statement>> {
    let Action::Replace { backup } = &table.action else { return Ok(None) };
    let (facts, replaced) = (&table.facts, &table.facts.replaced);
    let created = Created {
        existing: Existing::Keep,
        target: backup,
        source: &facts.prod,
        layout: facts.replaced_layout(),
        is_transient: is_transient(replaced, facts),
        filter_column: None,
        description: replaced.description.as_deref(),
        is_empty: false,
        encryption_key: replaced.layout.as_ref().and_then(key_of),
        copies_tags: false,
        // Two tables in one place would be one.
        location: None,
    };
    let sql = create_statement(dialect, backup_way(dialect), &created)?;
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
        read: facts.known_layout(),
        is_wanted_transient: is_wanted_transient(table),
        layout: new_layout(dialect, facts),
        encryption_key: configured_key(facts),
        description: facts.configured.description.as_deref().or(facts.physical.description.as_deref()),
        copies_tags: copies_tags(table),
        location: facts.layout.location.as_deref(),
    };
    let way = way_of(written_as(dialect, strategy, table));
    Ok(Statement::plain(format!("copy {}", table.model), copied.statement(dialect, way)?))
}

/// Puts the backup in the place of what the promotion put there.
pub(super) fn restore_statement(dialect: Dialect, table: &Table) -> Result<Option<Statement>> {
    let Action::Replace { backup } = &table.action else { return Ok(None) };
    let facts = &table.facts;
    let copied = Copied {
        existing: Existing::Replace,
        to: &facts.prod,
        from: backup,
        read: facts.replaced_layout(),
        is_wanted_transient: is_transient(&facts.replaced, facts),
        layout: facts.replaced_layout().clone(),
        encryption_key: facts.replaced.layout.as_ref().and_then(key_of),
        description: facts.replaced.description.as_deref(),
        copies_tags: false,
        location: facts.layout.location.as_deref(),
    };
    let title = format!("put prod's former {} back", table.model);
    Ok(Some(Statement::plain(title, copied.statement(dialect, backup_way(dialect))?)))
}

/// A table that is made from another one.
struct Copied<'a> {
    existing: Existing,
    to: &'a Relation,
    from: &'a Relation,
    /// The layout of the other one.
    read: &'a Layout,
    /// Snowflake: whether the new one is transient.
    is_wanted_transient: bool,
    /// What the new one would otherwise lack.
    layout: Layout,
    /// BigQuery: the key of the new one, as SQL.
    encryption_key: Option<&'a str>,
    description: Option<&'a str>,
    /// Snowflake: the new one keeps the tags of the one that it replaces.
    copies_tags: bool,
    /// Databricks and Spark: where the files of the new one are.
    location: Option<&'a str>,
}

impl Copied<'_> {
    fn statement(&self, dialect: Dialect, way: Way) -> Result<Sql> {
        let created = Created {
            existing: self.existing,
            target: self.to,
            source: self.from,
            layout: &self.layout,
            is_transient: self.is_wanted_transient,
            filter_column: self.filter_column(),
            description: self.description,
            encryption_key: self.encryption_key,
            copies_tags: self.copies_tags,
            location: self.location,
            is_empty: false,
        };
        create_statement(dialect, way, &created)
    }

    /// The column that a query of the other one has to name.
    fn filter_column(&self) -> Option<&str> {
        self.read.filtered_by()
    }
}

/// The layout of prod's new table: staging's, with what the project decides.
fn new_layout(dialect: Dialect, facts: &TableFacts) -> Layout {
    let layout = new_arrangement(facts);
    match dialect {
        Dialect::BigQuery => Layout { properties: restated(facts), ..layout },
        Dialect::Databricks | Dialect::Spark => {
            let mut properties = layout.properties;
            properties.extend(facts.layout.properties.clone());
            Layout { properties, format: new_format(dialect, facts), ..layout }
        }
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::DuckDb => layout,
    }
}
