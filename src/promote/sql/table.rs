//! Tables: copied, put in place, taken back.

use regex::Regex;

use super::ctas::{Existing, create, ctas, layout_of};
use super::script::Statement;
use crate::promote::plan::{
    Action, CopyStrategy, Identity, Layout, Physical, Table, TableFacts, is_transient, is_wanted_transient,
};
use crate::warehouse::{Dialect, Relation};

/// BigQuery: how long a partition is kept.
const PARTITION_EXPIRATION: &str = "partition_expiration_days";

/// Added to the name of a copy that is not in place yet.
const WORKING: &str = "__promote";

/// Where the copy is made before it is put in place.
///
/// # Errors
/// A name that the warehouse does not keep.
pub fn working_copy(table: &Table) -> anyhow::Result<Relation> {
    table.facts.prod.with_suffix(WORKING)
}

/// Makes and fills the copy, where it can be undone: in a transaction, or under a name of its own.
#[must_use]
pub fn copy(dialect: Dialect, strategy: CopyStrategy, table: &Table, target: &Relation) -> Vec<Statement> {
    let facts = &table.facts;
    let (staging, model) = (&facts.staging, &table.model);
    let as_select = || {
        let sql = ctas(dialect, Existing::Error, target, staging, layout_of(facts), None, None);
        vec![Statement::plain(format!("copy {model}"), sql)]
    };
    match (strategy, dialect) {
        (CopyStrategy::Move, _) => take(table),
        (CopyStrategy::Like, Dialect::Postgres) => {
            let create = format!("create table {target} (like {staging} including all)");
            let mut statements = vec![Statement::plain(format!("a table like staging's {model}"), create)];
            statements.push(Statement::plain(format!("copy {model}"), fill(dialect, facts, target)));
            statements.extend(
                go_on_numbering(facts, target)
                    .map(|sql| Statement::plain(format!("{model}: go on numbering where staging is"), sql)),
            );
            statements.extend(own_sequences(facts, target).map(|sql| {
                Statement::plain(
                    format!("{model}: a sequence of its own, which goes on where staging is"),
                    sql,
                )
            }));
            statements
        }
        (CopyStrategy::Ctas, Dialect::Postgres) => {
            let mut statements = as_select();
            let title = format!("{model}: the descriptions of its columns");
            statements.push(Statement::plain(title, describe_columns(staging, target)));
            statements
        }
        (CopyStrategy::Like, Dialect::Redshift) => {
            let create = format!("create table {target} (like {staging} including defaults)");
            vec![
                Statement::plain(format!("a table like staging's {model}"), create),
                Statement::plain(format!("copy {model}"), fill(dialect, facts, target)),
            ]
        }
        (CopyStrategy::Like, Dialect::DuckDb) => {
            let Some(create) =
                facts.physical.create_statement.as_deref().and_then(|sql| rebuilt(sql, target))
            else {
                return as_select();
            };
            let mut statements = vec![Statement::plain(format!("a table like staging's {model}"), create)];
            // Before the rows: an index cannot be made on rows of the same transaction.
            statements.extend(
                indexes(&facts.physical, target)
                    .into_iter()
                    .map(|sql| Statement::plain(format!("{model}: an index as in staging"), sql)),
            );
            statements.push(Statement::plain(format!("copy {model}"), fill(dialect, facts, target)));
            statements
        }
        _ => as_select(),
    }
}

/// `--strategy move`.
fn take(table: &Table) -> Vec<Statement> {
    let (staging, prod) = (&table.facts.staging, &table.facts.prod);
    move_to(staging, prod, &format!("take {} from staging", table.model))
}

fn move_to(from: &Relation, to: &Relation, title: &str) -> Vec<Statement> {
    let mut statements =
        vec![Statement::plain(title, format!("alter table {from} set schema {}", to.bare_schema_sql()))];
    if from.identifier() != to.identifier()
        && let Ok(moved) = to.sibling(from.identifier())
    {
        let sql = format!("alter table {moved} rename to {}", to.identifier_sql());
        statements.push(Statement::plain(format!("{title}: its name"), sql));
    }
    statements
}

fn fill(dialect: Dialect, facts: &TableFacts, target: &Relation) -> String {
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

/// Identity columns of the copy would start at 1 again.
fn go_on_numbering<'a>(facts: &'a TableFacts, target: &'a Relation) -> impl Iterator<Item = String> + 'a {
    let numbered = facts.physical.columns.iter().filter(|column| column.identity.is_some());
    numbered.map(move |column| {
        let quoted = Dialect::Postgres.column(&column.name);
        let name = Dialect::Postgres.text_literal(&column.name);
        format!(
            "select setval(pg_get_serial_sequence('{target}', {name}), (select max({quoted}) from {target}))"
        )
    })
}

/// `serial` columns of the copy would go on taking numbers from staging's sequence. Its name may be taken, by that of a table
/// that is replaced.
fn own_sequences<'a>(facts: &'a TableFacts, target: &'a Relation) -> impl Iterator<Item = String> + 'a {
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

/// Postgres: read as it is executed, so that it needs no connection now.
fn describe_columns(staging: &Relation, target: &Relation) -> String {
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

/// DuckDB's statement that made staging's table, for another one.
fn rebuilt(create_statement: &str, target: &Relation) -> Option<String> {
    let (_, definition) = create_statement.split_once('(')?;
    let definition = definition.trim_end().trim_end_matches(';');
    Some(format!("create table {target} ({definition}"))
}

/// DuckDB's statements of staging's indexes, for another table.
fn indexes(physical: &Physical, target: &Relation) -> Vec<String> {
    let parts = physical.indexes.iter().filter_map(|sql| Index::of(sql));
    parts.map(|index| format!("{} on {target} {}", index.head, index.definition)).collect()
}

/// DuckDB's statement that makes an index, in parts.
struct Index<'a> {
    /// Up to its name.
    head: &'a str,
    /// Its name, as SQL.
    name: &'a str,
    /// What follows the table's name.
    definition: &'a str,
}

impl<'a> Index<'a> {
    fn of(sql: &'a str) -> Option<Self> {
        let statement =
            r#"(?s)^(CREATE (?:UNIQUE )?INDEX ("(?:[^"]|"")+"|\S+)) ON [^(]*?((?:USING \w+ ?)?\(.*\));?\s*$"#;
        let parts = Regex::new(statement).ok()?.captures(sql)?;
        let part = |place: usize| parts.get(place).map(|found| found.as_str());
        Some(Self { head: part(1)?, name: part(2)?, definition: part(3)? })
    }
}

/// What a copy lost and gets again.
#[must_use]
pub fn describe(dialect: Dialect, table: &Table, target: &Relation) -> Vec<Statement> {
    let facts = &table.facts;
    let staging = &facts.staging;
    let title = format!("{}: its description", table.model);
    let described = || facts.physical.description.as_deref().filter(|text| !text.is_empty());
    let on_table = || {
        described().map(|text| {
            Statement::plain(&title, format!("comment on table {target} is {}", dialect.text_literal(text)))
        })
    };
    match dialect {
        // Read as it is executed, so that it needs no connection now.
        Dialect::Postgres => vec![Statement::plain(
            title,
            format!(
                "do $comment$\nbegin\n  execute format('comment on table {target} is %L', obj_description('{staging}'::regclass, \
                 'pg_class'));\nend\n$comment$"
            ),
        )],
        Dialect::Databricks => on_table().into_iter().collect(),
        Dialect::Redshift | Dialect::DuckDb => {
            let columns = facts.physical.columns.iter().filter_map(|column| {
                let text = column.description.as_deref().filter(|text| !text.is_empty())?;
                let sql = format!(
                    "comment on column {target}.{} is {}",
                    dialect.column(&column.name),
                    dialect.text_literal(text)
                );
                Some(Statement::plain(format!("{}: the description of {}", table.model, column.name), sql))
            });
            on_table().into_iter().chain(columns).collect()
        }
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Spark => Vec::new(),
    }
}

/// Gives prod's table its backup name, in one transaction with what takes its place.
#[must_use]
pub fn step_aside(table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let sql = format!("alter table {} rename to {}", table.facts.prod, backup.identifier_sql());
    Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql))
}

/// Puts a finished copy in place, in one transaction with the rows.
#[must_use]
pub fn put_in_place(table: &Table, working: &Relation) -> Statement {
    let sql = format!("alter table {working} rename to {}", table.facts.prod.identifier_sql());
    Statement::plain(format!("put {} in place", table.model), sql)
}

/// DuckDB renames no table that has an index.
#[must_use]
pub fn drop_backup_indexes(table: &Table) -> Vec<Statement> {
    let prod = &table.facts.prod;
    let indexes = table.facts.replaced.indexes.iter().filter_map(|sql| Index::of(sql));
    indexes
        .map(|index| {
            let sql = format!("drop index {}.{}", prod.schema_sql(), index.name);
            Statement::plain(format!("{}: a table with an index cannot be renamed", table.model), sql)
        })
        .collect()
}

/// Keeps prod's table under its backup name, where the table is replaced in one statement. Not again, if it is kept.
#[must_use]
pub fn back_up(dialect: Dialect, table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let prod = &table.facts.prod;
    let transient = if is_transient(&table.facts.replaced, &table.facts) { "transient " } else { "" };
    let sql = match dialect {
        Dialect::Snowflake => format!("{} clone {prod}", create(Existing::Keep, transient, backup)),
        Dialect::BigQuery => format!("{} copy {prod}", create(Existing::Keep, "", backup)),
        Dialect::Databricks => format!("{} deep clone {prod}", create(Existing::Keep, "", backup)),
        _ => {
            let layout = table.facts.replaced.layout.as_ref().unwrap_or(&table.facts.layout);
            let description = table.facts.replaced.description.as_deref();
            ctas(dialect, Existing::Keep, backup, prod, layout, None, description)
        }
    };
    Some(Statement::plain(format!("keep prod's {} as {}", table.model, backup.identifier()), sql))
}

/// Makes prod's table from staging's in one statement that is whole or not at all.
#[must_use]
pub fn replace(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Statement {
    let existing = match table.action {
        Action::Replace { .. } => Existing::Replace,
        // A second execution finishes what the first one began; what the table holds is checked after.
        Action::Create | Action::Keep => Existing::Keep,
    };
    let facts = &table.facts;
    let made = Made {
        existing,
        to: &facts.prod,
        from: &facts.staging,
        physical: &facts.physical,
        transient: is_wanted_transient(table),
        configured: &facts.layout,
    };
    one_statement(dialect, strategy, &made, format!("copy {}", table.model))
}

/// Puts the backup into the place of what the promotion put there.
#[must_use]
pub fn restore(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Option<Statement> {
    let Action::Replace { backup } = &table.action else { return None };
    let facts = &table.facts;
    let made = Made {
        existing: Existing::Replace,
        to: &facts.prod,
        from: backup,
        physical: &facts.replaced,
        transient: is_transient(&facts.replaced, facts),
        configured: &facts.layout,
    };
    Some(one_statement(dialect, strategy, &made, format!("put prod's former {} back", table.model)))
}

/// A table that is made from another one.
struct Made<'a> {
    existing: Existing,
    to: &'a Relation,
    from: &'a Relation,
    /// What the catalogue says of the other one.
    physical: &'a Physical,
    /// Snowflake: whether it is to be a transient one.
    transient: bool,
    /// What the project says of it.
    configured: &'a Layout,
}

fn one_statement(
    dialect: Dialect,
    strategy: CopyStrategy,
    made: &Made<'_>,
    title: impl Into<String>,
) -> Statement {
    let Made { existing, to, from, physical, transient, configured } = *made;
    let is_from_transient = physical.transient.or(configured.transient).unwrap_or(true);
    let sql = match (dialect, strategy) {
        // A transient table cannot be cloned to a permanent one.
        (Dialect::Snowflake, CopyStrategy::Clone) if transient || !is_from_transient => {
            let kind = if transient { "transient " } else { "" };
            let grants = if existing == Existing::Replace { " copy grants" } else { "" };
            format!("{} clone {from}{grants}", create(existing, kind, to))
        }
        (Dialect::BigQuery, CopyStrategy::Copy) => format!("{} copy {from}", create(existing, "", to)),
        // Its grammar has no `or replace` for a clone.
        (Dialect::BigQuery, CopyStrategy::Clone) if existing == Existing::Replace => {
            format!("{} copy {from}", create(existing, "", to))
        }
        (Dialect::BigQuery, CopyStrategy::Clone) => format!("{} clone {from}", create(existing, "", to)),
        (Dialect::Databricks, CopyStrategy::Clone) => {
            format!("{} deep clone {from}", create(existing, "", to))
        }
        _ => {
            let mut layout = physical.layout.clone().unwrap_or_else(|| configured.clone());
            layout.transient = Some(transient);
            if dialect == Dialect::BigQuery {
                let expiration = configured.properties.get_key_value(PARTITION_EXPIRATION);
                layout.properties.extend(expiration.map(|(option, days)| (option.clone(), days.clone())));
            }
            let description = physical.description.as_deref();
            ctas(dialect, existing, to, from, &layout, layout.filtered_by.as_deref(), description)
        }
    };
    Statement::plain(title, sql)
}

/// What a copy of the warehouse's own leaves switched off, or takes along from staging.
#[must_use]
pub fn after_copy(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<Statement> {
    let (prod, model) = (&table.facts.prod, &table.model);
    match (dialect, strategy) {
        (Dialect::Snowflake, CopyStrategy::Clone) if layout_of(&table.facts).cluster_by.is_some() => {
            vec![Statement::plain(
                format!("{model}: a clone's clustering is suspended"),
                format!("alter table {prod} resume recluster"),
            )]
        }
        (Dialect::BigQuery, CopyStrategy::Copy | CopyStrategy::Clone) => {
            let title = format!("{model}: staging's expiration is not prod's");
            let configured = table.facts.layout.properties.get(PARTITION_EXPIRATION).map(String::as_str);
            let days = configured.or(table.facts.physical.expires.then_some("null"));
            let partitions =
                days.map(|days| format!(", {PARTITION_EXPIRATION} = {days}")).unwrap_or_default();
            let sql = format!("alter table {prod} set options (expiration_timestamp = null{partitions})");
            vec![Statement::plain(title, sql)]
        }
        (Dialect::Databricks, CopyStrategy::Clone) => describe(dialect, table, prod),
        _ => Vec::new(),
    }
}

/// The rollback of a table, in one transaction with the rows.
#[must_use]
pub fn take_back(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Vec<Statement> {
    let (prod, staging, model) = (&table.facts.prod, &table.facts.staging, &table.model);
    match &table.action {
        Action::Keep => Vec::new(),
        Action::Create if strategy == CopyStrategy::Move => {
            move_to(prod, staging, &format!("give {model} back to staging"))
        }
        Action::Create => {
            vec![Statement::plain(format!("drop prod's {model}"), format!("drop table {prod}"))]
        }
        Action::Replace { backup } => {
            let mut statements = vec![
                Statement::plain(format!("drop prod's new {model}"), format!("drop table {prod}")),
                Statement::plain(
                    format!("put prod's former {model} back"),
                    format!("alter table {backup} rename to {}", prod.identifier_sql()),
                ),
            ];
            if dialect == Dialect::DuckDb {
                statements.extend(
                    indexes(&table.facts.replaced, prod)
                        .into_iter()
                        .map(|sql| Statement::plain(format!("{model}: an index as before"), sql)),
                );
            }
            statements
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_in_parts_whatever_its_name() {
        let odd = "CREATE UNIQUE INDEX \"by \"\"start\"\" ON (day)\" ON s.t(start_tstamp, (a || ' ON b'));";
        let index = Index::of(odd).expect("understood");
        assert_eq!(index.head, "CREATE UNIQUE INDEX \"by \"\"start\"\" ON (day)\"");
        assert_eq!(index.name, "\"by \"\"start\"\" ON (day)\"");
        assert_eq!(index.definition, "(start_tstamp, (a || ' ON b'))");
        let plain = Index::of("CREATE INDEX a ON s.t USING HNSW (b);").expect("understood");
        assert_eq!([plain.name, plain.definition], ["a", "USING HNSW (b)"]);
    }
}
