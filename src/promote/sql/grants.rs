//! Statements that say who may read the new tables.

use anyhow::Result;
use serde::Serialize;

use crate::promote::plan::TableFacts;
use crate::promote::templates::{Name, Sql, render};
use crate::warehouse::{Dialect, Relation};

/// A privilege on a table.
#[derive(Serialize)]
struct Grant<'a> {
    privilege: Sql,
    table: Name<'a>,
    grantees: &'a [Sql],
}

/// Grants that prod's project configures. dbt would grant them again at the model's next run.
pub(super) fn project_grant_statements(dialect: Dialect, facts: &TableFacts) -> Result<Vec<Sql>> {
    let most_grantees = match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::BigQuery => usize::MAX,
        Dialect::Snowflake | Dialect::Databricks => 1,
        // They have no grants.
        Dialect::Spark | Dialect::DuckDb => return Ok(Vec::new()),
    };
    let mut grants = Vec::new();
    for (privilege, grantees) in &facts.grants {
        let grantees: Vec<_> =
            grantees.iter().map(|grantee| Sql::of_checked(principal(dialect, grantee))).collect();
        for grantees in grantees.chunks(most_grantees) {
            grants.push(grant_statement(dialect, privilege, &facts.prod, grantees)?);
        }
    }
    Ok(grants)
}

/// Privileges are checked where they are read.
fn grant_statement(dialect: Dialect, privilege: &str, table: &Relation, grantees: &[Sql]) -> Result<Sql> {
    let grant = Grant { privilege: Sql::of_checked(privilege), table: Name(table), grantees };
    render(dialect, "grant.sql", &grant)
}

/// A grantee as the warehouse writes it, in the same upper and lower case as in dbt's own grants.
fn principal(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::BigQuery => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
        Dialect::Databricks | Dialect::Spark => dialect.column(name),
        // Users of dbt-redshift write `group analysts`, and `group:analysts` with its flag redshift_grants_extended.
        Dialect::Redshift => match name.split_once([' ', ':']) {
            Some((kind @ ("group" | "role"), rest)) => format!("{kind} {}", principal(dialect, rest)),
            Some(_) | None => bare_or_quoted(dialect, name),
        },
        Dialect::Postgres | Dialect::Snowflake | Dialect::DuckDb => bare_or_quoted(dialect, name),
    }
}

fn bare_or_quoted(dialect: Dialect, name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // dbt writes a grantee as it stands, so that some have their quotes already.
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_quoted = inner.is_some_and(|inner| !inner.is_empty() && !inner.replace("\"\"", "").contains('"'));
    if is_plain || is_quoted { name.to_owned() } else { dialect.column(name) }
}

/// Redshift: gives prod's new table the grants that the catalogue lists for the one that it replaces.
pub(super) fn known_grant_statements(dialect: Dialect, facts: &TableFacts) -> Result<Vec<Sql>> {
    match dialect {
        Dialect::Redshift => listed_grant_statements(dialect, &facts.replaced.granted, &facts.prod),
        Dialect::Postgres
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => Ok(Vec::new()),
    }
}

/// Postgres: gives others back what they might do with staging's table before it went to prod.
pub(super) fn former_grant_statements(facts: &TableFacts) -> Result<Vec<Sql>> {
    listed_grant_statements(Dialect::Postgres, &facts.physical.granted, &facts.staging)
}

/// Grants as a catalogue lists them.
fn listed_grant_statements(dialect: Dialect, granted: &[[String; 2]], table: &Relation) -> Result<Vec<Sql>> {
    let grant =
        |[privilege, to]: &[String; 2]| grant_statement(dialect, privilege, table, &[Sql::of_checked(to)]);
    granted.iter().map(grant).collect()
}

/// A table that gets what another one has.
#[derive(Serialize)]
struct Given<'a> {
    target: Name<'a>,
    source: Name<'a>,
}

/// Postgres: gives a table all grants of the one that it replaces.
pub(super) fn copy_grants_statement(
    dialect: Dialect,
    table: &Relation,
    replaced: &Relation,
) -> Result<Option<Sql>> {
    match dialect {
        Dialect::Postgres => {
            let given = Given { target: Name(table), source: Name(replaced) };
            render(dialect, "copy_grants.sql", &given).map(Some)
        }
        // Snowflake copies grants as it replaces a table, and BigQuery and Databricks keep them. Redshift has
        // no blocks of code that could read them. The others have no grants.
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grantees_are_written_as_dbt_means_them() {
        for (dialect, name, expected) in [
            (Dialect::Postgres, "Reporter", "Reporter"),
            (Dialect::Postgres, "data team", "\"data team\""),
            (Dialect::Postgres, "\"Data Team\"", "\"Data Team\""),
            (Dialect::Snowflake, "\"a\"\"b\"", "\"a\"\"b\""),
            (Dialect::Postgres, "\"a\" to public; --\"", "\"\"\"a\"\" to public; --\"\"\""),
            (Dialect::Postgres, "\"\"", "\"\"\"\"\"\""),
            (Dialect::Redshift, "group analysts", "group analysts"),
            (Dialect::Redshift, "group:analysts", "group analysts"),
            (Dialect::Redshift, "role:data team", "role \"data team\""),
            (Dialect::Redshift, "team:a", "\"team:a\""),
            (Dialect::BigQuery, "user:a@b.c", "\"user:a@b.c\""),
        ] {
            assert_eq!(principal(dialect, name), expected, "{dialect} {name}");
        }
    }
}
