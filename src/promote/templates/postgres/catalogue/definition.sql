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
select 'the constraint ' || regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '')
from pg_catalog.pg_constraint
where conrelid = '{{ table }}'::regclass and contype in ('c', 'p', 'u', 'x')
union all
select 'the extended statistics on ' || substring(pg_get_statisticsobjdef(oid) from ' ON (.*) FROM ')
from pg_catalog.pg_statistic_ext
where stxrelid = '{{ table }}'::regclass
union all
select 'the default ' || pg_get_expr(d.adbin, d.adrelid) || ' of ' || a.attname
from pg_catalog.pg_attribute as a
join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = '{{ table }}'::regclass and a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) not like 'nextval(%'
union all
select 'the ' || case attgenerated when 's' then 'stored' else 'virtual' end || ' expression ' || pg_get_expr(d.adbin, d.adrelid) || ' of ' || a.attname
from pg_catalog.pg_attribute as a
join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = '{{ table }}'::regclass and a.attgenerated <> ''
union all
{# By its settings: the sequence itself is another one. #}
select 'the numbering of ' || a.attname || ' ('
  || case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' else 'sequence' end
  || format(', start %s, increment %s, from %s to %s, cache %s%s)', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then ', cycle' else '' end)
from pg_catalog.pg_attribute as a
left join pg_catalog.pg_attrdef as f on f.adrelid = a.attrelid and f.adnum = a.attnum
join pg_catalog.pg_depend as d on
  (d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_catalog.pg_class'::regclass)
  or (d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum and d.deptype = 'i')
join pg_catalog.pg_sequence as s on s.seqrelid = case when d.deptype = 'i' then d.objid else d.refobjid end
where a.attrelid = '{{ table }}'::regclass
union all
select 'not null of ' || attname
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and attnotnull and not attisdropped
union all
select 'the collation ' || a.attcollation::regcollation::text || ' of ' || a.attname
from pg_catalog.pg_attribute as a
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attrelid = '{{ table }}'::regclass and a.attnum > 0 and not a.attisdropped and a.attcollation <> t.typcollation
union all
select 'the storage '
  || case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end
  || ' of ' || a.attname
from pg_catalog.pg_attribute as a
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attrelid = '{{ table }}'::regclass and a.attnum > 0 and not a.attisdropped and a.attstorage <> t.typstorage
union all
{# Versions before 14 do not have it. #}
select 'the compression ' || case to_jsonb(a) ->> 'attcompression' when 'p' then 'pglz' else 'lz4' end || ' of ' || attname
from pg_catalog.pg_attribute as a
where attrelid = '{{ table }}'::regclass and attnum > 0 and not attisdropped and to_jsonb(a) ->> 'attcompression' in ('p', 'l')
union all
select format('the description %L of the index %s', obj_description(c.oid, 'pg_class'), c.relname)
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
where i.indrelid = '{{ table }}'::regclass and obj_description(c.oid, 'pg_class') is not null
union all
select format('the description %L of the constraint %s', obj_description(oid, 'pg_constraint'), conname)
from pg_catalog.pg_constraint
where conrelid = '{{ table }}'::regclass and contype in ('c', 'n') and obj_description(oid, 'pg_constraint') is not null
union all
select format('the description %L of the extended statistics %s', obj_description(oid, 'pg_statistic_ext'), stxname)
from pg_catalog.pg_statistic_ext
where stxrelid = '{{ table }}'::regclass and obj_description(oid, 'pg_statistic_ext') is not null
union all
select 'the tablespace ' || t.spcname || ' of the index ' || c.relname
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_tablespace as t on t.oid = c.reltablespace
where i.indrelid = '{{ table }}'::regclass
