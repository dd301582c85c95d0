//! Tags of both sides' tables.

use anyhow::Result;

use super::question::{about, question};
use super::words::{of_column, tagged};
use crate::dbt::Answer;
use crate::event::Emit;
use crate::promote::plan::{Facts, Physical, Property};
use crate::warehouse::{Dialect, Relation};
use crate::workspace::OpenTarget;

/// The question about one table, where it has to be asked apart from the catalogue's other ones: not every edition
/// knows tags, and one question that fails makes the whole call fail.
#[must_use]
pub fn tags_question(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Snowflake | Dialect::Databricks => Some("catalogue/tags.sql"),
        // BigQuery's are options of a table.
        Dialect::BigQuery | Dialect::Postgres | Dialect::Redshift | Dialect::Spark | Dialect::DuckDb => None,
    }
}

/// Asks about the tables that exist. It is no error if the user may not ask: the script then says what is not known.
///
/// # Errors
/// dbt cannot be called, or the warehouse cannot be reached.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let dialect = facts.dialect;
    let Some(template) = tags_question(dialect) else { return Ok(()) };
    // Databricks' older catalog knows no tags.
    let has_tags =
        |table: &Relation| !table.database().is_some_and(|it| it.eq_ignore_ascii_case("hive_metastore"));
    let mut asked = facts.existing_tables();
    asked.retain(|(table, _)| has_tags(table));
    if asked.is_empty() {
        return Ok(());
    }
    let question = question(dialect, template)?;
    let queries: Vec<_> = asked.iter().map(|(table, _)| about(table, &question)).collect();
    match prod.query_if_allowed(&queries, emit)? {
        Ok(told) => {
            for ((_, physical), answer) in asked.iter_mut().zip(&told.answers) {
                take(dialect, answer, physical);
            }
        }
        Err(failure) => {
            let why: Vec<_> = failure.text().lines().map(|line| line.trim().to_owned()).collect();
            facts.notes.push(format!(
                "the tags of these tables and of their columns cannot be read, so that none is named here: {}",
                why.join(" ").trim()
            ));
        }
    }
    Ok(())
}

/// Adds the tags to what is known. Each row of the answer has a column, if the tag is one of a column, the parts of the
/// tag's name, and its value.
pub fn take(dialect: Dialect, answer: &Answer, physical: &mut Physical) {
    let Answer::Rows(rows) = answer else { return };
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| cell.clone().unwrap_or_default()).collect();
        let [column, name @ .., tag, value] = cells.as_slice() else { continue };
        if column.is_empty() {
            let name = name.iter().chain([tag]).map(|part| dialect.column(part)).collect::<Vec<_>>();
            physical.tags.push(name.join("."));
            physical.hold(Property::Tags, tagged(tag, value));
        } else {
            physical.hold(Property::ColumnTags, of_column(&tagged(tag, value), column));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_columns_are_no_tags_of_the_table() {
        let row = |cells: [&str; 5]| cells.map(|cell| Some(cell.to_owned())).to_vec();
        let answer = Answer::Rows(vec![
            row(["", "GOV", "PUBLIC", "TEAM", "web"]),
            row(["ID", "GOV", "P", "PII", "yes"]),
        ]);
        let mut physical = Physical::default();
        take(Dialect::Snowflake, &answer, &mut physical);
        assert_eq!(physical.tags, ["\"GOV\".\"PUBLIC\".\"TEAM\""]);
        let held: Vec<_> = physical.held.values().flatten().map(String::as_str).collect();
        assert_eq!(held, ["the tag TEAM: web", "the tag PII: yes of its column ID"]);
    }
}
