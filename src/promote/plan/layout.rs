//! How a table is laid out, as clauses and in words. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::properties::Property;
use crate::warehouse::Dialect;

/// How a table is laid out, by the project's configuration or by the catalogue. The values are the contents
/// of SQL clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The contents of `partition by`.
    pub partition_by: Option<String>,
    /// The contents of `cluster by`.
    pub cluster_by: Option<String>,
    /// Databricks and Spark: what follows `clustered by`, for formats that have buckets.
    pub buckets: Option<String>,
    /// Redshift: `diststyle …`, with `distkey (…)` if that is by a key.
    pub distribution: Option<String>,
    /// Redshift: `sortkey (…)`.
    pub sort_key: Option<String>,
    /// Table properties. On BigQuery, options with their values as SQL.
    pub properties: BTreeMap<String, String>,
    /// BigQuery: the column that the table is partitioned by.
    pub partition_column: Option<String>,
    /// Snowflake: whether the table is transient, where the project says it.
    pub transient: Option<bool>,
    /// Databricks and Spark: the format of the table's files, in lower case.
    pub format: Option<String>,
    /// Databricks and Spark: where its files are, if the warehouse does not choose that.
    pub location: Option<String>,
    /// Databricks: the warehouse chooses the columns to cluster by.
    pub is_clustered_by_choice: bool,
}

impl Layout {
    /// BigQuery: the column that the filter of every query has to name.
    #[must_use]
    pub fn filtered_by(&self) -> Option<&str> {
        self.partition_column.as_deref().filter(|_| self.asks_for_filter())
    }

    /// BigQuery: whether every query needs a filter by partition.
    #[must_use]
    pub fn asks_for_filter(&self) -> bool {
        self.properties.get("require_partition_filter").is_some_and(|value| value == "true")
    }
}

/// A layout in words for a sentence.
pub(super) fn described(dialect: Dialect, layout: &Layout) -> String {
    let parts = arrangement(dialect, layout);
    if parts.is_empty() {
        return match dialect {
            Dialect::Redshift => "no distribution and sort key of its own".to_owned(),
            Dialect::Postgres
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => "no partitioning and no clustering".to_owned(),
        };
    }
    parts.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" and ")
}

/// A layout in words: the same for the project's and for the catalogue's, if they mean the same.
#[must_use]
pub fn arrangement(dialect: Dialect, layout: &Layout) -> Vec<(Property, String)> {
    let partitions = layout.partition_by.as_deref().map(|text| match dialect {
        Dialect::BigQuery => period(&canonical(text)),
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => canonical(text),
    });
    let clustering = match dialect {
        Dialect::Snowflake => "the clustering key",
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => "the clustering by",
    };
    let columns = layout.cluster_by.as_deref().map(|text| format!("{clustering} {}", canonical(text)));
    let buckets = layout.buckets.as_deref().map(|text| format!("the clustering by {}", canonical(text)));
    let of_layout = [
        partitions.map(|text| format!("the partitioning by {text}")),
        columns,
        layout.is_clustered_by_choice.then(|| "automatic liquid clustering".to_owned()),
        buckets,
    ];
    let of_layout = of_layout.into_iter().flatten().map(|words| (Property::Layout, words));
    let distribution =
        layout.distribution.as_deref().map(|style| (Property::Distribution, distribution(style)));
    let sort_key = layout.sort_key.as_deref().map(|key| (Property::SortKey, sort_key(key)));
    of_layout.chain(distribution).chain(sort_key).collect()
}

/// Redshift: a distribution in words.
pub(super) fn distribution(style: &str) -> String {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"distkey\((.+)\)$").expect("a pattern"));
    let style = canonical(style);
    match KEY.captures(&style) {
        Some(found) => format!("the distribution key {}", &found[1]),
        None => format!("the distribution style {}", style.trim_start_matches("diststyle ")),
    }
}

/// Redshift: a sort key in words.
pub(super) fn sort_key(key: &str) -> String {
    let key = canonical(key);
    let (kind, columns) = key.split_once("sortkey").unwrap_or(("", &key));
    let interleaved = if kind.trim() == INTERLEAVED { "interleaved " } else { "" };
    format!("the {interleaved}sort key {}", columns.trim().trim_matches(['(', ')']))
}

pub(super) const INTERLEAVED: &str = "interleaved";

/// An expression in lower case, without quotes, and with blanks only where a list goes on.
fn canonical(text: &str) -> String {
    static BLANK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s*([(),])\s*").expect("a pattern"));
    let plain = text.trim().to_lowercase().replace(['"', '`'], "");
    BLANK
        .replace_all(
            &plain,
            |found: &Captures<'_>| if &found[1] == "," { ", ".to_owned() } else { found[1].to_owned() },
        )
        .into_owned()
}

/// BigQuery: a partition in words. A day can be said in several ways.
fn period(partition: &str) -> String {
    static PERIOD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:(?:timestamp|datetime|date)_trunc\((\w+), (\w+)\)|date\((\w+)\)|(\w+))$")
            .expect("a pattern")
    });
    let Some(found) = PERIOD.captures(partition) else { return partition.to_owned() };
    let column = [1, 3, 4].into_iter().find_map(|place| found.get(place)).map_or(partition, |it| it.as_str());
    let column = if column == "_partitiondate" { "_partitiontime" } else { column };
    format!("the {} of {column}", found.get(2).map_or("day", |it| it.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_layout_is_said_in_the_same_words() {
        let partitioned = |text: &str| {
            let layout = Layout { partition_by: Some(text.to_owned()), ..Layout::default() };
            described(Dialect::BigQuery, &layout)
        };
        let same =
            ["timestamp_trunc(t, day)", "TIMESTAMP_TRUNC(`t`, DAY)", "DATETIME_TRUNC(t,DAY)", "DATE(t)", "t"];
        for text in same {
            assert_eq!(partitioned(text), "the partitioning by the day of t", "{text}");
        }
        assert_eq!(partitioned("_PARTITIONDATE"), partitioned("DATE(_PARTITIONTIME)"));
        assert_eq!(partitioned("date_trunc(t, MONTH)"), "the partitioning by the month of t");
        let range = "RANGE_BUCKET(n, GENERATE_ARRAY(0,9, 3))";
        assert_eq!(partitioned(range), "the partitioning by range_bucket(n, generate_array(0, 9, 3))");
        let key = |text: &str| {
            let layout = Layout { cluster_by: Some(text.to_owned()), ..Layout::default() };
            described(Dialect::Snowflake, &layout)
        };
        assert_eq!(key("TO_DATE( T ),\"ID\""), "the clustering key to_date(t), id");
        assert_eq!(key("cast(t as date), id"), "the clustering key cast(t as date), id");
        assert_ne!(key("id, t"), key("t, id"));
    }

    #[test]
    fn redshifts_keys_in_words() {
        assert_eq!(distribution("diststyle key distkey (\"View_ID\")"), "the distribution key view_id");
        assert_eq!(distribution("diststyle all"), "the distribution style all");
        assert_eq!(sort_key("sortkey (a,b)"), sort_key("compound sortkey (a, b)"));
        assert_eq!(sort_key("interleaved sortkey (a, b)"), "the interleaved sort key a, b");
        assert_eq!(sort_key("sortkey auto"), "the sort key auto");
    }
}
