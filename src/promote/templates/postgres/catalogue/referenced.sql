{# Foreign keys of other tables to this one. #}
select conrelid::regclass::text || ' (' || conname || ')'
from pg_catalog.pg_constraint
where confrelid = '{{ table }}'::regclass and contype = 'f' and conrelid <> confrelid
order by 1
