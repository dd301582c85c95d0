//! What a warehouse's catalogue says of a table: asked through dbt, and never needed. Where it does not answer, the script says
//! what is not known.

use std::sync::LazyLock;

use regex::Regex;

use super::clauses::{self, Clauses};
use crate::dbt::{Answer, Query, RelationName};
use crate::promote::plan::{Column, Identity, Layout, Physical};
use crate::warehouse::Dialect;

/// The questions about one table, in the order in which [`read`] takes the answers.
#[must_use]
pub fn queries(dialect: Dialect, relation: &RelationName) -> Vec<Query> {
    sql(dialect)
        .into_iter()
        .map(|sql| Query { relations: vec![relation.clone()], sql: Some(sql.to_owned()) })
        .collect()
}

fn sql(dialect: Dialect) -> Vec<&'static str> {
    match dialect {
        Dialect::Postgres => vec![
            "select a.attname::text, case a.attgenerated when '' then 'no' else 'yes' end, a.attidentity::text, \
             format_type(a.atttypid, a.atttypmod), case when a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) like \
             'nextval(''%''::regclass)' then 'serial' else '' end from pg_catalog.pg_attribute as a left join \
             pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = '@0@'::regclass and \
             a.attnum > 0 and not a.attisdropped order by a.attnum",
            "select 'the foreign key ' || conname from pg_catalog.pg_constraint where conrelid = '@0@'::regclass and contype = 'f' \
             union all select 'the trigger ' || tgname from pg_catalog.pg_trigger where tgrelid = '@0@'::regclass and not \
             tgisinternal union all select 'the publication ' || p.pubname from pg_catalog.pg_publication_rel as r join \
             pg_catalog.pg_publication as p on p.oid = r.prpubid where r.prrelid = '@0@'::regclass union all select 'grants on its \
             column ' || attname from pg_catalog.pg_attribute where attrelid = '@0@'::regclass and attacl is not null union all select 'the storage options ' || array_to_string(reloptions, ', ') from \
             pg_catalog.pg_class where oid = '@0@'::regclass and reloptions is not null union all select 'the order of rows by the index ' || c.relname || ' (cluster)' from pg_catalog.pg_index as i join \
             pg_catalog.pg_class as c on c.oid = i.indexrelid where i.indrelid = '@0@'::regclass and i.indisclustered union all \
             select 'partitioning' from \
             pg_catalog.pg_class where oid = '@0@'::regclass and relkind = 'p' union all select 'that it is unlogged' from \
             pg_catalog.pg_class where oid = '@0@'::regclass and relpersistence = 'u'",
            "select distinct v.oid::regclass::text from pg_catalog.pg_depend as d join pg_catalog.pg_rewrite as r on r.oid = \
             d.objid join pg_catalog.pg_class as v on v.oid = r.ev_class where d.refobjid = '@0@'::regclass and d.classid = \
             'pg_catalog.pg_rewrite'::regclass and v.oid <> d.refobjid order by 1",
            "select 'row level security' from pg_catalog.pg_class where oid = '@0@'::regclass and relrowsecurity union all select \
             'the policy ' || polname from pg_catalog.pg_policy where polrelid = '@0@'::regclass",
            "select 'indexes' where exists (select 1 from pg_catalog.pg_index where indrelid = '@0@'::regclass) union all select \
             'keys and checks' where exists (select 1 from pg_catalog.pg_constraint where conrelid = '@0@'::regclass and contype in \
             ('c', 'p', 'u', 'x')) union all select 'not null of ' || string_agg(attname, ', ' order by attnum) from \
             pg_catalog.pg_attribute where attrelid = '@0@'::regclass and attnum > 0 and attnotnull having count(*) > 0 union all \
             select 'the default, number or expression of ' || string_agg(attname, ', ' order by attnum) from \
             pg_catalog.pg_attribute where attrelid = '@0@'::regclass and attnum > 0 and not attisdropped and (atthasdef or \
             attidentity <> '') having count(*) > 0",
        ],
        Dialect::Redshift => vec![
            "select coalesce(d.description, '') from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = \
             c.relnamespace left join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0 where n.nspname = \
             '@0.schema@' and c.relname = '@0.identifier@'",
            "select a.attname, d.description from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = \
             c.relnamespace join pg_catalog.pg_attribute as a on a.attrelid = c.oid join pg_catalog.pg_description as d on d.objoid \
             = c.oid and d.objsubid = a.attnum where n.nspname = '@0.schema@' and c.relname = '@0.identifier@' and a.attnum > 0",
            "select case k.contype when 'p' then 'the primary key ' when 'u' then 'the unique key ' else 'the foreign key ' end || \
             k.conname from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace join \
             pg_catalog.pg_constraint as k on k.conrelid = c.oid where n.nspname = '@0.schema@' and c.relname = \
             '@0.identifier@' and k.contype in ('p', 'u', 'f')",
            "select privilege_type, identity_type, identity_name from svv_relation_privileges where namespace_name = '@0.schema@' \
             and relation_name = '@0.identifier@' order by 1, 2, 3",
        ],
        Dialect::Snowflake => vec![
            "select is_transient, coalesce(clustering_key, ''), coalesce(comment, '') from \
             @0.database@.information_schema.tables where table_schema = '@0.schema@' and table_name = '@0.identifier@'",
        ],
        Dialect::BigQuery => vec![
            "select ddl from `@0.database@`.`@0.schema@`.INFORMATION_SCHEMA.TABLES where table_name = '@0.identifier@'",
            "select option_name, option_value from `@0.database@`.`@0.schema@`.INFORMATION_SCHEMA.TABLE_OPTIONS where table_name = \
             '@0.identifier@' order by option_name",
        ],
        Dialect::Databricks | Dialect::Spark => vec!["show create table @0@"],
        Dialect::DuckDb => vec![
            "select sql, coalesce(comment, '') from duckdb_tables() where database_name = '@0.database@' and schema_name = \
             '@0.schema@' and table_name = '@0.identifier@'",
            "select column_name, coalesce(comment, '') from duckdb_columns() where database_name = '@0.database@' and \
             schema_name = '@0.schema@' and table_name = '@0.identifier@' order by column_index",
            "select sql from duckdb_indexes() where database_name = '@0.database@' and schema_name = '@0.schema@' and \
             table_name = '@0.identifier@' and sql is not null order by index_name",
        ],
    }
}

/// How many questions there are about one table.
#[must_use]
pub fn count(dialect: Dialect) -> usize {
    sql(dialect).len()
}

/// Adds the answers to what is known. `physical` has the columns' names already.
pub fn read(dialect: Dialect, answers: &[Answer], physical: &mut Physical) {
    let rows = |place: usize| match answers.get(place) {
        Some(Answer::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let cell = |row: &[Option<String>], place: usize| row.get(place).cloned().flatten().unwrap_or_default();
    let first = |place: usize| rows(0).first().map(|row| cell(row, place));
    match dialect {
        Dialect::Postgres => {
            physical.columns = rows(0)
                .iter()
                .map(|row| Column {
                    name: cell(row, 0),
                    data_type: row.get(3).cloned().flatten(),
                    generated: cell(row, 1) == "yes",
                    identity: match cell(row, 2).as_str() {
                        "a" => Some(Identity::Always),
                        "d" => Some(Identity::ByDefault),
                        _ => None,
                    },
                    is_serial: cell(row, 4) == "serial",
                    description: None,
                })
                .collect();
            physical.lost_by_ctas = rows(4).iter().map(|row| cell(row, 0)).collect();
            physical.left_behind = rows(1).iter().map(|row| cell(row, 0)).collect();
            physical.dependents = rows(2).iter().map(|row| cell(row, 0)).collect();
            physical.guards = match answers.get(3) {
                Some(Answer::Rows(rows)) => Some(rows.iter().map(|row| cell(row, 0)).collect()),
                Some(Answer::Missing(_)) | None => None,
            };
        }
        Dialect::Redshift => {
            physical.description = first(0);
            for column in &mut physical.columns {
                let its = rows(1).iter().find(|row| cell(row, 0) == column.name);
                column.description = its.map(|row| cell(row, 1));
            }
            physical.left_behind = rows(2).iter().map(|row| cell(row, 0)).collect();
            let granted =
                rows(3).iter().filter_map(|row| granted(&cell(row, 0), &cell(row, 1), &cell(row, 2)));
            physical.granted = granted.collect();
        }
        Dialect::Snowflake => {
            physical.transient = first(0).map(|it| it == "YES");
            let key = first(1).unwrap_or_default();
            // `LINEAR(to_date(start_tstamp))`
            let key = key.strip_prefix("LINEAR(").and_then(|key| key.strip_suffix(')')).unwrap_or(&key);
            let cluster_by = (!key.is_empty()).then(|| key.to_owned());
            physical.layout = first(0).map(|_| Layout { cluster_by, ..Layout::default() });
            physical.description = first(2);
        }
        Dialect::BigQuery => {
            let statement = first(0).unwrap_or_default();
            physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
            let options = rows(1).iter().map(|row| (cell(row, 0), cell(row, 1)));
            for (option, value) in options.filter(|(_, value)| is_option_value(value)) {
                match (option.as_str(), &mut physical.layout) {
                    ("partition_expiration_days", _) => physical.expires = true,
                    // What else is said of the one table belongs to it: when it expires, who encrypts it.
                    (
                        "description" | "friendly_name" | "labels" | "require_partition_filter",
                        Some(layout),
                    ) => {
                        layout.properties.insert(option, value);
                    }
                    _ => {}
                }
            }
            if let Some(layout) = &mut physical.layout {
                layout.find_filter();
            }
        }
        Dialect::Databricks | Dialect::Spark => {
            let statement = first(0).unwrap_or_default();
            physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
            physical.description = Clauses::of(&statement).and_then(|clauses| clauses.quoted("COMMENT"));
        }
        Dialect::DuckDb => {
            physical.create_statement = first(0);
            // The catalogue's columns do not tell it.
            let made = physical.create_statement.as_deref().and_then(clauses::columns).unwrap_or_default();
            for column in &mut physical.columns {
                column.generated = made.iter().any(|made| clauses::is_generated(made, &column.name));
            }
            physical.indexes = rows(2).iter().map(|row| cell(row, 0)).collect();
            let numbered = made.iter().filter(|made| made.contains("nextval("));
            physical.left_behind = numbered
                .map(|made| {
                    format!("a sequence of its own: staging's numbers {made}, and is needed for that")
                })
                .collect();
            physical.lost_by_ctas = duckdb_loses(physical);
            physical.description = first(1);
            for (column, row) in physical.columns.iter_mut().zip(rows(1)) {
                column.description = Some(cell(row, 1)).filter(|_| cell(row, 0) == column.name);
            }
        }
    }
}

/// Redshift: a privilege and who has it, as SQL.
fn granted(privilege: &str, kind: &str, name: &str) -> Option<[String; 2]> {
    let is_privilege = matches!(privilege, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REFERENCES" | "DROP");
    let name = Dialect::Redshift.column(name);
    let to = match kind {
        "user" => name,
        "group" | "role" => format!("{kind} {name}"),
        "public" => kind.to_owned(),
        _ => return None,
    };
    is_privilege.then(|| [privilege.to_lowercase(), to])
}

/// DuckDB: what the statement that made a table says besides its columns' types.
fn duckdb_loses(physical: &Physical) -> Vec<String> {
    let Some(statement) = &physical.create_statement else { return Vec::new() };
    let words = ["PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY", "NOT NULL", "DEFAULT", "GENERATED ALWAYS"];
    let lost = words.into_iter().filter(|word| statement.contains(word)).map(str::to_lowercase);
    lost.chain((!physical.indexes.is_empty()).then(|| "indexes".to_owned())).collect()
}

/// A value of an option as BigQuery's catalogue writes it: a word, a number, a text, a list of pairs of texts. It goes into SQL.
fn is_option_value(value: &str) -> bool {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        let text = r#""(?:[^"\\\r\n]|\\.)*""#;
        let pair = format!(r"(?:STRUCT)?\({text}, {text}\)");
        Regex::new(&format!(r"^(?:true|false|[0-9.]+|{text}|\[{pair}(?:, {pair})*\])$")).expect("a pattern")
    });
    VALUE.is_match(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Answer {
        Answer::Rows(
            rows.iter().map(|row| row.iter().map(|cell| Some((*cell).to_owned())).collect()).collect(),
        )
    }

    #[test]
    fn every_warehouse_is_asked_and_understood() {
        for dialect in Dialect::ALL {
            let relation = RelationName { database: None, schema: "s".into(), identifier: "t".into() };
            assert_eq!(queries(dialect, &relation).len(), count(dialect));
            let mut nothing = Physical::default();
            read(dialect, &vec![Answer::Missing(0); count(dialect)], &mut nothing);
            assert_eq!(nothing, Physical::default(), "{dialect}");
        }
        let mut snowflake = Physical::default();
        read(Dialect::Snowflake, &[rows(&[&["YES", "LINEAR(to_date(t))", ""]])], &mut snowflake);
        assert_eq!(snowflake.transient, Some(true));
        assert_eq!(snowflake.layout.expect("known").cluster_by.as_deref(), Some("to_date(t)"));
        let mut databricks = Physical::default();
        let statement = "CREATE TABLE t (\n  a STRING COMMENT 'no')\nUSING delta\nCOMMENT 'it\\'s'\n";
        read(Dialect::Databricks, &[rows(&[&[statement]])], &mut databricks);
        assert_eq!(databricks.description.as_deref(), Some("it's"));
    }

    #[test]
    fn options_of_bigquery_go_into_sql_as_they_are_or_not_at_all() {
        let ddl = rows(&[&[
            "CREATE TABLE `p.d.t`\n(\n  t TIMESTAMP\n)\nPARTITION BY DATE(t)\nOPTIONS(\n  x=1\n);",
        ]]);
        let options = rows(&[
            &["description", r#""it's \"ours\"""#],
            &["labels", r#"[STRUCT("a", "b"), STRUCT("c", "d")]"#],
            &["friendly_name", r#""x"); drop table y; --""#],
            &["partition_expiration_days", "30.0"],
            &["require_partition_filter", "true"],
        ]);
        let mut physical = Physical::default();
        read(Dialect::BigQuery, &[ddl, options], &mut physical);
        assert!(physical.expires);
        let layout = physical.layout.expect("understood");
        assert_eq!(layout.filtered_by.as_deref(), Some("t"));
        let names: Vec<_> = layout.properties.keys().collect();
        assert_eq!(names, ["description", "labels", "require_partition_filter"]);
    }

    #[test]
    fn duckdbs_generated_columns_are_known() {
        let statement = "CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER GENERATED ALWAYS AS((a * 2)));";
        let mut physical =
            Physical { columns: ["a", "b"].map(Column::plain).to_vec(), ..Physical::default() };
        read(Dialect::DuckDb, &[rows(&[&[statement]]), rows(&[]), rows(&[])], &mut physical);
        assert!(physical.create_statement.is_some() && physical.left_behind.is_empty());
        assert_eq!(physical.columns.iter().map(|column| column.generated).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn columns_that_cannot_be_given_are_known() {
        let mut physical = Physical::default();
        let columns = rows(&[&["id", "no", "a"], &["sum", "yes", ""], &["n", "no", "d"]]);
        let guards = rows(&[&["the policy y"]]);
        read(Dialect::Postgres, &[columns, rows(&[&["the trigger x"]]), rows(&[]), guards], &mut physical);
        let kinds: Vec<_> =
            physical.columns.iter().map(|column| (column.generated, column.identity)).collect();
        assert_eq!(
            kinds,
            [(false, Some(Identity::Always)), (true, None), (false, Some(Identity::ByDefault))]
        );
        assert_eq!(physical.left_behind, ["the trigger x"]);
        assert_eq!(physical.guards.expect("known"), ["the policy y"]);
    }
}
