//! Statements that say who may read the new tables.

use crate::promote::plan::TableFacts;
use crate::warehouse::{Dialect, Relation};

/// Grants that prod's project configures. dbt would grant them again at the model's next run.
#[must_use]
pub fn project_grant_statements(dialect: Dialect, facts: &TableFacts) -> Vec<String> {
    let mut grants = Vec::new();
    for (privilege, grantees) in &facts.grants {
        let to = grantees.iter().map(|grantee| principal(dialect, grantee));
        let prod = &facts.prod;
        match dialect {
            Dialect::Postgres | Dialect::Redshift => {
                grants.extend(together(to).map(|to| format!("grant {privilege} on {prod} to {to}")));
            }
            Dialect::BigQuery => {
                grants.extend(together(to).map(|to| format!("grant `{privilege}` on table {prod} to {to}")));
            }
            // A statement has one grantee.
            Dialect::Snowflake => {
                grants.extend(to.map(|to| format!("grant {privilege} on table {prod} to role {to}")));
            }
            Dialect::Databricks => {
                grants.extend(to.map(|to| format!("grant {privilege} on table {prod} to {to}")));
            }
            Dialect::Spark | Dialect::DuckDb => {}
        }
    }
    grants
}

/// All grantees in one list, if there are any.
fn together(grantees: impl Iterator<Item = String>) -> Option<String> {
    let grantees: Vec<_> = grantees.collect();
    (!grantees.is_empty()).then(|| grantees.join(", "))
}

/// A grantee as the warehouse writes it, in the same upper and lower case as in dbt's own grants.
fn principal(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::BigQuery => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
        Dialect::Databricks | Dialect::Spark => dialect.column(name),
        // Users of dbt-redshift write `group analysts` and `role analysts`.
        Dialect::Redshift => match name.split_once(' ') {
            Some((kind @ ("group" | "role"), rest)) => format!("{kind} {}", principal(dialect, rest)),
            Some(_) | None => bare_or_quoted(dialect, name),
        },
        Dialect::Postgres | Dialect::Snowflake | Dialect::DuckDb => bare_or_quoted(dialect, name),
    }
}

fn bare_or_quoted(dialect: Dialect, name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain { name.to_owned() } else { dialect.column(name) }
}

/// Redshift: gives prod's new table the grants that the catalogue lists for the one that it replaces.
#[must_use]
pub fn known_grant_statements(dialect: Dialect, facts: &TableFacts) -> Vec<String> {
    match dialect {
        Dialect::Redshift => {
            let granted = facts.replaced.granted.iter();
            granted.map(|[privilege, to]| format!("grant {privilege} on {} to {to}", facts.prod)).collect()
        }
        Dialect::Postgres
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => Vec::new(),
    }
}

/// Postgres: gives a table all grants of the one that it replaces, which it reads as it is executed.
#[must_use]
pub fn copy_grants_statement(dialect: Dialect, table: &Relation, replaced: &Relation) -> Option<String> {
    match dialect {
        Dialect::Postgres => Some(format!(
            "do $grants$
declare
  granted record;
begin
  for granted in
    select
      a.privilege_type,
      case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
      case when a.is_grantable then ' with grant option' else '' end as suffix
    from pg_class as c, aclexplode(c.relacl) as a
    where c.oid = '{replaced}'::regclass and a.grantee <> c.relowner
  loop
    execute format('grant %s on {table} to %s%s', granted.privilege_type, granted.grantee, granted.suffix);
  end loop;
end
$grants$"
        )),
        // Snowflake copies grants as it replaces a table, and BigQuery and Databricks keep them. Redshift has
        // no blocks of code that could read them. The others have no grants.
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => None,
    }
}
