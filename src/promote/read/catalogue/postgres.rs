//! Postgres' catalogue, which everybody may read.

use super::answered::{Answered, Cells, cell};
use crate::dbt::Answer;
use crate::promote::plan::{Column, Identity, Physical};

/// The questions about one table.
pub(super) const QUERIES: [&str; 5] = [
    "select a.attname::text, case a.attgenerated when '' then 'no' else 'yes' end, a.attidentity::text, \
     format_type(a.atttypid, a.atttypmod), case when a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) \
     like 'nextval(''%''::regclass)' then 'serial' else '' end from pg_catalog.pg_attribute as a left join \
     pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = \
     '@0@'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum",
    "select 'the foreign key ' || conname from pg_catalog.pg_constraint where conrelid = '@0@'::regclass and \
     contype = 'f' union all select 'the trigger ' || tgname from pg_catalog.pg_trigger where tgrelid = \
     '@0@'::regclass and not tgisinternal union all select 'the publication ' || p.pubname from \
     pg_catalog.pg_publication_rel as r join pg_catalog.pg_publication as p on p.oid = r.prpubid where \
     r.prrelid = '@0@'::regclass union all select 'grants on its column ' || attname from \
     pg_catalog.pg_attribute where attrelid = '@0@'::regclass and attacl is not null union all select 'the \
     storage options ' || array_to_string(reloptions, ', ') from pg_catalog.pg_class where oid = \
     '@0@'::regclass and reloptions is not null union all select 'the order of rows by the index ' || \
     c.relname || ' (cluster)' from pg_catalog.pg_index as i join pg_catalog.pg_class as c on c.oid = \
     i.indexrelid where i.indrelid = '@0@'::regclass and i.indisclustered union all select 'partitioning' \
     from pg_catalog.pg_class where oid = '@0@'::regclass and relkind = 'p' union all select 'that it is \
     unlogged' from pg_catalog.pg_class where oid = '@0@'::regclass and relpersistence = 'u'",
    "select distinct v.oid::regclass::text from pg_catalog.pg_depend as d join pg_catalog.pg_rewrite as r on \
     r.oid = d.objid join pg_catalog.pg_class as v on v.oid = r.ev_class where d.refobjid = '@0@'::regclass \
     and d.classid = 'pg_catalog.pg_rewrite'::regclass and v.oid <> d.refobjid order by 1",
    "select 'row level security' from pg_catalog.pg_class where oid = '@0@'::regclass and relrowsecurity \
     union all select 'the policy ' || polname from pg_catalog.pg_policy where polrelid = '@0@'::regclass",
    "select 'indexes' where exists (select 1 from pg_catalog.pg_index where indrelid = '@0@'::regclass) \
     union all select 'keys and checks' where exists (select 1 from pg_catalog.pg_constraint where conrelid \
     = '@0@'::regclass and contype in ('c', 'p', 'u', 'x')) union all select 'not null of ' || \
     string_agg(attname, ', ' order by attnum) from pg_catalog.pg_attribute where attrelid = '@0@'::regclass \
     and attnum > 0 and attnotnull having count(*) > 0 union all select 'the default, number or expression \
     of ' || string_agg(attname, ', ' order by attnum) from pg_catalog.pg_attribute where attrelid = \
     '@0@'::regclass and attnum > 0 and not attisdropped and (atthasdef or attidentity <> '') having \
     count(*) > 0",
];

pub(super) fn read(answers: Answered<'_>, physical: &mut Physical) {
    physical.columns = answers.rows(0).iter().map(|row| column(row)).collect();
    physical.left_behind = answers.column(1);
    physical.dependents = answers.column(2);
    physical.guards = match answers.0.get(3) {
        Some(Answer::Rows(_)) => Some(answers.column(3)),
        Some(Answer::Missing(_)) | None => None,
    };
    physical.lost_by_ctas = answers.column(4);
}

fn column(row: &Cells) -> Column {
    Column {
        name: cell(row, 0),
        data_type: row.get(3).cloned().flatten(),
        generated: cell(row, 1) == "yes",
        identity: match cell(row, 2).as_str() {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        },
        is_serial: cell(row, 4) == "serial",
        description: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::answered::rows;
    use super::*;

    #[test]
    fn columns_that_cannot_be_given_are_known() {
        let mut physical = Physical::default();
        let columns = rows(&[&["id", "no", "a"], &["sum", "yes", ""], &["n", "no", "d"]]);
        let guards = rows(&[&["the policy y"]]);
        let answers = [columns, rows(&[&["the trigger x"]]), rows(&[]), guards];
        read(Answered(&answers), &mut physical);
        let kinds: Vec<_> =
            physical.columns.iter().map(|column| (column.generated, column.identity)).collect();
        assert_eq!(
            kinds,
            [(false, Some(Identity::Always)), (true, None), (false, Some(Identity::ByDefault))]
        );
        assert_eq!(physical.left_behind, ["the trigger x"]);
        assert_eq!(physical.guards.expect("known"), ["the policy y"]);
    }
}
