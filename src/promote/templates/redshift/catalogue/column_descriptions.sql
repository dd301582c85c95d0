select a.attname, d.description
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid
join pg_catalog.pg_description as d on d.objoid = c.oid and d.objsubid = a.attnum
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and a.attnum > 0
