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
union all
select 'the storage options ' || array_to_string(t.reloptions, ', ') || ' of its toast table'
from pg_catalog.pg_class as c
join pg_catalog.pg_class as t on t.oid = c.reltoastrelid
where c.oid = '{{ table }}'::regclass and t.reloptions is not null
union all
select 'that the constraint ' || conname || ' was not checked for all rows'
from pg_catalog.pg_constraint
where conrelid = '{{ table }}'::regclass and contype in ('c', 'n') and not convalidated
  {# Since PostgreSQL 18, one that is not enforced is copied as such. #}
  and pg_get_constraintdef(oid) not like '% NOT ENFORCED'
union all
select 'the description of the constraint ' || c.conname
from pg_catalog.pg_constraint as c
join pg_catalog.pg_description as d on d.classoid = 'pg_catalog.pg_constraint'::regclass and d.objoid = c.oid
where c.conrelid = '{{ table }}'::regclass and c.contype in ('p', 'u', 'x')
union all
select 'the statistics target of column ' || a.attnum || ' of the index ' || c.relname
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attstattarget >= 0
where i.indrelid = '{{ table }}'::regclass
union all
select 'that the index ' || c.relname || ' depends on the extension ' || e.extname
from pg_catalog.pg_index as i
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'x'
join pg_catalog.pg_extension as e on e.oid = d.refobjid
where i.indrelid = '{{ table }}'::regclass
union all
select 'the statistics target of the extended statistics ' || stxname
from pg_catalog.pg_statistic_ext as s
{# Versions before 13 do not have it. #}
where stxrelid = '{{ table }}'::regclass and (to_jsonb(s) ->> 'stxstattarget')::integer >= 0
union all
select 'the owner of the extended statistics ' || s.stxname
from pg_catalog.pg_statistic_ext as s
join pg_catalog.pg_class as c on c.oid = s.stxrelid
where s.stxrelid = '{{ table }}'::regclass and s.stxowner <> c.relowner
union all
select k.what || ' of the sequence ' || s.relname
from pg_catalog.pg_depend as d
join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
cross join lateral (
  select 'the description' as what where obj_description(s.oid, 'pg_class') is not null
  union all
  select 'grants' from aclexplode(s.relacl) as a where a.grantee <> s.relowner
  union
  select 'the setting that it is ' || case s.relpersistence when 'u' then 'unlogged' else 'logged' end
  from pg_catalog.pg_class as c
  where c.oid = d.refobjid and c.relpersistence <> s.relpersistence
) as k
where d.classid = 'pg_catalog.pg_class'::regclass
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid = '{{ table }}'::regclass
  and d.deptype in ('a', 'i')
union all
select 'that its owner may not ' || string_agg(lower(a.privilege_type), ', ' order by a.privilege_type)
from pg_catalog.pg_class as c, aclexplode(acldefault('r', c.relowner)) as a
where c.oid = '{{ table }}'::regclass
  and c.relacl is not null
  and not exists (
    select 1 from aclexplode(c.relacl) as g where g.grantee = c.relowner and g.privilege_type = a.privilege_type
  )
having count(*) > 0
union all
select 'the subscription ' || coalesce(s.subname, '') || ', which writes to it'
from pg_catalog.pg_subscription_rel as r
left join pg_catalog.pg_subscription as s on s.oid = r.srsubid
where r.srrelid = '{{ table }}'::regclass
union all
select 'that ' || a.attname || ' takes its numbers from the sequence ' || s.seqrelid::regclass::text
from pg_catalog.pg_attribute as a
join pg_catalog.pg_attrdef as f on f.adrelid = a.attrelid and f.adnum = a.attnum
join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
join pg_catalog.pg_sequence as s on s.seqrelid = d.refobjid
where a.attrelid = '{{ table }}'::regclass
  and not exists (
    select 1 from pg_catalog.pg_depend as o
    where o.classid = 'pg_catalog.pg_class'::regclass and o.objid = s.seqrelid and o.deptype = 'a' and o.refobjid = a.attrelid and o.refobjsubid = a.attnum
  )
