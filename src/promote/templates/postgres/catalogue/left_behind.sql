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
union all
select case relreplident when 'f' then 'the replica identity full' when 'n' then 'the replica identity nothing' else 'the replica identity by an index' end
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and relreplident <> 'd'
union all
select 'the statistics target of ' || attname
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and not attisdropped and attstattarget >= 0
union all
select 'the options of ' || attname || ' (' || array_to_string(attoptions, ', ') || ')'
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and attoptions is not null and not attisdropped
union all
select 'the inheritance from ' || inhparent::regclass::text
from pg_catalog.pg_inherits
where inhrelid = '{{ table }}'::regclass
union all
select 'the inheritance by ' || inhrelid::regclass::text
from pg_catalog.pg_inherits
where inhparent = '{{ table }}'::regclass
union all
select 'the rule ' || rulename
from pg_catalog.pg_rewrite
where ev_class = '{{ table }}'::regclass
union all
select 'the tablespace ' || t.spcname
from pg_catalog.pg_class as c
join pg_catalog.pg_tablespace as t on t.oid = c.reltablespace
where c.oid = '{{ table }}'::regclass
union all
select 'the access method ' || a.amname
from pg_catalog.pg_class as c
join pg_catalog.pg_am as a on a.oid = c.relam
where c.oid = '{{ table }}'::regclass and a.amname <> current_setting('default_table_access_method')
union all
select 'its type, ' || reloftype::regtype::text
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and reloftype <> 0
union all
select 'a security label'
where exists (
  select 1 from pg_catalog.pg_seclabel
  where objoid = '{{ table }}'::regclass and classoid = 'pg_catalog.pg_class'::regclass
)
