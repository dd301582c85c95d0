//! Queries that show whether both sides hold the same. Each has one row: what is compared, staging's value,
//! prod's value.

use super::content::{count_query, digest_query};
use super::script::Statement;
use crate::promote::plan::{CopyStrategy, Ledger, Plan};
use crate::snowplow::Family;
use crate::warehouse::{Dialect, Relation};

/// All queries of the verification.
#[must_use]
pub fn comparison_statements(plan: &Plan) -> Vec<Statement> {
    let mut statements = Vec::new();
    if plan.strategy != CopyStrategy::Move {
        for table in &plan.tables {
            let (model, dialect) = (&table.model, plan.dialect);
            let sides =
                |query: &dyn Fn(&Relation) -> String| [&table.facts.staging, &table.facts.prod].map(query);
            let counts = sides(&|of| count_query(of, &table.facts));
            statements.push(comparison(dialect, format!("{model}: rows"), &counts));
            let digests = sides(&|of| digest_query(dialect, of, &table.facts));
            statements.push(comparison(dialect, format!("{model}: digest of all rows"), &digests));
        }
    }
    for ledger in &plan.ledgers {
        statements.extend(ledger.models().map(|model| last_success(plan, ledger, model)));
        // With `--strategy move`, staging's row went with its table.
        if ledger.family == Family::Load && plan.strategy != CopyStrategy::Move {
            statements.extend(ledger.models().map(|model| first_success(plan, ledger, model)));
        }
    }
    statements
}

fn last_success(plan: &Plan, ledger: &Ledger, model: &str) -> Statement {
    let dialect = plan.dialect;
    let value = |of: &Relation| one_row_query(dialect, "last_success", of, model);
    // Where staging's row went with its table, or prod was to record another time, the plan knows the value.
    let is_planned = plan.strategy == CopyStrategy::Move || ledger.cap.is_some();
    let staging = match ledger.recorded().filter(|_| is_planned) {
        Some(time) => {
            format!("select {}", dialect.timestamp_text_expression(&dialect.timestamp_literal(time)))
        }
        None => value(&ledger.staging),
    };
    comparison(dialect, format!("{model}: last_success"), &[staging, value(&ledger.prod)])
}

fn first_success(plan: &Plan, ledger: &Ledger, model: &str) -> Statement {
    let value = |of: &Relation| one_row_query(plan.dialect, "first_success", of, model);
    let values = [value(&ledger.staging), value(&ledger.prod)];
    comparison(plan.dialect, format!("{model}: first_success"), &values)
}

/// A column of a model's row as text; nothing where there is not exactly one row.
fn one_row_query(dialect: Dialect, column: &str, of: &Relation, model: &str) -> String {
    let time = dialect.timestamp_text_expression(&format!("max({column})"));
    format!("select {time} from {of} where model = '{model}' having count(*) = 1")
}

/// Compares what two queries answer.
fn comparison(dialect: Dialect, what: String, [staging, prod]: &[String; 2]) -> Statement {
    let text = text_type(dialect);
    let sql = format!(
        "select\n  {} as what,\n  cast(({staging}) as {text}) as staging,\n  cast(({prod}) as {text}) as \
         prod",
        dialect.text_literal(&what)
    );
    Statement::plain(what, sql)
}

fn text_type(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::BigQuery | Dialect::Databricks | Dialect::Spark => "string",
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::DuckDb => "varchar",
    }
}
