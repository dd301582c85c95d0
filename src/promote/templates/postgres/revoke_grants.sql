{# What a schema gives by default, or staging gave, is nothing that this table is to give. #}
do $revoked$
declare
  granted record;
begin
  for granted in
    select a.grantee, '' as columns
    from pg_class as c, aclexplode(c.relacl) as a
    where c.oid = '{{ table }}'::regclass and a.grantee <> c.relowner
    union
    select a.grantee, format('(%I)', t.attname)
    from pg_class as c
    join pg_attribute as t on t.attrelid = c.oid and not t.attisdropped, aclexplode(t.attacl) as a
    where c.oid = '{{ table }}'::regclass and a.grantee <> c.relowner
  loop
    execute format(
      'revoke all %s on {{ table }} from %s cascade',
      granted.columns,
      case when granted.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(granted.grantee)) end
    );
  end loop;
end
$revoked$
