//! The verification: whether both sides hold the same.

use anyhow::{Context, Result};
use serde::Serialize;

use super::online::query_project;
use crate::commands::prepare::Setup;
use crate::dbt::{Answer, Query};
use crate::event::Emit;
use crate::promote::Script;

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    /// What is compared.
    pub(super) what: String,
    /// Staging's value.
    pub(super) staging: Option<String>,
    /// Prod's.
    pub(super) prod: Option<String>,
}

impl Comparison {
    /// Whether both sides agree.
    pub(super) fn is_equal(&self) -> bool {
        self.staging == self.prod
    }
}

/// Asks the verification's queries.
pub(super) fn compare(setup: &Setup, verify: &Script, emit: Emit<'_>) -> Result<Vec<Comparison>> {
    let ask = |sql: &String| Query { relations: Vec::new(), sql: Some(sql.clone()) };
    let queries: Vec<_> = verify.statements.iter().map(|statement| ask(&statement.sql)).collect();
    let told = setup.dbt.query(&query_project(setup)?, &queries, &setup.vars, emit)?;
    let comparison = |answer: &Answer| match answer {
        Answer::Rows(rows) => match rows.as_slice() {
            [row] => match row.as_slice() {
                [Some(what), staging, prod] => {
                    Some(Comparison { what: what.clone(), staging: staging.clone(), prod: prod.clone() })
                }
                _ => None,
            },
            _ => None,
        },
        Answer::Missing(_) => None,
    };
    told.answers.iter().map(|answer| comparison(answer).context("the verification has no answer")).collect()
}
