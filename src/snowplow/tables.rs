//! Queries for the tables that Snowplow's packages keep, and the reading of their answers.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::state::{Row, Window};
use crate::dbt::{Answer, Query, RelationName};
use crate::timestamp::Timestamp;
use crate::warehouse::{Dialect, parse_timestamp};

/// Asks for the warehouse's clock.
#[must_use]
pub fn clock_query(dialect: Dialect) -> Query {
    let now = dialect.timestamp_text_expression(dialect.now_expression());
    Query { relations: Vec::new(), sql: Some(format!("select {now} as now_text")) }
}

/// Asks for the rows of an incremental manifest.
#[must_use]
pub fn rows_query(dialect: Dialect, incremental_manifest: &RelationName) -> Query {
    let time = dialect.timestamp_text_expression("last_success");
    Query {
        relations: vec![incremental_manifest.clone()],
        sql: Some(format!("select model, {time} as last_success_text from @0@")),
    }
}

/// Asks for the time of the first event that each model of the load family has processed.
#[must_use]
pub fn first_successes_query(dialect: Dialect, incremental_manifest: &RelationName) -> Query {
    let time = dialect.timestamp_text_expression("first_success");
    Query {
        relations: vec![incremental_manifest.clone()],
        sql: Some(format!(
            "select model, {time} as first_success_text from @0@ where first_success is not null"
        )),
    }
}

/// Asks for the window of the last run, which the limits table holds.
#[must_use]
pub fn window_query(dialect: Dialect, limits: &RelationName) -> Query {
    let [lower, upper] =
        ["lower_limit", "upper_limit"].map(|column| dialect.timestamp_text_expression(column));
    Query {
        relations: vec![limits.clone()],
        sql: Some(format!("select {lower} as lower_text, {upper} as upper_text from @0@")),
    }
}

/// Reads the answer to [`clock_query`].
///
/// # Errors
/// The answer is not one timestamp.
pub fn read_clock(answer: &Answer) -> Result<Timestamp> {
    match answer {
        Answer::Rows(rows) => match rows.as_slice() {
            [row] => parse_timestamp(row.first().and_then(Option::as_deref).unwrap_or_default())
                .context("cannot read the warehouse's clock"),
            _ => bail!("the query for the warehouse's clock returned {} rows", rows.len()),
        },
        Answer::Missing(_) | Answer::NoSchema(_) => bail!("the query for the warehouse's clock was not sent"),
    }
}

/// Reads the answer to [`rows_query`]; empty if the table does not exist.
///
/// # Errors
/// A row does not look as the packages write it.
pub fn read_rows(answer: &Answer) -> Result<Vec<Row>> {
    let Answer::Rows(rows) = answer else { return Ok(Vec::new()) };
    rows.iter()
        .map(|row| match row.as_slice() {
            [Some(model), last_success] => Ok(Row {
                model: model.clone(),
                last_success: last_success.as_deref().map(parse_timestamp).transpose()?,
            }),
            _ => bail!("a row without a model: {row:?}"),
        })
        .collect()
}

/// Reads the answer to [`first_successes_query`]; empty if the table does not exist.
///
/// # Errors
/// A row does not look as the packages write it.
pub fn read_first_successes(answer: &Answer) -> Result<BTreeMap<String, Timestamp>> {
    let rows = read_rows(answer)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.model, row.last_success?))).collect())
}

/// Reads the answer to [`window_query`]; none if the table does not exist or is empty.
///
/// # Errors
/// A limit is not a timestamp.
pub fn read_window(answer: &Answer) -> Result<Option<Window>> {
    let Answer::Rows(rows) = answer else { return Ok(None) };
    match rows.first().map(Vec::as_slice) {
        Some([Some(lower), Some(upper)]) => {
            Ok(Some(Window { lower: parse_timestamp(lower)?, upper: parse_timestamp(upper)? }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "a value that is not null")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn reads_tables_that_exist_and_tables_that_do_not() {
        let rows =
            Answer::Rows(vec![vec![text("a"), text("2023-10-11 10:11:12.123456")], vec![text("b"), None]]);
        let rows = read_rows(&rows).expect("rows");
        assert_eq!(rows[0].last_success.expect("a time").to_string(), "2023-10-11 10:11:12.123456");
        assert_eq!(rows[1], Row { model: "b".into(), last_success: None });
        assert_eq!(read_rows(&Answer::Missing(0)).expect("no table"), []);
        assert_eq!(read_window(&Answer::Missing(0)).expect("no table"), None);
        assert!(read_clock(&Answer::Rows(vec![])).is_err());
    }
}
