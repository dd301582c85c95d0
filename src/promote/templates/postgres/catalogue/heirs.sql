{# Tables that inherit from it. Its partitions are parts of it. #}
select c.oid::regclass::text
from pg_catalog.pg_inherits as i
join pg_catalog.pg_class as c on c.oid = i.inhrelid
where i.inhparent = '{{ table }}'::regclass and not c.relispartition
order by 1
