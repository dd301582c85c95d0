//! Which backups are dropped, and which are kept and why. Pure.

use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;
use serde::Serialize;

use super::backups::{Backup, BackupsFound};
use super::presence::Known;
use super::record::{PromotionRecord, Stage};
use crate::dbt::RelationName;
use crate::promote::plan::BackupFacts;
use crate::promote::sql::{Script, Statement, drop_backup_statement};
use crate::timestamp::Timestamp;

/// What `--drop-backups` does.
#[derive(Debug)]
pub struct DropPlan {
    /// What prod is called.
    pub to: String,
    /// `--older-than`.
    pub older_than: Duration,
    pub drop: Vec<Droppable>,
    pub keep: Vec<Kept>,
}

/// A backup that is dropped.
#[derive(Debug)]
pub struct Droppable {
    /// The folder of the record that names it.
    pub folder: Utf8PathBuf,
    pub model: String,
    pub relation: RelationName,
    /// The same, as SQL.
    pub name: String,
    pub age: Duration,
    pub facts: BackupFacts,
    /// What drops it.
    pub statement: Statement,
    /// When the promotion was planned that cannot be taken back without it, if it could be with it.
    pub needed_by: Option<Timestamp>,
}

/// A backup that is kept.
#[derive(Debug)]
pub struct Kept {
    pub model: String,
    /// Its name as SQL.
    pub name: String,
    pub age: Duration,
    pub facts: BackupFacts,
    pub why: Why,
}

/// Why a backup is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// It is younger than asked for.
    Younger,
    /// The promotion or its rollback stopped half-way: it may be the only copy.
    Unfinished,
    /// Prod has no plain table in the place of the one that was replaced: it may be the only copy.
    OnlyCopy {
        /// Prod's table, as SQL.
        replaced: String,
        /// What prod has there, in dbt's word; none if nothing.
        kind: Option<String>,
    },
    /// Something uses it.
    InUse { by: Vec<String> },
    /// The connection may not ask what uses it.
    UseNotKnown,
    /// Something else has its name.
    NotATable { kind: String },
    /// The record does not name it as a promotion names backups.
    NotKnown,
}

/// What becomes of a backup.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is gone already.
    Gone,
    Keep(Why),
    Drop,
}

impl DropPlan {
    /// Decides about all backups that the records of a target name.
    ///
    /// # Errors
    /// A template is wrong.
    pub fn of(
        (to, older_than): (&str, Duration),
        records: &[(Utf8PathBuf, PromotionRecord)],
        found: &BackupsFound,
        now: Timestamp,
    ) -> Result<Self> {
        let mut plan = Self { to: to.to_owned(), older_than, drop: Vec::new(), keep: Vec::new() };
        for backup in Backup::all(records) {
            let Backup { folder, record, witness } = backup;
            let (model, name) = (witness.model.clone(), witness.name.clone());
            let age = record.age(now);
            let facts = found.get(&name).cloned().unwrap_or_default();
            let Some(names) = backup.names() else {
                plan.keep.push(Kept { model, name, age, facts, why: Why::NotKnown });
                continue;
            };
            match verdict(record, &facts, &names.replaced.to_string(), age < older_than) {
                Verdict::Gone => {}
                Verdict::Keep(why) => plan.keep.push(Kept { model, name, age, facts, why }),
                Verdict::Drop => plan.drop.push(Droppable {
                    folder: folder.to_owned(),
                    model,
                    relation: names.backup.name(),
                    name,
                    age,
                    facts,
                    statement: drop_backup_statement(&names)?,
                    needed_by: (record.known() == Known::All).then_some(record.at),
                }),
            }
        }
        Ok(plan)
    }

    /// The statements that drop them.
    #[must_use]
    pub fn script(&self) -> Script {
        let statements = self.drop.iter().map(|backup| backup.statement.clone()).collect();
        let header = format!("Drops backups of tables that promotions to {} replaced.", self.to);
        Script { header: vec![header], statements }
    }
}

fn verdict(record: &PromotionRecord, facts: &BackupFacts, replaced: &str, is_younger: bool) -> Verdict {
    let Some(kind) = &facts.kind else { return Verdict::Gone };
    let users = facts.dependents.as_deref().unwrap_or_default();
    let are_users_unknown = facts.dependents.is_none() && facts.can_tell_dependents;
    Verdict::Keep(match &record.stage {
        Stage::Executing { .. } | Stage::RollingBack { .. } => Why::Unfinished,
        // What fails after the commit does not make tables.
        Stage::Failed { .. } if record.known() != Known::All => Why::Unfinished,
        _ if !facts.is_table() => Why::NotATable { kind: kind.clone() },
        _ if is_younger => Why::Younger,
        _ if !facts.is_replaced() => {
            Why::OnlyCopy { replaced: replaced.to_owned(), kind: facts.replaced_kind.clone() }
        }
        _ if !users.is_empty() => Why::InUse { by: users.to_vec() },
        _ if are_users_unknown => Why::UseNotKnown,
        Stage::Promoted | Stage::Failed { .. } | Stage::Abandoned | Stage::RolledBack => {
            return Verdict::Drop;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promote::apply::{TableWitness, Witnesses};
    use crate::promote::sql::StatementKind;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A promotion that replaced one table, ten days ago.
    fn record(stage: Stage) -> PromotionRecord {
        let relation = |identifier: &str| RelationName {
            database: Some("db".into()),
            schema: "s".into(),
            identifier: identifier.into(),
        };
        let backup = "t__bk_20231112131415";
        PromotionRecord {
            schema: 1,
            from: "staging".into(),
            to: "prod".into(),
            dialect: Some("postgres".into()),
            at: "2023-11-12 13:14:15".parse().expect("a time"),
            models: vec!["m".into()],
            kept: Vec::new(),
            recorded_before: vec!["m".into()],
            asked: String::new(),
            locks: Vec::new(),
            is_one_unit: true,
            forecast: Vec::new(),
            verify: Script::default(),
            stage,
            promote: Script::default(),
            rollback: Script::default(),
            witnesses: Witnesses {
                rows: Vec::new(),
                tables: vec![TableWitness {
                    model: "m".into(),
                    relation: relation(backup),
                    name: format!(r#""db"."s"."{backup}""#),
                    is_backup: true,
                    replaced: Some(relation("t")),
                    dropped_at: None,
                }],
                holders: Vec::new(),
            },
        }
    }

    /// It is there, prod has the new table, and nothing uses it.
    fn facts() -> BackupFacts {
        BackupFacts {
            kind: Some("table".into()),
            replaced_kind: Some("table".into()),
            dependents: Some(Vec::new()),
            ..BackupFacts::default()
        }
    }

    fn plan(record: &PromotionRecord, facts: &BackupFacts, older_than: Duration) -> DropPlan {
        let found = record.witnesses.backups().map(|backup| (backup.name.clone(), facts.clone())).collect();
        let now = "2023-11-22 13:14:15".parse().expect("a time");
        let records = [("records/one".into(), record.clone())];
        DropPlan::of(("prod", older_than), &records, &found, now).expect("a plan")
    }

    #[track_caller]
    fn is_kept(record: &PromotionRecord, facts: &BackupFacts, older_than: Duration, why: &Why) {
        let plan = plan(record, facts, older_than);
        assert!(plan.drop.is_empty() && plan.script().statements.is_empty(), "{plan:?}");
        assert_eq!(plan.keep.iter().map(|kept| &kept.why).collect::<Vec<_>>(), [why]);
    }

    #[test]
    fn what_is_old_enough_and_not_needed_is_dropped() {
        for (stage, needed) in
            [(Stage::Promoted, true), (Stage::RolledBack, false), (Stage::Abandoned, false)]
        {
            let record = record(stage);
            for older_than in [Duration::ZERO, DAY * 10] {
                let plan = plan(&record, &facts(), older_than);
                let [dropped] = plan.drop.as_slice() else { panic!("{plan:?}") };
                assert_eq!(dropped.statement.sql, r#"drop table "db"."s"."t__bk_20231112131415""#);
                assert_eq!((dropped.age, dropped.needed_by), (DAY * 10, needed.then_some(record.at)));
                assert!(plan.keep.is_empty(), "{plan:?}");
            }
        }
    }

    #[test]
    fn what_fails_after_the_commit_is_no_reason_to_keep_it() {
        let kinds = [StatementKind::Begin, StatementKind::Plain, StatementKind::Commit, StatementKind::Plain];
        for (statement, is_dropped) in [(1, false), (3, true)] {
            let mut record = record(Stage::Failed { statement, error: String::new(), may_be_done: false });
            record.promote.statements =
                kinds.map(|kind| Statement { kind, ..Statement::plain("", "") }).to_vec();
            let plan = plan(&record, &facts(), Duration::ZERO);
            assert_eq!((plan.drop.len(), plan.keep.len()), if is_dropped { (1, 0) } else { (0, 1) });
        }
    }

    #[test]
    fn what_is_gone_is_neither_dropped_nor_kept() {
        let gone = BackupFacts { kind: None, ..facts() };
        let plan = plan(&record(Stage::Promoted), &gone, Duration::ZERO);
        assert!(plan.drop.is_empty() && plan.keep.is_empty(), "{plan:?}");
    }

    #[test]
    fn what_may_be_needed_is_kept() {
        let promoted = record(Stage::Promoted);
        is_kept(&promoted, &facts(), DAY * 10 + Duration::from_secs(1), &Why::Younger);
        let failed = Stage::Failed { statement: 3, error: String::new(), may_be_done: false };
        let going_back = Stage::RollingBack { done: 1, before: Box::new(Stage::Promoted) };
        for stage in [Stage::Executing { done: 2 }, failed, going_back] {
            is_kept(&record(stage), &facts(), Duration::ZERO, &Why::Unfinished);
        }
        for kind in [None, Some("view".to_owned())] {
            let alone = BackupFacts { replaced_kind: kind.clone(), ..facts() };
            let why = Why::OnlyCopy { replaced: r#""db"."s"."t""#.into(), kind };
            is_kept(&promoted, &alone, Duration::ZERO, &why);
        }
        let by = vec!["the view s.busy".to_owned()];
        let used = BackupFacts { dependents: Some(by.clone()), ..facts() };
        is_kept(&promoted, &used, Duration::ZERO, &Why::InUse { by });
    }

    #[test]
    fn what_is_no_table_of_a_promotion_is_kept() {
        let view = BackupFacts { kind: Some("view".into()), ..facts() };
        let why = Why::NotATable { kind: "view".into() };
        is_kept(&record(Stage::Promoted), &view, Duration::ZERO, &why);
        let changes: [fn(&mut PromotionRecord); 4] = [
            |record| record.witnesses.tables[0].name = r#""db"."s"."t""#.into(),
            |record| record.witnesses.tables[0].name.push_str("; drop table x"),
            |record| record.witnesses.tables[0].replaced = None,
            |record| record.dialect = None,
        ];
        for change in changes {
            let mut other = record(Stage::Promoted);
            change(&mut other);
            is_kept(&other, &facts(), Duration::ZERO, &Why::NotKnown);
        }
        let mut copied = record(Stage::Promoted);
        copied.witnesses.tables[0].is_backup = false;
        let plan = plan(&copied, &facts(), Duration::ZERO);
        assert!(plan.drop.is_empty() && plan.keep.is_empty(), "{plan:?}");
    }

    #[test]
    fn every_warehouse_drops_it_in_its_words() {
        for (dialect, name, sql) in [
            ("postgres", r#""db"."s"."t__bk_20231112131415""#, ""),
            ("redshift", r#""db"."s"."t__bk_20231112131415""#, ""),
            ("snowflake", "db.s.t__bk_20231112131415", " restrict"),
            ("bigquery", "`db`.`s`.`t__bk_20231112131415`", ""),
            ("databricks", "`db`.`s`.`t__bk_20231112131415`", ""),
            ("spark", "s.t__bk_20231112131415", ""),
            ("duckdb", r#""db"."s"."t__bk_20231112131415""#, ""),
        ] {
            let mut record = record(Stage::Promoted);
            record.dialect = Some(dialect.into());
            let witness = &mut record.witnesses.tables[0];
            witness.name = name.into();
            if dialect == "spark" {
                let replaced = witness.replaced.as_mut().expect("a table");
                replaced.database = None;
            }
            let script = plan(&record, &facts(), Duration::ZERO).script();
            let statements: Vec<_> = script.statements.iter().map(|it| it.sql.as_str()).collect();
            assert_eq!(statements, [format!("drop table {name}{sql}")], "{dialect}");
        }
    }
}
