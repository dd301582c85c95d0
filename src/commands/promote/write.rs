//! What `promote` writes: the script or a document on stdout, files, and what it does on stderr.

use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;
use serde::Serialize;

use super::compare::Comparison;
use crate::cli::{OutputFormat, PromoteArgs};
use crate::commands::stdout;
use crate::outcome::Outcome;
use crate::promote::{self, Plan, Scripts, Statement};
use crate::report::{self, Paint};
use crate::timestamp::Timestamp;

/// `--format json`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    from: &'a str,
    to: &'a str,
    dialect: &'a str,
    strategy: promote::Strategy,
    planned_at: Timestamp,
    tables: Vec<TableDocument<'a>>,
    rows: Vec<RowDocument<'a>>,
    left_alone: &'a [String],
    forecasts: &'a [promote::Forecast],
    notes: &'a [String],
    fingerprints: &'a promote::Fingerprints,
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
}

#[derive(Serialize)]
struct RowDocument<'a> {
    model: &'a str,
    package: &'a str,
    last_success: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
}

/// A plan that is not executed: on stdout, or in files; and what it does on stderr.
pub(super) fn write(args: &PromoteArgs, plan: &Plan, scripts: &Scripts) -> Result<Outcome> {
    if let Some(folder) = &args.out_dir {
        write_out(folder, scripts)?;
    }
    match args.format {
        OutputFormat::Json => stdout::write_json(&document(plan, scripts))?,
        OutputFormat::Human if args.out_dir.is_none() => stdout::write(scripts.promote.to_text())?,
        OutputFormat::Human => {}
    }
    if args.format == OutputFormat::Human {
        let files = args.out_dir.as_deref().map(Utf8Path::as_str);
        report::say(&report::promotion(plan, files, Paint::for_stderr()));
    }
    Ok(Outcome::Done)
}

/// What is promoted; nothing of it is applied yet.
pub(super) fn document<'a>(plan: &'a Plan, scripts: &'a Scripts) -> Document<'a> {
    let tables = plan.tables.iter().map(|table| TableDocument {
        model: &table.model,
        staging: table.facts.staging.to_string(),
        prod: table.facts.prod.to_string(),
        backup: match &table.action {
            promote::Action::Replace { backup } => Some(backup.to_string()),
            promote::Action::Create | promote::Action::Keep => None,
        },
        copied: table.action != promote::Action::Keep,
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
    Document {
        schema: 1,
        from: &plan.from,
        to: &plan.to,
        dialect: plan.dialect.adapter(),
        strategy: plan.strategy,
        planned_at: plan.made_at,
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

/// What a plan is written to by the user's wish.
pub(super) fn write_out(folder: &Utf8Path, scripts: &Scripts) -> Result<()> {
    promote::write_files(folder, scripts).with_context(|| cannot_write(folder))
}

/// Whether that can be written, before anything that takes its time.
pub(super) fn check_out_dir(folder: &Utf8Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .with_context(|| cannot_write(folder))
}

fn cannot_write(folder: &Utf8Path) -> String {
    format!("cannot write to --out-dir {folder}")
}
