//! The way to prod's warehouse, which sees both sides.

use anyhow::Result;

use crate::dbt::{Answers, Dbt, Query, QueryProject, Vars};
use crate::event::Emit;
use crate::failure::{Failure, FailureKind};

/// Reads both sides through dbt on prod's target.
#[derive(Debug)]
pub struct ProdReader<'a> {
    /// dbt, on prod's target.
    pub dbt: &'a Dbt,
    /// The generated project.
    pub project: &'a QueryProject,
    /// The user's vars.
    pub vars: &'a Vars,
}

impl ProdReader<'_> {
    /// Asks the warehouse everything in one call of dbt.
    ///
    /// # Errors
    /// dbt cannot be called, or a query fails.
    pub(super) fn query(&self, queries: &[Query], emit: Emit<'_>) -> Result<Answers> {
        self.dbt.query(self.project, queries, self.vars, emit)
    }
    /// Asks what not every user may ask. The inner error is the warehouse's refusal to answer.
    ///
    /// # Errors
    /// dbt cannot be called, or the warehouse cannot be reached.
    pub(super) fn query_if_allowed(
        &self,
        queries: &[Query],
        emit: Emit<'_>,
    ) -> Result<Result<Answers, Failure>> {
        let error = match self.query(queries, emit) {
            Ok(told) => return Ok(Ok(told)),
            Err(error) => error,
        };
        match error.downcast::<Failure>()? {
            failure if failure.kind == FailureKind::Connection => Err(failure.into()),
            failure => Ok(Err(failure)),
        }
    }
}
