{# Views whose text names the table, bound to it or not: no other table has such a name. #}
select schemaname || '.' || viewname
from pg_catalog.pg_views
where strpos(lower(definition), lower('{{ identifier }}')) > 0
order by 1
