//! Whether two tables hold the same.

use super::assertion::all;
use super::ctas::{filter, filtered_by};
use crate::promote::plan::{Table, TableFacts};
use crate::warehouse::{Dialect, Relation};

/// A whole row. A column of that name would be taken for it, and no table has one.
const ROW: &str = "snowplow_backfill_row";

/// Prod's table holds what staging's holds: as many rows, and the same number of the latest ones. Enough for a copy that the
/// script itself made a moment ago.
#[must_use]
pub fn content_matches(table: &Table) -> String {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    let facts = &table.facts;
    let mut conditions = vec![format!("({}) = ({})", count(prod, facts), count(staging, facts))];
    if let Some(column) = &facts.date_column {
        let every_row = filter(filtered_by(facts));
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
    all(&conditions)
}

/// The same of a table that the script did not make: every value is compared.
#[must_use]
pub fn content_equals(dialect: Dialect, table: &Table) -> String {
    // Without rows there is no digest.
    let digest = |of: &Relation| format!("coalesce(({}), 0)", digest(dialect, of, &table.facts));
    let [staging, prod] = [&table.facts.staging, &table.facts.prod].map(digest);
    all(&[content_matches(table), format!("{prod} = {staging}")])
}

/// How many rows there are.
#[must_use]
pub fn count(of: &Relation, facts: &TableFacts) -> String {
    format!("select count(*) from {of}{}", filter(filtered_by(facts)))
}

/// A number that differs when the content does, whatever the order of rows. A sum: rows that are equal must not cancel each
/// other out.
#[must_use]
pub fn digest(dialect: Dialect, of: &Relation, facts: &TableFacts) -> String {
    match dialect {
        Dialect::Postgres => {
            format!(
                "select sum(('x' || substr(md5({ROW}::text), 1, 15))::bit(60)::bigint::numeric) from {of} as {ROW}"
            )
        }
        Dialect::DuckDb => format!("select sum(hash({ROW})) from {of} as {ROW}"),
        Dialect::Snowflake => format!("select hash_agg(*) from {of}"),
        Dialect::BigQuery => {
            let every_row = filter(filtered_by(facts));
            format!(
                "select sum(cast(farm_fingerprint(to_json_string({ROW})) as bignumeric)) from {of} as {ROW}{every_row}"
            )
        }
        Dialect::Databricks | Dialect::Spark => {
            // By name, because the hash depends on their order.
            let columns = facts.physical.columns.iter().map(|column| dialect.column(&column.name));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let columns = if columns.is_empty() { "*" } else { &columns };
            format!("select sum(cast(xxhash64({columns}) as decimal(38, 0))) from {of}")
        }
        // No hash of a whole row there: each column's is the seed of the next one's.
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
                None => count(of, facts),
            }
        }
    }
}

/// Both tables have the same columns of the same types in the same order, so that prod's runs find what staging's left.
#[must_use]
pub fn columns_equal(dialect: Dialect, table: &Table) -> String {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    let both = |columns: &dyn Fn(&Relation) -> String| format!("{} = {}", columns(prod), columns(staging));
    match dialect {
        Dialect::Postgres => both(&|of| {
            format!(
                "(select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) from \
                 pg_catalog.pg_attribute where attrelid = '{of}'::regclass and attnum > 0 and not attisdropped)"
            )
        }),
        // The type of a whole row, which needs no row.
        Dialect::DuckDb => both(&|of| {
            format!("(select typeof({ROW}) from (select 1) as o left join {of} as {ROW} on false)")
        }),
        Dialect::Databricks | Dialect::Spark => both(&|of| {
            // Before a star, a name is always a table's.
            format!("(select typeof(struct(t.*)) from (select 1 as one) as o left join {of} as t on false)")
        }),
        // Without lists of text, which its catalogue cannot make.
        Dialect::Redshift => {
            let in_one_database = staging.is_in_database_of(prod);
            listed(&[staging, prod].map(|of| redshift_columns(of, in_one_database)), SIZES)
        }
        Dialect::Snowflake => listed(&[staging, prod].map(snowflake_columns), SIZES),
        // Its types carry their sizes.
        Dialect::BigQuery => listed(&[staging, prod].map(bigquery_columns), &[]),
    }
}

/// How large a type is, where the catalogue says it apart.
const SIZES: &[&str] = &["character_maximum_length", "numeric_precision", "numeric_scale"];

/// No column of one table without its like in the other, by the catalogue's own view of columns.
fn listed([staging, prod]: &[String; 2], sizes: &[&str]) -> String {
    let same_size = sizes.iter().map(|size| format!(" and coalesce(s.{size}, -1) = coalesce(t.{size}, -1)"));
    let alone = format!(
        "(select count(*) from (\n    {staging}\n  ) as s full outer join (\n    {prod}\n  ) as t on s.column_name = \
         t.column_name and s.ordinal_position = t.ordinal_position and s.data_type = t.data_type{} where s.column_name is null \
         or t.column_name is null) = 0",
        same_size.collect::<String>()
    );
    // None at all would be a name that the catalogue does not have.
    all(&[format!("(select count(*) from (\n    {staging}\n  ) as c) > 0"), alone])
}

fn redshift_columns(of: &Relation, in_this_database: bool) -> String {
    let columns = "column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, numeric_scale";
    let name = format!("lower(table_name) = '{}'", of.identifier().to_lowercase());
    let schema = of.schema().to_lowercase();
    match of.database().filter(|_| !in_this_database) {
        None => format!(
            "select {columns} from information_schema.columns where lower(table_schema) = '{schema}' and {name}"
        ),
        Some(database) => format!(
            "select {columns} from svv_all_columns where lower(database_name) = '{}' and lower(schema_name) = '{schema}' and \
             {name}",
            database.to_lowercase()
        ),
    }
}

fn snowflake_columns(of: &Relation) -> String {
    let database = of.database_sql().map(|name| format!("{name}.")).unwrap_or_default();
    format!(
        "select column_name, ordinal_position, data_type, character_maximum_length, numeric_precision, numeric_scale from \
         {database}information_schema.columns where table_schema = '{}' and table_name = '{}'",
        of.stored_schema(),
        of.stored_identifier()
    )
}

fn bigquery_columns(of: &Relation) -> String {
    format!(
        "select column_name, ordinal_position, data_type from {}.INFORMATION_SCHEMA.COLUMNS where table_name = '{}'",
        of.schema_sql(),
        of.identifier()
    )
}
