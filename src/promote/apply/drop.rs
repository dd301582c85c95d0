//! `--drop-backups --apply`: drops backups, and keeps in the records that they are dropped.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::aftermath::may_be_done;
use super::drop_plan::{DropPlan, Droppable};
use super::execute::finished;
use super::news::{News, Tell};
use super::record::PromotionRecord;
use crate::dbt::{Answer, Execution, Query};
use crate::event::{Emit, Envelope, Event};
use crate::promote::sql::Script;
use crate::timestamp::Timestamp;
use crate::workspace::{Journal, OpenTarget};

/// Drops what a plan drops, and looks whether it is gone. The caller holds the locks of the records.
///
/// # Errors
/// A statement fails, a backup is there all the same, the files cannot be written.
pub fn drop_backups(prod: &OpenTarget<'_>, plan: &DropPlan, emit: Emit<'_>, tell: Tell<'_>) -> Result<()> {
    let script = plan.script();
    let folder = prod.workspace.promotion();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {folder}"))?;
    let path = folder.join("drop.sql");
    fs::write(&path, script.to_text()).with_context(|| format!("cannot write {path}"))?;
    let mut journal = Journal::create(folder.join("journal.jsonl"))?;
    // Whatever happens from here on, a rollback does not take a dropped backup for a promotion that never was.
    mark(&plan.drop, Some(Timestamp::of_this_machine()))?;
    tell(&News::DropsBackups(plan));
    execute(prod, plan, &script, &mut journal, emit, tell)?;
    let left = left_over(prod, plan, emit).with_context(|| {
        format!("the backups were dropped, but it was not checked that they are gone (record: {folder})")
    })?;
    if left.is_empty() {
        return Ok(());
    }
    mark(left.iter().copied(), None)?;
    let names: Vec<_> = left.iter().map(|backup| backup.name.as_str()).collect();
    bail!(
        "{} accepted the statements, but did not drop {}: something may refer to them, such as a foreign key",
        plan.to,
        names.join(", ")
    )
}

fn execute(
    prod: &OpenTarget<'_>,
    plan: &DropPlan,
    script: &Script,
    journal: &mut Journal,
    emit: Emit<'_>,
    tell: Tell<'_>,
) -> Result<()> {
    let statements: Vec<_> = script.statements.iter().map(|statement| statement.sql.clone()).collect();
    let total = statements.len();
    let (mut lost, mut done) = (None, 0);
    let execution = prod.execute(statements, emit, |step| {
        if !step.done {
            return;
        }
        done = step.statement + 1;
        // The statements continue. A write that fails is reported at the end.
        lost = lost.take().or(journal.append(&finished(script, step.statement)).err());
        tell(&News::StatementDone { number: done, total, title: &script.statements[step.statement].title });
    });
    let mut ended = |executed, error: Option<&anyhow::Error>| {
        let error = error.map(|error| format!("{error:#}"));
        journal.append(&Envelope::now(Event::PromotionFinished { executed, error }))
    };
    let (executed, error, has_place) = match execution {
        Ok(Execution::Done) => return ended(total, None).and_then(|()| lost.map_or(Ok(()), Err)),
        Ok(Execution::Failed { at, error }) => (at, error, true),
        // dbt failed before the first statement, or after the last one.
        Err(error) => (done, error, false),
    };
    // Nobody may know of the one that failed. What cannot be written does no harm, and the error counts more.
    let in_doubt = usize::from(has_place && may_be_done(&error));
    let _ = mark(&plan.drop[executed + in_doubt..], None).and_then(|()| ended(executed, Some(&error)));
    if !has_place {
        return Err(error);
    }
    let failed = &script.statements[executed];
    Err(error.context(format!(
        "statement {} of {total} failed ({}). {} Fix the cause, then run the same command again.\n{}",
        executed + 1,
        failed.title,
        match (executed, in_doubt) {
            (0, 0) => "Nothing was dropped.",
            (_, 0) => "Those before it are done.",
            _ => "It is not known whether it is done: --list looks for it.",
        },
        failed.sql
    )))
}

/// Which backups are still there.
fn left_over<'a>(prod: &OpenTarget<'_>, plan: &'a DropPlan, emit: Emit<'_>) -> Result<Vec<&'a Droppable>> {
    let query = |backup: &Droppable| Query { relations: vec![backup.relation.clone()], sql: None };
    let told = prod.query(&plan.drop.iter().map(query).collect::<Vec<_>>(), emit)?;
    let answers = plan.drop.iter().zip(&told.answers);
    Ok(answers.filter(|(_, answer)| matches!(answer, Answer::Rows(_))).map(|(backup, _)| backup).collect())
}

/// Keeps in the records when backups were dropped.
fn mark<'a>(backups: impl IntoIterator<Item = &'a Droppable>, dropped_at: Option<Timestamp>) -> Result<()> {
    let mut marked: BTreeSet<(&Utf8Path, &str)> = BTreeSet::new();
    marked.extend(backups.into_iter().map(|backup| (backup.folder.as_path(), backup.name.as_str())));
    let folders: BTreeSet<_> = marked.iter().map(|(folder, _)| *folder).collect();
    for folder in folders {
        let Some(mut record) = PromotionRecord::read(folder)? else { continue };
        let tables = record.witnesses.tables.iter_mut();
        for table in tables.filter(|table| marked.contains(&(folder, table.name.as_str()))) {
            table.dropped_at = dropped_at;
        }
        record.save(folder)?;
    }
    Ok(())
}
