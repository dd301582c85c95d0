//! What a validator does not know, although the warehouse does. As narrow as can be: how such a statement
//! begins.

use std::sync::LazyLock;

use regex::Regex;
use snowplow_backfill::warehouse::Dialect::{self, BigQuery, Databricks, Postgres, Redshift, Snowflake};

use super::validator::Validator::{self, Pglast, Sail, Sqlfluff, Sqlglot};

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
        beginning: r"alter table \S+ alter ((compound )?sortkey|diststyle|distkey) ",
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
        beginning: r"alter table \S+ (alter column \S+ )?set tags ",
        reason: "it has no tags",
    },
    Exception {
        validator: Sail,
        dialect: Databricks,
        beginning: r"alter table \S+ cluster by (auto$|\()",
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
    Exception {
        validator: Sqlglot,
        dialect: Databricks,
        beginning: r"alter table \S+ alter column \S+ set tags ",
        reason: "its columns have no tags",
    },
    Exception {
        validator: Sqlglot,
        dialect: Postgres,
        beginning: "lock table ",
        reason: "it has no locks of tables",
    },
    Exception { validator: Sqlglot, dialect: Postgres, beginning: r"do \$", reason: "it has no blocks" },
    Exception {
        validator: Sqlglot,
        dialect: Postgres,
        beginning: r"insert into \S+ \(.+\)\s+overriding system value\s",
        reason: "its inserts override no identity",
    },
    Exception {
        validator: Sqlglot,
        dialect: Postgres,
        beginning: r"alter table .+ set schema ",
        reason: "it moves no table to another schema",
    },
    Exception {
        validator: Sqlglot,
        dialect: Redshift,
        beginning: "lock table ",
        reason: "it has no locks of tables",
    },
    Exception {
        validator: Sqlglot,
        dialect: Redshift,
        beginning: r"create table \S+\s+diststyle \w+\s+(sortkey auto|interleaved sortkey)\s",
        reason: "its sort keys are columns, and of one kind",
    },
    Exception {
        validator: Sqlglot,
        dialect: Redshift,
        beginning: r"alter table \S+ append from ",
        reason: "it moves no blocks from table to table",
    },
    Exception {
        validator: Sqlglot,
        dialect: Snowflake,
        beginning: r"create or replace (transient )?table .+ clone .+ copy grants( copy tags)?$",
        reason: "its clones keep nothing of the table that they replace",
    },
    Exception {
        validator: Sqlglot,
        dialect: Snowflake,
        beginning: r"alter table \S+ (resume|suspend) recluster$",
        reason: "it neither stops nor starts clustering",
    },
    Exception {
        validator: Sqlglot,
        dialect: Snowflake,
        beginning: r"alter table \S+ unset tag ",
        reason: "it sets tags and unsets none",
    },
    Exception {
        validator: Sqlglot,
        dialect: BigQuery,
        beginning: r"create (or replace )?table (if not exists )?\S+ copy \S+ options \(",
        reason: "its copies have no options",
    },
    Exception {
        validator: Sqlglot,
        dialect: BigQuery,
        beginning: r"begin\s+begin transaction;",
        reason: "it has no blocks",
    },
    Exception {
        validator: Sqlglot,
        dialect: Databricks,
        beginning: "set time zone 'UTC'$",
        reason: "it has no zone of the session",
    },
    Exception {
        validator: Sqlglot,
        dialect: Databricks,
        beginning: r"create (or replace )?table (if not exists )?(`[^`]+`|\S)+ deep clone ",
        reason: "its clones are neither deep nor shallow",
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
