{# What a table like this one gets, without the names. #}
select
  case when i.indisunique then 'the unique index ' else 'the index ' end
  || substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$')
from pg_catalog.pg_index as i
where i.indrelid = '{{ table }}'::regclass
  and not exists (
    select 1 from pg_catalog.pg_constraint as c
    where c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('p', 'u', 'x')
  )
union all
select 'the constraint ' || pg_get_constraintdef(oid)
from pg_catalog.pg_constraint
where conrelid = '{{ table }}'::regclass and contype in ('c', 'p', 'u', 'x')
union all
select 'the extended statistics on ' || substring(pg_get_statisticsobjdef(oid) from ' ON (.*) FROM ')
from pg_catalog.pg_statistic_ext
where stxrelid = '{{ table }}'::regclass
