//! Kinds of tables that a strategy cannot copy. Pure.

use super::facts::{Layout, TableFacts};
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// Why a table cannot be copied like this, and what to do; none if it can.
#[must_use]
pub fn why_unsuited(dialect: Dialect, how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    match dialect {
        Dialect::BigQuery => of_bigquery(how, facts),
        Dialect::Snowflake
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::Postgres
        | Dialect::Redshift
        | Dialect::DuckDb => None,
    }
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
