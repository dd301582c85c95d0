//! Kinds of tables that a strategy cannot copy. Pure.

use super::arranging::{self, differing, disagreement, new_arrangement};
use super::facts::TableFacts;
use super::layout::Layout;
use super::parts::{Action, Table};
use super::strategy::CopyStrategy;
use crate::warehouse::Dialect;

/// Why a table cannot be copied like this, and what to do; none if it can.
#[must_use]
pub fn why_unsuited(dialect: Dialect, how: CopyStrategy, table: &Table) -> Option<String> {
    let facts = &table.facts;
    let of_kind = match dialect {
        Dialect::BigQuery => of_bigquery(how, facts),
        Dialect::Snowflake => of_snowflake(how, facts),
        Dialect::Databricks => no_delta(how, facts).or_else(|| unsuited_files(dialect, table)),
        Dialect::Spark => unsuited_files(dialect, table),
        Dialect::Postgres | Dialect::Redshift | Dialect::DuckDb => None,
    };
    of_kind.or_else(|| arranging::why_unsuited(dialect, how, facts))
}

/// Databricks: a deep clone is a Delta table, whatever it is made from.
fn no_delta(how: CopyStrategy, facts: &TableFacts) -> Option<String> {
    let staging = facts.physical.layout.as_ref();
    if how == CopyStrategy::Ctas {
        let is_unknown = facts.configured.is_iceberg && staging.is_none_or(|layout| layout.format.is_none());
        return is_unknown.then(|| {
            format!(
                "prod's project configures {} as an Iceberg table: whether dbt makes one, or a Delta table with Iceberg's \
                 metadata, depends on a flag. Only staging's table shows which, and its format is not known: promote with a \
                 connection (--target, --to)",
                facts.prod
            )
        });
    }
    let is_other = |format: &&String| format.as_str() != DELTA;
    if let Some(format) = staging.and_then(|layout| layout.format.as_ref()).filter(is_other) {
        return Some(format!(
            "{} is in the format {format}, and a deep clone of it would be a Delta table: use --strategy ctas",
            facts.staging
        ));
    }
    facts.layout.format.as_ref().filter(is_other).map(|format| {
        format!(
            "prod's project configures the format {format} for {}, and a deep clone is a Delta table: use --strategy ctas",
            facts.prod
        )
    })
}

/// Databricks and Spark: a table that one statement cannot replace, or not at its place.
fn unsuited_files(dialect: Dialect, table: &Table) -> Option<String> {
    let facts = &table.facts;
    let place =
        |location: &str| location.trim_start_matches("dbfs:").trim_end_matches('/').replace("//", "/");
    let of_staging = facts.physical.layout.as_ref().and_then(|layout| layout.location.as_deref());
    if let (Some(staging), Some(wanted)) = (of_staging, facts.layout.location.as_deref())
        && place(staging) == place(wanted)
    {
        return Some(format!(
            "the files of {} are at {staging}, where prod's project puts {}: both targets would share them. Give the \
             targets different places (location_root, or include_full_name_in_path)",
            facts.staging, facts.prod
        ));
    }
    let (Action::Replace { .. }, Some(replaced)) = (&table.action, &facts.replaced.layout) else {
        return None;
    };
    let wanted = new_format(dialect, facts);
    let formats = [wanted.as_deref(), replaced.format.as_deref()].into_iter().flatten();
    if let Some(format) = formats.into_iter().find(|format| !matches!(*format, DELTA | "iceberg")) {
        return Some(format!(
            "{} is or becomes a table in the format {format}, which no statement replaces as a whole: {BY_HAND}",
            facts.prod
        ));
    }
    let wanted = facts.layout.location.as_deref()?;
    if replaced.location.as_deref().map(place) == Some(place(wanted)) {
        return None;
    }
    let is = replaced.location.as_deref().unwrap_or("where the warehouse keeps its own tables");
    Some(format!(
        "the files of {} are at {is}, and prod's project configures {wanted}: a table that is replaced stays where it is. \
         Change location_root, or {BY_HAND}",
        facts.prod
    ))
}

const DELTA: &str = "delta";

const BY_HAND: &str = "while no run of prod is in progress, delete its row from prod's incremental manifest and rename or \
                       drop the table, then promote without --replace";

/// Databricks and Spark: the format of prod's new table; none where that is the session's default.
#[must_use]
pub fn new_format(dialect: Dialect, facts: &TableFacts) -> Option<String> {
    let staging = facts.physical.layout.as_ref().and_then(|layout| layout.format.clone());
    match dialect {
        // By `table_format`, dbt makes one of two kinds. Staging's table is of the right one.
        Dialect::Databricks if facts.configured.is_iceberg => staging,
        Dialect::Databricks => configured_format(dialect, &facts.layout),
        Dialect::Spark => configured_format(dialect, &facts.layout).or(staging),
        Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => {
            None
        }
    }
}

/// Databricks and Spark: the format that dbt would make a table in; none where that is the session's default.
#[must_use]
pub fn configured_format(dialect: Dialect, layout: &Layout) -> Option<String> {
    let default = match dialect {
        Dialect::Databricks => Some(DELTA.to_owned()),
        Dialect::Spark
        | Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::DuckDb => None,
    };
    layout.format.clone().or(default)
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
    let are_by_ingestion_time =
        is_by_ingestion_time(facts.known_layout()) || is_by_ingestion_time(&new_arrangement(facts));
    let by_ingestion_time = are_by_ingestion_time.then(|| match differing(Dialect::BigQuery, facts) {
        // Whatever the strategy is.
        Some(_) => Some(format!(
            "{}. Nothing turns a table that is partitioned by the time of ingestion into another one, nor back: configure the \
             same for both targets, and build staging's table anew",
            disagreement(Dialect::BigQuery, facts)
        )),
        None if how == CopyStrategy::Ctas => Some(format!(
            "{} is partitioned by the time of ingestion. create table … as select cannot make such a table, and would \
             lose that time: promote without --strategy ctas",
            facts.staging
        )),
        None => None,
    });
    iceberg(facts).or(by_ingestion_time.flatten())
}

fn is_by_ingestion_time(layout: &Layout) -> bool {
    layout.partition_by.as_ref().is_some_and(|partition| {
        let partition = partition.to_uppercase();
        partition.contains("_PARTITIONTIME") || partition.contains("_PARTITIONDATE")
    })
}
