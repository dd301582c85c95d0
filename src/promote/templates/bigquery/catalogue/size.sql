select cast(size_bytes as string), cast(row_count as string)
from `{{ database }}`.`{{ schema }}`.__TABLES__
where table_id = '{{ identifier }}'
