{# Columns that others may use apart from the table. #}
select attname::text
from pg_catalog.pg_attribute
where attrelid = '{{ table }}'::regclass and attacl is not null and not attisdropped
order by attnum
