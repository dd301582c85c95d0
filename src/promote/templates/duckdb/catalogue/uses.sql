{# Views whose text names the table: no other table has such a name. #}
select schema_name || '.' || view_name
from duckdb_views()
where not internal and contains(lower(sql), lower('{{ identifier }}'))
order by 1
