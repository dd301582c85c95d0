//! What prod holds of the backups of replaced tables: whether they are there, how large they are, and what
//! depends on them.

use std::sync::LazyLock;

use anyhow::{Result, bail};
use regex::Regex;

use super::question::{about, question};
use crate::dbt::{Answer, Query};
use crate::event::Emit;
use crate::failure::{Failure, FailureKind};
use crate::promote::plan::{BackupFacts, BackupNames, DependentsQuestion, dependents_questions};
use crate::warehouse::Dialect;
use crate::workspace::OpenTarget;

/// The template of the question which kind of relation it is.
pub const KIND: &str = "catalogue/kind.sql";

/// The template of the question about its size.
pub const SIZE: &str = "catalogue/size.sql";

/// What was found of backups.
#[derive(Debug, Default)]
pub struct BackupsRead {
    /// In the order in which they were asked about.
    pub facts: Vec<BackupFacts>,
    /// Why some of it is not known.
    pub unread: Option<Failure>,
}

/// Which questions are asked.
#[derive(Debug, Clone, Copy)]
struct Asking {
    dependents: bool,
    sizes: bool,
}

/// All of them; then less and less. One question that fails makes the whole call fail, and not every user may
/// ask each of them.
const ATTEMPTS: [Asking; 4] = [
    Asking { dependents: true, sizes: true },
    Asking { dependents: true, sizes: false },
    Asking { dependents: false, sizes: true },
    Asking { dependents: false, sizes: false },
];

/// Asks about backups, in one call where the user may ask all of it.
///
/// # Errors
/// dbt fails, or the warehouse does not even answer which tables there are.
pub fn backups(prod: &OpenTarget<'_>, asked: &[BackupNames], emit: Emit<'_>) -> Result<BackupsRead> {
    let mut unread = None;
    if asked.is_empty() {
        return Ok(BackupsRead::default());
    }
    for asking in ATTEMPTS {
        let queries = asked.iter().map(|names| asking.queries(names)).collect::<Result<Vec<_>>>()?;
        match prod.query_if_allowed(&queries.concat(), emit)? {
            Ok(told) => {
                let mut answers = told.answers.as_slice();
                let facts = asked.iter().map(|names| {
                    let (its, rest) =
                        answers.split_at_checked(asking.count(names.dialect)).unwrap_or_default();
                    answers = rest;
                    asking.read(names.dialect, its)
                });
                return Ok(BackupsRead { facts: facts.collect::<Result<_>>()?, unread });
            }
            Err(failure) if failure.kind == FailureKind::Query => _ = unread.get_or_insert(failure),
            Err(failure) => return Err(failure.into()),
        }
    }
    match unread {
        Some(failure) => Err(failure.into()),
        None => bail!("dbt did not answer which backups there are"),
    }
}

impl Asking {
    /// The questions about one backup, in the order in which [`Self::read`] takes the answers.
    fn queries(self, names: &BackupNames) -> Result<Vec<Query>> {
        let dialect = names.dialect;
        let kind = question(dialect, KIND)?;
        let mut queries = vec![about(&names.backup, &kind), about(&names.replaced, &kind)];
        for asking in self.dependents(dialect) {
            queries.push(about(&names.backup, &question(dialect, asking.template)?));
        }
        if self.sizes {
            queries.push(about(&names.backup, &question(dialect, SIZE)?));
        }
        Ok(queries)
    }

    fn count(self, dialect: Dialect) -> usize {
        2 + self.dependents(dialect).len() + usize::from(self.sizes)
    }

    fn dependents(self, dialect: Dialect) -> &'static [DependentsQuestion] {
        if self.dependents { dependents_questions(dialect) } else { &[] }
    }

    fn read(self, dialect: Dialect, answers: &[Answer]) -> Result<BackupFacts> {
        let [kind, replaced_kind, rest @ ..] = answers else {
            bail!("dbt did not answer every question about the backups")
        };
        let asked = self.dependents(dialect);
        let (dependents, size) = rest.split_at(asked.len().min(rest.len()));
        let (bytes, rows) = size.first().map(|answer| read_size(dialect, answer)).unwrap_or_default();
        let named = asked.iter().zip(dependents).flat_map(|(asking, answer)| {
            let names = column(answer, 0).into_iter().flatten();
            names.map(|name| format!("{}{name}", asking.prefix))
        });
        // A bound view can name the table, too.
        let mut dependents: Vec<String> = Vec::new();
        for name in named {
            if !dependents.contains(&name) {
                dependents.push(name);
            }
        }
        Ok(BackupFacts {
            kind: cell(kind, 0),
            replaced_kind: cell(replaced_kind, 0),
            bytes,
            rows,
            can_tell_dependents: !dependents_questions(dialect).is_empty(),
            dependents: (!asked.is_empty()).then_some(dependents),
        })
    }
}

/// Bytes and rows.
fn read_size(dialect: Dialect, answer: &Answer) -> (Option<u64>, Option<u64>) {
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            let number = |place| cell(answer, place).and_then(|text| text.parse().ok());
            (number(0), number(1))
        }
        Dialect::Databricks | Dialect::Spark => read_statistics(answer),
    }
}

/// What `describe table extended` says of the size: `1234 bytes, 10 rows`, or only the bytes.
fn read_statistics(answer: &Answer) -> (Option<u64>, Option<u64>) {
    static STATISTICS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^([0-9]+) bytes(?:, ([0-9]+) rows)?$").expect("a pattern"));
    let Answer::Rows(rows) = answer else { return (None, None) };
    // A column can have this name, too, but no type looks like that.
    let mut said = rows.iter().filter(|row| row.first() == Some(&Some("Statistics".to_owned())));
    let found = said.find_map(|row| STATISTICS.captures(row.get(1)?.as_deref()?));
    let number = |place| found.as_ref()?.get(place)?.as_str().parse().ok();
    (number(1), number(2))
}

/// A cell of the first row.
fn cell(answer: &Answer, place: usize) -> Option<String> {
    column(answer, place).into_iter().next().flatten()
}

fn column(answer: &Answer, place: usize) -> Vec<Option<String>> {
    match answer {
        Answer::Rows(rows) => rows.iter().map(|row| row.get(place).cloned().flatten()).collect(),
        Answer::Missing(_) | Answer::NoSchema(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rows(rows: &[&[&str]]) -> Answer {
        let row = |row: &&[&str]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        Answer::Rows(rows.iter().map(row).collect())
    }

    #[test]
    fn every_warehouse_tells_of_a_backup_or_that_it_is_gone() {
        for dialect in Dialect::ALL {
            for asking in ATTEMPTS {
                let gone = vec![Answer::Missing(0); asking.count(dialect)];
                let facts = asking.read(dialect, &gone).expect("understood");
                assert!(!facts.exists() && facts.bytes.is_none(), "{dialect}: {facts:?}");
                let mut there = vec![rows(&[&["table"]]); 2];
                there.extend(asking.dependents(dialect).iter().map(|_| rows(&[&["s.busy"], &["s.b"]])));
                if asking.sizes {
                    there.push(rows(&[&["Statistics", "1234 bytes, 10 rows"]]));
                }
                let facts = asking.read(dialect, &there).expect("understood");
                assert!(facts.is_table() && facts.is_replaced(), "{dialect}: {facts:?}");
                let prefixes: BTreeSet<_> =
                    asking.dependents(dialect).iter().map(|asking| asking.prefix).collect();
                let expected = prefixes.len() * 2;
                assert_eq!(facts.dependents.unwrap_or_default().len(), expected, "{dialect}");
            }
        }
        assert!(ATTEMPTS[0].read(Dialect::Postgres, &[]).is_err());
    }

    #[test]
    fn sizes_are_read_as_each_warehouse_writes_them() {
        let described = rows(&[
            &["Statistics", "string", ""],
            &["# Detailed Table Information", "", ""],
            &["Statistics", "1234 bytes, 10 rows", ""],
        ]);
        let bytes_only = rows(&[&["Statistics", "99 bytes", ""]]);
        for (dialect, answer, expected) in [
            (Dialect::Postgres, rows(&[&["8192", "500"]]), (Some(8192), Some(500))),
            (Dialect::DuckDb, Answer::Rows(vec![vec![None, Some("500".into())]]), (None, Some(500))),
            (Dialect::Redshift, rows(&[]), (None, None)),
            (Dialect::Databricks, described, (Some(1234), Some(10))),
            (Dialect::Spark, bytes_only, (Some(99), None)),
            (Dialect::Spark, rows(&[&["a", "string", ""]]), (None, None)),
        ] {
            assert_eq!(read_size(dialect, &answer), expected, "{dialect}");
        }
    }
}
