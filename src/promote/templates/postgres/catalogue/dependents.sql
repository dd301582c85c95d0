{# Views on the table. #}
select distinct v.oid::regclass::text
from pg_catalog.pg_depend as d
join pg_catalog.pg_rewrite as r on r.oid = d.objid
join pg_catalog.pg_class as v on v.oid = r.ev_class
where d.refobjid = '{{ table }}'::regclass
  and d.classid = 'pg_catalog.pg_rewrite'::regclass
  and v.oid <> d.refobjid
order by 1
