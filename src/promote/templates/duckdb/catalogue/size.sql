{# Only the whole database has a size. #}
select cast(null as varchar), cast(estimated_size as varchar)
from duckdb_tables()
where database_name = '{{ database }}' and schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
