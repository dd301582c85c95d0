//! `--drop-backups`, for people and programs. Pure.

use serde::Serialize;

use super::backups::{exact_text, measured};
use super::lines::lines;
use crate::event::PromotionDetail;
use crate::output::{Paint, promotion_head};
use crate::promote::apply::{DropPlan, Droppable, Kept, Why};
use crate::timestamp::Timestamp;

/// Which backups are dropped, which are kept and why, and what follows from it.
#[must_use]
pub fn drop_details(plan: &DropPlan) -> Vec<PromotionDetail> {
    let mut details = Vec::new();
    let mut line = |label: &str, text: &str| {
        details.push(PromotionDetail { label: label.to_owned(), text: text.to_owned() });
    };
    for Droppable { name, age, facts, .. } in &plan.drop {
        line("drop", &format!("{name}  {}", measured(*age, facts)));
    }
    for kept in &plan.keep {
        line("keep", &format!("{}: {}", kept.name, reason(kept, plan)));
    }
    let mut needed: Vec<_> = plan.drop.iter().filter_map(|backup| backup.needed_by).collect();
    needed.dedup();
    for at in needed {
        line(
            "note",
            &format!(
                "without its backups, --rollback refuses to undo the promotion at {} UTC",
                at.to_the_second()
            ),
        );
    }
    if plan.drop.iter().any(|backup| backup.facts.dependents.is_none()) {
        line("note", "what uses these backups was not looked for: this warehouse does not tell");
    }
    details
}

/// What would be dropped, and what to do about it.
#[must_use]
pub fn drops_planned(plan: &DropPlan, paint: Paint) -> String {
    let title = format!("backups in {}", plan.to);
    let begins = || lines(&promotion_head(&title, None, &drop_details(plan), paint), paint);
    match (plan.drop.is_empty(), plan.keep.is_empty()) {
        (true, true) => format!("no backups of promotions to {}: nothing to drop\n", plan.to),
        (true, false) => begins() + "nothing to drop\n",
        (false, _) => begins() + "nothing was executed; add --apply to execute it\n",
    }
}

/// Why a backup is kept.
fn reason(kept: &Kept, plan: &DropPlan) -> String {
    match &kept.why {
        Why::Younger => {
            format!("{}, younger than {}", measured(kept.age, &kept.facts), exact_text(plan.older_than))
        }
        Why::Unfinished => {
            "its promotion or rollback stopped half-way, so it may be the only copy. Finish that, or take the \
             promotion back"
                .to_owned()
        }
        Why::OnlyCopy { replaced, kind: None } => {
            format!("{} has no table {replaced}, so it may be the only copy", plan.to)
        }
        Why::OnlyCopy { replaced, kind: Some(kind) } => {
            format!("{replaced} is not a table now ({kind}), so it may be the only copy")
        }
        Why::InUse { by } => format!("used by {}", by.join(", ")),
        Why::UseNotKnown => {
            "this connection may not ask what uses it. Let it read the catalogue, or drop the backup by hand".to_owned()
        }
        Why::NotATable { kind } => format!("a {kind} has its name now"),
        Why::NotKnown => {
            "its record does not show that a promotion made it; an earlier version may have written that. Drop it by hand"
                .to_owned()
        }
    }
}

/// `--format json`.
#[derive(Debug, Serialize)]
pub struct DropDocument<'a> {
    schema: u32,
    to: &'a str,
    older_than_seconds: u64,
    drop: Vec<DroppedDocument<'a>>,
    keep: Vec<KeptDocument<'a>>,
    applied: bool,
}

#[derive(Debug, Serialize)]
struct DroppedDocument<'a> {
    model: &'a str,
    name: &'a str,
    bytes: Option<u64>,
    rows: Option<u64>,
    age_seconds: u64,
    /// What uses it: nothing; none where that is not known.
    dependents: Option<&'a [String]>,
    /// When the promotion was planned that cannot be taken back without it.
    needed_by: Option<Timestamp>,
    sql: &'a str,
}

#[derive(Debug, Serialize)]
struct KeptDocument<'a> {
    model: &'a str,
    name: &'a str,
    bytes: Option<u64>,
    rows: Option<u64>,
    age_seconds: u64,
    #[serde(flatten)]
    why: &'a Why,
    message: String,
}

/// What is dropped and what is kept. `applied` says whether it was executed.
#[must_use]
pub fn drop_document(plan: &DropPlan, applied: bool) -> DropDocument<'_> {
    let drop = plan.drop.iter().map(|backup| DroppedDocument {
        model: &backup.model,
        name: &backup.name,
        bytes: backup.facts.bytes,
        rows: backup.facts.rows,
        age_seconds: backup.age.as_secs(),
        dependents: backup.facts.dependents.as_deref(),
        needed_by: backup.needed_by,
        sql: &backup.statement.sql,
    });
    let keep = plan.keep.iter().map(|kept| KeptDocument {
        model: &kept.model,
        name: &kept.name,
        bytes: kept.facts.bytes,
        rows: kept.facts.rows,
        age_seconds: kept.age.as_secs(),
        why: &kept.why,
        message: reason(kept, plan),
    });
    DropDocument {
        schema: 1,
        to: &plan.to,
        older_than_seconds: plan.older_than.as_secs(),
        drop: drop.collect(),
        keep: keep.collect(),
        applied,
    }
}
