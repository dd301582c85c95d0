//! The verification: compares both sides after a promotion.

use anyhow::{Context, Result};

use crate::dbt::{Answer, Query};
use crate::event::{Comparison, Emit};
use crate::promote::sql::Script;
use crate::workspace::OpenTarget;

/// Asks the queries of `verify.sql`, if it has any.
pub(super) fn compare(prod: &OpenTarget<'_>, verify: &Script, emit: Emit<'_>) -> Result<Vec<Comparison>> {
    if verify.statements.is_empty() {
        return Ok(Vec::new());
    }
    let ask = |sql: &String| Query { relations: Vec::new(), sql: Some(sql.clone()) };
    let queries: Vec<_> = verify.statements.iter().map(|statement| ask(&statement.sql)).collect();
    let told = prod.query(&queries, emit)?;
    let comparison = |answer: &Answer| {
        let Answer::Rows(rows) = answer else { return None };
        let [row] = rows.as_slice() else { return None };
        let [Some(what), staging, prod] = row.as_slice() else { return None };
        Some(Comparison { what: what.clone(), staging: staging.clone(), prod: prod.clone() })
    };
    told.answers.iter().map(|answer| comparison(answer).context("the verification has no answer")).collect()
}
