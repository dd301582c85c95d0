{# Blocks of a megabyte. A table without rows is not in this view. #}
select cast(cast(size as bigint) * 1048576 as varchar), cast(cast(tbl_rows as bigint) as varchar)
from svv_table_info
where "schema" = '{{ schema }}' and "table" = '{{ identifier }}'
