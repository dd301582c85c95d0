{# What this user may not do with the table. Of a table in another database, nothing is known. #}
select p.privilege
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join (
  select 'select' as privilege union all select 'insert' union all select 'update' union all select 'delete'
) as p
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and not has_table_privilege(c.oid, p.privilege)
union all
select 'own'
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_user as u on u.usename = current_user
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and c.relowner <> u.usesysid and not u.usesuper
