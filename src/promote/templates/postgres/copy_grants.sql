{# Reads the grants as it is executed, so that the plan need not know them. #}
do $grants$
declare
  granted record;
begin
  for granted in
    select
      a.privilege_type,
      case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
      case when a.is_grantable then ' with grant option' else '' end as suffix
    from pg_class as c, aclexplode(c.relacl) as a
    where c.oid = '{{ source }}'::regclass and a.grantee <> c.relowner
  loop
    execute format('grant %s on {{ target }} to %s%s', granted.privilege_type, granted.grantee, granted.suffix);
  end loop;
end
$grants$
