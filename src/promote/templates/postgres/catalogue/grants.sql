{# What others than its owner may do with it. #}
select
  lower(a.privilege_type),
  case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    || case when a.is_grantable then ' with grant option' else '' end
from pg_catalog.pg_class as c, aclexplode(c.relacl) as a
where c.oid = '{{ table }}'::regclass and a.grantee <> c.relowner
order by 2, 1
