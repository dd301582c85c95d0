{# With its indexes and its toast; about how many rows, unless it was never analyzed. #}
select pg_total_relation_size(oid)::text, case when reltuples > 0 then reltuples::bigint::text end
from pg_catalog.pg_class
where oid = '{{ table }}'::regclass
