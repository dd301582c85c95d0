{#
  What else is bound to the table itself and not to its name: functions with bodies that PostgreSQL has parsed, policies of other
  tables, columns of the table's type. Views and foreign keys have questions of their own.
#}
select distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as bound
from pg_catalog.pg_class as t
join pg_catalog.pg_depend as d
  on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = t.oid
  or d.refclassid = 'pg_catalog.pg_type'::regclass
    and d.refobjid in (t.reltype, (select typarray from pg_catalog.pg_type where oid = t.reltype))
left join pg_catalog.pg_policy as p on d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
where t.oid = '{{ table }}'::regclass
  and (
    d.classid = 'pg_catalog.pg_proc'::regclass
    or p.polrelid <> t.oid
    or d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_type'::regclass and d.objid <> t.oid
  )
order by 1
