//! How prod's new table is laid out: its partitions, its clustering, and its distribution and sort keys. Prod's project
//! decides, if it configures any of these. Else the table is laid out as staging's. Pure.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::facts::{Layout, TableFacts};
use super::parts::Table;
use super::properties::Property;
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// The layout of prod's new table. All else in it is staging's.
#[must_use]
pub fn new_arrangement(facts: &TableFacts) -> Layout {
    let staging = facts.known_layout().clone();
    if !is_configured(facts) {
        return staging;
    }
    let Layout {
        partition_by,
        cluster_by,
        buckets,
        distribution,
        sort_key,
        partition_column,
        is_clustered_by_choice,
        ..
    } = facts.layout.clone();
    Layout {
        partition_by,
        cluster_by,
        buckets,
        distribution,
        sort_key,
        partition_column,
        is_clustered_by_choice,
        ..staging
    }
}

/// Whether prod's project says anything about the layout.
fn is_configured(facts: &TableFacts) -> bool {
    let layout = &facts.layout;
    let clauses =
        [&layout.partition_by, &layout.cluster_by, &layout.buckets, &layout.distribution, &layout.sort_key];
    layout.is_clustered_by_choice || clauses.into_iter().any(Option::is_some)
}

/// The layout of staging's table, and the one that prod's project configures instead; none where they agree, where the
/// project configures none, and where staging's is not known.
pub fn differing(dialect: Dialect, facts: &TableFacts) -> Option<(&Layout, &Layout)> {
    let staging = facts.physical.layout.as_ref().filter(|_| is_configured(facts))?;
    let is_same = match dialect {
        // Each of both can be configured alone, and stays as in staging otherwise.
        Dialect::Redshift => new_distribution(facts).is_none() && new_sort_key(facts).is_none(),
        Dialect::Postgres
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => arrangement(dialect, staging) == arrangement(dialect, &facts.layout),
    };
    (!is_same).then_some((staging, &facts.layout))
}

/// Redshift: the distribution that prod's project configures, where that of staging's table is known to be another.
#[must_use]
pub fn new_distribution(facts: &TableFacts) -> Option<&str> {
    let staging = facts.physical.layout.as_ref()?.distribution.as_deref();
    let wanted = facts.layout.distribution.as_deref()?;
    let is_left = wanted == "diststyle auto" && staging.is_none();
    (!is_left && staging.map(distribution) != Some(distribution(wanted))).then_some(wanted)
}

/// Redshift: the same of the sort key.
#[must_use]
pub fn new_sort_key(facts: &TableFacts) -> Option<&str> {
    let staging = facts.physical.layout.as_ref()?.sort_key.as_deref();
    let wanted = facts.layout.sort_key.as_deref()?;
    let is_left = wanted == "sortkey auto" && staging.is_none();
    (!is_left && staging.map(sort_key) != Some(sort_key(wanted))).then_some(wanted)
}

/// The strategy that gives a table the configured layout, where the one that was not asked for cannot.
pub(super) fn instead(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Option<CopyStrategy> {
    (table.is_free && needs_query(dialect, strategy, &table.facts)).then_some(CopyStrategy::Ctas)
}

/// Whether only a query can lay prod's table out as its project configures.
fn needs_query(dialect: Dialect, strategy: CopyStrategy, facts: &TableFacts) -> bool {
    let Some((staging, wanted)) = differing(dialect, facts).filter(|_| strategy != CopyStrategy::Ctas) else {
        return false;
    };
    match dialect {
        // Its clustering could be changed, but not by SQL.
        Dialect::BigQuery => true,
        // Liquid clustering can be changed where there are no partitions.
        Dialect::Databricks => {
            [staging, wanted].into_iter().any(|it| it.partition_by.is_some() || it.buckets.is_some())
        }
        // No key becomes an interleaved one, and with one, a table keeps its distribution.
        Dialect::Redshift => {
            let is_interleaved = |key: Option<&str>| key.is_some_and(|key| key.starts_with(INTERLEAVED));
            is_interleaved(new_sort_key(facts))
                || is_interleaved(staging.sort_key.as_deref()) && new_sort_key(facts).is_none()
        }
        Dialect::Snowflake | Dialect::Postgres | Dialect::Spark | Dialect::DuckDb => false,
    }
}

/// Why a table cannot be copied like this, and what to do; none if it can.
pub(super) fn why_unsuited(dialect: Dialect, how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    needs_query(dialect, how, facts).then(|| {
        format!(
            "{}. --strategy {how} cannot change that: leave it out, or use --strategy ctas",
            disagreement(dialect, facts)
        )
    })
}

/// What is said where a query copies a table because of its layout.
pub(super) fn why_rewritten(dialect: Dialect, strategy: CopyStrategy, table: &Table) -> Option<String> {
    instead(dialect, strategy, table).map(|how| {
        format!(
            "{}: {}. --strategy {strategy} would keep staging's, so that the table is copied by {how}, which reads and writes all of it",
            table.model,
            disagreement(dialect, &table.facts)
        )
    })
}

/// What is said where nobody knows whether staging's table is laid out as prod's project configures, and a copy would keep
/// staging's layout.
pub(super) fn why_uncertain(dialect: Dialect, how: CopyStrategy, table: &Table) -> Option<String> {
    let facts = &table.facts;
    let keeps = match dialect {
        Dialect::BigQuery | Dialect::Redshift => how != CopyStrategy::Ctas,
        // What can be changed afterwards is changed.
        Dialect::Databricks => how != CopyStrategy::Ctas && facts.layout.partition_by.is_some(),
        Dialect::Snowflake | Dialect::Postgres | Dialect::Spark | Dialect::DuckDb => false,
    };
    let is_unknown = keeps && is_configured(facts) && facts.physical.layout.is_none();
    is_unknown.then(|| {
        format!(
            "{}: prod's project configures {}, and prod's table gets it only if staging's has it, which is not known. Look \
             before you execute this",
            table.model,
            described(dialect, &facts.layout)
        )
    })
}

/// Both layouts in a sentence.
pub(super) fn disagreement(dialect: Dialect, facts: &TableFacts) -> String {
    format!(
        "{} has {}, and prod's project configures {} for {}",
        facts.staging,
        described(dialect, facts.known_layout()),
        described(dialect, &facts.layout),
        facts.prod
    )
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
fn distribution(style: &str) -> String {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"distkey\((.+)\)$").expect("a pattern"));
    let style = canonical(style);
    match KEY.captures(&style) {
        Some(found) => format!("the distribution key {}", &found[1]),
        None => format!("the distribution style {}", style.trim_start_matches("diststyle ")),
    }
}

/// Redshift: a sort key in words.
fn sort_key(key: &str) -> String {
    let key = canonical(key);
    let (kind, columns) = key.split_once("sortkey").unwrap_or(("", &key));
    let interleaved = if kind.trim() == INTERLEAVED { "interleaved " } else { "" };
    format!("the {interleaved}sort key {}", columns.trim().trim_matches(['(', ')']))
}

const INTERLEAVED: &str = "interleaved";

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
