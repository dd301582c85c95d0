{# In words for a note. A copy has staging's. #}
select format('the description %L', obj_description(oid, 'pg_class'))
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass and obj_description(oid, 'pg_class') is not null
union all
select format('the description %L of its column %s', col_description(attrelid, attnum), attname)
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attnum > 0 and col_description(attrelid, attnum) is not null
