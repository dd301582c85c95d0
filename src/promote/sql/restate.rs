//! What follows a copy: it gets what prod's project configures and the copy did not give it, and loses what came along
//! from staging.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::copy::{description_statement, description_statements};
use super::script::Statement;
use super::swap;
use crate::promote::plan::{
    Action, CopyStrategy, Layout, Table, differing, is_clustered_automatically, new_arrangement,
    set_after_copy, written_as,
};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Mends what a warehouse's own copy switches off, or takes along from staging.
pub(super) fn after_copy_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
) -> Result<Vec<Statement>> {
    let is_query = match written_as(dialect, strategy, table) {
        CopyStrategy::Clone | CopyStrategy::Copy => false,
        CopyStrategy::Ctas | CopyStrategy::Like | CopyStrategy::Move => true,
    };
    match dialect {
        Dialect::Snowflake => on_snowflake(table, is_query),
        Dialect::BigQuery if !is_query => on_bigquery(table),
        Dialect::Databricks => on_databricks(table, is_query),
        Dialect::BigQuery | Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            Ok(Vec::new())
        }
    }
}

/// Gives prod's former table back what its backup does not have.
pub(super) fn after_restoring_statements(dialect: Dialect, table: &Table) -> Result<Vec<Statement>> {
    let facts = &table.facts;
    let was_clustered =
        matches!(table.action, Action::Replace { .. }) && facts.replaced.automatic_clustering == Some(true);
    match dialect {
        Dialect::Snowflake if was_clustered => {
            let sql = swap::of_table(dialect, "resume_clustering.sql", &facts.prod)?;
            Ok(vec![Statement::plain(format!("{}: a clone's clustering is suspended", table.model), sql)])
        }
        Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::Postgres
        | Dialect::Redshift
        | Dialect::DuckDb => Ok(Vec::new()),
    }
}

/// BigQuery: options that a table gets.
#[derive(Serialize)]
struct Options<'a> {
    table: Name<'a>,
    /// Each with its value.
    options: Vec<Sql>,
}

fn on_bigquery(table: &Table) -> Result<Vec<Statement>> {
    let set = set_after_copy(&table.facts);
    let options = set.iter().map(|(option, value)| Sql::of_checked(format!("{option} = {value}")));
    let options = Options { table: Name(&table.facts.prod), options: options.collect() };
    let sql = render(Dialect::BigQuery, "set_options.sql", &options)?;
    let title = format!("{}: options as prod's project configures them, not staging's", table.model);
    Ok(vec![Statement::plain(title, sql)])
}

/// Databricks: properties that a table gets.
#[derive(Serialize)]
struct Properties<'a> {
    table: Name<'a>,
    properties: &'a BTreeMap<String, String>,
}

fn on_databricks(table: &Table, is_query: bool) -> Result<Vec<Statement>> {
    let dialect = Dialect::Databricks;
    let (facts, prod) = (&table.facts, &table.facts.prod);
    let mut statements = if is_query { Vec::new() } else { description_statements(dialect, table, prod)? };
    let mut add = |title: &str, sql| {
        statements.push(Statement::plain(format!("{}: {title}", table.model), sql));
    };
    let (configured, staging) = (&facts.layout, facts.physical.layout.as_ref());
    let has = |(key, value): (&String, &String)| {
        staging.is_some_and(|layout| layout.properties.get(key) == Some(value))
    };
    if !is_query && !configured.properties.iter().all(has) {
        let properties = Properties { table: Name(prod), properties: &configured.properties };
        add("the project's table properties", render(dialect, "set_properties.sql", &properties)?);
    }
    if let Some(layout) = changed_layout(dialect, table).filter(|_| !is_query) {
        if layout.is_clustered_by_choice {
            add("automatic liquid clustering", swap::of_table(dialect, "cluster_by_choice.sql", prod)?);
        }
        if let Some(columns) = &layout.cluster_by {
            add("clustering as prod's project configures it", cluster_by(dialect, prod, columns)?);
        }
    }
    if let Some(tags) = &facts.configured.tags {
        let tags = Tags { table: Name(prod), tags: Sql::of_checked(tags) };
        add("the project's tags", render(dialect, "set_tags.sql", &tags)?);
    }
    let known = &facts.physical.columns;
    // The project may speak of a column that no run has made yet.
    let is_there = |name: &str| known.is_empty() || known.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    for (column, tags) in facts.configured.column_tags.iter().filter(|(column, _)| is_there(column)) {
        let tagged = TaggedColumn { table: Name(prod), column, tags: Sql::of_checked(tags) };
        add(&format!("the project's tags of {column}"), render(dialect, "set_column_tags.sql", &tagged)?);
    }
    Ok(statements)
}

/// Databricks: tags of a column, with their values.
#[derive(Serialize)]
struct TaggedColumn<'a> {
    table: Name<'a>,
    column: &'a str,
    tags: Sql,
}

/// The configured layout, unless a clone certainly has it.
fn changed_layout(dialect: Dialect, table: &Table) -> Option<&Layout> {
    let facts = &table.facts;
    let is_unknown = facts.physical.layout.is_none();
    differing(dialect, facts).map(|(_, wanted)| wanted).or(is_unknown.then_some(&facts.layout))
}

#[derive(Serialize)]
struct Clustered<'a> {
    table: Name<'a>,
    columns: Sql,
}

fn cluster_by(dialect: Dialect, table: &Relation, columns: &str) -> Result<Sql> {
    render(dialect, "cluster_by.sql", &Clustered { table: Name(table), columns: Sql::of_checked(columns) })
}

/// Tags, by their names or with their values.
#[derive(Serialize)]
struct Tags<'a, T> {
    table: Name<'a>,
    tags: T,
}

#[derive(Serialize)]
struct ChangeTracking<'a> {
    table: Name<'a>,
    is_on: bool,
}

fn on_snowflake(table: &Table, is_query: bool) -> Result<Vec<Statement>> {
    let dialect = Dialect::Snowflake;
    let (facts, prod) = (&table.facts, &table.facts.prod);
    let mut statements = Vec::new();
    let mut add = |title: &str, sql| {
        statements.push(Statement::plain(format!("{}: {title}", table.model), sql));
    };
    let key =
        changed_layout(dialect, table).filter(|_| !is_query).and_then(|layout| layout.cluster_by.as_ref());
    if let Some(key) = key {
        add("its clustering key as prod's project configures it", cluster_by(dialect, prod, key)?);
    }
    let is_clustered = new_arrangement(facts).cluster_by.is_some();
    // A new key begins to be kept in order at once.
    let is_new = is_query || key.is_some();
    match (is_clustered && is_clustered_automatically(table), is_new) {
        (true, _) if !is_query => {
            add("a clone's clustering is suspended", swap::of_table(dialect, "resume_clustering.sql", prod)?);
        }
        (false, true) if is_clustered => {
            add("its clustering stays suspended", swap::of_table(dialect, "suspend_clustering.sql", prod)?);
        }
        (true | false, _) => {}
    }
    // A table that is kept may be as somebody else set it.
    let is_cloned = !is_query && table.action != Action::Keep;
    if is_cloned {
        let sql = swap::of_table(dialect, "own_retention.sql", prod)?;
        add("its schema decides about Time Travel, not staging's table", sql);
    }
    let of_staging = facts.physical.tags.iter().filter(|tag| !facts.replaced.tags.contains(tag));
    let tags: Vec<_> = of_staging.map(Sql::of_checked).collect();
    if is_cloned && !tags.is_empty() {
        add(
            "staging's tags are not prod's",
            render(dialect, "unset_tags.sql", &Tags { table: Name(prod), tags })?,
        );
    }
    if let Some(tags) = &facts.configured.tags {
        let tags = Tags { table: Name(prod), tags: Sql::of_checked(tags) };
        add("the project's tags", render(dialect, "set_tags.sql", &tags)?);
    }
    if let Some(is_on) = facts.configured.change_tracking {
        let tracking = ChangeTracking { table: Name(prod), is_on };
        add("the project's change tracking", render(dialect, "set_change_tracking.sql", &tracking)?);
    }
    // A query restates it.
    let description = facts.configured.description.as_deref().filter(|_| !is_query);
    let is_other = |text: &&str| facts.physical.description.as_deref() != Some(text);
    statements.extend(description_statement(dialect, table, prod, description.filter(is_other))?);
    Ok(statements)
}
