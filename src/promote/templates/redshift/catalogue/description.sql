select coalesce(d.description, '')
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = 0
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}'
