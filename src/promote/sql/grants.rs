//! Who may read the new tables.

use crate::promote::plan::TableFacts;
use crate::warehouse::{Dialect, Relation};

/// What prod's project grants; dbt would grant it again at the model's next run.
#[must_use]
pub fn project_grants(dialect: Dialect, facts: &TableFacts) -> Vec<String> {
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
            // One grantee a statement.
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

/// All grantees of one statement, if there are any.
fn together(grantees: impl Iterator<Item = String>) -> Option<String> {
    let grantees: Vec<_> = grantees.collect();
    (!grantees.is_empty()).then(|| grantees.join(", "))
}

/// A grantee as the warehouse writes it, with the same upper and lower case as dbt's own grants.
fn principal(dialect: Dialect, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    match dialect {
        Dialect::BigQuery => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
        Dialect::Databricks | Dialect::Spark => dialect.column(name),
        // `group analysts` and `role analysts` are how dbt-redshift's users write them.
        Dialect::Redshift => match name.split_once(' ') {
            Some((kind @ ("group" | "role"), rest)) => format!("{kind} {}", principal(dialect, rest)),
            _ if plain => name.to_owned(),
            _ => dialect.column(name),
        },
        _ if plain => name.to_owned(),
        _ => dialect.column(name),
    }
}

/// Redshift: gives prod's table what the catalogue says of the one that it replaces.
#[must_use]
pub fn known_grants(dialect: Dialect, facts: &TableFacts) -> Vec<String> {
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

/// Gives a table all the grants of the one that it replaces.
#[must_use]
pub fn keep_grants(dialect: Dialect, table: &Relation, replaced: &Relation) -> Option<String> {
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
        // Snowflake copies them as it replaces; BigQuery and Databricks keep them; Redshift has no
        // blocks that could read them as it is executed; the others have none.
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::BigQuery
        | Dialect::Databricks
        | Dialect::Spark
        | Dialect::DuckDb => None,
    }
}
