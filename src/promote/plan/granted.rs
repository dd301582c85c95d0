//! Notes about what others may do with a table. Pure.

use super::facts::Physical;
use super::parts::{Action, Table};
use crate::warehouse::Dialect;

/// What others may do with columns of a table, where that is told as lost.
pub(super) fn of_columns(physical: &Physical) -> impl Iterator<Item = String> {
    physical.granted_columns.iter().map(|column| format!("grants on its column {column}"))
}

/// Postgres: what others may do with staging's table, and what prod's project does not give for a new one.
pub(super) fn not_given(dialect: Dialect, table: &Table) -> Option<String> {
    if dialect != Dialect::Postgres || table.action != Action::Create {
        return None;
    }
    let is_configured = |privilege: &str, to: &str| {
        let grantees = table.facts.grants.get(privilege).into_iter().flatten();
        grantees.into_iter().any(|grantee| grantee == to || dialect.column(grantee) == to)
    };
    // A column's privileges have a note of their own.
    let of_table = table.facts.physical.granted.iter().filter(|[privilege, _]| !privilege.contains('('));
    let lost = of_table.filter(|[privilege, to]| !is_configured(privilege, to));
    let lost: Vec<_> = lost.map(|[privilege, to]| format!("{privilege} to {to}")).collect();
    (!lost.is_empty()).then(|| {
        format!(
            "{}: not carried over: grants that prod's project does not configure: {}",
            table.model,
            lost.join(", ")
        )
    })
}
