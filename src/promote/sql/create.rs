//! Making a table from another one: by a query that restates what it would otherwise lose, by a clone, or by
//! a copy job.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::promote::plan::{Layout, TableFacts, new_arrangement};
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// What happens where the table exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Error,
    /// It stays as it is.
    Keep,
    Replace,
}

/// How a table is made from another one. Each way has a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Select,
    Clone,
    Copy,
}

impl Way {
    fn template(self) -> &'static str {
        match self {
            Self::Select => "create_as_select.sql",
            Self::Clone => "clone.sql",
            Self::Copy => "copy.sql",
        }
    }
}

/// A table that is made from another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Created<'a> {
    pub(super) existing: Existing,
    pub(super) target: &'a Relation,
    pub(super) source: &'a Relation,
    /// What the new table would otherwise lack.
    pub(super) layout: &'a Layout,
    /// Snowflake: its data can be recovered for a shorter time.
    pub(super) is_transient: bool,
    /// BigQuery: the column that every query of the source has to name.
    pub(super) filter_column: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    /// Nothing but the definition is taken.
    pub(super) is_empty: bool,
    /// BigQuery: the key that a copy is encrypted by, as SQL.
    pub(super) encryption_key: Option<&'a str>,
    /// Snowflake: a table that is replaced leaves its tags to the new one.
    pub(super) copies_tags: bool,
    /// Databricks and Spark: where its files are, if the warehouse does not choose that.
    pub(super) location: Option<&'a str>,
}

/// The same, as the templates see it.
#[derive(Serialize)]
struct CreatedContext<'a> {
    target: Name<'a>,
    source: Name<'a>,
    or_replace: bool,
    if_not_exists: bool,
    transient: bool,
    layout: LayoutContext<'a>,
    description: Option<&'a str>,
    /// A filter.
    only_rows: Option<Sql>,
    encryption_key: Option<Sql>,
    /// Snowflake: what a table that is replaced leaves to the new one.
    kept: Option<Sql>,
    /// Databricks and Spark: the format of the table's files.
    format: Option<Sql>,
    location: Option<&'a str>,
}

#[derive(Serialize)]
struct LayoutContext<'a> {
    partition_by: Option<Sql>,
    cluster_by: Option<Sql>,
    distribution: Option<Sql>,
    sort_key: Option<Sql>,
    /// Databricks and Spark: columns and their number.
    buckets: Option<Sql>,
    /// Databricks: the warehouse chooses the columns.
    is_clustered_by_choice: bool,
    /// Databricks and Spark: as texts.
    properties: &'a BTreeMap<String, String>,
    /// BigQuery: the same, with values that are SQL.
    options: Vec<Sql>,
}

impl<'a> LayoutContext<'a> {
    /// The catalogue's words and the project's were checked when they were read.
    fn of(layout: &'a Layout) -> Self {
        let sql = |clause: &Option<String>| clause.as_ref().map(Sql::of_checked);
        let option = |(option, value): (&String, &String)| Sql::of_checked(format!("{option} = {value}"));
        Self {
            partition_by: sql(&layout.partition_by),
            cluster_by: sql(&layout.cluster_by),
            distribution: sql(&layout.distribution),
            sort_key: sql(&layout.sort_key),
            buckets: sql(&layout.buckets),
            is_clustered_by_choice: layout.is_clustered_by_choice,
            properties: &layout.properties,
            options: layout.properties.iter().map(option).collect(),
        }
    }
}

/// Makes the table.
pub(super) fn create_statement(dialect: Dialect, way: Way, created: &Created<'_>) -> Result<Sql> {
    let context = CreatedContext {
        target: Name(created.target),
        source: Name(created.source),
        or_replace: created.existing == Existing::Replace,
        if_not_exists: created.existing == Existing::Keep,
        transient: created.is_transient,
        layout: LayoutContext::of(created.layout),
        description: created.description.filter(|text| !text.is_empty()),
        only_rows: if created.is_empty {
            Some(Sql::of_checked("where false"))
        } else {
            every_row_clause(dialect, created.filter_column.as_slice())?
        },
        encryption_key: created.encryption_key.map(Sql::of_checked),
        kept: (created.existing == Existing::Replace).then(|| kept_clause(created.copies_tags)),
        format: created.layout.format.as_ref().map(Sql::of_checked),
        location: created.location,
    };
    render(dialect, way.template(), &context)
}

fn kept_clause(copies_tags: bool) -> Sql {
    Sql::of_checked(if copies_tags { "copy grants copy tags" } else { "copy grants" })
}

#[derive(Serialize)]
struct Filter<'a, C> {
    columns: &'a [C],
}

/// BigQuery: all rows of a table that cannot be read without a filter.
pub(super) fn every_row_clause<C: Serialize>(dialect: Dialect, columns: &[C]) -> Result<Option<Sql>> {
    if columns.is_empty() {
        return Ok(None);
    }
    render(dialect, "every_row.sql", &Filter { columns }).map(Some)
}

/// The columns that queries of both tables have to name. A filter that only one of them asks for does the
/// other no harm.
pub(super) fn filter_columns(facts: &TableFacts) -> Vec<String> {
    let mut known = [&facts.physical, &facts.replaced].into_iter().filter_map(|it| it.layout.as_ref());
    let of_either = known.find_map(Layout::filtered_by).map(str::to_owned);
    let new = new_arrangement(facts);
    // The project may ask for a filter that staging's table does not need, or lay prod's out in other partitions.
    let asks = facts.layout.asks_for_filter() || new.asks_for_filter();
    let of_new = new.partition_column.filter(|_| asks);
    let is_other = |column: &String| of_either.as_ref() != Some(column);
    of_either.iter().cloned().chain(of_new.filter(is_other)).collect()
}
