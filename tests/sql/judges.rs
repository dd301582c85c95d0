//! The validators themselves: what is right passes, and what is wrong does not. A validator that takes
//! everything proves nothing.

use snowplow_backfill::warehouse::Dialect;

use crate::statements;
use crate::support::{EXCEPTIONS, Validator, exceptions_of, is_excepted};

/// Collects what each validator got wrong, so that one run shows all of it.
fn judge_the_judges(dialect: Dialect) {
    let statements = statements::of(dialect);
    let mut wrong = Vec::new();
    for sql in statements.good {
        let mut accepted = false;
        for &validator in Validator::of(dialect) {
            let why = validator.judge(dialect, sql);
            if why.is_some() != is_excepted(validator, dialect, sql) {
                wrong.push(format!("{validator:?} on what is right: {why:?}, an exception otherwise\n{sql}"));
            }
            accepted |= why.is_none() && validator != Validator::Manuals;
        }
        if !accepted {
            wrong.push(format!("nobody knows\n{sql}"));
        }
    }
    for bad in statements.bad {
        let mut caught = false;
        for &validator in Validator::of(dialect) {
            let why = validator.judge(dialect, bad.sql);
            let lenient = validator == Validator::Manuals || bad.accepted_by.contains(&validator);
            if why.is_none() && !lenient {
                wrong.push(format!("{validator:?} accepts {}\n{}", bad.why, bad.sql));
            }
            if why.is_some() && bad.accepted_by.contains(&validator) {
                wrong.push(format!("{validator:?} is not lenient about {}: {why:?}\n{}", bad.why, bad.sql));
            }
            caught |= why.is_some() && !is_excepted(validator, dialect, bad.sql);
        }
        if !caught {
            wrong.push(format!("nobody catches {}\n{}", bad.why, bad.sql));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn of_postgres() {
    judge_the_judges(Dialect::Postgres);
}

#[test]
fn of_redshift() {
    judge_the_judges(Dialect::Redshift);
}

#[test]
fn of_snowflake() {
    judge_the_judges(Dialect::Snowflake);
}

#[test]
fn of_bigquery() {
    judge_the_judges(Dialect::BigQuery);
}

#[test]
fn of_databricks() {
    judge_the_judges(Dialect::Databricks);
}

#[test]
fn of_spark() {
    judge_the_judges(Dialect::Spark);
}

#[test]
fn of_duckdb() {
    judge_the_judges(Dialect::DuckDb);
}

#[test]
fn no_exception_is_for_nothing() {
    for exception in EXCEPTIONS {
        let (validator, dialect) = (exception.validator, exception.dialect);
        let is_used =
            |sql: &&str| exceptions_of(validator, dialect, sql).any(|it| std::ptr::eq(it, exception));
        let good = statements::of(dialect).good;
        assert!(
            good.iter().any(is_used),
            "nothing right begins like {:?}, for which {}",
            exception.beginning,
            exception.reason
        );
    }
}
