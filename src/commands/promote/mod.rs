//! `promote`: finished models go from staging to prod, as SQL or executed.

mod apply;
mod online;
mod without_connection;

use anyhow::{Result, bail};
use camino::Utf8Path;
use serde::Serialize;

use super::output::Output;
use super::stdout;
use crate::cli::{Format, PromoteArgs};
use crate::outcome::Outcome;
use crate::promote::{self, Plan, Scripts, Statement, Wishes};
use crate::report::{self, Paint};
use crate::timestamp::Timestamp;

/// `--format json`.
#[derive(Serialize)]
struct Document<'a> {
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
    comparisons: &'a [apply::Comparison],
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

/// Runs the command.
///
/// # Errors
/// Usage, configuration, a refusal, and whatever kept it from doing its job.
pub fn run(args: &PromoteArgs) -> Result<Outcome> {
    if args.rollback {
        return apply::roll_back(args);
    }
    if args.manifest.is_some() {
        if args.apply {
            bail!("--apply needs a connection: give --target and --to instead of two dbt manifests");
        }
        if args.replace {
            bail!(
                "--replace needs a connection, because it is guarded by the rows that prod has now: give --target and --to"
            );
        }
        let facts = without_connection::facts(args)?;
        let plan = Plan::of(&facts, wishes(args), Timestamp::of_this_machine())?;
        return write(args, &plan, &Scripts::of(&plan)?, None);
    }
    online::run(args)
}

fn wishes(args: &PromoteArgs) -> Wishes {
    Wishes { strategy: args.strategy, replace: args.replace, resume: args.resume, sync: args.sync }
}

/// The result: on stdout, or in files; and what it does on stderr. `comparisons` are there if it was executed.
fn write(
    args: &PromoteArgs,
    plan: &Plan,
    scripts: &Scripts,
    comparisons: Option<&[apply::Comparison]>,
) -> Result<Outcome> {
    if let (Some(folder), None) = (&args.out_dir, comparisons) {
        promote::write_files(folder, scripts)?;
    }
    match args.format {
        Format::Json => stdout::write_json(&document(plan, scripts, comparisons))?,
        Format::Human if args.out_dir.is_none() && comparisons.is_none() => {
            stdout::write(scripts.promote.to_text())?;
        }
        Format::Human => {}
    }
    if comparisons.is_none() && args.format == Format::Human {
        let files = args.out_dir.as_deref().map(Utf8Path::as_str);
        report::say(&report::promotion(plan, files, Paint::for_stderr()));
    }
    Ok(Outcome::Done)
}

fn document<'a>(
    plan: &'a Plan,
    scripts: &'a Scripts,
    comparisons: Option<&'a [apply::Comparison]>,
) -> Document<'a> {
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
        applied: comparisons.is_some(),
        comparisons: comparisons.unwrap_or_default(),
    }
}

/// Only what goes wrong is told on the way, unless the user wants to see dbt's calls.
fn output(args: &PromoteArgs) -> Output {
    Output::quiet(args.verbose)
}
