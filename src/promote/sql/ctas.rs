//! `create table … as select`, which restates what it would otherwise lose.

use crate::promote::plan::{Layout, TableFacts};
use crate::warehouse::{Dialect, Relation};

/// What happens where the table exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Error,
    /// It stays as it is.
    Keep,
    Replace,
}

/// How long a table's data can be recovered. Only Snowflake has both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableKind {
    Permanent,
    Transient,
}

impl TableKind {
    pub(super) fn of(is_transient: bool) -> Self {
        if is_transient { Self::Transient } else { Self::Permanent }
    }
}

/// A copy, made by a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ctas<'a> {
    pub(super) existing: Existing,
    pub(super) target: &'a Relation,
    pub(super) source: &'a Relation,
    pub(super) layout: &'a Layout,
    /// BigQuery: the column that every query of the source has to name.
    pub(super) filter_column: Option<&'a str>,
    pub(super) description: Option<&'a str>,
}

/// The layout that a copy gets: the one in the warehouse where it is known, else the one that the project
/// configures.
pub(super) fn layout_of(facts: &TableFacts) -> &Layout {
    facts.physical.layout.as_ref().unwrap_or(&facts.layout)
}

/// BigQuery: all rows of a table that cannot be read without a filter, in the words that dbt uses for that.
pub(super) fn every_row_clause(column: Option<&str>) -> String {
    column.map(|column| format!(" where (`{column}` is null or `{column}` is not null)")).unwrap_or_default()
}

/// The column that queries of both tables have to name. A filter that only one of them asks for does the
/// other no harm.
pub(super) fn filter_column(facts: &TableFacts) -> Option<&str> {
    let known = [&facts.physical, &facts.replaced].into_iter().filter_map(|it| it.layout.as_ref());
    let configured = facts.physical.layout.is_none().then_some(&facts.layout);
    known.chain(configured).find_map(|layout| layout.filtered_by.as_deref())
}

/// `create [or replace] [transient] table [if not exists] …`.
pub(super) fn create_clause(existing: Existing, kind: TableKind, target: &Relation) -> String {
    let kind = match kind {
        TableKind::Permanent => "",
        TableKind::Transient => "transient ",
    };
    match existing {
        Existing::Error => format!("create {kind}table {target}"),
        Existing::Keep => format!("create {kind}table if not exists {target}"),
        Existing::Replace => format!("create or replace {kind}table {target}"),
    }
}

pub(super) fn ctas_statement(dialect: Dialect, ctas: &Ctas<'_>) -> String {
    let is_transient = dialect == Dialect::Snowflake && ctas.layout.transient.unwrap_or(true);
    let mut lines = vec![create_clause(ctas.existing, TableKind::of(is_transient), ctas.target)];
    lines.extend(restating_clauses(dialect, ctas));
    lines.push(format!("as select * from {}{}", ctas.source, every_row_clause(ctas.filter_column)));
    lines.join("\n")
}

/// What the new table would otherwise lack, one clause a line.
fn restating_clauses(dialect: Dialect, ctas: &Ctas<'_>) -> Vec<String> {
    let layout = ctas.layout;
    let description = ctas.description.filter(|text| !text.is_empty()).map(|text| dialect.text_literal(text));
    let plain = |words: &str, contents: &Option<String>| contents.as_ref().map(|it| format!("{words} {it}"));
    let bracketed =
        |words: &str, contents: &Option<String>| contents.as_ref().map(|it| format!("{words} ({it})"));
    let mut clauses = Vec::new();
    match dialect {
        Dialect::Postgres | Dialect::DuckDb => {}
        Dialect::Redshift => clauses.extend(layout.distribution.iter().chain(&layout.sort_key).cloned()),
        Dialect::Snowflake => {
            clauses.extend(bracketed("cluster by", &layout.cluster_by));
            clauses.extend(description.map(|text| format!("comment = {text}")));
            if ctas.existing == Existing::Replace {
                // Those of the table that is replaced.
                clauses.push("copy grants".to_owned());
            }
        }
        Dialect::BigQuery => {
            clauses.extend(plain("partition by", &layout.partition_by));
            clauses.extend(plain("cluster by", &layout.cluster_by));
            let options: Vec<_> =
                layout.properties.iter().map(|(option, value)| format!("{option} = {value}")).collect();
            clauses.extend((!options.is_empty()).then(|| format!("options ({})", options.join(", "))));
        }
        Dialect::Databricks | Dialect::Spark => {
            clauses.push(if dialect == Dialect::Spark { "using iceberg" } else { "using delta" }.to_owned());
            clauses.extend(bracketed("partitioned by", &layout.partition_by));
            clauses.extend(bracketed("cluster by", &layout.cluster_by));
            clauses.extend(description.map(|text| format!("comment {text}")));
            clauses.extend(properties_clause(dialect, layout));
        }
    }
    clauses
}

fn properties_clause(dialect: Dialect, layout: &Layout) -> Option<String> {
    let literal = |text: &str| dialect.text_literal(text);
    let pairs: Vec<_> = layout
        .properties
        .iter()
        .map(|(key, value)| format!("{} = {}", literal(key), literal(value)))
        .collect();
    (!pairs.is_empty()).then(|| format!("tblproperties ({})", pairs.join(", ")))
}
