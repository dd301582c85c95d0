//! Asks prod what it holds of a promotion.

use anyhow::Result;
use camino::Utf8Path;

use super::news::{News, Tell};
use super::presence::Presence;
use super::record::{PromotionRecord, Stage};
use super::witnesses::Witnessed;
use crate::event::Emit;
use crate::workspace::OpenTarget;

pub(super) fn ask(prod: &OpenTarget<'_>, record: &PromotionRecord, emit: Emit<'_>) -> Result<Witnessed> {
    let told = prod.query(&record.witnesses.queries(), emit)?;
    record.witnesses.read(&told.answers)
}

/// Whether a promotion that was stopped has left nothing in prod. If so, its record says it from now on.
pub(super) fn is_settled(
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    witnessed: &Witnessed,
    tell: Tell<'_>,
) -> Result<bool> {
    let is_nothing = record.presence(witnessed) == Presence::Nothing;
    if is_nothing {
        record.stage = Stage::Abandoned;
        record.save(folder)?;
        tell(&News::LeftNothing(record));
    }
    Ok(is_nothing)
}
