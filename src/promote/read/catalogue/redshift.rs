//! Redshift's catalogue.

use super::answered::{Answered, Cells, cell};
use crate::promote::plan::Physical;
use crate::warehouse::Dialect;

/// The questions about one table.
pub(super) const QUERIES: [&str; 4] = [
    "select coalesce(d.description, '') from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on \
     n.oid = c.relnamespace left join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0 \
     where n.nspname = '@0.schema@' and c.relname = '@0.identifier@'",
    "select a.attname, d.description from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on \
     n.oid = c.relnamespace join pg_catalog.pg_attribute as a on a.attrelid = c.oid join \
     pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = a.attnum where n.nspname = \
     '@0.schema@' and c.relname = '@0.identifier@' and a.attnum > 0",
    "select case k.contype when 'p' then 'the primary key ' when 'u' then 'the unique key ' else 'the \
     foreign key ' end || k.conname from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid \
     = c.relnamespace join pg_catalog.pg_constraint as k on k.conrelid = c.oid where n.nspname = \
     '@0.schema@' and c.relname = '@0.identifier@' and k.contype in ('p', 'u', 'f')",
    "select privilege_type, identity_type, identity_name from svv_relation_privileges where namespace_name = \
     '@0.schema@' and relation_name = '@0.identifier@' order by 1, 2, 3",
];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.description = answers.first(0);
    for column in &mut physical.columns {
        let its = answers.rows(1).iter().find(|row| cell(row, 0) == column.name);
        column.description = its.map(|row| cell(row, 1));
    }
    physical.left_behind = answers.column(2);
    physical.granted = answers.rows(3).iter().filter_map(|row| granted(row)).collect();
}

/// A privilege and its grantee, as SQL.
fn granted(row: &Cells) -> Option<[String; 2]> {
    let [privilege, kind, name] = [0, 1, 2].map(|place| cell(row, place));
    let is_privilege =
        matches!(privilege.as_str(), "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REFERENCES" | "DROP");
    let name = Dialect::Redshift.column(&name);
    let to = match kind.as_str() {
        "user" => name,
        "group" | "role" => format!("{kind} {name}"),
        "public" => kind,
        _ => return None,
    };
    is_privilege.then(|| [privilege.to_lowercase(), to])
}
