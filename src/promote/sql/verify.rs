//! Queries that show whether both sides hold the same: a row each of what is compared, staging's value, prod's value.

use super::content::{count, digest};
use super::script::Statement;
use crate::promote::plan::{CopyStrategy, Ledger, Plan, TableFacts};
use crate::snowplow::Family;
use crate::warehouse::{Dialect, Relation};

/// All of them.
#[must_use]
pub fn verify(plan: &Plan) -> Vec<Statement> {
    let mut statements = Vec::new();
    if plan.strategy != CopyStrategy::Move {
        for table in &plan.tables {
            let (model, dialect) = (&table.model, plan.dialect);
            statements.push(compared(dialect, &format!("{model}: rows"), &table.facts, |of| {
                count(of, &table.facts)
            }));
            let digest = |of: &Relation| digest(dialect, of, &table.facts);
            statements.push(compared(dialect, &format!("{model}: digest of all rows"), &table.facts, digest));
        }
    }
    for ledger in &plan.ledgers {
        statements.extend(ledger.models().map(|model| row(plan, ledger, model)));
        // Staging's went with its table where that was moved.
        if ledger.family == Family::Load && plan.strategy != CopyStrategy::Move {
            statements.extend(ledger.models().map(|model| first_success(plan, ledger, model)));
        }
    }
    statements
}

fn text(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => "string",
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::DuckDb => "varchar",
    }
}

fn compared(
    dialect: Dialect,
    what: &str,
    facts: &TableFacts,
    query: impl Fn(&Relation) -> String,
) -> Statement {
    let text = text(dialect);
    let sql = format!(
        "select\n  {} as what,\n  cast(({}) as {text}) as staging,\n  cast(({}) as {text}) as prod",
        dialect.text_literal(what),
        query(&facts.staging),
        query(&facts.prod)
    );
    Statement::plain(what, sql)
}

fn row(plan: &Plan, ledger: &Ledger, model: &str) -> Statement {
    let dialect = plan.dialect;
    let what = format!("{model}: last_success");
    let value = |of: &Relation| {
        let time = dialect.timestamp_as_text("max(last_success)");
        format!("select {time} from {of} where model = '{model}' having count(*) = 1")
    };
    let (staging, text) = (&ledger.staging, text(dialect));
    let staging = match (plan.strategy, ledger.recorded()) {
        // Staging's row went with its table, or prod was to record another time.
        (_, Some(time)) if plan.strategy == CopyStrategy::Move || ledger.cap.is_some() => {
            format!("select {}", dialect.timestamp_as_text(&dialect.timestamp_literal(time)))
        }
        _ => value(staging),
    };
    let sql = format!(
        "select\n  {} as what,\n  cast(({staging}) as {text}) as staging,\n  cast(({}) as {text}) as prod",
        dialect.text_literal(&what),
        value(&ledger.prod)
    );
    Statement::plain(what, sql)
}

fn first_success(plan: &Plan, ledger: &Ledger, model: &str) -> Statement {
    let dialect = plan.dialect;
    let what = format!("{model}: first_success");
    let text = text(dialect);
    let value = |of: &Relation| {
        let time = dialect.timestamp_as_text("max(first_success)");
        format!("cast((select {time} from {of} where model = '{model}' having count(*) = 1) as {text})")
    };
    let sql = format!(
        "select\n  {} as what,\n  {} as staging,\n  {} as prod",
        dialect.text_literal(&what),
        value(&ledger.staging),
        value(&ledger.prod)
    );
    Statement::plain(what, sql)
}
