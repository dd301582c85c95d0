//! Kinds of tables that a strategy cannot copy. Pure.

use super::facts::{Layout, TableFacts};
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// Why a table cannot be copied like this, and what to do; none if it can.
#[must_use]
pub fn why_unsuited(dialect: Dialect, how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    match dialect {
        Dialect::BigQuery => of_bigquery(how, facts),
        Dialect::Snowflake => of_snowflake(how, facts),
        Dialect::Databricks | Dialect::Spark | Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => {
            None
        }
    }
}

/// A policy that prod's project configures, and that dbt gives to a table only when it makes it.
fn of_snowflake(how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    let policy = facts.configured.row_access_policy.as_ref().filter(|_| match &facts.physical.guards {
        _ if how == CopyStrategy::Ctas => true,
        Some(guards) => !guards.iter().any(|guard| guard.starts_with("row access policy ")),
        // A note says it.
        None => false,
    });
    let without_policy = policy.map(|policy| {
        format!(
            "prod's project configures the row access policy {policy} for {}, which the copy would not have: its readers \
             would see all rows, and dbt adds it to no table that exists. Add it to staging's table, and promote by \
             --strategy clone",
            facts.prod
        )
    });
    iceberg(facts).or(without_policy)
}

/// A table whose format is Iceberg on one of the sides, or by prod's project.
fn iceberg(facts: &TableFacts) -> Option<String> {
    let what = if facts.physical.is_iceberg {
        format!("{} is an Iceberg table", facts.staging)
    } else if facts.replaced.is_iceberg {
        format!("{} is an Iceberg table", facts.prod)
    } else if facts.configured.is_iceberg {
        format!("prod's project configures {} as an Iceberg table", facts.prod)
    } else {
        return None;
    };
    Some(format!(
        "{what}, and this tool has no statement that copies one: make the table by hand, then use --resume to compare it \
         and to record its row"
    ))
}

fn of_bigquery(how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    let staging = facts.physical.layout.as_ref().unwrap_or(&facts.layout);
    let by_ingestion_time = (how == CopyStrategy::Ctas && is_by_ingestion_time(staging)).then(|| {
        format!(
            "{} is partitioned by the time of ingestion. create table … as select cannot make such a table, and would \
             lose that time: promote without --strategy ctas",
            facts.staging
        )
    });
    iceberg(facts).or(by_ingestion_time)
}

fn is_by_ingestion_time(layout: &Layout) -> bool {
    layout.partition_by.as_ref().is_some_and(|partition| {
        let partition = partition.to_uppercase();
        partition.contains("_PARTITIONTIME") || partition.contains("_PARTITIONDATE")
    })
}
