{# What keeps this user from some rows: not the owner, and none who may bypass it. #}
select 'row level security'
where pg_catalog.row_security_active('{{ table }}'::regclass)
