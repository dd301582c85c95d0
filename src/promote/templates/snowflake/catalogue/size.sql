select to_varchar(bytes), to_varchar(row_count)
from {{ database }}.information_schema.tables
where table_schema = '{{ schema }}' and table_name = '{{ identifier }}'
