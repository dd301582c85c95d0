{# What of some tables has a name of its own. Two things that are alike have the same definition, and places by their names. #}
things as (
  select side, kind, name, is_own, definition, row_number() over (partition by side, kind, definition order by name) as place
  from (values
{% for table in tables %}
    ('{{ table.side }}', '{{ table.name }}'::regclass){% if not loop.last %},{% endif +%}
{% endfor %}
  ) as t (side, id)
  cross join lateral (
    select 'index', c.relname, pg_has_role(c.relowner, 'usage'), case
      when i.indisprimary then 'primary key'
      else coalesce(k.contype::text, '') || i.indisunique::text || substring(pg_get_indexdef(c.oid) from ' USING .*')
    end
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    left join pg_constraint as k on k.conindid = c.oid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
    where i.indrelid = t.id
    union all
    select 'constraint', conname, true, regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '')
    from pg_constraint
    where conrelid = t.id and contype in ('c', 'n')
    union all
    select 'sequence', c.relname, pg_has_role(c.relowner, 'usage'), a.attname
    from pg_depend as d
    join pg_class as c on c.oid = d.objid and c.relkind = 'S'
    join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = t.id and d.deptype in ('a', 'i')
    union all
    select 'statistics', stxname, pg_has_role(stxowner, 'usage'), stxkind::text || substring(pg_get_statisticsobjdef(oid) from ' ON (.*) FROM ')
    from pg_statistic_ext
    where stxrelid = t.id
  ) as its (kind, name, is_own, definition)
)
