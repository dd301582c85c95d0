//! DuckDB: tables and indexes from the statements that made others, which its catalogue shows.

use anyhow::Result;
use regex::Regex;
use serde::Serialize;

use super::script::Statement;
use crate::promote::plan::{Physical, Table};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// What a statement that made a table says after the table's name.
pub(super) fn definition(made_by: &str) -> Option<Sql> {
    let begin = made_by.find('(')?;
    Some(Sql::of_checked(made_by[begin..].trim_end().trim_end_matches(';')))
}

#[derive(Serialize)]
struct CreatedLike<'a> {
    target: Name<'a>,
    definition: Sql,
}

/// The statement that made one table, for another one.
pub(super) fn create_like_statement(definition: Sql, target: &Relation) -> Result<Sql> {
    render(Dialect::DuckDb, "create_like.sql", &CreatedLike { target: Name(target), definition })
}

#[derive(Serialize)]
struct CreatedIndex<'a> {
    head: Sql,
    target: Name<'a>,
    definition: Sql,
}

/// The statements that made one table's indexes, for another table.
pub(super) fn index_statements(physical: &Physical, target: &Relation) -> Result<Vec<Sql>> {
    let parts = physical.indexes.iter().filter_map(|sql| Index::of(sql));
    let statements = parts.map(|Index { head, definition, .. }| {
        let [head, definition] = [head, definition].map(Sql::of_checked);
        render(Dialect::DuckDb, "create_index.sql", &CreatedIndex { head, target: Name(target), definition })
    });
    statements.collect()
}

#[derive(Serialize)]
struct DroppedIndex<'a> {
    table: Name<'a>,
    index: Sql,
}

/// Drops the indexes of prod's table, because a table with an index cannot be renamed.
pub(super) fn drop_index_statements(table: &Table) -> Result<Vec<Statement>> {
    let indexes = table.facts.replaced.indexes.iter().filter_map(|sql| Index::of(sql));
    let statements = indexes.map(|index| {
        let dropped = DroppedIndex { table: Name(&table.facts.prod), index: Sql::of_checked(index.name) };
        let sql = render(Dialect::DuckDb, "drop_index.sql", &dropped)?;
        Ok(Statement::plain(format!("{}: a table with an index cannot be renamed", table.model), sql))
    });
    statements.collect()
}

/// The statement that made an index, in parts.
struct Index<'a> {
    /// Everything up to and including the index's name.
    head: &'a str,
    /// The index's name, as SQL.
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
