//! `--drop-backups --apply`: drops backups, and keeps in the records that they are dropped.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use camino::Utf8Path;

use super::drop_plan::{DropPlan, Droppable};
use super::record::PromotionRecord;
use super::statements::execute_all;
use super::telling::Telling;
use crate::dbt::{Answer, Query};
use crate::event::{Emit, Event, PromotionDetail, PromotionFinished, PromotionStarted, PromotionTask};
use crate::output::count;
use crate::promote::sql::Script;
use crate::timestamp::Timestamp;
use crate::workspace::OpenTarget;

/// Drops what a plan drops, and looks whether it is gone. The caller holds the locks of the records. `details`
/// say what the plan does, for people.
///
/// # Errors
/// A statement fails, a backup is there all the same, the files cannot be written.
pub fn drop_backups(
    prod: &OpenTarget<'_>,
    plan: &DropPlan,
    details: Vec<PromotionDetail>,
    emit: Emit<'_>,
) -> Result<()> {
    let script = plan.script();
    let folder = prod.workspace.promotion();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {folder}"))?;
    let path = folder.join("drop.sql");
    fs::write(&path, script.to_text()).with_context(|| format!("cannot write {path}"))?;
    let mut telling = Telling::open(PromotionTask::DropBackups, &folder)?;
    // Whatever happens from here on, a rollback does not take a dropped backup for a promotion that never was.
    mark(&plan.drop, Some(Timestamp::of_this_machine()))?;
    let started = started(plan, details, &folder);
    telling.tell(Event::PromotionStarted(started), emit);
    let ended = execute(prod, plan, &script, &mut telling, emit)
        .and_then(|()| check_dropped(prod, plan, &folder, emit));
    let dropped = || count(plan.drop.len(), "backup");
    telling.end(ended, |()| PromotionFinished { result: vec![dropped()], ..Default::default() }, emit)
}

fn started(plan: &DropPlan, details: Vec<PromotionDetail>, folder: &Utf8Path) -> PromotionStarted {
    let mut models: Vec<_> = plan.drop.iter().map(|backup| backup.model.clone()).collect();
    models.dedup();
    PromotionStarted {
        task: PromotionTask::DropBackups,
        from: None,
        to: plan.to.clone(),
        adapter: None,
        strategy: None,
        models,
        planned_at: None,
        continues: false,
        stopped_at: None,
        total: plan.drop.len(),
        details,
        folder: folder.to_owned(),
    }
}

/// Looks whether the backups are gone. Those that are not are no longer marked as dropped.
fn check_dropped(prod: &OpenTarget<'_>, plan: &DropPlan, folder: &Utf8Path, emit: Emit<'_>) -> Result<()> {
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
    telling: &mut Telling,
    emit: Emit<'_>,
) -> Result<()> {
    let ended = execute_all(prod, script, |_| Ok(()), telling, emit);
    let (executed, is_in_doubt) = (ended.executed, ended.is_in_doubt());
    // Nobody may know of the one that failed. The error counts more than what cannot be written, which does no harm.
    if ended.error.is_some() {
        let _ = mark(&plan.drop[executed + usize::from(is_in_doubt)..], None);
    }
    ended.into_result(script, |_| {
        let is_done = match (executed, is_in_doubt) {
            (0, false) => "Nothing was dropped.",
            (_, false) => "Those before it are done.",
            (_, true) => "It is not known whether it is done: --list looks for it.",
        };
        format!("{is_done} Fix the cause, then run the same command again.")
    })?;
    telling.check()
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
