{# The statement that made it, and its description. #}
select sql, coalesce(comment, '')
from duckdb_tables()
where database_name = '{{ database }}' and schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
