{# What this user may not do with the table. By its name's parts: the name itself needs a right to the schema. #}
select p.privilege
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}'
  and not (has_table_privilege(c.oid, p.privilege) and has_schema_privilege(n.oid, 'usage'))
union all
select 'own'
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = '{{ schema }}' and c.relname = '{{ identifier }}' and not pg_has_role(c.relowner, 'usage')
