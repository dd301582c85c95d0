//! What prod needs before tables and rows can be put there: schemas, and incremental manifests.

use anyhow::Result;
use serde::Serialize;

use super::create::{Created, Existing, Way, create_statement};
use super::script::Statement;
use crate::promote::plan::{Layout, Ledger, Plan, configured_format};
use crate::promote::templates::{Name, render};
use crate::warehouse::Dialect;

#[derive(Serialize)]
struct InSchema<'a> {
    relation: Name<'a>,
}

#[derive(Serialize)]
struct Like<'a> {
    target: Name<'a>,
    source: Name<'a>,
}

/// Makes what prod lacks. A rollback leaves it: without tables and rows, it does nothing.
pub(super) fn room_statements(plan: &Plan) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    for relation in &plan.schemas {
        let sql = render(plan.dialect, "create_schema.sql", &InSchema { relation: Name(relation) })?;
        statements.push(Statement::plain(
            format!("the schema {}, which {} lacks", relation.schema(), plan.to),
            sql,
        ));
    }
    for ledger in &plan.ledgers {
        if let Some(layout) = &ledger.new {
            statements.push(manifest_statement(plan.dialect, ledger, layout)?);
        }
    }
    Ok(statements)
}

/// An incremental manifest like staging's, without rows: to the package, that is the same as none. Where there is one
/// meanwhile, its rows are checked.
fn manifest_statement(dialect: Dialect, ledger: &Ledger, layout: &Layout) -> Result<Statement> {
    let layout = &Layout { format: configured_format(dialect, layout), ..layout.clone() };
    let created = Created {
        existing: Existing::Keep,
        target: &ledger.prod,
        source: &ledger.staging,
        layout,
        is_transient: layout.transient.unwrap_or(true),
        filter_column: None,
        description: None,
        is_empty: true,
        encryption_key: None,
        copies_tags: false,
        location: layout.location.as_deref(),
    };
    let sql = match dialect {
        Dialect::Redshift => {
            let like = Like { target: Name(&ledger.prod), source: Name(&ledger.staging) };
            render(dialect, "create_empty.sql", &like)?
        }
        Dialect::Postgres
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => create_statement(dialect, Way::Select, &created)?,
    };
    Ok(Statement::plain(format!("{}: an empty incremental manifest", ledger.package), sql))
}
