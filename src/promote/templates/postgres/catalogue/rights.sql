{# What this user may not do with the table. #}
select p.privilege
from pg_catalog.pg_class as c
cross join (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
where c.oid = '{{ table }}'::regclass and not has_table_privilege(c.oid, p.privilege)
union all
select 'own'
from pg_catalog.pg_class as c
where c.oid = '{{ table }}'::regclass and not pg_has_role(c.relowner, 'usage')
