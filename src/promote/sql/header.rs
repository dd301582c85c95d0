//! What stands above each script: what it does, from where to where, planned when, by which fingerprints, and
//! how to execute it.

use crate::promote::plan::{Action, Ledger, Plan, Table, TableFacts, written_as};
use crate::snowplow::State;
use crate::warehouse::Dialect;

fn first_lines(plan: &Plan, what: &str) -> Vec<String> {
    vec![
        format!("{what}, written by snowplow-backfill {}", env!("CARGO_PKG_VERSION")),
        format!(
            "on {}, from {} to {}, planned at {} UTC",
            plan.dialect,
            plan.from,
            plan.to,
            plan.made_at.to_the_second()
        ),
    ]
}

/// What stands above the promotion.
#[must_use]
pub fn promotion_lines(plan: &Plan) -> Vec<String> {
    let mut lines = first_lines(plan, "Promotion");
    lines.push(format!("of {}", plan.selection.join(" ")));
    lines.push(String::new());
    lines.extend(room_lines(plan));
    lines.extend(plan.tables.iter().map(|table| table_line(plan, table)));
    lines.extend(plan.ledgers.iter().flat_map(|ledger| row_lines(plan, ledger)));
    if !plan.left_alone.is_empty() {
        let models = plan.left_alone.join(", ");
        lines.push(format!("left alone, because {} runs them already: {models}", plan.to));
    }
    lines.extend(forecast_lines(plan));
    if !plan.notes.is_empty() {
        lines.push(String::new());
        lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    }
    lines.push(String::new());
    lines.extend(how_to_execute(plan.dialect, "promote.sql"));
    lines.push(atomicity(plan.dialect).to_owned());
    lines.push(String::new());
    lines.extend(fingerprint_lines(plan));
    lines
}

/// What is made before all else.
#[must_use]
pub fn room_lines(plan: &Plan) -> Vec<String> {
    let schemas = plan.schemas.iter().map(|relation| format!("schema {} is new", relation.schema_sql()));
    let new = plan.ledgers.iter().filter(|ledger| ledger.new.is_some());
    schemas.chain(new.map(|ledger| format!("incremental manifest {} is new", ledger.prod))).collect()
}

fn table_line(plan: &Plan, table: &Table) -> String {
    let TableFacts { staging, prod, .. } = &table.facts;
    let strategy = written_as(plan.dialect, plan.strategy, table);
    match &table.action {
        Action::Create => format!("table {staging} -> {prod} ({strategy})"),
        Action::Replace { backup } => {
            let backup = backup.identifier();
            format!("table {staging} -> {prod} ({strategy}); the one there is kept as {backup}")
        }
        Action::Keep => format!("table {prod} is there already, only checked"),
    }
}

fn row_lines(plan: &Plan, ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(cap), Some(time)) = (ledger.cap, ledger.time) {
        lines.push(format!(
            "{}: staging is at {time}, ahead of {}; {cap} is recorded, so that all models are in step there",
            ledger.package, plan.to
        ));
    }
    let time = ledger.recorded().map_or_else(|| "as staging has it".to_owned(), |time| time.to_string());
    lines.extend(ledger.added.iter().map(|model| format!("row {model} {time} -> {}", ledger.prod)));
    let moved = ledger.moved.iter();
    lines.extend(moved.map(|row| format!("row {} {} => {time} in {}", row.model, row.from, ledger.prod)));
    lines
}

/// How the line of a fingerprint begins.
pub const FINGERPRINT: &str = "fingerprint of ";

/// The fingerprints. By these lines `--apply` knows whether anything moved.
fn fingerprint_lines(plan: &Plan) -> Vec<String> {
    let prints = &plan.fingerprints;
    let mut lines = vec![format!("{FINGERPRINT}the dbt manifests: {}", prints.manifests)];
    lines.extend(prints.staging_rows.iter().map(|print| format!("{FINGERPRINT}staging's rows: {print}")));
    lines.extend(prints.prod_rows.iter().map(|print| format!("{FINGERPRINT}prod's rows: {print}")));
    lines
}

/// Prod's next run, one line for each package.
#[must_use]
pub fn forecast_lines(plan: &Plan) -> Vec<String> {
    plan.forecasts
        .iter()
        .map(|forecast| {
            let window = forecast.window.map_or_else(String::new, |window| {
                format!(", window {} .. {}", window.lower.to_the_second(), window.upper.to_the_second())
            });
            let again = match forecast.state {
                State::OutOfSync | State::NewModel => format!(
                    "; {:.1} hours of events are read again until the rows agree ({}). --sync avoids that",
                    forecast.hours_read_again,
                    runs(forecast.runs_until_in_step)
                ),
                State::Standard | State::FirstRun => String::new(),
            };
            format!(
                "next run of {} in {}: {}{window}{again}",
                forecast.package,
                plan.to,
                forecast.state.describe()
            )
        })
        .collect()
}

fn runs(number: u32) -> String {
    format!("{number} run{}", if number == 1 { "" } else { "s" })
}

fn how_to_execute(dialect: Dialect, file: &str) -> Vec<String> {
    let command = match dialect {
        Dialect::Postgres | Dialect::Redshift => {
            format!("psql --no-psqlrc --set ON_ERROR_STOP=1 --file {file}")
        }
        Dialect::Snowflake => format!("snowsql --option exit_on_error=true --filename {file}"),
        Dialect::BigQuery => format!("bq query --use_legacy_sql=false < {file}"),
        Dialect::Databricks => {
            "all statements in one notebook cell or SQL editor tab (stop on error), or one by one in this \
             order"
                .to_owned()
        }
        Dialect::Spark => format!("spark-sql -f {file}"),
        Dialect::DuckDb => format!("duckdb -bail <file> < {file}"),
    };
    vec![
        format!("execute it so that it stops at the first error: {command}"),
        "or let --apply do it".to_owned(),
    ]
}

fn atomicity(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres | Dialect::DuckDb => "one transaction: all of it happens, or nothing",
        Dialect::Redshift => {
            "the copy is made under another name first; putting it in place and recording it is one \
             transaction"
        }
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => {
            "tables are no part of a transaction there: if it stops, nothing is lost, and executing it again \
             finishes it"
        }
    }
}

/// What stands above the rollback.
#[must_use]
pub fn rollback_lines(plan: &Plan) -> Vec<String> {
    let mut lines = first_lines(plan, "Rollback of the promotion");
    lines.push("only as long as prod did not run since: then it stops, and nothing is changed".to_owned());
    if plan.tables.iter().any(|table| matches!(table.action, Action::Replace { .. }))
        && matches!(
            plan.dialect,
            Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark
        )
    {
        lines.push("backups stay where they are; drop them when you no longer want them".to_owned());
    }
    lines.extend(how_to_execute(plan.dialect, "rollback.sql"));
    lines
}

/// What stands above the verification.
#[must_use]
pub fn verification_lines(plan: &Plan) -> Vec<String> {
    let mut lines = first_lines(plan, "Verification of the promotion");
    lines.push("reads only; in every row the columns staging and prod must be equal".to_owned());
    lines
}
