//! What prod holds of a promotion, by its rows and tables. The warehouse is asked where the record alone
//! cannot tell: the process that wrote the record was killed, or prod may have run since.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::dbt::{Answer, Query, RelationName};
use crate::promote::plan::{Action, Plan};
use crate::promote::sql::{holders_questions, standing_query};
use crate::timestamp::Timestamp;

/// What in prod shows whether a promotion happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses {
    /// Rows, one entry for each package.
    pub rows: Vec<RowsWitness>,
    /// Relations that only the promotion makes.
    pub tables: Vec<TableWitness>,
    /// What to ask before a rollback drops prod's tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<HoldersQuestion>,
}

/// A question for what keeps one of prod's tables from being dropped: its answer has a row for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldersQuestion {
    pub relation: RelationName,
    /// The same, as SQL.
    pub name: String,
    /// What stands before each name in the answer; nothing in records of versions that did not keep it.
    #[serde(default)]
    pub prefix: String,
    /// The question, in which `@0@` stands for the relation.
    pub sql: String,
}

/// The rows of one package in prod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsWitness {
    /// The incremental manifest, as SQL.
    pub manifest: String,
    /// A query that answers with the name of a [`WitnessedRows`].
    pub sql: String,
    /// The incremental manifest, where the promotion makes it: without it, prod has no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<RelationName>,
}

/// A relation that the promotion makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableWitness {
    pub model: String,
    /// Prod's table, or its backup where the table is replaced.
    pub relation: RelationName,
    /// The same, as SQL.
    pub name: String,
    /// Whether it is the backup.
    pub is_backup: bool,
    /// The table of prod whose backup it is; none in records of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<RelationName>,
    /// When `--drop-backups` set out to drop it. It is gone unless that was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_at: Option<Timestamp>,
}

/// Which rows prod has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WitnessedRows {
    /// Those that the promotion writes.
    Written,
    /// Those from before it.
    Before,
    Between,
    /// Others, which somebody else wrote.
    Moved,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The rows of all packages together.
    pub rows: WitnessedRows,
    /// The incremental manifests whose rows somebody else wrote.
    pub moved: Vec<String>,
    /// Which of [`Witnesses::tables`] are there.
    pub is_there: Vec<bool>,
}

impl Witnesses {
    /// What shows whether this plan was executed.
    ///
    /// # Errors
    /// A template is wrong.
    pub fn of(plan: &Plan) -> Result<Self> {
        let rows = plan.ledgers.iter().map(|ledger| {
            let sql = standing_query(plan.dialect, ledger)?.into();
            let made = ledger.new.is_some().then(|| ledger.prod.name());
            Ok(RowsWitness { manifest: ledger.prod.to_string(), sql, made })
        });
        let tables = plan.tables.iter().filter_map(|table| {
            let (relation, is_backup) = match &table.action {
                Action::Create => (&table.facts.prod, false),
                Action::Replace { backup } => (backup, true),
                Action::Keep => return None,
            };
            Some(TableWitness {
                model: table.model.clone(),
                relation: relation.name(),
                name: relation.to_string(),
                is_backup,
                replaced: is_backup.then(|| table.facts.prod.name()),
                dropped_at: None,
            })
        });
        let mut holders = Vec::new();
        for table in &plan.tables {
            let prod = &table.facts.prod;
            let question = |(prefix, sql): (&str, String)| HoldersQuestion {
                relation: prod.name(),
                name: prod.to_string(),
                prefix: prefix.to_owned(),
                sql,
            };
            holders.extend(holders_questions(plan, table)?.into_iter().map(question));
        }
        Ok(Self { rows: rows.collect::<Result<_>>()?, tables: tables.collect(), holders })
    }

    /// The backups of replaced tables.
    pub fn backups(&self) -> impl Iterator<Item = &TableWitness> {
        self.tables.iter().filter(|table| table.is_backup)
    }

    /// All questions, for one call.
    #[must_use]
    pub fn queries(&self) -> Vec<Query> {
        let rows = self
            .rows
            .iter()
            .map(|it| Query { relations: it.made.iter().cloned().collect(), sql: Some(it.sql.clone()) });
        let tables = self.tables.iter().map(|it| Query { relations: vec![it.relation.clone()], sql: None });
        rows.chain(tables).collect()
    }

    /// Reads the answers to [`Self::queries`].
    ///
    /// # Errors
    /// An answer is missing, or is not understood.
    pub fn read(&self, answers: &[Answer]) -> Result<Witnessed> {
        if answers.len() != self.rows.len() + self.tables.len() {
            bail!("dbt did not answer every question about what prod holds");
        }
        let (rows, tables) = answers.split_at(self.rows.len());
        let rows = self.rows.iter().zip(rows).map(|(witness, answer)| match answer {
            Answer::Missing(_) if witness.made.is_some() => Ok(WitnessedRows::Before),
            answer => read_rows(answer),
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let moved = self.rows.iter().zip(&rows).filter(|(_, rows)| **rows == WitnessedRows::Moved);
        let moved = moved.map(|(witness, _)| witness.manifest.clone()).collect();
        let is_there = tables.iter().map(|answer| matches!(answer, Answer::Rows(_))).collect();
        Ok(Witnessed { rows: WitnessedRows::together(&rows), moved, is_there })
    }
}

fn read_rows(answer: &Answer) -> Result<WitnessedRows> {
    let word = match answer {
        Answer::Rows(rows) => rows.first().and_then(|row| row.first()).cloned().flatten(),
        Answer::Missing(_) | Answer::NoSchema(_) => None,
    };
    let word = word.context("dbt did not answer which rows prod has")?;
    serde_json::from_value(word.as_str().into())
        .with_context(|| format!("prod's rows are in a state that is not known: {word:?}"))
}

impl WitnessedRows {
    fn together(all: &[Self]) -> Self {
        let mut all = all.iter().copied();
        let first = all.next().unwrap_or(Self::Written);
        all.fold(first, |one, other| if one == other { one } else { one.max(other).max(Self::Between) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_judged_together() {
        use WitnessedRows::{Before, Between, Moved, Written};
        for (rows, expected) in [
            (&[Written, Written][..], Written),
            (&[Before], Before),
            (&[Written, Before], Between),
            (&[Written, Between, Before], Between),
            (&[Before, Moved], Moved),
        ] {
            assert_eq!(WitnessedRows::together(rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn each_answer_belongs_to_its_question() {
        let relation = RelationName { database: None, schema: "s".into(), identifier: "t".into() };
        let witness = |manifest: &str| RowsWitness {
            manifest: manifest.to_owned(),
            sql: "select 1".into(),
            made: None,
        };
        let witnesses = Witnesses {
            rows: vec![witness("a"), witness("b")],
            tables: vec![TableWitness {
                model: "m".into(),
                relation,
                name: "s.t".into(),
                is_backup: false,
                replaced: None,
                dropped_at: None,
            }],
            holders: Vec::new(),
        };
        assert_eq!(witnesses.queries().len(), 3);
        let said = |word: &str| Answer::Rows(vec![vec![Some(word.to_owned())]]);
        let found =
            witnesses.read(&[said("written"), said("moved"), Answer::Missing(0)]).expect("understood");
        let expected =
            Witnessed { rows: WitnessedRows::Moved, moved: vec!["b".to_owned()], is_there: vec![false] };
        assert_eq!(found, expected);
        let mut new = witnesses.clone();
        new.rows[1].made = Some(new.tables[0].relation.clone());
        let found = new.read(&[said("before"), Answer::Missing(0), Answer::Missing(0)]).expect("understood");
        assert_eq!(found.rows, WitnessedRows::Before);
        for wrong in [vec![said("written")], vec![said("what"), said("moved"), Answer::Missing(0)]] {
            assert!(witnesses.read(&wrong).is_err(), "{wrong:?}");
        }
    }
}
