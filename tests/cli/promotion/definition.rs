//! How a table is made.

use snowplow_backfill::warehouse::Dialect;

use super::client::{Client, Rows};

/// A table by its names.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    pub database: &'a str,
    pub schema: &'a str,
    pub table: &'a str,
}

/// Columns, keys, checks, indexes, comments: everything but the names of the table and its indexes, who may
/// read it, and foreign keys, which no copy takes along.
#[track_caller]
pub fn definition(client: &mut Client, dialect: Dialect, name: Name<'_>) -> Rows {
    let Name { database, schema, table } = name;
    let query = match dialect {
        Dialect::DuckDb => {
            let it = format!(
                "database_name = '{database}' and schema_name = '{schema}' and table_name = '{table}'"
            );
            format!(
                "select regexp_replace(sql, '^[^(]*', '') from duckdb_tables() where {it} union all \
                 select regexp_replace(sql, '^.* ON [^(]*', '') from duckdb_indexes() where {it} union all \
                 select comment from duckdb_tables() where {it} union all \
                 select column_name || comment from duckdb_columns() where {it} order by 1"
            )
        }
        dialect => {
            // Redshift's copies keep columns; keys are for information there, and it has no indexes.
            let only = if dialect == Dialect::Redshift { "false" } else { "true" };
            let it = format!("'\"{schema}\".\"{table}\"'::regclass");
            format!(
                "select format('%s %s %s not null %s default %s generated %L identity %L comment %L', \
                 attnum, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(d.adbin, \
                 d.adrelid), attgenerated, attidentity, case when {only} then col_description(attrelid, \
                 attnum) end) from pg_attribute left join pg_attrdef as d on d.adrelid = attrelid and \
                 d.adnum = attnum where attrelid = {it} and attnum > 0 union all select \
                 obj_description({it}, 'pg_class') union all select pg_get_constraintdef(oid) from \
                 pg_constraint where {only} and conrelid = {it} and contype <> 'f' union all select \
                 format('index unique %s comment %L%s', indisunique, obj_description(indexrelid, \
                 'pg_class'), substring(pg_get_indexdef(indexrelid) from ' USING .*')) from pg_index where \
                 {only} and indrelid = {it} order by 1"
            )
        }
    };
    let facts = client.ask(&query);
    assert!(!facts.is_empty(), "{name:?} does not exist");
    facts
}

/// Who besides the owner may do what; Postgres only.
#[track_caller]
pub fn grants(client: &mut Client, table: &str) -> Rows {
    client.ask(&format!(
        "select case when grantee = 0 then 'public' else pg_get_userbyid(grantee) end, privilege_type, \
         is_grantable from pg_class, aclexplode(relacl) where oid = '{table}'::regclass and grantee <> \
         relowner order by 1, 2"
    ))
}
