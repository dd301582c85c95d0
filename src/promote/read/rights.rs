//! What prod's connection may not do with the tables and schemas of a promotion, where the warehouse tells: a script
//! would find out only after its copies.

use anyhow::Result;

use super::question::{about, in_schema_of, question};
use crate::dbt::{Answer, Query};
use crate::promote::plan::{Facts, Right};
use crate::warehouse::{Dialect, Relation};

const TABLE: &str = "catalogue/rights.sql";
const SCHEMA: &str = "catalogue/schema_rights.sql";

/// The templates of the questions about one table, and about the schema of one relation.
#[must_use]
pub fn rights_questions(dialect: Dialect) -> Option<[&'static str; 2]> {
    match dialect {
        Dialect::Postgres | Dialect::Redshift => Some([TABLE, SCHEMA]),
        // What these are not allowed to do, they find out before anything is lost.
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::Spark | Dialect::DuckDb => {
            None
        }
    }
}

/// All tables of both sides.
fn tables(facts: &Facts) -> Vec<Relation> {
    let manifests =
        facts.packages.iter().flat_map(|package| [&package.staging_manifest, &package.prod_manifest]);
    let tables = facts.models.iter().filter_map(|model| model.table.as_ref());
    manifests.chain(tables.flat_map(|table| [&table.staging, &table.prod])).cloned().collect()
}

/// A relation of prod in each of its schemas.
fn schemas(facts: &Facts) -> Vec<Relation> {
    let manifests = facts.packages.iter().map(|package| &package.prod_manifest);
    let tables = facts.models.iter().filter_map(|model| Some(&model.table.as_ref()?.prod));
    Relation::first_of_each_schema(manifests.chain(tables))
}

/// All questions, in the order in which [`take`] takes the answers.
///
/// # Errors
/// A template is wrong.
pub(super) fn queries(facts: &Facts) -> Result<Vec<Query>> {
    let Some([of_table, of_schema]) = rights_questions(facts.dialect) else { return Ok(Vec::new()) };
    let of_table = question(facts.dialect, of_table)?;
    let mut queries: Vec<_> = tables(facts).iter().map(|table| about(table, &of_table)).collect();
    for relation in schemas(facts) {
        let sql = Some(in_schema_of(&relation, facts.dialect, of_schema)?);
        queries.push(Query { relations: Vec::new(), sql });
    }
    Ok(queries)
}

/// Takes the answers to [`queries`].
pub(super) fn take(facts: &mut Facts, answers: &[Answer]) {
    let relations = [tables(facts), schemas(facts)].concat();
    for (relation, answer) in relations.into_iter().zip(answers) {
        let Answer::Rows(rows) = answer else { continue };
        let lacking = rows.iter().filter_map(|row| Right::parse(row.first()?.as_deref()?));
        facts.lacking.extend(lacking.map(|right| (relation.clone(), right)));
    }
}
