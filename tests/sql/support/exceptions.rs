//! What a validator does not know, although the warehouse does. As narrow as can be: how such a statement
//! begins.

use std::sync::LazyLock;

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
    /// Why that is no fault of the statement's.
    pub reason: &'static str,
}

/// All of them; each is needed by a statement that is right, or a test fails.
pub static EXCEPTIONS: &[Exception] = &[
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
        dialect: Redshift,
        beginning: r"grant \w+ on \S+ to [\w, ]+, (group|role) ",
        reason: "its grants to several take a group or role only in the first place",
    },
    Exception {
        validator: Pglast,
        dialect: Redshift,
        beginning: r"grant \w+ on \S+ to [\w, ]*role ",
        reason: "Postgres has no word ROLE in a grant",
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
        beginning: r"create (or replace )?table (if not exists )?(`[^`]+`|\S)+ deep clone ",
        reason: "it has no clones",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"alter table \S+ set tags ",
        reason: "it has no tags",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"alter table \S+ cluster by auto$",
        reason: "it clusters no table that is there",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"create table if not exists \S+\s+using delta\s+cluster by auto\s",
        reason: "it chooses no columns to cluster by",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"grant \w+ on table \S+ to ",
        reason: "it has no grants",
    },
];

static BEGINNINGS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let pattern =
        |exception: &Exception| Regex::new(&format!("(?i)^{}", exception.beginning)).expect("a pattern");
    EXCEPTIONS.iter().map(pattern).collect()
});

/// The exceptions by which a validator may reject a statement.
pub fn exceptions_of(
    validator: Validator,
    dialect: Dialect,
    statement: &str,
) -> impl Iterator<Item = &'static Exception> {
    let of_both =
        move |exception: &Exception| exception.validator == validator && exception.dialect == dialect;
    let pairs = EXCEPTIONS.iter().zip(BEGINNINGS.iter());
    pairs
        .filter(move |(exception, beginning)| of_both(exception) && beginning.is_match(statement))
        .map(|(it, _)| it)
}

/// Whether a validator may reject a statement.
pub fn is_excepted(validator: Validator, dialect: Dialect, statement: &str) -> bool {
    exceptions_of(validator, dialect, statement).next().is_some()
}
