//! A promotion as lines of text. Pure.

use std::fmt::Write as _;

use super::lines::lines;
use crate::event::PromotionDetail;
use crate::output::{Paint, promotion_head, size};
use crate::promote::plan::{Action, Plan, Verification};
use crate::promote::sql::{forecast_lines, room_lines};

/// What a promotion does, and what to do with its script.
#[must_use]
pub fn planned(plan: &Plan, out_dir: Option<&str>, paint: Paint) -> String {
    let next = match out_dir {
        Some(folder) => {
            format!("promote.sql, rollback.sql and verify.sql are in {folder}; nothing was executed")
        }
        None => "nothing was executed; add --apply to execute it".to_owned(),
    };
    let title = format!("promotion {} → {}", plan.from, plan.to);
    let how = format!("{}, {}", plan.dialect, plan.strategy);
    lines(&promotion_head(&title, Some(&how), &details(plan), paint), paint) + &lines(&next, paint)
}

/// What is promoted, and what is to be known before it is executed.
#[must_use]
pub fn details(plan: &Plan) -> Vec<PromotionDetail> {
    let mut details = Vec::new();
    let mut line = |label: &str, text: &str| {
        details.push(PromotionDetail { label: label.to_owned(), text: text.to_owned() });
    };
    for made in room_lines(plan) {
        line("first", &made);
    }
    for table in &plan.tables {
        line(
            "table",
            &match &table.action {
                Action::Create => table.facts.prod.to_string(),
                Action::Replace { backup } => {
                    format!("{} replaced, kept as {}", table.facts.prod, backup.identifier())
                }
                Action::Keep => format!("{} exists already", table.facts.prod),
            },
        );
    }
    for ledger in &plan.ledgers {
        let at = ledger.recorded().map_or_else(|| "as in staging".to_owned(), |time| format!("at {time}"));
        let names: Vec<_> = ledger.models().collect();
        line("rows", &format!("{} {at} in {}", names.join(", "), ledger.package));
    }
    if !plan.left_alone.is_empty() {
        line("as it is", &format!("{} (already runs in {})", plan.left_alone.join(", "), plan.to));
    }
    for forecast in forecast_lines(plan) {
        line("then", &forecast);
    }
    line("compared", &verification(plan));
    for note in &plan.notes {
        line("note", note);
    }
    details
}

/// How both sides are compared afterwards, and what that costs.
fn verification(plan: &Plan) -> String {
    if plan.verify == Some(Verification::None) {
        return "nothing afterwards".to_owned();
    }
    let of = |how| {
        let tables = plan.tables.iter().filter(move |table| plan.verification_of(table) == how);
        tables.map(|table| table.model.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    for (what, how) in [("all rows of", Verification::Full), ("the number of rows of", Verification::Counts)]
    {
        let models = of(how);
        if !models.is_empty() {
            parts.push(format!("{what} {models}"));
        }
    }
    parts.push("the incremental manifests".to_owned());
    let mut text = parts.join("; ");
    if let Some(bytes) = plan.bytes_to_verify() {
        let _ = write!(text, ". That reads about {}; --verify counts reads less", size(bytes));
    }
    text
}
