//! A promotion as a document, for programs.

use serde::Serialize;

use crate::event::Comparison;
use crate::promote::plan::{Action, CopyStrategy, Fingerprints, Forecast, Plan, Verification};
use crate::promote::sql::{Scripts, Statement};
use crate::timestamp::Timestamp;
use crate::warehouse::Relation;

/// `--format json`.
#[derive(Serialize)]
pub struct PromotionDocument<'a> {
    schema: u32,
    from: &'a str,
    to: &'a str,
    dialect: &'a str,
    strategy: CopyStrategy,
    planned_at: Timestamp,
    /// Schemas of prod that are new.
    schemas: Vec<String>,
    /// Incremental manifests of prod that are new.
    manifests: Vec<String>,
    tables: Vec<TableDocument<'a>>,
    rows: Vec<RowDocument<'a>>,
    left_alone: &'a [String],
    forecasts: &'a [Forecast],
    notes: &'a [String],
    fingerprints: &'a Fingerprints,
    promote: &'a [Statement],
    rollback: &'a [Statement],
    verify: &'a [Statement],
    applied: bool,
    comparisons: &'a [Comparison],
}

#[derive(Serialize)]
struct TableDocument<'a> {
    model: &'a str,
    staging: String,
    prod: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<String>,
    copied: bool,
    /// How both sides are compared afterwards.
    compared_by: Verification,
}

#[derive(Serialize)]
struct RowDocument<'a> {
    model: &'a str,
    package: &'a str,
    last_success: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
}

/// What is promoted; nothing of it is applied yet.
#[must_use]
pub fn document<'a>(plan: &'a Plan, scripts: &'a Scripts) -> PromotionDocument<'a> {
    let tables = plan.tables.iter().map(|table| TableDocument {
        model: &table.model,
        staging: table.facts.staging.to_string(),
        prod: table.facts.prod.to_string(),
        backup: match &table.action {
            Action::Replace { backup } => Some(backup.to_string()),
            Action::Create | Action::Keep => None,
        },
        copied: table.action != Action::Keep,
        compared_by: plan.verification_of(table),
    });
    let rows = plan.ledgers.iter().flat_map(|ledger| {
        let row = |model, before| RowDocument {
            model,
            package: &ledger.package,
            last_success: ledger.recorded(),
            before,
        };
        let added = ledger.added.iter().map(move |model| row(model.as_str(), None));
        added.chain(ledger.moved.iter().map(move |moved| row(moved.model.as_str(), Some(moved.from))))
    });
    let new = plan.ledgers.iter().filter(|ledger| ledger.new.is_some());
    PromotionDocument {
        schema: 1,
        from: &plan.from,
        to: &plan.to,
        dialect: plan.dialect.adapter(),
        strategy: plan.strategy,
        planned_at: plan.made_at,
        schemas: plan.schemas.iter().map(Relation::schema_sql).collect(),
        manifests: new.map(|ledger| ledger.prod.to_string()).collect(),
        tables: tables.collect(),
        rows: rows.collect(),
        left_alone: &plan.left_alone,
        forecasts: &plan.forecasts,
        notes: &plan.notes,
        fingerprints: &plan.fingerprints,
        promote: &scripts.promote.statements,
        rollback: &scripts.rollback.statements,
        verify: &scripts.verify.statements,
        applied: false,
        comparisons: &[],
    }
}
