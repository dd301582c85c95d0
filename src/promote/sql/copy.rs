//! Making and filling the copy of a table where that can be undone: in a transaction, or under a name of its
//! own.

use super::ctas::{Ctas, Existing, ctas_statement, layout_of};
use super::duckdb;
use super::script::Statement;
use super::swap::move_statements;
use crate::promote::plan::{CopyStrategy, Identity, Table, TableFacts};
use crate::warehouse::{Dialect, Relation};

/// Makes and fills the copy.
#[must_use]
pub fn copy_statements(
    dialect: Dialect,
    strategy: CopyStrategy,
    table: &Table,
    target: &Relation,
) -> Vec<Statement> {
    let facts = &table.facts;
    match strategy {
        CopyStrategy::Move => {
            move_statements(&facts.staging, &facts.prod, &format!("take {} from staging", table.model))
        }
        CopyStrategy::Like => like_statements(dialect, table, target),
        CopyStrategy::Ctas | CopyStrategy::Clone | CopyStrategy::Copy => {
            let mut statements = vec![as_select(dialect, table, target)];
            if dialect == Dialect::Postgres && strategy == CopyStrategy::Ctas {
                let title = format!("{}: the descriptions of its columns", table.model);
                statements
                    .push(Statement::plain(title, column_descriptions_statement(&facts.staging, target)));
            }
            statements
        }
    }
}

fn as_select(dialect: Dialect, table: &Table, target: &Relation) -> Statement {
    let facts = &table.facts;
    let ctas = Ctas {
        existing: Existing::Error,
        target,
        source: &facts.staging,
        layout: layout_of(facts),
        filter_column: None,
        description: None,
    };
    Statement::plain(format!("copy {}", table.model), ctas_statement(dialect, &ctas))
}

/// A new table of staging's definition, which is then filled.
fn like_statements(dialect: Dialect, table: &Table, target: &Relation) -> Vec<Statement> {
    let (facts, model) = (&table.facts, &table.model);
    let staging = &facts.staging;
    let create = |sql: String| Statement::plain(format!("a table like staging's {model}"), sql);
    let fill = || Statement::plain(format!("copy {model}"), fill_statement(dialect, facts, target));
    match dialect {
        Dialect::Postgres => {
            let identities = identity_statements(facts, target)
                .map(|sql| Statement::plain(format!("{model}: go on numbering where staging is"), sql));
            let sequences = own_sequence_statements(facts, target).map(|sql| {
                let title = format!("{model}: a sequence of its own, which goes on where staging is");
                Statement::plain(title, sql)
            });
            let create = create(format!("create table {target} (like {staging} including all)"));
            [create, fill()].into_iter().chain(identities).chain(sequences).collect()
        }
        Dialect::Redshift => {
            vec![create(format!("create table {target} (like {staging} including defaults)")), fill()]
        }
        Dialect::DuckDb => {
            let made_by = facts.physical.create_statement.as_deref();
            let Some(sql) = made_by.and_then(|sql| duckdb::create_statement(sql, target)) else {
                return vec![as_select(dialect, table, target)];
            };
            // Before the rows: an index cannot be made on rows of the same transaction.
            let indexes = duckdb::index_statements(&facts.physical, target).into_iter();
            let indexes =
                indexes.map(|sql| Statement::plain(format!("{model}: an index as in staging"), sql));
            [create(sql)].into_iter().chain(indexes).chain([fill()]).collect()
        }
        // They do not have this strategy.
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => {
            vec![as_select(dialect, table, target)]
        }
    }
}

/// Fills the copy. Values of generated columns cannot be given.
fn fill_statement(dialect: Dialect, facts: &TableFacts, target: &Relation) -> String {
    let staging = &facts.staging;
    let filled = facts.physical.columns.iter().filter(|column| !column.generated);
    let columns: Vec<_> = filled.map(|column| dialect.column(&column.name)).collect();
    if columns.is_empty() {
        return format!("insert into {target}\nselect * from {staging}");
    }
    let always = facts.physical.columns.iter().any(|column| column.identity == Some(Identity::Always));
    let overriding = if always { "overriding system value\n" } else { "" };
    let columns = columns.join(", ");
    format!("insert into {target} ({columns})\n{overriding}select {columns}\nfrom {staging}")
}

/// Postgres: without these, the identity columns of the copy would start at 1 again.
fn identity_statements<'a>(facts: &'a TableFacts, target: &'a Relation) -> impl Iterator<Item = String> + 'a {
    let numbered = facts.physical.columns.iter().filter(|column| column.identity.is_some());
    numbered.map(move |column| {
        let quoted = Dialect::Postgres.column(&column.name);
        let name = Dialect::Postgres.text_literal(&column.name);
        format!(
            "select setval(pg_get_serial_sequence('{target}', {name}), (select max({quoted}) from {target}))"
        )
    })
}

/// Postgres: without these, the `serial` columns of the copy would take their numbers from staging's
/// sequence. The name of the new sequence may be taken already, by the sequence of a table that is replaced.
fn own_sequence_statements<'a>(
    facts: &'a TableFacts,
    target: &'a Relation,
) -> impl Iterator<Item = String> + 'a {
    let numbered = facts.physical.columns.iter().filter(|column| column.is_serial);
    numbered.map(move |column| {
        let quoted = Dialect::Postgres.column(&column.name);
        let name = Dialect::Postgres.text_literal(&format!("{}_{}_seq", target.identifier(), column.name));
        let schema = Dialect::Postgres.text_literal(&target.schema_sql());
        format!(
            "do $sequence$
declare
  free text := {name};
  tried integer := 0;
begin
  while to_regclass(format('%s.%I', {schema}, free)) is not null loop
    tried := tried + 1;
    free := left({name}, 58) || tried;
  end loop;
  free := format('%s.%I', {schema}, free);
  execute format('create sequence %s owned by {target}.%I', free, {column});
  execute format('alter table {target} alter column %I set default nextval(%L::regclass)', {column}, free);
  perform setval(free::regclass, (select max({quoted}) from {target}));
end
$sequence$",
            column = Dialect::Postgres.text_literal(&column.name)
        )
    })
}

/// Postgres: copies the descriptions of columns. It reads them as it is executed, so that the plan needs no
/// connection.
fn column_descriptions_statement(staging: &Relation, target: &Relation) -> String {
    format!(
        "do $comments$
declare
  described record;
begin
  for described in
    select attname, col_description(attrelid, attnum) as description
    from pg_catalog.pg_attribute
    where attrelid = '{staging}'::regclass and attnum > 0 and col_description(attrelid, attnum) is not null
  loop
    execute format('comment on column {target}.%I is %L', described.attname, described.description);
  end loop;
end
$comments$"
    )
}

/// Gives the copy the descriptions that it lost.
#[must_use]
pub fn description_statements(dialect: Dialect, table: &Table, target: &Relation) -> Vec<Statement> {
    match dialect {
        Dialect::Postgres => {
            let staging = &table.facts.staging;
            // Reads the description as it is executed, so that the plan needs no connection.
            let sql = format!(
                "do $comment$\nbegin\n  execute format('comment on table {target} is %L', \
                 obj_description('{staging}'::regclass, 'pg_class'));\nend\n$comment$"
            );
            vec![Statement::plain(format!("{}: its description", table.model), sql)]
        }
        Dialect::Databricks => known_description(dialect, table, target).into_iter().collect(),
        Dialect::Redshift | Dialect::DuckDb => known_description(dialect, table, target)
            .into_iter()
            .chain(known_column_descriptions(dialect, table, target))
            .collect(),
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Spark => Vec::new(),
    }
}

fn known_description(dialect: Dialect, table: &Table, target: &Relation) -> Option<Statement> {
    let text = table.facts.physical.description.as_deref().filter(|text| !text.is_empty())?;
    let sql = format!("comment on table {target} is {}", dialect.text_literal(text));
    Some(Statement::plain(format!("{}: its description", table.model), sql))
}

fn known_column_descriptions(dialect: Dialect, table: &Table, target: &Relation) -> Vec<Statement> {
    let columns = table.facts.physical.columns.iter().filter_map(|column| {
        let text = column.description.as_deref().filter(|text| !text.is_empty())?;
        let (name, text) = (dialect.column(&column.name), dialect.text_literal(text));
        let sql = format!("comment on column {target}.{name} is {text}");
        Some(Statement::plain(format!("{}: the description of {}", table.model, column.name), sql))
    });
    columns.collect()
}
