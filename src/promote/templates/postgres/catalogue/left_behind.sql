{# What no copy carries over. #}
select 'the foreign key ' || conname
from pg_catalog.pg_constraint
where conrelid = '{{ table }}'::regclass and contype = 'f'
union all
select 'the trigger ' || tgname
from pg_catalog.pg_trigger
where tgrelid = '{{ table }}'::regclass and not tgisinternal
union all
select 'the publication ' || p.pubname
from pg_catalog.pg_publication_rel as r
join pg_catalog.pg_publication as p on p.oid = r.prpubid
where r.prrelid = '{{ table }}'::regclass
union all
select 'grants on its column ' || attname
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attacl is not null
union all
select 'the storage options ' || array_to_string(reloptions, ', ')
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and reloptions is not null
union all
select 'the order of rows by the index ' || c.relname || ' (cluster)'
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
where i.indrelid = '{{ table }}'::regclass and i.indisclustered
union all
select 'partitioning'
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and relkind = 'p'
union all
select 'that it is unlogged'
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and relpersistence = 'u'
