//! What a validator does not know, although the warehouse does. As narrow as can be: how such a statement begins.

use regex::Regex;
use snowplow_backfill::warehouse::Dialect::{self, BigQuery, Databricks, Postgres, Redshift};

use super::validator::Validator::{self, Pglast, Sail, Sqlfluff};

/// A kind of statements that a validator rejects and the warehouse takes.
pub struct Exception {
    /// Who rejects it.
    pub validator: Validator,
    /// Whose it is.
    pub dialect: Dialect,
    /// How it begins.
    pub beginning: &'static str,
    /// Why that is no fault of the statement.
    pub reason: &'static str,
}

/// All of them; each is needed by a statement that is right, or a test fails.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        validator: Sqlfluff,
        dialect: Postgres,
        beginning: "begin isolation level read committed$",
        reason: "its BEGIN has no isolation levels; START TRANSACTION has",
    },
    Exception {
        validator: Pglast,
        dialect: Redshift,
        beginning: r"create table \S+\s+(diststyle|distkey|compound sortkey|sortkey)\b",
        reason: "Postgres has no distribution and no sort keys",
    },
    Exception {
        validator: Pglast,
        dialect: Redshift,
        beginning: r"alter table \S+ append from ",
        reason: "Postgres moves no blocks from table to table",
    },
    Exception {
        validator: Sqlfluff,
        dialect: BigQuery,
        beginning: r"grant `[^`]+` on table \S+ to ",
        reason: "its grants name no BigQuery role",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: "set time zone 'UTC'$",
        reason: "it has no zone of the session in SQL",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"create (or replace )?table (if not exists )?\S+ deep clone ",
        reason: "it has no clones",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"grant \w+ on table \S+ to ",
        reason: "it has no grants",
    },
];

impl Exception {
    /// Whether it is about this verdict.
    pub fn covers(&self, validator: Validator, dialect: Dialect, statement: &str) -> bool {
        let beginning = Regex::new(&format!("(?i)^{}", self.beginning)).expect("a pattern");
        self.validator == validator && self.dialect == dialect && beginning.is_match(statement)
    }
}
