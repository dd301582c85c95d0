//! Conditions and queries that compare two tables: their rows, and their columns.

use anyhow::Result;
use serde::Serialize;

use super::create::{every_row_clause, filter_columns};
use crate::promote::plan::{Table, TableFacts};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// Both sides of a table.
#[derive(Serialize)]
struct Sides<'a> {
    prod: Name<'a>,
    staging: Name<'a>,
    every_row: Option<Sql>,
    /// The column that says how recent a row is.
    date_column: Option<Sql>,
}

/// A copy, in place or not yet, has as many rows as staging's table, and as many of the latest ones. That is enough for a copy that
/// the same script made a moment ago.
pub(super) fn same_counts_condition(dialect: Dialect, table: &Table, copy: &Relation) -> Result<Sql> {
    let facts = &table.facts;
    let sides = Sides {
        prod: Name(copy),
        staging: Name(&facts.staging),
        every_row: every_row_clause(dialect, &filter_columns(facts))?,
        // A plain name, bare as the project writes it.
        date_column: facts.date_column.as_ref().map(Sql::of_checked),
    };
    let mut conditions = vec![render(dialect, "conditions/same_counts.sql", &sides)?];
    if sides.date_column.is_some() {
        conditions.push(render(dialect, "conditions/same_latest.sql", &sides)?);
    }
    Ok(Sql::all(&conditions))
}

#[derive(Serialize)]
struct Digests {
    prod_digest: Sql,
    staging_digest: Sql,
}

/// Prod's table holds what staging's holds, value by value: for a table that the script did not make.
pub(super) fn same_content_condition(dialect: Dialect, table: &Table) -> Result<Sql> {
    let digests = Digests {
        prod_digest: digest_query(dialect, &table.facts.prod, &table.facts)?,
        staging_digest: digest_query(dialect, &table.facts.staging, &table.facts)?,
    };
    let same_digest = render(dialect, "conditions/same_digest.sql", &digests)?;
    Ok(Sql::all(&[same_counts_condition(dialect, table, &table.facts.prod)?, same_digest]))
}

/// One side of a table.
#[derive(Serialize)]
struct OneSide<'a> {
    of: Name<'a>,
    /// The names of its columns, where they are known.
    columns: Vec<&'a str>,
    every_row: Option<Sql>,
}

impl<'a> OneSide<'a> {
    fn of(dialect: Dialect, relation: &'a Relation, facts: &'a TableFacts) -> Result<Self> {
        Ok(Self {
            of: Name(relation),
            columns: facts.physical.columns.iter().map(|column| column.name.as_str()).collect(),
            every_row: every_row_clause(dialect, &filter_columns(facts))?,
        })
    }
}

/// How many rows there are.
pub(super) fn count_query(dialect: Dialect, of: &Relation, facts: &TableFacts) -> Result<Sql> {
    render(dialect, "queries/count.sql", &OneSide::of(dialect, of, facts)?)
}

/// A number that differs when the content does, and does not depend on the order of rows. It is a sum, so
/// that equal rows do not cancel each other out.
pub(super) fn digest_query(dialect: Dialect, of: &Relation, facts: &TableFacts) -> Result<Sql> {
    render(dialect, "queries/digest.sql", &OneSide::of(dialect, of, facts)?)
}

#[derive(Serialize)]
struct BothColumns<'a> {
    prod: Name<'a>,
    staging: Name<'a>,
    prod_columns: Option<Sql>,
    staging_columns: Option<Sql>,
}

#[derive(Serialize)]
struct Columns<'a> {
    of: Name<'a>,
    /// Redshift: one of both tables is in another database than the script.
    across_databases: bool,
}

/// Both tables have the same columns, of the same types and in the same order.
pub(super) fn same_columns_condition(dialect: Dialect, table: &Table) -> Result<Sql> {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    let across_databases = !staging.is_in_database_of(prod);
    let columns = |of| match dialect {
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery => {
            let columns = Columns { of: Name(of), across_databases };
            render(dialect, "queries/columns.sql", &columns).map(Some)
        }
        // One expression says all of a table's columns.
        Dialect::Postgres | Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => Ok(None),
    };
    let both = BothColumns {
        prod: Name(prod),
        staging: Name(staging),
        prod_columns: columns(prod)?,
        staging_columns: columns(staging)?,
    };
    render(dialect, "conditions/same_columns.sql", &both)
}
