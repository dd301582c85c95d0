//! What may keep rows or values from the connection that reads them. Pure.

use anyhow::{Result, bail};

use super::facts::{Facts, PackageFacts};
use crate::failure::Refusal;
use crate::warehouse::{Dialect, Relation};

/// The incremental manifests of a package that exist, and what may hide their rows; none where that is not known.
fn manifests(package: &PackageFacts) -> impl Iterator<Item = (&Relation, Option<&Vec<String>>)> {
    let tables = package.tables.iter();
    let both = tables.flat_map(|tables| {
        [
            (&package.staging_manifest, &tables.staging_rows, &tables.staging_hidden),
            (&package.prod_manifest, &tables.prod_rows, &tables.prod_hidden),
        ]
    });
    both.filter(|(_, rows, _)| rows.is_some()).map(|(manifest, _, hidden)| (manifest, hidden.as_ref()))
}

/// A model whose row is hidden seems to have none, and one whose time is masked seems to be elsewhere.
///
/// # Errors
/// A [`Refusal`].
pub(super) fn refuse_hidden_rows(facts: &Facts) -> Result<()> {
    for (manifest, hidden) in facts.packages.iter().flat_map(manifests) {
        let Some(hidden @ [_, ..]) = hidden.map(Vec::as_slice) else { continue };
        let way_out = match facts.dialect {
            Dialect::Postgres => {
                "Promote as a role that bypasses row level security, or disable it on this table"
            }
            Dialect::Redshift
            | Dialect::Snowflake
            | Dialect::BigQuery
            | Dialect::Databricks
            | Dialect::Spark
            | Dialect::DuckDb => "Drop them from this table for the promotion",
        };
        bail!(Refusal(format!(
            "the incremental manifest {manifest} has {}, so that the connection of {} may see only some of its rows, or \
             masked values: a model would seem to have no row, or another time. {way_out}",
            hidden.join(", "),
            facts.to,
        )))
    }
    Ok(())
}

/// Nobody could see whether a package's incremental manifests hide rows. Where the warehouse tells that only to some, and
/// told of nothing, the page says so: every plan would have to.
pub(super) fn may_hide_rows(dialect: Dialect, package: &PackageFacts) -> Option<String> {
    let unknown = manifests(package).filter(|(_, hidden)| may_restrict(dialect) && hidden.is_none());
    let unknown: Vec<_> = unknown.map(|(manifest, _)| manifest.to_string()).collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "{}: whether policies or masks keep this connection from rows of {} could not be read; a model whose row it does \
             not see would seem to have none. Look before you execute this",
            package.name,
            unknown.join(" and ")
        )
    })
}

/// Why it is not known whether a table is guarded; none if it is known.
pub(super) fn why_unknown(dialect: Dialect, known: Option<&Vec<String>>) -> Option<&'static str> {
    match known {
        None => Some("could not be read"),
        Some(_) if may_be_hidden(dialect) => Some("is told only to those who may see to it"),
        Some(_) => None,
    }
}

/// Whether the warehouse has policies or masks at all.
pub(super) fn may_restrict(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks => true,
        Dialect::Spark | Dialect::DuckDb => false,
    }
}

/// Whether the catalogue shows policies and masks only to those who may see them: others get an answer
/// without rows.
fn may_be_hidden(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Redshift | Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks => true,
        Dialect::Postgres | Dialect::Spark | Dialect::DuckDb => false,
    }
}
