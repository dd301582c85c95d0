//! What a failed statement leaves behind and what to do about it, in words for people. Pure.

use camino::Utf8Path;

use super::presence::Known;
use super::record::PromotionRecord;
use crate::failure::{Failure, FailureKind};
use crate::promote::sql::{Script, StatementKind};

/// Whether the warehouse may have executed a statement that failed: it did not refuse it.
pub(super) fn may_be_done(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Failure>().is_none_or(|failure| failure.kind != FailureKind::Statement)
}

/// What is done of a promotion after a statement failed.
pub(super) fn what_is_done(script: &Script, failed: usize, record: &PromotionRecord) -> String {
    if record.is_transaction() && record.known() == Known::Open {
        return "The connection was lost at the commit. It is not known whether all of it is done, or nothing."
            .to_owned();
    }
    match script.goes_on_from(failed) {
        0 if record.is_one_unit => {
            "It is one transaction, which was rolled back: nothing has changed.".to_owned()
        }
        0 => "Nothing has changed.".to_owned(),
        _ if record.is_transaction() && script.is_committed_before(failed) => {
            "All statements before it are done and committed.".to_owned()
        }
        1 => "Statement 1 is done and does no harm.".to_owned(),
        done => format!("Statements 1 to {done} are done and do no harm."),
    }
}

/// How to finish a promotion, or to take it back.
pub(super) fn way_out(script: &Script, failed: usize, record: &PromotionRecord, folder: &Utf8Path) -> String {
    let back = format!("promote --to {} --rollback", record.to);
    match record.known() {
        Known::All => format!(
            "Execute the rest, from statement {} of {folder}/promote.sql on, by hand, or take all of it back \
             with `{back}`.",
            failed + 1
        ),
        Known::Nothing => "Fix the cause, then run the same command again.".to_owned(),
        Known::Open if record.is_transaction() => {
            format!("`{back}` asks {} whether it is done, and if so takes it back.", record.to)
        }
        // The same command would stop at this check again.
        Known::Open if script.statements[failed].kind == StatementKind::Check => {
            format!(
                "Take back what is done with `{back}`, then run the same command again: it makes a new plan."
            )
        }
        Known::Open => format!(
            "Fix the cause, then run the same command again, or execute {folder}/promote.sql: both finish \
             what is left. `{back}` takes back what is done."
        ),
    }
}

/// What is taken back after a statement of a rollback failed, and what to do.
pub(super) fn what_is_taken_back(script: &Script, failed: usize, error: &anyhow::Error) -> (String, String) {
    let is_known = !may_be_done(error) || script.commit() != Some(failed);
    let is_done = match script.commit() {
        Some(_) if is_known => "It is one transaction, which was rolled back: nothing has changed.",
        Some(_) => {
            "The connection was lost at the commit. It is not known whether the promotion is taken back."
        }
        None if script.changes_nothing_in(failed) => "Nothing has changed.",
        None => "The statements before it are done.",
    };
    (is_done.to_owned(), "Fix the cause, then run --rollback again.".to_owned())
}

/// What prod has after a rollback.
pub(super) fn what_is_left(record: &PromotionRecord) -> Vec<String> {
    let (before, new): (Vec<_>, Vec<_>) = record.models.iter().map(String::as_str).partition(|model| {
        record.recorded_before.iter().any(|recorded| recorded == model)
            || record.witnesses.tables.iter().any(|table| table.is_backup && table.model == *model)
    });
    let (kept, new): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|model| record.kept.iter().any(|kept| kept == model));
    let to = &record.to;
    let mut said = Vec::new();
    if !new.is_empty() {
        said.push(format!("{to} no longer has the rows and copies of {}", new.join(", ")));
    }
    if !kept.is_empty() {
        said.push(format!("{to} no longer records {}; the tables existed before and stay", kept.join(", ")));
    }
    if !before.is_empty() {
        said.push(format!("{to} has {} as before", before.join(", ")));
    }
    said
}
