//! How the statements of an execution are sent: one by one, or, where dbt would tear them apart, together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::dbt::dialect::Dialect;

/// What is sent at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Batch {
    /// The index of its first statement, from 0.
    pub(super) first: usize,
    /// The index of its last statement.
    pub(super) last: usize,
    sql: String,
}

/// The batches for adapters that need their own, and under `default` those for all others.
pub(super) type Batches = BTreeMap<&'static str, Vec<Batch>>;

/// How a version of dbt is sent these statements, which have no semicolons at their ends.
pub(super) fn batches(statements: &[String], dialect: Dialect) -> Batches {
    let mut batches = Batches::from([("default", one_by_one(statements))]);
    for adapter in dialect.adapters_without_transactions() {
        batches.insert(adapter, units(statements));
    }
    for adapter in dialect.adapters_without_dollar_quotes() {
        let plain: Vec<_> = statements.iter().map(|sql| without_dollar_quotes(sql)).collect();
        batches.insert(adapter, one_by_one(&plain));
    }
    batches
}

fn one_by_one(statements: &[String]) -> Vec<Batch> {
    let batch = |(index, sql): (usize, &String)| Batch { first: index, last: index, sql: sql.clone() };
    statements.iter().enumerate().map(batch).collect()
}

/// Each transaction as one text: it is rolled back as a whole if a part of it fails.
fn units(statements: &[String]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut is_open = false;
    for Batch { first, last, sql } in one_by_one(statements) {
        match batches.last_mut().filter(|_| is_open) {
            Some(unit) => {
                unit.last = last;
                unit.sql.push_str(";\n");
                unit.sql.push_str(&sql);
            }
            None => batches.push(Batch { first, last, sql: sql.clone() }),
        }
        is_open = (is_open || sql.starts_with("begin")) && !sql.starts_with("commit");
    }
    batches
}

/// `do $tag$ … $tag$`, the only statement of this tool that has such a quote.
static DOLLAR_QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)\Ado (\$[a-z]*\$)(.*)(\$[a-z]*\$)\z").expect("a pattern that the tests use")
});

fn without_dollar_quotes(sql: &str) -> String {
    match DOLLAR_QUOTED.captures(sql.trim_end()) {
        Some(parts) if parts[1] == parts[3] => format!("do '{}'", parts[2].replace('\'', "''")),
        _ => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(statements: &[&str], version: &str, adapter: &str) -> Vec<(usize, usize, String)> {
        let statements: Vec<_> = statements.iter().map(|&sql| sql.to_owned()).collect();
        let mut batches = batches(&statements, Dialect::of_text(version).expect("a version"));
        let own = batches.remove(adapter).unwrap_or_else(|| batches["default"].clone());
        own.into_iter().map(|batch| (batch.first, batch.last, batch.sql)).collect()
    }

    const SCRIPT: [&str; 6] =
        ["create table b", "begin transaction", "insert", "commit", "drop table c", "drop table d"];

    #[test]
    fn a_transaction_is_one_text_where_each_text_has_a_connection() {
        let told = sent(&SCRIPT, "2.0.0-beta.2", "duckdb");
        let places: Vec<_> = told.iter().map(|(first, last, _)| (*first, *last)).collect();
        assert_eq!(places, [(0, 0), (1, 3), (4, 4), (5, 5)]);
        assert_eq!(told[1].2, "begin transaction;\ninsert;\ncommit");
        for (version, adapter) in [("1.12.6", "duckdb"), ("2.0.0-beta.2", "snowflake")] {
            assert_eq!(sent(&SCRIPT, version, adapter).len(), 6, "{version} {adapter}");
        }
    }

    #[test]
    fn dollar_quotes_are_replaced_where_they_are_not_known() {
        let block = "do $x$\nbegin\n  raise exception 'it''s $1';\nend\n$x$";
        let plain = "do '\nbegin\n  raise exception ''it''''s $1'';\nend\n'";
        assert_eq!(sent(&[block], "2.0.0-beta.2", "postgres")[0].2, plain);
        assert_eq!(sent(&[block], "1.12.6", "postgres")[0].2, block);
        assert_eq!(sent(&[block], "2.0.0-beta.2", "redshift")[0].2, block);
        assert_eq!(sent(&["select '$x$'"], "2.0.0-beta.2", "postgres")[0].2, "select '$x$'");
    }
}
