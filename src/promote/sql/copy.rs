//! Making and filling the copy of a table where that can be undone: in a transaction, or under a name of its
//! own.

use anyhow::Result;
use serde::Serialize;

use super::create::{Created, Existing, Way, create_statement};
use super::duckdb;
use super::script::Statement;
use super::swap::move_statements;
use crate::promote::plan::{
    Column, CopyStrategy, Identity, Table, TableFacts, new_distribution, new_sort_key, written_as,
};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Makes and fills the copy.
pub(super) fn copy_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
    target: &Relation,
) -> Result<Vec<Statement>> {
    let facts = &table.facts;
    match written_as(dialect, strategy, table) {
        CopyStrategy::Move => {
            move_statements(&facts.staging, &facts.prod, &format!("take {} from staging", table.model))
        }
        CopyStrategy::Like => like_statements(dialect, table, target),
        CopyStrategy::Ctas => {
            let mut statements = vec![as_select(dialect, table, target)?];
            statements.extend(column_descriptions_statement(dialect, table, target)?);
            Ok(statements)
        }
        // Where copies are made like this, nobody has these.
        CopyStrategy::Clone | CopyStrategy::Copy => Ok(vec![as_select(dialect, table, target)?]),
    }
}

fn as_select(dialect: Dialect, table: &Table, target: &Relation) -> Result<Statement> {
    let facts = &table.facts;
    let created = Created {
        existing: Existing::Error,
        target,
        source: &facts.staging,
        // Only Redshift's has words for it here, and a query gives the table what the project configures.
        layout: &facts.layout,
        is_transient: false,
        filter_column: None,
        description: None,
        is_empty: false,
        encryption_key: None,
        copies_tags: false,
        location: None,
    };
    let sql = create_statement(dialect, Way::Select, &created)?;
    Ok(Statement::plain(format!("copy {}", table.model), sql))
}

/// A copy, and what it is made from.
#[derive(Serialize)]
struct Copy<'a> {
    target: Name<'a>,
    source: Name<'a>,
    /// The columns that are filled. Values of generated columns cannot be given.
    columns: Vec<&'a str>,
    /// Postgres: the table numbers one of them, and takes no other numbers without being told.
    is_numbered_always: bool,
}

impl<'a> Copy<'a> {
    fn of(facts: &'a TableFacts, target: &'a Relation) -> Self {
        let columns = &facts.physical.columns;
        let filled = columns.iter().filter(|column| !column.generated);
        Self {
            target: Name(target),
            source: Name(&facts.staging),
            columns: filled.map(|column| column.name.as_str()).collect(),
            is_numbered_always: columns.iter().any(|column| column.identity == Some(Identity::Always)),
        }
    }
}

/// A new table of staging's definition, which is then filled.
fn like_statements(dialect: Dialect, table: &Table, target: &Relation) -> Result<Vec<Statement>> {
    let (facts, model) = (&table.facts, &table.model);
    let copy = Copy::of(facts, target);
    let create = |sql: Sql| Statement::plain(format!("a table like staging's {model}"), sql);
    let fill = || -> Result<_> {
        Ok(Statement::plain(format!("copy {model}"), render(dialect, "fill.sql", &copy)?))
    };
    let mut statements = Vec::new();
    match dialect {
        Dialect::Postgres => {
            statements.extend([create(render(dialect, "create_like.sql", &copy)?), fill()?]);
            statements.extend(numbering_statements(table, target)?);
        }
        Dialect::Redshift => {
            statements.push(create(render(dialect, "create_like.sql", &copy)?));
            statements.extend(layout_statements(table, target)?);
            statements.push(fill()?);
        }
        Dialect::DuckDb => {
            let made_by = facts.physical.create_statement.as_deref();
            let Some(definition) = made_by.and_then(duckdb::definition) else {
                return Ok(vec![as_select(dialect, table, target)?]);
            };
            statements.push(create(duckdb::create_like_statement(definition, target)?));
            // Before the rows: an index cannot be made on rows of the same transaction.
            for sql in duckdb::index_statements(&facts.physical, target)? {
                statements.push(Statement::plain(format!("{model}: an index as in staging"), sql));
            }
            statements.push(fill()?);
        }
        // They do not have this strategy.
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => {
            statements.push(as_select(dialect, table, target)?);
        }
    }
    Ok(statements)
}

/// Redshift: where rows are kept.
#[derive(Serialize)]
struct Arranged<'a> {
    table: Name<'a>,
    distribution: Option<Sql>,
    sort_key: Option<Sql>,
}

/// Redshift: the keys that prod's project configures, instead of staging's. While the table is empty, that is a moment. An
/// interleaved key goes first, because a table that has one keeps its distribution.
fn layout_statements(table: &Table, target: &Relation) -> Result<Vec<Statement>> {
    let distribution = new_distribution(&table.facts).map(|style| {
        // Here, a column has no brackets.
        let key = style.strip_prefix("diststyle key distkey (").and_then(|key| key.strip_suffix(')'));
        Sql::of_checked(key.map_or_else(|| style.to_owned(), |key| format!("distkey {key}")))
    });
    let sort_key = new_sort_key(&table.facts).map(Sql::of_checked);
    let arranged = Arranged { table: Name(target), distribution, sort_key };
    let mut statements = Vec::new();
    let mut add = |title: &str, template: &str| -> Result<()> {
        let sql = render(Dialect::Redshift, template, &arranged)?;
        statements
            .push(Statement::plain(format!("{}: {title} as prod's project configures it", table.model), sql));
        Ok(())
    };
    if arranged.sort_key.is_some() {
        add("the sort key", "sort_key.sql")?;
    }
    if arranged.distribution.is_some() {
        add("the distribution", "distribution.sql")?;
    }
    Ok(statements)
}

#[derive(Serialize)]
struct Numbered<'a> {
    #[serde(flatten)]
    defaulted: Defaulted<'a>,
    target: Name<'a>,
    /// The name of a sequence.
    sequence: String,
    /// A query for the sequence of the column's default in staging.
    default_sequence: Sql,
}

/// A column of staging's table.
#[derive(Serialize, Clone, Copy)]
struct Defaulted<'a> {
    source: Name<'a>,
    column: &'a str,
}

/// Postgres: makes the columns that the table numbers go on where staging's are.
fn numbering_statements(table: &Table, target: &Relation) -> Result<Vec<Statement>> {
    let write = |title: &str, name: &str, column: &Column| {
        let column = column.name.as_str();
        let sequence = target.name_for(&format!("{column}_seq"));
        let defaulted = Defaulted { source: Name(&table.facts.staging), column };
        let default_sequence = render(Dialect::Postgres, "default_sequence.sql", &defaulted)?;
        let numbered = Numbered { defaulted, target: Name(target), sequence, default_sequence };
        let sql = render(Dialect::Postgres, name, &numbered)?;
        Ok(Statement::plain(format!("{}: {title}", table.model), sql))
    };
    let columns = &table.facts.physical.columns;
    let serial = columns.iter().filter(|column| column.is_serial);
    let sequences = serial.map(|column| write("a sequence of its own", "own_sequence.sql", column));
    let numbered = columns.iter().filter(|column| column.is_serial || column.identity.is_some());
    let numbered =
        numbered.map(|column| write("go on numbering where staging is", "go_on_numbering.sql", column));
    sequences.chain(numbered).collect()
}

/// Gives the copy the descriptions that it lost.
pub(super) fn description_statements(
    dialect: Dialect,
    table: &Table,
    target: &Relation,
) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    match dialect {
        Dialect::Postgres => {
            let sql = render(dialect, "copy_description.sql", &Copy::of(&table.facts, target))?;
            statements.push(Statement::plain(format!("{}: its description", table.model), sql));
        }
        Dialect::Databricks => statements.extend(known_description(dialect, table, target)?),
        Dialect::Redshift | Dialect::DuckDb => {
            statements.extend(known_description(dialect, table, target)?);
            statements.extend(known_column_descriptions(dialect, table, target)?);
        }
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Spark => {}
    }
    Ok(statements)
}

/// Postgres: gives the copy the descriptions of staging's columns, which a query loses.
fn column_descriptions_statement(
    dialect: Dialect,
    table: &Table,
    target: &Relation,
) -> Result<Option<Statement>> {
    match dialect {
        Dialect::Postgres => {
            let sql = render(dialect, "copy_column_descriptions.sql", &Copy::of(&table.facts, target))?;
            Ok(Some(Statement::plain(format!("{}: the descriptions of its columns", table.model), sql)))
        }
        // They are restated where the catalogue tells them, or not kept.
        Dialect::Redshift
        | Dialect::DuckDb
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark => Ok(None),
    }
}

#[derive(Serialize)]
struct Described<'a> {
    target: Name<'a>,
    description: &'a str,
}

fn known_description(dialect: Dialect, table: &Table, target: &Relation) -> Result<Option<Statement>> {
    let facts = &table.facts;
    let description = facts.configured.description.as_deref().or(facts.physical.description.as_deref());
    description_statement(dialect, table, target, description.filter(|text| !text.is_empty()))
}

/// Gives a table this description.
pub(super) fn description_statement(
    dialect: Dialect,
    table: &Table,
    target: &Relation,
    description: Option<&str>,
) -> Result<Option<Statement>> {
    let Some(description) = description else { return Ok(None) };
    let sql = render(dialect, "describe_table.sql", &Described { target: Name(target), description })?;
    Ok(Some(Statement::plain(format!("{}: its description", table.model), sql)))
}

#[derive(Serialize)]
struct DescribedColumn<'a> {
    target: Name<'a>,
    column: &'a str,
    description: &'a str,
}

fn known_column_descriptions(dialect: Dialect, table: &Table, target: &Relation) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    for Column { name, description, .. } in &table.facts.physical.columns {
        let Some(description) = description.as_deref().filter(|text| !text.is_empty()) else { continue };
        let described = DescribedColumn { target: Name(target), column: name, description };
        let sql = render(dialect, "describe_column.sql", &described)?;
        statements.push(Statement::plain(format!("{}: the description of {name}", table.model), sql));
    }
    Ok(statements)
}
