//! Policies and masks on both sides' tables and incremental manifests, which keep readers from some rows or values. A copy that reads staging's table
//! through a query stores only what its reader sees, and a new table in the place of prod's has none of them, and would
//! show everything to its readers.

use anyhow::Result;

use super::question::{about, question};
use crate::dbt::{Answer, Query};
use crate::event::Emit;
use crate::promote::plan::{Facts, PackageFacts};
use crate::warehouse::{Dialect, Relation};
use crate::workspace::OpenTarget;

/// A question about the guards of one table.
#[derive(Debug, Clone, Copy)]
pub struct GuardsQuestion {
    pub template: &'static str,
    /// What stands before the first column of each row of the answer.
    prefix: &'static str,
}

/// The questions about one table, where they have to be asked apart from the catalogue's other ones, each in a call of its
/// own: not every user may ask them, not every version knows them, and one question that fails makes the whole call fail.
#[must_use]
pub fn guards_questions(dialect: Dialect) -> &'static [GuardsQuestion] {
    const GUARDS: GuardsQuestion = GuardsQuestion { template: "catalogue/guards.sql", prefix: "" };
    const POLICIES: GuardsQuestion =
        GuardsQuestion { template: "catalogue/policies.sql", prefix: "the policy " };
    match dialect {
        // Everybody may read this in Postgres' catalogue, so it is asked there. The other two have no
        // policies.
        Dialect::Postgres | Dialect::DuckDb | Dialect::Spark => &[],
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery => &[GUARDS],
        Dialect::Databricks => &[GUARDS, POLICIES],
    }
}

/// Postgres: whether rows of the incremental manifests are kept from this user, a question for each manifest of
/// [`manifests`]. The others' manifests are asked about together with the tables.
///
/// # Errors
/// The template is wrong.
pub(super) fn manifest_queries(facts: &Facts) -> Result<Vec<Query>> {
    match facts.dialect {
        Dialect::Postgres => {
            let question = question(facts.dialect, "catalogue/hidden.sql")?;
            let manifests = facts.packages.iter().flat_map(manifests);
            Ok(manifests.map(|manifest| about(manifest, &question)).collect())
        }
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => Ok(Vec::new()),
    }
}

fn manifests(package: &PackageFacts) -> [&Relation; 2] {
    [&package.staging_manifest, &package.prod_manifest]
}

/// Takes the answers to [`manifest_queries`].
pub(super) fn take(facts: &mut Facts, answers: &[Answer]) {
    for (package, answers) in facts.packages.iter_mut().zip(answers.chunks(2)) {
        let Some(tables) = &mut package.tables else { continue };
        for (hidden, answer) in [&mut tables.staging_hidden, &mut tables.prod_hidden].into_iter().zip(answers)
        {
            if let Answer::Rows(rows) = answer {
                *hidden = Some(rows.iter().filter_map(|row| row.first().cloned().flatten()).collect());
            }
        }
    }
}

/// Asks about the tables and the incremental manifests that exist. It is no error if the user may not ask: the script then
/// says what is not known.
///
/// # Errors
/// dbt cannot be called, or the warehouse cannot be reached.
pub(super) fn read(facts: &mut Facts, prod: &OpenTarget<'_>, emit: Emit<'_>) -> Result<()> {
    let dialect = facts.dialect;
    let tables: Vec<_> = facts.existing_tables().into_iter().map(|(table, _)| table.clone()).collect();
    let manifests = facts.packages.iter_mut().flat_map(PackageFacts::existing_manifests);
    let asked: Vec<_> = tables.into_iter().chain(manifests.map(|(manifest, _)| manifest.clone())).collect();
    if guards_questions(dialect).is_empty() || asked.is_empty() {
        return Ok(());
    }
    let mut found = ask(dialect, &asked, prod, emit)?.into_iter();
    for (_, physical) in facts.existing_tables() {
        physical.guards = found.next().flatten();
        // Whom they let pass is not known.
        physical.hidden.clone_from(&physical.guards);
    }
    for (_, hidden) in facts.packages.iter_mut().flat_map(PackageFacts::existing_manifests) {
        *hidden = found.next().flatten();
    }
    Ok(())
}

/// The guards of each relation; none where they are not known.
fn ask(
    dialect: Dialect,
    asked: &[Relation],
    prod: &OpenTarget<'_>,
    emit: Emit<'_>,
) -> Result<Vec<Option<Vec<String>>>> {
    let mut found: Vec<Option<Vec<String>>> = vec![None; asked.len()];
    let mut all_told = true;
    for asking in guards_questions(dialect) {
        let question = question(dialect, asking.template)?;
        let queries: Vec<_> = asked.iter().map(|table| about(table, &question)).collect();
        let Ok(told) = prod.query_if_allowed(&queries, emit)? else {
            all_told = false;
            continue;
        };
        for (guards, answer) in found.iter_mut().zip(&told.answers) {
            if let Answer::Rows(rows) = answer {
                let its = rows.iter().filter_map(|row| row.first().cloned().flatten());
                guards.get_or_insert_default().extend(its.map(|guard| format!("{}{guard}", asking.prefix)));
            }
        }
    }
    // That there are none is only known if every question was answered.
    for guards in found.iter_mut().filter(|guards| !all_told && guards.as_ref().is_some_and(Vec::is_empty)) {
        *guards = None;
    }
    Ok(found)
}
