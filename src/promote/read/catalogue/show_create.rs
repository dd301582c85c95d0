//! Databricks and Spark: what `show create table` says.

use super::super::clauses::Clauses;
use super::super::words::{described, property};
use super::answered::Answered;
use crate::promote::plan::{Layout, Physical, Property};
use crate::warehouse::Dialect;

/// The question about one table.
pub(super) const QUESTIONS: [&str; 1] = ["catalogue/show_create.sql"];

pub(super) fn read(dialect: Dialect, answers: Answered<'_>, physical: &mut Physical) {
    let statement = answers.first(0).unwrap_or_default();
    physical.layout = Layout::of_statement(&statement).filter(|_| !statement.is_empty());
    physical.description = Clauses::of(&statement).and_then(|clauses| clauses.quoted("COMMENT"));
    if let Some(description) = physical.description.clone().filter(|text| !text.is_empty()) {
        physical.hold(Property::Description, described(&description));
    }
    physical.hold_layout(dialect);
    let Some(layout) = physical.layout.clone() else { return };
    for (key, value) in &layout.properties {
        physical.hold(Property::TableProperties, property(key, value));
    }
}
