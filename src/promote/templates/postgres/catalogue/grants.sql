{# What others than its owner may do with it, or with one of its columns. #}
select
  lower(g.privilege_type) || g.columns,
  case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end
    || case when g.is_grantable then ' with grant option' else '' end
from (
  select a.privilege_type, a.grantee, a.is_grantable, '' as columns
  from pg_catalog.pg_class as c, aclexplode(c.relacl) as a
  where c.oid = '{{ table }}'::regclass and a.grantee <> c.relowner
  union all
  select a.privilege_type, a.grantee, a.is_grantable, format(' (%I)', t.attname)
  from pg_catalog.pg_class as c
  join pg_catalog.pg_attribute as t on t.attrelid = c.oid and not t.attisdropped, aclexplode(t.attacl) as a
  where c.oid = '{{ table }}'::regclass and a.grantee <> c.relowner
) as g
order by 2, 1
