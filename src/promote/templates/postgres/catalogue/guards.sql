{# What keeps readers from some rows. #}
select 'row level security'
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and relrowsecurity
union all
select 'the policy ' || polname
from pg_catalog.pg_policy
where polrelid = '{{ table }}'::regclass
