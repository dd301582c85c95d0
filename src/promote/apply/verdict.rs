//! What is left of a promotion, by its record and, where that cannot tell, by where prod stands. Pure.
//!
//! A record is behind what happened when its writer was killed: dbt may have done more than it could still tell.

use super::record::{Progress, Record};
use super::standing::{Rows, Standing};
use crate::promote::sql::Script;

/// What a record tells by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing of it is in prod.
    Nothing,
    /// All of it was done.
    All,
    /// Only prod can tell.
    Open,
}

/// What prod tells besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of it is in prod.
    Nothing,
    /// It was taken back.
    TakenBack,
    /// All of it is in prod.
    Complete,
    /// A part of it is in prod, where it is no transaction.
    Partial,
    /// Prod ran since.
    Moved,
}

impl Record {
    /// Whether tables and rows are committed together, so that there is no half of it.
    #[must_use]
    pub fn is_transaction(&self) -> bool {
        self.promote.commit().is_some()
            && self.promote.statements.iter().all(|statement| statement.table.is_none())
    }

    /// What the record tells by itself.
    #[must_use]
    pub fn known(&self) -> Known {
        match self.progress {
            Progress::Promoted => Known::All,
            Progress::RolledBack | Progress::Abandoned => Known::Nothing,
            Progress::Executing { .. } | Progress::RollingBack { .. } => Known::Open,
            Progress::Failed { statement, may_be_done, .. } => {
                if self.promote.changes_nothing_in(statement + usize::from(may_be_done)) {
                    return Known::Nothing;
                }
                match self.promote.commit().filter(|_| self.is_transaction()) {
                    Some(commit) if statement < commit => Known::Nothing,
                    Some(commit) if statement > commit => Known::All,
                    Some(_) if !may_be_done => Known::Nothing,
                    _ => Known::Open,
                }
            }
        }
    }

    /// How many of the promotion's statements may have been executed.
    fn reached(&self) -> usize {
        match &self.progress {
            Progress::Failed { statement, may_be_done, .. } => statement + usize::from(*may_be_done),
            Progress::RollingBack { before, .. } => {
                Self { progress: *before.clone(), ..self.clone() }.reached()
            }
            Progress::Abandoned => 0,
            Progress::Executing { .. } | Progress::Promoted | Progress::RolledBack => {
                self.promote.statements.len()
            }
        }
    }

    /// Whether the promotion put this model's table into prod.
    fn has_made(&self, model: &str, standing: &Standing) -> bool {
        let made = self.promote.statements.iter().take(self.reached());
        let mut there = self.witnesses.tables.iter().zip(&standing.is_there);
        made.filter_map(|statement| statement.table.as_deref()).any(|made| made == model)
            && there.any(|(witness, is_there)| witness.model == model && *is_there)
    }

    /// What prod tells besides.
    #[must_use]
    pub fn judge(&self, standing: &Standing) -> Verdict {
        let tables = &self.witnesses.tables;
        let none_is_made = if self.is_transaction() {
            !tables.is_empty() && !standing.is_there.contains(&true)
        } else {
            tables.iter().all(|table| !self.has_made(&table.model, standing))
        };
        let gone = match self.known() {
            Known::Nothing => return Verdict::Nothing,
            Known::Open if !matches!(self.progress, Progress::RollingBack { .. }) => Verdict::Nothing,
            Known::Open | Known::All => Verdict::TakenBack,
        };
        let is_moved = standing.rows == Rows::Moved;
        // Without tables it is only the rows that tell, and these are somebody else's now.
        if is_moved && (tables.is_empty() || !(none_is_made && self.known() == Known::Open)) {
            return Verdict::Moved;
        }
        let are_rows_gone = is_moved || standing.rows == Rows::Before;
        if self.is_transaction() {
            match standing.rows {
                _ if none_is_made || are_rows_gone => gone,
                Rows::Written => Verdict::Complete,
                _ => Verdict::Moved,
            }
        } else {
            let all_are_made = || tables.iter().all(|table| self.has_made(&table.model, standing));
            match standing.rows {
                _ if none_is_made && are_rows_gone => gone,
                Rows::Written if all_are_made() => Verdict::Complete,
                _ => Verdict::Partial,
            }
        }
    }

    /// The rollback, without what takes away tables that the promotion did not make.
    #[must_use]
    pub fn rollback_from(&self, standing: &Standing) -> Script {
        let mut script = self.rollback.clone();
        script.statements.retain(|statement| {
            statement.table.as_deref().is_none_or(|model| self.has_made(model, standing))
        });
        script
    }

    /// Backups that are to be put back, and that somebody has dropped.
    #[must_use]
    pub fn lost_backups(&self, standing: &Standing) -> Vec<&str> {
        if self.known() != Known::All {
            return Vec::new();
        }
        let tables = self.witnesses.tables.iter().zip(&standing.is_there);
        tables
            .filter(|(table, is_there)| table.is_backup && !**is_there)
            .map(|(table, _)| table.name.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::RelationName;
    use crate::promote::sql::{Kind, Statement};
    use crate::promote::{TableWitness, Witnesses};

    fn record(promote: Vec<Statement>, rollback: Vec<Statement>, progress: Progress) -> Record {
        let relation = RelationName { database: None, schema: "s".into(), identifier: "t".into() };
        let witness = |model: &str| TableWitness {
            model: model.to_owned(),
            relation: relation.clone(),
            name: "s.t".into(),
            is_backup: false,
        };
        Record {
            schema: 1,
            from: "staging".into(),
            to: "prod".into(),
            at: "2024-01-01".parse().expect("a time"),
            models: Vec::new(),
            kept: Vec::new(),
            recorded_before: Vec::new(),
            asked: String::new(),
            locks: Vec::new(),
            is_one_unit: true,
            forecast: Vec::new(),
            verify: Script::default(),
            progress,
            promote: Script { header: Vec::new(), statements: promote },
            rollback: Script { header: Vec::new(), statements: rollback },
            witnesses: Witnesses { rows: Vec::new(), tables: vec![witness("a"), witness("b")] },
        }
    }

    fn of_kind(kind: Kind) -> Statement {
        Statement { kind, ..Statement::plain("", "") }
    }

    /// A check, a transaction of two tables and their rows, statistics.
    fn transaction(progress: Progress) -> Record {
        let kinds = [Kind::Begin, Kind::Check, Kind::Plain, Kind::Plain, Kind::Commit, Kind::Plain];
        record(kinds.map(of_kind).to_vec(), vec![of_kind(Kind::Plain)], progress)
    }

    /// A check, two tables, a check, rows.
    fn steps(progress: Progress) -> Record {
        let table = |model: &str| Statement::plain("", "").of_table(model);
        let promote =
            vec![of_kind(Kind::Check), table("a"), table("b"), of_kind(Kind::Check), of_kind(Kind::Plain)];
        record(promote, vec![of_kind(Kind::Plain), table("b"), table("a")], progress)
    }

    fn failed(statement: usize, may_be_done: bool) -> Progress {
        Progress::Failed { statement, error: String::new(), may_be_done }
    }

    fn standing(rows: Rows, is_there: [bool; 2]) -> Standing {
        Standing { rows, moved: Vec::new(), is_there: is_there.to_vec() }
    }

    #[test]
    fn a_transaction_that_failed_is_nothing_until_its_commit() {
        for (progress, expected) in [
            (failed(1, false), Known::Nothing),
            (failed(3, true), Known::Nothing),
            (failed(4, false), Known::Nothing),
            (failed(4, true), Known::Open),
            (failed(5, false), Known::All),
            (Progress::Executing { done: 3 }, Known::Open),
            (Progress::Promoted, Known::All),
            (Progress::Abandoned, Known::Nothing),
        ] {
            assert_eq!(transaction(progress.clone()).known(), expected, "{progress:?}");
        }
    }

    #[test]
    fn steps_that_failed_are_nothing_until_one_changes_something() {
        for (progress, expected) in [
            (failed(0, true), Known::Nothing),
            (failed(1, false), Known::Nothing),
            (failed(1, true), Known::Open),
            (failed(2, false), Known::Open),
            (Progress::Executing { done: 0 }, Known::Open),
        ] {
            assert_eq!(steps(progress.clone()).known(), expected, "{progress:?}");
        }
    }

    #[test]
    fn prod_tells_what_a_killed_transaction_left() {
        let killed = transaction(Progress::Executing { done: 3 });
        let rolling = Progress::RollingBack { done: 1, before: Box::new(Progress::Promoted) };
        let rolling = transaction(rolling);
        let promoted = transaction(Progress::Promoted);
        for (rows, is_there, expected) in [
            (Rows::Before, [false; 2], [Verdict::Nothing, Verdict::TakenBack, Verdict::TakenBack]),
            (Rows::Written, [true; 2], [Verdict::Complete; 3]),
            (Rows::Moved, [true; 2], [Verdict::Moved; 3]),
            // Rows of the same time before and after: tables tell.
            (Rows::Written, [false; 2], [Verdict::Nothing, Verdict::TakenBack, Verdict::TakenBack]),
            (Rows::Moved, [false; 2], [Verdict::Nothing, Verdict::TakenBack, Verdict::Moved]),
        ] {
            let standing = standing(rows, is_there);
            let verdicts = [&killed, &rolling, &promoted].map(|record| record.judge(&standing));
            assert_eq!(verdicts, expected, "{standing:?}");
        }
    }

    #[test]
    fn a_rollback_takes_away_only_what_the_promotion_made() {
        let models = |record: &Record, is_there| -> Vec<String> {
            let script = record.rollback_from(&standing(Rows::Before, is_there));
            script.statements.into_iter().filter_map(|statement| statement.table).collect()
        };
        assert_eq!(models(&steps(failed(2, false)), [true; 2]), ["a"]);
        assert_eq!(models(&steps(failed(2, true)), [true; 2]), ["b", "a"]);
        assert_eq!(models(&steps(failed(2, true)), [true, false]), ["a"]);
        // Killed, it may have got further than it could tell.
        assert_eq!(models(&steps(Progress::Executing { done: 1 }), [true; 2]), ["b", "a"]);
        let rolling = Progress::RollingBack { done: 2, before: Box::new(failed(2, false)) };
        assert_eq!(models(&steps(rolling), [true; 2]), ["a"]);
        assert_eq!(
            transaction(Progress::Promoted)
                .rollback_from(&standing(Rows::Written, [true; 2]))
                .statements
                .len(),
            1
        );
    }

    #[test]
    fn prod_tells_what_killed_steps_left() {
        let killed = steps(Progress::Executing { done: 1 });
        for (rows, is_there, expected) in [
            (Rows::Before, [false; 2], Verdict::Nothing),
            (Rows::Before, [true, false], Verdict::Partial),
            (Rows::Between, [true; 2], Verdict::Partial),
            (Rows::Written, [true; 2], Verdict::Complete),
            (Rows::Moved, [true; 2], Verdict::Moved),
        ] {
            assert_eq!(killed.judge(&standing(rows, is_there)), expected, "{rows:?} {is_there:?}");
        }
        // Rows alone, of helpers and views, which somebody has written since: prod ran on them.
        let mut rows_only = killed.clone();
        rows_only.witnesses.tables.clear();
        let moved = Standing { is_there: Vec::new(), ..standing(Rows::Moved, [false; 2]) };
        assert_eq!(rows_only.judge(&moved), Verdict::Moved);
        let promoted = steps(Progress::Promoted);
        assert_eq!(promoted.judge(&standing(Rows::Before, [false; 2])), Verdict::TakenBack);
        assert_eq!(promoted.judge(&standing(Rows::Between, [true; 2])), Verdict::Partial);
    }
}
