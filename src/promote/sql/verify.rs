//! Queries that show whether both sides hold the same: a row each of what is compared, staging's value, prod's value.

use crate::warehouse::{Dialect, Relation};

use super::super::facts::TableFacts;
use super::super::plan::{Ledger, Plan};
use super::super::script::Statement;
use super::super::strategy::Strategy;

/// All of them.
#[must_use]
pub fn verify(plan: &Plan) -> Vec<Statement> {
    let mut statements = Vec::new();
    if plan.strategy != Strategy::Move {
        for table in &plan.tables {
            let (model, dialect) = (&table.model, plan.dialect);
            let count = |of: &Relation| format!("select count(*) from {of}");
            statements.push(compared(dialect, &format!("{model}: rows"), &table.facts, count));
            let content = |of: &Relation| content(dialect, of, &table.facts);
            statements.push(compared(
                dialect,
                &format!("{model}: digest of all rows"),
                &table.facts,
                content,
            ));
        }
    }
    for ledger in &plan.ledgers {
        statements.extend(ledger.models().map(|model| row(plan, ledger, model)));
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

/// A number that differs when the content does, whatever the order of rows.
fn content(dialect: Dialect, of: &Relation, facts: &TableFacts) -> String {
    match dialect {
        Dialect::Postgres => {
            format!(
                "select sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric) from {of} as t"
            )
        }
        Dialect::DuckDb => format!("select sum(hash(t)) from {of} as t"),
        Dialect::Snowflake => format!("select hash_agg(*) from {of}"),
        Dialect::BigQuery => format!("select bit_xor(farm_fingerprint(to_json_string(t))) from {of} as t"),
        Dialect::Databricks | Dialect::Spark => {
            // By name, because the hash depends on their order.
            let columns = facts.physical.columns.iter().map(|column| dialect.column(&column.name));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let columns = if columns.is_empty() { "*" } else { &columns };
            format!("select bit_xor(xxhash64({columns})) from {of}")
        }
        // No hash of a whole row there: each column's is the seed of the next one's.
        Dialect::Redshift => {
            let columns = facts.physical.columns.iter().map(|column| dialect.column(&column.name));
            let hashed = columns.fold(None, |before: Option<String>, column| {
                Some(match before {
                    Some(before) => format!("fnv_hash({column}, {before})"),
                    None => format!("fnv_hash({column})"),
                })
            });
            match hashed {
                Some(hashed) => format!("select sum({hashed}::numeric(38, 0)) from {of}"),
                None => format!("select count(*) from {of}"),
            }
        }
    }
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
        (_, Some(time)) if plan.strategy == Strategy::Move || ledger.cap.is_some() => {
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
