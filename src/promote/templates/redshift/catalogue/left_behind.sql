{# What no copy carries over. #}
select
  case k.contype
    when 'p' then 'the primary key '
    when 'u' then 'the unique key '
    else 'the foreign key '
  end || k.conname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_constraint as k on k.conrelid = c.oid
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and k.contype in ('p', 'u', 'f')
