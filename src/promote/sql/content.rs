//! Conditions and queries that compare two tables: their rows, and their columns.

use super::assertion::all_conditions;
use super::ctas::{every_row_clause, filter_column};
use crate::promote::plan::{Table, TableFacts};
use crate::warehouse::{Dialect, Relation};

/// The alias that stands for a whole row. A column of this name would hide it, and no table has one.
const ROW: &str = "snowplow_backfill_row";

/// Prod's table has as many rows as staging's, and as many of the latest ones. That is enough for a copy that
/// the same script made a moment ago.
#[must_use]
pub fn same_counts_condition(table: &Table) -> String {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    let facts = &table.facts;
    let mut conditions = vec![format!("({}) = ({})", count_query(prod, facts), count_query(staging, facts))];
    if let Some(column) = &facts.date_column {
        let every_row = every_row_clause(filter_column(facts));
        let latest = |of: &Relation| {
            let latest = format!("{column} = (select max({column}) from {staging}{every_row})");
            if every_row.is_empty() {
                format!("(select count(*) from {of} where {latest})")
            } else {
                format!("(select count(*) from {of}{every_row} and {latest})")
            }
        };
        conditions.push(format!("{} = {}", latest(prod), latest(staging)));
    }
    all_conditions(&conditions)
}

/// Prod's table holds what staging's holds, value by value: for a table that the script did not make.
#[must_use]
pub fn same_content_condition(dialect: Dialect, table: &Table) -> String {
    // Without rows there is no digest.
    let digest = |of: &Relation| format!("coalesce(({}), 0)", digest_query(dialect, of, &table.facts));
    let [staging, prod] = [&table.facts.staging, &table.facts.prod].map(digest);
    all_conditions(&[same_counts_condition(table), format!("{prod} = {staging}")])
}

/// How many rows there are.
#[must_use]
pub fn count_query(of: &Relation, facts: &TableFacts) -> String {
    format!("select count(*) from {of}{}", every_row_clause(filter_column(facts)))
}

/// A number that differs when the content does, and does not depend on the order of rows. It is a sum, so
/// that equal rows do not cancel each other out.
#[must_use]
pub fn digest_query(dialect: Dialect, of: &Relation, facts: &TableFacts) -> String {
    match dialect {
        Dialect::Postgres => {
            format!(
                "select sum(('x' || substr(md5({ROW}::text), 1, 15))::bit(60)::bigint::numeric) from {of} as \
                 {ROW}"
            )
        }
        Dialect::DuckDb => format!("select sum(hash({ROW})) from {of} as {ROW}"),
        Dialect::Snowflake => format!("select hash_agg(*) from {of}"),
        Dialect::BigQuery => {
            let every_row = every_row_clause(filter_column(facts));
            format!(
                "select sum(cast(farm_fingerprint(to_json_string({ROW})) as bignumeric)) from {of} as \
                 {ROW}{every_row}"
            )
        }
        Dialect::Databricks | Dialect::Spark => {
            // The hash depends on the order of columns, so they are named.
            let columns = facts.physical.columns.iter().map(|column| dialect.column(&column.name));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let columns = if columns.is_empty() { "*" } else { &columns };
            format!("select sum(cast(xxhash64({columns}) as decimal(38, 0))) from {of}")
        }
        // It cannot hash a whole row: the hash of each column is the seed of the next one.
        Dialect::Redshift => {
            let columns = facts.physical.columns.iter().map(|column| dialect.column(&column.name));
            let hashed = columns.fold(None, |before: Option<String>, column| {
                Some(match before {
                    Some(before) => format!("fnv_hash({column}, {before})"),
                    None => format!("fnv_hash({column})"),
                })
            });
            match hashed {
                Some(hashed) => format!("select sum({hashed}::numeric(38, 0)) from {of}"),
                None => count_query(of, facts),
            }
        }
    }
}

/// Both tables have the same columns, of the same types and in the same order.
#[must_use]
pub fn same_columns_condition(dialect: Dialect, table: &Table) -> String {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    let both = |columns: &dyn Fn(&Relation) -> String| format!("{} = {}", columns(prod), columns(staging));
    match dialect {
        Dialect::Postgres => both(&|of| {
            format!(
                "(select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by \
                 attnum) from pg_catalog.pg_attribute where attrelid = '{of}'::regclass and attnum > 0 and \
                 not attisdropped)"
            )
        }),
        // The type of a whole row. It needs no row to be there.
        Dialect::DuckDb => both(&|of| {
            format!("(select typeof({ROW}) from (select 1) as o left join {of} as {ROW} on false)")
        }),
        Dialect::Databricks | Dialect::Spark => both(&|of| {
            // Before a star, a name is always that of a table.
            format!("(select typeof(struct(t.*)) from (select 1 as one) as o left join {of} as t on false)")
        }),
        // Its catalogue cannot aggregate text.
        Dialect::Redshift => {
            let catalogue = if staging.is_in_database_of(prod) {
                RedshiftCatalogue::ThisDatabase
            } else {
                RedshiftCatalogue::AllDatabases
            };
            same_lists_condition(&[staging, prod].map(|of| redshift_columns_query(of, catalogue)), SIZES)
        }
        Dialect::Snowflake => same_lists_condition(&[staging, prod].map(snowflake_columns_query), SIZES),
        // Its types contain their sizes.
        Dialect::BigQuery => same_lists_condition(&[staging, prod].map(bigquery_columns_query), &[]),
    }
}

/// Columns of a catalogue that say how large a type is.
const SIZES: &[&str] = &["character_maximum_length", "numeric_precision", "numeric_scale"];

/// Both queries list the same columns, and at least one.
fn same_lists_condition([staging, prod]: &[String; 2], sizes: &[&str]) -> String {
    let same_size = sizes.iter().map(|size| format!(" and coalesce(s.{size}, -1) = coalesce(t.{size}, -1)"));
    let alone = format!(
        "(select count(*) from (\n    {staging}\n  ) as s full outer join (\n    {prod}\n  ) as t on \
         s.column_name = t.column_name and s.ordinal_position = t.ordinal_position and s.data_type = \
         t.data_type{} where s.column_name is null or t.column_name is null) = 0",
        same_size.collect::<String>()
    );
    // No column at all means that the catalogue does not know the table by this name.
    all_conditions(&[format!("(select count(*) from (\n    {staging}\n  ) as c) > 0"), alone])
}

/// Where Redshift lists the columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RedshiftCatalogue {
    ThisDatabase,
    AllDatabases,
}

fn redshift_columns_query(of: &Relation, catalogue: RedshiftCatalogue) -> String {
    let columns = "column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, \
                   numeric_scale";
    let name = format!("lower(table_name) = '{}'", of.identifier().to_lowercase());
    let schema = of.schema().to_lowercase();
    match of.database().filter(|_| catalogue == RedshiftCatalogue::AllDatabases) {
        None => format!(
            "select {columns} from information_schema.columns where lower(table_schema) = '{schema}' and \
             {name}"
        ),
        Some(database) => format!(
            "select {columns} from svv_all_columns where lower(database_name) = '{}' and lower(schema_name) \
             = '{schema}' and {name}",
            database.to_lowercase()
        ),
    }
}

fn snowflake_columns_query(of: &Relation) -> String {
    let database = of.database_sql().map(|name| format!("{name}.")).unwrap_or_default();
    format!(
        "select column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, \
         numeric_scale from {database}information_schema.columns where table_schema = '{}' and table_name = \
         '{}'",
        of.stored_schema(),
        of.stored_identifier()
    )
}

fn bigquery_columns_query(of: &Relation) -> String {
    format!(
        "select column_name, ordinal_position, data_type from {}.INFORMATION_SCHEMA.COLUMNS where table_name \
         = '{}'",
        of.schema_sql(),
        of.identifier()
    )
}
