//! What prod holds of a promotion: by its record and, where that cannot tell, by what was found in prod.
//! Pure.
//!
//! If the process that wrote a record was killed, the record lags behind: dbt may have done more than it
//! could still report.

use super::record::{PromotionRecord, Stage};
use super::witnesses::{Witnessed, WitnessedRows};
use crate::promote::sql::Script;
use crate::timestamp::Timestamp;

/// What a record tells by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing of it is in prod.
    Nothing,
    /// All of it is in prod.
    All,
    /// Only a look at prod can tell.
    Open,
}

/// What prod holds of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing of it is in prod.
    Nothing,
    /// It was taken back.
    TakenBack,
    /// All of it is in prod.
    Complete,
    /// A part of it is in prod. That happens only where it is not one transaction.
    Partial,
    /// Somebody else wrote prod's rows since: prod ran.
    Moved,
}

impl PromotionRecord {
    /// Whether tables and rows are committed together, so that it cannot be half done.
    #[must_use]
    pub fn is_transaction(&self) -> bool {
        self.promote.commit().is_some()
            && self.promote.statements.iter().all(|statement| statement.table.is_none())
    }

    /// What the record tells by itself.
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

    /// What prod holds, by the record and by what was found in prod.
    #[must_use]
    pub fn presence(&self, witnessed: &Witnessed) -> Presence {
        let gone = match self.known() {
            Known::Nothing => return Presence::Nothing,
            Known::Open if !matches!(self.stage, Stage::RollingBack { .. }) => Presence::Nothing,
            Known::Open | Known::All => Presence::TakenBack,
        };
        let tables = &self.witnesses.tables;
        let none_is_made = self.none_is_made(witnessed);
        let are_moved = witnessed.rows == WitnessedRows::Moved;
        // Without tables only the rows can tell, and now they are somebody else's.
        if are_moved && (tables.is_empty() || !(none_is_made && self.known() == Known::Open)) {
            return Presence::Moved;
        }
        let are_rows_gone = are_moved || witnessed.rows == WitnessedRows::Before;
        if self.is_transaction() {
            return match witnessed.rows {
                _ if none_is_made || are_rows_gone => gone,
                WitnessedRows::Written => Presence::Complete,
                WitnessedRows::Before | WitnessedRows::Between | WitnessedRows::Moved => Presence::Moved,
            };
        }
        let all_are_made = tables.iter().all(|table| self.has_made(&table.model, witnessed));
        match witnessed.rows {
            _ if none_is_made && are_rows_gone => gone,
            WitnessedRows::Written if all_are_made => Presence::Complete,
            WitnessedRows::Written
            | WitnessedRows::Before
            | WitnessedRows::Between
            | WitnessedRows::Moved => Presence::Partial,
        }
    }

    /// Whether none of the promotion's tables is in prod.
    fn none_is_made(&self, witnessed: &Witnessed) -> bool {
        let tables = &self.witnesses.tables;
        if self.is_transaction() {
            !tables.is_empty() && !witnessed.is_there.contains(&true)
        } else {
            tables.iter().all(|table| !self.has_made(&table.model, witnessed))
        }
    }

    /// The rollback without the statements that take away tables which the promotion did not make.
    #[must_use]
    pub fn rollback_from(&self, witnessed: &Witnessed) -> Script {
        let mut script = self.rollback.clone();
        script.statements.retain(|statement| {
            statement.table.as_deref().is_none_or(|model| self.has_made(model, witnessed))
        });
        script
    }

    /// Backups that `--drop-backups` has dropped, and when.
    #[must_use]
    pub fn dropped_backups(&self, witnessed: &Witnessed) -> Vec<(&str, Timestamp)> {
        let tables = self.witnesses.tables.iter().zip(&witnessed.is_there);
        tables
            .filter(|(_, is_there)| !**is_there)
            .filter_map(|(table, _)| Some((table.name.as_str(), table.dropped_at?)))
            .collect()
    }

    /// Backups that the rollback would put back but that somebody has dropped.
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
            replaced: None,
            dropped_at: None,
        };
        PromotionRecord {
            schema: 1,
            from: "staging".into(),
            to: "prod".into(),
            dialect: None,
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
            witnesses: Witnesses {
                rows: Vec::new(),
                tables: vec![witness("a"), witness("b")],
                holders: Vec::new(),
            },
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

    fn failed(statement: usize, may_be_done: bool) -> Stage {
        Stage::Failed { statement, error: String::new(), may_be_done }
    }

    fn witnessed(rows: WitnessedRows, is_there: [bool; 2]) -> Witnessed {
        Witnessed { rows, moved: Vec::new(), is_there: is_there.to_vec() }
    }

    #[test]
    fn a_transaction_that_failed_is_nothing_until_its_commit() {
        for (stage, expected) in [
            (failed(1, false), Known::Nothing),
            (failed(3, true), Known::Nothing),
            (failed(4, false), Known::Nothing),
            (failed(4, true), Known::Open),
            (failed(5, false), Known::All),
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
            (failed(0, true), Known::Nothing),
            (failed(1, false), Known::Nothing),
            (failed(1, true), Known::Open),
            (failed(2, false), Known::Open),
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
            // The rows have the same time before and after, so the tables tell.
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
        assert_eq!(models(&steps(failed(2, false)), [true; 2]), ["a"]);
        assert_eq!(models(&steps(failed(2, true)), [true; 2]), ["b", "a"]);
        assert_eq!(models(&steps(failed(2, true)), [true, false]), ["a"]);
        // It was killed, and may have got further than it could report.
        assert_eq!(models(&steps(Stage::Executing { done: 1 }), [true; 2]), ["b", "a"]);
        let rolling = Stage::RollingBack { done: 2, before: Box::new(failed(2, false)) };
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
    fn a_backup_that_was_dropped_is_told_from_one_that_was_never_made() {
        let mut record = transaction(Stage::Promoted);
        let at: Timestamp = "2024-02-01".parse().expect("a time");
        record.witnesses.tables[1].dropped_at = Some(at);
        let dropped = |is_there| record.dropped_backups(&witnessed(WitnessedRows::Written, is_there)).len();
        // Dropping it was stopped, and it is still there.
        assert_eq!([dropped([true, true]), dropped([true, false]), dropped([false, true])], [0, 1, 0]);
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
        // There are only rows, of helpers and views, and somebody has written them since: prod ran.
        let mut rows_only = killed.clone();
        rows_only.witnesses.tables.clear();
        let moved = Witnessed { is_there: Vec::new(), ..witnessed(WitnessedRows::Moved, [false; 2]) };
        assert_eq!(rows_only.presence(&moved), Presence::Moved);
        let promoted = steps(Stage::Promoted);
        assert_eq!(promoted.presence(&witnessed(WitnessedRows::Before, [false; 2])), Presence::TakenBack);
        assert_eq!(promoted.presence(&witnessed(WitnessedRows::Between, [true; 2])), Presence::Partial);
    }
}
