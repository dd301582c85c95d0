//! `create table … as select`, with everything restated that it would lose.

use crate::promote::plan::{Layout, TableFacts};
use crate::warehouse::{Dialect, Relation};

/// Whether an existing table is kept, replaced, or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Error,
    Keep,
    Replace,
}

/// The layout that a copy is to have: the physical one where it is known, else what the project configures.
pub(super) fn layout_of(facts: &TableFacts) -> &Layout {
    facts.physical.layout.as_ref().unwrap_or(&facts.layout)
}

/// BigQuery: all rows of a table that is not read without a filter, in the words that dbt has for that.
pub(super) fn filter(column: Option<&str>) -> String {
    column.map(|column| format!(" where (`{column}` is null or `{column}` is not null)")).unwrap_or_default()
}

/// The column that queries of these tables have to name: what one of them asks for does the other no harm.
pub(super) fn filtered_by(facts: &TableFacts) -> Option<&str> {
    let known = [&facts.physical, &facts.replaced].into_iter().filter_map(|it| it.layout.as_ref());
    let configured = facts.physical.layout.is_none().then_some(&facts.layout);
    known.chain(configured).find_map(|layout| layout.filtered_by.as_deref())
}

/// `create [or replace] table [if not exists]`.
pub(super) fn create(existing: Existing, kind: &str, target: &Relation) -> String {
    match existing {
        Existing::Error => format!("create {kind}table {target}"),
        Existing::Keep => format!("create {kind}table if not exists {target}"),
        Existing::Replace => format!("create or replace {kind}table {target}"),
    }
}

/// The whole statement.
pub(super) fn ctas(
    dialect: Dialect,
    existing: Existing,
    target: &Relation,
    source: &Relation,
    layout: &Layout,
    filtered_by: Option<&str>,
    description: Option<&str>,
) -> String {
    let kind =
        if dialect == Dialect::Snowflake && layout.transient.unwrap_or(true) { "transient " } else { "" };
    let mut lines = vec![create(existing, kind, target)];
    let description = description.filter(|text| !text.is_empty()).map(|text| dialect.text_literal(text));
    let clause = |words: &str, contents: &Option<String>| contents.as_ref().map(|it| format!("{words} {it}"));
    let bracketed =
        |words: &str, contents: &Option<String>| contents.as_ref().map(|it| format!("{words} ({it})"));
    let properties = || {
        let pairs: Vec<_> = layout
            .properties
            .iter()
            .map(|(key, value)| format!("{} = {}", dialect.text_literal(key), dialect.text_literal(value)))
            .collect();
        (!pairs.is_empty()).then(|| format!("tblproperties ({})", pairs.join(", ")))
    };
    match dialect {
        Dialect::Postgres | Dialect::DuckDb => {}
        Dialect::Redshift => lines.extend(layout.distribution.iter().chain(&layout.sort_key).cloned()),
        Dialect::Snowflake => {
            lines.extend(bracketed("cluster by", &layout.cluster_by));
            lines.extend(description.map(|text| format!("comment = {text}")));
            if existing == Existing::Replace {
                // The grants of the table that is replaced.
                lines.push("copy grants".to_owned());
            }
        }
        Dialect::BigQuery => {
            lines.extend(clause("partition by", &layout.partition_by));
            lines.extend(clause("cluster by", &layout.cluster_by));
            let options = layout.properties.iter().map(|(option, value)| format!("{option} = {value}"));
            let options: Vec<_> = options.collect();
            lines.extend((!options.is_empty()).then(|| format!("options ({})", options.join(", "))));
        }
        Dialect::Databricks | Dialect::Spark => {
            lines.push(if dialect == Dialect::Spark { "using iceberg" } else { "using delta" }.to_owned());
            lines.extend(bracketed("partitioned by", &layout.partition_by));
            lines.extend(bracketed("cluster by", &layout.cluster_by));
            lines.extend(description.map(|text| format!("comment {text}")));
            lines.extend(properties());
        }
    }
    lines.push(format!("as select * from {source}{}", filter(filtered_by)));
    lines.join("\n")
}
