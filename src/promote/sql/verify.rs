//! Queries that show whether both sides hold the same. Each has one row: what is compared, staging's value,
//! prod's value.

use anyhow::Result;
use serde::Serialize;

use super::content::{count_query, digest_query};
use super::script::Statement;
use crate::promote::plan::{CopyStrategy, Ledger, Plan, Verification};
use crate::promote::templates::{Name, Sql, render};
use crate::snowplow::Family;
use crate::warehouse::{Dialect, Relation};

/// All queries of the verification.
pub(super) fn comparison_statements(plan: &Plan) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    if plan.verify == Some(Verification::None) {
        return Ok(statements);
    }
    for table in &plan.tables {
        let (model, dialect, facts) = (&table.model, plan.dialect, &table.facts);
        let how = plan.verification_of(table);
        if how != Verification::None {
            let [staging, prod] = [&facts.staging, &facts.prod].map(|of| count_query(dialect, of, facts));
            statements.push(comparison(dialect, format!("{model}: rows"), staging?, prod?)?);
        }
        if how == Verification::Full {
            let [staging, prod] = [&facts.staging, &facts.prod].map(|of| digest_query(dialect, of, facts));
            statements.push(comparison(dialect, format!("{model}: digest of all rows"), staging?, prod?)?);
        }
    }
    for ledger in &plan.ledgers {
        for model in ledger.models() {
            statements.push(last_success(plan, ledger, model)?);
        }
        // With `--strategy move`, staging's row went with its table.
        if ledger.family == Family::Load && plan.strategy != CopyStrategy::Move {
            for model in ledger.models() {
                statements.push(first_success(plan, ledger, model)?);
            }
        }
    }
    Ok(statements)
}

fn last_success(plan: &Plan, ledger: &Ledger, model: &str) -> Result<Statement> {
    let dialect = plan.dialect;
    let value = |of: &Relation| row_time_query(dialect, "max(last_success)", of, model);
    // Where staging's row went with its table, or prod was to record another time, the plan knows the value.
    let is_planned = plan.strategy == CopyStrategy::Move || ledger.cap.is_some();
    let staging = match ledger.recorded().filter(|_| is_planned) {
        Some(time) => {
            let time = dialect.timestamp_text_expression(&dialect.timestamp_literal(time));
            render(dialect, "queries/planned_time.sql", &PlannedTime { time: Sql::of_checked(time) })?
        }
        None => value(&ledger.staging)?,
    };
    comparison(dialect, format!("{model}: last_success"), staging, value(&ledger.prod)?)
}

fn first_success(plan: &Plan, ledger: &Ledger, model: &str) -> Result<Statement> {
    let value = |of: &Relation| row_time_query(plan.dialect, "max(first_success)", of, model);
    let (staging, prod) = (value(&ledger.staging)?, value(&ledger.prod)?);
    comparison(plan.dialect, format!("{model}: first_success"), staging, prod)
}

/// A time as text that has all its digits.
#[derive(Serialize)]
struct PlannedTime {
    time: Sql,
}

/// The same, of a model's row.
#[derive(Serialize)]
struct RowTime<'a> {
    time: Sql,
    of: Name<'a>,
    model: &'a str,
}

fn row_time_query(dialect: Dialect, time: &str, of: &Relation, model: &str) -> Result<Sql> {
    let time = Sql::of_checked(dialect.timestamp_text_expression(time));
    render(dialect, "queries/row_time.sql", &RowTime { time, of: Name(of), model })
}

/// Two queries, and what they are about.
#[derive(Serialize)]
struct Comparison<'a> {
    what: &'a str,
    staging: Sql,
    prod: Sql,
}

/// Compares what two queries answer.
fn comparison(dialect: Dialect, what: String, staging: Sql, prod: Sql) -> Result<Statement> {
    let sql = render(dialect, "queries/compare.sql", &Comparison { what: &what, staging, prod })?;
    Ok(Statement::plain(what, sql))
}
