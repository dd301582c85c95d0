//! A promotion that stopped half-way, where a warehouse leaves halves: the same call finishes it, and no other one goes over it.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::rollback::{ask, is_settled, lock};
use crate::backfill::Lock;
use crate::commands::prepare::Setup;
use crate::event::Emit;
use crate::failure::Refusal;
use crate::promote::{Known, Presence, PromotionRecord, Stage};

/// The file of what `--format json` shows of a promotion.
const DOCUMENT: &str = "document.json";

/// What a call of `promote` is about.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// What is promoted to.
    pub(super) to: &'a str,
    /// Selected models.
    pub(super) models: Vec<&'a str>,
    /// A digest of all that was asked for.
    pub(super) digest: String,
}

/// The promotion that this call finishes, with its locks.
///
/// # Errors
/// A [`Refusal`]: a promotion of these models stopped half-way, and this call is another one.
pub(super) fn find(
    setup: &Setup,
    asked: &Asked<'_>,
    emit: Emit<'_>,
) -> Result<Option<(Utf8PathBuf, PromotionRecord, Vec<Lock>)>> {
    for (folder, record) in PromotionRecord::all(&setup.workspace.promotions(), asked.to)? {
        let is_about = |model: &String| asked.models.contains(&model.as_str());
        if record.known() != Known::Open || record.is_transaction() || !record.models.iter().any(is_about) {
            continue;
        }
        let locks = lock(setup, &record)?;
        let Some(mut record) = PromotionRecord::read(&folder)? else { continue };
        let is_going_back = matches!(record.stage, Stage::RollingBack { .. });
        if record.asked == asked.digest && !is_going_back {
            return Ok(Some((folder, record, locks)));
        }
        let witnessed = ask(setup, &record, emit)?;
        if is_settled(&mut record, &folder, &witnessed)? {
            continue;
        }
        match record.presence(&witnessed) {
            Presence::Partial => bail!(Refusal(half_way(&record, is_going_back))),
            // Somebody executed its script.
            Presence::Complete if !is_going_back => {
                record.stage = Stage::Promoted;
                record.save(&folder)?;
            }
            Presence::Complete | Presence::Moved | Presence::Nothing | Presence::TakenBack => {}
        }
    }
    Ok(None)
}

fn half_way(record: &PromotionRecord, is_going_back: bool) -> String {
    let what = format!("{} at {} UTC", record.models.join(", "), record.at.to_the_second());
    let back = format!("`promote --to {} --rollback`", record.to);
    if is_going_back {
        format!("the rollback of the promotion of {what} stopped half-way: finish it with {back} first")
    } else {
        format!(
            "the promotion of {what} stopped half-way. Finish it by calling as it was called, with the project as it was, or \
             take back what is done with {back}"
        )
    }
}

/// Keeps what `--format json` shows, for the call that finishes it.
pub(super) fn keep_document(folder: &Utf8Path, document: &impl serde::Serialize) -> Result<()> {
    let path = folder.join(DOCUMENT);
    let text = serde_json::to_vec_pretty(document).context("cannot write JSON")?;
    fs::write(&path, text).with_context(|| format!("cannot write {path}"))
}

/// What was kept.
pub(super) fn kept_document(folder: &Utf8Path) -> Result<serde_json::Value> {
    let path = folder.join(DOCUMENT);
    let text = fs::read(&path).with_context(|| format!("cannot read {path}"))?;
    serde_json::from_slice(&text).with_context(|| format!("{path} is not what this tool wrote"))
}
