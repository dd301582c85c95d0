//! Statements that a warehouse understands, and statements that it does not: the right idea in another
//! warehouse's words, words misspelt, brackets left open.

mod bigquery;
mod databricks;
mod duckdb;
mod postgres;
mod redshift;
mod snowflake;
mod spark;

use snowplow_backfill::warehouse::Dialect;

use crate::support::Validator;

/// Statements for the validators of one warehouse.
pub struct Statements {
    /// What all of them must accept, but for the exceptions.
    pub good: &'static [&'static str],
    /// What all of them must reject, but for those that are lenient.
    pub bad: &'static [Bad],
}

/// A statement that is wrong.
pub struct Bad {
    /// What is wrong with it.
    pub why: &'static str,
    /// The statement.
    pub sql: &'static str,
    /// Who takes it all the same. Another validator has to catch it then.
    pub accepted_by: &'static [Validator],
}

const fn bad(why: &'static str, sql: &'static str) -> Bad {
    Bad { why, sql, accepted_by: &[] }
}

impl Bad {
    const fn accepted_by(self, validators: &'static [Validator]) -> Self {
        Self { accepted_by: validators, ..self }
    }
}

/// Those of a warehouse.
pub fn of(dialect: Dialect) -> Statements {
    match dialect {
        Dialect::Postgres => Statements { good: postgres::GOOD, bad: postgres::BAD },
        Dialect::Redshift => Statements { good: redshift::GOOD, bad: redshift::BAD },
        Dialect::Snowflake => Statements { good: snowflake::GOOD, bad: snowflake::BAD },
        Dialect::BigQuery => Statements { good: bigquery::GOOD, bad: bigquery::BAD },
        Dialect::Databricks => Statements { good: databricks::GOOD, bad: databricks::BAD },
        Dialect::Spark => Statements { good: spark::GOOD, bad: spark::BAD },
        Dialect::DuckDb => Statements { good: duckdb::GOOD, bad: duckdb::BAD },
    }
}
