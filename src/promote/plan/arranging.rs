//! How prod's new table is laid out: its partitions, its clustering, and its distribution and sort keys. Prod's project
//! decides, if it configures any of these. Else the table is laid out as staging's. Pure.

use super::facts::TableFacts;
use super::layout::{INTERLEAVED, Layout, arrangement, described, distribution, sort_key};
use super::parts::Table;
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
