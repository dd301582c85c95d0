{# Tables of other databases are not in this view. #}
select case c.reldiststyle when 0 then 'even' when 1 then 'key' when 8 then 'all' else 'auto' end
from pg_class_info as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}'
