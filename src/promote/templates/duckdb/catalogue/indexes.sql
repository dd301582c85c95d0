{# The statements that made them. #}
select sql
from duckdb_indexes()
where database_name = '{{ database }}'
  and schema_name = '{{ schema }}'
  and table_name = '{{ identifier }}'
  and sql is not null
order by index_name
