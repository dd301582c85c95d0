{# What `create table … as select` does not carry over. #}
select 'indexes'
where exists (select 1 from pg_catalog.pg_index where indrelid = '{{ table }}'::regclass)
union all
select 'keys and checks'
where exists (
  select 1 from pg_catalog.pg_constraint
  where conrelid = '{{ table }}'::regclass and contype in ('c', 'p', 'u', 'x')
)
union all
select 'not null of ' || string_agg(attname, ', ' order by attnum)
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and attnotnull
having count(*) > 0
union all
select 'the default, number or expression of ' || string_agg(attname, ', ' order by attnum)
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and not attisdropped and (atthasdef or attidentity <> '')
having count(*) > 0
