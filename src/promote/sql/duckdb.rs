//! DuckDB: tables and indexes from the statements that made others.

use regex::Regex;

use super::script::Statement;
use crate::promote::plan::{Physical, Table};
use crate::warehouse::Relation;

/// The statement that made one table, for another one.
pub(super) fn create_statement(made_by: &str, target: &Relation) -> Option<String> {
    let (_, definition) = made_by.split_once('(')?;
    let definition = definition.trim_end().trim_end_matches(';');
    Some(format!("create table {target} ({definition}"))
}

/// The statements that made one table's indexes, for another table.
pub(super) fn index_statements(physical: &Physical, target: &Relation) -> Vec<String> {
    let parts = physical.indexes.iter().filter_map(|sql| Index::of(sql));
    parts.map(|index| format!("{} on {target} {}", index.head, index.definition)).collect()
}

/// Drops the indexes of prod's table, because a table with an index cannot be renamed.
#[must_use]
pub fn drop_index_statements(table: &Table) -> Vec<Statement> {
    let prod = &table.facts.prod;
    let indexes = table.facts.replaced.indexes.iter().filter_map(|sql| Index::of(sql));
    indexes
        .map(|index| {
            let sql = format!("drop index {}.{}", prod.schema_sql(), index.name);
            Statement::plain(format!("{}: a table with an index cannot be renamed", table.model), sql)
        })
        .collect()
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
