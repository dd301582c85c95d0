//! Everything that a database holds, as text that can be compared: definitions, comments, grants, numbering,
//! contents.

use std::collections::BTreeSet;

use super::client::Client;
use crate::support::Engine;

const POSTGRES: &str = "
with relations as (
  select c.*, format('%I.%I', n.nspname, c.relname) as name
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname not in ('information_schema', 'public') and n.nspname not like 'pg\\_%'
)
select line from (
  select format('%s: kind %s, owner %s, grants %s, persistence %s, comment %L', name, relkind, pg_get_userbyid(relowner),
    array(select format('%s %s %s', case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end,
      a.privilege_type, a.is_grantable) from aclexplode(relacl) as a where a.grantee <> relowner order by 1),
    relpersistence, obj_description(oid, 'pg_class')) as line
  from relations where relkind <> 'i'
  union all
  select format('%s column %s %I: %s, not null %s, default %s, generated %L, identity %L, comment %L', name, attnum, attname,
    format_type(atttypid, atttypmod), attnotnull, pg_get_expr(d.adbin, d.adrelid), attgenerated, attidentity,
    col_description(attrelid, attnum))
  from relations join pg_attribute on attrelid = relations.oid and attnum > 0 and not attisdropped
  left join pg_attrdef as d on d.adrelid = attrelid and d.adnum = attnum
  where relkind in ('r', 'v')
  union all
  select format('%s constraint %s', name, pg_get_constraintdef(k.oid)) from relations join pg_constraint as k on conrelid = relations.oid
  union all
  select format('%s index %s, comment %L', name, pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class'))
  from relations join pg_index on indrelid = relations.oid
  union all
  select format('%s is %s', name, pg_get_viewdef(oid)) from relations where relkind = 'v'
  union all
  select format('%I.%I is at %s', schemaname, sequencename, coalesce(last_value::text, 'its start')) from pg_sequences
) as dump order by line";

const DUCKDB: &str = "
select line from (
  select schema_name || '.' || table_name || ' is ' || sql || ' comment ' || coalesce(comment, '') as line from duckdb_tables() where not temporary
  union all
  select schema_name || '.' || table_name || '.' || column_name || ' comment ' || comment from duckdb_columns() where comment is not null
  union all
  select schema_name || '.' || table_name || ' index ' || sql from duckdb_indexes()
  union all
  select schema_name || '.' || view_name || ' is ' || sql from duckdb_views() where not internal
) order by line";

/// All of it, a fact a line.
#[track_caller]
pub fn dump(client: &mut Client, engine: Engine) -> String {
    let facts = match engine {
        Engine::Postgres => POSTGRES,
        Engine::DuckDb => DUCKDB,
    };
    let mut dump = lines(client, facts);
    dump.dedup();
    format!("{}\n{}", dump.join("\n"), contents(client, engine))
}

/// What all tables hold, a table a line.
#[track_caller]
pub fn contents(client: &mut Client, engine: Engine) -> String {
    let (tables, digest) = match engine {
        Engine::Postgres => (
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname <> \
             'information_schema' and schemaname not like 'pg\\_%'",
            "sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint)",
        ),
        Engine::DuckDb => (
            "select '\"' || database_name || '\".\"' || schema_name || '\".\"' || table_name || '\"' from \
             duckdb_tables() where not temporary",
            "sum(hash(t))",
        ),
    };
    let queries: Vec<_> = lines(client, tables)
        .into_iter()
        .map(|table| {
            format!(
                "select '{table} holds ' || count(*) || ' rows, ' || coalesce({digest}, 0) from {table} as t"
            )
        })
        .collect();
    lines(client, &format!("{} order by 1", queries.join(" union all "))).join("\n")
}

#[track_caller]
fn lines(client: &mut Client, query: &str) -> Vec<String> {
    client.ask(query).into_iter().map(|mut row| row.remove(0).expect("a line")).collect()
}

/// Both are the same; else the lines that only one of them has are shown.
#[track_caller]
pub fn assert_same(dump: &str, expected: &str, what: &str) {
    let only = |one: &str, other: &str, sign: char| -> Vec<String> {
        let other: BTreeSet<&str> = other.lines().collect();
        one.lines().filter(|line| !other.contains(line)).map(|line| format!("{sign} {line}")).collect()
    };
    let differing = [only(expected, dump, '-'), only(dump, expected, '+')].concat();
    assert!(dump == expected, "{what}\n{}", differing.join("\n"));
}

/// Without what a stop may leave behind: Redshift's copy under its working name.
pub fn visible(dump: &str) -> String {
    without(dump, "__promote")
}

/// Without what has this in its name.
pub fn without(dump: &str, name: &str) -> String {
    dump.lines().filter(|line| !line.contains(name)).collect::<Vec<_>>().join("\n")
}
