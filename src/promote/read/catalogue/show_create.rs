//! Databricks and Spark: what `show create table` says.

use super::super::clauses::Clauses;
use super::answered::Answered;
use crate::promote::plan::{Layout, Physical};

/// The question about one table.
pub(super) const QUESTIONS: [&str; 1] = ["catalogue/show_create.sql"];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    let statement = answers.first(0).unwrap_or_default();
    physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
    physical.description = Clauses::of(&statement).and_then(|clauses| clauses.quoted("COMMENT"));
}
