{# Foreign keys of other tables to this one. #}
select o.relname || ' (' || k.conname || ')'
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_constraint as k on k.confrelid = c.oid
join pg_catalog.pg_class as o on o.oid = k.conrelid
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and k.contype = 'f' and k.conrelid <> k.confrelid
order by 1
