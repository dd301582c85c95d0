//! Asks prod what it holds of a promotion.

use anyhow::Result;
use camino::Utf8Path;

use super::presence::Presence;
use super::record::{PromotionRecord, Stage};
use super::witnesses::{HoldersQuestion, Witnessed};
use crate::dbt::{Answer, Query};
use crate::event::{Emit, Event, PromotionLeftNothing};
use crate::workspace::OpenTarget;

pub(super) fn ask(prod: &OpenTarget<'_>, record: &PromotionRecord, emit: Emit<'_>) -> Result<Witnessed> {
    let told = prod.query(&record.witnesses.queries(), emit)?;
    record.witnesses.read(&told.answers)
}

/// What keeps prod's tables from being dropped: each with the table that it holds.
pub(super) fn ask_for_holders(
    prod: &OpenTarget<'_>,
    record: &PromotionRecord,
    emit: Emit<'_>,
) -> Result<Vec<String>> {
    let questions = &record.witnesses.holders;
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let query = |asked: &HoldersQuestion| Query {
        relations: vec![asked.relation.clone()],
        sql: Some(asked.sql.clone()),
    };
    let queries: Vec<_> = questions.iter().map(query).collect();
    let told = prod.query(&queries, emit)?;
    let mut holders = Vec::new();
    for (asked, answer) in questions.iter().zip(&told.answers) {
        // A table that is not there is held by nothing.
        let Answer::Rows(rows) = answer else { continue };
        let found = rows.iter().filter_map(|row| row.first()?.as_deref());
        holders.extend(found.map(|holder| format!("{}{holder} (on {})", asked.prefix, asked.name)));
    }
    Ok(holders)
}

/// Whether a promotion that was stopped has left nothing in prod. If so, its record says it from now on.
pub(super) fn is_settled(
    record: &mut PromotionRecord,
    folder: &Utf8Path,
    witnessed: &Witnessed,
    emit: Emit<'_>,
) -> Result<bool> {
    let is_nothing = record.presence(witnessed) == Presence::Nothing;
    if is_nothing {
        record.stage = Stage::Abandoned;
        record.save(folder)?;
        emit(Event::PromotionLeftNothing(PromotionLeftNothing {
            to: record.to.clone(),
            models: record.models.clone(),
            planned_at: record.at,
        }));
    }
    Ok(is_nothing)
}
