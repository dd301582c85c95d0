select column_name, coalesce(comment, '')
from duckdb_columns()
where database_name = '{{ database }}' and schema_name = '{{ schema }}' and table_name = '{{ identifier }}'
order by column_index
