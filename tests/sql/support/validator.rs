//! Who knows whether a statement is one.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use snowplow_backfill::warehouse::Dialect;

use super::manuals;
use super::process::{Environment, Process};

/// Somebody who judges statements. All but the last are programs of other people's making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// Grammars of all warehouses, written from their manuals.
    Sqlfluff,
    /// A reader and writer of all warehouses' SQL.
    Sqlglot,
    /// Postgres' own grammar, which Redshift's descends from.
    Pglast,
    /// BigQuery's own parser and analyser.
    GoogleSql,
    /// DuckDB's own parser.
    DuckDb,
    /// The parser of an engine for Spark SQL.
    Sail,
    /// Rules from the manuals that no grammar here knows.
    Manuals,
}

#[derive(Serialize)]
struct Request<'a> {
    dialect: &'static str,
    statement: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    rejected: Option<String>,
}

/// A program, and what it said so far: many scripts share statements.
struct Judge {
    process: Process,
    said: HashMap<(Dialect, String), Option<String>>,
}

type Served = LazyLock<Mutex<Judge>>;

static SQLFLUFF: Served = LazyLock::new(|| serve(Environment::Sql, &["sqlfluff"]));
static SQLGLOT: Served = LazyLock::new(|| serve(Environment::Sql, &["sqlglot"]));
static PGLAST: Served = LazyLock::new(|| serve(Environment::Sql, &["pglast"]));
static DUCKDB: Served = LazyLock::new(|| serve(Environment::Dbt, &["duckdb"]));
static SAIL: Served = LazyLock::new(|| serve(Environment::Sql, &["sail"]));
static GOOGLESQL: Served = LazyLock::new(|| {
    let compiled = concat!(env!("CARGO_TARGET_TMPDIR"), "/googlesql");
    serve(Environment::Sql, &["googlesql", compiled])
});

fn serve(environment: Environment, arguments: &[&str]) -> Mutex<Judge> {
    Mutex::new(Judge { process: Process::start(environment, "validate.py", arguments), said: HashMap::new() })
}

impl Judge {
    fn judge(&mut self, dialect: Dialect, statement: &str) -> Option<String> {
        let ask = || {
            let request = Request { dialect: dialect.adapter(), statement };
            self.process.ask::<_, Answer>(&request).rejected
        };
        self.said.entry((dialect, statement.to_owned())).or_insert_with(ask).clone()
    }
}

impl Validator {
    /// Those that know a warehouse's SQL.
    pub fn of(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Postgres => &[Self::Sqlfluff, Self::Sqlglot, Self::Pglast],
            Dialect::Redshift => &[Self::Sqlfluff, Self::Sqlglot, Self::Pglast, Self::Manuals],
            Dialect::Snowflake => &[Self::Sqlfluff, Self::Sqlglot, Self::Manuals],
            Dialect::BigQuery => &[Self::Sqlfluff, Self::Sqlglot, Self::GoogleSql, Self::Manuals],
            Dialect::Databricks | Dialect::Spark => {
                &[Self::Sqlfluff, Self::Sqlglot, Self::Sail, Self::Manuals]
            }
            Dialect::DuckDb => &[Self::Sqlfluff, Self::Sqlglot, Self::DuckDb],
        }
    }

    /// Why a statement, or several that belong together, is wrong.
    pub fn judge(self, dialect: Dialect, statement: &str) -> Option<String> {
        let served = match self {
            Self::Sqlfluff => &SQLFLUFF,
            Self::Sqlglot => &SQLGLOT,
            Self::Pglast => &PGLAST,
            Self::GoogleSql => &GOOGLESQL,
            Self::DuckDb => &DUCKDB,
            Self::Sail => &SAIL,
            Self::Manuals => return manuals::judge(dialect, statement),
        };
        // A test that failed while it asked says so itself.
        served.lock().unwrap_or_else(PoisonError::into_inner).judge(dialect, statement)
    }
}
