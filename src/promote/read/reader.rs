//! The way to prod's warehouse, which sees both sides.

use anyhow::Result;

use crate::dbt::{Answers, Dbt, Query, QueryProject, Vars};
use crate::event::Emit;

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
    /// Asks the warehouse, all in one call of dbt.
    ///
    /// # Errors
    /// dbt cannot be called, or a query fails.
    pub(super) fn query(&self, queries: &[Query], emit: Emit<'_>) -> Result<Answers> {
        self.dbt.query(self.project, queries, self.vars, emit)
    }
}
