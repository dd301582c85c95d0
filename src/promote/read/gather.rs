//! The facts of a promotion that only the warehouse knows: rows, windows, the clock, and the tables that
//! exist.

use std::collections::BTreeMap;
use std::slice;

use anyhow::{Context, Result};

use super::{catalogue, guards, rights, tags};
use crate::dbt::{Answer, Query, RelationName};
use crate::event::Emit;
use crate::failure::Failure;
use crate::promote::plan::{Column, Facts, Tables};
use crate::snowplow::{Family, tables};
use crate::warehouse::Relation;
use crate::workspace::OpenTarget;

/// Reads rows, windows, the clock, and which tables exist with which columns, all in one call. Then it reads
/// the catalogue, as far as that answers. Returns why the catalogue could not be read, if so.
///
/// # Errors
/// dbt cannot read them.
pub fn read(
    facts: &mut Facts,
    prod: &OpenTarget<'_>,
    limits: &[RelationName],
    emit: Emit<'_>,
) -> Result<Option<Failure>> {
    let mut queries = queries(facts, limits);
    let before = queries.len();
    let of_manifests = guards::manifest_queries(facts)?;
    let guarded = of_manifests.len();
    queries.extend(of_manifests.into_iter().chain(rights::queries(facts)?));
    let told = prod.query(&queries, emit)?;
    let (answers, more) = told.answers.split_at(before.min(told.answers.len()));
    let (of_manifests, of_rights) = more.split_at(guarded.min(more.len()));
    take(facts, &mut InOrder(answers.iter()))?;
    guards::take(facts, of_manifests);
    rights::take(facts, of_rights);
    facts.leave_out_untracked();
    guards::read(facts, prod, emit)?;
    tags::read(facts, prod, emit)?;
    catalogue::ask(facts, prod, emit)
}

/// All questions, in the order in which [`take`] takes the answers.
fn queries(facts: &Facts, limits: &[RelationName]) -> Vec<Query> {
    let dialect = facts.dialect;
    let columns_of = |relation: &Relation| Query { relations: vec![relation.name()], sql: None };
    let mut queries = vec![tables::clock_query(dialect)];
    for (package, limits) in facts.packages.iter().zip(limits) {
        queries.push(tables::rows_query(dialect, &package.staging_manifest.name()));
        queries.push(tables::rows_query(dialect, &package.prod_manifest.name()));
        queries.push(columns_of(&package.prod_manifest));
        queries.push(tables::window_query(dialect, limits));
        if package.family == Family::Load {
            queries.push(tables::first_successes_query(dialect, &package.prod_manifest.name()));
        }
    }
    for table in facts.models.iter().filter_map(|model| model.table.as_ref()) {
        queries.extend([columns_of(&table.staging), columns_of(&table.prod)]);
    }
    queries
}

/// Answers that are taken one after the other.
struct InOrder<'a>(slice::Iter<'a, Answer>);

impl<'a> InOrder<'a> {
    fn next(&mut self) -> Result<&'a Answer> {
        self.0.next().context("dbt did not answer every question about the tables of both sides")
    }
}

fn take(facts: &mut Facts, answers: &mut InOrder<'_>) -> Result<()> {
    facts.now = Some(tables::read_clock(answers.next()?)?);
    for package in &mut facts.packages {
        let rows = |answer: &Answer| match answer {
            Answer::Missing(_) | Answer::NoSchema(_) => Ok(None),
            Answer::Rows(_) => tables::read_rows(answer).map(Some),
        };
        let cannot_read = |manifest: &Relation| format!("cannot read {manifest}");
        let staging_rows = rows(answers.next()?).with_context(|| cannot_read(&package.staging_manifest))?;
        let prod_rows = rows(answers.next()?).with_context(|| cannot_read(&package.prod_manifest))?;
        facts.without_schema.extend(without_schema(answers.next()?, &package.prod_manifest));
        package.tables = Some(Tables {
            staging_rows,
            prod_rows,
            staging_window: tables::read_window(answers.next()?)?,
            prod_first_success: match package.family {
                Family::Load => tables::read_first_successes(answers.next()?)
                    .with_context(|| cannot_read(&package.prod_manifest))?,
                Family::Session => BTreeMap::new(),
            },
            staging_hidden: None,
            prod_hidden: None,
        });
    }
    for table in facts.models.iter_mut().filter_map(|model| model.table.as_mut()) {
        (table.staging_exists, table.physical.columns) = columns(answers.next()?);
        let answer = answers.next()?;
        (table.prod_exists, table.replaced.columns) = columns(answer);
        facts.without_schema.extend(without_schema(answer, &table.prod));
    }
    Ok(())
}

/// The relation, if its schema does not exist.
fn without_schema(answer: &Answer, relation: &Relation) -> Option<Relation> {
    match answer {
        Answer::NoSchema(_) => Some(relation.clone()),
        Answer::Missing(_) | Answer::Rows(_) => None,
    }
}

/// Whether a table exists, and its columns.
fn columns(answer: &Answer) -> (Option<bool>, Vec<Column>) {
    match answer {
        Answer::Missing(_) | Answer::NoSchema(_) => (Some(false), Vec::new()),
        Answer::Rows(rows) => {
            let column = |row: &Vec<Option<String>>| {
                let data_type = row.get(1).cloned().flatten();
                Some(Column { data_type, ..Column::plain(row.first()?.as_deref()?) })
            };
            (Some(true), rows.iter().filter_map(column).collect())
        }
    }
}
