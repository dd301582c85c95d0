{# Name, whether it is generated, what kind of identity it has, type, whether a sequence beside the table numbers it. #}
select
  a.attname::text,
  case a.attgenerated when '' then 'no' else 'yes' end,
  a.attidentity::text,
  format_type(a.atttypid, a.atttypmod),
  case
    when a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) like 'nextval(''%''::regclass)' then 'serial'
    else ''
  end
from pg_catalog.pg_attribute as a
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = '{{ table }}'::regclass and a.attnum > 0 and not a.attisdropped
order by a.attnum
