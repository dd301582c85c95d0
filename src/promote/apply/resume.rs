//! A promotion that stopped half-way, on a warehouse without one transaction for it: the same command
//! finishes it, and no other one may touch it.

use std::fs;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::presence::{Known, Presence};
use super::prod::{ask, is_settled};
use super::record::{PromotionRecord, Stage};
use crate::event::Emit;
use crate::failure::Refusal;
use crate::workspace::{Lock, OpenTarget};

/// The file that keeps what `--format json` shows of a promotion.
const DOCUMENT: &str = "document.json";

/// What a call of `promote` is about.
#[derive(Debug)]
pub struct Asked<'a> {
    pub to: &'a str,
    pub models: Vec<&'a str>,
    /// A digest of all that was asked for.
    pub digest: String,
}

/// A promotion that stopped half-way, and that this call finishes. Its locks are held.
#[derive(Debug)]
pub struct Unfinished {
    /// The folder of its record.
    pub folder: Utf8PathBuf,
    pub record: PromotionRecord,
    _locks: Vec<Lock>,
}

/// The promotion that this call finishes.
///
/// # Errors
/// A [`Refusal`]: a promotion of these models stopped half-way, and this call asks for something else.
pub fn find_unfinished(
    prod: &OpenTarget<'_>,
    asked: &Asked<'_>,
    emit: Emit<'_>,
) -> Result<Option<Unfinished>> {
    for (folder, record) in PromotionRecord::all(&prod.workspace.promotions(), asked.to)? {
        let is_about = |model: &String| asked.models.contains(&model.as_str());
        if record.known() != Known::Open || record.is_transaction() || !record.models.iter().any(is_about) {
            continue;
        }
        let locks = prod.lock(record.locks.iter().map(String::as_str))?;
        let Some(mut record) = PromotionRecord::read(&folder)? else { continue };
        let is_going_back = matches!(record.stage, Stage::RollingBack { .. });
        if record.asked == asked.digest && !is_going_back {
            return Ok(Some(Unfinished { folder, record, _locks: locks }));
        }
        let witnessed = ask(prod, &record, emit)?;
        if is_settled(&mut record, &folder, &witnessed, emit)? {
            continue;
        }
        match record.presence(&witnessed) {
            Presence::Partial => bail!(Refusal(half_way(&record, is_going_back))),
            // Somebody executed the rest of its script by hand.
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
            "the promotion of {what} stopped half-way. Finish it with the same command, on the project as it \
             was, or take back what is done with {back}"
        )
    }
}

/// Keeps what `--format json` shows, for the command that finishes the promotion.
pub(super) fn keep_document(folder: &Utf8Path, document: &impl serde::Serialize) -> Result<()> {
    let path = folder.join(DOCUMENT);
    let text = serde_json::to_vec_pretty(document).context("cannot write JSON")?;
    fs::write(&path, text).with_context(|| format!("cannot write {path}"))
}

/// Reads what `--format json` shows of a promotion that was executed.
///
/// # Errors
/// It cannot be read.
pub fn kept_document(folder: &Utf8Path) -> Result<serde_json::Value> {
    let path = folder.join(DOCUMENT);
    let text = fs::read(&path).with_context(|| format!("cannot read {path}"))?;
    serde_json::from_slice(&text).with_context(|| format!("{path} was not written by this tool"))
}
