//! What a warehouse's catalogue says about a table: one file for each warehouse, with the names of its
//! questions and the reading of its answers. No answer is ever needed. Where there is none, the script says what is not known.

mod answered;
mod bigquery;
mod duckdb;
mod postgres;
mod redshift;
mod show_create;
mod snowflake;

use anyhow::Result;

use self::answered::Answered;
use super::question::{about, question};
use crate::dbt::Answer;
use crate::event::Emit;
use crate::failure::Failure;
use crate::promote::plan::{Facts, Physical};
use crate::warehouse::Dialect;
use crate::workspace::OpenTarget;

/// The templates of the questions about one table, in the order in which [`read`] takes the answers.
#[must_use]
pub fn questions(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &postgres::QUESTIONS,
        Dialect::Redshift => &redshift::QUESTIONS,
        Dialect::Snowflake => &snowflake::QUESTIONS,
        Dialect::BigQuery => &bigquery::QUESTIONS,
        Dialect::Databricks | Dialect::Spark => &show_create::QUESTIONS,
        Dialect::DuckDb => &duckdb::QUESTIONS,
    }
}

/// Adds the answers to what is known. `physical` has the names of the columns already.
pub fn read(dialect: Dialect, answers: &[Answer], physical: &mut Physical) {
    let answers = Answered(answers);
    match dialect {
        Dialect::Postgres => postgres::read(answers, physical),
        Dialect::Redshift => redshift::read(answers, physical),
        Dialect::Snowflake => snowflake::read(answers, physical),
        Dialect::BigQuery => bigquery::read(answers, physical),
        Dialect::Databricks | Dialect::Spark => show_create::read(dialect, answers, physical),
        Dialect::DuckDb => duckdb::read(answers, physical),
    }
}

/// Asks about the tables that exist; the failure, where the catalogue cannot be read.
///
/// # Errors
/// The warehouse cannot be reached.
pub(super) fn ask(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<Option<Failure>> {
    let dialect = facts.dialect;
    let mut asked = facts.existing_tables();
    if asked.is_empty() {
        return Ok(None);
    }
    let questions = questions(dialect).iter().map(|template| question(dialect, template));
    let questions = questions.collect::<Result<Vec<_>>>()?;
    let tables = asked.iter().map(|(table, _)| *table);
    let queries: Vec<_> =
        tables.flat_map(|table| questions.iter().map(move |question| about(table, question))).collect();
    let told = match prod.query_if_allowed(&queries, emit)? {
        Ok(told) => told,
        Err(failure) => {
            facts.notes.push(unread_catalogue(&failure));
            return Ok(Some(failure));
        }
    };
    for ((_, physical), answers) in asked.iter_mut().zip(told.answers.chunks(questions.len())) {
        read(dialect, answers, physical);
    }
    Ok(None)
}

/// What a script says where the catalogue did not tell about its tables.
#[must_use]
pub fn unread_catalogue(failure: &Failure) -> String {
    format!(
        "the catalogue cannot be read, so the script follows the project's configuration: {}",
        failure.in_one_line()
    )
}

#[cfg(test)]
mod tests {
    use super::answered::rows;
    use super::*;

    #[test]
    fn every_warehouse_is_asked_and_understood() {
        for dialect in Dialect::ALL {
            let mut nothing = Physical::default();
            read(dialect, &vec![Answer::Missing(0); questions(dialect).len()], &mut nothing);
            assert_eq!(nothing, Physical::default(), "{dialect}");
        }
        let mut snowflake = Physical::default();
        read(Dialect::Snowflake, &[rows(&[&["YES", "LINEAR(to_date(t))", ""]])], &mut snowflake);
        assert_eq!(snowflake.transient, Some(true));
        assert_eq!(snowflake.layout.expect("known").cluster_by.as_deref(), Some("to_date(t)"));
        let mut databricks = Physical::default();
        let statement = "CREATE TABLE t (\n  a STRING COMMENT 'no')\nUSING delta\nCOMMENT 'it\\'s'\n";
        read(Dialect::Databricks, &[rows(&[&[statement]])], &mut databricks);
        assert_eq!(databricks.description.as_deref(), Some("it's"));
    }
}
