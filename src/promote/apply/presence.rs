//! What prod holds of a promotion. The record tells it, or else prod's tables and rows. Pure.
//!
//! If this tool was killed, dbt may have done more than the record says.

use super::record::{PromotionRecord, Stage};
use super::witnesses::{Witnessed, WitnessedRows};
use crate::promote::sql::Script;

/// What a record says without asking prod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing of it is in prod.
    Nothing,
    /// All of it was done.
    All,
    /// Only prod can tell.
    Open,
}

/// What prod holds of a promotion, by its tables and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing of it is in prod.
    Nothing,
    /// It was taken back.
    TakenBack,
    /// All of it is in prod.
    Complete,
    /// A part of it is in prod. It was not one transaction.
    Partial,
    /// Prod has run since.
    Moved,
}

impl PromotionRecord {
    /// Whether tables and rows are committed together, so that prod never holds a part of it.
    #[must_use]
    pub fn is_transaction(&self) -> bool {
        self.promote.commit().is_some()
            && self.promote.statements.iter().all(|statement| statement.table.is_none())
    }

    /// What the record says without asking prod.
    #[must_use]
    pub fn known(&self) -> Known {
        match self.stage {
            Stage::Promoted => Known::All,
            Stage::RolledBack | Stage::Abandoned => Known::Nothing,
            Stage::Executing { .. } | Stage::RollingBack { .. } => Known::Open,
            Stage::Failed { statement, may_be_done, .. } => {
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
        match &self.stage {
            Stage::Failed { statement, may_be_done, .. } => statement + usize::from(*may_be_done),
            Stage::RollingBack { before, .. } => Self { stage: *before.clone(), ..self.clone() }.reached(),
            Stage::Abandoned => 0,
            Stage::Executing { .. } | Stage::Promoted | Stage::RolledBack => self.promote.statements.len(),
        }
    }

    /// Whether the promotion put this model's table into prod.
    fn has_made(&self, model: &str, witnessed: &Witnessed) -> bool {
        let made = self.promote.statements.iter().take(self.reached());
        let mut there = self.witnesses.tables.iter().zip(&witnessed.is_there);
        made.filter_map(|statement| statement.table.as_deref()).any(|made| made == model)
            && there.any(|(witness, is_there)| witness.model == model && *is_there)
    }

    /// What prod holds of a promotion, by its tables and rows.
    #[must_use]
    pub fn presence(&self, witnessed: &Witnessed) -> Presence {
        let tables = &self.witnesses.tables;
        let none_is_made = if self.is_transaction() {
            !tables.is_empty() && !witnessed.is_there.contains(&true)
        } else {
            tables.iter().all(|table| !self.has_made(&table.model, witnessed))
        };
        let gone = match self.known() {
            Known::Nothing => return Presence::Nothing,
            Known::Open if !matches!(self.stage, Stage::RollingBack { .. }) => Presence::Nothing,
            Known::Open | Known::All => Presence::TakenBack,
        };
        let is_moved = witnessed.rows == WitnessedRows::Moved;
        // Without tables, only the rows could tell, and something else has written these.
        if is_moved && (tables.is_empty() || !(none_is_made && self.known() == Known::Open)) {
            return Presence::Moved;
        }
        let are_rows_gone = is_moved || witnessed.rows == WitnessedRows::Before;
        if self.is_transaction() {
            match witnessed.rows {
                _ if none_is_made || are_rows_gone => gone,
                WitnessedRows::Written => Presence::Complete,
                _ => Presence::Moved,
            }
        } else {
            let all_are_made = || tables.iter().all(|table| self.has_made(&table.model, witnessed));
            match witnessed.rows {
                _ if none_is_made && are_rows_gone => gone,
                WitnessedRows::Written if all_are_made() => Presence::Complete,
                _ => Presence::Partial,
            }
        }
    }

    /// The rollback, without the statements for tables that the promotion did not make.
    #[must_use]
    pub fn rollback_from(&self, witnessed: &Witnessed) -> Script {
        let mut script = self.rollback.clone();
        script.statements.retain(|statement| {
            statement.table.as_deref().is_none_or(|model| self.has_made(model, witnessed))
        });
        script
    }

    /// Backups that the rollback needs and that somebody has dropped.
    #[must_use]
    pub fn lost_backups(&self, witnessed: &Witnessed) -> Vec<&str> {
        if self.known() != Known::All {
            return Vec::new();
        }
        let tables = self.witnesses.tables.iter().zip(&witnessed.is_there);
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
    use crate::promote::sql::{Statement, StatementKind};
    use crate::promote::{TableWitness, Witnesses};

    fn record(promote: Vec<Statement>, rollback: Vec<Statement>, stage: Stage) -> PromotionRecord {
        let relation = RelationName { database: None, schema: "s".into(), identifier: "t".into() };
        let witness = |model: &str| TableWitness {
            model: model.to_owned(),
            relation: relation.clone(),
            name: "s.t".into(),
            is_backup: false,
        };
        PromotionRecord {
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
            stage,
            promote: Script { header: Vec::new(), statements: promote },
            rollback: Script { header: Vec::new(), statements: rollback },
            witnesses: Witnesses { rows: Vec::new(), tables: vec![witness("a"), witness("b")] },
        }
    }

    fn of_kind(kind: StatementKind) -> Statement {
        Statement { kind, ..Statement::plain("", "") }
    }

    /// A check, a transaction of two tables and their rows, statistics.
    fn transaction(stage: Stage) -> PromotionRecord {
        let kinds = [
            StatementKind::Begin,
            StatementKind::Check,
            StatementKind::Plain,
            StatementKind::Plain,
            StatementKind::Commit,
            StatementKind::Plain,
        ];
        record(kinds.map(of_kind).to_vec(), vec![of_kind(StatementKind::Plain)], stage)
    }

    /// A check, two tables, a check, rows.
    fn steps(stage: Stage) -> PromotionRecord {
        let table = |model: &str| Statement::plain("", "").of_table(model);
        let promote = vec![
            of_kind(StatementKind::Check),
            table("a"),
            table("b"),
            of_kind(StatementKind::Check),
            of_kind(StatementKind::Plain),
        ];
        record(promote, vec![of_kind(StatementKind::Plain), table("b"), table("a")], stage)
    }

    /// The warehouse refused this statement.
    fn refused(statement: usize) -> Stage {
        Stage::Failed { statement, error: String::new(), may_be_done: false }
    }

    /// The connection was lost at this statement.
    fn lost(statement: usize) -> Stage {
        Stage::Failed { statement, error: String::new(), may_be_done: true }
    }

    fn witnessed(rows: WitnessedRows, is_there: [bool; 2]) -> Witnessed {
        Witnessed { rows, moved: Vec::new(), is_there: is_there.to_vec() }
    }

    #[test]
    fn a_transaction_that_failed_is_nothing_until_its_commit() {
        for (stage, expected) in [
            (refused(1), Known::Nothing),
            (lost(3), Known::Nothing),
            (refused(4), Known::Nothing),
            (lost(4), Known::Open),
            (refused(5), Known::All),
            (Stage::Executing { done: 3 }, Known::Open),
            (Stage::Promoted, Known::All),
            (Stage::Abandoned, Known::Nothing),
        ] {
            assert_eq!(transaction(stage.clone()).known(), expected, "{stage:?}");
        }
    }

    #[test]
    fn steps_that_failed_are_nothing_until_one_changes_something() {
        for (stage, expected) in [
            (lost(0), Known::Nothing),
            (refused(1), Known::Nothing),
            (lost(1), Known::Open),
            (refused(2), Known::Open),
            (Stage::Executing { done: 0 }, Known::Open),
        ] {
            assert_eq!(steps(stage.clone()).known(), expected, "{stage:?}");
        }
    }

    #[test]
    fn prod_tells_what_a_killed_transaction_left() {
        let killed = transaction(Stage::Executing { done: 3 });
        let rolling = Stage::RollingBack { done: 1, before: Box::new(Stage::Promoted) };
        let rolling = transaction(rolling);
        let promoted = transaction(Stage::Promoted);
        for (rows, is_there, expected) in [
            (
                WitnessedRows::Before,
                [false; 2],
                [Presence::Nothing, Presence::TakenBack, Presence::TakenBack],
            ),
            (WitnessedRows::Written, [true; 2], [Presence::Complete; 3]),
            (WitnessedRows::Moved, [true; 2], [Presence::Moved; 3]),
            // The rows are the same before and after, so the tables decide.
            (
                WitnessedRows::Written,
                [false; 2],
                [Presence::Nothing, Presence::TakenBack, Presence::TakenBack],
            ),
            (WitnessedRows::Moved, [false; 2], [Presence::Nothing, Presence::TakenBack, Presence::Moved]),
        ] {
            let witnessed = witnessed(rows, is_there);
            let found = [&killed, &rolling, &promoted].map(|record| record.presence(&witnessed));
            assert_eq!(found, expected, "{witnessed:?}");
        }
    }

    #[test]
    fn a_rollback_takes_away_only_what_the_promotion_made() {
        let models = |record: &PromotionRecord, is_there| -> Vec<String> {
            let script = record.rollback_from(&witnessed(WitnessedRows::Before, is_there));
            script.statements.into_iter().filter_map(|statement| statement.table).collect()
        };
        assert_eq!(models(&steps(refused(2)), [true; 2]), ["a"]);
        assert_eq!(models(&steps(lost(2)), [true; 2]), ["b", "a"]);
        assert_eq!(models(&steps(lost(2)), [true, false]), ["a"]);
        // It was killed, and may have got further than its record says.
        assert_eq!(models(&steps(Stage::Executing { done: 1 }), [true; 2]), ["b", "a"]);
        let rolling = Stage::RollingBack { done: 2, before: Box::new(refused(2)) };
        assert_eq!(models(&steps(rolling), [true; 2]), ["a"]);
        assert_eq!(
            transaction(Stage::Promoted)
                .rollback_from(&witnessed(WitnessedRows::Written, [true; 2]))
                .statements
                .len(),
            1
        );
    }

    #[test]
    fn prod_tells_what_killed_steps_left() {
        let killed = steps(Stage::Executing { done: 1 });
        for (rows, is_there, expected) in [
            (WitnessedRows::Before, [false; 2], Presence::Nothing),
            (WitnessedRows::Before, [true, false], Presence::Partial),
            (WitnessedRows::Between, [true; 2], Presence::Partial),
            (WitnessedRows::Written, [true; 2], Presence::Complete),
            (WitnessedRows::Moved, [true; 2], Presence::Moved),
        ] {
            assert_eq!(killed.presence(&witnessed(rows, is_there)), expected, "{rows:?} {is_there:?}");
        }
        // It has rows only, of helpers and views. Something else has written them since, so prod has run.
        let mut rows_only = killed.clone();
        rows_only.witnesses.tables.clear();
        let moved = Witnessed { is_there: Vec::new(), ..witnessed(WitnessedRows::Moved, [false; 2]) };
        assert_eq!(rows_only.presence(&moved), Presence::Moved);
        let promoted = steps(Stage::Promoted);
        assert_eq!(promoted.presence(&witnessed(WitnessedRows::Before, [false; 2])), Presence::TakenBack);
        assert_eq!(promoted.presence(&witnessed(WitnessedRows::Between, [true; 2])), Presence::Partial);
    }
}
