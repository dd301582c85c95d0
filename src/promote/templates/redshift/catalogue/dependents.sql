{# Views that are bound to the table. #}
select distinct w.nspname || '.' || v.relname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_depend as d on d.refobjid = c.oid
join pg_catalog.pg_rewrite as r on r.oid = d.objid
join pg_catalog.pg_class as v on v.oid = r.ev_class
join pg_catalog.pg_namespace as w on w.oid = v.relnamespace
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and v.oid <> c.oid
order by 1
